"""Writes a campaign as the shortest campaign file: defaults are left out.

`load_campaign` reads an equal campaign from it. File names are written as the campaign has them and
resolved from the folder of the text.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar, assert_never

from card_protocol.card.image import CardKind
from meter_emu.desk.as_is import AsIs
from meter_emu.desk.pricing import Pricing
from meter_emu.desk.switches import SWITCHED
from meter_emu.hardware.rtc.calendar_chip import Registers
from meter_emu.units import MINUTE_US
from meter_emu.world.households.campaign import METER_ID_FIRST, Campaign
from meter_emu.world.households.household import (
    LATE_MAX_US,
    Announcement,
    DeskOrder,
    Entry,
    Household,
    Range,
    Visit,
    VisitKind,
    newest_announced,
)
from meter_emu.world.households.ledger import TypedToken
from meter_emu.world.meter.build import REFERENCE
from meter_emu.world.meter.devices import DEVICES
from meter_emu.world.meter.times import us_to_written

_GENERATION: Final = 1  # the default of the file
_Value = TypeVar("_Value")


def campaign_toml(campaign: Campaign) -> str:
    """Return the text of a campaign file."""
    return "\n".join(_lines(campaign)) + "\n"


def _lines(campaign: Campaign) -> Iterator[str]:
    households = [entry.first for entry in campaign.households.entries]
    model, generation = (
        _most(h.model_name for h in households),
        _most(h.card_generation for h in households),
    )
    build = _most(household.build for household in households)
    zone = campaign.zone
    yield f"name = {_text(campaign.name)}"
    if campaign.language is not None:
        yield f"language = {_text(campaign.language)}"
    yield f"zone = {_text(campaign.zone.key)}"
    yield f"start = {us_to_written(campaign.start_us, zone)}"
    yield f"end = {us_to_written(campaign.end_us, zone)}"
    if campaign.seed:
        yield f"seed = {campaign.seed}"
    yield f"model = {_text(model)}"
    if generation != _GENERATION:
        yield f"card_generation = {generation}"
    if build != REFERENCE:
        yield f"build = {_text(build)}"
    if campaign.polls_max is not None:
        yield f"polls_max = {campaign.polls_max}"
    yield from _reported(campaign)
    head = "[[announced]]" if len(campaign.announced) > 1 else "[announced]"
    for shown in campaign.announced:
        yield from ("", head, *_announcement(shown, campaign))
    yield from _ledger(households, campaign)
    before = 0
    for entry in campaign.households.entries:
        yield from ("", "[[household]]")
        household = entry.first
        yield f"id = {_text(household.id)}"
        yield f"kind = {_text(household.kind)}"
        if household.model_name != model:
            yield f"model = {_text(household.model_name)}"
        if household.rtc_base is not None:
            yield f"rtc_base = {_text(household.rtc_base)}"
        if household.card_generation != generation:
            yield f"card_generation = {household.card_generation}"
        if household.build != build:
            yield f"build = {_text(household.build)}"
        yield from _meter(entry, campaign, before)
        yield from _people(household, campaign)
        before += entry.count


def _reported(campaign: Campaign) -> Iterator[str]:
    if campaign.reported:
        reports = (
            f"{{ at = {us_to_written(one.at_us, campaign.zone)}, text = {_text(one.text)} }}"
            for one in campaign.reported
        )
        yield f"reported = [{', '.join(reports)}]"


def _ledger(households: Iterable[Household], campaign: Campaign) -> Iterator[str]:
    for household in households:
        for token in household.tokens:
            written = token.in_file()
            if written is None:
                continue
            name, sold = written
            yield from ("", "[[token]]", f"id = {_text(name)}")
            yield f"household = {_text(token.household)}"
            yield f"sold = {us_to_written(token.sold_us, campaign.zone)}"
            yield from sold


def _typed(typed: TypedToken) -> Iterator[str]:
    yield f"token = {_text(typed.token.id)}"
    typo = typed.typo
    for key, at in (
        ("wrong_digit", typo.wrong),
        ("swapped_digits", typo.swapped),
        ("first_digits", typo.first),
    ):
        if at is not None:
            yield f"{key} = {at}"


def _announcement(shown: Announcement, campaign: Campaign) -> Iterator[str]:
    zone = campaign.zone
    if shown.name is not None:
        yield f"name = {_text(shown.name)}"
    if shown.made_us != campaign.start_us:
        yield f"made = {us_to_written(shown.made_us, zone)}"
    if not shown.takers_only:
        yield 'for = "all"'
    if shown.defer_us is not None:
        yield f"defer_until = {us_to_written(shown.defer_us, zone)}"
    if shown.cut_us is not None:
        yield f"cut_at = {us_to_written(shown.cut_us, zone)}"
    if shown.text:
        yield f"text = {_text(shown.text)}"
    if shown.language != "en":
        yield f"language = {_text(shown.language)}"
    if shown.late_max_us != LATE_MAX_US:
        yield f"late_max_min = {shown.late_max_us // MINUTE_US}"


def _meter(entry: Entry, campaign: Campaign, before: int) -> Iterator[str]:
    """Yield the keys for the meter's state at the start of the rehearsal."""
    household, spread, zone = entry.first, entry.spread, campaign.zone
    if entry.count > 1:
        yield f"count = {entry.count}"
    yield from _credit(household)
    rates = list(household.load) if len(set(household.load)) > 1 else household.load[0]
    yield f"{household.model.measures.load_key} = {rates}"
    if household.clock_set_us != campaign.start_us:
        yield f"clock_set = {us_to_written(household.clock_set_us, zone)}"
    if spread.clock_error_s is not None or household.clock_error_s:
        yield f"clock_error_s = {_spread(spread.clock_error_s, household.clock_error_s)}"
    if spread.drift_ppb is not None or household.drift_ppb:
        yield f"drift_ppb = {_spread(spread.drift_ppb, household.drift_ppb)}"
    if entry.poll_phase_us is not None:
        yield f"poll_phase_us = {entry.poll_phase_us}"
    if household.limiter:
        yield "limiter = true"
    if not household.prepayment:
        yield "prepayment = false"
    if household.meter_id != METER_ID_FIRST + before:
        yield f"meter_id = {household.meter_id}"
    if household.image is not None:
        yield f"image = {_text(str(household.image))}"
    if household.age.said:
        counted = ", ".join(f"{name} = {count}" for name, count in household.age.said.items())
        yield f"age = {{ {counted} }}"
    if spread.visits_s is not None:
        yield f"visits_later_s = {list(spread.visits_s)}"


def _credit(household: Household) -> Iterator[str]:
    if DEVICES[household.model.device].sells == "money":
        yield f"balance_eur = {_euro(household.balance_cents)}"


def _people(household: Household, campaign: Campaign) -> Iterator[str]:
    """Yield the keys for the household's cards, announcements, visits and expectations."""
    zone = household.model.zone
    if household.group:
        yield f"group = {_text(household.group)}"
    yield from _heard(household, campaign)
    if household.careless:
        yield 'rearm = "careless"'
    if household.carrier is not CardKind.SECURE:
        yield f"carrier = {_text(household.carrier.name.lower())}"
    if household.first_card.expires_us is not None:
        yield f"card_expires = {us_to_written(household.first_card.expires_us, zone)}"
    for key, words in (("expect", household.expect), ("expect_lived", household.expect_lived)):
        if words is not None:
            yield f"{key} = [{', '.join(map(_text, words))}]"
    if household.expect_cut_us is not None:
        cuts = ", ".join(us_to_written(us, zone) for us in household.expect_cut_us)
        yield f"expect_cut = [{cuts}]"
    if household.outages:
        found = dict(household.rtc_found)
        yield "outages = ["
        for from_us, to_us in household.outages:
            lost, back = us_to_written(from_us, zone), us_to_written(to_us, zone)
            yield f"  {{ from = {lost}, to = {back}{_found(found.get(to_us))} }},"
        yield "]"
    if household.visits:
        yield "visits = ["
        for visit in household.visits:
            keys = ", ".join(
                [f"at = {us_to_written(visit.at_us, zone)}", *_visit(visit, household)]
            )
            yield f"  {{ {keys} }},"
        yield "]"


def _heard(household: Household, campaign: Campaign) -> Iterator[str]:
    names = [one.name for one in household.announced if one.name is not None]
    if names:
        yield f"announced = [{', '.join(map(_text, names))}]"
    elif not household.announced and any(one.name is None for one in campaign.announced):
        yield 'announced = "none"'


def _found(registers: Registers | None) -> str:
    if registers is None:
        return ""
    return f", rtc = {_registers(registers)}"


def _registers(registers: Registers) -> str:
    return _text(" ".join(f"{at:02X}={byte:02X}" for at, byte in registers))


def _visit(visit: Visit, household: Household) -> Iterator[str]:
    if visit.kind is VisitKind.DESK:
        assert visit.desk is not None, "a desk visit has its orders"
        yield from _order(visit.desk, household, newest_announced(household.announced, visit.at_us))
    elif visit.kind is VisitKind.INSERT:
        yield "insert = true"
    elif visit.kind is VisitKind.OLD_CARD:
        yield f"insert = true, card_number = {visit.card_number}"
    elif visit.kind is VisitKind.COPY:
        yield f"insert = true, copy_of = {visit.copy_number}"
        if visit.records:
            yield f"records = [{', '.join(map(_text, visit.records))}]"
        if visit.flipped is not None:
            yield f"flipped = {visit.flipped}"
    elif visit.kind is VisitKind.OTHERS_CARD:
        assert visit.other is not None, "it is somebody's card"
        yield f"insert = true, card_of = {_text(visit.other.id)}"
    elif visit.kind is VisitKind.CLOCK_CARD:
        yield from _clock_card(visit, household)
    elif visit.kind is VisitKind.UPSET:
        yield f"upset = {_registers(visit.registers)}"
    elif visit.kind is VisitKind.KEYED_IN:
        assert visit.token is not None, "a token is keyed in"
        yield from _typed(visit.token)
    elif visit.kind is VisitKind.ACT:
        assert visit.act is not None, "it is an act"
        assert visit.act.file is not None, "an act without a key is no visit"
        key, said = visit.act.file
        yield f"{key} = {_text(said)}"
    else:
        assert_never(visit.kind)


def _clock_card(visit: Visit, household: Household) -> Iterator[str]:
    yield "clock_card = true"
    if visit.clock_error_s:
        yield f"clock_error_s = {visit.clock_error_s}"
    if visit.made_us is not None:
        yield f"made = {us_to_written(visit.made_us, household.model.zone)}"
    if visit.for_meter is not None:
        yield f"meter_id = {visit.for_meter}"
    if visit.lost:
        yield "lost = true"


def _order(order: DeskOrder, household: Household, shown: Announcement | None) -> Iterator[str]:
    zone = household.model.zone
    said = {
        "defer": order.defer_us is not None,
        "cut": order.cut_us is not None,
        "reactivate": order.reactivate,
        **{word: getattr(order, name) is on for word, (name, on) in SWITCHED.items()},
    }
    if any(said.values()):
        yield f"desk = [{', '.join(_text(word) for word, is_said in said.items() if is_said)}]"
    announced = (None, None) if shown is None else (shown.defer_us, shown.cut_us)
    for key, us, to_all_us in zip(
        ("defer_until", "cut_at"), (order.defer_us, order.cut_us), announced, strict=True
    ):
        if us is not None and us != to_all_us:
            yield f"{key} = {us_to_written(us, zone)}"
    if order.load_cents:
        yield f"load_eur = {_euro(order.load_cents)}"
    if order.tariff is not None:
        yield _tariff(order.tariff, order.mwh_per_unit)
    if order.office_error_s:
        yield f"office_error_s = {order.office_error_s}"
    if order.torn:
        yield "torn = true"
    if order.fields is not None:
        yield f"fields = {{ {', '.join(_fields(order.fields))} }}"
    if order.new_card is not None:
        yield "replace_card = true"
        if order.new_card.expires_us is not None:
            yield f"card_expires = {us_to_written(order.new_card.expires_us, zone)}"


def _tariff(tariff: Pricing, mwh_per_unit: int | None) -> str:
    keys = {"number": tariff.number, "price_ueur_per_wh": tariff.price_ueur_per_wh}
    if tariff.bi_hourly:
        keys["night_price_ueur_per_wh"] = tariff.night_price_ueur_per_wh
    if mwh_per_unit is not None:
        keys["mwh_per_unit"] = mwh_per_unit
    return f"tariff = {{ {', '.join(f'{key} = {value}' for key, value in keys.items())} }}"


def _fields(fields: AsIs) -> Iterator[str]:
    for name, value in fields.said.items():
        yield f"{name} = {_text(value.hex().upper()) if isinstance(value, bytes) else value}"


def _euro(cents: int) -> str:
    euro, rest = divmod(abs(cents), 100)
    sign = "-" if cents < 0 else ""
    return f'"{sign}{euro}.{rest:02}"' if rest else f"{sign}{euro}"


def _spread(bounds: Range | None, alone: int) -> str:
    return str(alone if bounds is None else list(bounds))


def _text(text: str) -> str:
    """Return a TOML string; TOML has JSON's escapes."""
    return json.dumps(text, ensure_ascii=False)


def _most(values: Iterable[_Value]) -> _Value:
    """Return the most common value, the first of equals: it goes to the top of the file."""
    return Counter(values).most_common(1)[0][0]

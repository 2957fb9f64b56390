"""The target in campaign files: what is read of one, and what is written again.

An input is the file itself, or a byte 00, which no file has, and what one is drawn from: most
changes of a text are no campaign any more.
"""

import tomllib
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any, Final, final
from zoneinfo import ZoneInfo

from meter_emu.errors import MeterEmuError
from meter_emu.fuzz.models.campaigns import (
    announced_said,
    around_said,
    campaign_said,
    heard_said,
    household_said,
    visits_said,
)
from meter_emu.fuzz.reach import must, note
from meter_emu.fuzz.scratch import scratch_file
from meter_emu.fuzz.target import Target
from meter_emu.resources import built_in
from meter_emu.stories.chooser import FromBytes
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household, Visit
from meter_emu.world.meter.model import MeterModel, load_model
from meter_emu.world.rehearsal.campaign import campaign_of_file, load_campaign
from meter_emu.world.rehearsal.campaign_toml import campaign_toml

_DRAWN: Final = b"\0"
_SIZE_MAX: Final = 8_192
_HOMES_MAX: Final = 40
_START: Final = datetime(2020, 2, 3, 12)  # noqa: DTZ001 - legal time, as in a file
_ZONE: Final = ZoneInfo("Europe/Brussels")
_TWICE: Final = ("2020-10-25T02:30:00+02:00", "2020-10-25T02:30:00+01:00")
_DAYS: Final = 300  # both changes of clocks lie in them
_SEEDS: Final = range(24)
_KEPT: Final = ("name", "language", "zone", "start_us", "end_us", "announced", "seed", "polls_max",
                "reported")  # fmt: skip
_KINDS: Final = ("DESK", "INSERT", "OLD_CARD", "CLOCK_CARD", "ACT", "UPSET")
_TOML_WORDS: Final = (
    b"[[household]]", b"[[household.visits]]", b"id = ", b"at = 2020-07-03T23:01:00",
    b"2020-03-29T02:30:00", b"2020-10-25T02:30:00+02:00", b"cut_at", b"defer_until", b"count = ",
    b"reactivate = true", b"load_eur", b"model = ", b"expect = ", b"0x", b"inf", b"nan", b'"""',
)  # fmt: skip


@final
class _Drawn:
    """A campaign that is right, drawn from bytes."""

    def __init__(self, data: bytes) -> None:
        self._chooser: Final = FromBytes(data)
        self._valve, self._hears = False, True

    def text(self) -> str:
        chooser = self._chooser
        end = _START + timedelta(days=_DAYS)
        text = 'name = "drawn"\nzone = "Europe/Brussels"\nmodel = "electricity-pcf8563-utc"\n'
        text += f"start = {_START.isoformat()}\nend = {end.isoformat()}\n"
        text += f"seed = {chooser.below(9)}\n"
        text += self._some(
            'language = "fr"\n', "polls_max = 5000\n", "card_generation = 2\n",
            'build = "reference+old-orders"\n',
            f'reported = [{{ at = {self._day(0)}, text = "no supply" }}]\n',
        )  # fmt: skip
        text += self._announced()
        return text + "".join(self._household(number) for number in range(1 + chooser.below(3)))

    def _some(self, *lines: str) -> str:
        """Return about a third of the lines."""
        return "".join(line for line in lines if self._chooser.below(3) == 2)

    def _announced(self) -> str:
        """Return what all heard, one after the other, and what some heard who name it."""
        first, second = self._day(40, 100), self._day(100, 200)
        text = f"[[announced]]\ndefer_until = {first}\ncut_at = {first}\n"
        text += self._some("late_max_min = 77\n", 'for = "all"\n',
                           'text = "cut at {cut_at}"\nlanguage = "nl"\n')  # fmt: skip
        if self._chooser.below(2):
            text += f"[[announced]]\nmade = {self._day(10, 30)}\n"
            text += f"defer_until = {first}\ncut_at = {second}\n"
        text += f'[[announced]]\nname = "by post"\nmade = {self._day(0, 30)}\n'
        return text + self._chooser.of((f"cut_at = {first}\n", f"defer_until = {second}\n"))

    def _day(self, first: int, last: int = _DAYS) -> str:
        """Return a whole minute that the legal day has once, as legal time or with an offset."""
        day = first + self._chooser.below(last - first)
        minute = 3 * 60 + self._chooser.below(20 * 60)
        begins = _START.replace(hour=0) + timedelta(days=1 + day % (_DAYS - 2), minutes=minute)
        zone = self._chooser.of((None, None, None, _ZONE))
        return begins.replace(tzinfo=zone).isoformat()

    def _household(self, number: int) -> str:
        """Return a household: one of six with a valve, one of five many alike."""
        chooser, valve = self._chooser, self._chooser.below(6) == 5
        self._valve, self._hears = valve, True
        load = chooser.of(("0", "400", str([10 * hour for hour in range(24)])))
        text = f'[[household]]\nid = "h{number}"\nkind = "a household"\n'
        text += 'model = "gas-pcf8563-battery"\nload_dm3_per_h' if valve else "load_w"
        text += f" = {load}\n"
        balance = chooser.of(("20", '"-3.5"', '"7.05"', '"0.7"', '"99999.99"', "-99999"))
        text += f"balance_eur = {balance}\n"
        text += self._some(
            "prepayment = false\n", 'group = "north"\n', 'rearm = "careless"\n',
            f"drift_ppb = {self._range(20_000)}\n", f"clock_error_s = {self._range(40)}\n",
            f"clock_set = 2020-01-{10 + chooser.below(20)}T08:{10 + chooser.below(50)}:07\n",
            'expect = ["on_time", "wrong_money"]\n', 'expect_lived = ["as_announced"]\n',
            f"poll_phase_us = {chooser.below(10**7)}\n", 'rtc_base = "standard"\n',
            f"card_expires = {self._day(200)}\n", 'build = "plain"\n',
            "age = { load_count = 3, loaded_cents = 5000, order_number = 7, session_count = 0 }\n",
        )  # fmt: skip
        if not valve:
            text += self._some("limiter = true\n")
        text += chooser.of(("", 'carrier = "plain"\n', "card_generation = 2\n",
                            'card_generation = 1\ncarrier = "memory"\n'))  # fmt: skip
        cuts = sorted((self._day(40)[:19], self._day(40)[:19]))
        text += self._some(f"expect_cut = [{', '.join(cuts)}]\n")
        if said := chooser.of(("", "", '["by post"]', '"none"')):
            text, self._hears = f"{text}announced = {said}\n", False
        text += chooser.of(("", "", "", "count = 3\n", f"meter_id = {7000 + number}\n"))
        if chooser.below(2):
            lost, back = sorted((self._day(0)[:19], self._day(0)[:19]))
            rtc = chooser.of(("", ', rtc = "05=31 07=02"'))
            text += f"outages = [{{ from = {lost}, to = {back[:-2]}30{rtc} }}]\n"
        visits = [self._visit() for _ in range(chooser.below(6))]
        text += self._some(f"visits_later_s = [-{chooser.below(99)}, {chooser.below(9999)}]\n")
        return text + f"visits = [{', '.join(visits)}]\n"

    def _range(self, most: int) -> str:
        least = self._chooser.around(most)
        return self._chooser.of((str(least), f"[{least}, {least + self._chooser.below(9)}]"))

    def _visit(self) -> str:
        at = self._chooser.of((*(self._day(35, _DAYS - 2) for _ in range(9)), *_TWICE))
        return f"{{ at = {at}, {self._chooser.of((self._at_office, self._at_meter))(at)} }}"

    def _at_meter(self, at: str) -> str:
        chooser = self._chooser
        made = f"made = {(datetime.fromisoformat(at[:19]) - timedelta(days=2)).isoformat()}"
        return chooser.of((
            "insert = true", "insert = true, card_number = 1",
            'press = "red"', 'hold = "blue"', 'upset = "05=31 07=02"',
            f"clock_card = true, clock_error_s = {chooser.around(60)}", "clock_card = true",
            f"clock_card = true, meter_id = 77, lost = true, {made}",
        ))  # fmt: skip

    def _at_office(self, at: str) -> str:
        chooser = self._chooser
        later = (datetime.fromisoformat(at[:19]) + timedelta(days=30)).isoformat()
        limits = "" if self._valve else ', "limiter-on"'
        per_unit = ", mwh_per_unit = 10500" if self._valve else ""
        price = 1 + chooser.below(900)
        night = chooser.of(("", f", night_price_ueur_per_wh = {1 + chooser.below(price)}"))
        night = "" if self._valve else night
        heard = 'desk = ["defer", "cut"]' if self._hears else 'desk = ["reactivate"]'
        return chooser.of((
            f'load_eur = "{5 + chooser.below(200)}.{10 + chooser.below(90)}"', heard, heard,
            f'load_eur = "{5 + chooser.below(200)}.{1 + chooser.below(9)}"',
            f'desk = ["defer", "cut"], defer_until = {later}, cut_at = {later}',
            f'desk = ["cut"], cut_at = {later}', 'desk = ["reactivate"]',
            f'desk = ["prepayment-off"{limits}]', 'desk = ["prepayment-on"]',
            f'desk = ["limiter-off", "prepayment-on"], replace_card = true, card_expires = {later}',
            f"load_eur = 20, office_error_s = {chooser.around(3000)}", "load_eur = 7, torn = true",
            f"tariff = {{ number = 2, price_ueur_per_wh = {price}{night}{per_unit} }}",
            'load_eur = 9, fields = { cut_at = "2007032301", load_count = 3 }',
            "replace_card = true", f"replace_card = true, card_expires = {later}",
        ))  # fmt: skip


def _check(data: bytes, _build: str) -> None:
    path, drawn = scratch_file("fuzzed.toml"), data[:1] == _DRAWN
    try:
        if drawn:
            text = _Drawn(data[1:]).text()
            campaign = campaign_of_file(text, path, _models())
        else:
            path.write_bytes(data)
            campaign = load_campaign(path)
            text = data.decode("utf-8-sig")
        if len(campaign.households) > _HOMES_MAX:
            return
        written = campaign_toml(campaign)
    except MeterEmuError as error:
        must("\n" not in str(error), "a refusal is one line")
        refusable = not drawn and data not in _files()
        must(refusable, "a file that is right is not refused", str(error))
        note("refused")
        return
    note("a drawn campaign" if drawn else "a campaign")
    _as_said(campaign, tomllib.loads(text))
    again = campaign_of_file(written, path, _models())
    must(campaign_toml(again) == written, "a campaign is the same when written again")
    must(list(again.households) == list(campaign.households), "and nothing of it is lost")
    kept = {name: getattr(again, name) for name in _KEPT}
    must(all(getattr(campaign, name) == one for name, one in kept.items()), "nor of all of them")


def _as_said(campaign: Campaign, table: dict[str, Any]) -> None:
    """Ask that what was read is what the file says."""
    said = campaign_said(table)
    announced = announced_said(table)
    for one, want in zip(campaign.announced, announced, strict=True):
        _alike(one, want, "an announcement is what its file says")
    reported = [(one.at_us, one.text) for one in campaign.reported]
    must(reported == said.pop("reported"), "what was reported is", moved=bool(reported))
    _alike(campaign, said, "a campaign is what its file says")
    before = 0
    for entry, raw in zip(campaign.households.entries, table["household"], strict=True):
        first = entry.first
        _alike(first, household_said(raw, table, before), "a household is what its file says")
        before += entry.count
        seen = {
            "count": entry.count, "poll_phase_us": entry.poll_phase_us,
            "spread": [entry.spread.clock_error_s, entry.spread.drift_ppb, entry.spread.visits_s],
            "carrier": first.carrier.name.lower(), "age": first.age.said,
            "expires_us": first.first_card.expires_us,
        }  # fmt: skip
        around = around_said(raw, table)
        must(seen == around, "and so are its copies, card and age", f"{seen}, expected {around}")
        heard = heard_said(raw, announced)
        must(len(first.announced) == len(heard), "each hears what is for it", moved=bool(heard))
        for one, want in zip(first.announced, heard, strict=True):
            _alike(one, want, "what is heard is what its file says")
        _visits_as_said(first, visits_said(raw, heard, table["zone"]))


def _alike(read: object, said: dict[str, Any], what: str) -> None:
    for name, want in said.items():
        now = getattr(read, name)
        now = list(now) if isinstance(want, list) and isinstance(now, tuple) else now
        if now != want:
            must(False, what, f"{name} {now}, expected {want}")
    must(True, what)


def _visits_as_said(household: Household, raws: list[dict[str, Any]]) -> None:
    read = household.visits
    must(list(read) == sorted(read, key=lambda visit: (visit.at_us, visit.in_file)),
         "visits are in the order of their times", moved=len(read) > 1)  # fmt: skip
    must(len(read) == len(raws), "each visit is read", moved=bool(raws))
    for visit, said in zip(sorted(read, key=lambda visit: visit.in_file), raws, strict=True):
        seen = {name: _of_visit(visit, name) for name in said}
        must(seen == said, "a visit is what its file says", f"{seen}, expected {said}")
        note(f"a visit: {visit.kind.name}")


def _of_visit(visit: Visit, name: str) -> object:
    """Return what a visit has of the name, in the words of the model."""
    desk = visit.desk
    if name == "whose":
        return visit.other and visit.other.id
    if name == "act":
        return visit.act and visit.act.file
    if name == "token":
        typed = visit.token
        return typed and (typed.token.id, typed.typo.wrong, typed.typo.swapped, typed.typo.first)
    if name == "new_card":
        return "none" if desk is None or desk.new_card is None else desk.new_card.expires_us
    if name == "fields":
        return desk and desk.fields and desk.fields.said
    return getattr(visit if hasattr(visit, name) else desk, name, None)


@cache
def _models() -> dict[str, MeterModel]:
    """Return the built-in models by name: a file of a model is read once, not at each input."""
    return {name: load_model(path) for name, path in built_in("meters").items()}


@cache
def _files() -> tuple[bytes, ...]:
    """Return the built-in campaigns: all are right."""
    texts = (path.read_bytes() for path in built_in("campaigns").values())
    return tuple(text for text in texts if len(text) <= _SIZE_MAX)


TARGETS: Final = (
    Target(
        id="campaign",
        asks="a campaign file",
        oracles="refused in one line, or the same campaign when it is written again; "
        "what its file says",
        reaches=(
            "refused", "a campaign", "a drawn campaign",
            *(f"a visit: {kind}" for kind in _KINDS),
        ),
        size_max=_SIZE_MAX,
        check=_check,
        drawn=True,
        seeds=lambda: (*_files(), b"?", *(_DRAWN + Random(one).randbytes(120) for one in _SEEDS)),
        words=_TOML_WORDS,
    ),
)  # fmt: skip

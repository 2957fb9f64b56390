"""Makes a household's visits from a campaign file and refuses impossible ones.

A visit that can be rehearsed but may not be meant gets a remark only.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, final

import msgspec

from card_protocol.timestamp import Civil
from meter_emu.desk.as_is import AsIs
from meter_emu.desk.pricing import Pricing, check_tariff
from meter_emu.desk.switches import SWITCHED, SWITCHES
from meter_emu.energies import ENERGIES
from meter_emu.errors import DeskError
from meter_emu.hardware.rtc.calendar_chip import Registers
from meter_emu.languages.speech import Later, later
from meter_emu.nearest import hint
from meter_emu.units import EPOCH_2000_US, SECOND_US, decimal
from meter_emu.world.households.household import (
    Announcement,
    DeskOrder,
    Household,
    NewCard,
    Visit,
    VisitKind,
    newest_announced,
)
from meter_emu.world.households.ledger import TypedToken, Typo
from meter_emu.world.households.ledger_token import LedgerToken
from meter_emu.world.meter.acts import OF_KEY
from meter_emu.world.meter.clock_chips import clock_chip
from meter_emu.world.meter.devices import DEVICES
from meter_emu.world.meter.model import MeterModel
from meter_emu.world.meter.times import END_US, us_to_written
from meter_emu.world.rehearsal.campaign_file import (
    DeskWord,
    RawFields,
    RawHousehold,
    RawTariff,
    RawVisit,
)
from meter_emu.world.rehearsal.reading import FilePlace

_OF_ONE: Final = (
    "expected one of: desk orders (desk, load_eur, tariff, replace_card, fields), insert = true,"
    f" {', '.join(OF_KEY)}, token, clock_card = true, upset"
)
_REGISTER: Final = re.compile(r"([0-9A-F]{2})=([0-9A-F]{2})", re.ASCII)
_TWO_VISITS: Final = (
    "an order cannot both reactivate and arm: have the one written and inserted, the other written"
    " at a later visit and inserted again"
)


@final
class VisitReader:
    """Reads the visits of one household that heard `announced`, the earliest first."""

    def __init__(
        self,
        place: FilePlace,
        model: MeterModel,
        announced: Sequence[Announcement],
        *,
        within_us: tuple[int, int],
        said: tuple[datetime, datetime],
        ledger: Mapping[str, LedgerToken],
    ) -> None:
        self._ledger = ledger
        self._place = place
        self._model = model
        self._announced = announced
        self._within_us = within_us
        self._said = said  # the same visit as the file gives it

    def all(self, raws: Sequence[RawVisit]) -> tuple[Visit, ...]:
        """Return the visits in time order, equal times in file order."""
        visits = [
            replace(self._visit(raw, self._place.at(f"visit {number}")), in_file=number)
            for number, raw in enumerate(raws, 1)
        ]
        visits.sort(key=lambda visit: visit.at_us)
        return tuple(self._with_cards(visits))

    def _with_cards(self, visits: Sequence[Visit]) -> Iterator[Visit]:
        """Yield the visits in time order; a card by number becomes the card as it was then."""
        # Cards and copies are numbered as they come to be, so in order of time. A file may name its
        # visits in any order: nothing can be counted before they are sorted.
        newest, writings = 1, 0
        for visit in visits:
            writings += visit.kind is VisitKind.DESK
            if visit.copy_number is not None and visit.copy_number > writings:
                why = f"expected 1 to {writings}, what the office has written by then"
                self._place.at(f"visit {visit.in_file}").refuse(
                    "copy_of", f"{why}, got {visit.copy_number}"
                )
            newest += visit.desk is not None and visit.desk.new_card is not None
            if visit.card_number is None or visit.card_number < newest:
                yield visit
                continue
            if visit.card_number > newest:
                why = (
                    f"expected 1 to {newest}, the cards there are by then, got {visit.card_number}"
                )
                self._place.at(f"visit {visit.in_file}").refuse("card_number", why)
            # By its number or as the newest, it is one card: equal households compare equal.
            yield replace(visit, kind=VisitKind.INSERT, card_number=None)

    def _visit(self, raw_visit: RawVisit, place: FilePlace) -> Visit:
        at_us = place.instant(raw_visit.at, "at")
        if not self._within_us[0] <= at_us < self._within_us[1]:
            place.refuse(
                "at", f"expected from {self._said[0]} to before {self._said[1]}, got {raw_visit.at}"
            )
        at_desk = _check_keys(raw_visit, place)
        device = DEVICES[self._model.device]
        if not device.slot and (at_desk or raw_visit.insert or raw_visit.clock_card):
            place.refuse("", f"{self._model.name} has no slot for cards, expected none")
        for key in ("token", "type"):
            if not device.keypad and getattr(raw_visit, key) is not None:
                place.refuse(key, f"{self._model.name} has no keypad, expected none")
        if raw_visit.upset is not None:
            found = registers_of(raw_visit.upset, self._model, place, "upset")
            return Visit(at_us=at_us, kind=VisitKind.UPSET, registers=found)
        if raw_visit.clock_card:
            return self._clock_card(raw_visit, at_us, place)
        if raw_visit.token is not None:
            token = self._token(raw_visit, raw_visit.token, at_us, place)
            return Visit(at_us=at_us, kind=VisitKind.KEYED_IN, token=token)
        if raw_visit.insert:
            kind = VisitKind.INSERT if raw_visit.card_number is None else VisitKind.OLD_CARD
            kind = kind if raw_visit.card_of is None else VisitKind.OTHERS_CARD
            kind = kind if raw_visit.copy_of is None else VisitKind.COPY
            return Visit(
                at_us=at_us,
                kind=kind,
                card_number=raw_visit.card_number,
                copy_number=raw_visit.copy_of,
                records=tuple(raw_visit.records),
                flipped=raw_visit.flipped,
            )
        for key, said in _acts(raw_visit):
            return Visit(at_us=at_us, kind=VisitKind.ACT, act=OF_KEY[key].in_file(key, said))
        assert at_desk, "a visit is one of these"
        if not EPOCH_2000_US <= at_us + raw_visit.office_error_s * SECOND_US < END_US:
            place.refuse("office_error_s", "expected an office whose date is in 2000 to 2099")
        return Visit(at_us=at_us, kind=VisitKind.DESK, desk=self._order(raw_visit, place))

    def _token(self, raw_visit: RawVisit, name: str, at_us: int, place: FilePlace) -> TypedToken:
        sold = self._ledger.get(name)
        if sold is None:
            why = f"no token has the id {name!r}{hint(name, list(self._ledger))}"
            place.refuse("token", why)
        if sold.sold_us > at_us:
            place.refuse("token", "expected a token that was sold by then")
        if sold.refused:
            place.refuse("token", f"the office sold none: {sold.refused}")
        size = sold.keypad(self._model).digits
        typo = Typo(
            wrong=raw_visit.wrong_digit,
            swapped=raw_visit.swapped_digits,
            first=raw_visit.first_digits,
        )
        for key, at, last in (
            ("wrong_digit", typo.wrong, size),
            ("swapped_digits", typo.swapped, size - 1),
            ("first_digits", typo.first, size - 1),
        ):
            if at is not None and at > last:
                place.refuse(key, f"expected 1 to {last}, got {at}")
        return TypedToken(token=sold, typo=typo)

    def _clock_card(self, raw_visit: RawVisit, at_us: int, place: FilePlace) -> Visit:
        made_us = None if raw_visit.made is None else place.instant(raw_visit.made, "made")
        if made_us is not None and made_us > at_us:
            place.refuse("made", f"expected no later than the visit, {raw_visit.at}")
        return Visit(
            at_us=at_us,
            kind=VisitKind.CLOCK_CARD,
            clock_error_s=raw_visit.clock_error_s,
            made_us=made_us,
            for_meter=raw_visit.meter_id,
            lost=raw_visit.lost,
        )

    def _order(self, raw_visit: RawVisit, place: FilePlace) -> DeskOrder:
        words, measures = set(raw_visit.desk), self._model.measures
        switches: dict[str, bool] = {}
        for word, (name, on) in SWITCHED.items():
            if word in words and switches.setdefault(name, on) is not on:
                place.refuse("desk", f"expected only one of {name}-off and {name}-on")
        if "reactivate" in words and words & {"defer", "cut"}:
            place.refuse("desk", _TWO_VISITS)
        for switch in SWITCHES:
            if switches.get(switch.name) and not switch.fits(measures):
                why = f"{measures.meter} has no {switch.name}, expected no {switch.name}-on"
                place.refuse("desk", why)
        announced = newest_announced(self._announced, place.instant(raw_visit.at, "at"))
        defer_until, defer_us = _dated(raw_visit.defer_until, "defer", words, announced, place)
        cut_at, cut_us = _dated(raw_visit.cut_at, "cut", words, announced, place)
        if defer_us is not None and cut_us is not None:
            in_order(defer_us, cut_us, place)
        load_cents = 0
        if raw_visit.load_eur is not None:
            load_cents = place.cents(raw_visit.load_eur, "load_eur")
            low, high = self._model.credit.load_min_cents, self._model.credit.load_max_cents
            if not low <= load_cents <= high:
                shown = [f"{decimal(cents, 100)} EUR" for cents in (low, high, load_cents)]
                place.refuse("load_eur", "expected {} to {}, got {}".format(*shown))
        return DeskOrder(
            defer_until=defer_until,
            cut_at=cut_at,
            reactivate="reactivate" in words,
            load_cents=load_cents,
            tariff=None if raw_visit.tariff is None else self._tariff(raw_visit.tariff, place),
            mwh_per_unit=None if raw_visit.tariff is None else raw_visit.tariff.mwh_per_unit,
            defer_us=defer_us,
            cut_us=cut_us,
            new_card=new_card(raw_visit.card_expires, place) if raw_visit.replace_card else None,
            office_error_s=raw_visit.office_error_s,
            fields=None if raw_visit.fields is None else _fields(raw_visit.fields, place),
            torn=raw_visit.torn,
            **switches,  # type: ignore[arg-type]
        )

    def _tariff(self, raw_tariff: RawTariff, place: FilePlace) -> Pricing:
        pricing = Pricing.of(
            raw_tariff.number, raw_tariff.price_ueur_per_wh, raw_tariff.night_price_ueur_per_wh
        )
        try:
            check_tariff(self._model.measures, pricing)
        except DeskError as error:
            place.refuse("tariff", str(error))
        return pricing


def _dated(
    own: datetime | None,
    word: DeskWord,
    words: set[DeskWord],
    shown: Announcement | None,
    place: FilePlace,
) -> tuple[Civil | None, int | None]:
    """Return the date a desk word stands for: the visit's own, or the newest announced one."""
    key = "defer_until" if word == "defer" else "cut_at"
    if word not in words:
        if own is not None:
            place.refuse(key, f"expected {word!r} among the desk orders of this visit as well")
        return None, None
    if own is not None:
        return place.minute(own, key)
    if shown is None:
        place.refuse(key, "is missing, and nothing was announced to this household by then")
    if word == "defer":
        civil, us = shown.defer_until, shown.defer_us
    else:
        civil, us = shown.cut_at, shown.cut_us
    if us is None:
        place.refuse(key, f"is missing, and what was announced has no {key}")
    return civil, us


def _acts(raw_visit: RawVisit) -> list[tuple[str, str]]:
    """Return what a visit has of the keys that are acts, and what each holds."""
    held = ((key, getattr(raw_visit, key)) for key in OF_KEY)
    return [(key, said) for key, said in held if said is not None]


def _check_keys(raw_visit: RawVisit, place: FilePlace) -> bool:
    """Refuse keys that do not go together; return whether it is a visit to the office."""
    writes = bool(raw_visit.desk) or any(
        said is not None for said in (raw_visit.load_eur, raw_visit.tariff, raw_visit.fields)
    )
    at_desk = writes or raw_visit.replace_card
    others = [
        raw_visit.insert,
        raw_visit.clock_card,
        raw_visit.upset is not None,
        raw_visit.token is not None,
    ]
    if [at_desk, *others].count(True) + len(_acts(raw_visit)) != 1:
        place.refuse("", _OF_ONE)
    if raw_visit.card_of is not None and raw_visit.card_number is not None:
        place.refuse("card_number", "expected none for another household's card")
    if raw_visit.copy_of is not None and (raw_visit.card_of, raw_visit.card_number) != (None, None):
        place.refuse("copy_of", "expected no card_of or card_number next to it")
    for key, said, has_place, wanted in (
        (
            "card_expires",
            raw_visit.card_expires,
            raw_visit.replace_card,
            "replace_card = true next to it",
        ),
        ("card_of", raw_visit.card_of, raw_visit.insert, "insert = true next to it"),
        ("card_number", raw_visit.card_number, raw_visit.insert, "insert = true next to it"),
        ("copy_of", raw_visit.copy_of, raw_visit.insert, "insert = true next to it"),
        *(
            (key, said, raw_visit.token, "token next to it")
            for key, said in (
                ("wrong_digit", raw_visit.wrong_digit),
                ("swapped_digits", raw_visit.swapped_digits),
                ("first_digits", raw_visit.first_digits),
            )
        ),
        *(
            (key, said, raw_visit.clock_card, "clock_card = true next to it")
            for key, said in (
                ("clock_error_s", raw_visit.clock_error_s),
                ("made", raw_visit.made),
                ("meter_id", raw_visit.meter_id),
                ("lost", raw_visit.lost),
            )
        ),
        ("records", raw_visit.records, raw_visit.copy_of, "copy_of next to it"),
        ("flipped", raw_visit.flipped is not None, raw_visit.records, "records next to it"),
        ("torn", raw_visit.torn, at_desk, "a visit to the office"),
        ("defer_until", raw_visit.defer_until, at_desk, "a visit to the office"),
        ("cut_at", raw_visit.cut_at, at_desk, "a visit to the office"),
        ("office_error_s", raw_visit.office_error_s, at_desk, "a visit to the office"),
    ):
        if said and not has_place:
            place.refuse(key, f"expected {wanted}")
    return at_desk


def _fields(raw_fields: RawFields, place: FilePlace) -> AsIs:
    """Return the field values that a faulty office writes unchanged."""
    said = msgspec.structs.asdict(raw_fields)
    for name in ("defer_until", "cut_at", "token", "reserved"):
        said[name] = said[name] and bytes.fromhex(said[name])
    fields = AsIs(**said)
    if not fields.said:
        place.refuse("fields", "expected one of them at least")
    return fields


def registers_of(text: str, model: MeterModel, place: FilePlace, key: str) -> Registers:
    """Return registers and bytes of a model's clock chip; refuse any other text."""
    last = len(clock_chip(model).chip.RESET) - 1
    found: dict[int, int] = {}
    for word in text.split(" "):
        said = _REGISTER.fullmatch(word)
        at = last + 1 if said is None else int(said[1], 16)
        if said is None or at > last or at in found:
            want = f'expected registers of a {model.rtc}, 00 to {last:02X}, as "05=31 07=02"'
            place.refuse(key, f"{want}, got {text!r}")
        found[at] = int(said[2], 16)
    return tuple(found.items())


def new_card(expires: datetime | None, place: FilePlace) -> NewCard:
    """Return a card that the office hands out, for good or until its `card_expires`."""
    return NewCard() if expires is None else NewCard(*place.minute(expires, "card_expires"))


def in_order(defer_us: int, cut_us: int, place: FilePlace) -> None:
    """Refuse a T2 before T1."""
    if cut_us < defer_us:
        place.refuse("cut_at", "expected no earlier than defer_until: a cut inside the deferral")


def remarks(
    raw_household: RawHousehold, household: Household, place: FilePlace, end_us: int
) -> Iterator[Later]:
    """Yield one line for each doubtful point, with household and visit."""
    energy = household.model.measures
    if raw_household.rearm is not None and not energy.countdown:
        yield later(
            "{key}: is for {tested}, and has no effect on {energy}",
            key=str(place.key("rearm")),
            tested=", ".join(one.name for one in ENERGIES.values() if one.countdown),
            energy=energy.name,
        )
    card, written, unread = household.first_card, False, ""
    writes = any(visit.kind is VisitKind.DESK for visit in household.visits)
    for visit in household.visits:
        at = place.at(f"visit {visit.in_file}").words
        if visit.kind is VisitKind.INSERT:
            unread = ""
            if writes and not written:
                yield later(
                    "{visit}: the card is put in before anything is written on it", visit=at
                )
        if visit.desk is None:
            continue
        card, written = visit.desk.new_card or card, True
        unread = at
        if card.expires_us is not None and card.expires_us <= visit.at_us:
            until = us_to_written(card.expires_us, place.zone)
            yield later(
                "{visit}: the card that is written on expired on {until}", visit=at, until=until
            )
        if visit.desk.cut_us is not None and visit.desk.cut_us >= end_us:
            cut, end = (us_to_written(us, place.zone) for us in (visit.desk.cut_us, end_us))
            yield later(
                "{visit}: T2 {cut} is not before end {end}: no cut will be seen",
                visit=at,
                cut=cut,
                end=end,
            )
    if unread:
        yield later("{visit}: what is written here never gets into the meter", visit=unread)

"""A faulty office with right MACs writes an impossible date, two that disagree, or wrong money.

The required response is computed here by `datetime`, from what should have been on the card.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, TypeAlias

from card_protocol.timestamp import BCD_NONE, MINUTES_NONE, encode_bcd_minute
from meter_emu.desk.as_is import AsIs
from meter_emu.domain import Result, result_said
from meter_emu.laws.judged import hazard
from meter_emu.laws.law import Aside, Broken, Finding, Trial, moves
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.draft import Draft
from meter_emu.units import DAY_S, EPOCH_2000_US, HOUR_S, MINUTE_US, SECOND_US
from meter_emu.world.households.household import DeskOrder, Household, Visit
from meter_emu.world.meter.age import Age
from meter_emu.world.meter.display import card_said
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.times import us_to_civil
from meter_emu.zones import TimeZone

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MINUTE: Final = timedelta(minutes=1)
# Bytes of YYMMDDhhmm that make an impossible date, by their place.
_NO_DATE: Final = (
    ((1, 0x02), (2, 0x30)), ((1, 0x04), (2, 0x31)), ((0, 0x21), (1, 0x02), (2, 0x29)),
    ((1, 0x13),), ((1, 0x00),), ((2, 0x00),), ((2, 0x32),), ((3, 0x24),), ((4, 0x60),),
    ((2, 0x1A),), ((0, 0xA0),),
)  # fmt: skip
_APART: Final = (60, -60, 1, -1, 1_440, -1_440, 43_200, -43_200)  # minutes
_LOADED_CENTS: Final = 2_000
_PREPAYMENT_ON: Final = 0x01
_KNOWN_FLAGS: Final = 0x03

_Writing: TypeAlias = Callable[[Draft, DeskOrder], AsIs]


# The faulty writes
# ---------------------------------------------------------------------------------


def _no_date(draft: Draft, order: DeskOrder) -> AsIs:
    at_cut, chosen = draft.chooser.below(2) == 0, draft.chooser.of(_NO_DATE)
    raw = bytearray(encode_bcd_minute(order.cut_at if at_cut else order.defer_until))
    for place, byte in chosen:
        raw[place] = byte
    return AsIs(cut_at=bytes(raw)) if at_cut else AsIs(defer_until=bytes(raw))


def _backwards(draft: Draft, order: DeskOrder) -> AsIs:
    assert order.cut_us is not None, "it is armed"
    after_us = order.cut_us + (1 + draft.chooser.below(3)) * DAY_S * SECOND_US
    civil = encode_bcd_minute(us_to_civil(after_us, draft.model.zone))
    return AsIs(defer_until=civil, defer_min=_of_2(draft, _minute(after_us)))


def _deferral_apart(draft: Draft, order: DeskOrder) -> AsIs:
    return AsIs(defer_min=_minute(order.defer_us) + draft.chooser.of(_APART))


def _cut_apart(draft: Draft, order: DeskOrder) -> AsIs:
    return AsIs(cut_min=_minute(order.cut_us) + draft.chooser.of(_APART))


def _half(draft: Draft, _: DeskOrder) -> AsIs:
    fields = AsIs(cut_min=MINUTES_NONE), AsIs(cut_at=BCD_NONE), AsIs(defer_min=MINUTES_NONE)
    return draft.chooser.of(fields)


def _other_zone(draft: Draft, _: DeskOrder) -> AsIs:
    """Return the rule of a zone that is not this meter's."""
    return AsIs(zone_rule=draft.model.zone.rule.code + draft.chooser.of((1, 2, -1)))


def _too_far(draft: Draft, _: DeskOrder) -> AsIs:
    minute = _clocks_end(draft.model.zone) + draft.chooser.of((0, 0, 60, 1, 500_000))
    return draft.chooser.of((AsIs(defer_min=minute), AsIs(cut_min=minute)))


def _clocks_end(zone: TimeZone) -> int:
    """Return the first minute since 2000 when a clock in standard or legal time shows 2100."""
    return (datetime(2100, 1, 1, tzinfo=zone.info) - _EPOCH) // _MINUTE


def _wallet(draft: Draft) -> AsIs:
    """Return an amount that was not loaded: less than before, none, or too much."""
    known_cents, known_loads = _heard(draft.grown_old())
    return draft.chooser.of((
        *(AsIs(loaded_cents=known_cents - 1),) * 4,
        AsIs(loaded_cents=0, load_count=0),
        AsIs(load_count=known_loads),
        AsIs(loaded_cents=known_cents + draft.model.credit.load_max_cents + 1),
        AsIs(load_count=known_loads - 1),
    ))  # fmt: skip


def _heard(age: Age) -> tuple[int, int]:
    """Return the cents and loads that the meter has heard of before the wrong visit."""
    return age.loaded_cents + _LOADED_CENTS, age.load_count + 1


def _forged(draft: Draft) -> AsIs:
    """Return a token that no office made: of no key, or of none at all but one bit."""
    chooser = draft.chooser
    bit = 1 << chooser.below(64)
    return AsIs(token=(bit if chooser.below(2) else 0x0123456789ABCDEF ^ bit).to_bytes(8, "big"))


def _unknown(draft: Draft, _: DeskOrder) -> AsIs:
    """Return a flag that nobody has defined; not the highest, which a memory card uses itself."""
    return AsIs(flags=_PREPAYMENT_ON | 1 << (2 + draft.chooser.below(5)))


def _reserved(draft: Draft, _: DeskOrder) -> AsIs:
    """Return reserved bytes that a later office may use: the meter keeps them as they are."""
    size = 9 if draft.generation == 2 else 2
    byte = draft.chooser.of((0x00, 0x01, 0x80, 0xFE))
    return AsIs(reserved=bytes((byte,)) * size)


_ANY: Final[tuple[_Writing, ...]] = (_no_date, _no_date, _backwards)
_OF_2: Final[tuple[_Writing, ...]] = (
    _no_date, _backwards, *(_deferral_apart,) * 10, *(_cut_apart,) * 9, *(_half,) * 4, _too_far,
    *(_other_zone,) * 2,
)  # fmt: skip


def _check(trial: Trial) -> Finding:
    household = trial.household
    nth = next(
        (n for n, visit in enumerate(household.visits) if visit.desk and visit.desk.fields), None
    )
    if nth is None:
        return Aside("no office was wrong")
    order = household.visits[nth].desk
    assert order is not None, "it is a visit to the office"
    assert order.fields is not None, "and something is written as it is"
    result, later = (
        _due(household, order)
        if order.fields.of_order
        else (_due_money(household, order.fields), None)
    )
    right: tuple[Visit, ...] = ()
    if order.fields.reserved is not None:
        right = (_right(household, nth, order.defer_us),)
    elif result is Result.EXECUTED:
        return Aside("the field holds the right value anyway")
    elif later is not None:
        right = (_right(household, nth, EPOCH_2000_US + later * MINUTE_US),)
    elif order.fields.of_order and order.load_cents:
        right = (_right(household, nth, None),)
    elif not order.fields.of_order and (order.reactivate or order.cut_us is not None):
        right = (replace(household.visits[nth], desk=replace(order, fields=None, load_cents=0)),)
    other = replace(
        household, visits=(*household.visits[:nth], *right, *household.visits[nth + 1 :])
    )
    was, now = trial.run.events, trial.events(other)
    return _answered(trial, was, now, result) or _same_moves(was, now)


@hazard(
    id="wrong-office",
    says="what is no date, or no money, is refused with its code and changes nothing; "
    "of a deferral in two forms the later end holds, and is said",
    properties=("P4", "P13"),
    presumes="an office with the right keys, and a clock within its model's bound",
    check=_check,
    one_in=20,
)
def wrong_office(draft: Draft, chooser: Chooser) -> None:
    """Draw an armed or reactivated household, then a wrong order or load."""
    _armed_before(draft)
    what = chooser.below(6)
    if what == 5:
        order = DeskOrder(reactivate=True, fields=_forged(draft))
    elif what == 4:
        orders = DeskOrder(), DeskOrder(reactivate=True), draft.arming(*(draft.timing.end_s,) * 2)
        order = replace(chooser.of(orders), load_cents=1_000, fields=_wallet(draft))
    else:
        order = _armed_wrongly(draft, chooser.of(_OF_2 if draft.generation == 2 else _ANY))
    _brought(draft, order)


@hazard(
    id="unknown-bits",
    says="an order with a flag that nobody has defined is refused; reserved bytes change nothing",
    properties=("P4", "P13"),
    presumes="an office with the right keys, and a clock within its model's bound",
    check=_check,
)
def unknown_bits(draft: Draft, chooser: Chooser) -> None:
    """Draw an armed or reactivated household, then an order with what nobody has defined."""
    _armed_before(draft)
    _brought(draft, _armed_wrongly(draft, chooser.of((_unknown, _reserved))))


def _armed_before(draft: Draft) -> None:
    draft.kind, chooser = "an office that is wrong", draft.chooser
    armed_s, end_s = draft.timing
    first_s = armed_s - (1 + chooser.below(48)) * HOUR_S
    other_s = max(end_s + chooser.of((-DAY_S, DAY_S, -HOUR_S)), first_s + HOUR_S)
    before = draft.arming(other_s, other_s) if chooser.below(4) else DeskOrder(reactivate=True)
    draft.first_s = first_s - DAY_S
    draft.bring(first_s, replace(before, load_cents=_LOADED_CENTS))


def _armed_wrongly(draft: Draft, writing: _Writing) -> DeskOrder:
    chooser, end_s = draft.chooser, draft.timing.end_s
    order = draft.arming(end_s - chooser.below(3) * DAY_S, end_s)
    load_cents = chooser.of((0, 1_000))
    return replace(order, fields=writing(draft, order), load_cents=load_cents)


def _brought(draft: Draft, order: DeskOrder) -> None:
    draft.office(draft.timing.armed_s - 60, order)
    draft.insert(draft.timing.armed_s)
    draft.ample_credit = True


def _of_2(draft: Draft, minute: int) -> int | None:
    return minute if draft.generation == 2 else None


def _minute(us: int | None) -> int:
    assert us is not None, "it is armed"
    return (us - EPOCH_2000_US) // MINUTE_US


# The meter's required response --------------------------------------------------------------------


class _End(NamedTuple):
    """A date on the card: the civil time, and its instants by either form."""

    civil: datetime
    by_civil: int
    by_minute: int
    zone: TimeZone

    @property
    def later(self) -> int:
        return self.by_minute if self.agrees else max(self.by_civil, self.by_minute)

    @property
    def agrees(self) -> bool:
        shown = (_EPOCH + self.by_minute * _MINUTE).astimezone(self.zone.info)
        return shown.replace(tzinfo=None, fold=0) == self.civil


class _NoEndError(Exception):
    """The card holds a date, but none for this meter."""


def _end(raw: bytes, minute: int | None, rule: int | None, zone: TimeZone) -> _End | None:
    """Return the date; `minute` is `None` on a card without that form."""
    if raw == BCD_NONE and minute in {None, MINUTES_NONE}:
        return None
    try:
        year, month, day, hour, at = (int(f"{byte:x}") for byte in raw)
        civil = datetime(2000 + year, month, day, hour, at)  # noqa: DTZ001  legal time
    except ValueError:
        raise _NoEndError from None
    by_civil = (civil.replace(tzinfo=zone.info, fold=1).astimezone(UTC) - _EPOCH) // _MINUTE
    if minute is None:
        return _End(civil, by_civil, by_civil, zone)
    if minute >= _clocks_end(zone) or rule not in {None, zone.rule.code}:
        raise _NoEndError
    return _End(civil, by_civil, minute, zone)


def _due(household: Household, order: DeskOrder) -> tuple[Result, int | None]:
    """Return the required answer to an order, and the later end of its deferral if it is taken."""
    fields, of_2 = order.fields, household.card_generation == 2
    assert fields is not None, "it is written as it is"
    if fields.token is not None:
        return Result.BAD_TOKEN, None
    if fields.flags is not None and fields.flags & ~_KNOWN_FLAGS:
        return Result.BAD_FORMAT, None
    (defer_raw, defer_min), (cut_raw, cut_min) = (
        (
            encode_bcd_minute(civil) if raw is None else raw,
            None if not of_2 else _minute(us) if minute is None else minute,
        )
        for civil, us, raw, minute in (
            (order.defer_until, order.defer_us, fields.defer_until, fields.defer_min),
            (order.cut_at, order.cut_us, fields.cut_at, fields.cut_min),
        )
    )
    rule, zone = fields.zone_rule, household.model.zone
    try:
        defer, cut = _end(defer_raw, defer_min, rule, zone), _end(cut_raw, cut_min, rule, zone)
    except _NoEndError:
        return Result.BAD_DATE, None
    assert defer is not None, "an end with one form is none"
    assert cut is not None, "an end with one form is none"
    if not cut.agrees:
        return Result.CUT_DISAGREES, None
    if cut.later < defer.later:
        return Result.CUT_BEFORE_DEFERRAL, None
    return (Result.EXECUTED, None) if defer.agrees else (Result.LATER_END_TAKEN, defer.later)


def _due_money(household: Household, fields: AsIs) -> Result:
    """Return the required answer to a wallet of which the meter has heard one load."""
    known_cents, known_loads = _heard(household.age)
    cents = known_cents + 1_000 if fields.loaded_cents is None else fields.loaded_cents
    loads = known_loads + 1 if fields.load_count is None else fields.load_count
    if bool(cents) != bool(loads):
        return Result.BAD_FORMAT
    if cents < known_cents or loads < known_loads:
        return Result.WALLET_ROLLED_BACK
    if loads == known_loads and cents != known_cents:
        return Result.WALLET_ROLLED_BACK
    most = (loads - known_loads) * household.model.credit.load_max_cents
    return Result.LOAD_TOO_LARGE if cents - known_cents > most else Result.EXECUTED


def _right(household: Household, nth: int, defer_us: int | None) -> Visit:
    """Return the visit of a right office: with that end of the deferral, or of the load alone."""
    visit = household.visits[nth]
    assert visit.desk is not None, "it is a visit to the office"
    if defer_us is None:
        return replace(visit, desk=DeskOrder(load_cents=visit.desk.load_cents))
    civil = us_to_civil(defer_us, household.model.zone)
    return replace(
        visit, desk=replace(visit.desk, fields=None, defer_until=civil, defer_us=defer_us)
    )


def _answered(trial: Trial, was: list[Event], now: list[Event], want: Result) -> Finding:
    """Check the answer to the card with the wrong fields, and that nothing else changed."""
    card, right = _last_card(was), _last_card(now)
    if card is None or card.written is None or right is None or right.written is None:
        return Aside("the card was put into a meter without power")
    if card.written.result != want:
        said = result_said(card.written.result)
        return Broken(f"the card is to be answered {want.name}, and the meter wrote {said}")
    shown = card_said(card.shown)
    if shown is not want and (trial.ours or shown is not Result.NONE):
        return Broken(f"the card was answered {want.name}, and the display says {card.shown}")
    if (card.understood or right.understood) != right.understood:
        return Broken(f"the meter understood {card.understood}, the card orders {right.understood}")
    if want.refused and card.written.order_number != right.written.order_number:
        return Broken("the meter reports a refused order as the one it obeys")
    if card.written.accepted_cents != right.written.accepted_cents:
        return Broken("a wallet that is refused brought money")
    return None


def _last_card(events: list[Event]) -> Event | None:
    cards = (event for event in reversed(events) if event.visit is not None)
    return next((event for event in cards if event.what is not What.CARD_UNSEEN), None)


def _same_moves(was: list[Event], now: list[Event]) -> Finding:
    """Return whether supply was the same as without that card, or with a right one."""
    if moves(was) == moves(now):
        return None
    return Broken("the supply goes another way than without what is wrong on the card")

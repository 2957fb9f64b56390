"""What is wrong with a meter apart from its supply: what it stated, charged, doubted or ignored.

Whatever a meter says is compared where it says it: write-backs, the balance in its memory and both
ends on its display at every event, the credit on the display at a card or a key. Each finding lasts
from the first wrong statement to the first right one on the same subject.
"""

from collections.abc import Iterator, Sequence
from enum import Enum, unique
from itertools import chain
from typing import Final, final

from card_protocol.card.image import CardKind
from card_protocol.formats.budget.compact import UEUR_PER_STEP
from meter_emu.units import HOUR_US, UEUR_PER_CENT
from meter_emu.world.households.household import DeskOrder, Household, NewCard, Visit, VisitKind
from meter_emu.world.judge.account import UEUR, Books
from meter_emu.world.judge.forks import Forks
from meter_emu.world.judge.knowledge import Vouched, wrong_clock
from meter_emu.world.judge.obligations import PromiseRow
from meter_emu.world.judge.outcome import WORK_US, HouseholdFinding
from meter_emu.world.judge.promise import Promise, promise_at
from meter_emu.world.judge.said import LOOKED, MeterSaid, Statement, wrong_balance
from meter_emu.world.judge.unheard import SITTING_US
from meter_emu.world.judge.verdicts import FindingKind
from meter_emu.world.meter.display import credit_said
from meter_emu.world.meter.events import Event, What, WrittenBack

_WH: Final = 1000 * HOUR_US  # mWh per unit and rate-µs in a Wh
_ANSWERS: Final = (What.CARD_SERVED, What.CARD_REFUSED)
_AHEAD_S: Final = 10 * 60  # less than an office may be ahead of a clock that is behind


@unique
class _Owed(Enum):
    """What a card is owed."""

    OBEYED = "obeyed"
    REFUSED = "refused"


def findings_of(
    household: Household, row: PromiseRow, events: Sequence[Event]
) -> tuple[HouseholdFinding, ...]:
    """Return the first finding of each kind, in time order; for wrong displays the first T2 too."""
    end_us = row.spans[-1].to_us if row.spans else 0
    statements = sorted(
        chain(_of_row(row), _of_events(household, row, events)), key=lambda one: one.at_us
    )
    subjects: dict[tuple[FindingKind, str], list[Statement]] = {}
    for one in statements:
        subjects.setdefault((one.kind, one.subject), []).append(one)
    found: dict[tuple[FindingKind, bool], HouseholdFinding] = {}
    folded = (_folded(of_one, end_us) for of_one in subjects.values())
    for finding in sorted(filter(None, folded), key=lambda finding: finding.from_us):
        found.setdefault((finding.kind, finding.stated_cut is not None), finding)
    return tuple(found.values())


def right_by_itself(row: PromiseRow) -> bool:
    """Whether nothing is wrong in what the row itself shows."""
    return all(one.wrong is None for one in _of_row(row))


def _folded(statements: Sequence[Statement], end_us: int) -> HouseholdFinding | None:
    """Return the finding on one subject: its first words, how often, how long, until when."""
    first = next((one for one in statements if one.wrong is not None), None)
    if first is None or first.wrong is None:
        return None
    times = lasted_us = until_us = 0
    for one, after_us in zip(
        statements, [*(one.at_us for one in statements[1:]), end_us], strict=True
    ):
        if one.wrong is not None:
            times, until_us = times + 1, after_us
            lasted_us += after_us - one.at_us
    return HouseholdFinding(
        kind=first.kind,
        from_us=first.at_us,
        until_us=until_us,
        times=times,
        lasted_us=lasted_us,
        words=first.wrong,
        stated_cut=first.stated_cut,
    )


def _of_row(row: PromiseRow) -> Iterator[Statement]:
    """Yield what the row itself shows: doubts, and supply without credit."""
    for at_us, words in row.doubts:
        yield Statement(at_us, FindingKind.GROUNDLESS_DOUBT, "lamp", words)
    for at_us, words in row.unpaid:
        yield Statement(at_us, FindingKind.WRONG_MONEY, "supply", words)


def _of_events(
    household: Household, row: PromiseRow, events: Sequence[Event]
) -> Iterator[Statement]:
    yield from StatedSoFar(household, row.orders[0], events).until(
        household, row, events, len(events)
    )


@final
class StatedSoFar(Forks):
    """What a meter has said up to an event, to compare with what it says next."""

    def __init__(self, household: Household, order: Promise, events: Sequence[Event]) -> None:
        self._number, self._before = household.age.order_number, order
        self._told, self._said = Told(household), MeterSaid(household, events)
        self._taken = 0  # of the events
        self._orders = 0  # how many there were then

    def right(
        self, household: Household, row: PromiseRow, events: Sequence[Event], to: int
    ) -> bool:
        """Take in events, and return whether all that it says in them is right."""
        new = row.orders[self._orders :]
        if self._taken and any(one.from_us <= events[self._taken - 1].at_us for one in new):
            return False  # what was said at that instant would be compared with another order
        return all(one.wrong is None for one in self.until(household, row, events, to))

    def until(
        self, household: Household, row: PromiseRow, events: Sequence[Event], to: int
    ) -> Iterator[Statement]:
        """Take in events up to a place, and yield what it says in them."""
        self._said.go_on(events)
        self._orders = len(row.orders)
        told, said = self._told, self._said
        for index in range(self._taken, min(to, len(row.books))):
            self._taken = index + 1
            event, books, vouched = events[index], row.books[index], row.vouched[index]
            promise = promise_at(row.orders, event.at_us)
            unknown = household.image is not None  # balance and prices in an image are not known
            told_of = not unknown or promise is not row.orders[0]  # nor its order
            if told_of:
                yield from said.ends(event, promise)
            yield from said.supply(event)
            yield from said.balance(event, promise, books, known=not unknown, priced=told_of)
            if not unknown:
                yield from _shown_balance(household, event, promise, books)
            if vouched is not None:
                yield from _clocks(household, event, vouched)
            yield from _answers(event, _owed(household, events, index, vouched))
            if event.written is None:
                continue
            written = household.age.since(event.written)
            wrong = told.wrong_loads(written, promise)
            # A refusal states the account as last booked: of it the loads are audited.
            if not unknown and event.what is What.CARD_SERVED:
                so_far = [order for order in row.orders if order.from_us <= event.at_us]
                wrong = wrong or wrong_account(household, written, so_far, books)
            yield Statement(event.at_us, FindingKind.WRONG_MONEY, "card", _said(household, wrong))
            if event.what is not What.CARD_SERVED:
                continue  # a refusal is an answer
            number, before = self._number, self._before
            silent = _order(promise) != _order(before) and written.order_number <= number
            words = f"a new order was put in, and the card still names order {number}"
            wrong = words if silent else None
            yield Statement(event.at_us, FindingKind.SILENT_ORDER, "order", wrong)
            self._number, self._before = written.order_number, promise


def _said(household: Household, wrong: str | None) -> str | None:
    return None if wrong is None else household.model.measures.said(wrong)


def _answers(event: Event, answer: _Owed | None) -> Iterator[Statement]:
    """Compare the meter's answer to a card with the one that it is owed."""
    served = event.what is What.CARD_SERVED
    if served and event.written is None:
        return  # whether it was heard at all is a guess (`unheard`)
    if answer is _Owed.OBEYED:
        words = "a right card was put in, and the meter did not obey it"
        kind = FindingKind.GROUNDLESS_REFUSAL
        yield Statement(event.at_us, kind, "answer", None if served else words)
    elif answer is _Owed.REFUSED:
        words = "the meter obeyed a card that no meter may obey"
        kind = FindingKind.OBEYED_UNLAWFULLY
        yield Statement(event.at_us, kind, "answer", words if served else None)


# Money --------------------------------------------------------------------------------------------


@final
class Told(Forks):
    """What the first card said of a meter whose past nobody here knows."""

    def __init__(self, household: Household) -> None:
        self._known = household.image is None
        self._before = (0, 0)

    def wrong_loads(self, written: WrittenBack, promise: Promise) -> str | None:
        """Compare the loads that were accepted with those on the card."""
        if not self._known:
            self._known = True
            self._before = (
                written.accepted_cents - promise.loaded_cents,
                written.accepted_count - promise.load_count,
            )
        cents = written.accepted_cents - self._before[0]
        count = written.accepted_count - self._before[1]
        if cents != promise.loaded_cents:
            return f"accepted {cents} cents of {promise.loaded_cents} on the card"
        if count != promise.load_count:
            return f"accepted {count} loads of {promise.load_count} on the card"
        return None


def wrong_account(
    household: Household, written: WrittenBack, orders: Sequence[Promise], books: Books
) -> str | None:
    """Return what contradicts the exact account; the last of `orders` is the one in the meter.

    The energy used in a session is the tolerance.
    """
    work = WORK_US * max(household.load) * orders[-1].mwh_per_unit
    step = UEUR_PER_STEP if household.carrier is CardKind.MEMORY else 1  # it carries no more of it
    return wrong_balance(written.balance_ueur, orders[-1], books, work, step) or _wrong_energy(
        written, orders, books, work
    )


def _wrong_energy(
    written: WrittenBack, orders: Sequence[Promise], books: Books, work: int
) -> str | None:
    """Compare each energy register with its possible range, and all of them with the total use."""
    charged, postpaid, deferred = written.charged_wh, written.postpaid_wh, written.deferred_wh
    if charged is None or postpaid is None:
        return None
    for name, stated, least, most in (
        ("charged", charged, books.charged_least, books.charged_most),
        ("counted", charged + deferred + postpaid, books.used_least, books.used_most),
    ):
        low, high = max(0, least // _WH), -(-(most + work) // _WH)
        if not low <= stated <= high:
            return f"{name} {stated} Wh, expected {low} to {high}"
    if deferred and all(promise.defer_us is None for promise in orders):
        return f"{deferred} Wh deferred, and there was no deferral"
    if postpaid and all(promise.prepayment for promise in orders):
        return f"{postpaid} Wh to be paid afterwards, and prepayment was never off"
    if written.night_wh and not any(promise.pricing.bi_hourly for promise in orders):
        return f"{written.night_wh} Wh at night, and the night has no price of its own"
    return None


def _shown_balance(
    household: Household, event: Event, promise: Promise, books: Books
) -> Iterator[Statement]:
    """Compare the balance on the display, where it is fresh."""
    shown_cents = credit_said(event.shown) if event.what in LOOKED else None
    if shown_cents is not None:
        # Cents are cut off towards zero.
        work = WORK_US * max(household.load) * promise.mwh_per_unit + UEUR_PER_CENT * UEUR
        shown = books._replace(high=books.high + UEUR_PER_CENT * UEUR)
        wrong = wrong_balance(shown_cents * UEUR_PER_CENT, promise, shown, work, UEUR_PER_CENT)
        wrong = None if wrong is None else f"the display says {wrong}"
        yield Statement(event.at_us, FindingKind.WRONG_MONEY, "display", wrong)


# Dates --------------------------------------------------------------------------------------------


def _clocks(household: Household, event: Event, vouched: Vouched) -> Iterator[Statement]:
    """Compare the clock that a meter believes, where it must be right."""
    written = event.written
    if written is None or written.clock is None or not event.clock_trusted:
        return
    wrong = wrong_clock(written.clock, event.at_us, vouched.stated_us, household.model.zone)
    yield Statement(event.at_us, FindingKind.WRONG_CLOCK, "card", wrong)


def _order(promise: Promise) -> tuple[object, ...]:
    """Return an order without its load."""
    return (
        promise.kind,
        promise.defer_us,
        promise.cut_us,
        promise.limiter,
        promise.prepayment,
        promise.pricing,
        promise.mwh_per_unit,
    )


# Which answer is owed to each card: obeyed, refused, or nobody can say ----------------------------
#
# A right card is the household's newest, as an office without faults has written it for this
# model, before its expiry, in a meter whose clock can be right. Whose card is refused all the same
# has paid for nothing. A card of another household, an expired one and a replaced one are obeyed by
# no meter.


def _owed(
    household: Household, events: Sequence[Event], index: int, vouched: Vouched | None
) -> _Owed | None:
    """Return what the card of an event is owed, `None` if nobody can say.

    `vouched` is of a clock that must be right, `None` for one that need not be.
    """
    event = events[index]
    if event.visit is None or event.what not in _ANSWERS or household.image is not None:
        return None
    visit = household.visits[event.visit]
    if visit.kind is VisitKind.OTHERS_CARD:
        return _Owed.REFUSED
    if visit.kind is VisitKind.OLD_CARD:
        return _Owed.REFUSED if _successor_heard(household, events[:index]) else None
    if visit.kind is not VisitKind.INSERT or vouched is None:
        return None
    before = household.visits[: event.visit]
    expires_us = _card_after(household, before).expires_us
    if expires_us is not None and event.at_us >= expires_us:
        surely = event.at_us >= expires_us + 2 * vouched.within_us + WORK_US
        return _Owed.REFUSED if surely else None
    if not all(_as_it_should_be(order, household) for order in _desk_orders(before)):
        return None
    torn = any(
        other.what is What.POWER_LOST and other.at_us - event.at_us <= SITTING_US
        for other in events[index:]
    )
    return None if torn else _Owed.OBEYED


def _desk_orders(visits: Sequence[Visit]) -> Iterator[DeskOrder]:
    for visit in visits:
        if visit.desk is not None:
            yield visit.desk


def _card_after(household: Household, before: Sequence[Visit]) -> NewCard:
    """Return the card that the household has after these visits."""
    new = [order.new_card for order in _desk_orders(before) if order.new_card is not None]
    return new[-1] if new else household.first_card


def _successor_heard(household: Household, before: Sequence[Event]) -> bool:
    """Whether a newer card than the oldest was obeyed: it was put in after it was handed out."""
    handed_out = [visit.at_us for visit in household.visits
                  if visit.desk is not None and visit.desk.new_card is not None]  # fmt: skip
    newest = [
        event.at_us
        for event in before
        if event.what is What.CARD_SERVED
        and event.visit is not None
        and household.visits[event.visit].kind is VisitKind.INSERT
    ]
    return bool(handed_out and newest and max(newest) > max(handed_out))


def _as_it_should_be(order: DeskOrder, household: Household) -> bool:
    """Whether an office without faults wrote this, and for this model."""
    model = household.model
    keeps = not (order.limiter and not model.limiter_a)
    if order.tariff is not None and order.tariff.bi_hourly and model.night is None:
        keeps = False
    return keeps and order.fields is None and order.office_error_s <= _AHEAD_S

"""What is wrong with a meter apart from its supply: what it stated, charged, doubted or ignored."""

from collections.abc import Iterator, Sequence
from typing import Final

from card_protocol.card.image import CardKind
from card_protocol.formats.budget.compact import UEUR_PER_STEP
from card_protocol.timestamp import Civil
from meter_emu.units import HOUR_US, euro
from meter_emu.world.meter.events import Event, What, WrittenBack
from meter_emu.world.meter.times import us_to_civil
from meter_emu.world.rehearsal.account import UEUR, Books
from meter_emu.world.rehearsal.household import Household
from meter_emu.world.rehearsal.obligations import PromiseRow
from meter_emu.world.rehearsal.outcome import WORK_US, HouseholdFinding
from meter_emu.world.rehearsal.promise import Promise, promise_at
from meter_emu.world.rehearsal.verdicts import FindingKind
from meter_emu.zones import TimeZone

_WH: Final = 1000 * HOUR_US  # mWh per unit and rate-µs in a Wh


def wrong_account(
    household: Household, written: WrittenBack, orders: Sequence[Promise], books: Books
) -> str | None:
    """Return what contradicts the exact account; the last of `orders` is the one in the meter.

    The energy used in a session is the tolerance.
    """
    work = WORK_US * max(household.load) * orders[-1].mwh_per_unit
    wrong = (
        _wrong_balance(household, written, orders[-1], books, work)
        or _wrong_loads(written, orders[-1])
        or _wrong_energy(written, orders, books, work)
    )
    return None if wrong is None else household.model.measures.said(wrong)


def _wrong_balance(
    household: Household, written: WrittenBack, promise: Promise, books: Books, work: int
) -> str | None:
    low = (books.low - work * promise.pricing.price_ueur_per_wh) // UEUR
    if household.carrier is CardKind.MEMORY:
        low = low // UEUR_PER_STEP * UEUR_PER_STEP  # it carries no more of it
    high = -(-books.high // UEUR)
    if low <= written.balance_ueur <= high:
        return None
    return f"balance {euro(written.balance_ueur)}, want {euro(low)} to {euro(high)}"


def _wrong_loads(written: WrittenBack, promise: Promise) -> str | None:
    if written.accepted_cents != promise.loaded_cents:
        return f"accepted {written.accepted_cents} cents of {promise.loaded_cents} on the card"
    if written.accepted_count != promise.load_count:
        return f"accepted {written.accepted_count} loads of {promise.load_count} on the card"
    return None


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
            return f"{name} {stated} Wh, want {low} to {high}"
    if deferred and all(promise.defer_us is None for promise in orders):
        return f"{deferred} Wh deferred, and there was no deferral"
    if postpaid and all(promise.prepayment for promise in orders):
        return f"{postpaid} Wh to be paid afterwards, and prepayment was never off"
    if written.night_wh and not any(promise.pricing.bi_hourly for promise in orders):
        return f"{written.night_wh} Wh at night, and the night has no price of its own"
    return None


def findings_of(
    household: Household, row: PromiseRow, events: Sequence[Event]
) -> tuple[HouseholdFinding, ...]:
    """Return the first finding of each kind, in time order; for wrong displays the first T2 too."""
    found: dict[tuple[FindingKind, bool], HouseholdFinding] = {}
    for one in sorted(_all(household, row, events), key=lambda finding: finding.from_us):
        found.setdefault((one.kind, one.stated_cut is not None), one)
    return tuple(found.values())


def _all(
    household: Household, row: PromiseRow, events: Sequence[Event]
) -> Iterator[HouseholdFinding]:
    for at_us, words in row.doubts:
        yield HouseholdFinding(kind=FindingKind.GROUNDLESS_DOUBT, from_us=at_us, words=words)
    if row.unpaid_us is not None:
        words = "the credit is used up, and the household is not cut for it"
        yield HouseholdFinding(kind=FindingKind.WRONG_MONEY, from_us=row.unpaid_us, words=words)
    number, before = household.age.order_number, row.orders[0]
    for event, books in zip(events, row.books, strict=False):
        stated = event.what is What.CARD_SERVED and event.understood is not None
        if not stated:
            continue
        promise = promise_at(row.orders, event.at_us)
        yield from _wrong_display(event, promise, household.model.zone)
        if event.written is None or household.image is not None:
            continue  # what stood in an image is not known
        so_far = [order for order in row.orders if order.from_us <= event.at_us]
        wrong = wrong_account(household, household.age.since(event.written), so_far, books)
        if wrong is not None:
            yield HouseholdFinding(kind=FindingKind.WRONG_MONEY, from_us=event.at_us, words=wrong)
        if _order(promise) != _order(before) and event.written.order_number <= number:
            words = f"a new order was put in, and the card still names order {number}"
            yield HouseholdFinding(kind=FindingKind.SILENT_ORDER, from_us=event.at_us, words=words)
        number, before = event.written.order_number, promise


def _wrong_display(event: Event, promise: Promise, zone: TimeZone) -> Iterator[HouseholdFinding]:
    assert event.understood is not None, "only a write-back states ends"
    for name, us, stated in zip(
        ("T1", "T2"), (promise.defer_us, promise.cut_us), event.understood, strict=True
    ):
        if us is not None and us <= event.at_us:
            continue  # it has come: its display no longer misleads
        want = None if us is None else us_to_civil(us, zone)
        if stated != want:
            yield HouseholdFinding(
                kind=FindingKind.WRONG_DISPLAY,
                from_us=event.at_us,
                words=f"announced {name} {_said(want)}, and the meter stated {_said(stated)}",
                stated_cut=(stated,) if name == "T2" else None,
            )


def _said(when: Civil | None) -> str:
    return "none" if when is None else str(when)


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

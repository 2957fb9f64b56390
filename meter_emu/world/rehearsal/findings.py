"""What is wrong with a meter next to its supply: what it stated, charged, doubted, and ignored."""

from collections.abc import Iterator, Sequence

from card_protocol.timestamp import Civil
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.times import us_to_civil
from meter_emu.world.rehearsal.household import Household
from meter_emu.world.rehearsal.obligations import PromiseRow
from meter_emu.world.rehearsal.outcome import HomeFinding
from meter_emu.world.rehearsal.promise import Told, in_force_at
from meter_emu.world.rehearsal.stated_account import wrong_account
from meter_emu.world.rehearsal.verdicts import FindingKind
from meter_emu.zones import TimeZone


def findings_of(
    household: Household, row: PromiseRow, events: Sequence[Event]
) -> tuple[HomeFinding, ...]:
    """Return the first finding of each kind, in time order; of wrong displays the first T2 too."""
    found: dict[tuple[FindingKind, bool], HomeFinding] = {}
    for one in sorted(_all(household, row, events), key=lambda finding: finding.from_us):
        found.setdefault((one.kind, one.stated_cut is not None), one)
    return tuple(found.values())


def _all(household: Household, row: PromiseRow, events: Sequence[Event]) -> Iterator[HomeFinding]:
    for at_us, words in row.doubts:
        yield HomeFinding(kind=FindingKind.GROUNDLESS_DOUBT, from_us=at_us, words=words)
    if row.unpaid_us is not None:
        words = "the credit is used up, and the home is not cut for it"
        yield HomeFinding(kind=FindingKind.WRONG_MONEY, from_us=row.unpaid_us, words=words)
    number, before = 0, row.orders[0]
    for event, books in zip(events, row.books, strict=False):
        stated = event.what is What.CARD_SERVED and event.understood is not None
        if not stated or books.lost_track:
            continue
        told = in_force_at(row.orders, event.at_us)
        yield from _wrong_display(event, told, household.model.zone)
        if event.written is None or household.image is not None:
            continue  # what stood in an image is not known
        so_far = [order for order in row.orders if order.from_us <= event.at_us]
        wrong = wrong_account(household, event.written, so_far, books)
        if wrong is not None:
            yield HomeFinding(kind=FindingKind.WRONG_MONEY, from_us=event.at_us, words=wrong)
        if _order(told) != _order(before) and event.written.order_number <= number:
            words = f"a new order was put in, and the card still names order {number}"
            yield HomeFinding(kind=FindingKind.SILENT_ORDER, from_us=event.at_us, words=words)
        number, before = event.written.order_number, told


def _wrong_display(event: Event, told: Told, zone: TimeZone) -> Iterator[HomeFinding]:
    assert event.understood is not None, "only a write-back states ends"
    for name, us, stated in zip(
        ("T1", "T2"), (told.defer_us, told.cut_us), event.understood, strict=True
    ):
        if us is not None and us <= event.at_us:
            continue  # it has come: what is shown of it no longer misleads
        want = None if us is None else us_to_civil(us, zone)
        if stated != want:
            yield HomeFinding(
                kind=FindingKind.WRONG_DISPLAY,
                from_us=event.at_us,
                words=f"told {name} {_said(want)}, and the meter stated {_said(stated)}",
                stated_cut=(stated,) if name == "T2" else None,
            )


def _said(when: Civil | None) -> str:
    return "none" if when is None else str(when)


def _order(told: Told) -> tuple[object, ...]:
    """Return what an order says; a load is none."""
    return (
        told.kind,
        told.defer_us,
        told.cut_us,
        told.limiter,
        told.prepayment,
        told.pricing,
        told.mwh_per_unit,
    )

"""The table of a rehearsal: households that differ in nothing but name and minute are one row.

Only rows and counts are kept, so its size goes with the kinds of household, not with their number.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from meter_emu.cli.output import WIDTH_MAX
from meter_emu.units import decimal
from meter_emu.world.meter.failure import Failure
from meter_emu.world.meter.times import us_to_iso, us_to_legal
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.household import DeskOrder, Household, VisitKind
from meter_emu.world.rehearsal.knowledge import clock_within_bound
from meter_emu.world.rehearsal.outcome import Outcome
from meter_emu.world.rehearsal.verdict import (
    cut_before_announced,
    expected,
)
from meter_emu.world.rehearsal.verdicts import GOOD, Verdict

_NOTHING: Final = "-"
_NOTED_MAX: Final = 50  # ours: more different facts than that are no table


@dataclass(slots=True)
class HouseholdRow:
    """Households that differ in nothing but name and minute."""

    first: Household
    outcome: Outcome
    count: int = 0
    unexpected: int = 0
    cuts_us: list[int] = field(default_factory=list)  # the first and the last

    def add(self, household: Household, outcome: Outcome) -> None:
        """Take one more in."""
        self.count += 1
        self.unexpected += not expected(outcome, household)
        if outcome.cut_us is not None:
            cuts_us = [*self.cuts_us, outcome.cut_us]
            self.cuts_us = sorted({min(cuts_us), max(cuts_us)})


@dataclass(slots=True)
class _Noted:
    """One fact that was found at several homes: where first, since when at the earliest."""

    first_id: str
    since_us: int
    count: int = 0


class ResultTable:
    """What the table will say."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self._rows: dict[tuple[str, Verdict, int | None, str], HouseholdRow] = {}
        self._counts: Counter[Verdict] = Counter()
        self._noted: dict[str, _Noted] = {}
        self._unnoted = 0

    def add(self, household: Household, outcome: Outcome) -> None:
        """Take in one household."""
        self._counts[outcome.verdict] += 1
        key = (household.kind, outcome.verdict, outcome.announced_us, outcome.build)
        self._rows.setdefault(key, HouseholdRow(household, outcome)).add(household, outcome)
        if outcome.wrong_display is not None:
            since_us, shown = outcome.wrong_display
            said = "no cut" if shown is None else f"a cut at {shown}"
            self._note(household, f"the display has said {said}", since_us)
        for finding in outcome.findings:
            if finding.stated_cut is None:
                self._note(household, f"{finding.kind.value}: {finding.words}", finding.from_us)

    def _note(self, household: Household, fact: str, since_us: int) -> None:
        """Keep a fact with the homes it was found at; many different ones are only counted."""
        if fact not in self._noted and len(self._noted) >= _NOTED_MAX:
            self._unnoted += 1
            return
        noted = self._noted.setdefault(fact, _Noted(household.id, since_us))
        noted.count += 1
        if since_us < noted.since_us:
            noted.first_id, noted.since_us = household.id, since_us

    @property
    def summary(self) -> dict[str, int]:
        """How often each verdict came, in their order."""
        return {verdict.value: self._counts[verdict] for verdict in Verdict}

    @property
    def unexpected(self) -> int:
        """How many households did not fare as expected."""
        return sum(row.unexpected for row in self._rows.values())

    def show(self, console: Console) -> None:
        """Print the table, the counts and the wrong displays."""
        console.print(Text(self._campaign.name, style="bold"))
        for told in self._campaign.all_announced:
            console.print(Text(told.in_words))
        table = Table(
            box=box.SIMPLE_HEAD,
            padding=(0, 1, 0, 0),
            show_edge=False,
            expand=True,
            width=min(console.width, WIDTH_MAX),
        )
        table.add_column("household", ratio=1, overflow="fold")
        for name in ("announced", "on the card", "cut at"):
            table.add_column(name, max_width=18)
        table.add_column("verdict", no_wrap=True)
        for row in self._rows.values():
            table.add_row(*self._cells(row))
        console.print(table)
        counts = ", ".join(f"{name} {count}" for name, count in self.summary.items() if count)
        broken = self.unexpected
        total = sum(self._counts.values())
        console.print(Text(f"\n{total} household{'s' if total != 1 else ''}: {counts}"))
        console.print(
            Text(f"{broken} not as expected", style="bold red")
            if broken
            else Text("every promise kept", style="green")
        )
        for row in self._rows.values():
            if cut_before_announced(row.outcome, row.first):
                console.print(self._own_date(row))
            if row.outcome.failure is not None:
                console.print(self._failure(row, row.outcome.failure))
        for fact, noted in self._noted.items():
            who = noted.first_id if noted.count == 1 else f"{noted.count} homes"
            since = self._short(noted.since_us)
            console.print(Text(f"{who}: {fact} since {since}", style="yellow"))
        if self._unnoted:
            console.print(Text(f"and {self._unnoted} findings in other words", style="yellow"))

    def _cells(self, row: HouseholdRow) -> tuple[Text, str, str, str, Text]:
        home, outcome = row.first, row.outcome
        name = home.id if row.count == 1 else f"{home.id} and {row.count - 1} more"
        who = Text.assemble((name, "bold"), "\n", home.kind)
        if not clock_within_bound(home, self._campaign.start_us, self._campaign.end_us):
            who.append(" (clock beyond its bound: outside the promise)", style="yellow")
        good = row.unexpected == 0
        style = "green" if outcome.verdict in GOOD else "yellow" if good else "bold red"
        return (
            who,
            self._short(outcome.announced_us),
            "\n".join(self._carried(home)) or _NOTHING,
            "\nto ".join(self._short(us) for us in row.cuts_us) or _NOTHING,
            Text(outcome.verdict.value, style=style),
        )

    def _carried(self, home: Household) -> Iterator[str]:
        """Yield what each order on the card said, a line each."""
        for visit in home.visits:
            if visit.kind is VisitKind.DESK and visit.desk is not None:
                yield ", ".join(self._words(visit.desk))

    def _words(self, order: DeskOrder) -> Iterator[str]:
        if order.new_card is not None:
            until_us = order.new_card.expires_us
            yield "new card" if until_us is None else f"card until {self._short(until_us)}"
        if order.cut_us is not None and order.cut_us == order.defer_us:
            yield f"T1 T2 {self._short(order.cut_us)}"
        else:
            if order.defer_us is not None:
                yield f"T1 {self._short(order.defer_us)}"
            if order.cut_us is not None:
                yield f"T2 {self._short(order.cut_us)}"
        if order.reactivate:
            yield "reactivation"
        if order.load_cents:
            yield f"{decimal(order.load_cents, 100).removesuffix('.00')} EUR"
        if order.prepayment is not None:
            yield f"prepayment {'on' if order.prepayment else 'off'}"
        if order.limiter is not None:
            yield f"limiter {'on' if order.limiter else 'off'}"
        if order.tariff is not None:
            yield f"tariff {order.tariff.number}"

    def _failure(self, row: HouseholdRow, failure: Failure) -> Text:
        many = "" if row.count == 1 else f", and {row.count - 1} more of the kind"
        shown = failure.clock or "no time"
        said = f"{row.first.id}: {failure.why}, at {us_to_iso(failure.at_us, self._campaign.zone)}"
        calls = f"; last calls: {', '.join(failure.calls)}" if failure.calls else ""
        return Text(f"{said}, its clock chip at {shown}{calls}{many}", style="yellow")

    def _own_date(self, row: HouseholdRow) -> Text:
        many = "" if row.count == 1 else f" and {row.count - 1} more"
        own = self._short(row.outcome.announced_us)
        return Text(
            f"{row.first.id}{many}: still ordered to be cut at {own}, before what was announced",
            style="yellow",
        )

    def _short(self, us: int | None) -> str:
        return _NOTHING if us is None else _short(us, self._campaign.zone)


def _short(us: int, zone: ZoneInfo) -> str:
    legal = us_to_legal(us, zone)
    return f"{legal.day} {legal:%b %H:%M}"

"""`rehearse CAMPAIGN`: run a campaign on emulated meters and show who is cut when, and as promised?

Households are run and forgotten, only rows of the table and counts are kept: households that differ
in nothing but name and the minute of the cut are one row.
"""

import os
import sys
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO
from multiprocessing import get_context
from signal import SIG_IGN, SIGINT, signal
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

import click
import msgspec
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from card_protocol.timestamp import Civil
from meter_emu.cli.output import STDOUT, write_atomically
from meter_emu.errors import MeterEmuError
from meter_emu.resources import find
from meter_emu.world.build import parse_build
from meter_emu.world.campaign import Campaign, DeskOrder, Household, VisitKind, load_campaign
from meter_emu.world.engine import run_meter
from meter_emu.world.events import Event
from meter_emu.world.outcome import Outcome, Verdict
from meter_emu.world.times import us_to_iso, us_to_legal
from meter_emu.world.verdict import GOOD, clock_within_bound, expected, judge

EXIT_AS_EXPECTED: Final = 0
EXIT_PROMISE_BROKEN: Final = 1
NOTHING: Final = "-"
BATCH: Final = 16  # ours: households a worker takes at once; a fraction of a second of work
ALONE_MAX: Final = 64  # ours: up to here starting workers costs more than they save
TABLE_WIDTH_MAX: Final = 120  # ours: wider lines are hard to follow

Seen: TypeAlias = tuple[Outcome, list[Event]]


@click.command()
@click.argument("campaign")
@click.option("--json", "json_to", metavar="FILE", help="Write the result as JSON; - for stdout.")
@click.option("--events", is_flag=True, help="Show each meter's event log, also in the JSON.")
@click.option("--build", metavar="BUILD", help="Run this build, whatever the campaign says.")
@click.option("--seed", type=click.IntRange(min=0), help="Draw copies and phases from this seed.")
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes; default one a CPU.")
def rehearse(
    campaign: str,
    *,
    json_to: str | None,
    events: bool,
    build: str | None,
    seed: int | None,
    jobs: int | None,
) -> int:
    """Run CAMPAIGN, a file or a built-in name, and judge every household by what it was told.

    Exit status: 0 all as expected, 1 a promise broken.
    """
    resolved = load_campaign(find("campaigns", campaign), seed=seed, build=build)
    for name in sorted({household.build for household in resolved.households}):
        parse_build(name)
    to_stdout = json_to == STDOUT
    console = Console(highlight=False)
    report = Report(resolved)
    sink = BytesIO()
    stream = JsonStream(resolved, sys.stdout.buffer.write if to_stdout else sink.write)
    if json_to is not None:
        stream.open()
    runs = _run(resolved, jobs=jobs or os.cpu_count() or 1, events=events)
    total = len(resolved.households)
    with closing(runs), _progress(total, shown=not (events or to_stdout)) as step:
        for household, (outcome, seen) in zip(resolved.households, runs, strict=True):
            report.add(household, outcome)
            if json_to is not None:
                stream.meter(outcome, seen if events else None)
            if events and not to_stdout:
                console.print(_log(household, outcome, seen, resolved.zone), soft_wrap=True)
            step()
    if json_to is not None:
        stream.close(report.summary)
    if json_to is not None and not to_stdout:
        write_atomically(json_to, sink.getvalue())
    if not to_stdout:
        report.show(console)
    return EXIT_PROMISE_BROKEN if report.unexpected else EXIT_AS_EXPECTED


def _run(campaign: Campaign, *, jobs: int, events: bool) -> Generator[Seen, None, None]:
    """Yield what became of each household, in their order, however many processes work on it."""
    alone = replace(campaign, households=())
    households = campaign.households
    batches = (households[at : at + BATCH] for at in range(0, len(households), BATCH))
    if jobs == 1 or len(households) <= ALONE_MAX:
        for household in households:
            yield _rehearse(household, alone, events=events)
        return
    pool = ProcessPoolExecutor(
        jobs, get_context("spawn"), initializer=signal, initargs=(SIGINT, SIG_IGN)
    )
    waiting: deque[Future[list[Seen] | MeterEmuError]] = deque()
    try:
        for batch in batches:
            waiting.append(pool.submit(_rehearse_batch, batch, alone, events=events))
            if len(waiting) > 2 * jobs:
                yield from _unpacked(waiting.popleft().result())
        while waiting:
            yield from _unpacked(waiting.popleft().result())
    finally:
        pool.shutdown(cancel_futures=True)


def _unpacked(result: list[Seen] | MeterEmuError) -> list[Seen]:
    if isinstance(result, MeterEmuError):
        raise result
    return result


def _rehearse_batch(
    households: Sequence[Household], campaign: Campaign, *, events: bool
) -> list[Seen] | MeterEmuError:
    """Run households in a worker; a mistake goes home as a value, in words only."""
    try:
        return [_rehearse(household, campaign, events=events) for household in households]
    except MeterEmuError as error:
        return MeterEmuError(str(error))


def _rehearse(household: Household, campaign: Campaign, *, events: bool) -> Seen:
    seen = run_meter(household, campaign)
    return judge(household, campaign, seen), seen if events else []


@contextmanager
def _progress(total: int, *, shown: bool) -> Iterator[Callable[[], None]]:
    """Give a step to call after each household; a bar on stderr where somebody may watch it."""
    console = Console(stderr=True)
    columns = (
        TextColumn("rehearsing"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    visible = shown and console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=not visible) as progress:
        task = progress.add_task("", total=total)
        yield lambda: progress.advance(task)


class JsonStream:
    """Writes the result meter by meter, one a line, so that its size does not matter."""

    def __init__(self, campaign: Campaign, write: Callable[[bytes], object]) -> None:
        self._campaign = campaign
        self._write = write
        self._first = True

    def open(self) -> None:
        """Write the head."""
        head = (self._campaign.name, self._campaign.zone_name, self._campaign.seed)
        name, zone, seed = (msgspec.json.encode(value) for value in head)
        self._write(b'{"campaign": %b, "zone": %b, "seed": %b, "meters": [' % (name, zone, seed))

    def meter(self, outcome: Outcome, events: Sequence[Event] | None) -> None:
        """Write one meter; `events` only when they are wanted."""
        row: dict[str, Any] = {
            "id": outcome.id,
            "energy": outcome.energy,
            "model": outcome.model,
            "firmware": outcome.build,
            "announced": self._iso(outcome.announced_us),
            "cut_at": self._iso(outcome.cut_us),
            "verdict": outcome.verdict.value,
        }
        if events is not None:
            row["events"] = [self._event(event) for event in events]
        self._write((b"\n" if self._first else b",\n") + msgspec.json.encode(row))
        self._first = False

    def close(self, summary: dict[str, int]) -> None:
        """Write the counts and the end."""
        self._write(b'\n], "summary": %b}\n' % msgspec.json.encode(summary))

    def _event(self, event: Event) -> dict[str, Any]:
        understood = None
        if event.understood is not None:
            names = ("defer_until", "cut_at")
            understood = {
                name: None if when is None else str(when)
                for name, when in zip(names, event.understood, strict=True)
            }
        return {
            "at": self._iso(event.at_us),
            "what": event.what.value,
            "shown": event.shown,
            "detail": event.detail,
            "understood": understood,
            "clock_trusted": event.clock_trusted,
        }

    def _iso(self, us: int | None) -> str | None:
        return None if us is None else us_to_iso(us, self._campaign.zone)


@dataclass(slots=True)
class Row:
    """Households that differ in nothing but name and minute."""

    first: Household
    outcome: Outcome
    count: int = 0
    unexpected: int = 0
    cuts_us: list[int] = field(default_factory=list)  # the first and the last
    wrong_displays: int = 0
    wrong_display: tuple[int, Civil | None] | None = None

    def add(self, household: Household, outcome: Outcome) -> None:
        """Take one more in."""
        self.count += 1
        self.unexpected += not expected(outcome, household)
        if outcome.cut_us is not None:
            cuts_us = [*self.cuts_us, outcome.cut_us]
            self.cuts_us = sorted({min(cuts_us), max(cuts_us)})
        if outcome.wrong_display is not None:
            self.wrong_displays += 1
            if self.wrong_display is None or outcome.wrong_display[0] < self.wrong_display[0]:
                self.wrong_display = outcome.wrong_display


class Report:
    """What the table will say."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self._rows: dict[tuple[str, Verdict, int | None, str], Row] = {}
        self._counts: Counter[Verdict] = Counter()

    def add(self, household: Household, outcome: Outcome) -> None:
        """Take in one household."""
        self._counts[outcome.verdict] += 1
        key = (household.kind, outcome.verdict, outcome.announced_us, outcome.build)
        self._rows.setdefault(key, Row(household, outcome)).add(household, outcome)

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
        announced = self._campaign.announced
        console.print(Text(self._campaign.name, style="bold"))
        console.print(Text(announced.text or f"announced: {announced.cut_at}"))
        table = Table(
            box=box.SIMPLE_HEAD,
            padding=(0, 1, 0, 0),
            show_edge=False,
            expand=True,
            width=min(console.width, TABLE_WIDTH_MAX),
        )
        table.add_column("household", ratio=1)
        for name in ("announced", "on the card", "cut at"):
            table.add_column(name, max_width=18)
        table.add_column("verdict", no_wrap=True)
        for row in self._rows.values():
            table.add_row(*self._cells(row))
        console.print(table)
        counts = ", ".join(f"{name} {count}" for name, count in self.summary.items() if count)
        broken = self.unexpected
        console.print(Text(f"\n{sum(self._counts.values())} households: {counts}"))
        console.print(
            Text(f"{broken} not as expected", style="bold red")
            if broken
            else Text("every promise kept", style="green")
        )
        for row in self._rows.values():
            if row.wrong_display is not None:
                console.print(self._wrong_display(row, *row.wrong_display))

    def _cells(self, row: Row) -> tuple[Text, str, str, str, Text]:
        home, outcome = row.first, row.outcome
        name = home.id if row.count == 1 else f"{home.id} and {row.count - 1} more"
        who = Text.assemble((name, "bold"), "\n", home.kind)
        if not clock_within_bound(home, self._campaign.announced.cut_us):
            who.append(" (clock beyond its bound: outside the promise)", style="yellow")
        good = row.unexpected == 0
        style = "green" if outcome.verdict in GOOD else "yellow" if good else "bold red"
        return (
            who,
            self._short(outcome.announced_us),
            "\n".join(self._carried(home)) or NOTHING,
            "\nto ".join(self._short(us) for us in row.cuts_us) or NOTHING,
            Text(outcome.verdict.value, style=style),
        )

    def _carried(self, home: Household) -> Iterator[str]:
        """Yield what each order on the card said, a line each."""
        for visit in home.visits:
            if visit.kind is VisitKind.DESK and visit.desk is not None:
                yield ", ".join(self._words(visit.desk))

    def _words(self, order: DeskOrder) -> Iterator[str]:
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
            euro, cents = divmod(order.load_cents, 100)
            yield f"{euro}.{cents:02} EUR" if cents else f"{euro} EUR"
        if order.prepayment is not None:
            yield f"prepayment {'on' if order.prepayment else 'off'}"
        if order.limiter is not None:
            yield f"limiter {'on' if order.limiter else 'off'}"
        if order.tariff is not None:
            yield f"tariff {order.tariff[0]}"

    def _wrong_display(self, row: Row, from_us: int, shown: Civil | None) -> Text:
        many = "" if row.wrong_displays == 1 else f" and {row.wrong_displays - 1} more"
        said = "no cut" if shown is None else f"a cut at {shown}"
        return Text(
            f"{row.first.id}{many}: the display has said {said} since {self._short(from_us)}",
            style="yellow",
        )

    def _short(self, us: int | None) -> str:
        return NOTHING if us is None else _short(us, self._campaign.zone)


def _short(us: int, zone: ZoneInfo) -> str:
    legal = us_to_legal(us, zone)
    return f"{legal.day} {legal:%b %H:%M}"


def _log(household: Household, outcome: Outcome, events: Sequence[Event], zone: ZoneInfo) -> Text:
    """Return one meter's events, each with what the meter showed."""
    log = Text.assemble(
        (f"{household.id}  ", "bold"), household.kind, f"  {outcome.verdict.value}\n"
    )
    for event in events:
        clock = "" if event.clock_trusted else "  (clock not trusted)"
        said = "  ".join(part for part in (event.detail, event.shown) if part)
        log.append(f"  {us_to_legal(event.at_us, zone):%Y-%m-%d %H:%M:%S}  ")
        log.append(f"{event.what.value:<12}  {said}{clock}\n")
    return log

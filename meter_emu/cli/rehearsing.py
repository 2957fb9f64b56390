"""`rehearse CAMPAIGN`: run a campaign on emulated meters; who is supplied, and as announced?

Households are run, shown and forgotten: nothing here grows with their number.

As JSON the result is written meter by meter. The keys and their order are fixed; instants are ISO
8601 with offset, or null. Nothing in it depends on when or on how many processes it was made: the
same seed gives the same bytes. The page of `--report DIR` is DIR/index.html, whole or not at all.
"""

import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import click
import msgspec
from rich.console import Console
from rich.text import Text

from card_protocol import __version__
from meter_emu.cli.clustered import cluster_at
from meter_emu.cli.exits import EXIT_FOUND, EXIT_OK, see_checked
from meter_emu.cli.junit import JUnitCase, write_junit
from meter_emu.cli.names import speak
from meter_emu.cli.output import (
    STDOUT,
    Write,
    atomic_writer,
    json_escaped,
    made_folder,
    say_written,
)
from meter_emu.cli.printed.rehearsed import (
    RehearsedJson,
    answer_shown,
    meter_shown,
    sample_shown,
)
from meter_emu.cli.progress import watched
from meter_emu.cli.replayed import campaign_digest, chosen_campaign, witnessing
from meter_emu.cli.table import ResultTable
from meter_emu.cli.trusting import check_builds
from meter_emu.languages.speech import ENGLISH, Later, later, said, speaking
from meter_emu.report.facts import Collector, Made
from meter_emu.resources import built_in, find
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.judge.answer import HouseholdCounts, lived_in_words
from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.judge.phrases import households
from meter_emu.world.judge.verdicts import LIVED_GOOD, Verdict
from meter_emu.world.meter.events import Event
from meter_emu.world.meter.times import us_to_legal
from meter_emu.world.rehearsal.checkpoint import Checkpoint
from meter_emu.world.rehearsal.fleet import rehearse_all
from meter_emu.world.rehearsal.sample import Sample, sampled
from meter_emu.zones import TimeZone


class JsonStream:
    """Writes the head, then meter by meter, one a line, so that its size does not matter."""

    def __init__(
        self, campaign: Campaign, write: Write, notes: Sequence[Later], *, events: bool
    ) -> None:
        self._zone = campaign.zone
        self._write = write
        self._notes: Final = notes
        self._events = events
        self._first = True
        self._whole = RehearsedJson(
            campaign=campaign.name,
            zone=campaign.zone.key,
            seed=campaign.seed,
            meters=(),
            answer=None,
            notes=(),
            summary={},
        )
        head, _ = self._around()
        self._write(head + b'"meters":[')

    @speaking(ENGLISH)
    def meter(self, household: Household, outcome: Outcome, events: Sequence[Event]) -> None:
        """Write one meter, with its events if they are wanted."""
        row = meter_shown(household, outcome, events if self._events else None, self._zone)
        self._write((b"\n" if self._first else b",\n") + json_escaped(msgspec.json.encode(row)))
        self._first = False

    @speaking(ENGLISH)
    def close(
        self, counts: HouseholdCounts, summary: dict[str, int], sample: Sample | None
    ) -> None:
        """Write the answer and the counts, of a sample what it cannot speak for, and the end."""
        self._whole.answer = answer_shown(counts, self._zone)
        self._whole.notes = (*map(str, self._notes), *counts.answer.notes)
        self._whole.summary = summary
        if sample is not None:
            self._whole.sample = sample_shown(sample)
        _, tail = self._around()
        self._write(b"\n]" + tail + b"\n")

    def _around(self) -> tuple[bytes, bytes]:
        """Return what comes before the meters and after; a quote in a text is never bare."""
        head, _, tail = json_escaped(msgspec.json.encode(self._whole)).partition(b'"meters":[]')
        return head, tail


_PAGE: Final = "index.html"


def page_in(folder: str) -> Path:
    """Return the file that the page in a folder is."""
    return Path(folder) / _PAGE


def made_by(
    campaign: str,
    notes: Sequence[Later] = (),
    *,
    build: str | None = None,
    model: str | None = None,
    seed: int | None = None,
    household: str | None = None,
    sample: int | None = None,
) -> Made:
    """Return what the page says of its making.

    The command has what the result depends on, a file by its name alone: where it lies, and how
    many processes work, makes no other page. Raise `ConfigError` when the file cannot be read.
    """
    path = find("campaigns", campaign)
    words = [path.stem if path in built_in("campaigns").values() else path.name]
    words += _options(build=build, model=model and Path(model).name, seed=seed)
    one = [] if household is None else ["--household", household]
    one += [] if sample is None else ["--sample", str(sample)]
    rehearse = ["meter-emu", "rehearse", *words]
    return Made(
        __version__,
        command=shlex.join([*rehearse, *one]),
        one_household=shlex.join([*rehearse, "--household", "ID", "--report", "DIR"]),
        lived=""
        if model is not None
        else shlex.join(["meter-emu", "run", *words, "--household", "ID", "--web"]),
        sha256=campaign_digest(campaign),
        notes=tuple(notes),
    )


def _redo(campaign: str, build: str | None, model: str | None, seed: int | None) -> str:
    options = _options(build=build, model=model, seed=seed)
    return shlex.join(["meter-emu", "rehearse", campaign, *options])


def _options(**given: str | int | None) -> list[str]:
    """Return the options that what a household lives depends on, as they are typed."""
    there = {name: value for name, value in given.items() if value is not None}
    return [word for name, value in there.items() for word in (f"--{name}", str(value))]


@contextmanager
def report_in(folder: str | None, campaign: Campaign, made: Made) -> Iterator[Collector | None]:
    """Give what takes in the households for a page in `folder`, written when the block ends.

    Folder and file are made at once, so that a long run does not end in a refusal; without a folder
    there is no page. Raise `OutputError` when either cannot be made.
    """
    if folder is None:
        yield None
        return
    made_folder(folder)
    with atomic_writer(page_in(folder)) as write:
        seen = Collector(campaign, made)
        yield seen
        from meter_emu.report.page import render

        write(render(seen).encode())


def rehearse(
    campaign: str,
    *,
    json_to: str | None,
    report_to: str | None,
    events: bool,
    verbose: bool,
    build: str | None,
    model: str | None,
    seed: int | None,
    household: str | None,
    strict: bool,
    trust_builds: bool,
    sample: int | None,
    stop_at_first: bool,
    census: bool,
    trace_to: str | None,
    junit_file: str | None,
    language: str | None,
    jobs: int | None,
    address: str | None,
) -> int:
    """Do what `rehearse` asks; see its declaration."""
    whole = chosen_campaign(campaign, seed=seed, build=build, model=model, household=household)
    check_builds(campaign, whole.builds, typed=build, trusted=trust_builds)
    speak(language or whole.language)
    resolved, drawn = (whole, None) if sample is None else sampled(whole, sample)
    table, cases = ResultTable(resolved, drawn, notes := _notes(whole)), list[JUnitCase]()
    console, again = Console(highlight=False), _redo(campaign, build, model, seed)
    files, show_log = _files(json_to, report_to, stop=stop_at_first), events and json_to != STDOUT
    bar = not ((show_log or json_to == STDOUT) and console.file.isatty())
    with ExitStack() as stack:
        cluster = stack.enter_context(cluster_at(address, jobs=jobs, trace=trace_to))
        page = stack.enter_context(report_in(report_to, resolved, made_by(campaign, notes,
            build=build, model=model, seed=seed, household=household, sample=sample)))  # fmt: skip
        witness_of = stack.enter_context(witnessing(trace_to, campaign, model, resolved))
        sink = stack.enter_context(_sink(json_to, kept := _kept(json_to)))
        run = partial(rehearse_all, resolved, jobs=jobs, cluster=cluster, checkpoint=kept, say=_say)
        runs = run(events=events or bool(report_to), witness_of=witness_of, census=census)
        stream = JsonStream(resolved, sink, notes, events=events)
        takers = _takers(page, stream, console if show_log else None, resolved.zone)
        step = stack.enter_context(_progress(len(resolved.households), shown=bar, files=files))
        for one, outcome, seen in stack.enter_context(closing(runs)):
            good = table.add(one, outcome)
            step(table.answer.total, table.so_far)  # before it is printed: it counts as done
            for taking in takers:
                taking(one, outcome, seen)
            if junit_file is not None:
                cases.append(_as_case(outcome, good=good))
            if stop_at_first and not good:
                break
        notes += _stopped(table.answer.total, len(resolved.households))
        stream.close(table.answer, table.summary, drawn)
    if json_to != STDOUT:
        table.show(console, every=verbose, again=again)
    return _ended(campaign, table, files, cases, junit_file, strict=strict)


def _stopped(run: int, of: int) -> list[Later]:
    """Return the note that not all households were run, if not all were."""
    if run == of:
        return []
    return [
        later(
            "stopped at the first that is not as expected: {run} of {total} households were run",
            run=run,
            total=of,
        )
    ]


def _ended(
    campaign: str,
    table: ResultTable,
    files: Sequence[str],
    cases: Sequence[JUnitCase],
    junit_file: str | None,
    *,
    strict: bool,
) -> int:
    """Write the cases if they are wanted, say what was written, and return the exit status."""
    _write_cases(junit_file, campaign, cases, table)
    say_written(*files)
    see_checked(campaign, table.nothing_run)
    return EXIT_FOUND if table.found(strict=strict) else EXIT_OK


def _kept(json_to: str | None) -> Checkpoint | None:
    """Return what keeps the outcomes of a long rehearsal next to the file they are written to."""
    if json_to in {None, STDOUT}:
        return None
    return Checkpoint(Path(f"{json_to}.checkpoint"), _say)


def _say(words: str) -> None:
    click.echo(f"meter-emu: {words}", err=True)


@speaking(ENGLISH)
def _write_cases(
    path: str | None, campaign: str, cases: Sequence[JUnitCase], table: ResultTable
) -> None:
    if path is not None:
        write_junit(path, "rehearse", Path(campaign).stem, cases, table.answer.answer.said)


@speaking(ENGLISH)
def _as_case(outcome: Outcome, *, good: bool) -> JUnitCase:
    """Return a household as a test case; one that was not run is skipped, and not passed."""
    if outcome.verdict is Verdict.NOT_COVERED:
        assert outcome.failure is not None, "it says what is not covered"
        return JUnitCase(outcome.id, skipped=outcome.failure.why)
    words = [] if outcome.lived.verdict in LIVED_GOOD else [lived_in_words(outcome)]
    words += [breach.in_words for breach in outcome.breaches]
    words += [finding.words for finding in outcome.findings]
    why = "" if good else f"{outcome.verdict.value}: {words[0] if words else 'not as expected'}"
    return JUnitCase(outcome.id, why=why, details="\n".join(words))


def _notes(campaign: Campaign) -> list[Later]:
    """Return what the campaign's author may not have meant; the built-in files mean it all."""
    ours = {path.resolve() for path in built_in("campaigns").values()}
    return [] if Path(campaign.path).resolve() in ours else campaign.remarks


def _files(json_to: str | None, report_to: str | None, *, stop: bool) -> list[str]:
    """Return the files to be written, in the order in which they are reported."""
    if stop and report_to is not None:
        raise click.UsageError("a report is of all households: --stop-at-first runs fewer")
    pages = [] if report_to is None else [str(page_in(report_to))]
    return pages if json_to is None or json_to == STDOUT else [json_to, *pages]


@contextmanager
def _sink(json_to: str | None, kept: Checkpoint | None) -> Iterator[Write]:
    """Give where the JSON goes: nowhere, to standard output, or into a file when all is done.

    With the file what was kept on the way to it is removed.
    """
    if json_to is None:
        yield lambda _data: None
    elif json_to == STDOUT:
        yield sys.stdout.buffer.write
    else:
        with atomic_writer(json_to) as write:
            yield write
    if kept is not None:
        kept.remove()


@contextmanager
def _progress(
    total: int, *, shown: bool, files: Sequence[str]
) -> Iterator[Callable[[int, str], None]]:
    """Give what to call after each household with how many are done, and what they came to."""
    with watched(total=total, shown=shown, files=files) as done:
        of = households(total)
        yield lambda count, so_far: done(
            count,
            said(
                "{count} of {households} rehearsed, {so_far}",
                count=count,
                households=of,
                so_far=so_far,
            ),
            so_far,
        )


def _takers(
    page: Collector | None, stream: JsonStream, console: Console | None, zone: TimeZone
) -> Sequence[Callable[[Household, Outcome, Sequence[Event]], None]]:
    """Return what takes in each household: the page, the JSON, the log on the console."""
    takers: list[Callable[[Household, Outcome, Sequence[Event]], None]] = [stream.meter]
    if page is not None:
        takers.insert(0, page.add)
    if console is not None:
        write = partial(console.print, soft_wrap=True)
        takers.append(lambda one, outcome, seen: write(_log(one, outcome, seen, zone)))
    return takers


def _log(household: Household, outcome: Outcome, events: Sequence[Event], zone: TimeZone) -> Text:
    """Return one meter's events, each with what the meter showed."""
    log = Text.assemble(
        (f"{household.id}  ", "bold"), household.kind, f"  {outcome.verdict.value}\n"
    )
    for breach in outcome.breaches:
        log.append(f"  {us_to_legal(breach.from_us, zone):%Y-%m-%d %H:%M:%S}  ")
        log.append(f"{breach.verdict.value:<12}  {breach.in_words}\n", style="bold red")
    for finding in outcome.findings:
        log.append(f"  {us_to_legal(finding.from_us, zone):%Y-%m-%d %H:%M:%S}  ")
        log.append(f"{finding.kind.value:<12}  {finding.words}\n", style="bold red")
    for event in events:
        clock = "" if event.clock_trusted else "  (clock not trusted)"
        said = "  ".join(part for part in (event.detail, event.shown) if part)
        log.append(f"  {us_to_legal(event.at_us, zone):%Y-%m-%d %H:%M:%S}  ")
        log.append(f"{event.what.value:<12}  {said}{clock}\n")
    return log

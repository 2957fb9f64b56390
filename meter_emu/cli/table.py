"""A rehearsal in a terminal: the answer, then who is not supplied as announced, then why.

Households that differ in nothing but name and minute are one row. Only rows and counts are kept,
so the size goes with the kinds of household, not with their number.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from shlex import quote
from typing import Final, NamedTuple, final

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from meter_emu.desk.switches import switched
from meter_emu.languages.speech import Later, said, said_of, written_decimal, written_share
from meter_emu.units import decimal
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import DeskOrder, Household, VisitKind
from meter_emu.world.judge.answer import HouseholdCounts, Tone
from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.judge.phrases import CampaignDates, duration, households, some, states_said
from meter_emu.world.judge.repairs import doing_said
from meter_emu.world.judge.verdict import supplied_past_us
from meter_emu.world.judge.verdicts import (
    GOOD,
    GRAVITY,
    LIVED_GRAVITY,
    LIVED_WORDS,
    PLAIN,
    Lived,
    RepairName,
    Verdict,
)
from meter_emu.world.rehearsal.sample import Sample

LIST_BELOW: Final = 60  # ours: columns of a terminal, below which there are no columns of a table
_AS_HEARD: Final = (Lived.AS_ANNOUNCED, Lived.NOT_ANNOUNCED)
_GAP: Final = 2
_NAME_MIN: Final = 12  # ours: of a household's name, so much stays
_WORDS_MIN: Final = 20  # ours: of its words, or none
_NOTES_SHOWN: Final = 5  # ours
_STYLE: Final = {Tone.GOOD: "bold green", Tone.WARN: "bold yellow", Tone.BAD: "bold red"}


class RowKey(NamedTuple):
    """What the households of a row have in common: these facts, as they are shown."""

    kind: str
    build: str
    verdict: Verdict
    lived: Lived
    doing: tuple[tuple[RepairName, ...], ...] | None
    good: bool
    promise: str
    in_meter: str
    on_card: str
    limited: bool
    unfed: str


@final
@dataclass(slots=True)
class HouseholdRow:
    """Households that differ in nothing but name and minute."""

    first: Household
    outcome: Outcome
    count: int = 0
    cuts_us: list[int] = field(default_factory=list)  # the first and the last
    late_us: int = 0  # past an announced cut, at most

    def add(self, household: Household, outcome: Outcome) -> None:
        """Take one more in."""
        self.count += 1
        self.late_us = max(self.late_us, supplied_past_us(household, outcome))
        if outcome.cut_us is not None:
            cuts_us = [*self.cuts_us, outcome.cut_us]
            self.cuts_us = sorted({min(cuts_us), max(cuts_us)})

    @property
    def cut_late(self) -> bool:
        """Whether they were cut, and later than announced: shown like a cut that comes too soon."""
        return self.late_us > 0 and bool(self.cuts_us)

    @property
    def name(self) -> str:
        """The first household's id, and how many more there are."""
        return some([self.first.id], self.count)


class ResultTable:
    """Takes in households one by one, and shows what became of them."""

    def __init__(
        self, campaign: Campaign, sample: Sample | None = None, notes: Sequence[Later] = ()
    ) -> None:
        self._notes: Final = notes
        self.answer: Final = HouseholdCounts(campaign)
        self._sample: Final = sample
        self._campaign = campaign
        self._rows: dict[RowKey, HouseholdRow] = {}
        self._counts: Counter[Verdict] = Counter()
        self._were_unfed = 0
        self._dates = CampaignDates(campaign)
        self._outside: Counter[str] = Counter()  # households that were not run, by energy
        self._covered: dict[str, str] = {}  # for an energy, a model on which some were

    def add(self, household: Household, outcome: Outcome) -> bool:
        """Take in one household; return whether all was as announced."""
        good = self.answer.add(household, outcome)
        if self._sample is not None:
            self._sample.add(household, expected=good)
        self._counts[outcome.verdict] += 1
        self._were_unfed += bool(outcome.unfed)
        if outcome.verdict is Verdict.NOT_COVERED:
            self._outside[household.model.energy] += 1
        else:
            self._covered.setdefault(household.model.energy, household.model_name)
        key = RowKey(
            kind=household.kind,
            build=outcome.build,
            verdict=outcome.verdict,
            lived=outcome.lived.verdict,
            doing=outcome.repairs,
            good=good,
            promise=self._promise(household),
            in_meter=self._short(outcome.ordered_us) or said("no cut"),
            on_card=self._on_card(household, outcome),
            limited=outcome.limited,
            unfed=self._unfed(outcome),
        )
        self._rows.setdefault(key, HouseholdRow(household, outcome)).add(household, outcome)
        return good

    def _unfed(self, outcome: Outcome) -> str:
        """Return since when, or from when to when, lack of credit took the supply."""
        if not outcome.unfed:
            return ""
        (from_us, _), (last_us, to_us) = outcome.unfed[0], outcome.unfed[-1]
        if to_us >= self._campaign.end_us:
            return said("since {day}", day=self._dates.day(last_us))
        first, last = self._dates.day(from_us), self._dates.day(to_us)
        if len(outcome.unfed) > 1:
            return said_of(
                "{count} time from {day}", "{count} times from {day}", len(outcome.unfed), day=first
            )
        return first if first == last else said("{start} to {end}", start=first, end=last)

    @property
    def so_far(self) -> str:
        """Who was cut early, and who was without credit at some time, of those taken in."""
        early, unfed = self._counts[Verdict.EARLY], self._were_unfed
        return said("so far: {early} early, {unfed} without credit", early=early, unfed=unfed)

    def found(self, *, strict: bool) -> bool:
        """Whether something is not as expected; if `strict`, also what nobody can be sure of."""
        doubtful = bool(self._notes) or self.answer.open_questions > 0
        return self.answer.broken > 0 or (strict and doubtful)

    @property
    def nothing_run(self) -> str | None:
        """Why no household was run, if none was."""
        none = self.answer.outside == self.answer.total
        return "its programs cover none of the households" if none else None

    @property
    def summary(self) -> dict[str, int]:
        """How often each verdict came, in their order."""
        return {verdict.value: self._counts[verdict] for verdict in Verdict}

    def show(self, console: Console, *, every: bool, again: str | None = None) -> None:
        """Print the answer; then what is not as expected, or `every` household.

        With `again`, the command that was given, the one that shows the worst of what is not as
        expected is named.
        """
        answer = self.answer.answer
        self._show_answer(console)
        worst = min((key for key in self._rows if not key.good), key=_accounts, default=None)
        if again is not None and worst is not None:
            alone = f"{again} --household {quote(self._rows[worst].first.id)} --events"
            console.print(Text(said("shown by: {command}", command=alone)), soft_wrap=True)
        self._show_notes(console, every=every)
        console.print()
        console.print(Text(self._campaign.name, style="bold"))
        for promise in self._campaign.announced:
            console.print(Text(promise.in_words))
        console.print()
        keys = [key for key, row in self._rows.items() if every or not key.good or row.cut_late]
        if keys:
            table = _Table(console, [self._line(key) for key in keys], every=every)
            for _, alike in groupby(sorted(keys, key=_accounts), key=_accounts):
                self._show_group(table, tuple(alike), every=every)
            console.print()
        for line in answer.notes:
            console.print(Text(line, style="yellow"))
        counts = ", ".join(f"{name} {count}" for name, count in self.summary.items() if count)
        line = f"{households(self.answer.total)}: {counts}"
        if not every:
            line = said("{line}; -v shows each household", line=line)
        console.print(Text(line))
        for energy, model in self._covered.items():
            if count := self._outside[energy]:
                words = said(
                    "{households} of {energy} not covered: --model {model} is a meter that is",
                    households=households(count),
                    energy=energy,
                    model=model,
                )
                console.print(Text(words))
        if self._sample is not None:
            words = said(
                "At {certain}, of the whole campaign: {bounds} ({households} run)",
                certain=written_share(0.95),
                bounds=self._sample.bounds.in_words(self._sample.of),
                households=households(self.answer.total),
            )
            console.print(Text(f"\n{words}"))
            words = said("By kind, each at {certain}:", certain=written_share(0.95))
            console.print(Text(words))
            for kind in self._sample.kinds:
                console.print(Text(f"  {kind.in_words}"), soft_wrap=True)

    def _show_answer(self, console: Console) -> None:
        answer = self.answer.answer
        for sentence in answer.said:
            console.print(Text(sentence, style=_STYLE[answer.tone]))
        for group, figures in answer.by_group.items():
            words = said("{group}: {states}", group=group, states=states_said(figures))
            console.print(Text(words))

    def _show_notes(self, console: Console, *, every: bool) -> None:
        shown = self._notes if every else self._notes[:_NOTES_SHOWN]
        for remark in shown:
            console.print(Text(said("note: {note}", note=str(remark)), style="yellow"))
        if left := len(self._notes) - len(shown):
            words = said_of(
                "note: and {count} more; -v shows all", "note: and {count} more; -v shows all", left
            )
            console.print(Text(words, style="yellow"))

    def _show_group(self, table: "_Table", keys: Sequence[RowKey], *, every: bool) -> None:
        verdict, lived, doing = keys[0].verdict, keys[0].lived, keys[0].doing
        count = sum(self._rows[key].count for key in keys)
        broken = any(not key.good for key in keys)
        style = "bold red" if broken else "bold green" if verdict in GOOD else "bold yellow"
        words = f"{said(PLAIN[verdict].heading)} ({verdict.value})"
        if lived not in _AS_HEARD:
            whose = "" if doing is None else f", {doing_said(doing)}"
            words += f", {said(LIVED_WORDS[lived][1])} ({lived.value}{whose})"
        table.heading(f"{words}: {households(count)}", style)
        for key in keys:
            table.row(self._line(key))
            if every:
                table.words([key.kind, *self._carried(self._rows[key].first)])

    def _line(self, key: RowKey) -> "_Line":
        row = self._rows[key]
        cuts = list(dict.fromkeys(cut for us in row.cuts_us if (cut := self._short(us))))
        if len(cuts) == 2 and cuts[0][:-5] == cuts[1][:-5]:  # the same day
            cuts[1] = cuts[1][-5:]
        off_before = key.verdict is Verdict.ON_TIME  # and no cut: there was nothing to cut
        cut = said("{start} to {end}", start=cuts[0], end=cuts[1]) if cuts[1:] else "".join(cuts)
        cut = cut or (said("was off") if off_before else said("not cut"))
        if row.cut_late:
            cut = said("{cut}, {late} late", cut=cut, late=duration(row.late_us))
        return _Line(row.name, key.promise, key.in_meter, key.on_card, cut, key.unfed, key.kind)

    def _promise(self, household: Household) -> str:
        """Return what was announced to this household."""
        promise = household.last_announced
        if promise is None:
            return said("nothing")
        return self._short(promise.cut_us) or self._on_to(promise.defer_us)

    def _on_to(self, us: int | None) -> str:
        return said("on to {when}", when=self._short(us) or "")

    def _on_card(self, household: Household, outcome: Outcome) -> str:
        """Return the last order that the office wrote on the card before the cut or the end."""
        none, reactivation = said("no order"), said("reactivation")
        on_card, until_us = none, outcome.cut_us or self._campaign.end_us
        for order in (
            v.desk for v in household.visits if v.kind is VisitKind.DESK and v.at_us <= until_us
        ):
            assert order is not None, "a desk visit has its orders"
            if order.cut_us is not None:
                on_card = self._short(order.cut_us) or ""
            elif order.reactivate:
                on_card = reactivation
            elif order.defer_us is not None and on_card in {none, reactivation}:
                on_card = self._on_to(order.defer_us)
        return on_card

    def _carried(self, household: Household) -> Iterator[str]:
        """Yield what each order on the card said, a line each."""
        for visit in household.visits:
            if visit.kind is VisitKind.DESK and visit.desk is not None:
                order = ", ".join(self._words(visit.desk))
                when = self._short(visit.at_us) or ""
                yield said("{when} on the card: {order}", when=when, order=order)

    def _words(self, order: DeskOrder) -> Iterator[str]:
        if order.new_card is not None:
            until_us = order.new_card.expires_us
            until = self._short(until_us)
            yield said("new card") if until is None else said("card until {until}", until=until)
        if order.cut_us is not None and order.cut_us == order.defer_us:
            yield f"T1 T2 {self._short(order.cut_us)}"
        else:
            if order.defer_us is not None:
                yield f"T1 {self._short(order.defer_us)}"
            if order.cut_us is not None:
                yield f"T2 {self._short(order.cut_us)}"
        if order.reactivate:
            yield said("reactivation")
        if order.load_cents:
            yield f"{written_decimal(decimal(order.load_cents, 100).removesuffix('.00'))} EUR"
        for switch, on in switched(order):
            yield said(switch.short[on])
        if order.tariff is not None:
            yield said("tariff {number}", number=order.tariff.number)

    def _short(self, us: int | None) -> str | None:
        return None if us is None else self._dates.short(us)


def _accounts(key: RowKey) -> tuple[int, int, list[list[str]]]:
    """Return what rows are grouped and sorted by: both verdicts, and whose doing it was."""
    doing = [[name.value for name in names] for names in key.doing or ()]
    return GRAVITY[key.verdict], LIVED_GRAVITY[key.lived], doing


class _Line(NamedTuple):
    """One row of the table, as it is shown."""

    household: str
    promise: str
    in_meter: str
    on_card: str
    cut: str
    unfed: str
    words: str


def _headings() -> tuple[_Line, _Line]:
    """Return the two lines of headings; a heading of two lines has a stroke between them."""
    both = (
        said("household"),
        said("announced"),
        said("order in|the meter"),
        said("order on|the card"),
        said("cut"),
        said("no supply for|lack of credit"),
        "",
    )
    parted = [one.rpartition("|") for one in both]
    return _Line(*(above for above, _, _ in parted)), _Line(*(below for _, _, below in parted))


class _Table:
    """Lines under headings, as wide as the terminal and no wider; in a narrow one a plain list.

    Where there is no room, these go first: the words, what lack of credit took, the order
    on the card, the end of a name.
    """

    def __init__(self, console: Console, lines: Sequence[_Line], *, every: bool) -> None:
        self._console = console
        self._mark = "~" if console.options.ascii_only else "…"
        self._every = every
        self._headings = _headings()
        self._widths = self._fitting(lines)
        if self._widths:
            for line in self._headings:
                self._print(self._joined(line), "dim")

    def _fitting(self, lines: Sequence[_Line]) -> dict[str, int]:
        """Return how wide each column is that has room, none for a list."""
        width = self._console.width
        if width < LIST_BELOW:
            return {}
        wide = {
            name: max(cell_len(getattr(line, name)) for line in (*self._headings, *lines))
            for name in _Line._fields
        }
        if not any(line.unfed for line in lines):
            del wide["unfed"]
        if self._every or _taken(wide) - wide["words"] + _WORDS_MIN > width:
            del wide["words"]
        for name in ("unfed", "on_card"):
            if name in wide and "words" not in wide and _taken(wide) > width:
                del wide[name]
        over = _taken(wide) - width
        if over > 0:
            last = "words" if "words" in wide else "household"
            wide[last] -= over
        least = min(_NAME_MIN, cell_len(self._headings[-1].household))
        return wide if wide["household"] >= least else {}

    def heading(self, words: str, style: str) -> None:
        """Print what the next rows have in common."""
        self._console.print()
        self._console.print(Text(words, style=style))

    def row(self, line: _Line) -> None:
        """Print one row."""
        if self._widths:
            self._print(self._joined(line), "")
            return
        self._console.print(Text(line.household, style="bold"))
        if not self._every:
            self.words([line.words])
        for name in ("promise", "in_meter", "on_card", "cut", "unfed"):
            heading = " ".join(getattr(one, name) for one in self._headings).strip()
            if not getattr(line, name):
                continue
            self._console.print(Text(f"  {heading}: {getattr(line, name)}"))

    def words(self, lines: Sequence[str]) -> None:
        """Print what belongs to the row above."""
        for line in lines:
            for part in Text(line).wrap(self._console, max(_WORDS_MIN, self._console.width - 4)):
                self._console.print(Text(f"    {part}", style="dim"), soft_wrap=True)

    def _joined(self, line: _Line) -> str:
        cells = [self._cut(getattr(line, name), wide) for name, wide in self._widths.items()]
        return (" " * _GAP).join(cells).rstrip()

    def _cut(self, text: str, width: int) -> str:
        if cell_len(text) <= width:
            return set_cell_size(text, width)
        return set_cell_size(text, width - 1) + self._mark

    def _print(self, line: str, style: str) -> None:
        self._console.print(Text(line, style=style), soft_wrap=True)


def _taken(widths: dict[str, int]) -> int:
    return sum(widths.values()) + _GAP * (len(widths) - 1)

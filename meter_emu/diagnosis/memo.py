"""The diagnosis as an expert's memo, 80 columns wide."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Final, final

from meter_emu.diagnosis.decide import AGAIN, ASK, OPEN, ORDER, Decider
from meter_emu.diagnosis.hypotheses import Hypothesis
from meter_emu.diagnosis.incident import Incident
from meter_emu.diagnosis.ranking import (
    CONTRADICTED,
    EVEN,
    EXPLAINED,
    NINE_TO_ONE,
    SAYS_NOTHING,
    FitClass,
    Ranking,
)

COLUMNS: Final = 80
_HEAD, _OVER = "against assume  ", "  over nothing wrong"
_ROWS: Final = 5  # ours: classes of a memo, next to the front; all are in the JSON
_NAMES: Final = 3  # ours: mistakes named of a class
_ALIKE: Final = 1  # ours: groups that no order tells apart
HOW: Final = (AGAIN, ASK, OPEN, ORDER)  # the cheapest first
SIGNS: Final = {EXPLAINED: "+", CONTRADICTED: "-", SAYS_NOTHING: "."}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Everything that a memo, a page or JSON says.

    `left_out` is how many mistakes of the catalogue were not tried, `pairs` how many pairs were,
    `None` if pairs were not.
    """

    incident: Incident
    ranking: Ranking
    households: int
    samples: int
    hypotheses: int
    pairs: int | None
    left_out: int = 0
    again: tuple[Decider, ...] = ()
    questions: tuple[Decider, ...] = ()
    openings: tuple[Decider, ...] = ()
    experiments: tuple[Decider, ...] = ()
    alike: tuple[tuple[Hypothesis, ...], ...] = ()

    @property
    def headline(self) -> str:
        """The first line: whether anything fits, and what is consistent with the reports."""
        first = self.ranking.classes[0]
        if not self.ranking.fits:
            what = "No single mistake" if self.pairs is None else "Nothing"
            if self.left_out:
                return f"{what} that was tried fits: most of the catalogue was not tried"
            chance = f"{100 * self.ranking.outside:.0f} %"
            return (
                f"{what} in the catalogue fits: with {chance}, what was wrong is something that "
                "nobody has written down"
            )
        if not first.hypothesis.mistakes:
            against = first.marks.count(CONTRADICTED)
            if not against:
                return "Nothing need have been wrong: the reports are what a sound meter gives"
            return (
                f"The reports are what a sound meter gives, but for {against} of "
                f"{len(first.marks)}: that anything was wrong has "
                f"{100 * self.ranking.wrong:.0f} %"
            )
        many = len(first.names)
        names = shortened(first.names, 2)
        lead = (
            "nine to one or more over" if self.ranking.first_chance >= NINE_TO_ONE else "ahead of"
        )
        rest = "all else that was tried" if self.left_out else "all else"
        outside = self.ranking.outside
        return (
            f"Consistent with the reports, and {lead} {rest}: "
            + (names if many == 1 else f"{many} mistakes that predict the same, {names}")
            + (f"; something outside has {100 * outside:.0f} %" if outside >= EVEN else "")
        )

    @property
    def not_asked(self) -> str:
        """What was not tried, in words, "" for nothing."""
        left = []
        if self.left_out:
            left.append(f"{self.left_out:,} other mistakes of the catalogue")
        if self.pairs is None:
            left.append("pairs of mistakes")
        return " and ".join(left)

    @property
    def steps(self) -> tuple[tuple[str, tuple[Decider, ...]], ...]:
        """What to do next: each sort of step with those worth taking, the best first."""
        every = (*self.again, *self.questions, *self.openings, *self.experiments)
        each = ((how, tuple(one for one in every if one.how == how)) for how in HOW)
        return tuple((how, found) for how, found in each if found)

    @property
    def next_step(self) -> str:
        """The step that tells most, in a sentence, and what each outcome would mean."""
        every = [one for _, found in self.steps for one in found]
        if not every:
            return "Next: nothing that can be asked or tried here tells what is left apart."
        best = max(every, key=lambda one: round(one.bits, 6))
        means = "; ".join(f"{answer}: {shortened(names, 2)}" for answer, names in best.answers)
        return f"Next ({best.bits:.2f} bit): {best.how}: {best.words} {means}."


def shortened(names: Sequence[str], most: int) -> str:
    """Return the first names, and the number of the others."""
    more = len(names) - most
    said = ", ".join(names[:most])
    return f"{said} and {more} more" if more > 0 else said


def memo(found: Diagnosis) -> Iterator[str]:
    """Yield the lines of the memo."""
    ranking, observations = found.ranking, found.incident.observations
    yield from _indented("", f"{found.headline}.")
    if found.not_asked:
        yield from _indented("", f"Not asked: {found.not_asked}.")
    if left := ", ".join(f"{n + 1} {observations[n].id}" for n in ranking.unexplained):
        yield from _indented("", f"Explained by nothing in the catalogue: {left}.")
    yield found.incident.name
    yield ""
    yield "reported, with how sure that is"
    for number, one in enumerate(observations, 1):
        refs = f"  {', '.join(one.refs)}" if one.refs else "  not reported"
        yield from _indented(f"{number:>3}  {one.sure:.3f}  ", f"{one.id}: {one.words}{refs}")
    yield ""
    numbers, *more = _side_by_side([str(n) for n in range(1, len(observations) + 1)])
    yield f"{_HEAD}{numbers.lstrip()}{_OVER}"
    yield from more
    for row in listed(ranking):
        yield from _row(row)
    yield "+ explained   - contradicted   . says nothing: so it would be anyway"
    yield "against: decades of likelihood lost. * none is better in both columns"
    yield ""
    for how, steps in found.steps:
        yield f"what would decide: {how}"
        for step in steps[: 2 if how == ORDER else 1]:
            yield from _indented(f"  {step.bits:.2f} bit  ", step.words)
            for answer, names in step.answers:
                yield from _indented(" " * 12, f"{answer}: {shortened(names, 2)}")
    for group in found.alike[:_ALIKE]:
        some = shortened([one.words for one in group], _NAMES)
        builds = list(dict.fromkeys(one.build for one in group if one.office is None))[:2]
        again = f": meter-emu distinguish {' '.join(builds)}" if len(builds) > 1 else ""
        yield from _indented("  ", f"no such order tells apart {some}{again}")
    pairs = "pairs not tried" if found.pairs is None else f"{found.pairs:,} pairs"
    yield ""
    yield from _indented(
        "",
        f"{found.hypotheses:,} hypotheses and {pairs} in {found.households} households, "
        f"{found.samples} of each kind on each model. A class is consistent with the reports or is "
        "not; which of its members was the cause, if any, is not said.",
    )
    yield ""
    yield from _indented("", found.next_step)


def listed(ranking: Ranking) -> tuple[FitClass, ...]:
    """Return the classes that a memo shows: the first, and all of the front."""
    first = [one for one in ranking.classes if one.over_nothing > 0 or one.front][:_ROWS]
    return (*first, *(one for one in ranking.front if one not in first))


def _row(one: FitClass) -> Iterator[str]:
    signs, *more = _side_by_side([SIGNS[mark] for mark in one.marks])
    star = "*" if one.front else " "
    head = f"{star}{one.against:>6.1f} {len(one.assumptions):>6}  {signs.lstrip()}  "
    yield from _indented(head, one.over_words)
    yield from more
    yield from _indented(" " * 11, shortened(one.names, _NAMES))
    models = (f"meters as {shortened(one.models, 2)}",) if one.models else ()
    if extra := (*one.conditions, *models):
        yield from _indented(" " * 11, f"if {', and '.join(extra)}")


def _side_by_side(cells: Sequence[str]) -> list[str]:
    """Return a sign for each report, wrapped to leave room for the ratio."""
    wide = len(str(len(cells)))
    many = (COLUMNS - len(_HEAD + _OVER)) // (wide + 1)
    return [
        " " * len(_HEAD) + " ".join(f"{cell:<{wide}}" for cell in cells[first : first + many])
        for first in range(0, len(cells), many)
    ]


def _indented(head: str, text: str) -> Iterator[str]:
    indent = " " * len(head)
    return iter(
        wrap(text, COLUMNS, initial_indent=head, subsequent_indent=indent, break_on_hyphens=False)
    )

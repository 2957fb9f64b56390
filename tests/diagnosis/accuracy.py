"""How often the true mistake leads, by number of reports and by noise: `make test-diagnose`.

Incidents of mistakes that are known, as `newspaper` writes them, and of none. What the library's
households live is kept: another rule of ranking is tried in minutes. Who changes a rule tunes it on
one `--seed` and reports others.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import comb
from random import Random
from typing import NamedTuple

import click

from meter_emu.diagnosis.hypotheses import Hypothesis
from meter_emu.diagnosis.kept import default_folder
from meter_emu.diagnosis.ranking import CONTRADICTED, NINE_TO_ONE, FitClass, ranked
from tests.diagnosis.newspaper import NOISES, Case, Library, Noise

ALL_OF_IT = "all of it"
SOUND = "nothing was wrong"
COUNTS = {"5 to 12": (5, 12), "30": (30, 30), "190": (190, 190)}
SHOWN_LEAST = 2  # reports that are right and show the mistake
NEAR = 1  # a mistake that differs from the true one in so many reports is taken out with it
BINS = (0.0, 0.25, 0.5, 0.75, NINE_TO_ONE, 1.0)  # of how likely the first class is said to be


class Found(NamedTuple):
    """What came of one incident, and of the same with its class taken out of the catalogue.

    `rivalled` is whether a class that is left then contradicts no more reports than the true one.
    """

    place: int
    fits: bool
    chance: float
    out_fits: bool
    rivalled: bool


def interval(right: int, of: int) -> str:
    """Return the exact 95 % interval of a share (Clopper and Pearson), found by bisection."""

    def tail(share: float, numbers: range) -> float:
        return sum(comb(of, n) * share**n * (1 - share) ** (of - n) for n in numbers)

    def solved(numbers: range, rising: bool) -> float:
        low, high = 0.0, 1.0
        for _ in range(50):
            middle = (low + high) / 2
            if (tail(middle, numbers) < 0.025) == rising:
                low = middle
            else:
                high = middle
        return low

    least = solved(range(right, of + 1), True) if right else 0.0
    most = solved(range(right + 1), False) if right < of else 1.0
    return f"{right} of {of} (95 %: {100 * least:.0f} to {100 * most:.0f} %)"


def place_of(classes: Sequence[FitClass], words: str) -> int:
    """Return the place of the first class with a hypothesis, from 1."""
    return next(n for n, one in enumerate(classes, 1) if words in one.names)


def cases(
    library: Library,
    truths: Sequence[Hypothesis],
    incidents: int,
    seed: str,
    noise: Noise,
    count: tuple[int, int],
) -> Iterator[Case]:
    """Yield incidents of mistakes drawn from `truths`, each shown by two reports at least."""
    chance, found, number = Random(seed), 0, 0
    while found < incidents:
        number += 1
        case = library.case(
            chance.choice(truths), f"{seed}/{number}", chance.randint(*count), noise
        )
        if case.shown >= SHOWN_LEAST or not case.truth.mistakes:
            found += 1
            yield case


def looked_into(library: Library, case: Case) -> Found:
    """Return what the ranking says of an incident."""
    predictor, tried = library.predictor(case), library.tried
    ranking = ranked(predictor, tried)
    place = place_of(ranking.classes, case.truth.words)
    true = ranking.classes[place - 1].marks
    near = {
        name
        for one in ranking.classes
        if one.hypothesis.mistakes
        and sum(a != b for a, b in zip(one.marks, true, strict=True)) <= NEAR
        for name in one.names
    }
    left = ranked(predictor, [one for one in tried if one.words not in near])
    return Found(
        place=place,
        fits=ranking.fits,
        chance=ranking.first_chance,
        out_fits=left.fits,
        rivalled=min(one.marks.count(CONTRADICTED) for one in left.classes)
        <= true.count(CONTRADICTED),
    )


def row(name: str, found: Sequence[Found]) -> str:
    """Return a row of the table of mistakes that are known."""
    cells = (
        interval(sum(one.place == 1 for one in found), len(found)),
        interval(sum(one.place <= 3 for one in found), len(found)),
        interval(sum(not one.fits for one in found), len(found)),
        interval(sum(not one.out_fits for one in found), len(found)),
        interval(sum(one.rivalled for one in found), len(found)),
    )
    return f"| {name} | {' | '.join(cells)} |"


def calibration(found: Sequence[Found]) -> Iterator[str]:
    """Yield the rows of how often the first class is right, by how likely it is said to be."""
    for low, high in pairwise(BINS):
        said = [one for one in found if one.fits and low <= min(one.chance, 0.999) < high]
        if said:
            right = interval(sum(one.place == 1 for one in said), len(said))
            yield f"| {100 * low:.0f} to {100 * high:.0f} % | {right} |"


HEAD = (
    "| reports | true class first | in the first three | nothing fits, wrongly "
    "| taken out, nothing fits | taken out, another explains as much |\n"
    "| --- | --- | --- | --- | --- | --- |"
)
CALIBRATION = "| the first class is said to have | it is right |\n| --- | --- |"


@click.command()
@click.option("--incidents", default=20, help="Of each row; of the first four times as many.")
@click.option("--seed", default="1", help="Draws the incidents: a word.")
@click.option("--row", "only", multiple=True, help="Of these rows alone.")
def main(incidents: int, seed: str, only: Sequence[str]) -> None:
    """Measure, and print the tables."""
    library = Library(default_folder())
    library.complete()
    truths = library.differing()

    def found(truths: Sequence[Hypothesis], number: int, noise: str, count: str) -> list[Found]:
        drawn = f"{seed}/{noise}/{count}/{truths[0].words}"
        each = cases(library, truths, number, drawn, NOISES[noise], COUNTS[count])
        return [looked_into(library, case) for case in each]

    rows = [(f"{count}, {ALL_OF_IT}", ALL_OF_IT, count) for count in COUNTS]
    rows += [(f"5 to 12, {noise}", noise, "5 to 12") for noise in NOISES if noise != ALL_OF_IT]
    every: list[Found] = []
    click.echo(HEAD)
    for name, noise, count in rows:
        if not only or name in only:
            each = found(truths, incidents * (4 if name == rows[0][0] else 1), noise, count)
            click.echo(row(name, each))
            every += each
    if not only or SOUND in only:
        sound = found([Hypothesis()], incidents, ALL_OF_IT, "5 to 12")
        right = sum(one.place == 1 and one.fits for one in sound)
        click.echo(f"{SOUND}, and that is said: {interval(right, len(sound))}")
        every += sound
    click.echo(CALIBRATION)
    for line in calibration(every):
        click.echo(line)


if __name__ == "__main__":
    main()

"""Something outside the catalogue: seldom likelier where a class is right, often where none is."""

from collections.abc import Iterator
from math import log10
from random import Random

import pytest

from meter_emu.diagnosis.evidence import LAST_WORD, Evidence, mean_of, report_chance

KINDS, PERSONS, SAID, SURE = 6, 3, 6, 0.95
SO, NOT_SO = 0.98, 0.02
Story = tuple[bool, ...]  # of a class: what each statement about each kind was


def stories(count: int, seed: int) -> list[Story]:
    """Return sound meters and classes that differ from them, each for two kinds of household."""
    chance = Random(seed)
    found = [(True,) * (KINDS * SAID)]
    while len(found) < count:
        kinds = chance.sample(range(KINDS), 2)
        one = tuple(n // SAID not in kinds or chance.random() < 0.5 for n in range(KINDS * SAID))
        found.append(one)
    return found


def outside(library: list[Story], reports: list[tuple[int, bool]]) -> float:
    """Return by how many decades something outside is likelier than a library, the sound first."""
    rows = [[SO if one[n] == says else NOT_SO for n, says in reports] for one in library]
    evidence = Evidence(rows, [SURE] * len(reports), [n // SAID for n, _ in reports])
    return evidence.unknown() - mean_of(evidence.decades())


def said_of(story: Story, chance: Random) -> list[tuple[int, bool]]:
    """Return what several persons of each kind say of a story, some of it wrong."""
    return [
        (n, so == (chance.random() < SURE)) for _ in range(PERSONS) for n, so in enumerate(story)
    ]


def outsides(library: list[Story], truths: list[Story], seed: int) -> Iterator[bool]:
    chance = Random(seed)
    for truth in truths:
        yield outside(library, said_of(truth, chance)) > 0


def test_outside_a_class_that_is_right_there_is_seldom_anything() -> None:
    library = stories(12, 1)
    found = list(outsides(library, library[::2] * 10, 2))
    assert sum(found) <= 3, f"{sum(found)} of {len(found)}"


def test_a_mistake_that_is_not_in_the_library_is_found() -> None:
    library, unknown = stories(12, 1), stories(61, 3)[1:]
    found = list(outsides(library, unknown, 4))
    assert sum(found) >= 45, f"{sum(found)} of {len(found)}"


def test_one_false_report_costs_a_bounded_factor() -> None:
    """However sure a prediction is, one report against it costs no more than its surety gives."""
    against, for_it = (
        Evidence([[chance]], [SURE], [0]).decades()[0] for chance in (1e-9, 1 - 1e-9)
    )
    assert for_it - against <= log10(SURE / (1 - SURE))
    many = Evidence([[1e-9] * 9, [1 - 1e-9] * 9], [SURE] * 9, [0] * 9).decades()
    assert 1.5 < many[1] - many[0] <= -log10(LAST_WORD) + 0.01, "all of one sort of households"


def test_persons_who_see_something_by_chance_each_see_it_by_chance() -> None:
    """Of six who might each see it or not, three do: as likely as three right and three wrong."""
    (found,) = Evidence([[0.5] * 6], [SURE] * 6, [0] * 6).decades()
    assert found == pytest.approx(6 * log10(report_chance(0.5, SURE)))

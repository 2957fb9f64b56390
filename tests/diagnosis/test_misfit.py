"""The misfit: rare when a class of the library is right, and found when none is."""

from collections.abc import Iterator
from random import Random

import pytest

from meter_emu.diagnosis.evidence import OTHERWISE
from meter_emu.diagnosis.misfit import misfit_of

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


def misfit(library: list[Story], reports: list[tuple[int, bool]]) -> float:
    """Return the misfit of reports: the number of a statement, and whether it was so."""
    classes = [[[SO if one[n] == says else NOT_SO for n, says in reports]] for one in library]
    return misfit_of(classes, [SURE] * len(reports), [n // SAID for n, _ in reports])


def said_of(story: Story, chance: Random) -> list[tuple[int, bool]]:
    """Return what several persons of each kind say of a story, some of it wrong."""
    return [
        (n, so == (chance.random() < SURE)) for _ in range(PERSONS) for n, so in enumerate(story)
    ]


def misfits(library: list[Story], truths: list[Story], seed: int) -> Iterator[bool]:
    chance = Random(seed)
    for truth in truths:
        yield misfit(library, said_of(truth, chance)) < 0.05


@pytest.mark.slow("hundreds of made-up sets for each of a dozen incidents")
def test_a_class_that_is_right_is_seldom_a_misfit() -> None:
    library = stories(12, 1)
    found = list(misfits(library, library[::2] * 2, 2))
    assert sum(found) <= 2, f"{sum(found)} of {len(found)}; 0.6 are expected"


@pytest.mark.slow("hundreds of made-up sets for each of a dozen incidents")
def test_a_mistake_that_is_not_in_the_library_is_found() -> None:
    library, unknown = stories(12, 1), stories(13, 3)[1:]
    found = list(misfits(library, unknown, 4))
    assert sum(found) >= 6, f"{sum(found)} of {len(found)}"


@pytest.mark.slow("draws many reports")
@pytest.mark.parametrize(("together", "fits"), [(True, False), (False, True)])
def test_a_story_that_hangs_together_is_no_set_of_wrong_reports(together: bool, fits: bool) -> None:
    """Six of one kind contradict the first class, as the second has it, or one of each of four."""
    count = KINDS * SAID
    wrong = range(SAID) if together else range(0, 4 * SAID, SAID)
    reports = [(n, n not in wrong) for n in range(count)]
    reports += [(n, True) for n in range(count) if n not in wrong] * (PERSONS - 1)
    apart = [tuple(n != one for n in range(count)) for one in range(count)]
    found = misfit([(True,) * count, (False,) * count, *apart], reports)
    assert (found >= 0.05) == fits, found


def test_what_no_sample_shows_is_possible_once_for_all_who_say_it() -> None:
    """Three persons who agree on what no meter of the library does are no three surprises."""
    assert misfit([(True,)], [(0, False)] * 3) > OTHERWISE / 2
    assert misfit([(True,)], [(0, False)]) > NOT_SO


def test_persons_who_see_something_by_chance_each_see_it_by_chance() -> None:
    """Two households of five have it, and three of six persons, for the others say the opposite."""
    assert misfit_of([[[0.4] * 3 + [0.6] * 3]], [SURE] * 6, [0] * 6) > 0.3

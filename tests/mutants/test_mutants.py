"""Mutants: they are what they say, the laws find one, and each that was not found was read."""

from functools import partial

import pytest

from tests.matrix.children import in_children
from tests.mutants.page import PAGE, load, reading, survivors, text
from tests.mutants.read import EQUIVALENT, READ
from tests.mutants.sites import mutants, put_in
from tests.mutants.trial import tried

FOUND = load()


def test_a_mutant_is_a_change_of_one_routine_with_a_name_of_its_own():
    every = mutants()
    assert len(every) == len({(one.part, one.routine, one.number) for one in every.values()})
    assert len(every) > 600
    assert all(one.before != one.after for one in every.values())
    kinds = {"<": 0, " - ": 0, "not ": 0, " or ": 0, "nothing": 0}
    for one in every.values():
        for kind in kinds:
            kinds[kind] += kind in one.after
    assert min(kinds.values()) >= 10, kinds


def test_a_change_is_made():
    from meter_emu.firmware.calendar import Calendar

    own = Calendar.is_leap
    calls = []
    try:
        changed = next(
            one for one in mutants().values() if one.routine == "is_leap" and "400" in one.before
        )
        put_in(changed, lambda: calls.append(1))
        assert Calendar.is_leap is not own
        found = [year for year in range(1996, 2032) if Calendar().is_leap(year)]
        assert found != list(range(1996, 2032, 4))
        assert len(calls) == 36
    finally:
        Calendar.is_leap = own  # type: ignore[method-assign]


@pytest.mark.slow("changes the program in processes of its own")
def test_the_laws_find_one_and_do_not_find_what_does_the_same():
    found = (name for name, one in FOUND["mutants"].items() if one.get("after") == 1)
    same = (name for name in survivors(FOUND) if reading(name)[0] == EQUIVALENT)
    names = [next(name for name in some if name in mutants()) for some in (found, same)]
    done = in_children(partial(tried, stories=1, seed=0), names, jobs=2, deadline_s=60.0)
    laws = {one.item: one.result["law"] for one in done}
    assert laws[names[0]] is not None
    assert laws[names[1]] is None


def test_the_page_is_written_from_what_was_found_and_everything_on_it_was_read():
    assert PAGE.read_text("utf-8") == text(FOUND)
    alive = {name.partition(":")[0] for name in survivors(FOUND)}
    assert alive == set(READ)


def test_the_sample_is_whole_and_no_less_is_found_than_when_it_was_read():
    every, alive = len(FOUND["mutants"]), survivors(FOUND)
    same = sum(reading(name)[0] == EQUIVALENT for name in alive)
    assert every == 300
    assert (every - len(alive)) / (every - same) >= 0.85

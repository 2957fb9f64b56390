"""Mutants: they are what they say, the laws find one, and each that was not found was read."""

from functools import partial
from importlib.util import find_spec, module_from_spec
from typing import Any

import pytest

from tests.cells import each_cell
from tests.matrix.children import in_children
from tests.mutants.__main__ import first_without, seed_of
from tests.mutants.by_tests import TESTS
from tests.mutants.changes import REACHED, Changing
from tests.mutants.page import (
    BY_LAWS,
    BY_TESTS,
    LEAST,
    LEAST_BY_TESTS,
    PAGE,
    SAMPLES,
    asked_by_both,
    load,
    percent,
    reading,
    share,
    survivors,
    text,
)
from tests.mutants.read import EQUIVALENT, READ
from tests.mutants.sites import AREAS, PROGRAM, mutants
from tests.mutants.trial import tried

FOUND = load()


def place(area: str, name: str) -> str:
    return " ".join(map(str, mutants(area)[name].place))


@pytest.mark.slow("reads every routine")
def test_a_mutant_is_a_change_of_one_routine_with_a_name_of_its_own():
    for area in AREAS:
        every = mutants(area)
        assert len(every) == len({one.place for one in every.values()})
        assert len(every) > 300
        assert all(one.before != one.after for one in every.values())
    kinds = {"<": 0, " - ": 0, "not ": 0, " or ": 0, "nothing": 0}
    for one in mutants().values():
        for kind in kinds:
            kinds[kind] += kind in one.after
    assert min(kinds.values()) >= 10, kinds


@pytest.mark.slow("reads every routine")
def test_a_change_is_made():
    spec = find_spec("meter_emu.firmware.calendar")
    assert spec is not None
    assert spec.origin is not None
    one = next(m for m in mutants().values() if m.place.routine == "is_leap" and "400" in m.before)
    loader = Changing(one.place.module, spec.origin)
    loader.place = one.place
    changed = module_from_spec(spec)
    exec(loader.get_code(one.place.module), vars(changed))
    before = REACHED[0]
    found = [year for year in range(1996, 2032) if changed.Calendar().is_leap(year)]
    assert found != list(range(1996, 2032, 4))
    assert REACHED[0] == before + 36


@pytest.mark.slow("changes the program in processes of its own")
def test_the_laws_find_one_and_do_not_find_what_does_the_same():
    every = FOUND[PROGRAM]["mutants"]
    found = (name for name, one in every.items() if one["laws"].get("after") == 1)
    same = (name for name in survivors(every) if reading(name)[0] == EQUIVALENT)
    names = [next(name for name in some if name in mutants()) for some in (found, same)]
    what = partial(tried, area=PROGRAM, by="laws", stories=1, seed=0)
    places = [place(PROGRAM, name) for name in names]
    done = [one.result for one in in_children(what, places, jobs=2, processor_s=60.0)]
    assert done[0]["law"] is not None
    assert done[1]["law"] is None


@pytest.mark.slow("changes the program in processes of its own")
def test_the_tests_of_a_room_find_one():
    name = next(n for n in mutants("office") if n.startswith("pricing.check_tariff#1:"))
    what = partial(tried, area="office", by=BY_TESTS, stories=0, seed=0)
    (done,) = in_children(what, [place("office", name)], jobs=1, processor_s=60.0)
    assert done.result.get("law", "").startswith(tuple(TESTS["office"])), done


@pytest.mark.slow("asks in processes of its own")
@each_cell(
    ("found", "said"),
    [
        ({"failed": "nothing runs", "words": "ModuleNotFoundError"}, "is found by"),
        ({"law": "account"}, "is found by"),
        ({"took_s": 60.0}, "takes"),
    ],
    short=1,
)
def test_a_program_that_is_found_unchanged_ends_the_search(found, said):
    """As by a missing package: then every mutant would be found."""
    with pytest.raises(SystemExit, match=f"unchanged program {said}"):
        first_without(partial(_returning, found=found))


def _returning(_place: str, *, found: dict[str, Any]) -> dict[str, Any]:
    return found


def test_a_sample_is_of_another_seed_each_time_but_where_it_goes_on():
    last = {"seed": 7}
    assert seed_of(None, None, again=False) == 0
    assert seed_of(last, None, again=False) == 8
    assert seed_of(last, None, again=True) == 7, "survivors are asked again in their own sample"
    assert seed_of(last, 3, again=False) == 3


def test_a_rate_has_the_bounds_of_its_sample():
    """By the Wilson formula, as tables have it: 9 of 10 is 59.6 to 98.2 %."""
    assert percent(9, 10) == "9 of 10, 90.0 % (59.6 to 98.2)"
    assert percent(0, 0) == "0 of 0, 0.0 % (0.0 to 79.3)"


def test_the_page_is_written_from_what_was_found_and_everything_on_it_was_read():
    assert PAGE.read_text("utf-8") == text(FOUND)
    alive = {n.partition(":")[0] for area in FOUND.values() for n in survivors(area["mutants"])}
    assert alive <= set(READ)


def test_the_stories_of_an_area_come_to_its_routines():
    """As those of a budget meter alone do not to the programs that take tokens."""
    for area, one in FOUND.items():
        alive = [one["mutants"][name][BY_LAWS]["reached"] for name in survivors(one["mutants"])]
        assert alive.count(0) <= len(one["mutants"]) // 20, area


def test_the_samples_are_whole_and_no_less_is_found_than_when_they_were_read():
    for area, one in FOUND.items():
        assert len(one["mutants"]) >= SAMPLES[area]
        killed, of = share(one)
        assert killed / of >= LEAST[area], area
        if asked_by_both(one):
            killed, of = share(one, BY_TESTS)
            assert killed / of >= LEAST_BY_TESTS, area

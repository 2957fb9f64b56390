"""The built-in scopes: what each begins with, and that the reference breaks nothing in them."""

from pathlib import Path

import pytest

from meter_emu.explore.every import can_show
from meter_emu.explore.lives import Lives
from meter_emu.explore.roots import scope_named
from meter_emu.explore.search import Explored, explore
from meter_emu.laws import laws
from meter_emu.resources import built_in
from meter_emu.units import MINUTE_US
from tests.cells import each_cell
from tests.explore.figures import Step, looked

SMALL = 7  # acts


def test_built_in_scopes_have_names_of_their_own():
    names = set(built_in("scopes"))
    assert not names & set(built_in("campaigns"))
    assert not names & set(laws()), "a hazard's law is a scope as well, and it goes first"
    for path in built_in("scopes").values():
        assert Path(path).read_text("utf-8").startswith("# "), f"{path}: say what it is"


def test_what_a_file_has_at_its_start_has_happened():
    armed, lost = (scope_named(name, "reference") for name in ("armed", "lost-clock"))
    assert [visit.kind.value for visit in armed.household.visits] == [
        "at the office",
        "card put in",
    ]
    assert [act.label for act in armed.acts[1:]] == [
        "office: reactivate",
        "card put in",
        "office: defer until 2020-07-06 23:01, cut at 2020-07-06 23:01",
        "press red",
    ]
    ((lost_us, _back_us),) = lost.household.outages
    for scope, begun_us in ((armed, armed.household.visits[-1].at_us), (lost, lost_us)):
        assert begun_us == scope.campaign.start_us < scope.instants[0]
    assert not any(act.outage_us for act in lost.acts)


def small_scopes() -> list[str]:
    return [
        name for name in built_in("scopes") if len(scope_named(name, "reference").acts) <= SMALL
    ]


@pytest.mark.slow("a hundred states of a meter each")
@each_cell("scope", small_scopes, short=1)
def test_the_reference_is_clean_with_two_acts(scope: str):
    explored = explore(Explored(scope_named(scope, "reference")), depth=2)
    assert explored.broken is None
    assert explored.depth == 2 or explored.whole
    assert explored.differing == 0, explored.differences


def test_a_defect_is_looked_for_step_by_step_while_there_is_time():
    steps = (Step(0.01, "session", 0), Step(0.02, "leap-2000", 0), Step(9.0, "new", 2))
    found = looked(("reference+century-never-leap", steps, 5.0))
    assert (found.scope, found.acts, found.ahead) == ("leap-2000", 0, steps[1:])
    stopped = looked(("reference", steps, 5.0))
    assert (stopped.scope, stopped.ahead) == ("", steps[2:]), "a step that is too dear is left"


def test_a_defect_is_not_looked_for_where_its_chip_is_missing():
    chips = {
        name: can_show(scope_named(name, "reference+waits-for-a-tick"))
        for name in ("lost-clock", "lost-before-its-end")
    }
    assert chips == {"lost-clock": False, "lost-before-its-end": True}


def crossed_scopes() -> list[str]:
    return [name for name in built_in("scopes") if name.startswith("crossed-")]


@pytest.mark.slow("a hundred states of a meter each")
@each_cell("scope", crossed_scopes, short=2)
def test_the_reference_is_clean_where_themes_cross(scope: str):
    explored = explore(Explored(scope_named(scope, "reference")), depth=1)
    assert explored.broken is None
    assert explored.depth == 1


def test_a_card_brought_from_an_office_is_one_act_and_one_instant():
    scope = scope_named("crossed-09", "reference")
    brought = [act for act in scope.acts if len(act.visits) == 2]
    assert [act.label for act in brought][1] == "office: reactivate, then card put in"
    assert {act.visits[1].at_us - act.visits[0].at_us for act in brought} == {2 * MINUTE_US}
    assert {act.visits[0].at_us for act in scope.acts if act.visits} == {0}
    assert "card put in" in [act.label for act in scope.acts], (
        "a card that is shown later is its own act"
    )
    lives = Lives(scope)
    assert lives.do(brought[1])
    office, meter = lives.household.visits[-2:]
    assert meter.at_us - office.at_us == 2 * MINUTE_US

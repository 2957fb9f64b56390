"""The shadow sees when a defect is asked, and when its assembly answers otherwise."""

import pytest

from meter_emu.defects import catalogue, defects_of
from meter_emu.domain import BUDGET
from meter_emu.firmware.layouts import StateFlags
from meter_emu.laws.law import Trial
from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import models, story
from meter_emu.units import DAY_US, EPOCH_2000_US
from meter_emu.world.meter.build import parse_build
from tests.cells import each_cell
from tests.firmware.meters import Rig
from tests.matrix.shadow import fresh_parts, shadowed
from tests.rigs import MODEL

DEFECTS = list(catalogue())
BUDGETS = list(defects_of(BUDGET))


@pytest.fixture
def watched(request):
    """The shadow of a defect, and its build."""
    fresh_parts()
    defect = catalogue()[request.param]
    with shadowed(defect) as shadow:
        yield shadow, parse_build(defect.build)
        assert shadow.fault is None
    fresh_parts()


def of(defect_id: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("watched", [defect_id], indirect=True)


@of("leap-of-bcd-year")
def test_what_is_not_asked_is_not_reached_and_what_answers_right_is_not_infected(watched):
    shadow, build = watched
    calendar = build.parts(MODEL).calendar
    calendar.weekday(18_262)
    assert (shadow.reached, shadow.infected) == (False, False)
    calendar.day_number(2020, 3, 1)
    assert (shadow.reached, shadow.infected) == (True, False)
    calendar.day_number(2030, 3, 1)
    assert (shadow.reached, shadow.infected) == (True, True)


@of("american-changes")
def test_what_a_part_remembers_of_a_wrong_answer_infects_too(watched):
    shadow, build = watched
    zone = build.parts(MODEL).zone
    january, march = (EPOCH_2000_US + (20 * 365 + 5 + day) * DAY_US for day in (9, 79))
    zone.offset_min(january // 60_000_000)
    assert (shadow.reached, shadow.infected) == (True, False)
    zone.offset_min(march // 60_000_000)
    assert shadow.infected is True


@of("reactivation-clears-one")
def test_an_argument_that_is_left_otherwise_infects(watched):
    shadow, build = watched
    gate, state = build.parts(MODEL).gate, Rig().state
    gate.reactivate(state)
    assert (shadow.reached, shadow.infected) == (True, False)
    state.cut_end, state.flags = bytes(12), state.flags | StateFlags.CUT_LATCHED
    gate.reactivate(state)
    assert shadow.infected is True


@of("torn-read")
def test_other_calls_of_the_ports_infect(watched):
    shadow, build = watched
    build.parts(MODEL).rtc.read(Rig().board)
    assert (shadow.reached, shadow.infected) == (True, True)


@of("date-without-carry")
def test_the_state_of_a_chip_infects(watched):
    shadow, build = watched
    chip = build.rtc(MODEL, 0, EPOCH_2000_US)
    chip.advance(EPOCH_2000_US + DAY_US // 2)
    assert (shadow.reached, shadow.infected) == (True, False)
    chip.advance(EPOCH_2000_US + DAY_US)
    assert shadow.infected is True


def test_a_shadow_leaves_no_trace():
    before = {name: dict(vars(catalogue()[name].swap)) for name in DEFECTS}
    for name in DEFECTS:
        with shadowed(catalogue()[name]):
            pass
    assert before == {name: dict(vars(catalogue()[name].swap)) for name in DEFECTS}


@pytest.mark.slow("lives the stories of a law")
@each_cell("number", range(len(BUDGETS)), ids=BUDGETS, short=15)
def test_no_run_differs_where_the_shadow_saw_no_difference(number):
    defect = catalogue()[BUDGETS[number]]
    fresh_parts()
    campaign = story(seeded(number), models())
    wrong, right = (Trial(campaign, build) for build in (defect.build, "reference"))
    with shadowed(defect) as shadow:
        seen = wrong.events(wrong.household)
    assert shadow.fault is None
    assert shadow.infected or seen == right.events(right.household)

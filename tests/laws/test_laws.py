"""Every law holds of the reference, and each finds a program that breaks it."""

import pytest

from meter_emu.laws import laws
from meter_emu.laws.compared import apart_us, first_difference, same_cut, shifted
from meter_emu.laws.law import Aside, Broken, Trial
from meter_emu.laws.rebuilt import _rebuilding
from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import Kit, armed_home, evening, models, own_models
from meter_emu.units import DAY_US
from tests.laws import wrong

HOMES = [kit for kit in own_models() if kit.model_name == "electricity-pcf8563-utc"]
WRONG = f"{wrong.__name__}:"
DEFECT = "reference+"
# By which each law is broken, within so many stories.
BROKEN_BY = {
    "28-years": f"{WRONG}until_2040",
    "answers": f"{WRONG}Raising",
    "carrier": f"{WRONG}without_memory_cards",
    "chip": f"{WRONG}Wrapped",  # it has the driver of one chip only
    "cut-comes": f"{WRONG}never",
    "hint": f"{WRONG}Oversleeper",
    "never-early": f"{DEFECT}end-exclusive",
    "no-wrong-cut": f"{DEFECT}reactivation-clears-one",
    "poll-phase": f"{WRONG}whimsical",
    "restored": f"{WRONG}never_asks",
    "says-what-it-understood": f"{DEFECT}end-exclusive",
    "shown-again": f"{WRONG}whimsical",
    "slower-clock": f"{WRONG}whimsical",
    "weeks": f"{DEFECT}doy-common-year",
}
# No program here breaks these: the comparisons they rest on have their tests below.
NOT_FROM_PORTS = {"generation", "no-look-ahead", "rebuilt", "time-base"}


def trials(law_id: str, build: str, count: int, kits: list[Kit] | None = None) -> list[Trial]:
    draw = laws()[law_id].draw
    return [Trial(draw(seeded(f"{law_id}/{n}"), kits or models()), build) for n in range(count)]


@pytest.mark.parametrize("law_id", list(laws()))
def test_a_law_holds_of_the_reference_on_every_model_in_every_base(law_id):
    found = [laws()[law_id].check(trial) for trial in trials(law_id, "reference", 25)]
    assert [finding for finding in found if isinstance(finding, Broken)] == []
    assert None in found


@pytest.mark.parametrize("law_id", list(BROKEN_BY))
def test_a_law_finds_the_program_that_breaks_it(law_id):
    build = BROKEN_BY[law_id]
    kits = HOMES if build.startswith(WRONG) else None
    check = laws()[law_id].check
    assert any(isinstance(check(trial), Broken) for trial in trials(law_id, build, 60, kits))


def test_each_law_has_its_negative():
    assert set(laws()) == set(BROKEN_BY) | NOT_FROM_PORTS


def test_a_program_that_remembers_goes_on_otherwise_when_it_is_made_anew():
    build = f"{WRONG}Forgetful"
    found = []
    for number in range(12):
        trial = Trial(evening(seeded(number), HOMES), build)
        anew = trial.events(trial.home, prepare=_rebuilding)
        found.append(first_difference(trial.run.events, anew, "made anew"))
        assert isinstance(laws()["rebuilt"].check(trial), Aside)
    assert any(isinstance(finding, Broken) for finding in found)


def test_two_homes_that_are_cut_at_different_times_are_found():
    trial = Trial(armed_home(seeded(3), HOMES), "reference")
    later = shifted(trial.campaign, DAY_US).households[0]
    assert same_cut(trial, [("the same", trial.home)], 0) is None
    assert isinstance(same_cut(trial, [("a day later", later)], apart_us(trial.home)), Broken)


def test_the_first_thing_that_is_seen_otherwise_is_named():
    events = Trial(evening(seeded(1), HOMES), "reference").run.events
    assert first_difference(events, events, "again") is None
    assert isinstance(first_difference(events, events[:-1], "again"), Broken)
    assert isinstance(first_difference(events, events[1:], "again"), Broken)


def test_a_law_says_what_it_is_and_which_property():
    for law in laws().values():
        assert law.says[0].islower() or law.says[0].isdigit()
        assert law.presumes
        assert all(name in {f"P{number}" for number in range(1, 15)} for name in law.properties)

"""Right programs that are not ours in shape: no law accuses them, and what is planted is caught.

`make test-strangers` asks all laws of 1,000 stories each (60 where every poll is run).
"""

import os

import pytest

from meter_emu.cli.printed.verified import verified
from meter_emu.laws import laws
from meter_emu.laws.judged import promises
from meter_emu.laws.law import NOT_ASKED, Broken, Trial
from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import own_models, story
from meter_emu.verify.program import covered
from meter_emu.verify.run import verify
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.covers import Covers
from tests.cells import each_cell
from tests.laws.strangers import SHAPES, Stranger

LONG = int(os.environ.get("METER_EMU_STRANGERS", "0"))
EVERY_POLL = {"every_half_minute", "no_hint"}
MODEL = {"pcf8563": "electricity-pcf8563-utc", "ds3231": "electricity-ds3231-utc",
         "ds1307": "electricity-ds1307-cet"}  # fmt: skip
DEFECTS = ("end-exclusive", "reactivation-clears-one", "day-first", "looked-at-once-a-day",
           "deferral-charged", "offset-added")  # fmt: skip
TWO = ("electricity-pcf8563-utc", "gas-pcf8563-battery")
STORIES_MAX = 30


def build_of(shape: str, defect: str = "") -> str:
    name = f"{shape}__{defect.replace('-', '_')}" if defect else shape
    return f"tests.laws.strangers:{name}"


def planted(number: int) -> tuple[str, ...]:
    three = DEFECTS[:3] if number % 2 else DEFECTS[3:]
    return three if LONG else (three[number // 2 % 3],)


@pytest.mark.slow("lives stories under all laws", short=2)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_right_program_of_another_shape_is_not_accused(shape):
    count = LONG or 1
    if shape in EVERY_POLL:
        count = min(count, 60) if LONG else 1
    models = () if LONG else (MODEL[SHAPES[shape].chip],)
    laws_asked = () if LONG or shape not in EVERY_POLL else ("hint",)
    report = verify(build_of(shape), examples=count, models=models, law_ids=laws_asked, seed=3)
    assert [(e.law.id, e.broken.words, e.broken.text) for e in report.examined if e.broken] == []


@pytest.mark.slow("lives stories under all laws")
@each_cell(("number", "shape"), list(enumerate(SHAPES)), short=6)
def test_each_with_planted_defects_is_caught(number, shape):
    kit = covered(parse_build(build_of(shape)), (MODEL[SHAPES[shape].chip],)).kits[0]
    assert kit.model_name in {one.model_name for one in own_models()}
    for defect in planted(number):
        build = build_of(shape, defect)
        assert any(
            isinstance(promises(Trial(story(seeded(f"{n}"), [kit]), build)), Broken)
            for n in range(STORIES_MAX)
        ), build


# What is covered ----------------------------------------------------------------------------------


@pytest.mark.slow("lives a story on each model and card")
def test_what_a_program_refuses_is_found_out_and_what_it_cannot_notice_it_declares():
    found = {
        shape: covered(parse_build(build_of(shape)), TWO).not_covered
        for shape in ("one_generation", "one_time_base", "one_carrier", "electricity_only")
    }
    chips = ("clock chip ds1307", "clock chip ds3231")
    assert found == {
        "one_generation": (*chips, "plain card of generation 2", "secure card of generation 2"),
        "one_time_base": ("a clock in legal time", "a clock in standard time", *chips),
        "one_carrier": (*chips, "memory card of generation 1"),
        "electricity_only": (*chips, "gas"),
    }


class Declared(Stranger):
    """Ours, but for electricity and one chip: that is all it declares."""

    covers = Covers(chips={"pcf8563"}, energies={"electricity"}, clock_cards=False)

    def __init__(self, ports):
        super().__init__(SHAPES["no_hint"], (), ports)


@pytest.mark.slow("lives stories under all laws")
def test_what_is_declared_outside_is_asked_of_nobody():
    kits, missing = covered(parse_build(f"{__name__}:Declared"), (*TWO, MODEL["ds3231"]))
    assert {(kit.model.energy, kit.model.rtc) for kit in kits} == {("electricity", "pcf8563")}
    assert {"gas", "clock card", "clock chip ds3231"} <= set(missing)
    assert not any(kit.clock_cards for kit in kits)


def test_a_comparison_outside_is_not_asked_and_counted():
    build = build_of("one_generation")
    kit = covered(parse_build(build), (MODEL["pcf8563"],)).kits[0]
    trial = Trial(laws()["generation"].draw(seeded("1"), [kit]), build)
    assert laws()["generation"].asked(trial) is NOT_ASKED
    assert trial.not_asked == 1
    report = verify(build, law_ids=["generation"], models=[MODEL["pcf8563"]], examples=121)
    (examined,) = report.examined
    assert examined.held_on == 0
    assert 1 <= examined.not_asked == examined.asides[NOT_ASKED.why]
    assert verified(report).laws[0].not_asked == examined.not_asked

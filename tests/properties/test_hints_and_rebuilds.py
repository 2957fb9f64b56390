"""What the world does beyond the cadence makes no difference to any byte."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings

from meter_emu.defects import catalogue
from meter_emu.errors import ProgramError
from meter_emu.firmware.rtc.driver import FieldCodec
from meter_emu.ports import Firmware, Sleep
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.image import board_of, image_of
from tests.properties.lab import HOUR_US, MINUTE_US, MODEL, SECOND_US, Lab, Setting
from tests.properties.stories import DEEDS, Story, live, stories


def outcome(story: Story, *, obey_hints: bool) -> tuple[bytes, list[tuple[int, bool]]] | str:
    """Return what a home lived to, or how its program failed: a defect may do that."""
    try:
        return seen(live(story, obey_hints=obey_hints))
    except ProgramError as error:
        return str(error)


def seen(lab: Lab) -> tuple[bytes, list[tuple[int, bool]]]:
    return lab.bytes_now(), lab.board.moves


@given(stories(builds=["reference"]))
def test_a_hint_ignored_equals_a_hint_used(story):
    assert seen(live(story, obey_hints=False)) == seen(live(story))


def hinting() -> list[str]:
    """Return the defects whose hints must hold: of the meter, and not of how registers are read.

    A program that misreads the hour names its hint in hours of its own (docs/decisions/hints.md).
    The desk gives no hint.
    """
    return [
        name
        for name, defect in catalogue().items()
        if defect.part is not FieldCodec and not defect.part.__module__.startswith("meter_emu.desk")
    ]


@pytest.mark.parametrize("defect", hinting())
@given(story=stories())
@settings(max_examples=5)
def test_a_hint_ignored_equals_a_hint_used_with_every_defect(defect, story):
    story = replace(story, setting=replace(story.setting, build=f"reference+{defect}"))
    assert outcome(story, obey_hints=False) == outcome(story, obey_hints=True)


@given(stories())
def test_building_the_program_anew_between_any_two_polls_changes_nothing(story):
    assert seen(live(story, rebuilding=True)) == seen(live(story))


@given(stories(builds=["reference"]))
@settings(max_examples=30)
def test_a_meter_saved_to_a_file_and_loaded_goes_on_the_same(story):
    """At any rest between polls: the image is all there is. Outages would draw other fates."""
    story = replace(story, setting=replace(story.setting, outages=()))
    halfway_us = story.setting.start_us + story.long_us // 2
    stayed = live(replace(story, deeds=(), long_us=story.long_us // 2))
    raw = image_of(stayed.board, story.setting.model)
    build = parse_build("reference")
    loaded = board_of(
        raw,
        story.setting.model,
        build,
        story.setting.load,
        drift_ppb=story.setting.drift_ppb,
        now_us=stayed.board.now_us,
        fate=Random(0),
        path="image",
        ticks_from_us=stayed.board.ticks_from_us,
    )
    assert image_of(loaded, story.setting.model) == raw
    # The last poll may have run on past halfway: the cadence is counted from where it ended.
    poll_us = story.setting.model.poll_s * SECOND_US
    phase_us = (story.setting.start_us + story.setting.phase_us - loaded.now_us) % poll_us
    bench = Bench(loaded, build.program(story.setting.model), poll_us=poll_us, phase_us=phase_us)
    for other in (stayed.bench, bench):
        other.run_until(halfway_us + HOUR_US)
    assert image_of(loaded, story.setting.model) == image_of(stayed.board, story.setting.model)


class Oversleeper:
    """A program whose hints are an hour too long."""

    def __init__(self, program: Firmware) -> None:
        self._program = program

    def poll(self) -> Sleep | None:
        hint = self._program.poll()
        return hint and Sleep(min(86_400, hint.until_second + 3_600), hint.until_units)


def test_the_hint_law_can_fail():
    """A cut at 23:01 is missed by a program that sleeps an hour too long, and the bytes show it."""
    start_us = 1_593_802_800 * SECOND_US  # 3 July 2020 21:00 in Brussels
    setting = Setting(start_us=start_us, clock_set_us=start_us)
    deeds = ((MINUTE_US, "arm", 60),)
    honest = Story(setting=setting, deeds=deeds, long_us=90 * MINUTE_US)
    lab = Lab(setting)
    program = parse_build("reference").program(MODEL)
    lab.bench = Bench(
        lab.board, lambda ports: Oversleeper(program(ports)), poll_us=MINUTE_US, phase_us=0
    )
    lab.bench.run_until(start_us + deeds[0][0])
    DEEDS["arm"](lab, 60)
    lab.bench.run_until(start_us + honest.long_us)
    assert live(honest).openings_us
    assert not lab.openings_us

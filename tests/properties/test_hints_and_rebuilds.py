"""What the world does beyond the cadence makes no difference to any byte."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import assume, given, settings
from msgspec import structs

from meter_emu.defects import defects_of
from meter_emu.domain import BUDGET
from meter_emu.firmware.rtc.driver import FieldCodec
from meter_emu.laws.hazards.clocks import old_setting
from meter_emu.laws.law import cut_us
from meter_emu.stories.around_t import around_t
from meter_emu.stories.chooser import Replayed, seeded
from meter_emu.stories.story import own_models
from meter_emu.units import HOUR_US, MINUTE_US, SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Entry, Households
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.events import What
from meter_emu.world.meter.image import board_of, image_of
from tests.cells import each_cell
from tests.laws import wrong
from tests.properties.around_t_stories import around_t_stories, at_every_poll, lived


def every_poll(bench: Bench) -> None:
    bench.obey_hints = False


def every_poll_anew(bench: Bench) -> None:
    every_poll(bench)
    at_every_poll(Bench.rebuild)(bench)


@pytest.mark.slow("lives many stories")
@given(around_t_stories())
def test_a_hint_ignored_equals_a_hint_used(story):
    assert lived(story, prepare=every_poll).seen() == lived(story).seen()


@pytest.mark.slow("lives many stories")
@given(around_t_stories())
def test_building_the_program_anew_between_any_two_polls_changes_nothing(story):
    assert lived(story, prepare=at_every_poll(Bench.rebuild)).seen() == lived(story).seen()


@pytest.mark.slow("lives days in which every poll is run")
@each_cell("base", ("utc", "standard", "legal"), short=1)
def test_a_setting_becomes_too_old_at_the_same_poll(base):
    """That is at a midnight of UTC, at which the registers may show another hour."""
    among = [
        kit._replace(model=structs.replace(kit.model, rtc_base=base))
        for kit in own_models()
        if kit.model.rtc == "pcf8563"
    ]
    for number in range(4):
        story = old_setting.draw(seeded(f"{base}/{number}"), among)
        said, polled = lived(story), lived(story, prepare=every_poll)
        assert What.CLOCK_DOUBTED in {event.what for event in said.events}
        assert said.seen() == polled.seen()


# u with the wrong sign; a step that nothing waits for; a T of the hour that comes twice, found in
# the first.
MISLED = {"uncertainty-added", "hour-set-back-again", "fields-compared-apart"}
# Their mistake is the hint itself. Anew between any two polls, they still change nothing.
OVERSLEEPING = {"woken-by-the-clock-alone", "woken-by-whole-minutes"}


def hinting() -> list[str]:
    """Return the defects whose hints must hold: of the meter, and not of how registers are read.

    A program that misreads the hour names its hint in hours of its own, and so do those of MISLED
    (docs/decisions/hints.md). The desk gives none.
    """
    return [
        name
        for name, defect in defects_of(BUDGET).items()
        if defect.part is not FieldCodec
        and name not in MISLED
        and not defect.part.__module__.startswith("meter_emu.desk")
    ]


@pytest.mark.slow("lives many stories")
@each_cell("defect", hinting(), short=5)
def test_with_every_defect_neither_hints_nor_a_program_made_anew_change_anything(defect):
    build = f"reference+{defect}"
    tried = at_every_poll(Bench.rebuild) if defect in OVERSLEEPING else every_poll_anew
    for number in range(4):
        story = around_t(seeded(f"{defect}/{number}"))
        assert lived(story, build, tried).seen() == lived(story, build).seen()


@each_cell("defect", sorted(OVERSLEEPING))
def test_what_oversleeps_is_seen_at_every_poll(defect):
    stories = (around_t(seeded(f"{defect}/{number}")) for number in range(8))
    build = f"reference+{defect}"
    assert any(lived(one, build, every_poll).seen() != lived(one, build).seen() for one in stories)


@pytest.mark.slow("lives many stories")
@given(around_t_stories())
@settings(max_examples=30)
def test_a_meter_saved_to_a_file_and_loaded_goes_on_the_same(story):
    """At any rest between polls: the image is all there is. With outages, other cells are torn.

    A limiter is volatile, and set anew by the first poll.
    """
    stayed = lived(without_outages(story))
    model, rig, board = stayed.rig.model, stayed.rig, stayed.board
    assume(not board.switch.limiter_a)
    raw = image_of(board, model)
    build = parse_build("reference")
    loaded = board_of(
        raw,
        model,
        build,
        rig.load,
        drift_ppb=rig.drift_ppb,
        now_us=board.now_us,
        fate=Random(0),
        path="image",
        ticks_from_us=board.ticks_from_us,
    )
    assert image_of(loaded, model) == raw
    # The last poll may have run on past the end: the cadence is counted from where it ended.
    poll_us = model.poll_s * SECOND_US
    phase_us = (story.start_us + rig.poll_phase_us - loaded.now_us) % poll_us
    bench = Bench(loaded, build.program(model), poll_us=poll_us, phase_us=phase_us)
    for other in (stayed.bench, bench):
        other.run_until(story.end_us + HOUR_US)
    assert image_of(loaded, model) == image_of(board, model)


def without_outages(story: Campaign) -> Campaign:
    (rig,) = story.households
    entry = Entry(first=replace(rig, outages=()), count=1, poll_phase_us=rig.poll_phase_us)
    return replace(story, households=Households((entry,), story.seed))


def test_the_hint_law_can_fail():
    """A program that sleeps an hour too long is late for a cut, and the bytes show it."""
    story = around_t(Replayed([]), [kit for kit in own_models() if kit.model.rtc == "pcf8563"])
    build = f"{wrong.__name__}:Oversleeper"
    honest, asleep, polled = lived(story), lived(story, build), lived(story, build, every_poll)
    in_time_us, late_us = cut_us(honest.events), cut_us(asleep.events)
    assert in_time_us is not None
    assert late_us is not None
    assert 30 * MINUTE_US < late_us - in_time_us < 2 * HOUR_US
    assert cut_us(polled.events) == in_time_us
    assert asleep.seen() != polled.seen()

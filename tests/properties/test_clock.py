"""Setting and stepping the clock: cut anywhere, it stays within what it says of itself."""

from datetime import datetime

from hypothesis import example, given
from hypothesis import strategies as st

from meter_emu.desk.dates import Reading
from meter_emu.desk.desk import Work
from meter_emu.firmware.layouts import Health, StateFlags
from meter_emu.hardware.rtc.pcf8563 import Pcf8563
from tests.properties.instants import changes
from tests.properties.lab import (
    DAY_US,
    HOUR_US,
    KITS,
    MINUTE_US,
    MODELS,
    SECOND_US,
    Lab,
    Setting,
    civil,
    legal,
)
from tests.properties.stories import kits

LEGAL = [model for model in MODELS if model.rtc_base == "legal"]
CHANGE_US = HOUR_US  # after midnight UTC of the day
EPOCH_2000_US = 946_684_800 * SECOND_US


def apart_s(lab: Lab, expected: datetime) -> int:
    """Return how many seconds of the day the registers are away from `expected`."""
    second = lab.board.rtc.second_of_day(lab.board.now_us)
    assert second is not None
    return second - (expected.hour * 3600 + expected.minute * 60 + expected.second)


def leap(lab: Lab, *, days: int) -> None:
    """Let the counters of the clock chip leap, as a disturbed chip's may."""
    assert isinstance(lab.board.rtc, Pcf8563)
    lab.board.rtc.tick(days * 86_400)


@given(st.sampled_from(changes), st.integers(0, 60 * SECOND_US), st.sampled_from(LEGAL))
def test_a_clock_in_legal_time_shows_legal_time_after_every_change(day_us, phase_us, model):
    setting = Setting(
        start_us=day_us,
        clock_set_us=day_us,
        drift_ppb=model.clock.drift_bound_ppb,
        phase_us=phase_us,
        model=model,
    )
    lab = Lab(setting)
    lab.bench.run_until(day_us + CHANGE_US + 2 * MINUTE_US)
    assert abs(apart_s(lab, legal(lab.board.now_us))) <= 2


@given(
    st.sampled_from(changes),
    st.integers(0, 60_000) | st.integers(0, 400_000),
    st.integers(0, 3 * HOUR_US),
    st.integers(0, 2**16),
    kits(LEGAL),
)
def test_a_step_cut_anywhere_never_makes_a_cut_early(day_us, cut_us, dark_us, seed, kit):
    """Power goes within the poll that steps the clock, for seconds or hours, and T is that day."""
    start_us, step_us = day_us - HOUR_US, day_us + CHANGE_US
    end_us = step_us + 9 * HOUR_US
    outage = (step_us + cut_us, step_us + cut_us + 1 + dark_us)
    setting = Setting(
        start_us=start_us, clock_set_us=start_us, outages=[outage], seed=seed, **kit._asdict()
    )
    lab = Lab(setting)
    lab.write(Work(defer_until=civil(end_us), cut_at=civil(end_us)))
    lab.insert()
    lab.bench.run_until(end_us + 4 * HOUR_US)
    assert len(lab.openings_us) == 1
    assert lab.openings_us[0] >= end_us
    assert not lab.state().flags & StateFlags.STEP_PENDING


@given(
    st.integers(0, 50 * 365).map(lambda days: EPOCH_2000_US + days * DAY_US),
    st.integers(0, 3 * SECOND_US),
    st.integers(0, 2**16),
    kits(),
)
@example(  # two days on, the clocks go back and 2:10 comes twice
    start_us=1_035_504_000 * SECOND_US, cut_us=0, seed=0, kit=KITS[0]._replace(generation=2)
)
def test_a_lower_bound_cut_anywhere_is_a_bound_or_is_not_believed(start_us, cut_us, seed, kit):
    """The desk's word moves a lost clock forward; never past the truth, whatever is torn."""
    at_us = start_us + 10 * MINUTE_US
    outage = (at_us + cut_us, at_us + cut_us + 5 * SECOND_US)
    setting = Setting(
        start_us=start_us, clock_set_us=start_us, outages=[outage], seed=seed, **kit._asdict()
    )
    lab = Lab(setting)
    lab.bench.run_until(at_us)
    lab.board.rtc.voltage_low()
    lab.issued_at_min = (at_us - EPOCH_2000_US) // MINUTE_US - 3
    end = civil(at_us + 2 * DAY_US)
    lab.write(Work(defer_until=end, cut_at=end, reading=Reading.LATER))
    lab.bench.insert(lab.card)
    lab.bench.run_until(at_us + HOUR_US)
    assert lab.state().health == Health.LOWER_BOUND
    lab.bench.run_until(at_us + 3 * DAY_US)
    assert lab.openings_us
    assert lab.openings_us[0] >= (at_us + 2 * DAY_US) // MINUTE_US * MINUTE_US


def test_a_forward_leap_within_the_longest_outage_cuts_early():
    """A stated limit: without power, a clock that leaps looks like one that waited."""
    start_us = 1_593_597_600 * SECOND_US  # 1 July 2020 10:00 UTC
    end_us = start_us + 2 * DAY_US
    outage = (start_us + HOUR_US, start_us + 2 * HOUR_US)
    lab = Lab(Setting(start_us=start_us, clock_set_us=start_us, outages=[outage]))
    lab.write(Work(defer_until=civil(end_us), cut_at=civil(end_us)))
    lab.insert()
    lab.bench.run_until(start_us + HOUR_US + MINUTE_US)
    leap(lab, days=3)
    lab.bench.run_until(end_us - HOUR_US)
    assert lab.openings_us
    assert lab.openings_us[0] < end_us


def test_the_same_leap_with_power_on_is_seen_and_cuts_nobody():
    start_us = 1_593_597_600 * SECOND_US
    lab = Lab(Setting(start_us=start_us, clock_set_us=start_us))
    end_us = start_us + 2 * DAY_US
    lab.write(Work(defer_until=civil(end_us), cut_at=civil(end_us)))
    lab.insert()
    lab.bench.run_until(start_us + HOUR_US)
    leap(lab, days=3)
    lab.bench.run_until(end_us + DAY_US)
    assert lab.openings_us == []
    assert lab.state().health == Health.TICKS_DISAGREE

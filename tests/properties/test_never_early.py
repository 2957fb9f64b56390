"""A programmed cut comes in [T, T + 2u + poll], for any clock within its bound."""

from dataclasses import replace

from hypothesis import assume, example, given
from hypothesis import strategies as st

from meter_emu.desk.dates import CivilReading
from meter_emu.desk.desk import Work
from meter_emu.errors import DeskError
from meter_emu.ports import Lamp
from tests.properties.instants import instants, waits
from tests.properties.lab import (
    DAY_US,
    HOUR_US,
    MINUTE_US,
    MODEL,
    SECOND_US,
    WORK_US,
    Lab,
    Setting,
    civil,
    later_instant_us,
)
from tests.properties.stories import kits

BOOT_US = MODEL.boot_ms * 1_000  # the same for all models


def poll_us(setting: Setting) -> int:
    return setting.model.poll_s * SECOND_US


@st.composite
def settings_within_bound(draw: st.DrawFn) -> Setting:
    """Draw a meter whose clock keeps what its model promises."""
    start_us = draw(instants)
    age_us = draw(st.integers(0, 900) | st.sampled_from([0, 170, 365])) * DAY_US
    kit = draw(kits())
    bound_ppb = kit.model.clock.drift_bound_ppb
    bound_us = (kit.model.clock.set_error_s - 1) * SECOND_US  # the hidden second is the rest of it
    return Setting(
        start_us=start_us,
        clock_set_us=max(start_us - age_us, 946_684_800 * SECOND_US),
        clock_error_us=draw(
            st.integers(-bound_us, bound_us) | st.sampled_from([-bound_us, bound_us])
        ),
        drift_ppb=draw(
            st.integers(-bound_ppb, bound_ppb) | st.sampled_from([-bound_ppb, bound_ppb])
        ),
        phase_us=draw(st.integers(0, kit.model.poll_s * SECOND_US)),
        seed=draw(st.integers(0, 2**32)),
        **kit._asdict(),
    )


def armed(lab: Lab, wait_us: int) -> int:
    """Arm a meter for a legal minute about `wait_us` ahead and return the instant T in µs."""
    when = civil(lab.setting.start_us + wait_us)
    try:
        lab.write(Work(defer_until=when, cut_at=when, reading=CivilReading.LATER))
    except DeskError:
        assume(False)  # the desk refuses a time that exists twice, so no card carries it
    lab.insert()
    return later_instant_us(when)


@given(settings_within_bound(), waits)
def test_a_cut_is_never_early_and_never_later_than_the_clock_explains(setting, wait_us):
    lab = Lab(setting)
    at_us = armed(lab, wait_us)
    not_before_us = max(at_us, setting.start_us)  # a T in the minute of arming may be past already
    by_us = not_before_us + 2 * setting.uncertainty_us(at_us) + poll_us(setting) + WORK_US
    lab.bench.run_until(by_us + DAY_US)
    assert lab.openings_us, f"never cut, wanted by {by_us}"
    assert not_before_us <= lab.openings_us[0] <= by_us
    assert len(lab.openings_us) == 1
    assert not lab.board.switch.on


@given(settings_within_bound(), waits, st.integers(1, 20 * DAY_US), st.integers(0, 2 * DAY_US))
def test_after_an_outage_across_the_end_it_is_decided_at_power_up(setting, wait_us, before, after):
    at_us = later_instant_us(civil(setting.start_us + wait_us))
    from_us = max(at_us - before, setting.start_us + 10 * MINUTE_US)
    back_us = max(at_us + 2 * setting.uncertainty_us(at_us) + after, from_us + 1)
    outage = (from_us, back_us)
    lab = Lab(replace(setting, outages=[outage]))
    assert armed(lab, wait_us) == at_us
    lab.bench.run_until(back_us + BOOT_US + HOUR_US)
    first_us = lab.openings_us[0]
    if first_us < from_us:  # came before the outage: the first law holds
        assert first_us >= min(at_us, from_us)
    else:
        assert back_us <= first_us <= back_us + BOOT_US + WORK_US
    assert len(lab.openings_us) == 1


@given(settings_within_bound(), waits, st.integers(41, 55))
def test_a_clock_that_stopped_without_supply_cuts_nobody_on_a_date(setting, wait_us, days):
    at_us = later_instant_us(civil(setting.start_us + wait_us))
    from_us = max(setting.start_us + 10 * MINUTE_US, at_us - 2 * DAY_US)
    assume(at_us > from_us + setting.uncertainty_us(at_us))
    back_us = from_us + days * DAY_US  # longer than the model's backup of 40 days
    lab = Lab(replace(setting, outages=[(from_us, back_us)]))
    armed(lab, wait_us)
    lab.bench.run_until(back_us + HOUR_US)
    assert lab.openings_us == []
    assert lab.board.panel.lamps & Lamp.CLOCK_DOUBTED


@given(settings_within_bound(), waits, st.integers(0, 10 * DAY_US))
@example(
    setting=Setting(start_us=1_584_700_000_000_000, clock_set_us=1_580_000_000_000_000),
    wait_us=105 * DAY_US,
    before=4 * DAY_US,
)
def test_a_home_reactivated_before_the_end_is_not_cut(setting, wait_us, before):
    lab = Lab(setting)
    at_us = armed(lab, wait_us)
    lab.bench.run_until(max(at_us - before - MINUTE_US, setting.start_us))
    assume(lab.board.now_us < at_us)
    lab.write(Work(reactivate=True))
    lab.insert()
    lab.bench.run_until(at_us + 2 * setting.uncertainty_us(at_us) + 2 * DAY_US)
    assert lab.openings_us == []


@given(settings_within_bound(), waits, st.sampled_from(["end-exclusive", "doy-common-year"]))
def test_the_law_can_fail(setting, wait_us, defect):
    """With a day lost the cut is early whenever the defect shows, never later than without it."""
    reference, broken = Lab(setting), Lab(replace(setting, build=f"reference+{defect}"))
    at_us, _ = armed(reference, wait_us), armed(broken, wait_us)
    by_us = (
        max(at_us, setting.start_us)
        + 2 * setting.uncertainty_us(at_us)
        + poll_us(setting)
        + WORK_US
    )
    for lab in (reference, broken):
        lab.bench.run_until(by_us)
    assert broken.openings_us[0] <= reference.openings_us[0]
    shows = defect == "end-exclusive" or (civil(at_us).month > 2 and civil(at_us).year % 4 == 0)
    if shows and wait_us > 2 * DAY_US:
        assert broken.openings_us[0] < at_us - 20 * HOUR_US

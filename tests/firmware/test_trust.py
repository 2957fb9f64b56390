"""Clock trust: one row for each way of losing it, and the uncertainty against exact fractions."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st

from meter_emu.firmware.layouts import EventCode, Health
from meter_emu.firmware.rtc.driver import RtcReading
from meter_emu.firmware.rules import MeterRules
from meter_emu.units import PPB
from tests.cells import each_cell
from tests.firmware.meters import (
    EPOCH_2000,
    PARTS,
    START,
    factory,
    now_at,
    seconds,
    seconds_2000,
    state,
)
from tests.wide import up_to

TRUST = PARTS.trust
GOOD = RtcReading(2020, 7, 3, 12, 34, 56, low_voltage=False, valid=True)
READ = datetime(2020, 7, 3, 12, 34, 56, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def reading(when: datetime) -> RtcReading:
    return RtcReading(
        when.year, when.month, when.day, when.hour, when.minute, when.second, False, True
    )


def journalled(last: datetime, clock_set: datetime = START):
    return state(last_time_s=seconds_2000(last), clock_set_s=seconds_2000(clock_set))


OUTAGE = timedelta(days=factory().outage_max_days)
TRUST_SPAN = timedelta(days=factory().trust_max_days)
KEPT = journalled(READ - DAY)

# what the chip says, what was journalled, what becomes of the trust
LOSSES = {
    "VL": (GOOD._replace(low_voltage=True), KEPT, Health.LOW_VOLTAGE),
    "VL and no date": (GOOD._replace(low_voltage=True, day=31, month=2), KEPT, Health.LOW_VOLTAGE),
    "digits that are none": (GOOD._replace(valid=False), KEPT, Health.IMPOSSIBLE_DATE),
    "31 February": (GOOD._replace(month=2, day=31), KEPT, Health.IMPOSSIBLE_DATE),
    "29 February 2021": (GOOD._replace(year=2021, month=2, day=29), KEPT, Health.IMPOSSIBLE_DATE),
    "31 June": (GOOD._replace(month=6, day=31), KEPT, Health.IMPOSSIBLE_DATE),
    "29 February 2100": (GOOD._replace(year=2100, month=2, day=29), KEPT, Health.IMPOSSIBLE_DATE),
    "the century bit": (GOOD._replace(year=2120), KEPT, Health.IMPOSSIBLE_DATE),
    "a second behind": (GOOD, journalled(READ + SECOND), Health.BACKWARDS),
    "the chip's first date": (
        RtcReading(2000, 1, 1, 0, 0, 0, low_voltage=False, valid=True), KEPT, Health.BACKWARDS,
    ),
    "longer dark than any outage": (
        GOOD, journalled(READ - OUTAGE - SECOND), Health.TOO_FAR_AHEAD,
    ),
    "2099": (reading(datetime(2099, 12, 31, tzinfo=UTC)), KEPT, Health.TOO_FAR_AHEAD),
    "set too long ago": (
        GOOD, journalled(READ - DAY, READ - TRUST_SPAN - DAY), Health.SET_TOO_LONG_AGO,
    ),
}  # fmt: skip

# the last moment at which each of them is still believed
KEEPS = {
    "an ordinary day": (GOOD, KEPT),
    "the very second journalled": (GOOD, journalled(READ)),
    "as long dark as the longest outage": (GOOD, journalled(READ - OUTAGE)),
    "set as long ago as is allowed": (GOOD, journalled(READ - DAY, READ - TRUST_SPAN)),
    "29 February of a leap year": (
        reading(datetime(2020, 2, 29, tzinfo=UTC)),
        journalled(datetime(2020, 2, 28, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)),
    ),
    "the last second of 2099": (
        reading(datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)),
        journalled(datetime(2099, 12, 30, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)),
    ),
}


@each_cell("why", LOSSES)
def test_each_way_of_losing_trust_has_its_name(why):
    shown, kept, health = LOSSES[why]
    now = TRUST.judge(shown, None, kept, factory())
    assert now.health is health
    assert not now.trusted


@each_cell("why", KEEPS)
def test_trust_is_kept_up_to_the_limit_itself(why):
    shown, kept = KEEPS[why]
    assert TRUST.judge(shown, None, kept, factory()).health is Health.TRUSTED


def test_every_way_is_in_the_table():
    """The rest has tests of its own: ticks below, test_clock, test_stamps."""
    elsewhere = {
        Health.TRUSTED, Health.TICKS_DISAGREE, Health.BEING_SET, Health.LOWER_BOUND,
        Health.DISPUTED,
    }  # fmt: skip
    assert {health for _, _, health in LOSSES.values()} == set(Health) - elsewhere


@example(since_s=4_294_000, apart_ms=0, first_ms=2**31)  # ticks count 49 days and 17 hours
@given(st.integers(0, 86_400), st.integers(-20_000, 20_000), up_to(2**32 - 1))
def test_clock_and_ticks_may_differ_by_five_seconds_and_the_drift(since_s, apart_ms, first_ms):
    kept = journalled(READ - since_s * SECOND, READ - since_s * SECOND)
    kept.last_ticks_ms = first_ms
    ticked_ms = since_s * 1000 + apart_ms
    now = TRUST.judge(GOOD, (first_ms + ticked_ms) % 2**32, kept, factory(outage_max_days=99))
    slack_ms = 5_000 + Fraction(ticked_ms % 2**32 * factory().drift_bound_ppb, PPB)
    disagree = ticked_ms < 0 or abs(apart_ms) > slack_ms
    if abs(abs(apart_ms) - slack_ms) > 1:
        assert now.health is (Health.TICKS_DISAGREE if disagree else Health.TRUSTED)


@each_cell(
    "health", [health for health in Health if health not in {Health.TRUSTED, Health.LOWER_BOUND}]
)
def test_a_distrust_once_journalled_stays_though_the_clock_looks_well(health):
    kept = journalled(READ - DAY)
    kept.health = health
    assert TRUST.judge(GOOD, None, kept, factory()).health is health


@each_cell("why", LOSSES)
def test_a_loss_is_journalled_once_and_time_no_more(why):
    shown, lost, health = LOSSES[why]
    kept = journalled(START)
    kept.last_time_s, kept.clock_set_s = lost.last_time_s, lost.clock_set_s
    for _ in range(3):
        now = TRUST.judge(shown, None, kept, factory())
        MeterRules(PARTS, factory(), kept, now, ticks_ms=0, register_units=0).keep_time(
            powered_on=False
        )
    assert kept.health is health
    assert kept.last_time_s == lost.last_time_s
    codes = [kept.events[at] for at in range(4, len(kept.events), 8)]
    assert codes.count(EventCode.CLOCK_LOST) == 1


def test_a_possible_date_is_told_even_when_it_is_not_believed():
    now = TRUST.judge(GOOD._replace(low_voltage=True), None, KEPT, factory())
    assert (now.utc_s, now.second_of_day) == (seconds(READ), 45_296)


@each_cell("why", ["digits that are none", "31 February", "the century bit"])
def test_an_impossible_date_gives_no_time(why):
    shown, kept, _ = LOSSES[why]
    now = TRUST.judge(shown, None, kept, factory())
    assert (now.utc_s, now.uncertainty_s) == (0, 0)
    assert (now.second_of_day is None) == (not shown.valid)


@given(st.integers(0, (datetime(2100, 1, 1, tzinfo=UTC) - EPOCH_2000) // SECOND - 1))
def test_any_second_2000_to_2099_is_the_second_of_datetime(second):
    when = EPOCH_2000 + second * SECOND
    assert TRUST.judge(reading(when), None, journalled(START), factory()).utc_s == seconds(when)


@given(
    st.integers(0, 3_200_000_000),
    st.integers(0, 1_000_000),
    st.integers(1, 3600),
)
def test_uncertainty_covers_a_clock_at_its_bound_and_not_a_second_more(
    counted_s, drift_ppb, set_error_s
):
    """A clock that is slow by the whole bound has counted less than has passed."""
    kept = state(clock_set_s=seconds_2000(START))
    kept.set_error_s = set_error_s
    record = factory(drift_bound_ppb=drift_ppb)
    u_s = TRUST.uncertainty_s(seconds(START) + counted_s, kept, record)
    passed_s = Fraction(counted_s * PPB, PPB - drift_ppb)
    error_s = set_error_s + passed_s - counted_s
    assert error_s <= u_s < error_s + 1


def test_uncertainty_before_the_setting_is_the_settings_error():
    kept = state(clock_set_s=seconds_2000(START), set_error_s=60)
    assert TRUST.uncertainty_s(seconds(START) - 5, kept, factory()) == 60


@given(st.integers(0, 4_000_000_000), st.integers(0, 10_000))
def test_the_earliest_and_the_latest_lie_u_around_the_reading(utc_s, u_s):
    now = now_at(utc_s, u=u_s)
    assert (now.early_s, now.late_s) == (utc_s - u_s, utc_s + u_s)

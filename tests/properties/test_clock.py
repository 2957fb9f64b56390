"""Setting and stepping the clock: cut anywhere, it stays within what it says of itself."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from card_protocol.card.virtual import card_of
from meter_emu.desk.clock.clock_card import issue_clock_card
from meter_emu.desk.dates import CivilReading
from meter_emu.desk.desk import Work
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.firmware.layouts import EventCode, Health, StateFlags
from meter_emu.hardware.rtc.pcf8563 import Pcf8563
from meter_emu.ports import Button
from meter_emu.world.meter.acts import Press
from meter_emu.world.meter.clock_chips import CLOCK_CHIPS
from tests.cells import each_cell
from tests.properties.around_t_stories import kits
from tests.properties.instants import changes
from tests.properties.trials import (
    DAY_US,
    GAS,
    HOUR_US,
    KITS,
    METER_ID,
    MINUTE_US,
    MODELS,
    SECOND_US,
    Circumstances,
    MeterSetup,
    civil,
    legal,
    us,
)

LEGAL = [model for model in MODELS if model.rtc_base == "legal"]
# A chip whose doubt is that it has stopped has no flag for it.
FLAGGED = {name for name, row in CLOCK_CHIPS.items() if row.chip.DOUBT not in row.chip.STILL}
DOUBTING = [model for model in MODELS if model.rtc in FLAGGED]
CHANGE_US = HOUR_US  # after midnight UTC of the day
EPOCH_2000_US = 946_684_800 * SECOND_US


def apart_s(setup: MeterSetup, expected: datetime) -> int:
    """Return how many seconds of the day the registers are away from `expected`."""
    second = setup.board.rtc.second_of_day(setup.board.now_us)
    assert second is not None
    return second - (expected.hour * 3600 + expected.minute * 60 + expected.second)


def leap(setup: MeterSetup, *, days: int) -> None:
    """Let the counters of the clock chip leap, as a disturbed chip's may."""
    assert isinstance(setup.board.rtc, Pcf8563)
    setup.board.rtc.tick(days * 86_400)


@given(st.sampled_from(changes), st.integers(0, 60 * SECOND_US), st.sampled_from(LEGAL))
def test_a_clock_in_legal_time_shows_legal_time_after_every_change(day_us, phase_us, model):
    setting = Circumstances(
        start_us=day_us,
        clock_set_us=day_us,
        drift_ppb=model.clock.drift_bound_ppb,
        phase_us=phase_us,
        model=model,
    )
    setup = MeterSetup(setting)
    setup.bench.run_until(day_us + CHANGE_US + 2 * MINUTE_US)
    assert abs(apart_s(setup, legal(setup.board.now_us))) <= 2


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
    setting = Circumstances(
        start_us=start_us, clock_set_us=start_us, outages=[outage], seed=seed, **kit._asdict()
    )
    setup = MeterSetup(setting)
    setup.write(Work(defer_until=civil(end_us), cut_at=civil(end_us)))
    setup.insert()
    setup.bench.run_until(end_us + 4 * HOUR_US)
    assert len(setup.openings_us) == 1
    assert setup.openings_us[0] >= end_us
    assert not setup.state().flags & StateFlags.STEP_PENDING


SPRING_US = us(datetime(2020, 3, 29, tzinfo=UTC))
AUTUMN_US = us(datetime(2020, 10, 25, tzinfo=UTC))
CHIPS = [
    model for model in LEGAL if model.name in {"electricity-legal-time", "electricity-ds3231-utc"}
]
# Within the poll: the save of the intent ends and the hour is written, then what is done is saved.
CUTS_US = [*range(42_000, 47_000, 100), *range(47_000, 76_000, 1_000)]


@pytest.mark.slow("cuts power at every instant")
@each_cell("model", CHIPS, ids=lambda model: model.name)
@each_cell("day_us", [SPRING_US, AUTUMN_US], ids=["spring", "autumn"])
def test_a_step_cut_at_any_instant_is_settled_by_the_reading_or_doubted_by_an_hour(day_us, model):
    """Five seconds dark: forward and an hour later look the same, and so do back and not yet."""
    step_us, spring = day_us + CHANGE_US, day_us == SPRING_US
    seen = set()
    for cut_us in CUTS_US:
        outage = (step_us + cut_us, step_us + cut_us + 5 * SECOND_US)
        setup = MeterSetup(
            Circumstances(
                start_us=step_us - HOUR_US,
                clock_set_us=step_us - HOUR_US,
                outages=[outage],
                seed=cut_us,
                model=model,
            )
        )
        error_s = setup.state().set_error_s
        setup.bench.run_until(outage[1] - SECOND_US)
        begun = bool(setup.state().flags & StateFlags.STEP_PENDING)
        written = abs(apart_s(setup, legal(setup.board.now_us))) < 60
        setup.bench.run_until(step_us + 10 * MINUTE_US)
        kept = setup.state()
        doubted = begun and written == spring
        assert kept.health == Health.TRUSTED
        assert kept.set_error_s == error_s + 3600 * doubted
        assert (EventCode.STEP_DOUBTED in kept.events[4::8]) == doubted
        assert kept.flags & (StateFlags.STEP_PENDING | StateFlags.SUMMER) == (
            StateFlags.SUMMER if spring else 0
        )
        assert abs(apart_s(setup, legal(setup.board.now_us))) <= kept.set_error_s
        seen.add((begun, written))
    assert seen == {(False, False), (True, False), (True, True), (False, True)}


@each_cell("model", CHIPS, ids=lambda model: model.name)
@each_cell("day_us", [SPRING_US, AUTUMN_US])
def test_a_clock_that_is_not_believed_is_stepped_when_its_lower_bound_is_at_the_change(
    day_us, model
):
    """It goes on from what is certain, and the change has come for certain when that is there."""
    setup = MeterSetup(Circumstances(start_us=day_us, clock_set_us=day_us, model=model))
    setup.board.rtc.voltage_low()
    setup.bench.run_until(day_us + CHANGE_US + 10 * MINUTE_US)
    setup.bench.do(
        Press(Button.BLUE)
    )  # the program runs: without a date it has nothing to wake up for
    assert setup.state().health == Health.LOWER_BOUND
    behind_s = -apart_s(setup, legal(setup.board.now_us))
    assert 0 <= behind_s <= model.clock.set_error_s + 10
    assert not setup.state().flags & StateFlags.STEP_PENDING


@pytest.mark.parametrize(("day_us", "left_s"), [(SPRING_US, -3600), (AUTUMN_US, 3600)])
def test_an_hourly_poll_in_the_last_seconds_of_an_hour_puts_the_step_off(day_us, left_s):
    """A stated limit (docs/decisions/clock.md): until a card, a button or power wakes the meter.

    What is understood is right meanwhile: the registers count the old season, and it knows.
    """
    start_us = day_us - HOUR_US - 9 * SECOND_US
    model = msgspec.structs.replace(GAS, rtc_base="legal")
    end_us = day_us + CHANGE_US + 4 * HOUR_US
    setup = MeterSetup(Circumstances(start_us=start_us, clock_set_us=start_us, model=model))
    setup.write(Work(cut_at=civil(end_us)))
    setup.insert()
    setup.bench.run_until(end_us + 2 * HOUR_US)
    assert abs(apart_s(setup, legal(setup.board.now_us)) - left_s) <= 2
    assert [end_us <= at_us <= end_us + 2 * HOUR_US for at_us in setup.openings_us] == [True]
    setup.bench.do(Press(Button.BLUE))
    assert abs(apart_s(setup, legal(setup.board.now_us))) <= 2


# where each chip counts the day of the week, and what it calls a Sunday (their data sheets)
WEEKDAY_OF = {"pcf8563": (0x06, 0), "ds3231": (0x03, 7)}


@each_cell("model", CHIPS, ids=lambda model: model.name)
@each_cell("day", [0, 1, 6])  # Sunday, Monday, Saturday
@each_cell(
    ("begun", "promise"),
    [
        (datetime(2020, 2, 3, tzinfo=UTC), datetime(2020, 7, 5, tzinfo=UTC)),
        (datetime(2020, 8, 3, tzinfo=UTC), datetime(2020, 12, 6, tzinfo=UTC)),
    ],
)
def test_a_clock_set_in_the_other_season_shows_legal_time_and_its_weekday_at_once(
    begun, promise, day, model
):
    start_us = us(begun) + 10 * HOUR_US
    announced_us = (
        us(promise) + day * DAY_US + 22 * HOUR_US
    )  # no hour for the program to step it at
    setup = MeterSetup(Circumstances(start_us=start_us, clock_set_us=start_us, model=model))
    setup.board.rtc.voltage_low()
    set_to_s = (announced_us - EPOCH_2000_US) // SECOND_US
    card = issue_clock_card(TEST_MASTER_KEY, METER_ID, set_to_s=set_to_s, set_error_s=60)
    setup.bench.insert(card_of(card, bytes))
    assert setup.state().health == Health.TRUSTED
    assert 0 <= apart_s(setup, legal(announced_us)) <= 3
    at, sunday = WEEKDAY_OF[model.rtc]
    weekday = legal(announced_us).isoweekday() % 7 or sunday
    raw = setup.board.rtc_read(at, 1)
    assert raw is not None
    assert raw[0] & 0x07 == weekday


@pytest.mark.slow("lives many stories")
@given(
    st.integers(0, 50 * 365).map(lambda days: EPOCH_2000_US + days * DAY_US),
    st.integers(0, 3 * SECOND_US),
    st.integers(0, 2**16),
    kits(DOUBTING),
)
@example(  # two days on, the clocks go back and 2:10 comes twice
    start_us=1_035_504_000 * SECOND_US, cut_us=0, seed=0, kit=KITS[0]._replace(generation=2)
)
def test_a_lower_bound_cut_anywhere_is_a_bound_or_is_not_believed(start_us, cut_us, seed, kit):
    """The desk's word moves a lost clock forward; never past the truth, whatever is torn."""
    at_us = start_us + 10 * MINUTE_US
    outage = (at_us + cut_us, at_us + cut_us + 5 * SECOND_US)
    setting = Circumstances(
        start_us=start_us, clock_set_us=start_us, outages=[outage], seed=seed, **kit._asdict()
    )
    setup = MeterSetup(setting)
    setup.bench.run_until(at_us)
    setup.board.rtc.voltage_low()
    setup.issued_at_min = (at_us - EPOCH_2000_US) // MINUTE_US - 3
    end = civil(at_us + 2 * DAY_US)
    setup.write(Work(defer_until=end, cut_at=end, reading=CivilReading.LATER))
    setup.bench.insert(setup.card)
    setup.bench.run_until(at_us + HOUR_US)
    assert setup.state().health == Health.LOWER_BOUND
    setup.bench.run_until(at_us + 3 * DAY_US)
    assert setup.openings_us
    assert setup.openings_us[0] >= (at_us + 2 * DAY_US) // MINUTE_US * MINUTE_US


def test_a_forward_leap_within_the_longest_outage_cuts_early():
    """A stated limit: without power, a clock that leaps looks like one that waited."""
    start_us = 1_593_597_600 * SECOND_US  # 1 July 2020 10:00 UTC
    end_us = start_us + 2 * DAY_US
    outage = (start_us + HOUR_US, start_us + 2 * HOUR_US)
    setup = MeterSetup(Circumstances(start_us=start_us, clock_set_us=start_us, outages=[outage]))
    setup.write(Work(defer_until=civil(end_us), cut_at=civil(end_us)))
    setup.insert()
    setup.bench.run_until(start_us + HOUR_US + MINUTE_US)
    leap(setup, days=3)
    setup.bench.run_until(end_us - HOUR_US)
    assert setup.openings_us
    assert setup.openings_us[0] < end_us


def test_the_same_leap_with_power_on_is_seen_and_cuts_nobody_early():
    start_us = 1_593_597_600 * SECOND_US
    setup = MeterSetup(Circumstances(start_us=start_us, clock_set_us=start_us))
    end_us = start_us + 2 * DAY_US
    setup.write(Work(defer_until=civil(end_us), cut_at=civil(end_us)))
    setup.insert()
    setup.bench.run_until(start_us + HOUR_US)
    leap(setup, days=3)
    setup.bench.run_until(end_us - SECOND_US)
    assert setup.openings_us == []
    assert setup.state().lost_by == Health.TICKS_DISAGREE
    setup.bench.run_until(end_us + DAY_US)
    assert len(setup.openings_us) == 1, "the lesser of clock and ticks goes on"

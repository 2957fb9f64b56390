"""What the registers count, and the hour by which a clock in legal time is stepped."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from meter_emu.firmware.layouts import Factory, RtcBase, StateFlags
from meter_emu.firmware.trust import ERROR_MAX_S
from tests.cells import each_cell
from tests.firmware.meters import PARTS, factory, seconds, state

BASE = PARTS.base
BRUSSELS = ZoneInfo("Europe/Brussels")
LEGAL: Factory = factory(rtc_base=RtcBase.LEGAL)
JUNE = datetime(2020, 6, 1, tzinfo=UTC)
DECEMBER = datetime(2020, 12, 1, tzinfo=UTC)


def flags_of(*, summer: bool, pending: bool = False) -> int:
    kept = StateFlags.PREPAYMENT_ON | StateFlags.STEP_PENDING * pending
    return kept | StateFlags.SUMMER * summer


OFFSETS = [
    (RtcBase.UTC, False, 0),
    (RtcBase.UTC, True, 0),
    (RtcBase.STANDARD, False, 3600),
    (RtcBase.STANDARD, True, 3600),
    (RtcBase.LEGAL, False, 3600),
    (RtcBase.LEGAL, True, 7200),
]


@each_cell(("base", "summer", "offset_s"), OFFSETS)
def test_registers_are_ahead_of_utc_by_their_base(base, summer, offset_s):
    kept = state(flags=flags_of(summer=summer))
    assert BASE.offset_s(kept, factory(rtc_base=base)) == offset_s


# what the registers show when legal time has changed, and whether they can be stepped by an hour:
# one byte, so not into another day, and not while the hour is about to change by itself
STEPPABLE = [
    ("00:59:59", False),
    ("01:00:00", True),
    ("12:59:50", True),
    ("12:59:51", False),
    ("13:00:00", True),
    ("22:59:50", True),
    ("23:00:00", False),
]


@each_cell(("shown", "steppable"), STEPPABLE)
def test_the_hour_is_stepped_where_one_byte_can_say_it(shown, steppable):
    hour, minute, second = (int(part) for part in shown.split(":"))
    of_day = (hour * 60 + minute) * 60 + second
    for when, summer, hours in ((JUNE, False, 1), (DECEMBER, True, -1)):
        stands = state(flags=flags_of(summer=summer))
        right = state(flags=flags_of(summer=not summer))
        assert BASE.step_hours(seconds(when), of_day, stands, LEGAL) == hours * steppable
        assert BASE.step_hours(seconds(when), of_day, right, LEGAL) == 0
        for base in (RtcBase.UTC, RtcBase.STANDARD):
            assert not BASE.step_hours(seconds(when), of_day, stands, factory(rtc_base=base))


@given(st.datetimes(datetime(2001, 1, 1), datetime(2037, 1, 1)))  # noqa: DTZ001 - naive
def test_the_next_step_is_where_zoneinfo_changes(when):
    utc = when.replace(second=0, microsecond=0, tzinfo=UTC)
    summer = utc.astimezone(BRUSSELS).dst() != timedelta(0)
    kept = state(flags=flags_of(summer=summer))
    left_s = BASE.seconds_to_step(seconds(utc), kept, LEGAL)
    assert left_s is not None
    before, after = (
        (utc + timedelta(seconds=s)).astimezone(BRUSSELS) for s in (left_s - 1, left_s)
    )
    assert before.dst() == utc.astimezone(BRUSSELS).dst() != after.dst()
    assert left_s < 220 * 86_400  # the next one, not one after it
    overdue = state(flags=flags_of(summer=not summer))
    assert BASE.seconds_to_step(seconds(utc), overdue, LEGAL) == 1
    assert BASE.seconds_to_step(seconds(utc), overdue, factory(rtc_base=RtcBase.UTC)) is None


# SUMMER as it stood when the step was begun, seconds since by the registers as if nothing was
# written; whether it stands afterwards, and whether the hour stays in doubt
BEGUN = [
    (False, 0, False, False),
    (False, 3_599, False, False),  # written forward, at least an hour would show
    (False, 3_600, True, True),  # what may have been done counts as done
    (False, 86_400, True, True),
    (True, -1, False, False),  # only written back can it be before
    (True, 0, False, True),
    (True, 86_400, False, True),
]


@each_cell(("summer", "since_s", "stands", "doubted"), BEGUN)
@each_cell("error_s", [60, ERROR_MAX_S - 3600, ERROR_MAX_S - 3599, ERROR_MAX_S])
def test_a_step_that_was_cut_is_settled_by_the_reading_or_an_hour_is_allowed_for(
    summer, since_s, stands, doubted, error_s
):
    kept = state(flags=flags_of(summer=summer, pending=True), set_error_s=error_s)
    assert BASE.resolve_step(since_s, kept) == doubted
    assert kept.flags == flags_of(summer=stands)
    assert kept.set_error_s == (min(0xFFFF, error_s + 3600) if doubted else error_s)

"""Laws of routines that take a date: each over every day of its range, against `datetime`."""

from calendar import isleap
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from meter_emu.driver_bench import draws
from meter_emu.driver_bench.driver import Argument, Reading, Said
from meter_emu.driver_bench.law import (
    DAY,
    ONE_SECOND,
    Case,
    ClockLaw,
    DrawCase,
    DriverRig,
    LawBreach,
    Sweep,
    compared,
)
from meter_emu.driver_bench.setting import learned_week, number_finding, number_of, weekday_finding

_WEEK: Final = 7
_NTHS: Final = 4


def _drawn(draw: draws.DrawMoment) -> DrawCase:
    return lambda rig, random, number: Case(draw(random, rig.declared, number))


def _days(rig: DriverRig) -> Iterable[Case]:
    return (Case(day) for day in draws.every_day(rig.declared))


def _ymd(case: Case) -> tuple[Argument, ...]:
    return case.t.year, case.t.month, case.t.day


def _moment(case: Case) -> tuple[Argument, ...]:
    return (case.t,)


def _value(want: object, answer: Said, what: str, case: Case) -> LawBreach | None:
    if answer == want:
        return None
    return LawBreach((what,), f"{what} of {case}: expected {want}, got {answer!r}")


# Numbers ------------------------------------------------------------------------------------------


def _counts(rig: DriverRig, t: datetime) -> bool:
    """Whether the declared count has a number for it."""
    bits = rig.declared.number_bits
    number = number_of(rig, t)
    return not bits or -(2**bits) < number < 2**bits


def _number_days(rig: DriverRig) -> Iterable[Case]:
    return (case for case in _days(rig) if _counts(rig, case.t))


def _draw_counted(rig: DriverRig, random: Random, number: int) -> Case:
    t = draws.counted(random, rig.declared, number)
    return Case(t if _counts(rig, t) else draws.clamped(rig.known_day, rig.declared))


def _moment_cases(rig: DriverRig) -> Iterator[Case]:
    for case in _number_days(rig):
        yield Case(case.t, (number_of(rig, case.t),))


def _draw_moment(rig: DriverRig, random: Random, number: int) -> Case:
    t = _draw_counted(rig, random, number).t
    return Case(t, (number_of(rig, t),))


def _judge_moment(rig: DriverRig, case: Case, answer: Said) -> LawBreach | None:
    want = rig.declared.epoch + int(case.more[0]) * timedelta(seconds=rig.declared.unit)
    finding = compared(want, answer, f"moment of {case.more[0]}")
    if finding is None and isinstance(answer, Reading):
        yearday = want.timetuple().tm_yday - 1 + rig.declared.first_yearday
        if answer.yearday not in {None, yearday}:
            got = f"got {answer.yearday}"
            words = f"moment of {case.more[0]}: expected day {yearday} of the year, {got}"
            return LawBreach(("yearday",), words)
        return _weekday_of_moment(rig, want, answer)
    return finding


def _weekday_of_moment(rig: DriverRig, want: datetime, answer: Reading) -> LawBreach | None:
    """Compare a weekday that comes with a moment; how it is counted is learned from a week."""
    if answer.weekday is None:
        return None

    def say(day: datetime) -> int | None:
        one = rig.driver.call("moment", number_of(rig, day))
        return one.weekday if isinstance(one, Reading) else None

    return weekday_finding(rig, learned_week(rig, "moment", say), want, answer.weekday, "moment")


# Days ---------------------------------------------------------------------------------------------


def _judge_weekday(rig: DriverRig, case: Case, answer: Said) -> LawBreach | None:
    week = learned_week(rig, "weekday", lambda day: _number(rig, Case(day)))
    got = answer if isinstance(answer, int) else None
    return weekday_finding(rig, week, case.t, got, "weekday")


def _number(rig: DriverRig, case: Case) -> int | None:
    answer = rig.driver.call("weekday", *_ymd(case))
    return answer if isinstance(answer, int) else None


def _judge_yearday(rig: DriverRig, case: Case, answer: Said) -> LawBreach | None:
    want = case.t.timetuple().tm_yday - 1 + rig.declared.first_yearday
    return _value(want, answer, "day of the year", case)


def _months(rig: DriverRig) -> Iterator[Case]:
    first, last = rig.declared.years
    for year in range(first, last + 1):
        for month in range(1, 13):
            yield Case(datetime(year, month, 1))


def _last_day(t: datetime) -> int:
    month = t.replace(day=28) + 4 * DAY
    return (month - month.day * DAY).day


def _years(rig: DriverRig) -> Iterator[Case]:
    first, last = rig.declared.years
    return (Case(datetime(year, 1, 1)) for year in range(first, last + 1))


def _draw_leap(rig: DriverRig, random: Random, number: int) -> Case:
    first, last = rig.declared.years
    centuries = [year for year in range(first, last + 1) if year % 100 == 0]
    t = draws.whole_day(random, rig.declared, number)
    return Case(
        t.replace(day=1, year=random.choice(centuries)) if number % 3 == 1 and centuries else t
    )


def _judge_next(_rig: DriverRig, case: Case, answer: Said) -> LawBreach | None:
    want = case.t.replace(hour=0, minute=0, second=0) + DAY
    if isinstance(answer, Reading):
        answer = Reading(*answer[:3], 0, 0, 0)
    return compared(want, answer, f"the day after {case.t:%Y-%m-%d}")


def _days_but_last(rig: DriverRig) -> Iterator[Case]:
    last = rig.declared.last - DAY
    return (case for case in _days(rig) if case.t <= last)


def _draw_but_last(rig: DriverRig, random: Random, number: int) -> Case:
    t = draws.whole_day(random, rig.declared, number)
    if number % 2:
        t = t.replace(day=_last_day(t))
    return Case(min(t, (rig.declared.last - 2 * DAY).replace(hour=0, minute=0, second=0)))


def _day_number(rig: DriverRig, case: Case) -> int:
    return (case.t - rig.declared.epoch) // DAY


def _year_cases(rig: DriverRig) -> Iterator[Case]:
    return (Case(case.t, (_day_number(rig, case),)) for case in _days(rig))


def _draw_year(rig: DriverRig, random: Random, number: int) -> Case:
    t = draws.whole_day(random, rig.declared, number)
    if number % 2:
        t = t.replace(month=12, day=31) if number % 4 == 1 else t.replace(month=1, day=1)
    return Case(t, (_day_number(rig, Case(t)),))


def _judge_year(rig: DriverRig, case: Case, answer: Said) -> LawBreach | None:
    want = (rig.declared.epoch + int(case.more[0]) * DAY).year
    return _value(want, answer, "year", case)


def _nth_cases(rig: DriverRig) -> Iterator[Case]:
    for case in _months(rig):
        for weekday in range(_WEEK):
            for nth in range(1, _NTHS + 1):
                yield Case(case.t, (weekday, nth))


def _draw_nth(rig: DriverRig, random: Random, number: int) -> Case:
    t = draws.draw_moment(random, rig.declared, number)
    t = t.replace(day=1, hour=0, minute=0, second=0)
    return Case(t, (random.randrange(_WEEK), random.randrange(1, _NTHS + 1)))


def _nth_args(case: Case) -> tuple[Argument, ...]:
    return (case.t.year, case.t.month, *case.more)


def _judge_nth(_rig: DriverRig, case: Case, answer: Said) -> LawBreach | None:
    weekday, nth = int(case.more[0]), int(case.more[1])
    want = 1 + (weekday - case.t.weekday()) % _WEEK + (nth - 1) * _WEEK
    return _value(want, answer, "n-th weekday, from Monday 0,", case)


def _last_cases(rig: DriverRig) -> Iterator[Case]:
    return (Case(case.t, (weekday,)) for case in _months(rig) for weekday in range(_WEEK))


def _draw_last(rig: DriverRig, random: Random, number: int) -> Case:
    nth = _draw_nth(rig, random, number)
    return Case(nth.t, nth.more[:1])


def _judge_last(_rig: DriverRig, case: Case, answer: Said) -> LawBreach | None:
    end = case.t.replace(day=_last_day(case.t))
    want = end.day - (end.weekday() - int(case.more[0])) % _WEEK
    return _value(want, answer, "last weekday, from Monday 0,", case)


# Zones, and what is due ---------------------------------------------------------------------------


def _changes(rig: DriverRig) -> Iterator[Case]:
    """Yield instants around each change of the zone."""
    declared = rig.declared
    for change in draws.zone_changes(declared.zone, *declared.years):
        for apart in (-3601, -3600, -1, 0, 1, 3599, 3600, 86_399):
            yield Case(draws.clamped(change + apart * ONE_SECOND, declared))


def _judge_local(rig: DriverRig, case: Case, answer: Said) -> LawBreach | None:
    local = case.t.replace(tzinfo=UTC).astimezone(rig.declared.zone_info).replace(tzinfo=None)
    return compared(local, answer, f"local of {case.t:%Y-%m-%d %H:%M:%S} UTC")


def _judge_summer(rig: DriverRig, case: Case, answer: Said) -> LawBreach | None:
    right = _summers(rig, case.t)
    if answer in right:
        return None
    want = " or ".join("yes" if one else "no" for one in sorted(right))
    words = f"summer time at {case.t:%Y-%m-%d %H:%M:%S} {rig.declared.summer_of}"
    return LawBreach(("summer",), f"{words}: expected {want}, got {'yes' if answer else 'no'}")


def _summers(rig: DriverRig, t: datetime) -> set[bool]:
    """Return whether it is summer time; both where the local time exists twice, or not at all."""
    info = rig.declared.zone_info
    if rig.declared.summer_of == "local":
        return {bool(t.replace(tzinfo=info, fold=fold).dst()) for fold in (0, 1)}
    if rig.declared.summer_of == "standard":
        t -= _standard(rig, t)
    return {bool(t.replace(tzinfo=UTC).astimezone(info).dst())}


def _standard(rig: DriverRig, t: datetime) -> timedelta:
    """Return the zone's offset from UTC without summer time."""
    there = t.replace(tzinfo=rig.declared.zone_info)
    return (there.utcoffset() or timedelta()) - (there.dst() or timedelta())


def _given(rig: DriverRig, utc: datetime) -> datetime:
    """Return an instant as is-summer-time is given it."""
    if rig.declared.summer_of == "utc":
        return utc
    local = utc.replace(tzinfo=UTC).astimezone(rig.declared.zone_info)
    if rig.declared.summer_of == "standard":
        local -= local.dst() or timedelta()
    return draws.clamped(local.replace(tzinfo=None), rig.declared)


def _summer_cases(rig: DriverRig) -> Iterator[Case]:
    yield from (Case(_given(rig, case.t)) for case in _changes(rig))
    yield from (Case(case.t.replace(hour=12)) for case in _days(rig))


def _draw_summer(rig: DriverRig, random: Random, number: int) -> Case:
    return Case(_given(rig, draws.near_change(random, rig.declared, number)))


_AFTERS: Final = (1, 2, 5, 10, 59, 60, 61, 600, 3599, 3600, 3601, 43_200, 86_399, 86_400, 2_678_400)


def _draw_due(rig: DriverRig, random: Random, number: int) -> Case:
    most = rig.declared.due_most
    unit_s = rig.declared.due_unit
    afters = [after for after in _AFTERS if after <= most]
    after = random.choice(afters) if number % 3 and afters else random.randint(1, most)
    now = draws.near_midnight(random, rig.declared, number)
    return Case(min(now, rig.declared.last - after * unit_s * ONE_SECOND), (after,))


def _judge_due(rig: DriverRig, case: Case, answer: Said) -> LawBreach | None:
    after = int(case.more[0]) * rig.declared.due_unit
    where = f"due {after:,} s after {case.t:%Y-%m-%d %H:%M:%S}"
    return compared(case.t + after * ONE_SECOND, answer, where)


def _draw_reached(rig: DriverRig, random: Random, number: int) -> Case:
    now = draws.near_midnight(random, rig.declared, number)
    apart = random.choice((0, 1, -1, 60, -60, 3600, -3600, 86_400, -86_400, 2_678_400, -2_678_400))
    if number % 3 == 0:
        apart = random.randint(-400 * 86_400, 400 * 86_400)
    end = draws.clamped(now + apart * ONE_SECOND, rig.declared)
    return Case(now, (end.isoformat(),))


def _reached_args(case: Case) -> tuple[Argument, ...]:
    return case.t, datetime.fromisoformat(str(case.more[0]))


def _judge_reached(_rig: DriverRig, case: Case, answer: Said) -> LawBreach | None:
    want = case.t >= datetime.fromisoformat(str(case.more[0]))
    if answer == want:
        return None
    words = (
        f"at {case.t:%Y-%m-%d %H:%M:%S} is {case.more[0]} reached: expected {want}, got {answer!r}"
    )
    return LawBreach(("reached early" if answer else "not reached",), words)


_TIED: Final = ("moment", "year_of")  # the moment is drawn with a number


def _swept(routine: str, says: str, draw: DrawCase, sweep: Sweep) -> ClockLaw:
    """Return the law of a routine that touches no bus."""
    return ClockLaw(id=routine.replace("_", "-"), says=says, needs=(routine,), draw=draw,
               check=sweep.check, sweep=sweep, shrinks=routine not in _TIED)  # fmt: skip


_MOMENT, _DAY_DRAWN = _drawn(draws.draw_moment), _drawn(draws.whole_day)
DATE_ROUTINES_LAWS: Final = (
    _swept("number", "number is the count of units since the epoch", _draw_counted,
           Sweep("number", _number_days, _moment,
                 lambda rig, case, got: number_finding(rig, case.t, got, "number"))),
    _swept("moment", "moment is the moment of a number", _draw_moment,
           Sweep("moment", _moment_cases, lambda case: (case.more[0],), _judge_moment)),
    _swept("weekday", "weekday is the date's", _DAY_DRAWN,
           Sweep("weekday", _days, _ymd, _judge_weekday)),
    _swept("day_of_year", "day_of_year is the date's", _DAY_DRAWN,
           Sweep("day_of_year", _days, _ymd, _judge_yearday)),
    _swept("days_in_month", "days_in_month is the month's last day", _DAY_DRAWN,
           Sweep("days_in_month", _months, lambda case: (case.t.year, case.t.month),
                 lambda _, case, got: _value(_last_day(case.t), got, "days in month", case))),
    _swept("is_leap", "is_leap is the calendar's", _draw_leap,
           Sweep("is_leap", _years, lambda case: (case.t.year,),
                 lambda _, case, got: _value(isleap(case.t.year), got, "leap year", case))),
    _swept("next_day", "next_day is the day after", _draw_but_last,
           Sweep("next_day", _days_but_last, _ymd, _judge_next)),
    _swept("year_of", "year_of is the year of a day's number", _draw_year,
           Sweep("year_of", _year_cases, lambda case: (case.more[0],), _judge_year)),
    _swept("nth_weekday", "nth_weekday is the n-th of the month", _draw_nth,
           Sweep("nth_weekday", _nth_cases, _nth_args, _judge_nth)),
    _swept("last_weekday", "last_weekday is the last of the month", _draw_last,
           Sweep("last_weekday", _last_cases, _nth_args, _judge_last)),
    _swept("is_summer", "is_summer is the zone's, at each of its changes", _draw_summer,
           Sweep("is_summer", _summer_cases, _moment, _judge_summer)),
    _swept("local", "local is the zone's time, at each of its changes",
           _drawn(draws.near_change), Sweep("local", _changes, _moment, _judge_local)),
    _swept("due", "due is so many seconds after now", _draw_due,
           Sweep("due", lambda _: (), lambda case: (case.t, case.more[0]), _judge_due)),
    _swept("reached", "reached is whether an end has come", _draw_reached,
           Sweep("reached", lambda _: (), _reached_args, _judge_reached)),
)  # fmt: skip

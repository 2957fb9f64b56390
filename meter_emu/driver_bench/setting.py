"""Laws of setting and reading a chip, by its registers as the data sheet has them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Final, TypeAlias

from meter_emu.driver_bench.draws import clamped, draw_moment
from meter_emu.driver_bench.driver import Reading, RefusedError
from meter_emu.driver_bench.law import (
    DAY,
    ONE_SECOND,
    Case,
    ClockLaw,
    DriverRig,
    FindingRank,
    LawBreach,
    among,
    compared,
)

_GOES_ON: Final = (1, 60, 3_600, 86_400, 40 * 86_400, 366 * 86_400)
_CHIP_ENDS: Final = datetime(2100, 2, 28)  # data sheets: each fourth year is leap, 2100 too
_WEEK: Final = 7


def any_moment(rig: DriverRig, random: Random, number: int) -> Case:
    """Draw a moment."""
    return Case(draw_moment(random, rig.declared, number))


def _set_registers(rig: DriverRig, case: Case) -> LawBreach | None:
    rig.place(rig.known_day)
    rig.driver.call("set", case.t)
    return rig.compared(case.t, rig.face.shown(), "registers after set")


def _get_registers(rig: DriverRig, case: Case) -> LawBreach | None:
    rig.place(case.t)
    return rig.compared(case.t, rig.driver.call("get"), "get")


def _set_get(rig: DriverRig, case: Case) -> LawBreach | None:
    rig.place(rig.known_day)
    rig.driver.call("set", case.t)
    return rig.compared(case.t, rig.driver.call("get"), "get after set")


def _draw_going_on(rig: DriverRig, random: Random, number: int) -> Case:
    t = draw_moment(random, rig.declared, number)
    if number % 2 == 0:
        t = t.replace(hour=23, minute=59, second=random.randrange(50, 60))
    return Case(t, (_GOES_ON[number // 2 % len(_GOES_ON)],))


def _goes_on(rig: DriverRig, case: Case) -> LawBreach | None:
    seconds = int(case.more[0])
    later = case.t + seconds * ONE_SECOND
    if later > min(rig.declared.last, _CHIP_ENDS):
        return None
    rig.place(rig.known_day)
    rig.driver.call("set", case.t)
    rig.bench.wait(seconds * 1_000_000)
    said = rig.driver.call("get") if "get" in rig.offers else rig.face.shown()
    return among(later, rig.bench.ended - seconds, said, f"{seconds:,} s after set")


def _starts(rig: DriverRig, case: Case) -> LawBreach | None:
    rig.bench.quiet()
    rig.face.afresh()
    rig.anew()
    t = min(case.t, rig.declared.last - DAY)
    rig.driver.call("set", t)
    rig.bench.wait(2_500_000)
    later = t + 2 * ONE_SECOND
    finding = compared(later, rig.face.shown(), "registers of a new chip, 2 s after set")
    if finding is not None and rig.face.stands():
        return LawBreach(("stands still",), f"{finding.words}: it stands still")
    return finding if finding is None or _is_later(rig, t) else None


def _is_later(rig: DriverRig, t: datetime) -> bool:
    """Whether the registers are anything but one of the next seconds."""
    shown = rig.face.shown()
    return all(compared(t + more * ONE_SECOND, shown, "") is not None for more in (1, 2, 3))


def _weekday_legal(rig: DriverRig, case: Case) -> LawBreach | None:
    rig.place(rig.known_day)
    rig.driver.call("set", case.t)
    code, range_ = rig.face.weekday(), rig.bench.chip.WEEKDAYS
    if range_.first <= code <= range_.last:
        return None
    words = f"the weekday of {case.t:%A %Y-%m-%d} is written as {code}, which the chip has not"
    return LawBreach(("weekday",), f"{words}: {range_.first} to {range_.last}")


def _weekday_code(rig: DriverRig, case: Case) -> LawBreach | None:
    if rig.learned_code is None:
        return LawBreach(("weekday",), "set leaves the weekday as it was", _weekday_rank(rig))
    rig.place(rig.known_day)
    rig.driver.call("set", case.t)
    want, got = rig.code(case.t), rig.face.weekday()
    if want == got:
        return None
    known = rig.known_day
    words = f"{case.t:%A} {case.t:%Y-%m-%d} is written as {got}, expected {want}"
    words += f": {known:%A} {known:%Y-%m-%d} is {rig.learned_code}"
    return LawBreach(("weekday",), words, _weekday_rank(rig))


def _weekday_rank(rig: DriverRig) -> FindingRank:
    """Return how grave a weekday is that does not follow the date: a note where nobody reads it."""
    if any("weekday" in words for words in rig.declared.alarm_fields) or _reads_weekday(rig):
        return FindingRank.WRONG_DATE
    return FindingRank.CONTRACT


def _reads_weekday(rig: DriverRig) -> bool:
    """Whether get takes the weekday from its register, and not from the date."""
    if not _says_weekday(rig):
        return False
    said = set()
    for more in range(2):
        rig.bench.quiet()
        rig.face.place(rig.known_day, rig.face.first_weekday + more)
        answer = rig.driver.call("get")
        said.add(answer.weekday if isinstance(answer, Reading) else None)
    return len(said) > 1


def _says_weekday(rig: DriverRig) -> bool:
    """Whether get says any day of a week: one that says some of them means to say all."""
    if "get" not in rig.offers:
        return False
    for more in range(_WEEK):
        rig.place(rig.known_day + more * DAY)
        said = rig.driver.call("get")
        if isinstance(said, Reading) and said.weekday is not None:
            return True
    return False


Week: TypeAlias = tuple[int | None, ...]


def learned_week(rig: DriverRig, key: str, say: Callable[[datetime], int | None]) -> Week:
    """Return what a routine says of Monday to Sunday of one known week, found out once."""
    if key not in rig.memo:
        monday = rig.known_day + (_WEEK - rig.known_day.weekday()) * DAY
        rig.memo[key] = tuple(say(monday + place * DAY) for place in range(_WEEK))
    week = rig.memo[key]
    assert isinstance(week, tuple), "it was put there above"
    return week


def weekday_finding(
    rig: DriverRig, week: Week, t: datetime, got: int | None, what: str
) -> LawBreach | None:
    """Compare a weekday with the one that the known week has for it."""
    if finding := _week_finding(week, rig.declared.monday):
        return finding
    want = week[t.weekday()]
    if got == want:
        return None
    return LawBreach(
        ("weekday",), f"{what} says weekday {got} for {t:%A %Y-%m-%d}, expected {want}"
    )


def _said_by_get(rig: DriverRig, day: datetime) -> int | None:
    rig.place(day)
    answer = rig.driver.call("get")
    return answer.weekday if isinstance(answer, Reading) else None


def _get_weekday(rig: DriverRig, case: Case) -> LawBreach | None:
    week = learned_week(rig, "get", partial(_said_by_get, rig))
    return weekday_finding(rig, week, case.t, _said_by_get(rig, case.t), "get")


def _week_finding(week: Week, monday: int | None) -> LawBreach | None:
    """Return what is wrong with the numbers of Monday to Sunday of one week."""
    if None in week:
        return LawBreach(("weekday",), f"a week's days are {week}, from Monday")
    low = min(one for one in week if one is not None)
    turned = {(one - week[0]) % _WEEK for one in week if one is not None and week[0] is not None}
    in_order = [(one - (week[0] or 0)) % _WEEK for one in week if one is not None]
    if len(turned) < _WEEK or in_order != list(range(_WEEK)) or len(set(week)) < _WEEK:
        return LawBreach(("weekday",), f"the days of a week, from Monday, are {week}")
    if max(one for one in week if one is not None) - low != _WEEK - 1:
        return LawBreach(("weekday",), f"the days of a week, from Monday, are {week}")
    if monday is not None and week[0] != monday:
        return LawBreach(("weekday",), f"Monday is {week[0]}, declared is {monday}")
    return None


def _no_weekday(rig: DriverRig) -> str:
    return "" if _says_weekday(rig) else "get says no weekday"


def _get_yearday(rig: DriverRig, case: Case) -> LawBreach | None:
    rig.place(case.t)
    answer = rig.driver.call("get")
    want = case.t.timetuple().tm_yday - 1 + rig.declared.first_yearday
    got = answer.yearday if isinstance(answer, Reading) else None
    if got == want:
        return None
    return LawBreach(
        ("yearday",), f"get says day {got} of the year for {case.t:%Y-%m-%d}, expected {want}"
    )


def _no_yearday(rig: DriverRig) -> str:
    rig.place(rig.known_day)
    answer = rig.driver.call("get")
    said = isinstance(answer, Reading) and answer.yearday is not None
    return "" if said else "get says no day of the year"


def _now(rig: DriverRig, case: Case) -> LawBreach | None:
    rig.place(case.t)
    got = rig.driver.call("now")
    return number_finding(rig, case.t, got, "now", ended=rig.bench.ended)


def number_of(rig: DriverRig, t: datetime) -> int:
    """Return the number of a moment: units since the epoch, rounded down."""
    return (t - rig.declared.epoch) // timedelta(seconds=rig.declared.unit)


def number_finding(
    rig: DriverRig, t: datetime, got: object, what: str, *, ended: int = 0
) -> LawBreach | None:
    """Compare a number with that of a moment; findings are grouped by how far it is off."""
    want = number_of(rig, t)
    if isinstance(got, int) and want <= got <= number_of(rig, t + ended * ONE_SECOND):
        return None
    off = got - want if isinstance(got, int) else 0
    words = f"{what} of {t:%Y-%m-%d %H:%M:%S}: expected {want}, got {got}"
    return LawBreach((_how_far(off * rig.declared.unit),), f"{words}, {off:+,}")


def _how_far(seconds: int) -> str:
    size = abs(seconds)
    for unit, name in (
        (86_400 * 365, "years"),
        (86_400, "days"),
        (3_600, "hours"),
        (60, "minutes"),
    ):
        if size >= unit:
            return f"number, by {name}"
    return "number, by seconds"


def _second(rig: DriverRig, case: Case) -> LawBreach | None:
    from meter_emu.driver_bench.clock_bench import ClockBench
    from meter_emu.driver_bench.face import Face

    if "other" not in rig.memo:
        bench = ClockBench(rig.declared.row)
        rig.memo["other"] = bench
        Face(bench, rig.declared).place(rig.known_day, rig.face.first_weekday)
        rig.driver.begin(bench, 1)
    other = rig.memo["other"]
    assert isinstance(other, ClockBench), "it was put there above"
    other.quiet()
    other.mark()
    late = clamped(case.t + 3 * DAY, rig.declared)
    rig.place(case.t)
    rig.driver.call("set", late, instance=1)
    there = Face(other, rig.declared)
    if finding := among(late, other.ended, there.shown(), "registers of the second"):
        return finding
    if finding := rig.compared(case.t, rig.driver.call("get"), "get of the first"):
        return finding
    said = rig.driver.call("get", instance=1)
    return among(late, other.ended, said, "get of the second")


def _one_instance(rig: DriverRig) -> str:
    return "" if rig.declared.second_instance else "no second instance is declared"


def no_doubt(rig: DriverRig) -> str:
    """Return why laws of doubt cannot be checked."""
    return "" if rig.bench.chip.DOUBT.mask else "no sign of doubt is declared"


def _set_over_doubt(rig: DriverRig, case: Case) -> LawBreach | None:
    rig.place(rig.known_day)
    rig.face.doubt(given=True)
    rig.anew()
    rig.driver.call("set", case.t)
    try:
        said = rig.driver.call("get") if "get" in rig.offers else rig.face.shown()
    except RefusedError as error:
        return LawBreach(("no valid time",), f"get after set of a doubted clock refuses: {error}")
    return rig.compared(case.t, said, "get after set of a doubted clock")


SETTING_LAWS: Final = (
    ClockLaw(id="set-registers", says="after set, registers hold the moment, by the data sheet",
        needs=("set",), draw=any_moment, check=_set_registers),
    ClockLaw(id="get-registers", says="get reads what registers hold, by the data sheet",
        needs=("get",), draw=any_moment, check=_get_registers),
    ClockLaw(id="set-get", says="get after set is the moment",
        needs=("set", "get"), draw=any_moment, check=_set_get),
    ClockLaw(id="goes-on", says="the chip goes on from a set as the calendar does",
        needs=("set",), draw=_draw_going_on, check=_goes_on),
    ClockLaw(id="set-starts", says="a set starts a chip that comes out of its box",
        needs=("set",), draw=any_moment, check=_starts),
    ClockLaw(id="set-over-doubt", says="a set makes the time of a doubted clock valid",
        needs=("set",), draw=any_moment, check=_set_over_doubt, lacks=no_doubt),
    ClockLaw(id="weekday-legal", says="a set writes a weekday that the chip has",
        needs=("set",), draw=any_moment, check=_weekday_legal),
    ClockLaw(id="weekday-code", says="a set writes a weekday that follows from the date",
        needs=("set",), draw=any_moment, check=_weekday_code),
    ClockLaw(id="get-weekday", says="get says the weekday of the date",
        needs=("get",), draw=any_moment, check=_get_weekday, lacks=_no_weekday),
    ClockLaw(id="get-yearday", says="get says the day of the year of the date",
        needs=("get",), draw=any_moment, check=_get_yearday, lacks=_no_yearday),
    ClockLaw(id="now-number", says="now is the number of the moment in the registers",
        needs=("now",), draw=any_moment, check=_now),
    ClockLaw(id="second-instance", says="two instances on two chips do not mix",
        needs=("set", "get"), draw=any_moment, check=_second, lacks=_one_instance),
)  # fmt: skip

"""Laws of the 12-hour mode: read in it, set over it, switch both ways, set in it, its alarm."""

from random import Random
from typing import Final

from meter_emu.driver_bench.alarming import alarm_finding, alarm_moment, draw_alarm
from meter_emu.driver_bench.draws import draw_moment
from meter_emu.driver_bench.driver import RefusedError
from meter_emu.driver_bench.law import Case, ClockLaw, DriverRig, FindingRank, LawBreach

_TWELVE: Final = 12
_PM: Final = 15  # an hour that only who knows the mode reads right
_HOURS: Final = (0, 12, 23, 11, 1, 13, 20)


def _draw(rig: DriverRig, random: Random, number: int) -> Case:
    t = draw_moment(random, rig.declared, number)
    return Case(t if number % 2 else t.replace(hour=_HOURS[number // 2 % len(_HOURS)]))


def no_mode(rig: DriverRig) -> str:
    """Return why laws of the 12-hour mode cannot be checked."""
    return "" if rig.bench.chip.TWELVE_HOUR else "the chip has no 12-hour mode in its hours"


def _read(rig: DriverRig, case: Case) -> LawBreach | None:
    finding = _read_at(rig, case)
    if finding is None or "mode" in rig.offers or _knows(rig):
        return finding
    return finding._replace(rank=FindingRank.CONTRACT)


def _read_at(rig: DriverRig, case: Case) -> LawBreach | None:
    rig.place(case.t, twelve=True)
    rig.anew()
    return rig.compared(case.t, rig.driver.call("get"), "get in 12-hour mode")


def _knows(rig: DriverRig) -> bool:
    """Whether the driver reads some afternoon right, so it means to know the mode."""
    if "knows" not in rig.memo:
        found = []
        for hour in (_PM, _PM + 3, _PM + 6):
            try:
                found.append(_read_at(rig, Case(rig.known_day.replace(hour=hour))) is None)
            except RefusedError:
                found.append(False)
        rig.memo["knows"] = any(found)
    return bool(rig.memo["knows"])


def _set_over(rig: DriverRig, case: Case) -> LawBreach | None:
    rig.place(rig.known_day, twelve=True)
    rig.anew()
    rig.driver.call("set", case.t)
    if finding := rig.compared(case.t, rig.face.shown(), "registers after set over 12-hour mode"):
        return finding
    if "get" not in rig.offers:
        return None
    finding = rig.compared(case.t, rig.driver.call("get"), "get after set over 12-hour mode")
    if finding is None or "mode" in rig.offers or _knows(rig) or not rig.face.twelve():
        return finding
    return finding._replace(rank=FindingRank.CONTRACT)


def _draw_switch(rig: DriverRig, random: Random, number: int) -> Case:
    return Case(_draw(rig, random, number).t, (24 if number % 4 < 2 else _TWELVE,))


def _switch(rig: DriverRig, case: Case) -> LawBreach | None:
    hours = int(case.more[0])
    for twelve in (hours != _TWELVE, hours == _TWELVE):  # from the other mode, and from this one
        rig.place(case.t, twelve=twelve)
        rig.anew()
        rig.driver.call("mode", hours)
        where = f"after the switch to {hours}-hour mode"
        if finding := rig.compared(case.t, rig.face.shown(), f"registers {where}"):
            return to_mode(hours, finding)
        if rig.face.twelve() != (hours == _TWELVE):
            return LawBreach((_to(hours), "mode"), f"{where} the chip is in the other mode")
        said = rig.driver.call("get") if "get" in rig.offers else rig.face.shown()
        if finding := rig.compared(case.t, said, f"get {where}"):
            return to_mode(hours, finding)
    return None


def to_mode(hours: int, finding: LawBreach) -> LawBreach:
    """Return a finding of a switch, apart from those of the switch the other way."""
    return finding._replace(differs=(_to(hours), *finding.differs))


def _to(hours: int) -> str:
    return f"to {hours}-hour mode"


def _set_in(rig: DriverRig, case: Case) -> LawBreach | None:
    rig.place(rig.known_day)
    rig.anew()
    rig.driver.call("mode", _TWELVE)
    rig.driver.call("set", case.t)
    if finding := rig.compared(case.t, rig.face.shown(), "registers after set in 12-hour mode"):
        return finding
    if not rig.face.twelve():
        return LawBreach(("mode",), "a set leaves the 12-hour mode that was switched to")
    if "get" not in rig.offers:
        return None
    return rig.compared(case.t, rig.driver.call("get"), "get after set in 12-hour mode")


def _alarm_in(rig: DriverRig, case: Case) -> LawBreach | None:
    rig.place(rig.known_day)
    rig.anew()
    rig.driver.call("mode", _TWELVE)
    fields = str(case.more[0])
    rig.driver.call("alarm_set", alarm_moment(case.t, fields), fields)
    if finding := alarm_finding(rig, case.t, fields, "in 12-hour mode"):
        return finding
    if rig.face.alarm_twelve(rig.declared.alarm) in {None, rig.face.twelve()}:
        return None
    return LawBreach(
        ("mode",), "the alarm's hour is in the other mode, which the clock never shows"
    )


def _draw_alarm(rig: DriverRig, random: Random, number: int) -> Case:
    offered = [words for words in rig.declared.alarm_fields if "hour" in words]
    _, fields = draw_alarm(rig, random, number, offered)
    return Case(_draw(rig, random, number).t, (fields,))


def _no_alarm_mode(rig: DriverRig) -> str:
    if not any("hour" in words for words in rig.declared.alarm_fields):
        return "no alarm with hours is declared"
    return no_mode(rig)


MODES_LAWS: Final = (
    ClockLaw(id="twelve-read", says="get in 12-hour mode is the moment",
        needs=("get",), draw=_draw, check=_read, lacks=no_mode),
    ClockLaw(id="twelve-set-over", says="a set of a chip found in 12-hour mode is right",
        needs=("set",), draw=_draw, check=_set_over, lacks=no_mode),
    ClockLaw(id="twelve-switch", says="a switch of mode, either way, leaves the time",
        needs=("mode",), draw=_draw_switch, check=_switch, lacks=no_mode),
    ClockLaw(id="twelve-set-in", says="a set after a switch to 12-hour mode is right",
        needs=("mode", "set"), draw=_draw, check=_set_in, lacks=no_mode),
    ClockLaw(id="twelve-alarm", says="an alarm set in 12-hour mode is at its hour",
        needs=("mode", "alarm_set"), draw=_draw_alarm, check=_alarm_in, lacks=_no_alarm_mode),
)  # fmt: skip

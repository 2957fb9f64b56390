"""Laws of alarms, by their registers: fields asked for, fields off, weekday code, read back."""

from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import Final

from meter_emu.driver_bench.declared import ALARM_FIELDS
from meter_emu.driver_bench.draws import draw_moment
from meter_emu.driver_bench.driver import Reading
from meter_emu.driver_bench.law import Case, ClockLaw, DriverRig, LawBreach, compared
from meter_emu.driver_bench.setting import learned_week, weekday_finding

ASKED_FOR: Final = ALARM_FIELDS


def alarm_moment(t: datetime, fields: str) -> datetime:
    """Return the moment as an alarm is given it: at second 00 where it has no seconds."""
    return t if "second" in fields.split() else t.replace(second=0)


def draw_alarm(
    rig: DriverRig, random: Random, number: int, offered: Sequence[str]
) -> tuple[datetime, str]:
    """Return a moment and fields: by turns the most that are offered, and each of the others."""
    turn, other = divmod(number, 2)
    most = max(offered, key=lambda fields: len(fields.split()))
    fields = offered[turn % len(offered)] if other else most
    return draw_moment(random, rig.declared, turn), fields


def _draw(rig: DriverRig, random: Random, number: int) -> Case:
    t, fields = draw_alarm(rig, random, number, rig.declared.alarm_fields)
    return Case(t, (fields,))


def no_alarm(rig: DriverRig) -> str:
    """Return why laws of alarms cannot be checked."""
    return "" if rig.declared.alarm_fields else "no alarm_fields are declared"


def _set(rig: DriverRig, case: Case) -> None:
    rig.place(rig.known_day)
    for register in rig.face.alarm_registers(rig.declared.alarm):
        rig.face.put(register, rig.bench.chip.RESET[register])
    fields = str(case.more[0])
    rig.driver.call("alarm_set", alarm_moment(case.t, fields), fields)


def _registers(rig: DriverRig, case: Case) -> LawBreach | None:
    _set(rig, case)
    return alarm_finding(rig, case.t, str(case.more[0]), "")


def alarm_finding(rig: DriverRig, t: datetime, fields: str, where: str) -> LawBreach | None:
    """Compare the alarm's registers with the moment it was set to."""
    asked = set(fields.split())
    t = alarm_moment(t, fields)
    found = rig.face.alarm(rig.declared.alarm)
    want = {what: getattr(t, what) for what in asked - {"weekday"}}
    wrong = {what: value for what, value in want.items() if found.get(what) != value}
    if not wrong:
        return None
    place = f"alarm registers {where}".rstrip()
    said = ", ".join(
        f"{what} {value}, got {found.get(what, 'off')}" for what, value in sorted(wrong.items())
    )
    off = tuple(f"{what} off" if what not in found else what for what in sorted(wrong))
    return LawBreach(off, f"{place} for {t:%Y-%m-%d %H:%M:%S} by {fields}: expected {said}")


def _unused(rig: DriverRig, case: Case) -> LawBreach | None:
    _set(rig, case)
    asked = set(str(case.more[0]).split())
    found = rig.face.alarm(rig.declared.alarm)
    more = {what: value for what, value in found.items() if what not in asked}
    if more.get("second") == 0:
        del more["second"]
    if not more:
        return None
    said = ", ".join(f"{what} {value}" for what, value in sorted(more.items()))
    words = f"an alarm by {case.more[0]} waits for {said} as well"
    return LawBreach(tuple(sorted(more)), words)


def _weekday(rig: DriverRig, case: Case) -> LawBreach | None:
    code = rig.code(case.t)
    _set(rig, case)
    found = rig.face.alarm(rig.declared.alarm).get("weekday")
    if found == code:
        return None
    got = "off" if found is None else found
    words = f"an alarm on {case.t:%A %Y-%m-%d} waits for weekday {got}, the clock counts it {code}"
    return LawBreach(("weekday",), words)


def _no_weekday(rig: DriverRig) -> str:
    if not any("weekday" in words.split() for words in rig.declared.alarm_fields):
        return "no alarm with a weekday is declared"
    if "set" in rig.offers and rig.learned_code is None:
        return "set leaves the weekday, so nothing says which day is which"
    return "" if "set" in rig.offers else "no set, so nothing says which day is which"


def _draw_weekday(rig: DriverRig, random: Random, number: int) -> Case:
    offered = [words for words in rig.declared.alarm_fields if "weekday" in words.split()]
    t, fields = draw_alarm(rig, random, number, offered)
    return Case(t, (fields,))


def _read_back(rig: DriverRig, case: Case) -> LawBreach | None:
    _set(rig, case)
    fields = str(case.more[0])
    asked = [what for what in fields.split() if what != "weekday"]
    got = rig.driver.call("alarm_get")
    want = alarm_moment(case.t, fields)
    if not isinstance(got, Reading):
        return compared(want, got, "alarm_get")
    wrong = tuple(what for what in asked if getattr(got, what) != getattr(want, what))
    if got.fields is not None and got.fields - {"second"} != set(fields.split()) - {"second"}:
        wrong += ("fields",)
    if not wrong:
        return _weekday_back(rig, case, got)
    words = f"alarm_get after alarm_set of {want:%Y-%m-%d %H:%M:%S} by {fields}: {got}"
    if got.fields is not None:
        words += f" by {' '.join(word for word in ASKED_FOR if word in got.fields)}"
    return LawBreach(wrong, words)


def _weekday_back(rig: DriverRig, case: Case, got: Reading) -> LawBreach | None:
    """Compare the weekday that an alarm by weekday is read back with; a known week says how."""
    fields = str(case.more[0])
    if "weekday" not in fields.split() or got.weekday is None:
        return None

    def say(day: datetime) -> int | None:
        _set(rig, Case(day, case.more))
        one = rig.driver.call("alarm_get")
        return one.weekday if isinstance(one, Reading) else None

    week = learned_week(rig, "alarm", say)
    return weekday_finding(rig, week, case.t, got.weekday, "alarm_get")


ALARMING_LAWS: Final = (
    ClockLaw(id="alarm-registers", says="alarm registers hold the target in each field asked for",
        needs=("alarm_set",), draw=_draw, check=_registers, lacks=no_alarm),
    ClockLaw(id="alarm-unused", says="fields that were not asked for are off",
        needs=("alarm_set",), draw=_draw, check=_unused, lacks=no_alarm),
    ClockLaw(id="alarm-weekday", says="an alarm's weekday has the code that a set gives that day",
        needs=("alarm_set",), draw=_draw_weekday, check=_weekday, lacks=_no_weekday),
    ClockLaw(id="alarm-read-back", says="alarm_get is what alarm_set was given",
        needs=("alarm_set", "alarm_get"), draw=_draw, check=_read_back, lacks=no_alarm),
)  # fmt: skip

"""Laws of a second that ends between two accesses: before each of them, at five roll-overs.

The value before or the value after is right; a mixture is off by a minute, an hour, a day.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from random import Random
from typing import Final

from meter_emu.driver_bench.alarming import no_alarm
from meter_emu.driver_bench.draws import ROLL_OVERS, draw_moment, roll_over
from meter_emu.driver_bench.driver import Argument
from meter_emu.driver_bench.law import DAY, ONE_SECOND, Case, ClockLaw, DriverRig, LawBreach
from meter_emu.driver_bench.modes import no_mode, to_mode
from meter_emu.driver_bench.setting import number_of

_ONE_IN: Final = 5


def _draw(rig: DriverRig, random: Random, number: int) -> Case:
    t = draw_moment(random, rig.declared, number)
    return Case(min(t, rig.declared.last - DAY), (random.randrange(2**31),))


def _edges(rig: DriverRig, case: Case) -> list[datetime]:
    """Return the five roll-overs of a try: they follow from its number."""
    random = Random(int(case.more[0]))
    return [roll_over(kind, random, rig.declared) for kind in ROLL_OVERS]


def _torn(rig: DriverRig, case: Case, routine: str) -> LawBreach | None:
    for edge in _edges(rig, case):
        for place, got in rig.ticks(partial(rig.place, edge), partial(rig.driver.call, routine)):
            where = f"{routine}, a second ends before its access {place}"
            if routine == "now":
                finding = _torn_number(rig, edge, got, where)
            else:
                finding = rig.compared(edge, got, where)
            if finding is not None:
                return finding
    return None


def _torn_number(rig: DriverRig, edge: datetime, got: object, where: str) -> LawBreach | None:
    first, last = number_of(rig, edge), number_of(rig, edge + rig.bench.ended * ONE_SECOND)
    if isinstance(got, int) and first <= got <= last:
        return None
    off = (got - last) * rig.declared.unit if isinstance(got, int) else 0
    words = f"{where}: expected {first} or {last}, got {got}, {off:+,} s"
    return LawBreach((f"number, by {off:+,} s",), words)


def _torn_set(rig: DriverRig, case: Case) -> LawBreach | None:
    for edge in _edges(rig, case):
        for was, target in ((edge, case.t), (rig.known_day, edge)):
            for place, _ in rig.ticks(
                partial(rig.place, was),
                partial(rig.driver.call, "set", target),
            ):
                where = f"registers after a set of {target:%Y-%m-%d %H:%M:%S} over {was:%H:%M:%S}"
                where += f", a second ends before its access {place}"
                finding = rig.compared(target, rig.face.shown(), where)
                if finding is not None:
                    return finding
    return None


def _keeps(routine: str, *args: Argument) -> Callable[[DriverRig, Case], LawBreach | None]:
    """Return the check that a routine which is no set leaves the time, whenever a second ends."""

    def check(rig: DriverRig, case: Case) -> LawBreach | None:
        def act() -> None:
            if routine == "begin":
                rig.anew()
            elif routine == "alarm_set":
                fields = rig.declared.alarm_fields[0]
                rig.driver.call("alarm_set", case.t.replace(second=0), fields)
            else:
                rig.driver.call(routine, *args)

        for edge in _edges(rig, case):
            for place, _ in rig.ticks(partial(rig.place, edge), act):
                where = f"registers after {routine}, a second ends before its access {place}"
                finding = rig.compared(edge, rig.face.shown(), where)
                if finding is not None:
                    return finding
        return None

    return check


def _switch(rig: DriverRig, case: Case) -> LawBreach | None:
    hours = 12 if int(case.more[0]) % 2 else 24
    for edge in _edges(rig, case):

        def arrange(at: datetime = edge) -> None:
            rig.place(at, twelve=hours == 24)
            rig.anew()

        for place, _ in rig.ticks(arrange, partial(rig.driver.call, "mode", hours)):
            where = f"registers after the switch to {hours}-hour mode, a second ends before"
            where += f" its access {place}"
            finding = rig.compared(edge, rig.face.shown(), where)
            if finding is not None:
                return to_mode(hours, finding)
    return None


TICKING_LAWS: Final = (
    ClockLaw(id="torn-get", says="get is the value before a second ends, or after",
        needs=("get",), draw=_draw, check=lambda rig, case: _torn(rig, case, "get"),
        one_in=_ONE_IN, shrinks=False),
    ClockLaw(id="torn-now", says="now is the value before a second ends, or after",
        needs=("now",), draw=_draw, check=lambda rig, case: _torn(rig, case, "now"),
        one_in=_ONE_IN, shrinks=False),
    ClockLaw(id="torn-set", says="a set is whole, whenever a second ends",
        needs=("set",), draw=_draw, check=_torn_set, one_in=_ONE_IN, shrinks=False),
    ClockLaw(id="torn-switch", says="a switch of mode leaves the time, whenever a second ends",
        needs=("mode",), draw=_draw, check=_switch, lacks=no_mode, one_in=_ONE_IN, shrinks=False),
    *(
        ClockLaw(id=f"{routine.replace('_', '-')}-keeps-time",
            says=f"{routine} leaves the time, whenever a second ends",
            needs=(routine,), draw=_draw, check=_keeps(routine),
            lacks=no_alarm if "alarm" in routine else lambda _rig: "",
            one_in=_ONE_IN, shrinks=False)
        for routine in ("begin", "get", "stopped", "alarm_set", "alarm_get")
    ),
)  # fmt: skip

"""Five households that live on a meter's favours, and what it yields them.

`python -m tests.world.judge.favours [BUILD]...` prints it, for `plain` and `reference` if no
build is named.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from card_protocol.timestamp import Civil
from meter_emu.resources import find
from meter_emu.units import HOUR_US, MINUTE_US
from meter_emu.world.households.campaign import METER_ID_FIRST, Campaign
from meter_emu.world.households.household import (
    DeskOrder,
    Entry,
    Household,
    Households,
    Visit,
    VisitKind,
)
from meter_emu.world.meter.events import Event
from meter_emu.world.meter.model import MeterModel, load_model
from meter_emu.world.meter.times import to_us
from meter_emu.world.rehearsal.engine import run_meter
from meter_emu.zones import BELGIAN

NAME: Final = "electricity-pcf8563-utc"
MODEL: Final = load_model(find("meters", NAME))
BEGINS: Final = date(2020, 1, 6)  # a Monday
LOAD_W: Final = 500


def us(day: date, hour: int = 0, minute: int = 0) -> int:
    return to_us(datetime(day.year, day.month, day.day, hour, minute, tzinfo=BELGIAN.info))


def day(number: int) -> date:
    return BEGINS + timedelta(days=number)


class Living(NamedTuple):
    """A household, and when it is looked at last."""

    household: Household
    end_us: int


def living(end: date, *, model: MeterModel = MODEL, load_w: int = LOAD_W, **facts: Any) -> Living:
    household: dict[str, Any] = {
        "id": "home",
        "kind": "lives on a favour",
        "model": model,
        "model_name": NAME,
        "build": "reference",
        "load": (load_w,) * 24,
        "balance_cents": 1_500,
        "clock_set_us": us(BEGINS),
        "meter_id": METER_ID_FIRST,
    }
    return Living(Household(**(household | facts)), us(end))


def without_power_in_office_hours(weeks: int) -> Iterator[tuple[int, int]]:
    for number in range(7 * weeks):
        if day(number).weekday() < 5:
            yield us(day(number), 7, 55), us(day(number), 16, 5)


def clock_cut_off() -> Living:
    """41 days without power; the clock's reserve lasts 40."""
    return living(day(366), outages=((us(day(1), 10), us(day(42), 10)),))


def office_ahead() -> Living:
    """One load at an office whose date is 20 minutes ahead."""
    order = DeskOrder(load_cents=500, office_error_s=1_200)
    visits = (
        Visit(at_us=us(BEGINS, 9), kind=VisitKind.DESK, desk=order),
        Visit(at_us=us(BEGINS, 9) + MINUTE_US, kind=VisitKind.INSERT),
    )
    return living(day(366), visits=visits)


def deferral_kept() -> Living:
    """T1 is four days off when the clock is lost; the card is looked at a year later."""
    until = Civil(2020, 1, 10, 23, 1)
    order = DeskOrder(defer_until=until, defer_us=us(day(4), 23, 1))
    visits = (
        Visit(at_us=us(BEGINS, 9), kind=VisitKind.DESK, desk=order),
        Visit(at_us=us(BEGINS, 9) + MINUTE_US, kind=VisitKind.INSERT),
        Visit(at_us=us(day(366)) - HOUR_US, kind=VisitKind.INSERT),
    )
    outages = ((us(day(3), 10), us(day(44), 10)),)
    return living(day(366), visits=visits, outages=outages, balance_cents=200_000)


def power_cut_off() -> Living:
    """No power from 07:55 to 16:05 on weekdays, and a clock that is right."""
    return living(day(105), load_w=2_000, outages=tuple(without_power_in_office_hours(15)))


def limiter_granted() -> Living:
    """A limiter, 5 kW in use, and a clock that is right."""
    return living(day(366), load_w=5_000, limiter=True)


def owed_eur(events: list[Event]) -> float:
    last = events[
        -1
    ].balance_ueur  # of a clock that shows nothing: when the limit of polls is reached
    assert last is not None, "our program's memory is read"
    return -last / 1_000_000


def deferred_kwh(events: list[Event]) -> float:
    written = [event.written for event in events if event.written is not None]
    return written[-1].deferred_wh / 1_000


HOUSEHOLDS: Final[dict[str, tuple[Callable[[], Living], Callable[[list[Event]], float], str]]] = {
    "cuts the meter's power for 41 days": (clock_cut_off, owed_eur, "EUR"),
    "loads once at an office": (office_ahead, owed_eur, "EUR"),
    "loses the clock while a deferral holds": (deferral_kept, deferred_kwh, "kWh"),
    "cuts the power from 07:55 to 16:05": (power_cut_off, owed_eur, "EUR"),
    "has a limiter": (limiter_granted, owed_eur, "EUR"),
}


def lived(name: str, build: str) -> tuple[Household, Campaign, list[Event]]:
    """Return the household on a build, its campaign, and what happened."""
    made, _, _ = HOUSEHOLDS[name]
    household, end_us = made()
    household = replace(household, build=build)
    entry = Entry(first=household, count=1)
    campaign = Campaign(
        name=name,
        zone=BELGIAN,
        start_us=us(BEGINS),
        end_us=end_us,
        seed=1,
        announced=(),
        households=Households((entry,), 1),
    )
    return household, campaign, run_meter(household, campaign)


def yields(name: str, build: str) -> str:
    """Return what the household has had by the end, in words."""
    _, _, events = lived(name, build)
    _, counted, unit = HOUSEHOLDS[name]
    return f"{counted(events):.2f} {unit}"


if __name__ == "__main__":
    for build in sys.argv[1:] or ("plain", "reference"):
        for name in HOUSEHOLDS:
            print(f"{build:<12} {name:<42} {yields(name, build)}")  # noqa: T201

"""Orders for a laboratory: put into a real meter, each tells some mistakes from others."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from meter_emu.diagnosis.incident import Incident
from meter_emu.diagnosis.sampling import SampledHousehold
from meter_emu.units import DAY_US, MINUTE_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import (
    Announcement,
    DeskOrder,
    Entry,
    Household,
    Households,
    Visit,
    VisitKind,
)
from meter_emu.world.meter.times import to_us, us_to_civil, us_to_legal


class BenchOrder(NamedTuple):
    """An order for a bench: how it differs from the announced one."""

    words: str
    moved: Callable[[datetime], datetime]
    reactivate: bool = False


def _next_year(when: datetime) -> datetime:
    return when.replace(year=when.year + 1, day=min(when.day, 28) if when.month == 2 else when.day)


BENCH_ORDERS: Final = (
    BenchOrder("the order as announced", lambda when: when),
    BenchOrder("an order for noon of that day", lambda when: when.replace(hour=12, minute=0)),
    BenchOrder("an order for 21:30 of that day", lambda when: when.replace(hour=21, minute=30)),
    BenchOrder("an order for the day after", lambda when: when + timedelta(days=1)),
    BenchOrder("an order for the same day a year later", _next_year),
    BenchOrder(
        "an order for 10 October, 20:10",
        lambda when: when.replace(month=10, day=10, hour=20, minute=10),
    ),
    BenchOrder(
        "an order for 15 January, 09:00",
        lambda when: when.replace(month=1, day=15, hour=9, minute=0),
    ),
    BenchOrder(
        "the order as announced, and a reactivation the day before", lambda when: when, True
    ),
)
_ARMED_BEFORE: Final = timedelta(days=3)  # ours: long enough for a day's counting to go wrong


def bench_orders(incident: Incident) -> Iterator[tuple[str, SampledHousehold]]:
    """Yield each order to try, as a household with a meter fresh from its installer."""
    fleet = incident.first
    ordered = [(kind, us) for kind in fleet.kinds for us in _ordered_us(kind)]
    if not ordered:
        return
    kind, cut_us = ordered[0]
    name, model = next(
        (name, model) for name, model in fleet.models.items() if model.energy == kind.model.energy
    )
    announced = us_to_legal(cut_us, incident.zone).replace(tzinfo=None)
    for order in BENCH_ORDERS:
        cut = order.moved(announced)
        household = replace(kind, model=model, model_name=name)
        words = f"{order.words}: {cut:%Y-%m-%d %H:%M}"
        yield words, _on_a_bench(household, order, cut, fleet.name)


def _ordered_us(kind: Household) -> Iterator[int]:
    """Yield the cuts that a household's cards ordered."""
    for visit in kind.visits:
        if visit.desk is not None and visit.desk.cut_us is not None:
            yield visit.desk.cut_us


def _on_a_bench(kind: Household, order: BenchOrder, cut: datetime, fleet: str) -> SampledHousehold:
    zone = kind.model.zone
    cut_us = to_us(cut.replace(tzinfo=zone.info))
    armed_us = to_us((cut - _ARMED_BEFORE).replace(hour=10, minute=0, tzinfo=zone.info))
    start_us = armed_us - 120 * MINUTE_US
    civil = us_to_civil(cut_us, zone)
    announced = Announcement(
        defer_until=civil, cut_at=civil, defer_us=cut_us, cut_us=cut_us, text="", made_us=start_us
    )
    desk = DeskOrder(defer_until=civil, cut_at=civil, defer_us=cut_us, cut_us=cut_us)
    visits = [
        Visit(at_us=armed_us, kind=VisitKind.DESK, desk=desk, in_file=1),
        Visit(at_us=armed_us + 30 * MINUTE_US, kind=VisitKind.INSERT, in_file=2),
    ]
    if order.reactivate:
        back_us = cut_us - DAY_US - 600 * MINUTE_US
        visits += [
            Visit(at_us=back_us, kind=VisitKind.DESK, desk=DeskOrder(reactivate=True), in_file=3),
            Visit(at_us=back_us + 30 * MINUTE_US, kind=VisitKind.INSERT, in_file=4),
        ]
    household = replace(
        kind,
        id="bench",
        kind=f"on a bench: {order.words}",
        balance_cents=5_000,
        load=(100,) * 24,
        clock_set_us=start_us,
        clock_error_s=0,
        drift_ppb=0,
        poll_phase_us=0,
        outages=(),
        visits=tuple(visits),
        announced=(announced,),
        expect=None,
        expect_cut_us=None,
    )
    alone = Campaign(
        name=f"Bench: {order.words}",
        zone=zone,
        start_us=start_us,
        end_us=cut_us + 2 * DAY_US,
        seed=0,
        announced=(announced,),
        households=Households((Entry(first=household, count=1, poll_phase_us=0),), 0),
    )
    return SampledHousehold(fleet, None, "bench", household, alone)

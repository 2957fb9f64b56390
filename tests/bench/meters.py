"""A meter over years, and the whole fleet, in processor time: a rehearsal only computes."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Final

from meter_emu import Campaign
from meter_emu.resources import find
from meter_emu.world.households.household import Household
from meter_emu.world.meter.events import What
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import run_meter
from meter_emu.world.rehearsal.fleet import rehearsed
from tests.bench.row import Row, best_s
from tests.bench.stories import pace
from tests.campaigns import head

FLEET: Final = 53_579
CORES: Final = 2
LINEAR_MAX: Final = 1.2  # ours: what noise may add before growth is called more than linear
# ours: 24 hourly powers of a small home, about 6 kWh a day: 10.40 EUR a week at 0.25 EUR/kWh
PROFILE_W: Final = [
    120, 110, 100, 100, 100, 150, 300, 400, 250, 200, 200, 250,
    300, 250, 200, 200, 300, 450, 500, 450, 350, 300, 200, 150,
]  # fmt: skip


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield the rows of meters and fleet."""
    rounds = 1 if quick else 7  # a tenth of a second each: with three, one run differed by a third
    short, long = (0.25, 0.5) if quick else (1, 10)
    with TemporaryDirectory() as folder:
        one, many = (year(Path(folder), years) for years in (short, long))
        seen = {event.what for event in run_meter(one.households[0], one)}
        assert {What.CARD_SERVED, What.OPENED, What.CLOSED} <= seen, "a year with all that matters"
        (home,) = one.households
        with_credit = replace(home, balance_cents=100_000)
        credit_s = _cpu_s(lambda: run_meter(with_credit, one), rounds) / short
        one_s = _cpu_s(lambda: run_meter(one.households[0], one), rounds) / short
        many_s = _cpu_s(lambda: run_meter(many.households[0], many), min(rounds, 2)) / long
    yield Row(
        what="a meter-year: hourly load, windows, a card a week",
        measured=f"{one_s:.3f} s",
    )
    yield Row(
        what="  the same household with credit: no shelter",
        measured=f"{credit_s:.3f} s",
    )
    yield Row(
        what=f"  a year of {long:g} / a year of {short:g}",
        measured=f"{many_s / one_s:.2f}",
        target="about 1: linear",
        met=many_s / one_s <= LINEAR_MAX,
    )
    yield from _fleet(min(rounds, 3))
    wakes, speed = pace(2 if quick else 400)
    yield Row(
        what="stories drawn, lived and judged on one core",
        measured=f"{speed:.0f} a second ({wakes:.0f} wakes each)",
    )


def _fleet(rounds: int) -> Iterator[Row]:
    campaign = load_campaign(find("campaigns", "ores-fleet"))
    assert len(campaign.households) == FLEET, "the whole fleet"
    blanks = {replace(household, id="", meter_id=0) for household in campaign.households}
    lived = Counter(household.kind for household in blanks)
    fleet_s = lived_s = 0.0
    of_kind_s = dict[str, float]()
    for entry in campaign.households.entries:
        household = entry.household(entry.count, campaign.seed)
        each_s = _cpu_s(partial(rehearsed, household, campaign, events=False), rounds)
        of_kind_s[household.kind] = each_s
        fleet_s += entry.count * each_s
        lived_s += lived[household.kind] * each_s
    sheltered_ms = 1000 * of_kind_s[sheltered(campaign).kind]
    yield Row(
        what="ORES fleet, a home that shelters, run and judged",
        measured=f"{sheltered_ms:.1f} ms",
    )
    yield Row(
        what="  one household of all",
        measured=f"{1000 * fleet_s / FLEET:.1f} ms",
    )
    minutes = lived_s / CORES / 60
    yield Row(
        what=f"  {FLEET:,} meters on {CORES} cores, projected from that",
        measured=f"{minutes:.2f} min ({lived.total():,} of them lived)",
    )


def sheltered(campaign: Campaign) -> Household:
    """Return a home of the fleet's largest kind: without credit, in hours when nobody is cut."""
    largest = max(campaign.households.entries, key=lambda entry: entry.count)
    return largest.household(largest.count, campaign.seed)


def _cpu_s(job: Callable[[], object], rounds: int) -> float:
    return best_s(job, rounds=rounds, clock=process_time)


def year(folder: Path, years: float) -> Campaign:
    """Return one home that shows its card every Tuesday and loads 12 euro, but not each 6th time.

    So credit runs out now and then, and the non-disconnection period counts for some days. A
    technician sets the clock once a year: without, it is not believed after three.
    """
    start = datetime(2020, 1, 7, 8, 0)  # noqa: DTZ001  local, as in the file
    days = int(365.25 * years)
    visits = []
    for week in range(1, days // 7):
        at = start + timedelta(days=7 * week, hours=2)
        if week % 6:
            visits.append(f"{{ at = {at.isoformat()}, load_eur = 12 }}")
        visits.append(f"{{ at = {(at + timedelta(minutes=40)).isoformat()}, insert = true }}")
        if week % 52 == 0:
            visits.append(f"{{ at = {(at + timedelta(hours=1)).isoformat()}, clock_card = true }}")
    text = f"""{head("bench", start.isoformat(), (start + timedelta(days=days)).isoformat())}
[[household]]
id = "home"
kind = "a card a week"
balance_eur = 4
load_w = {PROFILE_W}
visits = [
{",".join(visits)}
]
"""
    path = folder / f"{days}.toml"
    path.write_text(text, "utf-8")
    return load_campaign(path)

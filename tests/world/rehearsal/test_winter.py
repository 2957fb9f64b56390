"""An ordinary winter: what each home of `winter.toml` lives through, hour by hour.

The hours are worked out from load, price and calendar next to each home, not taken from a run.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from meter_emu.resources import find
from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import Verdict
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.times import us_to_legal
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import run_meter
from meter_emu.zones import TimeZone
from tests.cells import each_cell

BRUSSELS = TimeZone.EUROPE_BRUSSELS
TAKEN = {What.OPENED, What.LIMITED}
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
EURO_UEUR = 1_000_000


@dataclass(frozen=True)
class Rig:
    """One home's story."""

    outcome: Outcome
    events: tuple[Event, ...]

    def when(self, *what: What) -> list[datetime]:
        return [us_to_legal(e.at_us, BRUSSELS) for e in self.events if e.what in what]

    def balance_ueur(self, text: str, what: What) -> int:
        """Return the balance at the one event of a kind on a day."""
        (balance,) = (
            e.balance_ueur
            for e in self.events
            if e.what is what and f"{us_to_legal(e.at_us, BRUSSELS):%Y-%m-%d}" == text
        )
        assert balance is not None
        return balance


@cache
def winter(build: str = "reference") -> dict[str, Rig]:
    campaign = load_campaign(find("campaigns", "winter"), build=build)
    rigs = {}
    for household in campaign.households:
        events = run_meter(household, campaign)
        rigs[household.id] = Rig(judge(household, campaign, events), tuple(events))
    return rigs


@pytest.fixture(autouse=True, scope="module")
def rehearsed() -> None:
    """Have the campaign run before the first test, which is not what it tests."""
    winter()


def legal(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BRUSSELS.info)


def protected(when: datetime) -> bool:
    """Whether the non-disconnection period covers a legal time; holidays are not looked at."""
    return when.weekday() >= 5 or when.hour >= 16 or when.hour < 8


def test_every_promise_of_an_ordinary_winter_is_kept():
    for name, rig in winter().items():
        if name == "clock-lost":  # the one that was ordered to be cut
            assert rig.outcome.verdict is Verdict.ON_TIME
        else:
            assert (rig.outcome.verdict, rig.outcome.ordered_us) == (Verdict.KEPT, None)


# When each home loses its supply, and when at the latest: credit that ends on a weekday between 8
# and 16 is seen at the next poll, the start of an unprotected day at 8:00 + 2u + a poll. A PCF8563
# may be 60 s + 4.3 s a day off, a DS3231 60 s + 0.4 s a day.
DARK = {
    "every-month": [],
    "weekend": [],
    # 372 hours at 0.100 EUR, 990 by day at 0.108, 1,218 at night at 0.076: 236.688. The clock is
    # two minutes in doubt, so that each of 65 nights is four minutes longer: 0.14 EUR, 80 minutes.
    "two-prices": [("2020-02-04T11:00", 100 * MINUTE)],
    "clocks-back": [("2019-10-28T08:00", 5 * MINUTE)],
    "clocks-back-unseen": [("2019-10-28T08:00", 5 * MINUTE)],
    "leap-day": [("2020-03-02T08:00", 23 * MINUTE)],
    "clocks-forward": [("2020-03-30T08:00", 6 * MINUTE)],
    "christmas": [("2019-12-25T10:00", 2 * MINUTE)],
    "new-year": [("2020-01-01T08:00", 5 * MINUTE)],
    # 12 EUR at 0.10 EUR an hour last 120 hours, less the moment it was on before it was dark.
    "emergency-gone": [("2020-01-13T14:00", 2 * MINUTE), ("2020-01-18T17:58", 3 * MINUTE)],
    "prepayment-off": [],
    "deferral": [("2020-03-11T12:00", 25 * MINUTE)],
    "storm": [("2020-02-10T11:00", MINUTE)],
    "gas-winter-tariff": [],
    # 96 hours with power after Friday 18:00; each of three failures costs a fifth at most.
    "office-hours": [("2020-01-15T22:00", 60 * MINUTE)],
    # T2 by a clock that was lost on 2 January and went on, 41 days later, from its last midnight.
    "clock-lost": [("2020-02-21T08:01", 15 * MINUTE)],
    # 0.1035 EUR an hour: 229.66 EUR are 2,218 h 56 min from 20 October, 00:00 summer time.
    "gas-emergency": [("2020-01-20T09:56", HOUR)],
    # The valve goes back, and out again: an appliance was open at the first re-arming.
    "gas-careless": [("2020-01-02T08:00", HOUR + 15 * MINUTE), ("2020-01-02T11:00", 2 * MINUTE)],
}


@pytest.mark.slow("lives and judges many homes")
@each_cell("name", DARK)
def test_a_home_is_dark_when_its_credit_and_the_calendar_say_so(name):
    seen = winter()[name].when(*TAKEN)
    assert len(seen) == len(DARK[name])
    for when, (text, reach) in zip(seen, DARK[name], strict=True):
        assert legal(text) <= when < legal(text) + reach


@pytest.mark.slow("lives a winter")
def test_no_home_is_cut_for_credit_inside_the_period_but_who_owes_or_has_had_its_shelter():
    inside = [
        (name, when)
        for name, rig in winter().items()
        for when in rig.when(*TAKEN)
        if protected(when)
    ]
    assert sorted(name for name, _ in inside) == ["emergency-gone", "limiter", "office-hours"]
    assert dict(inside)["emergency-gone"].weekday() == 5


@pytest.mark.parametrize(
    ("name", "key", "taken", "loaded", "euro", "loaded_eur"),
    [
        ("new-year", What.KEY_PRESSED, "2020-01-01", "2020-01-02", 12, 150),
        ("gas-emergency", What.KEY_HELD, "2020-01-21", "2020-01-23", 15, 250),
    ],
)
def test_emergency_credit_is_an_advance_that_the_next_load_repays(
    name, key, taken, loaded, euro, loaded_eur
):
    rig, nothing_used = winter()[name], EURO_UEUR // 4
    (dark,) = (e for e in rig.events if e.what is What.OPENED)
    assert dark.balance_ueur is not None
    advanced = rig.balance_ueur(taken, key) - dark.balance_ueur
    assert euro * EURO_UEUR - nothing_used < advanced <= euro * EURO_UEUR
    used = rig.balance_ueur(taken, key) - rig.balance_ueur(loaded, What.CARD_SERVED)
    used += (loaded_eur - euro) * EURO_UEUR
    # 30 hours at 0.05 EUR, 40.5 hours at 0.1035 EUR
    assert abs(used - {"new-year": 1.5, "gas-emergency": 4.19}[name] * EURO_UEUR) < nothing_used


def test_a_limiter_gives_10_ampere_on_weekdays_and_at_any_hour_after_96_hours_of_the_period():
    """From the end of credit on 10 December to the load of 7 January; never dark."""
    rig = winter()["limiter"]
    assert not rig.when(What.OPENED)
    limited, free = rig.when(What.LIMITED), rig.when(What.UNLIMITED)
    # Three nights of 16 hours, and 48 hours from Friday 16:00 on.
    assert [(when.month, when.day) for when in limited] == [(12, n) for n in (10, 11, 12, 13, 15)]
    assert abs(limited[-1] - legal("2019-12-15T16:00")) < timedelta(hours=2)
    ends = [*((12, n) for n in (10, 11, 12, 13)), (1, 7)]
    assert [(when.month, when.day) for when in free] == ends


def test_with_prepayment_off_nothing_is_charged():
    rig = winter()["prepayment-off"]
    off = rig.balance_ueur("2019-11-15", What.CARD_SERVED)
    assert rig.balance_ueur("2020-03-16", What.CARD_SERVED) == off + 30 * EURO_UEUR


def test_two_prices_cost_what_the_clock_on_the_wall_says():
    """Hour by hour from the insertion of the tariff to the cut, and never more than that."""
    rig, hour = winter()["two-prices"], legal("2019-11-04T11:00").astimezone(UTC)
    ideal_ueur = rig.balance_ueur("2019-11-04", What.CARD_SERVED)
    while hour < legal("2020-02-04T11:00"):
        wall = hour.astimezone(BRUSSELS.info)
        night = wall.weekday() >= 5 or not 6 <= wall.hour < 21
        ideal_ueur -= 400 * (190 if night else 270)
        hour += HOUR
    (dark,) = (event for event in rig.events if event.what is What.OPENED)
    assert dark.balance_ueur is not None
    late = us_to_legal(dark.at_us, BRUSSELS) - legal("2020-02-04T11:00")
    spared_ueur = dark.balance_ueur - ideal_ueur + late // MINUTE * 400 * 270 // 60
    assert 0 < spared_ueur < 65 * 5 * 400 * 80 // 60  # 65 nights, less than five minutes each


def test_the_winter_tariff_is_what_gas_costs_in_winter():
    """133 days at 2,080 dm³ a day and 11.5 Wh/dm³, 0.03 EUR/kWh in place of 0.045."""
    rig = winter()["gas-winter-tariff"]
    before = rig.balance_ueur("2019-11-04", What.CARD_SERVED)
    used = before + 50 * EURO_UEUR - rig.balance_ueur("2020-03-16", What.CARD_SERVED)
    assert abs(used - 133 * 2_080 * 11.5 * 30) < 10_000


@pytest.mark.slow("lives and judges many homes")
@each_cell(
    ("defect", "notice"),
    [
        ("end-exclusive", {"deferral"}),
        ("doy-common-year", {"deferral"}),  # 11 March of a leap year
        ("reactivation-clears-one", set()),  # nobody is reactivated
    ],
    short=1,
)
def test_who_would_notice_a_defect_in_an_ordinary_winter(defect, notice):
    """Dated orders are rare in one: without the home that has its own, no date defect shows."""
    rigs = dict(winter(f"reference+{defect}"))
    del rigs["clock-lost"]  # ordered to be cut
    wrong = {name: rig for name, rig in rigs.items() if rig.outcome.verdict is not Verdict.KEPT}
    assert set(wrong) == notice
    for rig in wrong.values():
        assert rig.outcome.verdict is Verdict.WRONGLY_CUT
        assert rig.when(What.OPENED)[0].date() == legal("2020-03-10").date()

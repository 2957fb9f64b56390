"""Hazards are tested like stories: in each, what it is named for really happens, often enough.

What is placed at one point of a program is looked for on the board, by the chip's own seconds.
"""

import os
from calendar import isleap
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from meter_emu.defects import catalogue
from meter_emu.laws import laws
from meter_emu.laws.hazards.failing import failing, tearing
from meter_emu.laws.hazards.steps import cut_between, setting_at_midnight, ticking_inside
from meter_emu.laws.law import Broken, Trial, campaign_of
from meter_emu.stories.boundaries import FULL_COUNTS
from meter_emu.stories.chooser import seeded
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import DeskOrder, Household, VisitKind
from meter_emu.world.meter.acts import Press
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.board import Board
from tests.cells import each_cell
from tests.stories.favours import FAVOURS
from tests.stories.orders import IN_ORDERS
from tests.stories.rates import BRUSSELS, HOUR, armed, at, credit_end, wanted
from tests.stories.spoilt import SPOILT
from tests.stories.upsets import TWELVE, UPSETS

COUNT = 1_000
PLACED = int(os.environ.get("METER_EMU_PLACED", "32"))  # each is run twice
FLOOR = 0.05
SECOND_US = 1_000_000
DAY_S = 86_400
HOUR_US = 3_600 * SECOND_US
HOLIDAYS = {(1, 1), (5, 1), (7, 21), (8, 15), (11, 1), (11, 11), (12, 25)}  # month and day
EDGES = {(4, 16), (0, 0), (0, 8), (0, 16), (4, 8), (5, 0)}  # weekday and hour


def rtc_second(household: Household, us: int) -> int:
    """Return the second of the day that a right clock of the home's meter shows."""
    ahead = {"utc": 0, "standard": 3_600}.get(household.model.rtc_base)
    if ahead is None:
        legal = at(us)
        ahead = int((legal.utcoffset() or HOUR).total_seconds())
    return (us // SECOND_US + ahead) % DAY_S


def told_end(household: Household) -> int:
    """Return T of the last order."""
    dates = armed(household)
    assert dates is not None, "somebody is armed"
    return dates[1]


def credit_edge(campaign: Campaign, household: Household) -> set[str]:
    end = credit_end(household, campaign.start_us)
    if end is None:
        return set()
    before, after = (at_hour(end, minutes) for minutes in (-60, 60))
    near = {"credit ends near an edge"} if EDGES & {before, after, at_hour(end, 0)} else set()
    sides = {True: "before it", False: "after it"}
    return near | ({f"credit ends {sides[end.minute >= 30]}"} if near else set())


def at_hour(when: datetime, minutes: int) -> tuple[int, int]:
    moved = (when + HOUR * minutes / 60).astimezone(BRUSSELS)
    return moved.weekday(), moved.hour


def older_copy(campaign: Campaign, household: Household) -> set[str]:
    *_, last = household.visits
    written = sum(visit.kind is VisitKind.DESK for visit in household.visits)
    dated = [v.desk.cut_us for v in household.visits if v.desk and v.desk.cut_us]
    if last.kind is not VisitKind.COPY or last.copy_number != 1 or written < 2:
        return set()
    return {"an older card last"} | ({"before its T"} if last.at_us < dated[0] else {"after its T"})


def reserve_lost(campaign: Campaign, household: Household) -> set[str]:
    ((lost_us, back_us),) = household.outages
    if back_us - lost_us <= household.model.clock.backup_days * DAY_S * SECOND_US:
        return set()
    end_us = told_end(household)
    where = "T in the dark" if end_us < back_us else "T after it"
    return {where} | ({"in 2000"} if at(end_us).year == 2000 else set())


def set_back(campaign: Campaign, household: Household) -> set[str]:
    (set_us,) = (v.at_us for v in household.visits if v.kind is VisitKind.CLOCK_CARD)
    ahead_us = household.clock_error_s * SECOND_US
    ahead_us += household.drift_ppb * (set_us - household.clock_set_us) // 1_000_000_000
    to_midnight_s = DAY_S - rtc_second(household, set_us)
    end_us = told_end(household)
    crossed = ahead_us > to_midnight_s * SECOND_US
    between = set_us < end_us < set_us + to_midnight_s * SECOND_US
    return {"set back over a midnight, T in the gap"} if crossed and between else set()


def woken(campaign: Campaign, household: Household) -> set[str]:
    end_us = told_end(household)
    found = set()
    for visit in household.visits:
        if isinstance(visit.act, Press) and not visit.act.held_ms:
            found |= {"at T"} if abs(visit.at_us - end_us) <= SECOND_US else set()
            found |= {"just before T"} if 0 < end_us - visit.at_us <= 2 * SECOND_US else set()
            shown = rtc_second(household, visit.at_us)
            found |= {"at a midnight"} if min(shown, DAY_S - shown) <= 1 else set()
    return found


def clocks_change(campaign: Campaign, household: Household) -> set[str]:
    if household.kind in EQUAL_HOURS:
        return {household.kind}
    dates = armed(household)
    assert dates is not None, "somebody is armed"
    first, last = at(dates[0]), at(dates[1])
    twice = last.replace(fold=0).utcoffset() != last.replace(fold=1).utcoffset()
    found = {f"the {'second' if last.fold else 'first'} of two"} if twice else set()
    around = {at(us).utcoffset() for us in (dates[1] - HOUR_US, dates[1] + HOUR_US)}
    gap = last.month == 3 and len(around) > 1
    found |= {"at the gap"} if gap else set()
    return found | ({"ordered the winter before"} if gap and first.year < last.year else set())


def holiday(campaign: Campaign, household: Household) -> set[str]:
    end = credit_end(household, campaign.start_us)
    if end is None or (end.month, end.day) not in HOLIDAYS or end.weekday() > 4:
        return set()
    return {"credit ends in its working hours"} if 8 <= end.hour < 16 else set()


def many_loads(campaign: Campaign, household: Household) -> set[str]:
    written = waiting = total = 0
    found = set()
    for visit in household.visits:
        if visit.desk is not None:
            written, waiting, total = written + 1, waiting + 1, total + visit.desk.load_cents
        if visit.kind is VisitKind.INSERT:
            found |= {"two loads at once"} if waiting > 1 else set()
            waiting = 0
        if visit.kind is VisitKind.COPY:
            found |= {"an older card"} if visit.copy_number != written else set()
    full = {"more than 16 bits of cents"} if total > 0xFFFF else set()
    days_s = (household.visits[-1].at_us - household.visits[0].at_us) // SECOND_US
    much = sum(household.load) > 0xFFFF and days_s > DAY_S
    return found | full | ({"much energy in a day"} if much else set())


def emergency_again(campaign: Campaign, household: Household) -> set[str]:
    orders = [n for n, visit in enumerate(household.visits) if visit.desk]
    (loaded,) = (n for n in orders if _desk(household, n).load_cents)
    before = sum(isinstance(visit.act, Press) for visit in household.visits[:loaded])
    after = sum(isinstance(visit.act, Press) for visit in household.visits[loaded:])
    found = {"asked again"} if before > 1 else set()
    for number in orders[:-1]:
        asked = any(isinstance(visit.act, Press) for visit in household.visits[:number])
        again = any(isinstance(visit.act, Press) for visit in household.visits[number:loaded])
        found |= {"an order without money between"} if asked and again else set()
    return found | ({"repaid, and asked again"} if before and after else set())


def _desk(household: Household, number: int) -> DeskOrder:
    order = household.visits[number].desk
    assert order is not None
    return order


def old_setting(campaign: Campaign, household: Household) -> set[str]:
    too_old_us = household.clock_set_us + household.model.clock.trust_max_days * DAY_S * SECOND_US
    if too_old_us + 2 * DAY_S * SECOND_US > campaign.end_us:
        return set()
    before = too_old_us < (told_end(household) - DAY_S) * SECOND_US
    return {"too old within the story, T after it" if before else "too old within the story"}


def used_without_time(campaign: Campaign, household: Household) -> set[str]:
    ((lost_us, back_us),) = household.outages
    if back_us - lost_us <= household.model.clock.backup_days * DAY_S * SECOND_US:
        return set()
    set_us = [v.at_us for v in household.visits if v.kind is VisitKind.CLOCK_CARD]
    pressed = [v.at_us for v in household.visits if isinstance(v.act, Press) and not v.act.held_ms]
    scrolled = len(pressed) == 7 and back_us < min([*set_us, *pressed])
    if not scrolled:
        return set()
    return {"scrolled once it was set"} if set_us else {"scrolled before it is set"}


def deferred_again(campaign: Campaign, household: Household) -> set[str]:
    ends = [visit.desk.defer_us or 0 for visit in household.visits if visit.desk]
    put_in = [visit.at_us for visit in household.visits if visit.kind is VisitKind.INSERT]
    end = credit_end(household, campaign.start_us)
    if 0 in ends or len(put_in) != 2 or ends[0] >= put_in[1]:
        return set()
    holds = end is not None and at(put_in[1]) < end < at(ends[1])
    return {"one is over before the next"} | ({"credit ends in the next"} if holds else set())


def wrong_office(campaign: Campaign, household: Household) -> set[str]:
    (number,) = (n for n, visit in enumerate(household.visits) if visit.desk and visit.desk.fields)
    order = household.visits[number].desk
    assert order is not None
    assert order.fields is not None
    said = order.fields.said
    if "token" in said:
        return {"a forged reactivation"} if order.reactivate else set()
    found = {f"generation {household.card_generation}"}
    if said.keys() & {"loaded_cents", "load_count"}:
        cents = said.get("loaded_cents", 1 << 32) - household.age.loaded_cents
        order_too = {"an order with it"} if order.reactivate or order.cut_us else set()
        return {"a wallet"} | order_too | ({"money gone"} if cents < 2_000 else set())
    for name in ("defer_until", "cut_at"):
        raw = said.get(name, b"")
        found |= {f"{name} of no calendar"} if raw and no_date(raw.hex()) else set()
    if len(said) == 1:
        for name, us in (("defer_min", order.defer_us), ("cut_min", order.cut_us)):
            found |= (
                {f"{name} apart"} if abs(said.get(name, -HOUR_US) - minute(us)) < 50_000 else set()
            )
    return found


def minute(us: int | None) -> int:
    assert us is not None, "an armed home has both"
    return us // 60_000_000 - 15_778_080


def no_date(digits: str) -> bool:
    try:
        datetime.strptime(digits, "%y%m%d%H%M")  # noqa: DTZ007
    except ValueError:
        return True
    return False


Facts = Callable[[Campaign, Household], set[str]]
EQUAL_HOURS = {"T1 and T2 in two equal hours", "a card that ends in one of two equal hours"}
DRAWN: dict[str, tuple[Facts, set[str]]] = {
    **UPSETS,
    **SPOILT,
    **FAVOURS,
    "deferred-again": (
        deferred_again,
        {"one is over before the next", "credit ends in the next"},
    ),
    "wrong-office": (
        wrong_office,
        {
            "a wallet",
            "a forged reactivation",
            "money gone",
            "an order with it",
            "defer_until of no calendar",
            "cut_at of no calendar",
            "defer_min apart",
            "cut_min apart",
            "generation 1",
            "generation 2",
        },
    ),
    **IN_ORDERS,
    "clocks-change": (
        clocks_change,
        {
            *("the first of two", "the second of two", "at the gap", "ordered the winter before"),
            *EQUAL_HOURS,
        },
    ),
    "holiday": (holiday, {"credit ends in its working hours"}),
    "credit-edge": (
        credit_edge,
        {"credit ends near an edge", "credit ends before it", "credit ends after it"},
    ),
    "emergency-again": (
        emergency_again,
        {"asked again", "repaid, and asked again", "an order without money between"},
    ),
    "many-loads": (
        many_loads,
        {
            "more than 16 bits of cents",
            "two loads at once",
            "an older card",
            "much energy in a day",
        },
    ),
    "old-setting": (old_setting, {"too old within the story, T after it"}),
    "older-copy": (older_copy, {"an older card last", "before its T", "after its T"}),
    "reserve-lost": (reserve_lost, {"T in the dark", "T after it", "in 2000"}),
    "set-back": (set_back, {"set back over a midnight, T in the gap"}),
    "used-without-time": (
        used_without_time,
        {"scrolled once it was set", "scrolled before it is set"},
    ),
    "woken": (woken, {"at T", "just before T", "at a midnight"}),
}


@pytest.mark.slow("draws many stories")
@each_cell("law_id", list(DRAWN), short=2)
def test_a_hazard_is_drawn_often_enough_in_its_stories(law_id):
    facts, names = DRAWN[law_id]
    found: Counter[str] = Counter()
    for number in range(COUNT):
        campaign = laws()[law_id].draw(seeded(f"{law_id}/{number}"), ())
        found.update(facts(campaign, campaign.households[0]))
    assert {name for name in names if found[name] < wanted(FLOOR, COUNT)} == set(), found


# What they catch: a planted defect each -----------------------------------------------------------

NEGATIVES = {
    "clock-upset": "ticks-not-compared",
    "lost-setting": "setting-not-read-back",
    "old-clock-card": "old-clock-card-obeyed",
    "record-put-back": "mac-not-checked",
    "replaced-card": "numbers-of-each-card",
    "torn-visit": "large-load-sent-twice",
    "two-offices": "stamp-always-obeyed",
    "wrong-office": "forged-token-obeyed",
}
WITHIN = 60  # stories


@pytest.mark.slow("draws many stories")
@each_cell("law_id", list(NEGATIVES))
def test_a_hazard_catches_what_is_planted_for_it(law_id):
    law, build = laws()[law_id], catalogue()[NEGATIVES[law_id]].build
    assert any(
        isinstance(law.check(Trial(law.draw(seeded(f"{law_id}/{number}"), ()), build)), Broken)
        for number in range(WITHIN)
    )


# Which midnight it is ---------------------------------------------------------------------------

KIND_FLOOR = 0.08  # of nine that are drawn alike
# 1024 weeks of GPS from 22 August 1999, and again; 2^31 s from 1970; of the others the sources are
# next to their list.
ROLLED = {
    date(1999, 8, 21) + timedelta(weeks=1024 * nth) for nth in range(1, 5)
} | {
    date(1970, 1, 1) + timedelta(seconds=2**31), date(1900, 1, 1) + timedelta(seconds=2**32),
    date(1904, 1, 1) + timedelta(seconds=2**32), date(2000, 1, 1) + timedelta(seconds=2**31),
    date(1858, 11, 17) + timedelta(2**16), date(1993, 1, 1) + timedelta(minutes=2**24),
    date(2014, 1, 1) + timedelta(minutes=2**24), date(1997, 1, 1) + timedelta(2**14),
    date(1970, 1, 1) + timedelta(2**15), date(2044, 1, 1), date(2032, 1, 1),
    date(1900, 1, 1) + timedelta(seconds=2**52 / 1e6),
}  # fmt: skip

KINDS: dict[str, Callable[[datetime], bool]] = {
    "day": lambda night: night.day not in {1, 29} or night.month not in {1, 2, 3},
    "month": lambda night: night.day == 1,
    "year": lambda night: (night.month, night.day) == (1, 1),
    "leap day": lambda night: (night.month, night.day) in {(2, 29), (3, 1)} and isleap(night.year),
    "after february": lambda night: (night.month, night.day) == (3, 1) and not isleap(night.year),
    "decade": lambda night: (night.month, night.day, night.year % 10) == (1, 1, 0),
    "century": lambda night: night.year == 2000 and night.month in {2, 3},
    "change of clocks": lambda night: any(
        night.replace(hour=0).utcoffset() != (night + HOUR * by).astimezone(BRUSSELS).utcoffset()
        for by in (-36, 24)
    ),
    "roll-over": lambda night: bool({night.date(), (night - HOUR * 24).date()} & ROLLED),
}


@pytest.mark.slow("draws many stories")
@each_cell("law_id", ["tick-inside", "clock-card-at-midnight", "set-back"])
def test_a_midnight_is_placed_by_its_kind_and_each_kind_often_enough(law_id):
    found: Counter[str] = Counter()
    for number in range(COUNT):
        (household,) = laws()[law_id].draw(seeded(f"{law_id}/{number}"), ()).households
        end_us = told_end(household)
        night = at(end_us - rtc_second(household, end_us) * SECOND_US + HOUR_US * 3)
        if law_id == "set-back":  # T comes before that midnight, not after it
            night = at(end_us + (DAY_S - rtc_second(household, end_us)) * SECOND_US + HOUR_US * 3)
        found.update(kind for kind, is_of in KINDS.items() if is_of(night))
    assert {kind for kind in KINDS if found[kind] < KIND_FLOOR * COUNT} == set(), found


def test_roll_overs_are_on_the_days_that_a_calendar_counts_to():
    assert {day.toordinal() for day in FULL_COUNTS} <= {
        day.toordinal() + off for day in ROLLED for off in (-1, 0, 1)
    }


# What is placed -----------------------------------------------------------------------------------


class Chip:
    """Every access to a home's clock chip: which, and the second of its day before and after."""

    def __init__(self, trial: Trial) -> None:
        self.seen: list[tuple[str, int, int | None, int | None]] = []
        self.trial = trial
        trial.events(trial.household, prepare=self._watch)

    def _watch(self, bench: Bench) -> None:
        board = bench.board
        for name in ("rtc_read", "rtc_write"):
            setattr(board, name, self._watched(board, name, getattr(board, name)))

    def _watched(self, board: Board, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any) -> Any:
            start_us, before = board.now_us, board.rtc.second_of_day(board.now_us)
            try:
                return call(*args)
            finally:
                after = board.rtc.second_of_day(board.now_us)
                self.seen.append((name, start_us, before, after))

        return watched

    @property
    def midnights(self) -> list[tuple[str, int]]:
        """Return the accesses within, or right after, which the chip's day begins."""
        found = [(n, us) for n, us, before, after in self.seen if (after or 0) < (before or 0)]
        for (_, early_us, _, before), (name, us, after, _) in pairwise(self.seen):
            if us - early_us < 100_000 and (after or 0) < (before or 0):
                found.append((name, us))
        return found


def ticked(household: Household, chip: Chip) -> set[str]:
    booted_us = household.outages[-1][1] if household.outages else 0
    boots = [us for _, us in chip.midnights if booted_us < us < booted_us + 5 * SECOND_US]
    at_boot = {"at a boot"} if household.outages and boots else set()
    return at_boot | ({"at a poll"} if not household.outages and chip.midnights else set())


def clock_set(household: Household, chip: Chip) -> set[str]:
    (set_us,) = (v.at_us for v in household.visits if v.kind is VisitKind.CLOCK_CARD)
    near = [n for n, us in chip.midnights if set_us <= us < set_us + 5 * SECOND_US]
    return {"at a read" if name == "rtc_read" else "at a write" for name in near}


def stepped(household: Household, chip: Chip) -> set[str]:
    ((lost_us, _),) = household.outages
    last = [(n, us) for n, us, _, _ in chip.seen if lost_us - SECOND_US < us <= lost_us]
    written = any(name == "rtc_write" for name, _ in last)
    return {"after the write" if written else "before the write"} if last else set()


def fails_again_there(trial: Trial) -> Household | None:
    placed = failing(trial)
    return placed and placed.household


def torn_there(trial: Trial) -> Household | None:
    placed = tearing(trial)
    return placed and placed.household


def failed_again(household: Household, chip: Chip) -> set[str]:
    times = len(household.outages)
    return {"once" if times == 1 else "again" if times < 7 else "often"}


PLACINGS = {
    "twelve-hours": TWELVE,
    "tick-inside": (ticking_inside, ticked, {"at a boot", "at a poll"}),
    "clock-card-at-midnight": (setting_at_midnight, clock_set, {"at a read", "at a write"}),
    "cut-at-step": (cut_between, stepped, {"before the write", "after the write"}),
    "torn-card": (torn_there, failed_again, {"once"}),
    "fails-again": (
        fails_again_there,
        failed_again,
        {"once", "again", "often"},
    ),
}


@pytest.mark.slow("draws many stories")
@each_cell("law_id", list(PLACINGS), short=3)
def test_what_is_placed_in_a_program_is_there_often_enough(law_id):
    place, facts, names = PLACINGS[law_id]
    found: Counter[str] = Counter()
    for number in range(PLACED):
        trial = Trial(laws()[law_id].draw(seeded(f"{law_id}/{number}"), ()), "reference")
        household = place(trial)
        if household is not None:
            moved = Trial(campaign_of(trial.campaign, household), "reference")
            found.update(facts(household, Chip(moved)))
    assert {name for name in names if found[name] < wanted(FLOOR, PLACED)} == set(), found


@pytest.mark.parametrize("number", range(12))
def test_what_an_adversary_saw_is_the_run_of_the_outages_that_he_made(number):
    draw = laws()["fails-again"].draw
    placed = failing(Trial(draw(seeded(f"adversary/{number}"), ()), "reference"))
    assert placed is not None
    assert placed.run == Trial(placed.campaign, "reference").run


def test_each_hazard_has_its_rates():
    hazards = {law.id for law in laws().values() if law.hazard}
    assert hazards == set(DRAWN) | set(PLACINGS)

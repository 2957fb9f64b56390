"""A crossing: four themes in one life, the first round the second, that round the third, then one.

The rows are a covering array. Of the 19 themes each comes before each other one in a row, and each
happens within each other one in a row, once: 114 rows for 342 ordered pairs of either kind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import accumulate
from typing import Final

from meter_emu.stories.draft import Draft
from meter_emu.stories.people import near_week_edge_s
from meter_emu.stories.themes import (
    OF_CLOCK,
    TAKES_CLOCK_CARDS,
    TAKES_LIMITER,
    THEMES,
    WAY_S,
    Stage,
)
from meter_emu.stories.times import (
    FIRST_S,
    LAST_S,
    Timing,
    at_minute_s,
    change_s,
    legal,
    midnight_s,
    rtc_midnight_s,
)
from meter_emu.units import DAY_S, HOUR_S, MINUTE_S
from meter_emu.world.households.household import DeskOrder

_NAMES: Final = tuple(THEMES)
# A cyclic difference family (C. J. Colbourn, J. H. Dinitz, Handbook of Combinatorial Designs, VI):
# of the themes x, x+1, x+4 and x+5 modulo 19, the differences of the first three (1, 4, 3), and
# those of the last from these (5, 4, 1), are each of another class of the cubic residues. So these
# times each residue are all differences, once.
_STEPS: Final = (0, 1, 4, 5)
_RESIDUES: Final = (1, 7, 8, 11, 12, 18)
CROSSED_ROWS: Final = len(_RESIDUES) * len(_NAMES)
# When each theme of a row begins and ends: as brackets would be, (0 (1 (2))) (3).
_ORDER: Final = (0, 1, 2, 2, 1, 0, 3, 3)

_REPAID: Final = "a load repays it, so it ends there"
_SET: Final = "the first clock card that is obeyed ends it"
# What cannot happen within what, and why.
CANNOT_CROSS: Final[Mapping[tuple[str, str], str]] = {
    ("load", "emergency credit"): _REPAID,
    ("clock card", "lost clock"): _SET,
    ("clock card", "spoilt clock"): _SET,
    ("lost clock", "spoilt clock"): _SET,
    ("spoilt clock", "lost clock"): _SET,
    ("clock card", "outage"): "a meter without power takes none",
    ("lost clock", "outage"): "without power nobody sets it",
    ("spoilt clock", "outage"): "a meter without power finds it lost when it starts",
}

_GAPS_MIN: Final = (20, 6, 90, 6, 360, 1_440, 6)
_IN_DOUBT_MIN: Final = (6, 6, 10)  # without the time there is no hint, and each poll is run
_LEADS_S: Final = (HOUR_S, 5 * MINUTE_S, DAY_S, 4 * DAY_S)
_FIRST_ORDERS: Final = ("cut", "cut", "cut", "deferred", "none")
_CALENDARS: Final = ("as drawn", "as drawn", *("shorter month", "change", "week") * 2, "midnight")
_ROOM_S: Final = 40 * DAY_S  # ours: what comes before a row begins, and after T


def themes_of(row: int) -> tuple[str, ...]:
    """Return the four themes of a row; what cannot happen within another is round it instead."""
    x, nth = divmod(row, len(_RESIDUES))
    names = [_NAMES[(x + _RESIDUES[nth] * step) % len(_NAMES)] for step in _STEPS]
    for a, b in ((0, 1), (1, 2), (0, 2)):
        if (names[b], names[a]) in CANNOT_CROSS:
            names[a], names[b] = names[b], names[a]
            break
    return tuple(names)


def takes(row: int) -> frozenset[str]:
    """Return what the meter of a row must have."""
    return frozenset(THEMES[name].takes for name in themes_of(row)) - {""}


def cross(draft: Draft, row: int, kept: Sequence[bool]) -> None:
    """Draw a life with those themes of a row that are kept; what its meter cannot have is left out.

    The others are drawn all the same, elsewhere: so what is kept stays as it was.
    """
    can = {
        "",
        *([TAKES_LIMITER] if draft.model.limiter_a else []),
        *([TAKES_CLOCK_CARDS] * draft.clock_cards),
    }
    names = themes_of(row)
    here = [
        name for name, keep in zip(names, kept, strict=True) if keep and THEMES[name].takes in can
    ]
    outer, middle, inner, then = names
    draft.kind = f"{inner} in {middle} in {outer}, then {then}"
    if len(here) < len(names):
        draft.kind = " and ".join(here) or "armed"
    acts = [names[nth] for nth in _ORDER]
    instants = _instants(draft, acts)
    stage = Stage(draft, any(name in OF_CLOCK for name in acts), "emergency credit" in acts)
    _first_order(draft, credit_ends=stage.lends)
    left_out = replace(stage, draft=replace(draft, visits=[], outages=[], rtc_found={}))
    ends = dict(zip(acts, instants, strict=True))  # the later of two instants stays
    for name, at_s in zip(acts, instants, strict=True):
        on = stage if name in here else left_out
        on.until_s = ends[name]
        (THEMES[name].begins if at_s < ends[name] else THEMES[name].ends)(on, at_s)
        stage.since_s = left_out.since_s = at_s


def _instants(draft: Draft, acts: Sequence[str]) -> list[int]:
    """Draw when each act happens, round an instant of the calendar; move T there, or near it."""
    chooser = draft.chooser
    gaps_s = _gaps_s(draft, acts)
    offsets = list(accumulate(gaps_s, initial=0))
    calendar = chooser.of(_CALENDARS)
    lead_s = chooser.of(_LEADS_S)
    anchor_s = _anchor_s(draft, calendar)
    anchor_s = min(max(anchor_s, FIRST_S + _ROOM_S), LAST_S)
    nth = chooser.below(len(gaps_s))
    into_s = chooser.of((0, 0, gaps_s[nth] - 1, chooser.below(gaps_s[nth])))
    from_s = anchor_s - offsets[nth] - into_s
    instants = [from_s + offset for offset in offsets]
    end_s = anchor_s
    if calendar in {"midnight", "change", "week"}:
        nth = chooser.below(len(gaps_s))
        end_s = instants[nth] + chooser.below(gaps_s[nth])
    armed_s = instants[0] - lead_s
    if calendar == "shorter month":
        armed_s = min(armed_s, _late_in_the_month_before_s(draft, anchor_s))
    draft.timing = Timing(armed_s, end_s // MINUTE_S * MINUTE_S)
    draft.first_s = armed_s - DAY_S
    return instants[: len(acts)]


def _gaps_s(draft: Draft, acts: Sequence[str]) -> list[int]:
    """Draw how long it is from each act to the next; little while the clock is doubted."""
    doubted, gaps = 0, list[int]()
    for nth, name in enumerate(acts):
        if name in OF_CLOCK:
            doubted += 1 if name not in acts[:nth] else -1
        gap_s = draft.chooser.of(_IN_DOUBT_MIN if doubted else _GAPS_MIN) * MINUTE_S
        gaps.append(DAY_S if name == "load" and "emergency credit" in acts else gap_s)
    return gaps


def _anchor_s(draft: Draft, calendar: str) -> int:
    chooser, zone, end_s = draft.chooser, draft.model.zone, draft.timing.end_s
    if calendar == "midnight":
        if chooser.below(2):
            return midnight_s(end_s, zone)
        return rtc_midnight_s(draft.model, end_s)
    if calendar == "change":
        return change_s(end_s, zone) + chooser.around(150) * MINUTE_S
    if calendar == "week":
        return near_week_edge_s(draft, end_s)
    if calendar == "shorter month":
        year = legal(end_s, zone).year
        day = date(year, chooser.of((2, 4, 6, 9, 11)), 1) + timedelta(chooser.below(28))
        return at_minute_s(day, chooser.below(1440), zone)
    return end_s


def _late_in_the_month_before_s(draft: Draft, at_s: int) -> int:
    """Return an hour on the last day of the month before: the next month has no such day."""
    zone = draft.model.zone
    last = legal(at_s, zone).date().replace(day=1) - timedelta(1)
    return at_minute_s(last, 9 * 60 + draft.chooser.below(600), zone)


def _first_order(draft: Draft, *, credit_ends: bool) -> None:
    """Bring the order of T; none before credit is to end, as a deferral keeps the supply on."""
    armed_s, end_s = draft.timing
    name = draft.chooser.of(_FIRST_ORDERS)
    if credit_ends:
        draft.rates, draft.flat = (2_000, 4_000, 8_000), True
        name = "none"
    if name == "none":
        return
    if name == "deferred":
        until, until_us = draft.minute(max(end_s, armed_s + MINUTE_S))
        order = DeskOrder(defer_until=until, defer_us=until_us)
    else:
        order = draft.arming(end_s, end_s)
    draft.office(armed_s, order)
    draft.insert(armed_s + WAY_S)

"""Logs of the reference changed by hand: one fact taken away, moved, doubled or stated wrongly."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import NamedTuple

from card_protocol.timestamp import Civil
from meter_emu.units import DAY_US, HOUR_US, MINUTE_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.judge.breaches import SupplySpan, supply_of
from meter_emu.world.judge.outcome import Supplied
from meter_emu.world.meter.events import Event, What

SHIFTS = {"a minute": MINUTE_US, "an hour": HOUR_US, "a day": DAY_US}
CUT = re.compile(r"(?<=OFF: CUT AS OF )\d{4}-\d\d-\d\d \d\d:\d\d", re.ASCII)
MOVES = {
    What.OPENED: "cut",
    What.CLOSED: "restoration",
    What.LIMITED: "limiter",
    What.UNLIMITED: "limiter",
}


class Change(NamedTuple):
    """What was changed, how, and at which place of the log.

    `by_ueur` is by how much a charge is off, `gone` whether an end is taken away.
    """

    subject: str
    how: str
    place: int
    events: list[Event]
    by_ueur: int = 0
    gone: bool = False


def differs(
    events: Sequence[Event], change: Change, campaign: Campaign
) -> list[tuple[int, Supplied]]:
    """Return instants at which the changed supply is another one, and what it is there."""
    span = (campaign.start_us, campaign.end_us)
    before, after = (list(supply_of(of, *span)) for of in (events, change.events))
    edges = sorted({one.from_us for one in (*before, *after)} | {campaign.end_us})
    found = []
    for from_us, to_us in pairwise(edges):
        middle_us = (from_us + to_us) // 2
        had, has = (_at(of, middle_us) for of in (before, after))
        if had is not has:
            found += [(us, has) for us in (from_us, middle_us, to_us - 1)]
    return found


def _at(spans: Sequence[SupplySpan], us: int) -> Supplied:
    return next(one.had for one in spans if one.from_us <= us < one.to_us)


def changes(events: Sequence[Event], campaign: Campaign, chance: Random) -> Iterator[Change]:
    """Yield one change of each fact of a log, of a kind drawn anew, that changes anything."""
    for index, event in enumerate(events):
        if event.what in MOVES:
            moved = _moved(events, index, chance)
            if differs(events, moved, campaign):
                yield moved
        seen_late = event.what in {What.OPENED, What.CLOSED}  # its balance is of a later look
        if event.balance_ueur is not None and not seen_late and not chance.randrange(4):
            yield _charged(events, index, chance)
        if event.understood is not None:
            yield _stated(events, index, chance)
        if CUT.search(event.shown):
            yield _shown(events, index, chance)


def _moved(events: Sequence[Event], index: int, chance: Random) -> Change:
    event = events[index]
    how = chance.choice(("taken away", "doubled", *SHIFTS))
    rest = [*events[:index], *events[index + 1 :]]
    subject = MOVES[event.what]
    if how == "taken away":
        return Change(subject, how, index, rest)
    if how == "doubled":  # undone for a minute, and done again
        back = {What.OPENED: What.CLOSED, What.CLOSED: What.OPENED,
                What.LIMITED: What.UNLIMITED, What.UNLIMITED: What.LIMITED}[event.what]  # fmt: skip
        at_us = event.at_us + HOUR_US
        more = [
            replace(event, what=back, at_us=at_us, balance_ueur=None),
            replace(event, at_us=at_us + MINUTE_US, balance_ueur=None),
        ]
        return Change(subject, how, index, _in_order([*events, *more], events))
    by_us = chance.choice((-1, 1)) * SHIFTS[how]
    moved = replace(event, at_us=event.at_us + by_us, balance_ueur=None)
    return Change(
        subject, f"{how} {'later' if by_us > 0 else 'earlier'}", index,
        _in_order([*rest, moved], events),
    )  # fmt: skip


def _in_order(changed: Sequence[Event], events: Sequence[Event]) -> list[Event]:
    """Return the log in time order, within the time of the story."""
    first, last = events[0].at_us, events[-1].at_us
    kept = [event for event in changed if first <= event.at_us <= last]
    return [events[0], *sorted(kept[1:], key=lambda event: event.at_us)]


def _charged(events: Sequence[Event], index: int, chance: Random) -> Change:
    """Let a balance be off by cents or euro, as if a charge had been missed or made twice."""
    by_ueur = chance.choice((-1, 1)) * chance.choice((20_000, 1_000_000, 20_000_000))
    event = events[index]
    assert event.balance_ueur is not None
    changed = replace(event, balance_ueur=event.balance_ueur + by_ueur)
    how = "twice" if by_ueur < 0 else "missed"
    log = [*events[:index], changed, *events[index + 1 :]]
    return Change("charge", how, index, log, by_ueur=abs(by_ueur))


def _stated(events: Sequence[Event], index: int, chance: Random) -> Change:
    """Let one of the two ends on a write-back be another one."""
    event = events[index]
    assert event.understood is not None
    which = chance.randrange(2)
    end, other = event.understood[which], event.understood[1 - which]
    how = chance.choice(("taken away", *SHIFTS))
    stated: Civil | None
    if how == "taken away" or end is None:
        stated = None if end is not None else (other or Civil(2030, 1, 1, 9, 0))
        how = "taken away" if end is not None else "made up"
    else:
        by = timedelta(microseconds=chance.choice((-1, 1)) * SHIFTS[how])
        wall = datetime(*end, tzinfo=UTC) + by
        stated = Civil(wall.year, wall.month, wall.day, wall.hour, wall.minute)
    understood = (stated, other) if which == 0 else (other, stated)
    changed = replace(event, understood=understood)
    log = [*events[:index], changed, *events[index + 1 :]]
    return Change("display", f"T{which + 1} {how}", index, log, gone=stated is None)


def _shown(events: Sequence[Event], index: int, chance: Random) -> Change:
    """Let the display give another date for the cut that has come, at one event."""
    event = events[index]
    how = chance.choice(tuple(SHIFTS))
    by = timedelta(microseconds=chance.choice((-1, 1)) * SHIFTS[how])
    cut = CUT.search(event.shown)
    assert cut is not None, "it was looked for"
    wall = datetime.fromisoformat(cut[0]) + by
    shown = CUT.sub(f"{wall:%Y-%m-%d %H:%M}", event.shown)
    log = [*events[:index], replace(event, shown=shown), *events[index + 1 :]]
    return Change("display after the cut", f"T2 {how}", index, log)

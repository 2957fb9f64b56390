"""The signature of a household under a hypothesis: everything that people could have seen of it.

Verdicts are not in it: an incident has witnesses, and no judge.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, final

import msgspec
from typing_extensions import override

from meter_emu.diagnosis.hypotheses import Hypothesis, served_wrongly
from meter_emu.diagnosis.sampling import SampledHousehold
from meter_emu.units import SECOND_US
from meter_emu.workers.work import Task
from meter_emu.world.meter.events import Event, What, beginning_of
from meter_emu.world.rehearsal.engine import run_meter

_NO_CREDIT = "OFF: CREDIT EXHAUSTED"
_OBEYED = {What.CARD_SERVED: "served", What.CARD_REFUSED: "refused", What.CARD_UNSEEN: "refused"}


class CardAnswer(msgspec.Struct, frozen=True, array_like=True):
    """What a card did at a visit, from 0, and what the display said then."""

    visit: int
    answer: str
    shown: str


class Signature(msgspec.Struct, frozen=True, array_like=True):
    """One household's story from outside; instants are true seconds since 1970.

    `off` are the stretches in which the meter gave no supply. `shown` is the display at each press
    of a button. `ended` is when the story ended: a program that failed ends it early. `spent` has
    when credit ran out, or would run out after the end at the same rate, each with the instant
    since when it was being used: a household that uses more is off earlier.
    """

    off: tuple[tuple[int, int], ...]
    cards: tuple[CardAnswer, ...]
    shown: tuple[tuple[int, str], ...]
    ended: int
    failed: bool
    spent: tuple[tuple[int, int], ...]


def signature_of(events: Sequence[Event]) -> Signature:
    """Return the signature of a household from its events."""
    off: list[tuple[int, int]] = []
    end = events[-1].at_us // SECOND_US
    begun = None if beginning_of(events).supply_on else events[0].at_us // SECOND_US
    for event in events:
        at = event.at_us // SECOND_US
        if event.what is What.OPENED and begun is None:
            begun = at
        elif event.what is What.CLOSED and begun is not None:
            off.append((begun, at))
            begun = None
    if begun is not None:
        off.append((begun, end + 1))
    cards = (
        CardAnswer(event.visit, _OBEYED[event.what], event.shown)
        for event in events
        if event.what in _OBEYED and event.visit is not None
    )
    pressed = (
        (event.at_us // SECOND_US, event.shown)
        for event in events
        if event.what is What.KEY_PRESSED
    )
    failed = events[-1].failure is not None
    return Signature(tuple(off), tuple(cards), tuple(pressed), end, failed, tuple(_spent(events)))


def _spent(events: Sequence[Event]) -> Iterator[tuple[int, int]]:
    """Yield when credit ran out, by the meter's own words, and since when it was being used."""
    since = events[0]
    on = beginning_of(events).supply_on
    for event in events:
        if event.what is What.OPENED:
            on = False
            if event.shown == _NO_CREDIT:
                yield event.at_us // SECOND_US, since.at_us // SECOND_US
        elif event.what is What.CLOSED:
            on = True
        elif event.what is What.CARD_SERVED:
            since = event
    last = events[-1]
    if not on or since.balance_ueur is None or last.balance_ueur is None:
        return
    used, lived_us = since.balance_ueur - last.balance_ueur, last.at_us - since.at_us
    if used > 0 and last.balance_ueur >= 0:
        out_us = last.at_us + lived_us * last.balance_ueur // used
        yield out_us // SECOND_US, since.at_us // SECOND_US


def run_under(one: SampledHousehold, hypothesis: Hypothesis) -> list[Event]:
    """Return the events of a household under a hypothesis."""
    household = replace(one.household, build=hypothesis.build)
    return run_meter(served_wrongly(household, hypothesis.office), one.campaign)


class HouseholdRuns(NamedTuple):
    """A unit of work: the place of a household, and under what it is run."""

    place: int
    hypotheses: tuple[Hypothesis, ...]


@final
class Running(Task[HouseholdRuns, list[Signature]]):
    """Runs sampled households under hypotheses."""

    def __init__(self, households: Sequence[SampledHousehold]) -> None:
        self._households = tuple(households)

    @override
    def run(self, unit: HouseholdRuns, memory: memoryview | None = None) -> list[Signature]:
        one = self._households[unit.place]
        return [signature_of(run_under(one, hypothesis)) for hypothesis in unit.hypotheses]


BATCH_RUNS = 24  # ours: a fraction of a second of work


def batches(place: int, hypotheses: Sequence[Hypothesis]) -> Iterator[HouseholdRuns]:
    """Yield the runs of one household in units of work."""
    for first in range(0, len(hypotheses), BATCH_RUNS):
        yield HouseholdRuns(place, tuple(hypotheses[first : first + BATCH_RUNS]))

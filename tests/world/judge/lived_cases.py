"""Drawn households for the account of what they lived: what they heard, did and had.

Time is a few dozen instants, so that an announcement, an end, a card and a change of supply often
fall on one another, and ends of the rehearsal lie on deadlines.
"""

import itertools
import random
from typing import Final, NamedTuple

from meter_emu.world.judge.lived import (
    Had,
    HeardAnnouncement,
    HouseholdAct,
    HouseholdDeed,
    LivedAccount,
    LivedStretch,
    LossReason,
    account_lived,
)
from tests.world.judge import naive_lived

INSTANTS: Final = 48
LOST: Final = (Had.OFF, Had.LIMITED)


class LivedCase(NamedTuple):
    """The arguments of the account."""

    heard: list[HeardAnnouncement] | None
    acts: list[HouseholdAct]
    supply: list[LivedStretch]
    start_up_us: int

    @property
    def account(self) -> LivedAccount:
        return account_lived(*self)

    @property
    def naive(self) -> tuple[str, int | None, str]:
        """What the account that knows the page alone says."""
        heard = None if self.heard is None else [naive_lived.Heard(*one) for one in self.heard]
        acts = [naive_lived.Act(one.at_us, one.what.value) for one in self.acts]
        supply = [
            naive_lived.Stretch(one.from_us, one.to_us, one.had.value, one.why.value)
            for one in self.supply
        ]
        return naive_lived.lived(heard, acts, supply, self.start_up_us)


def plain(account: LivedAccount) -> tuple[str, int | None, str]:
    return account.verdict.value, account.at_us, account.why.value


def drawn(seed: int) -> LivedCase:
    """Return one household; some obey their announcement, so that few verdicts are harm."""
    chance = random.Random(seed)
    start, end = 10, 10 + chance.randint(6, INSTANTS)
    heard = _heard(chance, start, end)
    acts = _acts(chance, start, end)
    supply = _obedient(chance, heard, start, end) if chance.random() < 0.6 else None
    supply = supply or _supply(chance, start, end)
    return LivedCase(
        None if chance.random() < 0.02 else heard, acts, supply, chance.choice([0, 1, 3])
    )


def _heard(chance: random.Random, start: int, end: int) -> list[HeardAnnouncement]:
    made = sorted(chance.sample(range(start - 3, end + 3), chance.choice([0, 1, 1, 1, 2, 2, 3])))
    found = []
    for made_us in made:
        ends = sorted(made_us + chance.randint(1, 20) for _ in range(2))
        defer_us, cut_us = chance.choice(
            [(ends[1], ends[1]), (ends[0], ends[1]), (ends[0], None), (None, ends[1])]
        )
        takers_only = chance.random() < 0.5
        found.append(
            HeardAnnouncement(made_us, defer_us, cut_us, takers_only, chance.choice([1, 2, 5]))
        )
    return found


def _acts(chance: random.Random, start: int, end: int) -> list[HouseholdAct]:
    """Return visits to an office, most of them with the card put in later, in order of time."""
    acts = []
    for _ in range(chance.choice([0, 1, 1, 2, 3])):
        asked = chance.choice([*[HouseholdDeed.TAKE_PART] * 2, HouseholdDeed.REACTIVATE])
        at_us = chance.randrange(start, end)
        acts.append(HouseholdAct(at_us, asked))
        if chance.random() < 0.85:
            put_us = min(end - 1, at_us + chance.choice([0, 0, 1, 4]))
            acts.append(HouseholdAct(put_us, HouseholdDeed.PUT_IN))
    if chance.random() < 0.2:
        acts.append(HouseholdAct(chance.randrange(start, end), HouseholdDeed.PUT_IN))
    return sorted(acts, key=lambda act: act.at_us)


def _supply(chance: random.Random, start: int, end: int) -> list[LivedStretch]:
    cuts = sorted(
        {start, end, *(chance.randrange(start, end) for _ in range(chance.randint(0, 7)))}
    )
    found = []
    for from_us, to_us in itertools.pairwise(cuts):
        had = chance.choice([*[Had.ON] * 4, *[Had.OFF] * 3, Had.LIMITED, Had.READY, Had.NO_POWER])
        why = LossReason.NONE
        if had in LOST:
            why = chance.choice([LossReason.ORDER, LossReason.CREDIT, LossReason.METER])
        found.append(LivedStretch(from_us, to_us, had, why))
    return found


def _obedient(
    chance: random.Random, heard: list[HeardAnnouncement], start: int, end: int
) -> list[LivedStretch] | None:
    """Return the supply of a meter that is cut near the last announced T2, perhaps in an outage."""
    cuts = [one.cut_us for one in heard if one.cut_us is not None]
    if not cuts or not start < cuts[-1] < end:
        return None
    cut_us = min(end - 1, cuts[-1] + chance.choice([-1, 0, 0, 0, 1, 2, 5, 6]))
    off = LivedStretch(cut_us, end, Had.OFF, LossReason.ORDER)
    if cut_us <= start:
        return None
    if chance.random() < 0.3 and end - cut_us > 4:
        back_us = chance.randrange(cut_us + 1, end)
        return [
            LivedStretch(start, cut_us, Had.ON),
            LivedStretch(cut_us, back_us, Had.NO_POWER),
            LivedStretch(back_us, end, Had.OFF, LossReason.ORDER),
        ]
    return [LivedStretch(start, cut_us, Had.ON), off]

"""Households that are equal but for name and meter number: a class, of which one is lived.

What becomes of a household depends on neither its name nor its number, with two exceptions: what a
power failure leaves half-done is drawn by the name, and a clock card may be for one number. Such
households are classes of one, as are those that begin with an image and those of programs that are
not ours, which may do what they like.

That the others do not depend on them is tried in every rehearsal: of fifty classes a second member
is lived, under its own name and number.
"""

from array import array
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Final, NamedTuple, final

from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import CopyDraw, Household
from meter_emu.world.households.ledger import NO_TYPO
from meter_emu.world.meter.build import parse_build

CLASSES_TRIED: Final = 50  # ours: classes of which a second member is lived
CLASSES_TRIED_PART: Final = 4  # ours: at most one in so many that need not be lived


class EqualPair(NamedTuple):
    """The places of two equal households, the first of a class and another."""

    first: int
    other: int


@final
@dataclass(frozen=True, slots=True)
class Classes:
    """For each household's place the place of the first that is equal to it."""

    first_of: "array[int]"

    @property
    def firsts(self) -> Iterator[int]:
        """The places of the households that are lived, in their order."""
        return (place for place, first in enumerate(self.first_of) if place == first)

    def lasts(self) -> "array[int]":
        """Return the place of the last member of each class, at the place of its first."""
        lasts = array(self.first_of.typecode, self.first_of)
        for place, first in enumerate(self.first_of):
            lasts[first] = place
        return lasts

    def tried(self, campaign: Campaign) -> list[EqualPair]:
        """Return the pairs to try, of each kind in turn, drawn by the campaign's seed."""
        alike: list[list[EqualPair]] = []  # of each entry that has any
        start = 0
        for entry in campaign.households.entries:
            stop = start + entry.count
            pairs = [
                EqualPair(first, start + at)
                for at, first in enumerate(self.first_of[start:stop])
                if first != start + at
            ]
            if pairs:
                chance = Random(f"{campaign.seed}/tried/{entry.first.id}")  # noqa: S311
                alike.append(chance.sample(pairs, len(pairs)))
            start = stop
        most = min(CLASSES_TRIED, -(-sum(map(len, alike)) // CLASSES_TRIED_PART))
        found: dict[int, EqualPair] = {}
        for rank in range(max(map(len, alike), default=0)):
            for pairs in alike:
                if rank < len(pairs) and len(found) < most:
                    found.setdefault(pairs[rank].first, pairs[rank])
            if len(found) >= most:
                break
        return list(found.values())


def classes_of(campaign: Campaign, alone: Collection[str]) -> Classes:
    """Return the classes of a campaign; the households of builds `alone` are each lived alone."""
    first_of: array[int] = array("L")
    blanks: dict[Household, int] = {}
    found: dict[tuple[int, CopyDraw], int] = {}
    for entry in campaign.households.entries:
        if entry.first.build in alone or not _may_be_equal(entry.first):
            first_of.extend(range(len(first_of), len(first_of) + entry.count))
            continue
        blank = blanks.setdefault(_blank(entry.first), len(blanks))
        for number in range(1, entry.count + 1):
            drawn = entry.drawn(number, campaign.seed)
            first_of.append(found.setdefault((blank, drawn), len(first_of)))
    return Classes(first_of)


def _blank(household: Household) -> Household:
    """Return a household without its name and number, and without what is drawn for each."""
    return replace(
        household,
        id="",
        meter_id=0,
        group="",
        load=(),
        poll_phase_us=0,
        clock_error_s=0,
        drift_ppb=0,
    )


def _may_be_equal(household: Household) -> bool:
    """Whether what becomes of copies of a household depends on neither name nor number."""
    ours = parse_build(household.build).factory is None
    for_one = any(visit.for_meter is not None for visit in household.visits)
    # What digits of a typo mean by chance depends on the number.
    typed = [visit.token for visit in household.visits if visit.token is not None]
    typos = any(token.typo != NO_TYPO for token in typed)
    alike = not (household.outages or for_one or typos)
    return ours and alike and household.image is None

"""A sample of a campaign's households, of each kind some, and what it cannot speak for.

The bound of a kind is exact: of a kind of M households so many were drawn, without putting back, so
the number seen not as expected is hypergeometric. Kinds are not added up: what is rare in the whole
may be all of a kind. The whole run is a census and has no bound.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import comb
from random import Random
from typing import Final, final

from meter_emu.errors import ConfigError
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household, Households

FLOOR: Final = 20  # ours: of each kind at least so many, where the sample is large enough
RISK: Final = Fraction(1, 20)  # of a kind that is worse than its bound: 95 % confidence


@final
@dataclass(slots=True)
class SampledKind:
    """One kind: its first household's id, how many there are and were drawn, and the unexpected."""

    id: str
    of: int
    drawn: int
    unexpected: int = 0

    @property
    def at_most(self) -> int:
        """How many of the kind may not be as expected, without the sample looking otherwise."""
        return most_unexpected(self.of, self.drawn, self.unexpected)

    @property
    def in_words(self) -> str:
        """What the sample says of the kind, and what it cannot."""
        seen = f"{self.drawn:,} of {self.of:,} drawn, {self.unexpected:,} not as expected"
        if self.drawn == self.of:
            return f"{self.id}: {seen}; that is all of them"
        share = 100 * self.at_most / self.of
        return f"{self.id}: {seen}; of all it may be up to {self.at_most:,} ({share:.1f} %)"


@final
class Sample:
    """What was drawn of a campaign, and how it compares with what was expected."""

    def __init__(self, of: int, kinds: Mapping[str, SampledKind]) -> None:
        self.of: Final = of
        self._kinds: Final = kinds

    @property
    def kinds(self) -> tuple[SampledKind, ...]:
        """The kinds in the order of the file."""
        return tuple(self._kinds.values())

    def add(self, household: Household, *, expected: bool) -> None:
        """Take in what became of one household."""
        self._kinds[household.kind].unexpected += not expected


def sampled(campaign: Campaign, count: int) -> tuple[Campaign, Sample | None]:
    """Return a campaign of so many of its households, each as it is in the whole one.

    Of each kind there are as many, up to `FLOOR`, and the rest is shared in proportion. The whole
    campaign comes back, and no sample, where it has no more. Raise `ConfigError` for fewer than
    there are kinds.
    """
    whole = campaign.households
    if count >= len(whole):
        return campaign, None
    kinds: dict[str, SampledKind] = {}
    places: dict[str, list[range]] = {}
    first = 0
    for entry in whole.entries:
        kind = kinds.setdefault(entry.first.kind, SampledKind(entry.first.id, 0, 0))
        kind.of += entry.count
        places.setdefault(entry.first.kind, []).append(range(first, first + entry.count))
        first += entry.count
    if count < len(kinds):
        why = f"want at least {len(kinds)}, one of each kind, got {count}"
        raise ConfigError(campaign.path, "--sample", why)
    _share(list(kinds.values()), count)
    chosen: list[int] = []
    for name, kind in kinds.items():
        of_kind = [place for there in places[name] for place in there]
        chosen += Random(f"{campaign.seed}/sample/{name}").sample(of_kind, kind.drawn)  # noqa: S311
    found = (whole.place(place) for place in sorted(chosen))
    entries = tuple(entry.alone(number, campaign.seed) for entry, number in found)
    name = f"{campaign.name} (a sample: {count:,} of {len(whole):,} households)"
    drawn = replace(campaign, name=name, households=Households(entries, campaign.seed))
    return drawn, Sample(len(whole), kinds)


def _share(kinds: list[SampledKind], count: int) -> None:
    """Share out the sample: the floor, then the rest in proportion to what is left of each."""
    floor = min(FLOOR, count // len(kinds))
    for kind in kinds:
        kind.drawn = min(floor, kind.of)
    rest = count - sum(kind.drawn for kind in kinds)
    left = {kind.id: kind.of - kind.drawn for kind in kinds}
    all_left = sum(left.values())
    for kind in kinds:
        kind.drawn += rest * left[kind.id] // all_left
    # What rounding leaves goes to the largest remainders.
    more = sorted(kinds, key=lambda kind: -(rest * left[kind.id] % all_left))
    for kind in more[: count - sum(kind.drawn for kind in kinds)]:
        kind.drawn += 1


def most_unexpected(of: int, drawn: int, seen: int) -> int:
    """Return the most there may be of `of` where `seen` of `drawn` were, at the risk of `RISK`."""
    low, high = seen, of - (drawn - seen)
    while low < high:
        middle = (low + high + 1) // 2
        ways = sum(comb(middle, few) * comb(of - middle, drawn - few) for few in range(seen + 1))
        if ways > RISK * comb(of, drawn):
            low = middle
        else:
            high = middle - 1
    return low

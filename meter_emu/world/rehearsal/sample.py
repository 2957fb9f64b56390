"""A sample of a campaign's households, of each kind some, and what it cannot speak for.

The bounds of a kind are exact: of a kind of M households so many were chosen at random, without
putting back, so the number seen not as expected is hypergeometric. Each bound is at half the risk.
The bounds of the campaign are the sums of its kinds' bounds, each at an equal part of the risk, so
they hold together whatever the kinds have to do with each other. The whole run is a census and has
no bound.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import comb
from random import Random
from typing import Final, NamedTuple, final

from meter_emu.errors import ConfigError
from meter_emu.languages.speech import said
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household, Households

FLOOR: Final = 20  # ours: of each kind at least so many, where the sample is large enough
RISK: Final = Fraction(1, 20)  # that the truth lies outside the bounds: 95 % confidence


class Bounds(NamedTuple):
    """How many households are not as expected, at least and at most, at the risk of `RISK`."""

    least: int
    most: int

    def in_words(self, of: int) -> str:
        """What the bounds say of so many households."""
        least, most = self
        if least == most:
            return said("{least} of {total} not as expected", least=least, total=of)
        if least == 0:
            return said("at most {most} of {total} not as expected", most=most, total=of)
        if most == of:
            return said("at least {least} of {total} not as expected", least=least, total=of)
        return said(
            "at least {least} and at most {most} of {total} not as expected",
            least=least,
            most=most,
            total=of,
        )


@final
@dataclass(slots=True)
class SampledKind:
    """A kind in its own words: its first household's id, how many there are and were run."""

    kind: str
    id: str
    of: int
    sampled: int
    unexpected: int = 0

    def bounds(self, risk: Fraction = RISK) -> Bounds:
        """How many of the kind are not as expected, at least and at most, at this risk in all."""
        seen, half = self.unexpected, risk / 2
        right = most_unexpected(self.of, self.sampled, self.sampled - seen, half)
        return Bounds(self.of - right, most_unexpected(self.of, self.sampled, seen, half))

    @property
    def in_words(self) -> str:
        """What the sample says of all households of the kind, and what was seen."""
        words = {"kind": self.kind, "name": self.id, "bounds": self.bounds().in_words(self.of)}
        if self.sampled == self.of:
            return said("{kind} ({name}): {bounds} (all run)", **words)
        return said(
            "{kind} ({name}): {bounds} ({unexpected} of {drawn} run)",
            **words,
            unexpected=self.unexpected,
            drawn=self.sampled,
        )


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

    @property
    def bounds(self) -> Bounds:
        """How many of the whole campaign are not as expected, at least and at most."""
        each = [kind.bounds(RISK / len(self._kinds)) for kind in self.kinds]
        return Bounds(sum(one.least for one in each), sum(one.most for one in each))

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
        kind = kinds.setdefault(
            entry.first.kind, SampledKind(entry.first.kind, entry.first.id, 0, 0)
        )
        kind.of += entry.count
        places.setdefault(entry.first.kind, []).append(range(first, first + entry.count))
        first += entry.count
    if count < len(kinds):
        why = f"expected at least {len(kinds)}, one of each kind, got {count}"
        raise ConfigError(campaign.path, "--sample", why)
    _share(list(kinds.values()), count)
    chosen: list[int] = []
    for name, kind in kinds.items():
        of_kind = [place for there in places[name] for place in there]
        chosen += Random(f"{campaign.seed}/sample/{name}").sample(of_kind, kind.sampled)  # noqa: S311
    found = (whole.place(place) for place in sorted(chosen))
    entries = tuple(entry.alone(number, campaign.seed) for entry, number in found)
    name = f"{campaign.name} (a sample: {count:,} of {len(whole):,} households)"
    drawn = replace(campaign, name=name, households=Households(entries, campaign.seed))
    return drawn, Sample(len(whole), kinds)


def _share(kinds: list[SampledKind], count: int) -> None:
    """Share out the sample: the floor, then the rest in proportion to what is left of each."""
    floor = min(FLOOR, count // len(kinds))
    for kind in kinds:
        kind.sampled = min(floor, kind.of)
    rest = count - sum(kind.sampled for kind in kinds)
    left = {kind.id: kind.of - kind.sampled for kind in kinds}
    all_left = sum(left.values())
    for kind in kinds:
        kind.sampled += rest * left[kind.id] // all_left
    # What rounding leaves goes to the largest remainders.
    more = sorted(kinds, key=lambda kind: -(rest * left[kind.id] % all_left))
    for kind in more[: count - sum(kind.sampled for kind in kinds)]:
        kind.sampled += 1


def most_unexpected(of: int, drawn: int, seen: int, risk: Fraction = RISK) -> int:
    """Return the most there may be of `of` where `seen` of `drawn` were, at a risk."""
    in_all = comb(of, drawn)
    low, high = seen, of - (drawn - seen)
    while low < high:
        middle = (low + high + 1) // 2
        if _ways_up_to(seen, of, drawn, middle) > risk * in_all:
            low = middle
        else:
            high = middle - 1
    return low


def _ways_up_to(seen: int, of: int, drawn: int, marked: int) -> int:
    """Return in how many ways at most `seen` marked ones are among so many drawn of `of`.

    Each number of ways is the one before times a fraction, so the large binomials are made once.
    """
    few = max(0, drawn - (of - marked))
    ways = comb(marked, few) * comb(of - marked, drawn - few)
    so_far = 0
    while few <= seen:
        so_far += ways
        left = of - marked - drawn + few + 1
        ways = ways * (marked - few) * (drawn - few) // ((few + 1) * left)
        few += 1
    return so_far

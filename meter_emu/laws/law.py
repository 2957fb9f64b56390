"""What a law is: where its stories come from, and how it is seen to be broken.

A *passive* law looks at one judged run, which it shares with the others. The rest run the home
again, changed in one thing that may make no difference, or one whose difference is known.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, TypeAlias, final

from meter_emu.errors import ConfigError
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.story import Among, lived_by, on_build
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.events import Event, What
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.covered import covers_household
from meter_emu.world.rehearsal.engine import run_meter
from meter_emu.world.rehearsal.fleet import Run
from meter_emu.world.rehearsal.household import Entry, Household, Households

MOVES = frozenset({What.OPENED, What.CLOSED, What.LIMITED, What.UNLIMITED})


@final
@dataclass(frozen=True, slots=True)
class Broken:
    """A law is broken: what is wrong, in words for the household.

    `campaign` is the story in which it is seen, where that is another than the trial's own.
    """

    words: str
    campaign: Campaign | None = None


@final
@dataclass(frozen=True, slots=True)
class Aside:
    """A story on which the law says nothing: why."""

    why: str


NOT_ASKED: Final = Aside("the program covers nothing else to compare with")

Finding: TypeAlias = Broken | Aside | None  # `None`: it held

DrawStory: TypeAlias = Callable[[Chooser, Among], Campaign]


@final
class Trial:
    """A story of one home on a build. What it was is run once, whatever many laws ask."""

    def __init__(self, campaign: Campaign, build: str) -> None:
        self.build = build
        self.campaign = on_build(campaign, build)
        (self.household,) = self.campaign.households
        self.not_asked = 0  # comparisons with what the program does not cover

    @cached_property
    def run(self) -> Run:
        """The home as its story has it, judged."""
        return lived_by(self.household, self.campaign)

    def events(
        self,
        household: Household,
        campaign: Campaign | None = None,
        prepare: Callable[[Bench], None] | None = None,
    ) -> list[Event]:
        """Return what is seen of a home that differs from the story's, or in another campaign.

        `prepare` is given its bench before anything happens.
        """
        return run_meter(household, campaign or self.campaign, prepare=prepare)

    def within(self, others: Iterable[tuple[str, Household]]) -> Iterator[tuple[str, Household]]:
        """Yield the homes, each with words for it, that the program covers; count the others."""
        build = parse_build(self.build)
        for what, household in others:
            if covers_household(build, household) is None:
                yield what, household
            else:
                self.not_asked += 1

    @property
    def bounded(self) -> bool:
        """Whether its program is bounded without anybody who feels its pulse."""
        return self.ours or parse_build(self.build).hosted

    @property
    def ours(self) -> bool:
        """Whether the program is our own, with or without defects."""
        return parse_build(self.build).factory is None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """One law.

    `says` is its sentence; `properties` are its numbers in the catalogue's source (P1 to P14);
    `presumes` is what it takes for given. `draw` draws its stories, and laws that draw alike share
    them. `one_in` is on which share of the stories it is tried: one that runs a home again costs
    more. A `hazard` draws a situation that other stories do not meet.
    """

    id: str
    says: str
    properties: tuple[str, ...]
    presumes: str
    draw: DrawStory
    check: Callable[[Trial], Finding]
    one_in: int = 1
    hazard: bool = False

    def asked(self, trial: Trial) -> Finding:
        """Return what it says of a story. An office that fails in a valid one breaks any law."""
        try:
            return self.check(trial)
        except ConfigError as error:
            return Broken(f"the office cannot write the card: {error}")


def cut_us(events: Sequence[Event]) -> int | None:
    """Return when the supply first went off, if it did."""
    return next((event.at_us for event in events if event.what is What.OPENED), None)


def moves(events: Sequence[Event]) -> list[tuple[int, What]]:
    """Return every move of switch and limiter."""
    return [(event.at_us, event.what) for event in events if event.what in MOVES]


def campaign_of(campaign: Campaign, household: Household) -> Campaign:
    """Return the campaign of this one home, its poll phase as it is."""
    entry = Entry(first=household, count=1, poll_phase_us=household.poll_phase_us)
    return replace(campaign, households=Households((entry,), campaign.seed))

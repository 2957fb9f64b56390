"""What a law is: how its stories are drawn, and how a breach is found.

A *passive* law looks at one judged run, which it shares with the others. The rest run the story
again with one change that must make no difference, or a known one.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from random import Random
from typing import Final, NotRequired, TypeAlias, TypedDict, Unpack, final

from card_protocol.errors import CardProtocolError
from meter_emu.domain import BUDGET, DeviceName
from meter_emu.errors import ConfigError, DeskError, ImageError
from meter_emu.laws.sessions import Listener, SeenSession
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.story import Among, on_build
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Entry, Household, Households
from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import MEANING, Verdict
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.build import OUR_BUILDS, parse_build
from meter_emu.world.meter.events import Event, What
from meter_emu.world.rehearsal.covered import covers_household
from meter_emu.world.rehearsal.engine import run_meter
from meter_emu.world.rehearsal.fleet import Run

# What reading a card, memory or date raises that a defect or somebody's program wrote, such as a
# thirteenth month. All else, such as a failing assert, is a mistake of ours; and so is what does
# not name a record, where our own program alone has run.
_NAMED: Final = CardProtocolError, ConfigError, DeskError, ImageError
UNREADABLE: Final = (*_NAMED, ValueError, ArithmeticError, LookupError)
MOVES = frozenset({What.OPENED, What.CLOSED, What.LIMITED, What.UNLIMITED})


@final
@dataclass(frozen=True, slots=True)
class Broken:
    """A law is broken: `words` is the fault, as a household would say it.

    `campaign` is the story that shows it, if not the trial's own. `for_good` is whether nothing
    that comes later in the story can mend it.
    """

    words: str
    campaign: Campaign | None = None
    for_good: bool = field(default=False, compare=False)


@final
@dataclass(frozen=True, slots=True)
class Aside:
    """A story to which the law does not apply, and `why`.

    `detail` is what differs from one story to the next: how a program failed.
    """

    why: str
    detail: str = ""


FOR_ALL: Final = 4  # ours: stories of a search that every law is asked of
NOT_REPRODUCIBLE: Final = (
    "not reproducible: run again it does otherwise: it reads a clock, or what nobody wrote"
)
UNWATCHED: Final = Aside("the polls ran out before the story's end: the program gives no hint")
NOT_ASKED: Final = Aside("the program covers nothing else to compare with")

Finding: TypeAlias = Broken | Aside | None
"""What a law finds in a story: that it is broken, does not apply, or, `None`, that it held."""

DrawStory: TypeAlias = Callable[[Chooser, Among], Campaign]


@final
class Trial:
    """A story of one household on a `build`; its own run happens once, for all laws.

    `campaign` is the story. `not_asked` counts comparisons with variants that the program does not
    cover. `unwatched` is whether a run ended before the story did, `hung` whether the program did
    not come back in one, `crashed` whether another's program failed in one.
    """

    def __init__(self, campaign: Campaign, build: str) -> None:
        self.build = build
        self.campaign = on_build(campaign, build)
        (self.household,) = self.campaign.households
        self.not_asked = 0  # comparisons with variants that the program does not cover
        self.unwatched = False  # whether a run of it ended before the story did
        self.hung = False  # whether the program did not come back in one
        self.crashed = False  # whether another's program failed in one
        self._events: list[Event] | None = None
        self._listener = Listener()

    @property
    def sessions(self) -> Sequence[SeenSession]:
        """What each card was like before and after it was in the meter, in the story's own run.

        Raises:
            ConfigError: The build does not exist, or the story cannot be run with it.
        """
        _ = self.run
        return self._listener.sessions

    @cached_property
    def run(self) -> Run:
        """The story's own run, judged.

        Raises:
            ConfigError: The build does not exist, or the story cannot be run with it.
        """
        events = self.overheard() if self._events is None else self._events
        return Run(self.household, judge(self.household, self.campaign, events), events)

    @cached_property
    def at_every_poll(self) -> tuple[list[Event], Bench]:
        """The events of the story with every poll run, whatever the hints, and its bench after it.

        Raises:
            ConfigError: The build does not exist, or the story cannot be run with it.
        """
        benches: list[Bench] = []

        def prepare(bench: Bench) -> None:
            bench.obey_hints = False
            benches.append(bench)

        return self.events(self.household, prepare=prepare), benches[-1]

    def overheard(self, listen: Callable[[Bench], None] | None = None) -> list[Event]:
        """Run the story and return its events; `listen` gets the bench first, and only listens.

        It is the trial's own run, once judged.

        Raises:
            ConfigError: The build does not exist, or the story cannot be run with it.
        """

        def prepare(bench: Bench) -> None:
            self._listener.listen(bench)
            if listen is not None:
                listen(bench)

        self._events = self.events(self.household, prepare=prepare)
        return self._events

    def events(
        self,
        household: Household,
        campaign: Campaign | None = None,
        prepare: Callable[[Bench], None] | None = None,
    ) -> list[Event]:
        """Return the events of a changed household, or in another campaign.

        Args:
            household: The household that is run in place of the story's.
            campaign: The campaign that it lives in; by default the story.
            prepare: Gets its bench before anything happens.

        Raises:
            ConfigError: The build does not exist, or the household cannot be run with it.
        """
        events = run_meter(household, campaign or self.campaign, prepare=prepare)
        self.unwatched |= events[-1].what is What.UNSEEN
        self.hung |= events[-1].what is What.HUNG
        self.crashed |= not self.ours and events[-1].what is What.CRASHED
        return events

    def within(self, others: Iterable[tuple[str, Household]]) -> Iterator[tuple[str, Household]]:
        """Yield those of the `others` that the program covers; count the rest in `not_asked`.

        Each is a household with words for what was changed in it.

        Raises:
            ConfigError: The build does not exist.
        """
        build = parse_build(self.build)
        for what, household in others:
            if covers_household(build, household) is None:
                yield what, household
            else:
                self.not_asked += 1

    @property
    def bounded(self) -> bool:
        """Whether its program is bounded without a watching pulse.

        Raises:
            ConfigError: The build does not exist.
        """
        return self.ours or parse_build(self.build).hosted

    @property
    def ours(self) -> bool:
        """Whether the program is our own, with or without defects.

        Raises:
            ConfigError: The build does not exist.
        """
        return parse_build(self.build).factory is None


LawCheck: TypeAlias = Callable[[Trial], Finding]


class LawSaid(TypedDict):
    """What a law says of itself besides its sentence, as `Law` has it."""

    id: str
    properties: tuple[str, ...]
    presumes: NotRequired[str]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """One law, by its `id`; `check` says what it finds in a story.

    `says` is its sentence; `properties` are its numbers in the catalogue's source (P1 to P14);
    `presumes` are its assumptions. `draw` draws its stories; laws with the same draw share them. It
    is checked against one story in `one_in`: a run of its own costs more than to look at one that
    others share. The first stories are for every law, as most of what is found is found by the
    first that a law gets. A `hazard` draws a situation that other stories do not meet. It is a law
    of one kind of `device`; a law of two kinds has a row for each.
    """

    id: str
    says: str
    properties: tuple[str, ...]
    presumes: str = "nothing"
    draw: DrawStory
    check: LawCheck
    one_in: int = 1
    hazard: bool = False
    device: DeviceName = BUDGET

    def is_due(self, number: int) -> bool:
        """Whether it is checked against story `number`, from 0, of a search.

        The first four are taken from those that would come next: after four times `one_in` stories
        it has been checked against four.
        """
        turn, rest = divmod(number, self.one_in)
        return number < FOR_ALL or (turn >= FOR_ALL and not rest)

    def asked(self, trial: Trial) -> Finding:
        """Check the story of a `trial`, and return what was found. A failing office breaks any law.

        What another's program breaks is run once more: where that comes out otherwise, it is not
        the law that is broken first. One that hangs takes ten seconds to, and is not run again.
        """
        found = self._found(trial)
        if trial.ours or trial.hung or not isinstance(found, Broken):
            return found
        again = self._found(Trial(trial.campaign, trial.build))
        return found if again == found else Broken(NOT_REPRODUCIBLE)

    def _found(self, trial: Trial) -> Finding:
        """Check a story once: in one that ends with the program no law holds."""
        found = self._said(trial)
        if (trial.hung or trial.crashed) and not isinstance(found, Broken):
            return Broken(MEANING[Verdict.HUNG if trial.hung else Verdict.CRASHED], for_good=True)
        return found

    def _said(self, trial: Trial) -> Finding:
        try:
            found = self.check(trial)
        except ConfigError as error:
            return Broken(f"the office cannot write the card: {error}", for_good=True)
        except UNREADABLE as error:
            if is_our_mistake(trial, error):
                raise
            words = f"what it leaves cannot be read: {type(error).__name__}: {error}"
            return Broken(words, for_good=True)
        if trial.unwatched and isinstance(found, Broken) and not found.for_good:
            return UNWATCHED
        return found


def law(
    *, draw: DrawStory, one_in: int = 1, device: DeviceName = BUDGET, **said: Unpack[LawSaid]
) -> Callable[[LawCheck], Law]:
    """Return what makes a law of its check, whose docstring is what it says."""

    def of(check: LawCheck) -> Law:
        sentence = (check.__doc__ or "").removesuffix(".")
        says = sentence[:1].lower() + sentence[1:]
        return Law(says=says, draw=draw, check=check, one_in=one_in, device=device, **said)

    return of


def is_our_mistake(trial: Trial, error: Exception) -> bool:
    """Whether an error is one of this package's own, and no finding."""
    return trial.build in OUR_BUILDS and not isinstance(error, _NAMED)


def trial_of(trial: Trial, household: Household, events: list[Event] | None = None) -> Trial:
    """Return the trial of a changed household; `events` are its run, if it was seen already."""
    other = Trial(campaign_of(trial.campaign, household), trial.build)
    other._events = events  # noqa: SLF001  of this module
    return other


def chance(trial: Trial, what: str) -> Random:
    """Return a law's own chance in a story: the same each time, of this story and this name."""
    return Random(f"{trial.campaign.seed}/{what}")  # noqa: S311  no secrets


def cut_us(events: Sequence[Event]) -> int | None:
    """Return when the supply first went off, if it did."""
    return next((event.at_us for event in events if event.what is What.OPENED), None)


def moves(events: Sequence[Event]) -> list[tuple[int, What]]:
    """Return every move of switch and limiter."""
    return [(event.at_us, event.what) for event in events if event.what in MOVES]


def campaign_of(campaign: Campaign, household: Household) -> Campaign:
    """Return the campaign of this one household, with its poll phase as it is."""
    entry = Entry(first=household, count=1, poll_phase_us=household.poll_phase_us)
    return replace(campaign, households=Households((entry,), campaign.seed))

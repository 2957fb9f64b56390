"""The moments of a sitting that can be gone back to, and what has happened up to each.

A moment is kept around every act; between two of them nobody does anything, so any instant is
reached by letting time pass again from the moment before it. What came after it stays known until
something else is done: then it has not happened.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, final

from meter_emu.errors import CommandError
from meter_emu.languages.speech import marked
from meter_emu.sitting.cards import CardsThen
from meter_emu.world.meter.at_rest import AtRest
from meter_emu.world.meter.events import Event
from meter_emu.world.meter.times import us_to_utc

A_VISIT: Final = marked("a visit of the campaign")  # an act that is not a person's at this meter
MOMENTS_MAX: Final = 1_000  # ours: of some 40 kB each; older ones cannot be gone back to


@final
@dataclass(frozen=True, slots=True)
class KeptMoment:
    """A meter between two polls, its cards, and how many events there had been.

    `due_us` is the instant that was due: a poll may have run past it. `act` is what was done next,
    in words, empty where time passed. From `since_us` on something was done that led here.
    """

    rest: AtRest
    cards: CardsThen
    event_count: int
    due_us: int
    since_us: int
    act: str = ""

    @property
    def at_us(self) -> int:
        """Its true instant."""
        return self.rest.at_us


@final
class History:
    """Moments in order, and all events. `now` says how the sitting stands at rest."""

    def __init__(self, now: Callable[[AtRest | None], tuple[AtRest, CardsThen, int]]) -> None:
        self._now: Final = now
        self._moments: list[KeptMoment] = []
        self._older: list[tuple[int, str]] = []  # what was done before the moments that are kept
        self._place = 0  # how many moments there were up to the present
        self._end_us: int | None = None  # the latest instant, while the present is before it
        self.forgets: Callable[[], None] = _nobody  # called when what comes after is forgotten
        self.events: list[Event] = []
        self.event_count = 0  # how many of the events have happened by now

    @property
    def end_us(self) -> int | None:
        """The latest instant that is known, `None` while it is the present."""
        return self._end_us

    @property
    def begins_us(self) -> int:
        """The first instant that can be gone back to."""
        return self._moments[0].at_us

    @property
    def happened(self) -> list[Event]:
        """The events up to the present."""
        return self.events[: self.event_count]

    def add(self, event: Event) -> None:
        """Record an event that is new."""
        self.go_on()
        self.events.append(event)
        self.event_count += 1

    def seen_again(self) -> None:
        """Record that an event which is known has happened once more."""
        self.event_count += 1

    def go_on(self) -> None:
        """Forget what comes after the present, because something else happens now."""
        if self._end_us is not None:
            self._end_us = None
            self.forgets()
            del self._moments[self._place :]
            self._moments[-1] = replace(self._moments[-1], act="")  # it was not done now
            del self.events[self.event_count :]

    def keep(self, since_us: int, act: str = "") -> None:
        """Keep the present, which something done since an instant led to.

        `act` is what is about to be done.
        """
        self.go_on()
        before = self._moments[-1] if self._moments else None
        rest, cards, due_us = self._now(None if before is None else before.rest)
        if before is not None and not before.act and before.at_us == rest.at_us:
            since_us = min(since_us, self._moments.pop().since_us)
        self._moments.append(KeptMoment(rest, cards, self.event_count, due_us, since_us, act))
        self._older += _deeds_of(self._moments[:-MOMENTS_MAX])
        del self._moments[:-MOMENTS_MAX]
        self._place = len(self._moments)

    def before_last_act(self) -> KeptMoment:
        """Return the moment before what was done last; raise `CommandError`."""
        moment = self._last_act()
        if moment is None:
            raise CommandError("nothing was done before")
        return moment

    @property
    def undone(self) -> str:
        """What going back to before the last act would undo, in words; empty for nothing."""
        moment = self._last_act()
        return "" if moment is None else moment.act

    def deeds(self) -> list[tuple[int, str]]:
        """Return all that persons did up to the present, each with its true instant.

        Also what was done before the first moment that can be gone back to.
        """
        done = self._moments[: self._place]
        if self._end_us is not None:
            done = done[:-1]  # what was done there lies ahead
        return self._older + _deeds_of(done)

    def script(self, now_us: int) -> str:
        """Return the lines that lead to the present, with each act of a person at its instant."""
        lines = [
            line
            for at_us, act in self.deeds()
            for line in (f"until {us_to_utc(at_us).isoformat()}", act)
        ]
        return "\n".join([*lines, f"until {us_to_utc(now_us).isoformat()}", ""])

    def _last_act(self) -> KeptMoment | None:
        for moment in reversed(self._moments[: self._place]):
            if moment.act and not (self._end_us is not None and moment is self._resumed()):
                return moment
        return None

    def moment_at(self, at_us: int) -> KeptMoment:
        """Return the last moment at or before an instant; raise `CommandError` where none is."""
        if self._end_us is not None and at_us > self._end_us:
            raise CommandError("that is later than anything that has happened: until goes there")
        place = bisect_right([moment.at_us for moment in self._moments], at_us)
        if not place:
            raise CommandError("this sitting did not begin so early")
        return self._moments[place - 1]

    def last_us(self, moment: KeptMoment, at_us: int) -> int:
        """Return the last instant up to one which time alone leads to from a moment."""
        place = self._moments.index(moment) + 1
        if moment.act:
            return moment.at_us
        return min([at_us, *(later.since_us for later in self._moments[place : place + 1])])

    def went_to(self, moment: KeptMoment, from_us: int) -> None:
        """Record that a moment is the present again, and until when things are known."""
        if self._end_us is None:
            self._end_us = from_us
        self._place = self._moments.index(moment) + 1
        self.event_count = moment.event_count

    def arrived(self, at_us: int) -> None:
        """Record where going there ended; at the latest instant nothing is ahead any more."""
        if at_us == self._end_us and self._place == len(self._moments):
            self._end_us = None

    def _resumed(self) -> KeptMoment:
        return self._moments[self._place - 1]


def _deeds_of(moments: list[KeptMoment]) -> list[tuple[int, str]]:
    return [(one.at_us, one.act) for one in moments if one.act and one.act != A_VISIT]


def _nobody() -> None:
    """Tell nobody."""

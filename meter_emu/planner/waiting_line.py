"""The queue at an office: one for all who come, first come, first served, day after day.

A visit takes its share of an hour, and is begun only if it ends before the office closes. Who was
not served is at the door when it opens next, before those who come on that day.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Final, Generic, NamedTuple, TypeVar, final

from meter_emu.planner.opening import Openings, OpenSpan
from meter_emu.units import HOUR_S

_ONE_DAY: Final = timedelta(days=1)
_CLOSED_MAX: Final = 400  # ours: days; an office that is closed for longer is none
PersonT = TypeVar("PersonT")


class OfficeDay(NamedTuple):
    """A day at an office: who came, the room for them, who was served, and who still waits."""

    day: date
    came: int
    room: int
    served: int
    waiting: int


class ServedVisit(NamedTuple, Generic[PersonT]):
    """Somebody whose turn came, at a second of the day."""

    person: PersonT
    at_s: int


def nobody(_person: object) -> bool:
    """Nobody gives up."""
    return False


@final
class Office(Generic[PersonT]):
    """One office, a day after the other."""

    def __init__(self, openings: Openings, visits_per_hour: float) -> None:
        self.openings: Final = openings
        self._visit_s: Final = max(1, round(HOUR_S / visits_per_hour))
        self._waiting: list[PersonT] = []
        self.days: Final[list[OfficeDay]] = []

    @property
    def waiting(self) -> Sequence[PersonT]:
        """Who is to be at the door when it opens next, in their order."""
        return tuple(self._waiting)

    def day(
        self,
        day: date,
        came: Iterable[tuple[int, PersonT]],
        gives_up: Callable[[PersonT], bool] = nobody,
    ) -> list[ServedVisit[PersonT]]:
        """Let a day pass; return who was served. Who was not comes again, or gives up.

        `came` has the second of the day at which each comes, in order.
        """
        new = list(came)
        line = [*((0, one) for one in self._waiting), *new]
        served, left = served_of(line, self.openings.on(day), self._visit_s)
        self._waiting = [one for one in left if not gives_up(one)]
        row = OfficeDay(day, len(new), self.room(day), len(served), len(self._waiting))
        self.days.append(row)
        return served

    def next_opening(self, day: date) -> date | None:
        """Return the first day after `day` on which it is open."""
        days = (day + _ONE_DAY * number for number in range(1, _CLOSED_MAX))
        return next((one for one in days if self.openings.on(one)), None)

    def room(self, day: date) -> int:
        """Return how many can be served on a day."""
        return sum((span.to_s - span.from_s) // self._visit_s for span in self.openings.on(day))

    def last_day_for(self, persons: int, *, begin: date, end: date) -> date | None:
        """Return the last day from which on all still fit up to `end`; `None` if they never did."""
        day = end
        while persons > 0 and day >= begin:
            persons -= self.room(day)
            day -= _ONE_DAY
        return None if persons > 0 else day + _ONE_DAY


def served_of(
    line: Sequence[tuple[int, PersonT]], spans: Sequence[OpenSpan], visit_s: int
) -> tuple[list[ServedVisit[PersonT]], list[PersonT]]:
    """Return who of a line is served on a day and when, and who is not; all in their order."""
    served: list[ServedVisit[PersonT]] = []
    place, free_s = 0, 0
    for number, (at_s, person) in enumerate(line):
        start_s = max(at_s, free_s)
        while (
            place < len(spans) and max(start_s, spans[place].from_s) + visit_s > spans[place].to_s
        ):
            place += 1
        if place == len(spans):
            return served, [one for _, one in line[number:]]
        start_s = max(start_s, spans[place].from_s)
        free_s = start_s + visit_s
        served.append(ServedVisit(person, start_s))
    return served, []


def second_in(spans: Sequence[OpenSpan], share: float) -> int:
    """Return the second at which that share of the open time of a day has passed."""
    left = int(share * sum(span.to_s - span.from_s for span in spans))
    for span in spans:
        if left < span.to_s - span.from_s:
            return span.from_s + left
        left -= span.to_s - span.from_s
    raise AssertionError("a share is below 1, and somebody comes on an open day")

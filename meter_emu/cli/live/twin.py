"""A second meter under the clock of a sitting: another program, to which the same is done.

It lives what the first has lived, act by act, a slice at a time behind it. Who goes back in time
and does otherwise has it begin anew.
"""

from collections.abc import Callable
from itertools import zip_longest
from typing import Any, Final, final

from meter_emu.sitting.sitting import Sitting
from meter_emu.sitting.view import legal_words
from meter_emu.units import SECOND_US
from meter_emu.verify.distinguish import alike, where_apart, words_of
from meter_emu.world.meter.events import Event
from meter_emu.world.meter.times import us_to_utc


@final
class Twin:
    """The other meter, of the build named; `begin` makes it anew, as it is at the beginning."""

    def __init__(self, build: str, begin: Callable[[], Sitting]) -> None:
        self.build: Final = build
        self._begin: Final = begin
        self._sitting = begin()
        self._done: list[tuple[int, str]] = []

    def follow(self, sitting: Sitting) -> None:
        """Come a slice nearer to the present of the sitting."""
        wanted, now_us = sitting.history.deeds(), sitting.meter.board.now_us
        if self._sitting.jumping:
            self._sitting.turn()
            return
        before = self._done == wanted[: len(self._done)]
        if (
            not before
            or self._sitting.meter.board.now_us > now_us + sitting.meter.model.poll_s * SECOND_US
        ):
            self._sitting, self._done = self._begin(), []
        ahead = wanted[len(self._done) :]
        at_us = ahead[0][0] if ahead else now_us
        if self._sitting.meter.board.now_us < at_us:
            self._sitting.type_in(f"until {us_to_utc(at_us).isoformat()}")
        elif ahead:
            self._sitting.type_in(ahead[0][1])
            self._done.append(ahead[0])

    def shown(self, sitting: Sitting) -> dict[str, Any]:
        """Return how it stands, and the first difference, for a page."""
        other, zone = self._sitting, sitting.meter.model.zone
        view = other.view()
        until_us = min(sitting.meter.board.now_us, view.now_us)
        ours, its = (_up_to(until_us, one) for one in (sitting, other))
        pairs = (pair for pair in zip_longest(ours, its) if not alike(*pair))
        pair: tuple[Event | None, Event | None] | None = next(pairs, None)
        shown: dict[str, Any] = {
            "build": self.build,
            "time": legal_words(view.now_us, zone),
            "display": view.display,
            "supplied": other.meter.board.switch.on,
            "supply": view.supply,
        }
        if pair is not None:
            at_us = min(event.at_us for event in pair if event is not None)
            one, two = pair
            said = [words_of(one, two, zone), words_of(two, one, zone)]
            shown |= {"apart": [at_us, legal_words(at_us, zone), where_apart(pair), *said]}
        return shown


def _up_to(until_us: int, sitting: Sitting) -> list[Event]:
    return [event for event in sitting.history.happened if event.at_us <= until_us]

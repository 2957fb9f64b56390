"""An interactive meter: time passes on request, people act between or within polls.

It uses the bench of rehearsals, so a live meter and a rehearsed one leave the same bytes. Nothing
here knows a wall clock. Iterators let time pass and give back control after every step, so that a
caller can look or stop between any two.
"""

from collections.abc import Callable, Iterator
from typing import Final, final

from meter_emu.domain import Result
from meter_emu.units import HOUR_US, SECOND_US
from meter_emu.world.meter.acts import Act
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.board import NEVER_US, Board, SlotCard
from meter_emu.world.meter.build import Build
from meter_emu.world.meter.display import card_said
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.image import image_of
from meter_emu.world.meter.model import MeterModel
from meter_emu.world.meter.observer import Observer, balance_ueur
from meter_emu.world.meter.plan import Insight, Planned, insight

# A clock's uncertainty grows while a planned action comes nearer and moves it by minutes; the next
# one of the same kind is about a day away.
_MOVED_US: Final = 12 * HOUR_US
_TRIES_MAX: Final = 100  # ours: three are enough for a clock of 50 ppm


@final
class LiveMeter:
    """One meter on its bench. `take` gets every event as it happens.

    `bench_for` returns the bench of its board and the bench's watch, which calls its argument.
    """

    def __init__(
        self,
        model: MeterModel,
        build: Build,
        take: Callable[[Event], None],
        bench_for: Callable[[Callable[[Event], None]], tuple[Bench, Observer]],
    ) -> None:
        self.model: Final = model
        self._build: Final = build
        self._take: Final = take
        self._events = 0
        self._parts: Final = build.readable(model)
        self.bench, self._watch = bench_for(self._count)
        self.bench.watched = True
        self.board: Final[Board] = self.bench.board

    def _count(self, event: Event) -> None:
        self._events += 1
        self._take(event)

    # Time ----------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Run the program for the first time, at the instant the meter was put together."""
        self.bench.step(self.board.now_us + 1)

    def until(self, until_us: int) -> Iterator[None]:
        """Let time pass up to an instant, one step each."""
        while self.bench.step(until_us):
            yield
        self.bench.run_until(until_us)

    def past_next(self, until_us: int = NEVER_US) -> Iterator[None]:
        """Let time pass until the meter has done its next planned action, one step each.

        A visible event before that ends it as well, and so does an instant. A meter without plans
        runs for two of its polls.
        """
        events = self._events
        poll_us = self.model.poll_s * SECOND_US
        planned = ahead = self.next_planned()
        for _ in range(_TRIES_MAX):
            due_us = self.board.now_us + poll_us if ahead is None else ahead.at_us
            for _ in self.until(min(due_us, until_us)):
                yield
                if self._events > events:
                    return
            for _ in self.until(min(self.board.now_us + poll_us, until_us)):
                yield
                break  # this is the poll that does it, unless the clock is a little behind
            ahead = None if planned is None else self._still_ahead(planned)
            if ahead is None or self._events > events or self.board.now_us >= until_us:
                return

    def _still_ahead(self, planned: Planned) -> Planned | None:
        """Return a planned action still to come: it may have moved, by less than a day."""
        for ahead in self._plan():
            same = (ahead.deed, ahead.civil) == (planned.deed, planned.civil)
            if same and ahead.at_us < planned.at_us + _MOVED_US:
                return ahead
        return None

    def look(self) -> None:
        """Report changes in the middle of a poll; after a poll they are reported anyway."""
        self._watch.look()

    # State ---------------------------------------------------------------------------------------

    def insight(self) -> Insight | None:
        """Return how the meter understands its situation."""
        return insight(self.board, self.model, self._build)

    def next_planned(self) -> Planned | None:
        """Return the meter's next planned action, `None` if it plans nothing."""
        return next(iter(self._plan()), None)

    def _plan(self) -> tuple[Planned, ...]:
        known = self.insight()
        return () if known is None else known.plan

    def balance_ueur(self) -> int | None:
        """Return the balance, micro-euro; `None` if the memory cannot be read."""
        return balance_ueur(self.board, self._parts)

    def image(self) -> bytes:
        """Return the meter's image, at rest between two polls."""
        assert not self.bench.polling, "within a poll there is no image of its own"
        return image_of(self.board, self.model)

    # Acts of people ------------------------------------------------------------------------------

    def do(self, act: Act) -> None:
        """Have somebody do this now; what takes minutes is reported as it begins."""
        at_us, event = self.board.now_us, act.event
        if event is not None and act.lasts:
            self._watch.see(at_us, event[0], detail=event[1])
        self.bench.do(act)
        if event is not None and not act.lasts:
            self._watch.see(at_us, event[0], detail=event[1])

    def insert(self, card: SlotCard, name: str) -> Result:
        """Put a card in, let the meter serve it, and return the display's message about it.

        `NONE` is a display without a message about the card.
        """
        assert not self.bench.polling, "a card is put in between two polls"
        at_us = self.board.now_us
        self.bench.insert(card, name)
        if not self.board.powered:
            self._watch.see(at_us, What.CARD_UNSEEN, detail=f"{name}: no power")
            return Result.NONE
        said = card_said(self.board.panel.text)
        what = What.CARD_REFUSED if said.refused else What.CARD_SERVED
        self._watch.see(at_us, what, detail=name)
        return said

    def remove(self) -> None:
        """Pull the card out, at any moment."""
        self.bench.remove()

    def note(self, what: What, detail: str) -> None:
        """Record something that happened elsewhere now, such as a visit to the office."""
        self._watch.see(self.board.now_us, what, detail=detail)

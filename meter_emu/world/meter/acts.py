"""Who sees what people do at a meter, as they do it: for recording it, so that it can be had again.

What a program does follows from how its meter stood, from what people did and when, and from what
the cards answered. The first is the origin of a trace; the rest are its rows.
"""

from collections.abc import Callable
from typing import Final, Protocol, TypeAlias, final

from card_protocol.link.recorded import RecordedCard
from card_protocol.trace import ClockText, Recorder
from meter_emu.ports import Button
from meter_emu.world.meter.board import Board, SlotCard

SUPPLIED: Final = {True: "supply on", False: "supply off"}
SHUT: Final = "appliances shut"
LIT: Final = "appliances lit"
PRESSED: Final = {f"{key.name} button".lower(): key for key in Button}


class ActListener(Protocol):
    """Hears of every deed at a bench, just before it has its effect."""

    def inserted(self, card: SlotCard, name: str) -> SlotCard:
        """See a card put in; return what stands in the slot for it."""
        ...

    def removed(self) -> None:
        """See the card pulled out."""
        ...

    def pressed(self, key: Button, held_ms: int) -> None:
        """See a button let go of."""
        ...

    def supplied(self, *, on: bool) -> None:
        """See somebody take the supply away or give it back."""
        ...

    def shut(self, until_us: int | None) -> None:
        """See the appliances shut, for good or until a true instant."""
        ...

    def lit(self) -> None:
        """See the appliances lit."""
        ...


ListenerOf: TypeAlias = Callable[[Board], ActListener]


@final
class MeterTrace:
    """Takes everything at one meter down in a trace. `clock` is what the meter's chip shows."""

    def __init__(self, recorder: Recorder, board: Board, clock: ClockText) -> None:
        self._recorder: Final = recorder
        self._board: Final = board
        self._clock: Final = clock

    def inserted(self, card: SlotCard, name: str) -> SlotCard:
        """Take a card down, and all that it will say."""
        self._recorder.inserted(name, clock=self._clock, us=self._board.now_us)
        return RecordedCard(card, self._recorder, self._clock)

    def removed(self) -> None:
        """Take a removal down."""
        self._recorder.removed(clock=self._clock, us=self._board.now_us)

    def pressed(self, key: Button, held_ms: int) -> None:
        """Take a button down."""
        self._done(f"{key.name} button".lower(), held_ms)

    def supplied(self, *, on: bool) -> None:
        """Take the supply down."""
        self._done(SUPPLIED[on])

    def shut(self, until_us: int | None) -> None:
        """Record that nothing flows."""
        self._done(SHUT, until_us)

    def lit(self) -> None:
        """Record that the load is what it ordinarily is."""
        self._done(LIT)

    def _done(self, what: str, value: int | None = None) -> None:
        self._recorder.done(what, value, clock=self._clock, us=self._board.now_us)

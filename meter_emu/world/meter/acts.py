"""Listeners for what people do at a meter, so that it can be recorded and replayed.

The program's behaviour follows from the meter's state, from what people did and when, and from the
cards' answers. The first is the origin of a trace; the others are its rows.
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
    """Hears every act at a bench, just before it takes effect."""

    def inserted(self, card: SlotCard, name: str) -> SlotCard:
        """A card is put in; return what to put into the slot for it."""
        ...

    def removed(self) -> None:
        """The card is pulled out."""
        ...

    def pressed(self, key: Button, held_ms: int) -> None:
        """A button is let go of."""
        ...

    def supplied(self, *, on: bool) -> None:
        """The supply goes or comes back."""
        ...

    def shut(self, until_us: int | None) -> None:
        """The appliances are shut, for good or until a true instant."""
        ...

    def lit(self) -> None:
        """The appliances are in use again."""
        ...


ListenerOf: TypeAlias = Callable[[Board], ActListener]


@final
class MeterTrace:
    """Records everything at one meter in a trace. `clock` is what the meter's chip shows."""

    def __init__(self, recorder: Recorder, board: Board, clock: ClockText) -> None:
        self._recorder: Final = recorder
        self._board: Final = board
        self._clock: Final = clock

    def inserted(self, card: SlotCard, name: str) -> SlotCard:
        """Record a card and its answers from now on."""
        self._recorder.inserted(name, clock=self._clock, us=self._board.now_us)
        return RecordedCard(card, self._recorder, self._clock)

    def removed(self) -> None:
        """Record a removal."""
        self._recorder.removed(clock=self._clock, us=self._board.now_us)

    def pressed(self, key: Button, held_ms: int) -> None:
        """Record a button."""
        self._done(f"{key.name} button".lower(), held_ms)

    def supplied(self, *, on: bool) -> None:
        """Record the supply."""
        self._done(SUPPLIED[on])

    def shut(self, until_us: int | None) -> None:
        """Record that nothing flows."""
        self._done(SHUT, until_us)

    def lit(self) -> None:
        """Record that the load is ordinary again."""
        self._done(LIT)

    def _done(self, what: str, value: int | None = None) -> None:
        self._recorder.done(what, value, clock=self._clock, us=self._board.now_us)

"""A link or a card that records its dialogue without changing it.

`RecordedLink` wraps the link of a terminal; `RecordedCard` wraps the card of a slot: in a
`DirectLink`, a meter, or a server that shows a virtual card to a reader.
"""

from typing import Final, Protocol, final

from card_protocol.card.commands import Fate
from card_protocol.errors import LinkError
from card_protocol.link.link import Link, Slotted
from card_protocol.trace import ClockText, Recorder, no_clock


@final
class RecordedLink:
    """A link whose dialogue is recorded and otherwise unchanged.

    Args:
        link: The link that does the work; its errors are recorded, and pass through.
        recorder: Gets a row for each reset, command and power-down.
        clock: Returns what the terminal's own clock says, as text; `None` without one.
    """

    def __init__(self, link: Link, recorder: Recorder, clock: ClockText = no_clock) -> None:
        self._link: Final = link
        self._recorder: Final = recorder
        self._clock: Final = clock
        self._powered = False

    def connect(self) -> bytes:
        """Connect, record the ATR or why there is none, and return it."""
        try:
            atr = self._link.connect()
        except LinkError as failure:
            self._recorder.reset(b"", failure, clock=self._clock)
            raise
        self._powered = True
        self._recorder.reset(atr, clock=self._clock)
        return atr

    def exchange(self, command: bytes) -> bytes:
        """Send the C-APDU `command`, record both ways, and return the answer."""
        try:
            answer = self._link.exchange(command)
        except LinkError as failure:
            self._recorder.exchanged(command, failure, clock=self._clock)
            raise
        self._recorder.exchanged(command, answer, clock=self._clock)
        return answer

    def disconnect(self) -> None:
        """Disconnect, and record it once."""
        self._link.disconnect()
        if self._powered:
            self._powered = False
            self._recorder.unpowered(clock=self._clock)


class MeterCard(Slotted, Protocol):
    """A card as a meter's slot takes it: its supply may fail while the card writes."""

    def writing_us(self, command: bytes) -> int:
        """Return for how long a cut would find the card writing for `command`, in µs."""
        ...

    def tear(self, command: bytes, fate: Fate) -> None:
        """Lose power in that time."""
        ...


@final
class RecordedCard:
    """A card whose dialogue is recorded and otherwise unchanged.

    Args:
        card: The card that answers.
        recorder: Gets a row for each reset, command, torn write and power-down.
        clock: Returns what the terminal's own clock says, as text; `None` without one.
    """

    def __init__(self, card: MeterCard, recorder: Recorder, clock: ClockText = no_clock) -> None:
        self._card: Final = card
        self._recorder: Final = recorder
        self._clock: Final = clock
        self._powered = False

    def power_on(self) -> bytes:
        """Reset the card, record its ATR, and return it."""
        atr = self._card.power_on()
        self._powered = bool(atr)
        self._recorder.reset(atr, clock=self._clock)
        return atr

    def power_off(self) -> None:
        """Take the power away, and record it once."""
        self._card.power_off()
        self._off()

    def writing_us(self, command: bytes) -> int:
        """Return for how long, in µs, a power cut would find the card writing for `command`."""
        return self._card.writing_us(command)

    def tear(self, command: bytes, fate: Fate) -> None:
        """Lose power while the card writes for `command`; `fate` decides what its cells hold."""
        writing_us = self._card.writing_us(command)
        self._recorder.torn(command, clock=self._clock, writing_us=writing_us)
        self._card.tear(command, fate)
        self._off()

    def transmit(self, command: bytes) -> bytes:
        """Send the C-APDU `command`, record both ways, and return the answer."""
        writing_us = self._card.writing_us(command)
        try:
            answer = self._card.transmit(command)
        except LinkError as failure:
            self._recorder.exchanged(command, failure, clock=self._clock)
            raise
        self._recorder.exchanged(command, answer, clock=self._clock, writing_us=writing_us)
        return answer

    def _off(self) -> None:
        if self._powered:
            self._powered = False
            self._recorder.unpowered(clock=self._clock)

"""The dialogue with a technician's clock card: whose it is, whether genuine, what time it says."""

from card_protocol.carrier.secure import SecureCarrier
from card_protocol.formats.clock import (
    CLOCK,
    DF_SERVICE,
    SFI_CLOCK,
    ClockOrder,
    open_clock_order,
)
from card_protocol.keys import Key
from card_protocol.terminal import Terminal
from meter_emu.domain import Result
from meter_emu.firmware.dialogues.budget import authenticated, refusing
from meter_emu.firmware.layouts import Factory
from meter_emu.ports import Ports


class ClockDialogue:
    """One session with a powered card."""

    __slots__ = ("_factory", "_terminal")

    def __init__(self, ports: Ports, factory: Factory) -> None:
        self._factory = factory
        self._terminal = Terminal(ports.card_exchange)

    def read(self, challenge: bytes) -> ClockOrder | Result:
        """Return the clock order, or why the card is refused; another kind is unreadable."""
        return refusing(lambda: self._read(challenge))

    def _read(self, challenge: bytes) -> ClockOrder | Result:
        self._terminal.select(DF_SERVICE)
        raw = self._terminal.read_binary(SFI_CLOCK, CLOCK.size_bytes)
        if CLOCK.parse(raw).meter_id != self._factory.meter_id:
            return Result.WRONG_METER
        if not authenticated(SecureCarrier(self._terminal), self._factory, challenge):
            return Result.CARD_NOT_GENUINE
        return open_clock_order(raw, Key(self._factory.key_desk_record))

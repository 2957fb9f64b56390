"""The dialogue with a technician's clock card: whose it is, whether genuine, what time it says."""

from card_protocol.carrier.sealed import SecureCarrier
from card_protocol.formats.clock import CLOCK, DF_SERVICE, SFI_CLOCK, open_clock_order
from card_protocol.keys import Key
from card_protocol.terminal import Terminal
from meter_emu.domain import ClockSetting, Result, WriteBack
from meter_emu.firmware.dialogues.base import AskCard, authenticated, refusing
from meter_emu.firmware.layouts import Factory


class ClockDialogue:
    """One session with one powered card. See `CardDialogue`."""

    __slots__ = ("_factory", "_raw", "_terminal")

    def __init__(self, exchange: AskCard, factory: Factory) -> None:
        self._factory = factory
        self._terminal = Terminal(exchange)
        self._raw = b""

    def identify(self) -> Result | None:
        """See `CardDialogue`."""
        return refusing(self._identify)

    def read(self, challenge: bytes) -> ClockSetting | Result:
        """See `CardDialogue`."""
        return refusing(lambda: self._read(challenge))

    def write_back(self, said: WriteBack) -> None:
        """See `CardDialogue`: a clock card takes nothing back."""

    def _identify(self) -> None:
        self._terminal.select(DF_SERVICE)
        self._raw = self._terminal.read_binary(SFI_CLOCK, CLOCK.size_bytes)
        CLOCK.parse(self._raw)

    def _read(self, challenge: bytes) -> ClockSetting | Result:
        if CLOCK.parse(self._raw).meter_id != self._factory.meter_id:
            return Result.WRONG_METER
        if not authenticated(SecureCarrier(self._terminal), self._factory, challenge):
            return Result.CARD_NOT_GENUINE
        order = open_clock_order(self._raw, Key(self._factory.key_desk_record))
        return ClockSetting(order.set_to_s, order.set_error_s)

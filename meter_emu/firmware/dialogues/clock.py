"""The dialogue with a technician's clock card: its meter, its MAC, and its time."""

from card_protocol.carrier.find import SecureCarrier
from card_protocol.formats.clock import CLOCK, DF_SERVICE, SFI_CLOCK, open_clock_order
from card_protocol.keys import Key
from meter_emu.domain import ClockSetting, Result, WriteBack
from meter_emu.firmware.dialogues.base import CardDialogue


class ClockDialogue(CardDialogue):
    """One session with a clock card."""

    __slots__ = ("_raw",)

    def _identify(self) -> None:
        self._terminal.select(DF_SERVICE)
        self._raw = self._terminal.read_binary(SFI_CLOCK, CLOCK.size_bytes)
        CLOCK.parse(self._raw)

    def _read(self, challenge: bytes) -> ClockSetting | Result:
        if CLOCK.parse(self._raw).meter_id != self._factory.meter_id:
            return Result.WRONG_METER
        if not self._authenticated(SecureCarrier(self._terminal), challenge):
            return Result.CARD_NOT_GENUINE
        order = open_clock_order(self._raw, Key(self._factory.key_desk_record))
        return ClockSetting(order.set_to_s, order.set_error_s)

    def _written(self, said: WriteBack) -> None:
        """Nothing is written back to a clock card."""

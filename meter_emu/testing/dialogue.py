"""The dialogue between a card and the device it is plugged into."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

import msgspec

from card_protocol.link.recorded import RecordedCard
from card_protocol.trace import Recorder, TraceRow
from meter_emu.world.meter.board import SlotCard

STEPS_KEPT: Final = 400  # ours: some ten whole sessions; the oldest go first
_HEADER: Final = b'{"row":"trace"'  # a trace begins with a line about itself


@final
@dataclass(frozen=True, slots=True)
class Heard:
    """One step of a dialogue: at which true time, between which two, and what."""

    at_us: int
    who: str
    line: bytes

    @property
    def row(self) -> TraceRow:
        """Return the row; secrets are not in it."""
        row: TraceRow = msgspec.json.decode(self.line, type=TraceRow)
        return row


@final
class Dialogue:
    """The last steps of a test, in order; `count` is how many there were in all."""

    def __init__(self, now_us: Callable[[], int]) -> None:
        self.count = 0
        self._now_us: Final = now_us
        self._kept: Final[deque[Heard]] = deque(maxlen=STEPS_KEPT)

    def heard(self, card: SlotCard, who: str) -> RecordedCard:
        """Return the card, its dialogue recorded with `who` as the speaker."""
        return RecordedCard(card, Recorder(lambda line: self._keep(who, line), {}))

    @property
    def steps(self) -> tuple[Heard, ...]:
        """The steps kept, oldest first."""
        return tuple(self._kept)

    def _keep(self, who: str, line: bytes) -> None:
        if line.startswith(_HEADER):
            return
        self.count += 1
        self._kept.append(Heard(self._now_us(), who, line))

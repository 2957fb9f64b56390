"""Listens between a card and whatever it is plugged into, and pulls the card out when told to."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

from card_protocol.errors import LinkError, LinkErrorKind
from meter_emu.world.board import Card

EXCHANGES_KEPT: Final = 400  # ours: some ten whole sessions; the oldest go first


@final
@dataclass(frozen=True, slots=True)
class Heard:
    """One step of a dialogue: `who` spoke to which card, what it said, what came back.

    `command` is `None` for a reset, whose answer is the ATR; `answer` is `None` for a card that
    went away, and `at_us` is the true time of it.
    """

    at_us: int
    who: str
    command: bytes | None
    answer: bytes | None


@final
class Dialogue:
    """The last exchanges of a test, in order."""

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self._kept: deque[Heard] = deque(maxlen=EXCHANGES_KEPT)
        self.dropped = 0

    def add(self, who: str, command: bytes | None, answer: bytes | None) -> None:
        """Keep one step."""
        self.dropped += len(self._kept) == EXCHANGES_KEPT
        self._kept.append(Heard(self._now_us(), who, command, answer))

    @property
    def steps(self) -> tuple[Heard, ...]:
        """The steps kept, oldest first."""
        return tuple(self._kept)


@final
class TappedCard:
    """A card as `Board` takes it, with every exchange written down.

    With `pulled_after` it is pulled out when so many commands have been answered: the next one
    finds no card, and whatever was in progress stays as the card left it.
    """

    def __init__(
        self, card: Card, dialogue: Dialogue, who: str, *, pulled_after: int | None = None
    ) -> None:
        self._card = card
        self._dialogue = dialogue
        self._who = who
        self._left = pulled_after

    def power_on(self) -> bytes:
        """Return the ATR, or nothing once the card has gone."""
        atr = b"" if self._left == 0 else self._card.power_on()
        self._dialogue.add(self._who, None, atr or None)
        return atr

    def power_off(self) -> None:
        """Take the power away."""
        self._card.power_off()

    def writing_us(self, command: bytes) -> int:
        """See `Card`."""
        return self._card.writing_us(command)

    def tear(self, command: bytes, fate: Callable[[], int]) -> None:
        """See `Card`. The power that fails takes the answer with it."""
        self._card.tear(command, fate)
        self._dialogue.add(self._who, command, None)

    def transmit(self, command: bytes) -> bytes:
        """Return the R-APDU; raise `LinkError` CARD_GONE once it was pulled."""
        try:
            answer = self._answer(command)
        except LinkError:
            self._dialogue.add(self._who, command, None)
            raise
        self._dialogue.add(self._who, command, answer)
        return answer

    def _answer(self, command: bytes) -> bytes:
        if self._left is None:
            return self._card.transmit(command)
        if self._left == 0:
            self._card.power_off()
            raise LinkError(LinkErrorKind.CARD_GONE)
        self._left -= 1
        return self._card.transmit(command)

"""A virtual card with a model of it: each answer and each byte is the model's."""

from collections.abc import Callable
from functools import lru_cache
from itertools import count
from typing import Final, final

from card_protocol.card.image import CardKind
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.card.virtual import AnyImage, VirtualCard, card_of
from card_protocol.words import meaning
from meter_emu.fuzz.models.apdus import reset_of
from meter_emu.fuzz.models.file_card import FileCardModel
from meter_emu.fuzz.models.memory_card import MemoryCardModel
from meter_emu.fuzz.reach import must, tell

_BEFORE_THE_CRC: Final = slice(0, -4)
_reset_of: Final = lru_cache(16)(reset_of)  # a few cards, reset at each input


def numbered() -> Callable[[int], bytes]:
    """Return a source of bytes that is quick, the same each time, and gives none twice."""
    numbers = count(1)
    return lambda size: (next(numbers) * _FAR_APART % 256**size).to_bytes(size, "big")


@lru_cache(16)
def bytes_of(image: AnyImage) -> bytes:
    """Return the bytes of an image, which cards begin with again and again."""
    return image.to_bytes()


_FAR_APART: Final = 0x9E3779B97F4A7C15  # ours: odd, so that eight bytes come once in 2^64 times


@final
class ModelledCard:
    """A card of an image. `source` makes a source of randomness: the same twice, for both."""

    def __init__(
        self, image: AnyImage, source: Callable[[], Callable[[int], bytes]], *, t0: bool = False
    ) -> None:
        self._t0: Final = t0
        self._source: Final = source
        self.card: Final[VirtualCard] = card_of(image, self._drawn, t0=t0)
        self._random = source()
        self.model: FileCardModel | MemoryCardModel | None = None
        self._known: AnyImage = image
        self._raw: bytes = bytes_of(image)
        self._written = self._raw[_BEFORE_THE_CRC]

    def _drawn(self, count: int) -> bytes:
        return self._random(count)

    @property
    def image(self) -> AnyImage:
        """The whole persistent card, as it is now."""
        return self.card.image

    def power_on(self) -> bytes:
        """Reset the card; what it knows then is its image, and nothing else."""
        atr = self.card.power_on()
        tell(lambda: "reset", atr)
        self._check_kept("a reset leaves the image")
        self._random = self._source()
        if isinstance(self._known, MemoryImage):
            self.model = MemoryCardModel(self._raw) if atr else None
        else:
            said = _reset_of(atr)
            must(said is not None and said.protocols[0] == (not self._t0),
                 "a card answers a reset in its protocol")  # fmt: skip
            self.model = FileCardModel(self._raw, self._source(), t0=self._t0)
        return atr

    def power_off(self) -> None:
        """Take the power away."""
        self.card.power_off()
        self.model = None
        self._check_kept("losing power leaves the image")

    def _check_kept(self, what: str) -> None:
        image = self.card.image
        must(image is self._known or image.to_bytes() == self._raw, what)

    def transmit(self, command: bytes) -> bytes:
        """Send a command to both."""
        answer = self.card.transmit(command)
        tell(lambda: meaning(command, answer), command + b" " + answer)
        if self.model is None:
            must(answer == b"", "a card without power is silent")
            return answer
        want, image = self.model.transmit(command), self.card.image
        must(answer == want, "a card answers as the rules say",
             f"{command.hex()}: {answer.hex()}, expected {want.hex()}")  # fmt: skip
        if image is not self._known or self._written != self.model.image:
            raw, now = image.to_bytes(), bytes(self.model.image)
            must(raw[_BEFORE_THE_CRC] == now, "a card writes what the rules say, and no more",
                 command.hex(), moved=now != self._written)  # fmt: skip
            self._known, self._raw, self._written = image, raw, now
        return answer

    @property
    def kind(self) -> CardKind:
        """The kind of card."""
        return self._known.kind

"""What the tests of card sessions share: one armed card, and what became of it."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from card_protocol.card.image import KEY_TRIES_MAX, PIN_TRIES_MAX, CardKind
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.card.virtual import AnyImage, VirtualCard, card_of
from card_protocol.errors import LinkError, LinkErrorKind
from card_protocol.formats.budget import DESK, IDENTITY, Sfi
from card_protocol.keys import Purpose, derive
from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Work
from meter_emu.desk.published_key import TEST_MASTER_KEY
from tests import cards
from tests.firmware.meters import METER_ID, Rig
from tests.rigs import counted

T1 = Civil(2020, 7, 3, 9, 0)
T2 = Civil(2020, 7, 3, 23, 1)
ARM = Work(load_cents=5_000, defer_until=T1, cut_at=T2)
DESK_KEY = derive(TEST_MASTER_KEY, Purpose.DESK_RECORD, METER_ID)
UEUR_PER_CENT = 10_000
RECORDS = {Sfi.IDENTITY: IDENTITY, Sfi.DESK: DESK}
LOAD_W = 3_000

ON_EACH = pytest.mark.parametrize("carrier", list(CardKind), ids=lambda kind: kind.name.lower())


def armed(carrier: CardKind = CardKind.SECURE) -> Rig:
    rig = Rig(carrier=carrier)
    rig.write(ARM)
    return rig


def events(rig: Rig) -> list[int]:
    raw = rig.state.events
    return [raw[at] for at in range(4, len(raw), 8)]


def supplied(rig: Rig) -> bool:
    return rig.board.switch.on


UNTRIED = (PIN_TRIES_MAX, KEY_TRIES_MAX, KEY_TRIES_MAX)


def spent(image: AnyImage) -> bool:
    """Whether a try of anything was taken and not given back."""
    untried = 3 if isinstance(image, MemoryImage) else UNTRIED
    return image.tries_left != untried


def resealed(rig: Rig, sfi: Sfi, **changes: Any) -> None:
    """Change a record and seal it as only the desk can."""
    rig.card = card_of(cards.resealed(rig.card.image, sfi, **changes), counted())


class Pulled:
    """A card that leaves the slot at its n-th command: before it, while writing for it, after."""

    def __init__(self, card: VirtualCard, at: int, how: str) -> None:
        self._card = card
        self._left = at
        self._how = how
        self.count = 0

    def writing_us(self, command: bytes) -> int:
        return self._card.writing_us(command)

    def tear(self, command: bytes, fate: Callable[[], int]) -> None:
        self._card.tear(command, fate)

    def power_on(self) -> bytes:
        return self._card.power_on()

    def power_off(self) -> None:
        self._card.power_off()

    def transmit(self, command: bytes) -> bytes:
        self.count += 1
        if self.count < self._left:
            return self._card.transmit(command)
        if self.count == self._left and self._how == "after":
            self._card.transmit(command)
        if self.count == self._left and self._how == "within":
            fate = Random(self._left)
            self._card.tear(command, lambda: fate.randrange(256))
        raise LinkError(LinkErrorKind.CARD_GONE)


def command_count(carrier: CardKind) -> int:
    rig = armed(carrier)
    whole = Pulled(rig.card, 1_000, "after")
    rig.bench.insert(whole)
    return whole.count


# How many commands the session of an armed card has.
COMMANDS = {carrier: command_count(carrier) for carrier in CardKind}

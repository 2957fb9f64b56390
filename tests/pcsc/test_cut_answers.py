"""A card pulled at every byte of every answer, played without a reader: nothing is lost.

The driver's half of the protocol is written here from the protocol alone, and the card's half is
the one that is served. What a terminal can see of a cut is that the answer never came; what counts
is what lies on the card then, and that the next visit comes to the same money.
"""

import pytest

from card_protocol.card.image import CardKind
from card_protocol.errors import LinkError, LinkErrorKind
from card_protocol.link.link import Slotted
from card_protocol.serve.vpcd import VpcdSlot
from meter_emu.desk.desk import Work
from meter_emu.world.meter.linked_card import LinkedCard
from tests.firmware.meters import Rig

LOAD_CENTS = 2_500


class Wire:
    """The driver's side of one slot. The card leaves when it has sent `left` bytes."""

    def __init__(self, card: Slotted, left: int | None = None) -> None:
        self._card = VpcdSlot(card)
        self._left = left
        self.sent = 0

    def connect(self) -> bytes:
        self._say(b"\1")
        return self.exchange(b"\4")

    def exchange(self, command: bytes) -> bytes:
        answer = self._say(command)
        if len(answer) < 2 or len(answer) != 2 + int.from_bytes(answer[:2], "big"):
            self.disconnect()
            raise LinkError(LinkErrorKind.CARD_GONE)
        return answer[2:]

    def disconnect(self) -> None:
        self._card.closed()

    def _say(self, message: bytes) -> bytes:
        answer = self._card.receive(len(message).to_bytes(2, "big") + message)
        if self._left is not None:
            answer = answer[: self._left]
            self._left -= len(answer)
        self.sent += len(answer)
        return answer


CARRIERS = pytest.mark.parametrize("carrier", [CardKind.SECURE, CardKind.PLAIN])


@pytest.mark.slow("pulls a card at each answer")
@CARRIERS
def test_a_load_at_the_desk_is_on_the_card_once_or_not_at_all(carrier: CardKind) -> None:
    whole = _rig(carrier)
    wire = Wire(whole.card)
    _load(whole, wire)
    assert wire.sent > 150, "ATR, SELECTs, READs, proofs, UPDATEs"
    seen = set()
    for left in range(wire.sent):
        rig = _rig(carrier)
        with pytest.raises(LinkError):
            _load(rig, Wire(rig.card, left))
        count = _count(rig)
        seen.add(count)
        if not count:
            _load(rig, Wire(rig.card))
        assert _count(rig) == 1, left
    assert seen == {0, 1}, "the last answers say what has happened already"


@pytest.mark.slow("a reader service of its own")
@CARRIERS
def test_a_load_at_the_meter_is_booked_once(carrier: CardKind) -> None:
    whole = _rig(carrier)
    _load(whole, Wire(whole.card))
    wire = Wire(whole.card)
    _visit(whole, wire)
    booked = whole.state.balance_ueur
    seen = set()
    for left in range(wire.sent):
        rig = _rig(carrier)
        _load(rig, Wire(rig.card))
        before = rig.state.balance_ueur
        _visit(rig, Wire(rig.card, left))
        seen.add(rig.state.balance_ueur == booked)
        assert rig.state.balance_ueur in {before, booked}, left
        _visit(rig, Wire(rig.card))
        assert rig.state.balance_ueur == booked, left
        assert rig.write_back() is not None, left
    assert seen == {False, True}


def _rig(carrier: CardKind) -> Rig:
    return Rig(carrier=carrier)


def _load(rig: Rig, wire: Wire) -> None:
    wire.connect()
    rig.desk.serve(wire.exchange, Work(load_cents=LOAD_CENTS), issued_at_min=10_780_000)
    wire.disconnect()


def _visit(rig: Rig, wire: Wire) -> None:
    rig.bench.insert(LinkedCard(wire))
    rig.bench.remove()


def _count(rig: Rig) -> int:
    """Return how many loads the card in our hand holds."""
    rig.card.power_on()
    count = rig.desk.account(rig.card.transmit).desk.load_count
    rig.card.power_off()
    return count

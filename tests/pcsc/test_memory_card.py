"""A memory card by way of PC/SC: pseudo-APDUs pass pcscd and its driver as they are."""

import pytest

from card_protocol.card.image import CardKind
from card_protocol.card.memory_card import Make, MemoryCard
from card_protocol.link.pcsc import PcscLink
from card_protocol.serve.pcscd import VPCD_READERS
from meter_emu.desk.desk import Work
from meter_emu.world.meter.linked_card import LinkedCard
from tests.cards import memory_card
from tests.firmware.meters import Rig
from tests.pcsc.needs import pyscard_absent, refuse
from tests.pcsc.slots import card_in


@pytest.mark.parametrize("make", list(Make), ids=lambda make: make.value)
def test_a_memory_card_is_loaded_and_served_through_a_reader_of_either_make(pcscd, make):
    if why := pyscard_absent():
        refuse(why)
    rig = Rig(carrier=CardKind.MEMORY)
    card = MemoryCard(memory_card(rig.card.image), make=make)
    with PcscLink(VPCD_READERS[0]) as link, card_in(pcscd, link, card):
        assert link.connect() == bytes.fromhex("3b04a2131091")
        account = rig.desk.serve(link.exchange, Work(load_cents=5_000), issued_at_min=1)
        assert account.desk.loaded_cents == 5_000
        rig.desk.serve(link.exchange, Work(reactivate=True), issued_at_min=2)
        link.disconnect()
        rig.bench.insert(LinkedCard(link))
        rig.bench.remove()
        assert rig.state.accepted_cents == 5_000
        assert rig.state.order_number == 1
        link.connect()
        back = rig.desk.read_back(link.exchange)
    assert back is not None
    assert (back.accepted_cents, back.order_number) == (5_000, 1)
    assert card.image.tries_left == 3

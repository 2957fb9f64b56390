"""A live meter that takes its cards from a reader, and everything that happens to one on a desk."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from card_protocol.card.image import CardImage, CardKind
from card_protocol.card.virtual import VirtualCard, card_of
from card_protocol.formats.budget import Sfi
from card_protocol.link.pcsc import PcscLink
from card_protocol.serve.pcscd import VPCD_READERS, PrivatePcscd
from meter_emu.desk.desk import Work
from meter_emu.units import EPOCH_2000_US, MINUTE_US
from tests.bounds import HANG_MS
from tests.cards import raw_on
from tests.cli.sitting import JUNE, MODEL, Sitting
from tests.pcsc.needs import pyscard_absent, refuse
from tests.pcsc.slots import Slot, inserted
from tests.rigs import rig_of

FIRST, SECOND = VPCD_READERS
SERVED = "CARD 01 EXECUTED"
AGAIN = "CARD 02 ALREADY_EXECUTED"
JUNE_2_MIN = 10_741_440


@pytest.fixture(autouse=True)
def _client() -> None:
    if why := pyscard_absent():
        refuse(why)


@pytest.fixture
def sitting(pcscd: PrivatePcscd, tmp_path: Path) -> Iterator[Sitting]:
    with sit(tmp_path, FIRST) as sitting:
        yield sitting


def sit(folder: Path, reader: str) -> Sitting:
    card = ("--reader", reader, "--yes-write-hardware")
    return Sitting(MODEL, *JUNE, "--rate", "max", *card, cwd=folder)


def loaded_card(kind: CardKind = CardKind.SECURE) -> VirtualCard:
    """Return a card that carries 20 euro to the meter."""
    rig = rig_of(start_us=EPOCH_2000_US + JUNE_2_MIN * MINUTE_US, carrier=kind)
    card = rig.first_card()
    rig.serve(card, Work(load_cents=2_000), JUNE_2_MIN)
    return card


@pytest.mark.slow("a reader service of its own")
def test_a_card_put_into_the_reader_is_served_and_written(sitting, pcscd):
    card = loaded_card()
    before = raw_on(card.image, Sfi.WRITE_BACK)
    with inserted(pcscd, card):
        sitting.wait_for(SERVED)
        sitting.type("show\n")
        said = sitting.wait_for(f"card      one in {FIRST}")
        assert "balance   20.00 EUR" in said
    assert raw_on(card.image, Sfi.WRITE_BACK) != before
    sitting.wait_until_shown(f"none in {FIRST}")
    with inserted(pcscd, card):
        sitting.wait_for(AGAIN)
    sitting.type("insert home.card\nremove\n")
    said = sitting.wait_for("pull it out there")
    assert f"cards come from {FIRST}: put it in there" in said
    assert sitting.end() == 2


@pytest.mark.slow("a reader service of its own")
def test_a_card_pulled_in_the_middle_is_one_line_and_the_next_one_is_served(sitting, pcscd):
    card, slots = loaded_card(), list[Slot]()

    class Quick:
        """A person who takes the card out at the fourth command."""

        left = 4

        def power_on(self) -> bytes:
            return card.power_on()

        def power_off(self) -> None:
            card.power_off()

        def transmit(self, command: bytes) -> bytes:
            self.left -= 1
            if self.left == 0:
                slots[0].pull()
            return card.transmit(command)

    slots.append(Slot(pcscd, Quick()))
    said = sitting.wait_for("CARD_REMOVED")
    assert said.count("reader: card removed") <= 1
    slots[0].end()
    with inserted(pcscd, card):
        sitting.wait_for(SERVED)
    assert sitting.end() == 0


@pytest.mark.slow("a reader service of its own")
def test_the_service_stopped_and_started_is_a_line_each(sitting, pcscd):
    card = loaded_card()
    with inserted(pcscd, card):
        sitting.wait_for(SERVED)
        pcscd.kill()
        said = sitting.wait_for("the PC/SC service (pcscd) is not running")
    pcscd.start()
    sitting.wait_for(f"reader: {FIRST} is there again")
    with inserted(pcscd, card):
        said = sitting.wait_for(AGAIN)
    assert said.count("is not running") == 1
    assert sitting.end() == 0


@pytest.mark.slow("a reader service of its own")
def test_a_card_that_another_program_has_is_waited_for(pcscd, tmp_path):
    card = loaded_card()
    with inserted(pcscd, card), PcscLink(FIRST) as other:
        assert other.wait(present=True, wait_ms=HANG_MS)
        other.connect()
        with sit(tmp_path, FIRST) as sitting:
            said = sitting.wait_for("in use by another program")
            sitting.type("show\n")
            said = sitting.wait_for("card      reader in use by another program")
            assert "CARD" not in said.partition("display")[0]  # the meter has not been bothered
            other.disconnect()
            said = sitting.wait_for(SERVED)
            assert said.count("reader: reader in use") == 1
            assert sitting.end() == 0


@pytest.mark.slow("a reader service of its own")
def test_a_card_at_its_last_try_keeps_it(sitting, pcscd):
    image = loaded_card(CardKind.PLAIN).image
    assert isinstance(image, CardImage)
    card = card_of(image.with_tries(0, 1), Random(3).randbytes)
    with inserted(pcscd, card):
        sitting.wait_for("reader: not sent: PIN not presented, tries left: 1")
    assert card.image == image.with_tries(0, 1)
    assert sitting.end() == 0


@pytest.mark.slow("a reader service of its own")
def test_a_reader_that_is_not_there_is_said_with_those_that_are(pcscd, tmp_path):
    with sit(tmp_path, "ACR") as sitting:
        sitting.wait_for(f"reader: no reader: 'ACR' is not there; there is {FIRST!r}, {SECOND!r}")
        assert sitting.end() == 0


@pytest.mark.slow("a reader service of its own")
def test_a_meter_without_supply_finds_the_card_when_it_has_some(sitting, pcscd):
    sitting.type("power off\n")
    sitting.wait_for("power lost")
    with inserted(pcscd, loaded_card()):
        sitting.wait_for("no power")
        sitting.type("power on\n")
        sitting.wait_for("power back")
        sitting.type("show\n")
        sitting.wait_for("balance   20.00 EUR")
    assert sitting.end() == 0


@pytest.mark.slow("a reader service of its own")
def test_writing_on_real_cards_is_asked_for(tmp_path):
    with Sitting(MODEL, "--reader", FIRST, cwd=tmp_path) as sitting:
        sitting.wait_for("say so with --yes-write-hardware")
        assert sitting.end() == 2

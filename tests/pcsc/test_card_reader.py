"""`card send`, `get`, `show` and `diff` at a real reader: what they read, and nothing else."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from random import Random

import pytest

from card_protocol.card.image import CardKind
from card_protocol.card.memory_card import Make, MemoryCard
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.card.virtual import AnyImage, card_of, parse_image
from card_protocol.link.pcsc import PcscLink
from card_protocol.serve.pcscd import VPCD_READERS, PrivatePcscd
from meter_emu.desk.desk import Desk
from meter_emu.desk.published_key import TEST_MASTER_KEY
from tests.bounds import HANG_MS
from tests.cards import file_card, memory_card
from tests.cli.outcome import Outcome, runner
from tests.docs.test_walks import ROWS
from tests.docs.walks import READER_WALK, ROOT
from tests.firmware.meters import METER_ID, START, Rig
from tests.pcsc.needs import pyscard_absent, refuse
from tests.pcsc.slots import Odd, card_in
from tests.rigs import counted

FIRST = VPCD_READERS[0]
SURE = "--yes-write-hardware"
THEN = ("--issued-at", f"{START:%Y-%m-%dT%H:%MZ}")
HEAD, READ, PIN, WRITE = "00A4000C02BE01", "00B000000A", "002000010437383136", "00D6000001AA"
CHANGED = (CardKind.PLAIN, CardKind.MEMORY)


@pytest.fixture(autouse=True)
def _client() -> None:
    if why := pyscard_absent():
        refuse(why)


@pytest.fixture
def link(pcscd: PrivatePcscd) -> Iterator[PcscLink]:
    with PcscLink(FIRST) as link:
        assert link.wait(present=False, wait_ms=HANG_MS)
        yield link


@pytest.fixture
def emu(monkeypatch, capsys) -> Callable[..., Outcome]:
    return runner(monkeypatch, capsys, after=("--reader", FIRST))


def test_what_reads_is_sent_and_what_does_not_wants_the_word(pcscd, link, emu):
    rig = Rig(carrier=CardKind.PLAIN)
    before = rig.card.image
    with card_in(pcscd, link, rig.card):
        given = emu("card", "send", HEAD, READ, "--json", "-").json()
        assert given["card"] == FIRST
        assert given["exchanges"][1]["answer"].startswith("5045")
        for command in (WRITE, PIN, "002000010431313131", "00E00000"):
            assert SURE in emu("card", "send", HEAD, command).complains()
        assert rig.card.image == before
        assert emu("card", "send", HEAD, PIN, WRITE, SURE).code == 0
        assert file_card(rig.card.image).contents[0][0] == 0xAA
        wrong = emu("card", "send", "002000010431313131", PIN, SURE)
        assert wrong.code == 2
        assert wrong.out.startswith("VERIFY secret 1, 4 bytes not shown: refused, tries left: 2\n")
        assert "a proof has failed before" in wrong.err
        said = "meter-emu: not sent: class 00 instruction E0 is not on the list for this card\n"
        assert emu("card", "send", "00E00000", SURE).complains() == said
    assert file_card(rig.card.image).tries_left[0] == 2


@pytest.mark.slow("a reader service of its own")
@pytest.mark.parametrize("kind", CHANGED)
def test_a_card_that_was_put_is_got_and_shown_as_it_is(pcscd, link, emu, tmp_path, kind):
    rig, path, again = Rig(carrier=kind), tmp_path / "home.card", tmp_path / "again.card"
    path.write_bytes(rig.card.image.to_bytes())
    with card_in(pcscd, link, rig.card):
        assert emu("card", "put", path, SURE).code == 0
        done = emu("card", "get", again, "--json", "-").json()
        assert done == {"reader": FIRST, "file": str(again), "carrier": kind.name.lower()}
        assert again.read_bytes() == path.read_bytes()
        assert again.stat().st_mode & 0o077 == 0, "a memory card's code is in it"
        assert emu("card", "diff", path).out.startswith("the same, byte for byte\n")
        assert emu("desk", "load", "--eur", "50", SURE, *THEN).code == 0
        before = rig.card.image
        differs = emu("card", "diff", path)
        assert differs.code == 1
        assert " fields differ between A and B\n" in differs.out
        shown = emu("card", "show", "--json", "-").json()
        assert shown.keys() == {"reader", "carrier", "records", "around"}
        assert "50.00 EUR" in emu("card", "show").out
        assert "it is there already" in emu("card", "get", again).complains()
        assert emu("card", "get", again, "--force").code == 0
        assert rig.card.image == before
    got = parse_image(again.read_bytes())
    assert held_on(got) == held_on(rig.card.image)


def held_on(image: AnyImage) -> tuple[bytes, ...]:
    if isinstance(image, MemoryImage):
        return image.main, image.code, bytes([image.counter])
    return image.contents


def test_a_plain_card_that_is_broken_is_shown_and_got(pcscd, link, emu, tmp_path):
    rig = Rig(carrier=CardKind.PLAIN)
    image = file_card(rig.card.image)
    rig.card = card_of(image.with_part(0, 100, b"\x00" * 4), counted())
    with card_in(pcscd, link, rig.card):
        shown = emu("card", "show")
        assert shown.code == 1
        assert str(METER_ID) in shown.out
        assert emu("card", "get", tmp_path / "broken.card").code == 0


@pytest.mark.slow("has a process that owns the reader for each command line")
def test_what_cannot_be_read_without_a_key_is_one_line_and_leaves_no_file(
    pcscd, link, emu, tmp_path
):
    blank = memory_card(Rig(carrier=CardKind.MEMORY).card.image).with_main(32, b"\xff" * 224)
    at = tmp_path / "it.card"
    for card, why in (
        (Rig().card, "a secure card shows its records to who has a key: see desk account"),
        (Odd(lambda _: b"\x6a\x82"), "select 3F00: 6A82, file or application not found"),
        (MemoryCard(blank), "expected a card as card put makes it"),
    ):
        with card_in(pcscd, link, card):
            assert why in emu("card", "get", at).complains()
            if not isinstance(card, MemoryCard):
                assert why in emu("card", "show").complains()
        assert not at.exists()


def test_a_reader_that_cannot_tell_the_tries_of_a_chip_reads_it_all_the_same(
    pcscd, link, emu, tmp_path
):
    image = memory_card(Rig(carrier=CardKind.MEMORY).card.image)
    with card_in(pcscd, link, MemoryCard(image, make=Make.PCSC)):
        assert emu("card", "get", tmp_path / "it.card").code == 0
    assert (tmp_path / "it.card").read_bytes() == image.to_bytes()


@pytest.mark.slow("a reader service of its own")
def test_the_walk_from_a_reader_to_a_record_is_no_longer_than_the_page_says(pcscd, link):
    """In a process of its own, as the walks of `tests.docs.walks` that need no daemon."""
    image = Desk(TEST_MASTER_KEY).issue(1, issued_at_min=1)
    program = f"from tests.docs.walks import read_at; print(*sorted(read_at({FIRST!r})))"
    with card_in(pcscd, link, card_of(image, Random(1).randbytes)):
        said = subprocess.check_output([sys.executable, "-c", program], cwd=ROOT, text=True)
    assert len(said.split()) <= int(ROWS[READER_WALK][0]), said

"""`card show` of a plain card whose own writer has a mistake: it says which."""

import re
from binascii import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.card.image import CardImage, CardKind
from card_protocol.formats.container import Container
from meter_emu.desk.budget.explained import explain_broken_copies
from meter_emu.desk.desk import Desk
from meter_emu.desk.published_key import TEST_MASTER_KEY
from tests.cards import file_card
from tests.cli.budget_cards import METER
from tests.cli.outcome import checked


def broken(emu, path, change) -> None:
    """Make a plain card whose one written copy is what `change` makes of it."""
    assert emu("card", "new", path, "--meter-id", METER, "--carrier", "plain").code == 0
    image = CardImage.from_bytes(path.read_bytes())
    size = int.from_bytes(image.contents[0][8:10], "big")
    path.write_bytes(image.with_part(0, 0, change(image.contents[0][:size])).to_bytes())


def crc(raw: bytes) -> bytes:
    return raw[:-4] + crc32(raw[:-4]).to_bytes(4, "big")


# What a writer gets wrong, and what `card show` says of it.
WRITERS_MISTAKES = {
    "magic": (lambda raw: b"XX" + raw[2:], "at offset 0 expected "),
    "version": (
        lambda raw: crc(raw[:2] + b"\2" + raw[3:]),
        "at offset 2 expected version 1, got 2",
    ),
    "size": (
        lambda raw: raw[:8] + b"\0\x09" + raw[10:],
        "at offset 8 expected 14 to 512 bytes, got 9",
    ),
    "crc": (lambda raw: raw[:-1] + bytes([raw[-1] ^ 1]), "the CRC-32 of what is before it, got "),
    "row": (lambda raw: crc(raw[:11] + b"\0\x01" + raw[13:]), "container: at offset 8 expected "),
    "a record forgotten": (lambda raw: Container(1, {1: raw[19:67]}).to_bytes(), "got 1"),
}


@pytest.mark.parametrize(("change", "says"), WRITERS_MISTAKES.values(), ids=WRITERS_MISTAKES)
def test_a_plain_card_without_a_whole_copy_is_explained(emu, tmp_path, change, says):
    path = tmp_path / "c.bin"
    broken(emu, path, change)
    said = emu("card", "show", path)
    assert said.code == 1
    assert says in said.out.split("WRONG: ")[1]
    assert "nothing is written here" in said.out, "the other copy"
    shown = checked(emu("card", "show", path, "--json", "-").out)
    first = shown["records"][0]
    assert (first["name"], first["place"]) == ("container head", "copy 0")
    assert says in first["wrong"][0]
    emu("desk", "load", path, "--eur", "5").complains()


def test_the_records_of_a_copy_with_a_wrong_crc_are_explained(emu, tmp_path):
    path = tmp_path / "c.bin"
    broken(emu, path, WRITERS_MISTAKES["crc"][0])
    shown = checked(emu("card", "show", path, "--json", "-").out)
    seals = {one["place"]: one["mac"] for one in shown["records"]}
    assert [seals[f"copy 0, file {sfi}"] for sfi in (1, 2)] == ["ok"] * 2
    said = emu("card", "show", path).out
    assert re.search(rf"^ +\d+  meter_id +{METER}", said, re.MULTILINE)


@pytest.mark.slow("explains a card in each example")
@given(st.binary(min_size=1024, max_size=1024) | st.binary(max_size=500))
def test_whatever_is_in_the_file_of_a_plain_card_is_explained(content):
    image = file_card(Desk(TEST_MASTER_KEY).issue(1, issued_at_min=0, card_kind=CardKind.PLAIN))
    head = b"PE\1\3" + image.contents[0][4:10]
    for part in (content, head + content):
        views = explain_broken_copies(image.with_part(0, 0, part[:1024]), TEST_MASTER_KEY)
        assert views[0].wrong
        assert all(row.size_bytes for view in views for row in view.rows)

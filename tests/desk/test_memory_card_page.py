"""docs/memory-card.md is the contract of the memory card: its tables and dumps are our own."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from card_protocol.card.image import CardKind
from card_protocol.card.sle4442 import IMAGE_SIZE_BYTES, MemoryImage
from card_protocol.card.virtual import card_of
from card_protocol.carrier.readers import READERS, Reader
from card_protocol.formats.budget import WRITE_BACK, Sfi
from card_protocol.formats.budget.compact import (
    DESK_AT,
    DESK_PART,
    IDENTITY_AT,
    IDENTITY_PART,
    METER_AT,
    METER_PART,
    SEQUENCE_MAX,
    meter_part,
    seal_part,
    write_back_of,
)
from card_protocol.keys import Purpose, derive
from card_protocol.layout import Layout
from card_protocol.link.link import DirectLink
from card_protocol.timestamp import Civil, unpack_minute
from meter_emu.desk.desk import Desk, Work
from meter_emu.desk.published_key import TEST_MASTER_KEY
from tests.cards import memory_card, raw_on
from tests.cells import each_cell
from tests.desk.test_card_format_page import CARD, WRITTEN_BACK, T, cells

PAGE = (Path(__file__).parents[2] / "docs" / "memory-card.md").read_text("utf-8")
METER = 541_000_000_001
LAYOUTS: dict[str, Layout[Any]] = {
    layout.name: layout for layout in (IDENTITY_PART, DESK_PART, METER_PART)
}
BY_NAME = each_cell("name", LAYOUTS)


def rows_of(heading: str, section: str = PAGE) -> list[list[str]]:
    """Return the rows of the table whose head row reads `heading`."""
    lines = section.split(f"\n| {heading} |\n")[1].splitlines()[1:]
    until = next((n for n, line in enumerate(lines) if not line.startswith("|")), len(lines))
    return [cells(line) for line in lines[:until]]


def hexdump(name: str) -> bytes:
    (found,) = re.findall(rf'```hexdump title="{name}"\n(.*?)```', PAGE, re.DOTALL)
    return bytes.fromhex("".join(line.partition("  ")[2] for line in found.splitlines()))


@cache
def worked_example() -> MemoryImage:
    """Return the card as the worked example of card-format.md has it."""
    desk = Desk(TEST_MASTER_KEY)
    image = desk.issue(
        METER,
        customer_ref=1_234_567_890_123,
        card_number=7,
        issued_at_min=10_734_240,
        card_kind=CardKind.MEMORY,
    )
    card = card_of(image, bytes)
    link = DirectLink(card)
    link.connect()
    desk.serve(link.exchange, Work(load_cents=5000), issued_at_min=10_734_245)
    desk.serve(link.exchange, Work(defer_until=T, cut_at=T), issued_at_min=10_734_245)
    return memory_card(card.image)


def written_back() -> bytes:
    key = derive(TEST_MASTER_KEY, Purpose.METER_RECORD, METER)
    return seal_part(
        METER_PART, meter_part(WRITTEN_BACK, 1), key, CARD._replace(kind=CardKind.MEMORY)
    )


@BY_NAME
def test_every_field_is_where_the_page_says(name):
    """Against the construct definition itself, not against what was derived from it."""
    section = PAGE.split(f"\n## {name.capitalize()}\n")[1].split("\n## ", maxsplit=1)[0]
    rows = rows_of("offset | size | field | kind | unit | holds", section)
    at, found = 0, []
    for sub, field in zip(LAYOUTS[name].definition.subcons, LAYOUTS[name].fields, strict=True):
        found.append((at, sub.sizeof(), sub.name, field.kind, field.unit or "\N{EN DASH}"))
        at += sub.sizeof()
    assert [(int(row[0]), int(row[1]), *row[2:5]) for row in rows] == found
    assert f"`{LAYOUTS[name].magic.hex()}`" in f"`{rows[0][5]}`"


def test_the_parts_lie_where_the_page_says():
    rows = rows_of("address | size | holds")
    found = [(int(at), int(size)) for at, size, _ in rows]
    assert found == [
        (0, 32),
        (IDENTITY_AT, IDENTITY_PART.size_bytes),
        *((at, DESK_PART.size_bytes) for at in DESK_AT),
        *((at, METER_PART.size_bytes) for at in METER_AT),
    ]
    assert f"is {IMAGE_SIZE_BYTES} bytes" in PAGE
    assert f"last number is {SEQUENCE_MAX:,}" in PAGE


def test_every_byte_of_the_worked_example_is_in_a_dump():
    image = worked_example()
    assert hexdump("identity part") == raw_on(image, Sfi.IDENTITY)
    assert hexdump("desk part") == raw_on(image, Sfi.DESK)
    assert hexdump("meter part") == written_back()
    assert f"has the code `{image.code.hex()}`" in PAGE


@BY_NAME
def test_macs_cover_what_the_page_says(name):
    purpose = Purpose.METER_RECORD if name == "meter part" else Purpose.DESK_RECORD
    raw = hexdump(name)
    head = METER.to_bytes(8, "big") + (7).to_bytes(4, "big") + b"M"
    assert cmac(purpose, head + raw[:-8])[:8] == raw[-8:]


def cmac(purpose: Purpose, text: bytes) -> bytes:
    mac = CMAC(AES(derive(TEST_MASTER_KEY, purpose, METER).raw))
    mac.update(text)
    return mac.finalize()


def test_the_code_is_the_one_of_the_formula():
    code = cmac(Purpose.CARD_AUTH, b"psc" + (7).to_bytes(4, "big"))[:3]
    assert worked_example().code == code


def test_a_packed_time_has_the_bits_of_the_page():
    packed = int.from_bytes(hexdump("meter part")[28:32], "big")
    fields = (packed >> 20, packed >> 16 & 15, packed >> 11 & 31, packed >> 6 & 31, packed & 63)
    assert Civil(2000 + fields[0], *fields[1:]) == unpack_minute(packed) == T


def test_what_has_no_room_is_said():
    shown = write_back_of(METER_PART.parse(written_back()), METER)
    missing = {f.name for f in WRITE_BACK.fields if getattr(shown, f.name) is None} | {"events"}
    rows = rows_of("left out | why it can be")
    named = {name.strip("` ") for row in rows for name in row[0].split(",")}
    assert missing <= named
    assert {name for name in named if name in {f.name for f in WRITE_BACK.fields}} == missing


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_the_table_of_readers_is_the_terminals(reader: Reader):
    heading = (
        "make | select | read | update | error counter | present code | change code | right |"
        " wrong, by tries left"
    )
    (row,) = [row for row in rows_of(heading) if row[0] == reader.name]
    select, read, update, counter, present, change, right, wrong = row[1:]
    assert select == (reader.select.hex() if reader.select else "none")
    assert read == f"ff{reader.read:02x}00 at n"
    assert update == f"ff{reader.update:02x}00 at n"
    assert counter == (f"ff{reader.counter:02x}000004" if reader.counter else "none")
    assert present == f"ff{reader.present:02x}000003"
    assert change == (f"ff{reader.change:02x}000103" if reader.change else "none")
    assert int(right, 16) == reader.right
    tries = {
        int(sw, 16): int(left)
        for left, sws in re.findall(r"(\d): `?([0-9a-f ]+)`?", wrong)
        for sw in sws.split()
    }
    assert tries == reader.tries


def test_a_page_that_is_off_by_one_is_seen():
    """The check can fail."""
    broken = PAGE.replace("| 4 | 4 | `loaded_cents`", "| 5 | 4 | `loaded_cents`", 1)
    assert broken != PAGE
    assert rows_of("address | size | holds", broken) == rows_of("address | size | holds")
    section = broken.split("\n## Desk part\n")[1]
    heading = "offset | size | field | kind | unit | holds"
    assert [int(row[0]) for row in rows_of(heading, section)] != [
        field.offset for field in DESK_PART.fields
    ]

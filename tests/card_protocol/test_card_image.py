"""An image is its bytes: written out, read back, and refused with a reason when they are wrong."""

from binascii import crc32
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.card.files import MF, Access, FileSpec, FileTree
from card_protocol.card.image import CardImage, LifeCycle, blank, personalise
from card_protocol.errors import LayoutError
from card_protocol.formats.budget import DF_ELECTRICITY, Sfi
from card_protocol.formats.budget.making import personalise_budget_card, secure_tree
from card_protocol.keys import Key, Purpose, derive
from tests.card_protocol.cards import MASTER_RAW, METER_ID, RECORDS, SIZES, budget_image
from tests.cells import each_cell

HEADER_SIZE, ROW_SIZE, CRC_SIZE = 0x44, 9, 4
TREES = {generation: secure_tree(DF_ELECTRICITY, generation) for generation in (1, 2)}
TABLE_SIZE = ROW_SIZE * len(SIZES)


def with_crc(body: bytes) -> bytes:
    return body + crc32(body).to_bytes(4, "big")


def patched(raw: bytes, offset: int, new: bytes) -> bytes:
    return with_crc(raw[:offset] + new + raw[offset + len(new) : -CRC_SIZE])


def new_card(meter_id: int, records: dict[Sfi, bytes], pin: str = "1234") -> CardImage:
    return personalise_budget_card(
        Key(MASTER_RAW), meter_id, records, pin=pin, generation=1, df=DF_ELECTRICITY
    )


def images() -> list[CardImage]:
    issued = budget_image()
    spent = [issued.with_tries(counter, 0) for counter in range(3)]
    return [blank(), issued, issued.in_use(), issued.with_tries(0, 1).with_tries(1, 3), *spent]


@each_cell("image", images(), ids=lambda image: image.life_cycle.name)
def test_an_image_reads_back_as_it_was_written(image):
    again = CardImage.from_bytes(image.to_bytes())
    assert again == image
    assert hash(again) == hash(image)
    assert again.to_bytes() == image.to_bytes()
    assert (again.life_cycle, again.tries_left) == (image.life_cycle, image.tries_left)


def test_every_field_lies_where_the_table_says():
    """The layout written out a second time, by hand, from its description."""
    image = budget_image().with_tries(0, 2).with_tries(1, 7).with_tries(2, 9)
    master = Key(MASTER_RAW)
    purposes = (Purpose.METER_AUTH, Purpose.DESK_AUTH, Purpose.CARD_AUTH)
    keys = b"".join(derive(master, purpose, METER_ID).raw for purpose in purposes)
    contents = b"".join(RECORDS.values())
    size = HEADER_SIZE + TABLE_SIZE + len(contents) + CRC_SIZE
    rules = {1: "8002", 2: "0302", 3: "0301"}
    table = b"".join(
        bytes.fromhex(f"df01 ef{sfi:02x} {sfi:02x} {rules[sfi]} {SIZES[sfi]:04x}") for sfi in Sfi
    )
    head = b"SC\x01\x03" + size.to_bytes(4, "big") + bytes((3, 2, 7, 9)) + b"73519\xff\xff\xff"
    assert image.to_bytes() == with_crc(head + keys + table + contents)


def test_equal_images_have_equal_bytes_and_no_others():
    image = budget_image()
    assert image == budget_image()
    assert image != replace(image, desk_key=Key(bytes(16)))
    assert image != image.with_content(DF_ELECTRICITY, Sfi.DESK, bytes(64))
    assert image != "an image"


def test_every_flipped_bit_is_noticed():
    raw = budget_image().to_bytes()
    for at in range(len(raw)):
        flipped = raw[:at] + bytes((raw[at] ^ 1 << at % 8,)) + raw[at + 1 :]
        with pytest.raises(LayoutError):
            CardImage.from_bytes(flipped)


def test_every_truncation_and_any_padding_is_noticed():
    raw = budget_image().to_bytes()
    for size in range(len(raw)):
        with pytest.raises(LayoutError) as refused:
            CardImage.from_bytes(raw[:size])
        assert refused.value.offset == (0 if size < HEADER_SIZE + CRC_SIZE else 4), size
    with pytest.raises(LayoutError, match="at offset 4"):
        CardImage.from_bytes(raw + b"\x00")


@each_cell(
    ("offset", "new", "why"),
    [
        (0x00, b"XX", "at offset 0 expected magic 4d43 or magic 5043 or magic 5343, got 5858"),
        (0x02, b"\x02", "at offset 2 expected version 1, got 2"),
        (0x03, b"\x02", "at offset 3 expected a life cycle, got 2"),
        (0x03, b"\x01", "at offset 12 expected a PIN, or none in a blank card"),
        (0x03, b"\x0c", "at offset 9 expected a counter at 0 in a blocked card"),
        (0x04, b"\x00\x00\x10\x00", "at offset 4 expected 4096 bytes"),
        (0x08, b"\x04", "file tree: at offset 3 expected an EF identifier"),
        (0x08, b"\x02", "at offset 8 expected 202 bytes for these files, got 365"),
        (0x08, b"\xff", "at offset 8 expected room for 255 files, got 365"),
        (0x09, b"\x04", "at offset 9 expected at most 3 tries left, got 4"),
        (0x0A, b"\x0b", "at offset 10 expected at most 10 tries left, got 11"),
        (0x0B, b"\x0b", "at offset 11 expected at most 10 tries left, got 11"),
        (0x0B, b"\x00", "at offset 9 expected a counter at 0 in a blocked card"),
        (0x0C, b"12a4", "at offset 12 expected a PIN"),
        (0x0C, b"\xff" * 8, "at offset 12 expected a PIN"),
        (0x44 + 2, b"\x3f\x00", "file tree: at offset 0 expected an EF identifier"),
        (0x44 + 4, b"\x00", "file tree: at offset 0 expected a short identifier"),
        (0x44 + 4, b"\x02", "file tree: at offset 0 expected every file its own"),
        (0x44 + 5, b"\x81", "at offset 73 expected an access rule, got 129"),
        (0x44 + 6, b"\x08", "at offset 74 expected an access rule, got 8"),
        (0x44 + 7, b"\x00\x00", "file tree: at offset 0 expected a size of 1"),
        (0x44 + 7, b"\x00\x31", "at offset 8 expected 366 bytes for these files, got 365"),
    ],
)
def test_a_wrong_field_says_where_and_what(offset, new, why):
    with pytest.raises(LayoutError, match=why):
        CardImage.from_bytes(patched(budget_image().to_bytes(), offset, new))


def test_a_wrong_checksum_says_so():
    raw = budget_image().to_bytes()
    with pytest.raises(LayoutError, match=f"at offset {len(raw) - 4} expected CRC-32"):
        CardImage.from_bytes(raw[:-1] + bytes((raw[-1] ^ 1,)))


@given(st.integers(0, HEADER_SIZE + TABLE_SIZE - 1), st.binary(min_size=1, max_size=4))
def test_any_header_is_an_image_or_refused(offset, new):
    raw = patched(budget_image().to_bytes(), offset, new)
    try:
        image = CardImage.from_bytes(raw)
    except LayoutError:
        return
    assert image.to_bytes() == raw


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader(raw):
    with pytest.raises(LayoutError):
        CardImage.from_bytes(b"SC\x01" + raw)


def test_a_budget_card_holds_its_records_and_its_meters_keys():
    image = budget_image()
    assert {sfi: image.content(DF_ELECTRICITY, sfi) for sfi in Sfi} == RECORDS
    other = new_card(METER_ID + 1, RECORDS)
    mine = {image.meter_key.raw, image.desk_key.raw, image.card_key.raw}
    assert len(mine) == 3
    assert not mine & {other.meter_key.raw, other.desk_key.raw, other.card_key.raw}


def test_a_file_without_a_record_is_erased():
    image = new_card(METER_ID, {})
    assert all(image.content(DF_ELECTRICITY, sfi) == b"\xff" * SIZES[sfi] for sfi in Sfi)


@each_cell("sfi", Sfi)
@each_cell("surplus", [-1, 1])
def test_a_record_of_another_size_is_refused(sfi, surplus):
    record = bytes(SIZES[sfi] + surplus)
    with pytest.raises(LayoutError, match=f"expected {SIZES[sfi]} bytes, got {len(record)} bytes"):
        new_card(METER_ID, {sfi: record})
    with pytest.raises(LayoutError):
        budget_image().with_content(DF_ELECTRICITY, sfi, record)


@each_cell("pin", ["", "123", "123456789", "12a4", "١٢٣٤", "\ud800123"])
def test_a_pin_is_four_to_eight_digits(pin):
    with pytest.raises(LayoutError, match="expected 4 to 8 digits") as caught:
        new_card(METER_ID, {}, pin=pin)
    assert not pin or pin not in str(caught.value)


def test_there_are_as_many_contents_as_files():
    key = Key(bytes(16))
    with pytest.raises(LayoutError, match="at offset 68 expected 3 contents, got 1"):
        personalise(TREES[1], (bytes(48),), meter_key=key, desk_key=key, card_key=key, pin="1234")


def test_a_file_that_is_not_there_is_a_key_error():
    with pytest.raises(KeyError, match="no file 6 in DF DF01"):
        budget_image().content(DF_ELECTRICITY, 6)


def spec(**changes: int) -> FileSpec:
    return replace(FileSpec(0xDF01, 0xEF01, 1, 16, Access.ALWAYS, Access.NEVER), **changes)  # type: ignore[arg-type]


@each_cell(
    "specs",
    [
        [spec(df=0x0000)],
        [spec(df=0x3FFF)],
        [spec(df=0xFFFF)],
        [spec(df=0x1_0000)],
        [spec(fid=0x0000)],
        [spec(fid=MF)],
        [spec(fid=0x3FFF)],
        [spec(fid=0xFFFF)],
        [spec(fid=0xDF01)],
        [spec(sfi=0)],
        [spec(sfi=31)],
        [spec(size_bytes=0)],
        [spec(size_bytes=0x8000)],
        [spec(), spec(fid=0xEF02)],
        [spec(), spec(sfi=2)],
        [spec(), spec(df=0xDF02, fid=0xDF01)],
        [spec(df=df, fid=0x100 + sfi, sfi=sfi) for df in range(1, 10) for sfi in range(1, 31)],
    ],
)
def test_a_tree_no_card_could_have_is_refused(specs):
    with pytest.raises(LayoutError, match="file tree"):
        FileTree(specs)


def test_one_identifier_may_serve_in_two_dfs():
    tree = FileTree([spec(), spec(df=0xDF02), spec(df=MF)])
    assert [tree.by_sfi(df, 1) for df in (0xDF01, 0xDF02, MF, 0xDF03)] == [0, 1, 2, None]
    assert [tree.by_fid(df, 0xEF01) for df in (0xDF01, 0xDF02, MF)] == [0, 1, 2]
    assert tree.dfs == {MF, 0xDF01, 0xDF02}


def test_life_cycles_are_the_standards_status_bytes():
    # ISO/IEC 7816-4, "Life cycle status byte": creation, initialisation, activated, terminated
    assert [state.value for state in LifeCycle] == [0x01, 0x03, 0x07, 0x0C]

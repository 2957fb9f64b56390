"""A meter image explained as a whole: every byte once, nothing raises, no image is one line."""

from collections.abc import Iterator, Sequence
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meter_emu.errors import ConfigError, ImageError
from meter_emu.explain.meter import (
    check_image,
    explain_image,
    image_model,
    image_size_bytes,
    meter_id_of,
)
from meter_emu.explain.records import FACTORY_MEANINGS, state_meanings
from meter_emu.firmware.layouts import FACTORY, FACTORY_AT, STATE, STATE_AT, with_crc
from meter_emu.resources import built_in, find
from meter_emu.rows import UNITS, Part, Row, differences
from meter_emu.world.meter.image import board_of, image_of
from meter_emu.world.meter.model import load_model
from tests.cells import each_cell
from tests.world.meter.images import (
    BUILD,
    CELLS_AT,
    IMAGE,
    MAY_2020_US,
    METER,
    MODEL,
    installed,
    part_of,
    sealed,
    with_cells,
)

PARTS = explain_image(IMAGE, MODEL, fold=False)


def rows(parts: Sequence[Part]) -> Iterator[Row]:
    for part in parts:
        yield from part.rows


def assert_covers(parts: Sequence[Part], size: int) -> None:
    at = 0
    for part in parts:
        assert part.offset == at, part.name
        for row in part.rows:
            assert (row.offset, row.size_bytes > 0) == (at, True), (part.name, row)
            at += row.size_bytes
    assert at == size


# Every byte once ----------------------------------------------------------------------------------


@each_cell("name", built_in("meters"))
@each_cell("fold", [True, False])
def test_every_byte_of_every_model_is_explained_once_and_in_order(name: str, fold: bool) -> None:
    model = load_model(find("meters", name))
    raw = image_of(installed(model), model)
    check_image(raw, model, "new")
    parts = explain_image(raw, model, fold=fold)
    assert_covers(parts, len(raw))
    assert all(part.sound for part in parts), [part for part in parts if not part.sound]
    assert image_model(raw, "new") == model
    assert meter_id_of(parts) == METER


@pytest.mark.slow("explains memories of every size")
@each_cell("size", [512, 1024, 2048, 65_536])
@each_cell("page", [8, 64])
def test_memories_of_other_sizes_are_explained_too_also_ones_too_small_for_a_state(size, page):
    model = msgspec.structs.replace(MODEL, eeprom_size_bytes=size, eeprom_page_bytes=page)
    raw = bytes(image_size_bytes(model))
    for fold in (True, False):
        assert_covers(explain_image(raw, model, fold=fold), len(raw))


def test_records_lie_where_the_program_puts_them() -> None:
    parts = explain_image(IMAGE, MODEL)
    names = ("factory record", "state record, copy 0", "state record, copy 1")
    places = [(part_of(parts, name).offset - CELLS_AT) for name in names]
    assert places == [FACTORY_AT, *STATE_AT]
    sizes = [part_of(parts, name).size_bytes for name in names]
    assert sizes == [FACTORY.size_bytes, STATE.size_bytes, STATE.size_bytes]


def test_no_field_of_a_record_is_without_words() -> None:
    """Each is explained by its name or its unit, shows its unit, or is one of these."""
    in_pieces, checked, plain = {"defer_end", "cut_end", "latched_end", "events"}, {"crc"}, {
        "sequence", "order_number", "tariff_number", "card_number", "order_mac",
    }  # fmt: skip
    silent, asked = set(), set()
    of_state = state_meanings(MODEL.zone)
    for layout, meanings in ((FACTORY, FACTORY_MEANINGS), (STATE, of_state)):
        for field in layout.fields:
            shown = {field.name, field.unit} & (meanings.keys() | UNITS.keys())
            asked |= shown
            if not shown and not field.unit:
                silent.add(field.name)
    assert silent == in_pieces | checked | plain
    assert FACTORY_MEANINGS.keys() | of_state.keys() <= asked, "a meaning of no field"


def test_an_erased_range_is_one_line() -> None:
    unused = part_of(explain_image(IMAGE, MODEL), "unused cells")
    assert (len(unused.rows), unused.rows[0].note) == (1, "erased")
    assert unused.rows[0].raw == f"ff * {16_384 - 0x300}"


# Whatever the bytes hold --------------------------------------------------------------------------


def random_image(noise: bytes, seed: int) -> bytes:
    """Return an image with a valid header and CRC, all else random; `noise` opens records."""
    body = bytearray(Random(seed).randbytes(len(IMAGE)))
    body[:32] = IMAGE[:32]
    for at in (FACTORY_AT, *STATE_AT):
        start = CELLS_AT + at
        record = noise.ljust(STATE.size_bytes, b"\0")[: STATE.size_bytes]
        magic = FACTORY.magic if at == FACTORY_AT else STATE.magic
        body[start : start + len(record)] = with_crc(magic + b"\x01" + record[3:])
    return sealed(bytes(body))


@pytest.mark.slow("cuts or changes it anywhere")
@given(noise=st.binary(max_size=192), seed=st.integers(0, 2**32), fold=st.booleans())
def test_random_bytes_under_a_valid_header_are_explained(noise, seed, fold):
    raw = random_image(noise, seed)
    check_image(raw, MODEL, "random")
    parts = explain_image(raw, MODEL, fold=fold)
    assert_covers(parts, len(raw))
    for row in rows(parts):
        assert row.meaning.isprintable(), row
        assert row.raw.isprintable()


@pytest.mark.slow("cuts or changes it anywhere")
@given(
    offset=st.integers(32, len(IMAGE) - 5),
    change=st.integers(1, 255),
    more=st.lists(st.integers(32, len(IMAGE) - 5), max_size=3),
)
def test_a_changed_byte_is_in_the_difference_at_its_offset_and_no_other_is(offset, change, more):
    changed = bytearray(IMAGE)
    for at in {offset, *more}:
        changed[at] ^= change
    raw = sealed(bytes(changed))
    found = list(differences(PARTS, explain_image(raw, MODEL, fold=False), IMAGE, raw))
    named = {at for one in found for at in range(one.a.offset, one.a.offset + one.a.size_bytes)}
    unlike = {at for at, (was, now) in enumerate(zip(IMAGE, raw, strict=True)) if was != now}
    assert unlike <= named
    for one in found:
        assert unlike & set(range(one.a.offset, one.a.offset + one.a.size_bytes))
        assert (one.a.offset, one.a.size_bytes) == (one.b.offset, one.b.size_bytes)


def test_of_bytes_that_mean_nothing_only_the_different_ones_are_named() -> None:
    raw = with_cells(0x1000, b"\x00\x11")
    a, b = (explain_image(one, MODEL, fold=False) for one in (IMAGE, raw))
    cells, crc = differences(a, b, IMAGE, raw)
    assert (cells.a.offset, cells.a.size_bytes) == (CELLS_AT + 0x1000, 2)
    assert (cells.a.raw, cells.b.raw) == ("ffff", "0011")
    assert crc.a.field == "crc"


def test_an_image_is_no_different_from_itself() -> None:
    parts = explain_image(IMAGE, MODEL, fold=False)
    assert list(differences(parts, parts, IMAGE, IMAGE)) == []


# What is no image ---------------------------------------------------------------------------------


@each_cell(
    ("raw", "says"),
    [
        (b"", "expected MEMI, got nothing"),
        (b"SC" + IMAGE[2:], "at offset 0 expected MEMI"),
        (IMAGE[:4] + b"\x02" + IMAGE[5:], "at offset 4 expected version 1, got 02"),
        (IMAGE[:-1], f"expected {len(IMAGE)} bytes, got {len(IMAGE) - 1} bytes"),
        (IMAGE + b"\0", f"got {len(IMAGE) + 1} bytes"),
        (IMAGE[:-1] + b"\0", f"at offset {len(IMAGE) - 4} expected CRC-32"),
        (sealed(IMAGE[:8] + b"other".ljust(24, b"\0") + IMAGE[32:]), "got other"),
    ],
)
def test_what_is_no_image_of_the_model_is_one_line(raw, says):
    with pytest.raises(ImageError, match=says):
        check_image(raw, MODEL, "x.image")


def test_a_name_the_terminal_would_obey_is_written_out() -> None:
    raw = IMAGE[:8] + b"\x1b[2J".ljust(24, b"\0") + IMAGE[32:]
    with pytest.raises(ConfigError) as caught:
        image_model(raw, "x.image")
    assert "\x1b" not in str(caught.value)


def test_what_is_explained_as_sound_starts_a_meter() -> None:
    assert all(part.sound for part in explain_image(IMAGE, MODEL))
    board = board_of(
        IMAGE, MODEL, BUILD, (0,) * 24,
        drift_ppb=0, now_us=MAY_2020_US, fate=Random(3), path="x.image",
    )  # fmt: skip
    assert image_of(board, MODEL) == IMAGE

"""What is wrong or missing in a meter image is said at its row or part; a key is in no word."""

from card_protocol.keys import Purpose, derive
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.explain.meter import explain_image, meter_id_of
from meter_emu.firmware.layouts import FACTORY, FACTORY_AT, STATE_AT, with_crc
from meter_emu.rows import NOT_SHOWN, differences
from meter_emu.world.meter.image import image_of
from tests.cells import each_cell
from tests.world.meter.images import (
    CELLS_AT,
    IMAGE,
    METER,
    MODEL,
    installed,
    part_of,
    row_of,
    sealed,
    with_cells,
    with_state,
)


@each_cell(
    ("field", "value"),
    [
        ("lost_by", 99), ("health", 99), ("supply", 3), ("account", 3), ("order_result", 0x99),
        ("price_ueur_per_wh", 0), ("version", 1), ("magic", b"XX"),
    ],
)  # fmt: skip
def test_a_field_of_the_state_out_of_range_is_said_although_the_crc_is_right(field, value):
    raw = with_state(**{field: value})
    assert row_of(raw, field).wrong
    assert row_of(raw, "crc").note == "holds"


@each_cell(
    ("field", "value"),
    [("energy", 9), ("meter_id", 0), ("window_start_minute", 1440), ("rtc_base", 3)],
)
def test_a_field_of_the_factory_record_out_of_range_is_said(field, value):
    record = FACTORY.parse(IMAGE[CELLS_AT : CELLS_AT + FACTORY.size_bytes])
    values = {one.name: getattr(record, one.name) for one in FACTORY.fields} | {field: value}
    raw = with_cells(FACTORY_AT, with_crc(FACTORY.build(FACTORY.record(**values))))
    assert row_of(raw, field, "factory record").wrong


@each_cell(
    ("part", "field", "at", "data", "says"),
    [
        ("backup", "charge", 57, b"\x01" + bytes(7), "at most 40 d"),
        ("switch", "position", 65, b"\x05", "unknown bits 04"),
        ("metrology", "remainder", 70, b"\xff\xff\xff\xff", "less than"),
        ("clock", "phase", 48, b"\xff" * 8, "less than one second"),
        ("header", "reserved", 5, b"\0\1\0", "expected 00"),
    ],
)
def test_a_chip_out_of_range_is_said(part, field, at, data, says):
    raw = sealed(IMAGE[:at] + data + IMAGE[at + len(data) :])
    assert says in row_of(raw, field, part).wrong


def test_cells_that_belong_to_nothing_are_wrong_when_written() -> None:
    raw = with_cells(0x1234, b"\x00")
    unused = part_of(explain_image(raw, MODEL), "unused cells")
    assert [row.field for row in unused.rows] == [
        "0300h to 11FFh", "1200h to 123Fh", "1240h to 3FFFh",
    ]  # fmt: skip
    assert unused.rows[1].wrong == "1 of them written, but nothing belongs here"


def test_weak_cells_are_named_and_said_of_the_record_they_are_in() -> None:
    board = installed()
    board.eeprom.weak.update({STATE_AT[0] + 1, STATE_AT[0] + 2, 0x1000})
    parts = explain_image(image_of(board, MODEL), MODEL)
    assert "0101h, 0102h, 1000h" in part_of(parts, "weak cells").said
    assert "2 weak" in part_of(parts, "state record, copy 0").said
    notes = [row.note for row in part_of(parts, "weak cells").rows]
    assert [note.startswith("none") for note in notes] == [True, False, True, False, True]


def test_pages_with_the_same_weak_bits_name_their_own_cells() -> None:
    board = installed()
    board.eeprom.weak.update({0x1000, 0x1040})
    part = part_of(explain_image(image_of(board, MODEL), MODEL), "weak cells")
    assert [row.note[-5:] for row in part.rows if row.note != "none"] == ["1000h", "1040h"]


def test_wear_is_summed_up_and_too_much_of_it_said() -> None:
    board = installed()
    board.eeprom.wear[4], board.eeprom.wear[5] = 7, 1_000_001
    part = part_of(explain_image(image_of(board, MODEL), MODEL), "wear")
    assert part.said == "2 of 256 pages written, page 5 most: 1000001 times"
    assert [(row.field, row.value, bool(row.wrong)) for row in part.rows] == [
        ("pages 0 to 3", 0, False), ("page 4", 7, False), ("page 5", 1_000_001, True),
        ("pages 6 to 255", 0, False),
    ]  # fmt: skip


def test_a_meter_without_factory_record_has_no_number() -> None:
    raw = with_cells(FACTORY_AT, b"\xff" * FACTORY.size_bytes)
    parts = explain_image(raw, MODEL)
    assert meter_id_of(parts) is None
    assert "NOT CONFIGURED" in part_of(parts, "factory record").said
    record = IMAGE[CELLS_AT : CELLS_AT + FACTORY.size_bytes]
    other = with_cells(FACTORY_AT, with_crc(record[:4] + b"x" + record[5:]))
    assert part_of(explain_image(other, MODEL), "factory record").wrong == (
        "it is of another model",
    )
    broken = with_cells(FACTORY_AT + 30, b"\xff")
    assert meter_id_of(explain_image(broken, MODEL)) is None


def test_no_key_is_in_any_word() -> None:
    other = bytearray(IMAGE)
    other[CELLS_AT + 130] ^= 1
    raw = sealed(bytes(other))
    a, b = explain_image(IMAGE, MODEL, fold=False), explain_image(raw, MODEL, fold=False)
    said = repr(explain_image(IMAGE, MODEL)) + repr(list(differences(a, b, IMAGE, raw)))
    assert f"16 bytes, {NOT_SHOWN}, another" in said
    for purpose in Purpose:
        assert derive(TEST_MASTER_KEY, purpose, METER).raw.hex() not in said

"""A meter image explained: every byte once, nothing raises, and what is said is right."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from zlib import crc32

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.keys import Purpose, derive
from card_protocol.timestamp import Civil
from meter_emu.desk.bench_key import BENCH_MASTER_KEY
from meter_emu.errors import ConfigError, ImageError
from meter_emu.explain.clocks import explain_clock
from meter_emu.explain.ds3231 import DS3231
from meter_emu.explain.meter import (
    CLOCKS,
    check_image,
    explain_image,
    image_model,
    image_size_bytes,
    meter_id_of,
)
from meter_emu.explain.pcf8563 import PCF8563
from meter_emu.explain.records import FACTORY_FIELDS, STATE_FIELDS
from meter_emu.firmware.calendar import Calendar
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.layouts import FACTORY, FACTORY_AT, STATE, STATE_AT, with_crc
from meter_emu.firmware.memory import Memory
from meter_emu.firmware.zone import Zone
from meter_emu.hardware.rtc import ds3231, pcf8563
from meter_emu.resources import built_in, find
from meter_emu.rows import NOT_SHOWN, Part, Row, differences
from meter_emu.world.board import Board
from meter_emu.world.build import parse_build
from meter_emu.world.commission import Installation, install
from meter_emu.world.image import board_of, image_of
from meter_emu.world.model import MeterModel, load_model

MODEL = load_model(find("meters", "electricity-pcf8563-utc"))
METER = 541_000_000_001
MAY_2020_US = 1_588_300_000_000_000
BUILD = parse_build("reference")
FIRST = datetime(2000, 1, 1)  # noqa: DTZ001  what registers and cards hold has no zone
LAST = FIRST.replace(year=2099, month=12, day=31, hour=23, minute=59, second=59)
IN_THE_CLOCKS_RANGE = st.datetimes(FIRST, LAST)
NIGHT = FIRST.replace(year=2020, month=7, day=3, hour=21, minute=1)


def installed(model: MeterModel = MODEL, now_us: int = MAY_2020_US) -> Board:
    story = Installation(
        meter_id=METER,
        balance_cents=1_000,
        load=(100,) * 24,
        clock_error_us=0,
        drift_ppb=0,
        clock_set_us=now_us,
    )
    return install(model, BUILD, story, master=BENCH_MASTER_KEY, now_us=now_us, fate=Random(1))


def sealed(raw: bytes) -> bytes:
    """Return the bytes of an image with the CRC of the file made right."""
    return raw[:-4] + crc32(raw[:-4]).to_bytes(4, "big")


IMAGE = image_of(installed(), MODEL)
PARTS = explain_image(IMAGE, MODEL, fold=False)
CELLS_AT = next(
    part.offset - FACTORY_AT for part in explain_image(IMAGE, MODEL) if "factory" in part.name
)


def with_cells(at: int, data: bytes) -> bytes:
    """Return the image with some EEPROM cells changed."""
    start = CELLS_AT + at
    return sealed(IMAGE[:start] + data + IMAGE[start + len(data) :])


def with_state(**changes: int | bytes) -> bytes:
    """Return the image with some fields of its state changed and its CRC right."""
    state = STATE.parse(IMAGE[CELLS_AT + STATE_AT[0] :][: STATE.size_bytes])
    for name, value in changes.items():
        setattr(state, name, value)
    return with_cells(STATE_AT[0], with_crc(STATE.build(state)))


def part_of(parts: Sequence[Part], name: str) -> Part:
    (found,) = [part for part in parts if part.name == name]
    return found


def row_of(raw: bytes, field: str, part: str = "state record, copy 0") -> Row:
    (found,) = [row for row in part_of(explain_image(raw, MODEL), part).rows if row.field == field]
    return found


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


@pytest.mark.parametrize("name", built_in("meters"))
@pytest.mark.parametrize("fold", [True, False])
def test_every_byte_of_every_model_is_explained_once_and_in_order(name: str, fold: bool) -> None:
    model = load_model(find("meters", name))
    raw = image_of(installed(model), model)
    check_image(raw, model, "new")
    parts = explain_image(raw, model, fold=fold)
    assert_covers(parts, len(raw))
    assert all(part.sound for part in parts), [part for part in parts if not part.sound]
    assert image_model(raw, "new") == model
    assert meter_id_of(parts) == METER


@pytest.mark.parametrize("size", [512, 1024, 2048, 65_536])
@pytest.mark.parametrize("page", [8, 64])
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
    assert {field.name for field in FACTORY.fields} == FACTORY_FIELDS.keys()
    assert {field.name for field in STATE.fields} == STATE_FIELDS.keys()


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


@given(noise=st.binary(max_size=192), seed=st.integers(0, 2**32), fold=st.booleans())
def test_random_bytes_under_a_valid_header_are_explained(noise, seed, fold):
    raw = random_image(noise, seed)
    check_image(raw, MODEL, "random")
    parts = explain_image(raw, MODEL, fold=fold)
    assert_covers(parts, len(raw))
    for row in rows(parts):
        assert row.meaning.isprintable(), row
        assert row.raw.isprintable()


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


# Clocks, against datetime and the program's own zone ----------------------------------------------


def bcd(value: int) -> int:
    return int(f"{value:02}", 16)


def as_legal(when: datetime) -> str:
    """Return what an instant is called, by the firmware's integer rule."""
    minute = (when.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(minutes=1)
    legal = Zone(Calendar()).to_legal(minute)
    same_day = (legal.year, legal.month, legal.day) == (when.year, when.month, when.day)
    utc = f"{when:%H:%M:%S}" if same_day else f"{when:%Y-%m-%d %H:%M:%S}"
    return f"{legal}:{when:%S} legal, {utc} UTC"


def pcf8563_bytes(when: datetime, *, vl: bool = False, stop: bool = False, running: bool = True):
    registers = bytearray(16)
    registers[0] = 0x20 * stop
    registers[2:9] = bytes((
        bcd(when.second) | 0x80 * vl, bcd(when.minute), bcd(when.hour), bcd(when.day),
        when.isoweekday() % 7, bcd(when.month), bcd(when.year % 100),
    ))  # fmt: skip
    return bytes(registers) + bytes(8) + bytes((running,))


def ds3231_bytes(when: datetime, *, twelve: bool = False, osf: bool = False) -> bytes:
    registers = bytearray(19)
    hour = int(f"{when:%I}", 16) | 0x40 | 0x20 * (when.hour >= 12) if twelve else bcd(when.hour)
    registers[:7] = bytes((
        bcd(when.second), bcd(when.minute), hour, when.isoweekday(), bcd(when.day),
        bcd(when.month), bcd(when.year % 100),
    ))  # fmt: skip
    registers[0x0F] = 0x80 * osf
    return bytes(registers) + bytes(8) + b"\x01"


@given(when=IN_THE_CLOCKS_RANGE)
def test_the_pcf8563_is_read_as_datetime_wrote_it(when):
    part = explain_clock(PCF8563, pcf8563_bytes(when), 32, "utc")
    assert part.said == f"shows {as_legal(when)}"
    assert part.sound
    weekday = part.rows[6]
    assert weekday.note == f"weekday {when.isoweekday() % 7:02}, {when:%A}"


@given(when=IN_THE_CLOCKS_RANGE, twelve=st.booleans())
def test_the_ds3231_is_read_as_datetime_wrote_it_in_both_its_modes(when, twelve):
    part = explain_clock(DS3231, ds3231_bytes(when, twelve=twelve), 32, "utc")
    assert part.said == f"shows {as_legal(when)}"
    assert part.sound
    assert part.rows[3].note == f"weekday {when.isoweekday():02}, {when:%A}"
    hour = part.rows[2].note
    assert hour.startswith(f"hour {when:%I} {when:%p}" if twelve else f"hour {when:%H}")


def test_registers_in_another_time_base_are_said_with_the_time_they_mean() -> None:
    raw = pcf8563_bytes(NIGHT.replace(hour=22))
    said = explain_clock(PCF8563, raw, 32, "standard").said
    assert said.startswith("shows 2020-07-03 23:01:00 legal, 21:01:00 UTC")
    assert "22:01:00 standard time" in said
    raw = pcf8563_bytes(NIGHT.replace(hour=23))
    said = explain_clock(PCF8563, raw, 32, "legal").said
    assert said.startswith("shows 2020-07-03 23:01:00 legal, 21:01:00 UTC")


def test_a_clock_that_stands_or_is_not_to_be_believed_is_said() -> None:
    for raw, words in (
        (pcf8563_bytes(NIGHT, vl=True), "not to be believed"),
        (pcf8563_bytes(NIGHT, stop=True), "stands still"),
        (pcf8563_bytes(NIGHT, running=False), "stands still"),
    ):
        part = explain_clock(PCF8563, raw, 32, "utc")
        assert words in part.said
        assert part.sound, "a state a clock can be in"
    assert "believed" in explain_clock(DS3231, ds3231_bytes(NIGHT, osf=True), 32, "utc").said


@pytest.mark.parametrize(
    ("register", "byte", "says"),
    [
        (2, 0x60, "want BCD 00 to 59, got 60"),
        (3, 0x1A, "want BCD 00 to 59, got 1a"),
        (4, 0x24, "want BCD 00 to 23"),
        (5, 0x00, "want BCD 01 to 31"),
        (6, 0x07, "want BCD 00 to 06"),
        (7, 0x13, "want BCD 01 to 12"),
        (8, 0xA0, "want BCD 00 to 99"),
        (3, 0x80, "unused bits 80"),
        (24, 0x02, "unknown bits 02"),
    ],
)
def test_a_register_out_of_range_is_said_at_its_row(register, byte, says):
    raw = bytearray(pcf8563_bytes(NIGHT))
    raw[register] = byte
    part = explain_clock(PCF8563, bytes(raw), 0, "utc")
    (wrong,) = [row.wrong for row in part.rows if row.wrong]
    assert says in wrong


def test_a_date_that_no_calendar_has_is_said_of_the_clock() -> None:
    raw = pcf8563_bytes(NIGHT.replace(year=2021, month=2))
    raw = raw[:5] + b"\x29" + raw[6:]
    (wrong,) = explain_clock(PCF8563, raw, 0, "utc").wrong
    assert "day is out of range" in wrong
    century = raw[:5] + b"\x29\x00\x82\x00" + raw[9:]
    assert explain_clock(PCF8563, century, 0, "utc").wrong, "2100 has no 29 February"


@pytest.mark.parametrize("chip", CLOCKS.values(), ids=CLOCKS)
@given(noise=st.data(), base=st.sampled_from(["utc", "standard", "legal"]))
def test_any_bytes_of_a_clock_are_explained(chip, noise, base):
    raw = noise.draw(st.binary(min_size=chip.size_bytes, max_size=chip.size_bytes))
    part = explain_clock(chip, raw, 32, base)
    assert [row.offset for row in part.rows][-1] == 32 + chip.size_bytes - 1
    assert part.size_bytes == chip.size_bytes


@pytest.mark.parametrize("chip", CLOCKS.values(), ids=CLOCKS)
def test_words_are_there_for_every_counter_and_flag_of_a_chip(chip):
    from meter_emu.hardware.rtc.registers import Kind

    fields = {bits.symbol for bits in chip.table if bits.kind is Kind.FIELD}
    flags = {bits.symbol for bits in chip.table if bits.kind is Kind.FLAG}
    told = {bits.symbol for bits in chip.table if bits.register in chip.fields}
    assert fields - told <= chip.counters.keys()
    assert flags <= chip.words.keys()


def test_sizes_are_those_of_the_chips() -> None:
    assert PCF8563.size_bytes == pcf8563.Pcf8563.IMAGE_BYTES
    assert DS3231.size_bytes == ds3231.Ds3231.IMAGE_BYTES


def test_the_divider_is_said_in_microseconds() -> None:
    board = installed(now_us=MAY_2020_US + 123_456)
    row = row_of(image_of(board, MODEL), "phase", "clock")
    assert row.note == "123456.000 µs into the second"


# Ends and events ----------------------------------------------------------------------------------

ENDS = EndStore(Calendar(), Zone(Calendar()))


@given(when=IN_THE_CLOCKS_RANGE)
def test_an_end_the_program_accepted_is_one_instant_here_too(when):
    end = ENDS.accept(Civil(when.year, when.month, when.day, when.hour, when.minute))
    raw = with_state(cut_end=end)
    civil, minute = row_of(raw, "cut_end.civil"), row_of(raw, "cut_end.utc_min")
    assert civil.note == f"T2: {when:%Y-%m-%d %H:%M} legal"
    assert (civil.wrong, minute.wrong) == ("", "")


@pytest.mark.parametrize(
    ("when", "utc"),
    [
        (Civil(2020, 7, 3, 23, 1), "2020-07-03 23:01 legal, 21:01 UTC"),
        (Civil(2020, 10, 25, 2, 30), "2020-10-25 02:30 legal, 01:30 UTC"),  # the later of two
        (Civil(2020, 3, 29, 2, 30), "2020-03-29 03:30 legal, 01:30 UTC"),  # does not exist
        (Civil(2020, 7, 4, 0, 30), "2020-07-04 00:30 legal, 2020-07-03 22:30 UTC"),
    ],
)
def test_an_end_is_civil_time_and_utc(when, utc):
    raw = with_state(defer_end=ENDS.accept(when))
    assert row_of(raw, "defer_end.utc_min").note == utc
    assert not row_of(raw, "defer_end.utc_min").wrong


def test_an_end_whose_two_times_are_two_instants_is_said() -> None:
    end = bytearray(ENDS.accept(Civil(2020, 7, 3, 23, 1)))
    end[8] ^= 1
    assert "another instant" in row_of(with_state(cut_end=bytes(end)), "cut_end.utc_min").wrong
    half = b"\xff" * 5 + bytes(end[5:])
    assert "another instant" in row_of(with_state(cut_end=half), "cut_end.utc_min").wrong
    feb = b"\x20\x02\x31\x00\x00" + bytes(end[5:])
    assert row_of(with_state(cut_end=feb), "cut_end.civil").wrong


def test_a_cut_before_the_end_of_the_deferral_is_said_of_the_record() -> None:
    late, early = ENDS.accept(Civil(2020, 7, 3, 23, 1)), ENDS.accept(Civil(2020, 6, 30, 9, 0))
    parts = explain_image(with_state(defer_end=late, cut_end=early), MODEL)
    assert "lies before" in part_of(parts, "state record, copy 0").wrong[0]


@pytest.mark.parametrize(
    ("entry", "note", "wrong"),
    [
        ("00a3caac 06 000007", "2020-05-29 10:12 legal, 08:12 UTC: order executed number 7", ""),
        ("00a3caac 08 001388", "2020-05-29 10:12 legal, 08:12 UTC: credit loaded 50.00 EUR", ""),
        ("00a3caac 07 000014", "2020-05-29 10:12 legal, 08:12 UTC: card refused as bad mac", ""),
        ("ffffffff 0a 000001", "at a time unknown: clock lost because low voltage", ""),
        ("00a3caac 01 000000", "2020-05-29 10:12 legal, 08:12 UTC: power on", ""),
        ("00a3caac 63 000000", "2020-05-29 10:12 legal, 08:12 UTC: event 99 (0)", "no such event"),
        ("00a3caac 07 000099", "2020-05-29 10:12 legal, 08:12 UTC: card refused as 153", "no such"),
        ("ffffffff ff ffffff", "no event", ""),
    ],
)
def test_events_are_told_with_legal_time_and_what_their_detail_means(entry, note, wrong):
    events = bytes.fromhex(entry) + b"\xff" * 56
    row = row_of(with_state(events=events), "events[0]")
    assert row.note == note
    assert row.wrong.startswith(wrong)
    assert bool(row.wrong) == bool(wrong)


# Copies, against the program's own memory ---------------------------------------------------------


def copy_of(sequence: int, mark: int, kind: str) -> bytes:
    state = STATE.parse(IMAGE[CELLS_AT + STATE_AT[0] :][: STATE.size_bytes])
    state.sequence, state.order_number = sequence, mark
    raw = bytearray(with_crc(STATE.build(state)))
    if kind == "torn":
        raw[70] ^= 0x55
    elif kind == "foreign":
        raw[0] ^= 1
    elif kind == "version":
        raw[2] = 9
        raw = bytearray(with_crc(bytes(raw)))
    elif kind == "erased":
        raw = bytearray(b"\xff" * len(raw))
    return bytes(raw)


KINDS = ["valid", "valid", "valid", "torn", "foreign", "version", "erased"]


@given(
    sequences=st.one_of(
        st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
        st.integers(0, 2**32 - 1).map(lambda one: (one, (one + 1) % 2**32)),
        st.integers(0, 2**32 - 1).map(lambda one: (one, one)),
        st.integers(0, 2**32 - 1).map(lambda one: (one, (one + 2**31) % 2**32)),
    ),
    kinds=st.tuples(st.sampled_from(KINDS), st.sampled_from(KINDS)),
    turned=st.booleans(),
)
def test_the_copy_said_to_be_loaded_is_the_one_the_program_loads(sequences, kinds, turned):
    board = installed()
    for index, (at, kind) in enumerate(zip(STATE_AT, kinds, strict=True)):
        sequence = sequences[1 - index if turned else index]
        raw = copy_of(sequence, 700 + index, kind)
        board.eeprom.cells[at : at + len(raw)] = raw
    loaded = Memory(board).state()
    parts = explain_image(image_of(board, MODEL), MODEL)
    copies = [part_of(parts, f"state record, copy {index}") for index in (0, 1)]
    said = [index for index, part in enumerate(copies) if "the program loads it" in part.said]
    assert said == ([] if loaded is None else [loaded.order_number - 700])
    for kind, part in zip(kinds, copies, strict=True):
        if kind == "erased":
            assert part.said.startswith("erased")
            assert not part.wrong
        else:
            assert part.said.startswith("valid") == (kind == "valid")
            assert bool(part.wrong) == (kind != "valid")
    if loaded is None:
        assert all("MEMORY FAULT" in f"{part.said}{part.wrong}" for part in copies)


def test_a_torn_save_says_so_and_why_the_other_copy_counts() -> None:
    board = installed()
    torn = copy_of(2, 0, "torn")
    board.eeprom.cells[STATE_AT[1] : STATE_AT[1] + len(torn)] = torn
    parts = explain_image(image_of(board, MODEL), MODEL)
    assert part_of(parts, "state record, copy 0").said == (
        "valid, the save after it does not count: the program loads it"
    )
    (wrong,) = part_of(parts, "state record, copy 1").wrong
    assert wrong == "torn or changed, its CRC does not hold: it is not loaded"


# What is out of range -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("flags", 0x80), ("health", 99), ("supply", 3), ("account", 3), ("order_result", 0x99),
        ("price_ueur_per_wh", 0), ("version", 2), ("magic", b"XX"),
    ],
)  # fmt: skip
def test_a_field_of_the_state_out_of_range_is_said_although_the_crc_is_right(field, value):
    raw = with_state(**{field: value})
    assert row_of(raw, field).wrong
    assert row_of(raw, "crc").note == "holds"


@pytest.mark.parametrize(
    ("field", "value"),
    [("energy", 9), ("meter_id", 0), ("window_start_minute", 1440), ("rtc_base", 3)],
)
def test_a_field_of_the_factory_record_out_of_range_is_said(field, value):
    record = FACTORY.parse(IMAGE[CELLS_AT : CELLS_AT + FACTORY.size_bytes])
    values = {one.name: getattr(record, one.name) for one in FACTORY.fields} | {field: value}
    raw = with_cells(FACTORY_AT, with_crc(FACTORY.build(FACTORY.record(**values))))
    assert row_of(raw, field, "factory record").wrong


@pytest.mark.parametrize(
    ("part", "field", "at", "data", "says"),
    [
        ("backup", "charge", 57, b"\x01" + bytes(7), "at most 40 d"),
        ("switch", "position", 65, b"\x05", "unknown bits 04"),
        ("metrology", "remainder", 70, b"\xff\xff\xff\xff", "less than"),
        ("clock", "phase", 48, b"\xff" * 8, "less than one second"),
        ("header", "reserved", 5, b"\0\1\0", "want 00"),
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
        assert derive(BENCH_MASTER_KEY, purpose, METER).raw.hex() not in said


# What is no image ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "want MEMI, got nothing"),
        (b"SC" + IMAGE[2:], "at offset 0 want MEMI"),
        (IMAGE[:4] + b"\x02" + IMAGE[5:], "at offset 4 want version 1, got 02"),
        (IMAGE[:-1], f"want {len(IMAGE)} bytes, got {len(IMAGE) - 1} bytes"),
        (IMAGE + b"\0", f"got {len(IMAGE) + 1} bytes"),
        (IMAGE[:-1] + b"\0", f"at offset {len(IMAGE) - 4} want CRC-32"),
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

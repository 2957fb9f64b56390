"""The records of a meter image explained: ends, events, and the copy the program loads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.timestamp import Civil
from meter_emu.explain.meter import explain_image
from meter_emu.firmware.calendar import Calendar, Zone
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.layouts import STATE, STATE_AT, with_crc
from meter_emu.firmware.memory import Memory
from meter_emu.world.meter.image import image_of
from meter_emu.zones import BELGIAN
from tests.cells import each_cell
from tests.firmware.meters import now_at
from tests.world.meter.images import (
    CELLS_AT,
    IMAGE,
    IN_THE_CLOCKS_RANGE,
    MODEL,
    installed,
    part_of,
    row_of,
    with_state,
)

# Ends and events ----------------------------------------------------------------------------------

NOW = now_at(0)
ENDS = EndStore(Calendar(), Zone(Calendar(), BELGIAN.rule))


@pytest.mark.slow("cuts or changes it anywhere")
@given(when=IN_THE_CLOCKS_RANGE)
def test_an_end_the_program_accepted_is_one_instant_here_too(when):
    end = ENDS.accept(Civil(when.year, when.month, when.day, when.hour, when.minute), NOW)
    raw = with_state(cut_end=end)
    civil, minute = row_of(raw, "cut_end.civil"), row_of(raw, "cut_end.utc_min")
    assert civil.note == f"T2: {when:%Y-%m-%d %H:%M} legal"
    assert (civil.wrong, minute.wrong) == ("", "")


@each_cell(
    ("when", "utc"),
    [
        (Civil(2020, 7, 3, 23, 1), "2020-07-03 23:01 legal, 21:01 UTC"),
        (Civil(2020, 10, 25, 2, 30), "2020-10-25 02:30 legal, 01:30 UTC"),  # the later of two
        (Civil(2020, 3, 29, 2, 30), "2020-03-29 03:30 legal, 01:30 UTC"),  # does not exist
        (Civil(2020, 7, 4, 0, 30), "2020-07-04 00:30 legal, 2020-07-03 22:30 UTC"),
    ],
)
def test_an_end_is_civil_time_and_utc(when, utc):
    raw = with_state(defer_end=ENDS.accept(when, NOW))
    assert row_of(raw, "defer_end.utc_min").note == utc
    assert not row_of(raw, "defer_end.utc_min").wrong


def test_an_end_whose_two_times_are_two_instants_is_said() -> None:
    end = bytearray(ENDS.accept(Civil(2020, 7, 3, 23, 1), NOW))
    end[8] ^= 1
    assert "another instant" in row_of(with_state(cut_end=bytes(end)), "cut_end.utc_min").wrong
    half = b"\xff" * 5 + bytes(end[5:])
    assert "another instant" in row_of(with_state(cut_end=half), "cut_end.utc_min").wrong
    feb = b"\x20\x02\x31\x00\x00" + bytes(end[5:])
    assert row_of(with_state(cut_end=feb), "cut_end.civil").wrong


def test_a_cut_before_the_end_of_the_deferral_is_said_of_the_record() -> None:
    late, early = (
        ENDS.accept(Civil(2020, 7, 3, 23, 1), NOW),
        ENDS.accept(Civil(2020, 6, 30, 9, 0), NOW),
    )
    parts = explain_image(with_state(defer_end=late, cut_end=early), MODEL)
    assert "lies before" in part_of(parts, "state record, copy 0").wrong[0]


@each_cell(
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


@pytest.mark.slow("cuts or changes it anywhere")
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

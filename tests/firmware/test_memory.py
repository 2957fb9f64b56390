"""The journalled memory under cuts at every instant of a save, and on bytes that are not ours."""

from collections.abc import Callable, Iterator
from itertools import chain, cycle, product, repeat
from random import Random, randrange
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from meter_emu.errors import PowerLost
from meter_emu.firmware.journal import READS_AFTER_POWER_UP
from meter_emu.firmware.layouts import (
    FACTORY,
    FACTORY_AT,
    STATE,
    STATE_AT,
    State,
    with_crc,
)
from meter_emu.firmware.memory import Memory
from meter_emu.hardware.eeprom import BLANK, MIXED, NEW, OLD, WEAK, WRITE_CYCLE_US
from meter_emu.ports import Button, Lamp
from meter_emu.units import SECOND_US
from meter_emu.world.meter.acts import Press
from meter_emu.world.meter.board import NEVER_US, Board
from tests.cells import each_cell, few
from tests.firmware.meters import Rig, state, stored_state
from tests.rigs import MODEL

PAGE = MODEL.eeprom_page_bytes
PAGES = STATE.size_bytes // PAGE
ERASED = b"\xff" * STATE.size_bytes
READS = 20  # enough for a weak cell to read as anything


class Fate(Random):
    """Says what each byte of a cut write becomes, and what a weak cell reads as."""

    def __init__(self, outcomes: Iterator[int]) -> None:
        super().__init__(7)
        self.outcomes: Iterator[int] = outcomes

    @override
    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        return super().randrange(start) if start != 256 else next(self.outcomes)


def board_with_two_states(fate: Random) -> tuple[Board, State, State]:
    """Return a board that holds a state twice saved, and the state that a save is about to write.

    Both copies are whole, so the save overwrites one: the older.
    """
    board = Rig(fate=fate).board
    memory = Memory(board)
    kept = memory.state()
    assert kept is not None
    kept.balance_ueur = 1_111_111
    memory.save(kept)
    old = stored_state(board)
    assert old is not None
    kept.balance_ueur, kept.order_number, kept.events = -2_222_222, 9, bytes(range(64))
    return board, old, kept


def content(state: State | None) -> tuple[Any, ...]:
    """Return what a save must keep whole: everything but its sequence and its checksum."""
    assert state is not None, "the state is lost"
    return (state.balance_ueur, state.order_number, state.events, state.defer_end, state.flags)


def cut_at(board: Board, state: State, at_us: int) -> bool:
    """Save with the supply failing at an instant; whether it failed before the save was over."""
    board.fails_at_us = at_us
    memory = Memory(board)
    assert memory.state() is not None
    try:
        memory.save(state)
    except PowerLost:
        board.lose_power()
        board.fails_at_us = NEVER_US
        board.now_us += 1_000_000
        board.regain_power()
        return True
    return False


def held(board: Board, old: State, new: State) -> None:
    """After power-up: old or new at each read, and after the boot save the same for ever."""
    both = {content(old), content(new)}
    for _ in range(READS):
        assert content(Memory(board).state()) in both
    memory = Memory(board)
    loaded = memory.state()
    assert loaded is not None
    memory.save(loaded)
    for _ in range(READS):
        assert content(Memory(board).state()) == content(loaded)


def save_times() -> tuple[int, int]:
    """Return when an uncut save begins and ends, of a board just made."""
    board, _, new = board_with_two_states(Random(1))
    memory = Memory(board)
    memory.state()
    begin_us = board.now_us
    memory.save(new)
    return begin_us, board.now_us


BEGIN_US, END_US = save_times()
EACH = few(1, short=3)  # of the instants, a run; others in others


def test_a_save_takes_three_pages_and_their_cycles():
    assert PAGES * WRITE_CYCLE_US < END_US - BEGIN_US < 3 * PAGES * WRITE_CYCLE_US


@pytest.mark.slow("cuts or changes it anywhere")
@each_cell("seed", range(6), short=1)
def test_a_cut_at_any_instant_of_a_save_leaves_the_old_state_or_the_new(seed):
    """Every byte on the bus (23 µs) is an instant of its own; inside a cycle fate decides."""
    for at_us in range(BEGIN_US + 1 + 23 * randrange(EACH), END_US + 1, 23 * EACH):
        board, old, new = board_with_two_states(Random(seed * 100_000 + at_us))
        if cut_at(board, new, at_us):
            held(board, old, new)


def test_an_uncut_save_is_the_new_state_for_ever():
    board, _, new = board_with_two_states(Random(1))
    assert not cut_at(board, new, NEVER_US)
    for _ in range(READS):
        assert content(Memory(board).state()) == content(new)


FATES = {"old": OLD, "erased": BLANK, "new": NEW, "mixed": MIXED, "weak": WEAK}


def cycle_instants() -> list[int]:
    """Return an instant inside the self-timed cycle of each page of a save."""
    board, _, new = board_with_two_states(Random(1))
    board.fails_at_us = NEVER_US
    memory = Memory(board)
    memory.state()
    instants, write = [], board.eeprom_write

    def noting(at: int, data: bytes) -> bool:
        taken = write(at, data)
        if taken:
            instants.append(board.now_us + 1)
        return taken

    board.eeprom_write = noting  # type: ignore[method-assign]
    memory.save(new)
    return instants


INSTANTS = cycle_instants()


@pytest.mark.slow("cuts or changes it anywhere")
@each_cell("page", range(PAGES))
@each_cell(("first", "rest"), list(product(FATES, FATES)), ids=lambda outcome: outcome, short=3)
def test_whichever_byte_a_cycle_got_to_the_state_is_old_or_new(page, first, rest):
    """Up to byte k one fate, another from there on, for every k of every page."""
    for k in range(0, PAGE + 1, 1 if "weak" not in (first, rest) else 7):
        outcomes = chain(fated(first, k), fated(rest, PAGE - k), flickering())
        fate = Fate(repeat(0))
        board, old, new = board_with_two_states(fate)
        fate.outcomes = outcomes
        assert cut_at(board, new, INSTANTS[page])
        fate.outcomes = flickering()
        held(board, old, new)


def fated(outcome: str, count: int) -> Iterator[int]:
    for n in range(count):
        yield FATES[outcome]
        if FATES[outcome] == MIXED:
            yield 0x5A ^ n


def flickering() -> Iterator[int]:
    return iter(Random(3).randbytes(1 << 14))


def test_there_is_a_cycle_for_each_page_of_a_save():
    assert len(INSTANTS) == PAGES
    assert BEGIN_US < min(INSTANTS) < max(INSTANTS) < END_US


@pytest.mark.slow("cuts or changes it anywhere")
@each_cell("at", range(STATE.size_bytes))
def test_any_one_weak_byte_is_settled_by_the_save_at_power_up(at):
    """The byte reads right at every other read: the copy is whole, broken, whole."""
    board, old, new = board_with_two_states(Random(1))
    assert not cut_at(board, new, NEVER_US)
    newest = max(STATE_AT, key=lambda place: int.from_bytes(board.eeprom.cells[place + 4 :][:4]))
    right = board.eeprom.cells[newest + at]
    board.eeprom.weak.add(newest + at)
    for readings in ((right, right ^ 0x10), (right ^ 0x10, right)):
        board.eeprom._flicker = cycle(readings).__next__  # type: ignore[misc]
        held(board, old, new)


@each_cell("right_reads", range(1, READS_AFTER_POWER_UP))
def test_a_copy_that_reads_right_some_times_at_power_up_does_not_count(right_reads):
    """Trusted, it would be kept, and the save that settles would overwrite the last whole copy.

    The supply goes again within that save: then nothing would be left to go on from.
    """
    board, old, new = board_with_two_states(Random(1))
    assert not cut_at(board, new, NEVER_US)
    newest = max(STATE_AT, key=lambda place: int.from_bytes(board.eeprom.cells[place + 4 :][:4]))
    right = board.eeprom.cells[newest + 20]
    board.eeprom.weak.add(newest + 20)
    readings = chain(repeat(right, right_reads), repeat(right ^ 0x10))
    board.eeprom._flicker = readings.__next__  # type: ignore[misc]
    memory = Memory(board)
    loaded = memory.state(powered_on=True)
    assert content(loaded) == content(old)
    assert loaded is not None
    board.fails_at_us = board.now_us + 2 * WRITE_CYCLE_US
    with pytest.raises(PowerLost):
        memory.save(loaded)
    board.lose_power()
    board.fails_at_us = NEVER_US
    board.now_us += SECOND_US
    board.regain_power()
    assert content(Memory(board).state(powered_on=True)) == content(old)


# Sequence -----------------------------------------------------------------------------------------

LAST = 2**32 - 1


@each_cell("sequence", [0, 1, LAST - 2, LAST - 1, LAST, 2**31 - 1, 2**31])
def test_the_newest_copy_is_found_across_the_wrap_of_the_sequence(sequence):
    board = Rig().board
    kept = state(sequence=sequence)
    burn(board, STATE_AT[0], with_crc(STATE.build(kept)))
    memory = Memory(board)
    assert memory.state() is not None
    for balance in range(6):
        kept.balance_ueur = balance
        memory.save(kept)
        assert kept.sequence == (sequence + 1 + balance) % 2**32
        found = Memory(board).state()
        assert found is not None
        assert (found.balance_ueur, found.sequence) == (balance, kept.sequence)


def test_saves_take_turns_and_never_touch_the_newest_copy():
    board = Rig().board
    memory = Memory(board)
    kept = memory.state()
    assert kept is not None
    for turn in range(8):
        before = [copy(board, index) for index in (0, 1)]
        memory.save(kept)
        untouched = turn % 2
        assert copy(board, untouched) == before[untouched]
        assert copy(board, 1 - untouched) != before[1 - untouched]


def copy(board: Board, index: int) -> bytes:
    at = STATE_AT[index]
    return bytes(board.eeprom.cells[at : at + STATE.size_bytes])


@pytest.mark.parametrize("index", [0, 1])
def test_with_one_copy_broken_the_other_one_counts(index):
    board, old, _ = board_with_two_states(Random(1))
    at = STATE_AT[index]
    board.eeprom.cells[at + 40] ^= 1
    found = Memory(board).state()
    assert found is not None
    assert found.sequence in {old.sequence, old.sequence - 1}
    assert copy(board, 1 - index)[4:8] == found.sequence.to_bytes(4, "big")


# Memories that are not ours -----------------------------------------------------------------------


def burn(board: Board, at: int, raw: bytes) -> None:
    board.eeprom.cells[at : at + len(raw)] = raw


def erase_all(board: Board) -> None:
    burn(board, 0, b"\xff" * len(board.eeprom.cells))


def zero_all(board: Board) -> None:
    burn(board, 0, bytes(len(board.eeprom.cells)))


def other_version(board: Board) -> None:
    raw = bytearray(board.eeprom.cells[:256])
    raw[2] += 1
    burn(board, FACTORY_AT, with_crc(bytes(raw)))


def other_magic(board: Board) -> None:
    burn(board, FACTORY_AT, with_crc(b"XX" + bytes(board.eeprom.cells[2:256])))


def torn_factory(board: Board) -> None:
    board.eeprom.cells[FACTORY_AT + 100] ^= 1


def both_states_broken(board: Board) -> None:
    for at in STATE_AT:
        board.eeprom.cells[at + 100] ^= 1


def both_states_erased(board: Board) -> None:
    for at in STATE_AT:
        burn(board, at, ERASED)


def both_states_of_another_version(board: Board) -> None:
    raw = bytearray(board.eeprom.cells[STATE_AT[0] :][: STATE.size_bytes])
    raw[2] += 1
    for at in STATE_AT:
        burn(board, at, with_crc(bytes(raw)))


HARMS: list[tuple[Callable[[Board], None], str]] = [
    (erase_all, "NOT CONFIGURED"),
    (zero_all, "NOT CONFIGURED"),
    (other_version, "NOT CONFIGURED"),
    (other_magic, "NOT CONFIGURED"),
    (torn_factory, "NOT CONFIGURED"),
    (both_states_broken, "MEMORY FAULT"),
    (both_states_erased, "MEMORY FAULT"),
    (both_states_of_another_version, "MEMORY FAULT"),
]


@each_cell("closed", [False, True])
@each_cell("ran_s", [0, 120], ids=["at first", "later"])
@each_cell(("harm", "says"), HARMS)
def test_without_a_valid_memory_only_the_panel_is_touched(harm, says, ran_s, closed):
    """Harmed before the program ever ran, and under a program that has read what was there."""
    rig = Rig()
    rig.run(ran_s)
    harm(rig.board)
    rig.board.switch.on = closed
    cells = bytes(rig.board.eeprom.cells)
    rig.run(600)
    rig.bench.do(Press(Button.RED | Button.BLUE))
    assert rig.board.panel.text == says
    assert rig.board.panel.lamps == Lamp.FAULT
    assert rig.board.switch.on == closed
    assert rig.board.switch.limiter_a == 0
    assert rig.board.moves == []
    assert bytes(rig.board.eeprom.cells) == cells


@each_cell(("harm", "says"), HARMS)
def test_without_a_valid_memory_a_card_is_told_so_and_left_alone(harm, says):
    rig = Rig()
    harm(rig.board)
    before = rig.card.image.to_bytes()
    assert rig.insert() == f"{says} | CARD 1D METER_NOT_CONFIGURED"
    assert rig.card.image.to_bytes() == before
    rig.run(120)
    assert rig.board.panel.text == says


def areas() -> st.SearchStrategy[tuple[int, bytes]]:
    """Return some bytes somewhere among the records."""
    return st.tuples(st.integers(0, STATE_AT[1] + 200), st.binary(min_size=1, max_size=256))


@pytest.mark.slow("a meter in each example")
@settings(max_examples=150)
@given(st.lists(areas(), min_size=1, max_size=5), st.booleans(), st.booleans())
def test_whatever_the_cells_hold_a_poll_neither_fails_nor_moves_the_contactor(
    burns, closed, card_in
):
    rig = Rig()
    for at, raw in burns:
        burn(rig.board, at, raw)
    rig.board.switch.on = closed
    factory_whole = Memory(rig.board).factory() is not None
    valid = factory_whole and stored_state(rig.board) is not None
    if card_in:
        rig.insert()
    rig.bench.do(Press(Button.RED))
    rig.run(180)
    if not valid:
        assert rig.board.moves == []
        assert rig.board.switch.on == closed


@settings(max_examples=100)
@given(st.binary(min_size=FACTORY.size_bytes, max_size=FACTORY.size_bytes))
def test_random_bytes_are_no_factory_record(raw):
    rig = Rig()
    burn(rig.board, FACTORY_AT, raw)
    assert Memory(rig.board).factory() is None


def test_a_part_that_never_answers_reads_as_erased_and_ends():
    board = Rig().board
    board.eeprom.busy_until_us = NEVER_US
    assert Memory(board).factory() is None
    assert Memory(board).state() is None

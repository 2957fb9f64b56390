"""The supply tables: complete, and what the rules say, written down a second time by hand."""

from itertools import product

import pytest

from meter_emu.firmware.layouts import Supply
from meter_emu.firmware.supply import (
    SUPPLY_STEPS,
    Block,
    Cue,
    Permission,
    Shield,
    next_supply,
    permission,
    settle,
    switch_belongs_on,
)
from tests.cells import each_cell

BLOCKS = [Block(bits) for bits in range(4)]
SHIELDS = [Shield(bits) for bits in range(8)]
INPUTS = list(product(BLOCKS, SHIELDS, (False, True)))

# A letter for each set of shields 0 to 7 (deferral 1, window 2, prepayment off 4), by block and
# limiter: Open, Hold, Limit, Allow. Written from docs/decisions/supply.md, not from the program.
TRUTH = {
    ("", False): "AAAAAAAA",
    ("C", False): "OAHAAAAA",
    ("P", False): "OOOOOOOO",
    ("PC", False): "OOOOOOOO",
    ("", True): "AAAAAAAA",
    ("C", True): "LAAAAAAA",
    ("P", True): "LLLLLLLL",
    ("PC", True): "LLLLLLLL",
}


def name(blocks: Block) -> str:
    return "P" * bool(blocks & 0x01) + "C" * bool(blocks & 0x02)


@each_cell(("blocks", "shields", "granted"), INPUTS)
def test_permission_is_what_the_truth_table_says(blocks, shields, granted):
    allowed = permission(blocks, shields, limiter_granted=granted)
    assert allowed.name[0] == TRUTH[name(blocks), granted][shields]


def test_the_truth_table_has_all_32_rows_of_inputs_twice():
    assert sum(len(row) for row in TRUTH.values()) == len(INPUTS) == 64


@each_cell(("blocks", "shields", "granted"), INPUTS)
def test_a_programmed_cut_is_stronger_than_every_shield(blocks, shields, granted):
    if blocks & Block.PROGRAMMED:
        allowed = permission(blocks, shields, limiter_granted=granted)
        assert allowed in {Permission.OPEN, Permission.LIMIT}


@each_cell(("blocks", "shields", "granted"), INPUTS)
def test_one_shield_more_never_makes_it_darker(blocks, shields, granted):
    brightness = [Permission.OPEN, Permission.HOLD, Permission.LIMIT, Permission.ALLOW]
    before = brightness.index(permission(blocks, shields, limiter_granted=granted))
    for shield in Shield:
        more = permission(blocks, shields | shield, limiter_granted=granted)
        assert brightness.index(more) >= before


def test_every_state_has_a_row_for_every_cue():
    assert set(SUPPLY_STEPS) == set(product(Supply, Cue))


def test_the_table_cannot_be_changed_at_run_time():
    with pytest.raises(TypeError):
        SUPPLY_STEPS[Supply.CONNECTED, Cue.OPEN] = Supply.CONNECTED  # type: ignore[index]


@each_cell("supply", Supply)
def test_every_state_can_get_back_to_connected(supply):
    reached = {supply}
    while True:
        more = {next_supply(state, cue) for state, cue in product(reached, Cue)} | reached
        if more == reached:
            break
        reached = more
    assert Supply.CONNECTED in reached


@each_cell("supply", Supply)
def test_told_to_open_every_state_is_dark_at_once(supply):
    assert not switch_belongs_on(settle(supply, Permission.OPEN))


@each_cell(("supply", "cue"), list(product(Supply, Cue)))
def test_only_the_button_closes_the_contactor(supply, cue):
    if not switch_belongs_on(supply) and switch_belongs_on(next_supply(supply, cue)):
        assert cue is Cue.BUTTON
        assert supply is Supply.READY_FOR_RECONNECTION


@each_cell("allowed", Permission)
def test_nothing_but_open_takes_supply_away(allowed):
    dark = not switch_belongs_on(settle(Supply.CONNECTED, allowed))
    assert dark == (allowed is Permission.OPEN)


@each_cell(("supply", "allowed"), list(product(Supply, Permission)))
def test_a_permission_that_stands_moves_nothing_twice(supply, allowed):
    once = settle(supply, allowed)
    assert settle(once, allowed) == once


def test_the_contactor_belongs_closed_when_connected_only():
    assert [supply for supply in Supply if switch_belongs_on(supply)] == [Supply.CONNECTED]

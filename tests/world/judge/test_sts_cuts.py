"""Power that fails at each port call of an entry, and again at its next start: before or after.

A credit token is credited or not, and never both refused and lost; a key change has happened or
not, with key, expiry and memory of TIDs together. Three mistakes save the parts in turn, and
are found by such cuts alone.
"""

from collections.abc import Callable
from typing import Final

import pytest
from typing_extensions import override

from card_protocol.tokens.sts.tid import BaseDate
from meter_emu.defects.in_turn import saved_in_turn
from meter_emu.defects.sts.credit_before_tid import CreditBeforeTid
from meter_emu.defects.sts.key_before_memory import KeyBeforeMemory
from meter_emu.desk.vending import MeterKey
from meter_emu.firmware.token.sts import StsProgram
from meter_emu.firmware.token.sts_layouts import StsState, tid_bytes
from meter_emu.ports import Firmware, Ports
from meter_emu.units import SECOND_US
from meter_emu.world.households.sts_ledger import StsSale, sts_digits, vended
from meter_emu.world.meter.acts import Type
from tests.cells import WHOLE
from tests.world.judge.sts_bench import (
    START_US,
    answer,
    bench_of,
    board_of,
    shown_kwh,
    sts_model,
    sts_program,
)
from tests.world.judge.sts_homes import METER_ID

MODEL: Final = sts_model("sts-2014")
SALES: Final = (
    StsSale(id="a", household="h", sold_us=START_US, wh=5_000),
    StsSale(
        id="k", household="h", sold_us=START_US + SECOND_US, rollover=True,
        new_key=MeterKey(base=BaseDate.Y2035, revision=3, tariff_index=1, ken=200),
    ),
)  # fmt: skip
AFTER: Final = StsSale(id="b", household="h", sold_us=2_100_000_000_000_000, wh=3_000)
CREDIT, HALF_1, HALF_2, NEXT = (
    sts_digits(token, MODEL, METER_ID) for token in vended((*SALES, AFTER), MODEL)
)


class TidFirst(StsProgram):
    """Saves the TID, and then the credit: power that fails between loses what was paid."""

    __slots__ = ()

    @override
    def keep(self, state: StsState) -> None:
        saved_in_turn(self._journal, state, "tids")


def lived(
    program: type[StsProgram], digits: str, cuts: tuple[int, ...], settles: int
) -> tuple[int, int, int]:
    """Live it with our program, or with one that a fault was planted in."""
    return lived_by(sts_program(program), digits, cuts, settles)


def lived_by(
    program: Callable[[Ports], Firmware], digits: str, cuts: tuple[int, ...], settles: int
) -> tuple[int, int, int]:
    """Key digits in, with power failing so many µs on; then again, and the next token.

    Return the numbers of both answers, and the credit that is shown, in kWh.
    """
    board = board_of(MODEL, settles=settles, tids=TIDS)
    bench = bench_of(board, program)
    if digits == HALF_2:
        assert answer(bench, HALF_1) == 2
    typed_us, length_us = board.now_us, 10 * SECOND_US
    if cuts:
        bench.plan_outage(typed_us + cuts[0], typed_us + cuts[0] + length_us)
    if len(cuts) > 1:
        lost_us = typed_us + cuts[0] + length_us + 1_500_000 + cuts[1]
        bench.plan_outage(lost_us, lost_us + length_us)
    bench.do(Type(digits))
    bench.run_until(typed_us + 120 * SECOND_US)
    again = answer(bench, digits)
    bench.run_until(typed_us + 240 * SECOND_US)
    after = answer(bench, NEXT if digits != CREDIT else digits)
    return again, after, shown_kwh(bench)


TIDS: Final = tid_bytes((6_800_000,) * 50)  # above what is sold after the roll-over
ENTRY_US: Final = 160_000  # of the poll that serves it, and a little more
ONE: Final = range(20, ENTRY_US, 41 if WHOLE else 2_999)
PAIRS: Final = [
    (first, second)
    for first in range(20, ENTRY_US, 1_201 if WHOLE else 23_003)
    for second in range(20, ENTRY_US, 1_201 if WHOLE else 23_003)
]
CELLS: Final = (0, 255, 85)  # what a byte holds whose writing power has ended

CREDITED: Final = (10, 10, 5)
CREDITED_AGAIN: Final = (1, 10, 5)  # the first entry was not heard
DOUBLED: Final = (1, 10, 10)
LOST: Final = (10, 10, 0)
REKEYED: Final = (13, 1, 3)  # the old half is wrong under the new key
NOT_REKEYED: Final = (3, 13, 0)  # the half that waited is forgotten
DEAF: Final = (13, 9, 0)


def test_without_a_cut_both_are_taken() -> None:
    assert lived(StsProgram, CREDIT, (), 0) == CREDITED
    assert lived(StsProgram, HALF_2, (), 0) == REKEYED


@pytest.mark.slow("cuts the power at hundreds of instants")
def test_a_token_is_credited_or_not_wherever_power_fails() -> None:
    ends = {lived(StsProgram, CREDIT, (at,), settles) for at in ONE for settles in CELLS}
    assert ends == {CREDITED, CREDITED_AGAIN}


@pytest.mark.slow("cuts the power at hundreds of instants")
def test_a_key_change_has_happened_or_not_wherever_power_fails() -> None:
    ends = {lived(StsProgram, HALF_2, (at,), settles) for at in ONE for settles in CELLS}
    assert ends == {REKEYED, NOT_REKEYED}


@pytest.mark.slow("cuts the power twice, at hundreds of instants")
def test_nor_does_a_second_failure_in_the_next_start_change_that() -> None:
    ends = {lived(StsProgram, HALF_2, pair, 255) for pair in PAIRS}
    assert ends == {REKEYED, NOT_REKEYED}


@pytest.mark.slow("cuts the power at hundreds of instants")
@pytest.mark.parametrize(
    ("program", "digits", "wrong"),
    [
        (CreditBeforeTid, CREDIT, DOUBLED),
        (TidFirst, CREDIT, LOST),
        (KeyBeforeMemory, HALF_2, DEAF),
    ],
)
def test_a_program_that_saves_in_turn_is_right_without_cuts_and_found_by_them(
    program: type[StsProgram], digits: str, wrong: tuple[int, int, int]
) -> None:
    assert lived(program, digits, (), 0) in {CREDITED, REKEYED}
    ends = {lived(program, digits, (at,), settles) for at in ONE for settles in CELLS[:2]}
    assert wrong in ends

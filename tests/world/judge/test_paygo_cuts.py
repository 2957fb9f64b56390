"""Power that fails at each port call of an entry, and again at its next start: before or after.

The device is left with the token taken or not, never with half of it: supply and counter say which,
and the same token keyed in again is refused or taken accordingly. Two planted mistakes save count
and time one after the other, in either order, and are found.
"""

from collections.abc import Callable
from random import Random
from typing import Final

import pytest
from typing_extensions import override

from card_protocol.tokens.openpaygo.counter import PaygoKind
from card_protocol.tokens.openpaygo.decode import PaygoAnswer
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.firmware.token.layouts import PaygoFlags, PaygoState
from meter_emu.firmware.token.paygo import PaidTime, PaygoProgram, UsedCounts
from meter_emu.ports import Firmware, Ports
from meter_emu.units import HOUR_US, SECOND_US
from meter_emu.world.households.ledger import SoldToken, digits_of
from meter_emu.world.meter.acts import Type
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.board import NEVER_US
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.install import Installation, install
from tests.cells import WHOLE
from tests.world.judge.paygo_homes import METER_ID, MODEL, START, us

BUILD: Final = parse_build("reference")
FIRST: Final = SoldToken(
    id="a", household="h", sold_us=0, kind=PaygoKind.ADD_TIME, value=1, count=2
)


class CountFirst(PaygoProgram):
    """Saves the count, and then the time: power that fails between loses what was paid."""

    __slots__ = ()

    @override
    def keep(self, state: PaygoState, answer: PaygoAnswer) -> None:
        until_s, flags = state.paid_until_s, state.flags
        state.paid_until_s, state.flags = 0, PaygoFlags.OVER  # as before the entry
        super().keep(state, answer)
        state.paid_until_s, state.flags = until_s, flags
        self._journal.save(state)


class TimeFirst(PaygoProgram):
    """Saves the time, and then the count: power that fails between gives it twice."""

    __slots__ = ()

    @override
    def keep(self, state: PaygoState, answer: PaygoAnswer) -> None:
        self._journal.save(state)
        super().keep(state, answer)


def program_of(kind: type[PaygoProgram]) -> Callable[[Ports], Firmware]:
    parts = BUILD.parts(MODEL)
    return lambda ports: kind(
        ports, parts.rtc, parts.calendar, parts.trust, used=UsedCounts(), time=PaidTime()
    )


def lived(
    program: Callable[[Ports], Firmware], cuts: tuple[int, ...], settles: int
) -> tuple[bool, bool, bool, bool]:
    """Key a token of a day in, with power failing so many µs on, and so many after its next start.

    It is keyed in again 6 hours later. Return whether supply was on 6, 26, 31 and 72 hours after.
    """
    start_us = us(START)
    inst = Installation(
        meter_id=METER_ID,
        balance_cents=0,
        load=(12,) * 24,
        clock_error_us=0,
        drift_ppb=0,
        clock_set_us=start_us,
    )
    board = install(
        MODEL, BUILD, inst, master=TEST_MASTER_KEY, now_us=start_us, fate=Random(settles)
    )
    board.settles = settles
    board.calls_left = NEVER_US
    bench = Bench(board, program, poll_us=60 * SECOND_US, boot_us=1_500_000)
    bench.run_until(start_us + HOUR_US)
    typed_us = board.now_us
    if cuts:
        bench.plan_outage(typed_us + cuts[0], typed_us + cuts[0] + 10 * SECOND_US)
    if len(cuts) > 1:
        lost_us = typed_us + cuts[0] + 10 * SECOND_US + 1_500_000 + cuts[1]
        bench.plan_outage(lost_us, lost_us + 10 * SECOND_US)
    bench.do(Type(digits_of(FIRST, MODEL, METER_ID)))
    bench.run_until(typed_us + 6 * HOUR_US)
    first = board.switch.on
    bench.do(Type(digits_of(FIRST, MODEL, METER_ID)))
    later = []
    for hours in (26, 31, 72):
        bench.run_until(typed_us + hours * HOUR_US)
        later.append(board.switch.on)
    return first, later[0], later[1], later[2]


TAKEN: Final = (True, False, False, False)  # a day from the first entry
REFUSED: Final = (False, True, False, False)  # a day from the second
LOST: Final = (False, False, False, False)
TWICE: Final = (True, True, True, False)
ENTRY_US: Final = 80_000  # of the poll that serves it, and a little more
ONE: Final = range(20, ENTRY_US, 20 if WHOLE else 1_499)
PAIRS: Final = [
    (first, second)
    for first in range(20, ENTRY_US, 401 if WHOLE else 7_919)
    for second in range(20, ENTRY_US, 401 if WHOLE else 7_919)
]
CELLS: Final = (0, 255, 85)  # what a byte holds whose writing power has ended


@pytest.mark.slow("cuts the power at hundreds of instants")
def test_an_entry_is_taken_or_not_wherever_power_fails() -> None:
    ends = {lived(program_of(PaygoProgram), (at,), settles) for at in ONE for settles in CELLS}
    assert ends == {TAKEN, REFUSED}


@pytest.mark.slow("cuts the power twice, at hundreds of instants")
def test_nor_does_a_second_failure_in_the_next_start_change_that() -> None:
    ends = {
        lived(program_of(PaygoProgram), pair, settles) for pair in PAIRS for settles in CELLS[:2]
    }
    assert ends == {TAKEN, REFUSED}


@pytest.mark.slow("cuts the power at hundreds of instants")
@pytest.mark.parametrize(("kind", "wrong"), [(CountFirst, LOST), (TimeFirst, TWICE)])
def test_a_program_that_saves_the_two_in_turn_is_found(
    kind: type[PaygoProgram], wrong: tuple[bool, ...]
) -> None:
    ends = {lived(program_of(kind), (at,), settles) for at in ONE for settles in CELLS[:2]}
    assert wrong in ends

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
from meter_emu.firmware.token.layouts import PaygoState
from meter_emu.firmware.token.paygo import PaidTime, PaygoProgram, UsedCounts
from meter_emu.ports import Firmware, Ports
from meter_emu.units import DAY_US, HOUR_US, SECOND_US
from meter_emu.world.households.ledger import SoldToken, digits_of
from meter_emu.world.meter.acts import Type
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.install import Installation, install
from tests.cells import WHOLE
from tests.world.judge.paygo_homes import METER_ID, MODEL, START, us

BUILD: Final = parse_build("reference")
FIRST: Final = SoldToken(
    id="a", household="h", sold_us=0, kind=PaygoKind.ADD_TIME, value=1, count=2
)
SECOND: Final = SoldToken(
    id="b", household="h", sold_us=0, kind=PaygoKind.ADD_TIME, value=1, count=4
)


class CountFirst(PaygoProgram):
    """Saves the count, and then the time: power that fails between loses what was paid."""

    __slots__ = ()

    @override
    def keep(self, state: PaygoState, answer: PaygoAnswer) -> None:
        until_s, flags = state.paid_until_s, state.flags
        state.paid_until_s, state.flags = BEFORE["until_s"], BEFORE["flags"]
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


BEFORE: Final = {"until_s": 0, "flags": 0}  # of the entry that is cut


def program_of(kind: type[PaygoProgram]) -> Callable[[Ports], Firmware]:
    parts = BUILD.parts(MODEL)
    return lambda ports: kind(
        ports, parts.rtc, parts.calendar, parts.trust, used=UsedCounts(), time=PaidTime()
    )


def lived(kind: type[PaygoProgram], cuts: tuple[int, ...], settles: int) -> tuple[bool, ...]:
    """Key a token in, with power failing after so many µs, and once more at the next start.

    Return whether supply was on after 6 and 30 hours, and 54 once it was keyed in again.
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
    bench = Bench(board, program_of(kind), poll_us=60 * SECOND_US, boot_us=1_500_000)
    bench.run_until(start_us + HOUR_US)
    typed_us = board.now_us
    BEFORE["until_s"], BEFORE["flags"] = (start_us - us(EPOCH_2000)) // SECOND_US, 1
    if cuts:
        bench.plan_outage(typed_us + cuts[0], typed_us + cuts[0] + 10 * SECOND_US)
    if len(cuts) > 1:
        lost_us = typed_us + cuts[0] + 10 * SECOND_US + 1_500_000 + cuts[1]
        bench.plan_outage(lost_us, lost_us + 10 * SECOND_US)
    bench.do(Type(digits_of(FIRST, MODEL, METER_ID)))
    seen = []
    bench.run_until(typed_us + 6 * HOUR_US)
    seen.append(board.switch.on)
    bench.do(Type(digits_of(FIRST, MODEL, METER_ID)))
    bench.run_until(typed_us + 26 * HOUR_US)
    seen.append(board.switch.on)
    bench.run_until(typed_us + 31 * HOUR_US)
    seen.append(board.switch.on)
    bench.run_until(typed_us + 3 * DAY_US)
    seen.append(board.switch.on)
    return tuple(seen)


EPOCH_2000: Final = START.replace(year=2000, month=1, day=1, hour=0)
TAKEN: Final = (True, False, False, False)  # a day from the first entry
REFUSED: Final = (False, True, False, False)  # a day from the second
CALLS_US: Final = range(20, 80_000, 4 if WHOLE else 1_499)  # the entry's poll takes 60 ms


@pytest.mark.slow("cuts the power at hundreds of instants")
def test_an_entry_is_taken_or_not_wherever_power_fails() -> None:
    ends = {lived(PaygoProgram, (at,), settles) for at in CALLS_US for settles in (0, 255, 85)}
    assert ends == {TAKEN, REFUSED}

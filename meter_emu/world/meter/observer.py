"""Records what can be seen of a meter from outside: switch, lamps, limiter, supply, balance.

The balance is decoded from its memory. Looking takes no time, wears nothing and draws no chance:
the meter does not notice. A memory with another layout than `docs/meter-image.md`, or without a
valid state, gives no balance.
"""

from collections.abc import Callable
from functools import partial
from typing import final

from card_protocol.timestamp import Civil
from meter_emu.firmware.layouts import STATE, STATE_AT, State
from meter_emu.firmware.memory import newest, valid_state
from meter_emu.firmware.parts import Parts
from meter_emu.ports import Lamp
from meter_emu.world.meter.board import Board
from meter_emu.world.meter.events import Beginning, Event, What, WrittenBack
from meter_emu.world.meter.failure import Failure


def balance_ueur(board: Board, parts: Parts | None) -> int | None:
    """Return the balance at `board.now_us` in micro-euro, energy not booked yet taken off.

    `parts` are the program's, with their defects. `None` if the memory holds no readable state, and
    for another's program, whose memory is its own.
    """
    state = None if parts is None else state_in(board, parts)
    if state is None or parts is None:
        return None
    return parts.ledger.balance_ueur(state, board.metrology.read_units(board.now_us))


def state_in(board: Board, parts: Parts) -> State | None:
    """Return the state that the program would load now, `None` when there is none."""
    cells = board.eeprom.cells
    copies = [bytes(cells[at : at + STATE.size_bytes]) for at in STATE_AT]
    found = newest(copies, partial(valid_state, possible_end=parts.ends.possible))
    return None if found is None else found[1]


@final
class Observer:
    """Passes the meter's state now to `take`, then every fact as it happens.

    `parts` are the program's, to read its account, `None` for another's. `look` belongs after every
    poll of a bench, `power` where its supply goes and comes.
    """

    def __init__(self, board: Board, parts: Parts | None, take: Callable[[Event], None]) -> None:
        self._board = board
        self._parts = parts
        self._take = take
        self._moves = len(board.moves)
        self._lit = board.panel.lamps
        self._limited = bool(board.switch.limiter_a)
        self._trusted = Lamp.CLOCK_DOUBTED not in self._lit
        self._invited = Lamp.RECONNECT in self._lit
        self._take(_beginning(board, balance_ueur(board, parts)))

    def see(
        self,
        at_us: int,
        what: What,
        detail: str = "",
        understood: tuple[Civil | None, Civil | None] | None = None,
        visit: int | None = None,
        failure: Failure | None = None,
        written: WrittenBack | None = None,
    ) -> None:
        """Record one fact, with what the meter shows at this moment."""
        # Doubt: in a rehearsal this is the display of the last poll that ran, which may be hours
        # old where the program slept; an interactive meter is looked at, and polls
        # (`Bench.watched`).
        event = Event(
            at_us=at_us,
            what=what,
            shown=self._board.panel.text,
            clock_trusted=self._trusted,
            detail=detail,
            understood=understood,
            balance_ueur=balance_ueur(self._board, self._parts),
            visit=visit,
            failure=failure,
            written=written,
        )
        self._take(event)

    def look(self) -> None:
        """After a poll: did switch, limiter, invitation or the trust in the clock change?"""
        board = self._board
        lamps = board.panel.lamps
        relit, self._lit = lamps != self._lit, lamps
        if relit and self._trusted == (Lamp.CLOCK_DOUBTED in lamps):
            self._trusted = not self._trusted
            self.see(board.now_us, What.CLOCK_TRUSTED if self._trusted else What.CLOCK_DOUBTED)
        self._look_at_switch()
        if self._limited != bool(board.switch.limiter_a):
            self._limited = not self._limited
            self.see(board.now_us, What.LIMITED if self._limited else What.UNLIMITED)
        if relit and self._invited != (Lamp.RECONNECT in lamps):
            self._invited = not self._invited
            self.see(board.now_us, What.INVITED if self._invited else What.UNINVITED)

    def _look_at_switch(self) -> None:
        while self._moves < len(self._board.moves):
            at_us, closed = self._board.moves[self._moves]
            self._moves += 1
            self.see(at_us, What.CLOSED if closed else What.OPENED)

    def power(self, up: bool) -> None:
        """Record that the supply has come back or gone, and what the poll that it cut had moved."""
        self._look_at_switch()
        self.see(self._board.now_us, What.POWER_BACK if up else What.POWER_LOST)


def _beginning(board: Board, balance: int | None) -> Beginning:
    """Return a meter's state before anything happens to it."""
    switch, panel = board.switch, board.panel
    words = f"supply {'on' if switch.on else 'off'}"
    if switch.limiter_a:
        words += f", limited to {switch.limiter_a} A"
    return Beginning(
        at_us=board.now_us,
        what=What.BEGINS,
        shown=panel.text,
        clock_trusted=Lamp.CLOCK_DOUBTED not in panel.lamps,
        detail=words,
        balance_ueur=balance,
        supply_on=switch.on,
        limiter_a=switch.limiter_a,
        lamps=panel.lamps,
    )

"""What is seen of a card session by somebody who has the card before and after it.

A listener only looks: he takes no time, wears nothing and draws no chance.
"""

from typing import Final, NamedTuple, final

from card_protocol.card.virtual import AnyImage, VirtualCard
from meter_emu.ports import Lamp
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.board import SlotCard


class SeenSession(NamedTuple):
    """One card in the meter: its image before and after, and the meter's register likewise.

    `at_us` is when it was put in. `supply_on` and `lamps` are as the program left them. `unbroken`
    is whether there was power all the time: only then has the program said all that it would.
    `beeps` are those in it, `beeps_before` those since the session before, or since the beginning.
    """

    at_us: int
    before: AnyImage
    after: AnyImage
    units: tuple[int, int]
    supply_on: bool
    lamps: Lamp
    unbroken: bool
    beeps: int
    beeps_before: int


@final
class Listener:
    """Writes down the sessions of one run."""

    def __init__(self) -> None:
        self.sessions: Final[list[SeenSession]] = []
        self._put_in: tuple[int, AnyImage, int] | None = None
        self._beeps = 0, 0  # when the card before was taken out, and when this one was put in

    def listen(self, bench: Bench) -> None:
        """Listen at a bench on which nothing has happened yet."""
        self.sessions.clear()
        self._put_in, self._beeps = None, (0, 0)
        bench.on_card = self._look

    def _look(self, bench: Bench, card: SlotCard) -> None:
        if not isinstance(card, VirtualCard):
            return
        board, image = bench.board, card.image
        units = board.metrology.read_units(board.now_us)
        beeps, (taken_out, put_in) = board.panel.beep_count, self._beeps
        if self._put_in is None:
            self._put_in, self._beeps = (board.now_us, image, units), (taken_out, beeps)
            return
        (at_us, before, units_before), self._put_in = self._put_in, None
        session = SeenSession(
            at_us,
            before,
            image,
            (units_before, units),
            board.switch.on,
            board.panel.lamps,
            unbroken=board.powered and bench.down_us < at_us,
            beeps=beeps - put_in,
            beeps_before=put_in - taken_out,
        )
        self._beeps = beeps, beeps
        self.sessions.append(session)

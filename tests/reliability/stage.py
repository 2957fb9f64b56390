"""What is tried: a meter of any model with a card of any kind, and what a failure may leave of it.

Everything takes a `Kit`: the model, the generation of the card's records and the card's carrier.
"""

import os
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final, NamedTuple, cast

from typing_extensions import override

from card_protocol.card.virtual import SecureCard
from meter_emu.desk.clock.clock_card import issue_clock_card
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.firmware.layouts import (
    STATE,
    STATE_AT,
    State,
    StateFlags,
    crc_holds,
    possible,
    with_crc,
)
from meter_emu.ports import Button, Firmware, Ports
from meter_emu.units import EPOCH_2000_US, MWH_PER_WH, SECOND_US, UEUR_PER_CENT
from meter_emu.world.meter.acts import Appliances, Press
from meter_emu.world.meter.board import Board
from tests.firmware.meters import METER_ID, PARTS, START_US, Rig, newest_first
from tests.properties.trials import CARDS, METERS, ModelAndCards
from tests.rigs import counted

EXHAUSTIVE: Final = "METER_EMU_EXHAUSTIVE" in os.environ
KITS: Final = [ModelAndCards(model, *card) for model in METERS.values() for card in CARDS]
LOAD: Final = {"electricity": 3_000, "gas": 1_000}  # W, dm³/h: about 0.6 EUR an hour
BYTE_VALUES: Final = 256


def kit_name(kit: ModelAndCards) -> str:
    return f"{kit.model.name}-{kit.carrier.name.lower()}-{kit.generation}"


class Fate(Random):
    """What half-done things leave: drawn from a seed, or byte by byte as `settle` says.

    `settle` is asked for the n-th byte since it was given; other draws stay the seed's.
    """

    def __init__(self, seed: int, settle: Callable[[int], int] | None = None) -> None:
        super().__init__(seed)
        self.settle = settle
        self.asked = 0

    @override
    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        if self.settle is None or (start, stop) != (BYTE_VALUES, None):
            return super().randrange(start, stop, step)
        self.asked += 1
        return self.settle(self.asked - 1)


class Call(NamedTuple):
    """One call of the ports: when it began and ended, true µs, and what it was given."""

    name: str
    begin_us: int
    end_us: int
    arguments: tuple[Any, ...]


class Tap:
    """Passes every port call on to the board; `noted` hears of each when it has ended."""

    def __init__(self, ports: Ports, noted: Callable[[Board, Call], None]) -> None:
        self._ports: Any = ports
        self._board: Any = getattr(ports, "board", ports)  # below a `CallLog`
        self._noted = noted

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            begin_us = self._board.now_us
            answer = getattr(self._ports, name)(*arguments)
            self._noted(self._board, Call(name, begin_us, self._board.now_us, arguments))
            return answer

        return call


def tapped(noted: Callable[[Board, Call], None]) -> Callable[[Ports], Ports]:
    return lambda ports: cast("Ports", Tap(ports, noted))


def rig_of(
    kit: ModelAndCards,
    *,
    start_us: int = START_US,
    balance_cents: int = 5_000,
    outages: Sequence[tuple[int, int]] = (),
    fate: Random | None = None,
    program: Callable[[Ports], Firmware] | None = None,
) -> Rig:
    """Return a home of that kit, its energy in use, its card issued."""
    return Rig(
        model=kit.model,
        generation=kit.generation,
        carrier=kit.carrier,
        load=LOAD[kit.model.energy],
        start_us=start_us,
        balance_cents=balance_cents,
        outages=outages,
        fate=fate,
        program=program,
    )


def press(rig: Rig, kit: ModelAndCards) -> None:
    """Ask for supply as the model's display says: press, or shut everything and hold."""
    rig.bench.do(Appliances(lit=False))
    rig.bench.do(Press(Button[kit.model.rearm.key.upper()], kit.model.rearm.hold_ms))
    rig.bench.do(Appliances(lit=True))


def minute_now(rig: Rig) -> int:
    """Return when an office that is right says that it writes, in minutes since 2000."""
    return (rig.board.now_us - EPOCH_2000_US) // (60 * SECOND_US)


def clock_card(rig: Rig) -> SecureCard:
    """Return the card of a technician who is there now and right to the second."""
    set_to_s = (rig.board.now_us - EPOCH_2000_US) // SECOND_US
    image = issue_clock_card(TEST_MASTER_KEY, METER_ID, set_to_s=set_to_s, set_error_s=60)
    return SecureCard(image, counted())


def show(rig: Rig, card: Any) -> str:
    """Put a card in, take it out after the session, return what the display says."""
    rig.bench.insert(card)
    shown = rig.board.panel.text
    rig.bench.remove()
    return shown


# What must hold of a meter's bytes ----------------------------------------------------------------

_ORDERED: Final = StateFlags.PREPAYMENT_ON | StateFlags.LIMITER_GRANTED
_ENDED: Final = StateFlags.CUT_LATCHED | StateFlags.DEFERRAL_OVER


class Facts(NamedTuple):
    """What a session changes as a whole or not at all: orders, money accepted, the supply."""

    accepted: tuple[int, int]
    debt_ueur: int
    order: tuple[int, int, int]  # number, T1 and T2 as kept, switches
    ends: tuple[bytes, bytes]
    tariff: tuple[int, int, int, int]
    card_number: int
    supply: int


def facts(state: State) -> Facts:
    return Facts(
        accepted=(state.accepted_cents, state.accepted_count),
        debt_ueur=state.emergency_debt_ueur,
        order=(state.order_number, state.flags & _ORDERED, state.flags & _ENDED),
        ends=(state.defer_end, state.cut_end),
        tariff=(
            state.tariff_number,
            state.price_ueur_per_wh,
            state.night_price_ueur_per_wh,
            state.mwh_per_unit,
        ),
        card_number=state.card_number,
        supply=state.supply,
    )


def firm_states(board: Board) -> list[State]:
    """Return the copies that are whole and read the same every time, the newest first.

    Read from the cells, without the firmware's own loader.
    """
    found = []
    for at in STATE_AT:
        raw = bytes(board.eeprom.cells[at : at + STATE.size_bytes])
        firm = not board.eeprom.weak.intersection(range(at, at + STATE.size_bytes))
        if firm and raw[:2] == b"MS" and crc_holds(raw):
            state = STATE.parse(raw)
            assert possible(state, PARTS.ends.possible)
            found.append(state)
    return newest_first(found)


def with_sequence(rig: Rig, sequence: int) -> None:
    """Have a new meter's state stand at a sequence, as after so many saves."""
    (state,) = firm_states(rig.board)
    state.sequence = sequence
    at = STATE_AT[0]
    rig.board.eeprom.cells[at : at + STATE.size_bytes] = with_crc(STATE.build(state))


def money_holds(state: State, kit: ModelAndCards, installed_cents: int, issued_cents: int) -> None:
    """What was paid in is there or was charged; what was charged was used; nothing was made."""
    assert state.accepted_cents <= issued_cents
    paid_ueur = (installed_cents + state.accepted_cents) * UEUR_PER_CENT
    assert paid_ueur == state.balance_ueur - state.emergency_debt_ueur + state.charged_ueur
    credit = kit.model.credit
    if state.tariff_number == credit.tariff_number:
        used_wh = state.charged_wh + state.deferred_wh + state.postpaid_wh
        used_mwh = used_wh * MWH_PER_WH + state.remainder_mwh
        assert used_mwh == state.booked_units * credit.mwh_per_unit
        day_wh = state.charged_wh - state.charged_night_wh
        night_price = credit.pricing.night_price_ueur_per_wh
        charged_ueur = day_wh * credit.price_ueur_per_wh + state.charged_night_wh * night_price
        assert state.charged_ueur == charged_ueur

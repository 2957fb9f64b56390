"""What the firmware tests share: a factory record, a state, a moment, and a whole home."""

from collections.abc import Callable, Sequence
from copy import copy, deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

from card_protocol.card.image import CardKind
from card_protocol.card.virtual import card_of
from card_protocol.carrier.find import laid_open
from card_protocol.formats.budget import Sfi, WriteBackRecord
from card_protocol.keys import Purpose, derive
from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Desk, Work
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.firmware.layouts import STATE, STATE_AT, Factory, Health, State, crc_holds
from meter_emu.firmware.trust import Now
from meter_emu.ports import Firmware, Ports
from meter_emu.units import SECOND_US
from meter_emu.world.households.household import NewCard
from meter_emu.world.meter.age import Age
from meter_emu.world.meter.board import Board
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.install import Installation, factory_record, first_state
from meter_emu.world.meter.model import MeterModel
from meter_emu.world.meter.times import to_us
from tests.cards import raw_on, with_raw
from tests.rigs import MODEL, counted, rig_of

PARTS = parse_build("reference").parts(MODEL)
METER_ID = 541_000_000_321
START = datetime(2020, 7, 1, 10, 0, tzinfo=UTC)  # a Wednesday, noon in Brussels: no window
START_US = to_us(START)
# Numbers of 32 bits next to each other at the end of each width; drawn pairs are so once in 1,000.
NEIGHBOURS = sorted(
    number
    for bits in (1, 7, 8, 15, 16, 31, 32)
    for number in range(2**bits - 2, 2**bits + 2)
    if number < 2**32
)
EPOCH_2000 = datetime(2000, 1, 1, tzinfo=UTC)


def seconds(when: datetime) -> int:
    """Return an aware datetime as seconds since 1970."""
    return to_us(when) // SECOND_US


def seconds_2000(when: datetime) -> int:
    """Return an aware datetime as seconds since 2000, as the state record keeps them."""
    return seconds(when) - seconds(EPOCH_2000)


def factory(**changes: Any) -> Factory:
    return replace(factory_record(MODEL, METER_ID, TEST_MASTER_KEY), **changes)


def state(**changes: Any) -> State:
    """Return the state of a meter installed at START with 50 euro."""
    installation = Installation(
        meter_id=METER_ID,
        balance_cents=5_000,
        load=(0,) * 24,
        clock_error_us=0,
        drift_ppb=0,
        clock_set_us=START_US,
    )
    return replace(first_state(MODEL, installation, clock_us=START_US, ticks_ms=0), **changes)


def now_at(utc_s: int, *, u: int = 0, health: Health = Health.TRUSTED) -> Now:
    return Now(utc_s, u, health, utc_s % 86_400, utc_s // 86_400)


def stored_state(board: Board) -> State | None:
    """Return the newest whole state in the cells, read without the firmware's own loader."""
    copies = [bytes(board.eeprom.cells[at : at + STATE.size_bytes]) for at in STATE_AT]
    whole = [STATE.parse(raw) for raw in copies if raw[:2] == b"MS" and crc_holds(raw)]
    return newest_first(whole)[0] if whole else None


def newest_first(whole: Sequence[State]) -> list[State]:
    """Return the copies of a state in the order of their sequences, which wrap."""
    ahead = lambda found: (found.sequence - whole[0].sequence + 2**31) % 2**32  # noqa: E731
    return sorted(whole, key=ahead, reverse=True)


class Rig:
    """A meter on a bench, its card and its desk."""

    def __init__(
        self,
        *,
        model: MeterModel = MODEL,
        build: str = "reference",
        balance_cents: int = 5_000,
        load: int = 0,
        start_us: int = START_US,
        outages: Sequence[tuple[int, int]] = (),
        obey_hints: bool = True,
        fate: Random | None = None,
        generation: int = 1,
        expires: Civil | None = None,
        card_number: int = 1,
        session_count: int = 0,
        tap: Callable[[Ports], Ports] = lambda ports: ports,
        program: Callable[[Ports], Firmware] | None = None,
        carrier: CardKind = CardKind.SECURE,
        meter_id: int = METER_ID,
    ) -> None:
        self.made = rig_of(
            start_us=start_us,
            model=model,
            load=load,
            fate=fate,
            build=build,
            balance_cents=balance_cents,
            outages=tuple(outages),
            card_generation=generation,
            first_card=NewCard(expires),
            carrier=carrier,
            meter_id=meter_id,
            age=Age(card_number=card_number, session_count=session_count),
        )
        self.board = self.made.board
        self._program = program
        self._benched(tap)
        self.bench.obey_hints = obey_hints
        self.card = self.made.first_card(issued_at_min=0)

    def _benched(self, tap: Callable[[Ports], Ports]) -> None:
        rig = self.made
        program = self._program or rig.build.program(rig.household.model)
        self.bench, _ = rig.bench(lambda _event: None, program=lambda ports: program(tap(ports)))

    def fork(
        self,
        *,
        outages: Sequence[tuple[int, int]] = (),
        fate: Random,
        tap: Callable[[Ports], Ports] = lambda ports: ports,
    ) -> "Rig":
        """Return another home that stands as this one does, with outages ahead; no card is in."""
        other, other.made = copy(self), copy(self.made)
        other.made.household = replace(self.made.household, outages=tuple(outages))
        other.made.board = other.board = deepcopy(self.board, {id(self.board._fate): fate})
        other._benched(tap)
        other.card = card_of(self.card.image, counted())
        return other

    def write(self, work: Work, issued_at_min: int = 0) -> None:
        """Have the desk write on the card."""
        self.made.serve(self.card, work, issued_at_min)

    def put(self, sfi: Sfi, raw: bytes) -> None:
        """Change a file of the card behind everybody's back."""
        self.card = card_of(with_raw(self.card.image, sfi, raw), counted())

    def insert(self) -> str:
        """Put the card in, take it out after the session, return what the display says."""
        self.bench.insert(self.card)
        shown = self.board.panel.text
        self.bench.remove()
        return shown

    def run(self, seconds: int) -> None:
        self.bench.run_until(self.board.now_us + seconds * SECOND_US)

    @property
    def desk(self) -> Desk:
        return self.made.desk

    @property
    def state(self) -> State:
        found = stored_state(self.board)
        assert found is not None
        return found

    def file(self, sfi: Sfi) -> bytes:
        return raw_on(self.card.image, sfi)

    def write_back(self) -> WriteBackRecord | None:
        """Return what the meter wrote on the card, `None` when it is still erased."""
        key = derive(TEST_MASTER_KEY, Purpose.METER_RECORD, METER_ID)
        return laid_open(self.card.image).written_back(key)

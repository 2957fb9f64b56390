"""What the firmware tests share: a factory record, a state, a moment, and a whole home."""

from collections.abc import Callable, Sequence
from copy import copy, deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from random import Random
from typing import Any

from card_protocol.card.image import CardKind
from card_protocol.card.make import card_of
from card_protocol.carrier.laid_open import laid_open
from card_protocol.formats.budget import Sfi, WriteBackRecord
from card_protocol.keys import Purpose, derive
from card_protocol.timestamp import Civil
from meter_emu.desk.bench_key import BENCH_MASTER_KEY
from meter_emu.desk.desk import Desk, Work
from meter_emu.firmware.layouts import STATE, STATE_AT, Factory, Health, State, crc_holds
from meter_emu.firmware.trust import Now
from meter_emu.ports import Firmware, Ports
from meter_emu.resources import find
from meter_emu.units import SECOND_US
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.board import Board
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.install import Installation, factory_record, first_state, install
from meter_emu.world.meter.model import MeterModel, load_model
from meter_emu.world.meter.times import to_us
from tests.cards import raw_on, with_raw

MODEL = load_model(find("meters", "electricity-pcf8563-utc"))
PARTS = parse_build("reference").parts(MODEL)
METER_ID = 541_000_000_321
START = datetime(2020, 7, 1, 10, 0, tzinfo=UTC)  # a Wednesday, noon in Brussels: no window
START_US = to_us(START)
EPOCH_2000 = datetime(2000, 1, 1, tzinfo=UTC)


def seconds(when: datetime) -> int:
    """Return an aware datetime as seconds since 1970."""
    return to_us(when) // SECOND_US


def seconds_2000(when: datetime) -> int:
    """Return an aware datetime as seconds since 2000, as the state record keeps them."""
    return seconds(when) - seconds(EPOCH_2000)


def factory(**changes: Any) -> Factory:
    return replace(factory_record(MODEL, METER_ID, BENCH_MASTER_KEY), **changes)


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


def counted() -> Callable[[int], bytes]:
    """Return a source of bytes that differ from call to call and from run to run never."""
    numbers = count(1)
    return lambda size: next(numbers).to_bytes(size, "big")


def stored_state(board: Board) -> State | None:
    """Return the newest whole state in the cells, read without the firmware's own loader."""
    copies = [bytes(board.eeprom.cells[at : at + STATE.size_bytes]) for at in STATE_AT]
    whole = [STATE.parse(raw) for raw in copies if raw[:2] == b"MS" and crc_holds(raw)]
    return newest_first(whole)[0] if whole else None


def newest_first(whole: Sequence[State]) -> list[State]:
    """Return the copies of a state in the order of their sequences, which wrap."""
    ahead = lambda found: (found.sequence - whole[0].sequence + 2**31) % 2**32  # noqa: E731
    return sorted(whole, key=ahead, reverse=True)


class Home:
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
        tap: Callable[[Ports], Ports] = lambda ports: ports,
        program: Callable[[Ports], Firmware] | None = None,
        carrier: CardKind = CardKind.SECURE,
        meter_id: int = METER_ID,
    ) -> None:
        fate = Random(1) if fate is None else fate
        named = parse_build(build)
        installation = Installation(
            meter_id=meter_id,
            balance_cents=balance_cents,
            load=(load,) * 24,
            clock_error_us=0,
            drift_ppb=0,
            clock_set_us=start_us,
        )
        self.board = install(
            model, named, installation, master=BENCH_MASTER_KEY, now_us=start_us, fate=fate
        )

        self._model = model
        self._program = named.program(model) if program is None else program
        self.bench = self._benched(tap, outages, obey_hints=obey_hints)
        self.desk = Desk(BENCH_MASTER_KEY, challenge=counted())
        image = self.desk.issue(
            meter_id,
            card_number=card_number,
            energy=model.measures,
            tariff=model.credit.pricing,
            mwh_per_unit=model.credit.mwh_per_unit,
            generation=generation,
            expires=expires,
            issued_at_min=0,
            kind=carrier,
        )
        self.card = card_of(image, counted())

    def _benched(
        self,
        tap: Callable[[Ports], Ports],
        outages: Sequence[tuple[int, int]],
        *,
        obey_hints: bool = True,
    ) -> Bench:
        return Bench(
            self.board,
            lambda ports: self._program(tap(ports)),
            poll_us=self._model.poll_s * SECOND_US,
            boot_us=self._model.boot_ms * 1_000,
            outages=outages,
            obey_hints=obey_hints,
        )

    def fork(
        self,
        *,
        outages: Sequence[tuple[int, int]] = (),
        fate: Random,
        tap: Callable[[Ports], Ports] = lambda ports: ports,
    ) -> "Home":
        """Return another home that stands as this one does, with outages ahead; no card is in."""
        other = copy(self)
        other.board = deepcopy(self.board, {id(self.board._fate): fate})
        other.bench = other._benched(tap, outages)
        other.card = card_of(self.card.image, counted())
        return other

    def write(self, work: Work, issued_at_min: int = 0) -> None:
        """Have the desk write on the card."""
        self.card.power_on()
        self.desk.serve(self.card.transmit, work, issued_at_min=issued_at_min)
        self.card.power_off()

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
    def state(self) -> State:
        found = stored_state(self.board)
        assert found is not None
        return found

    def file(self, sfi: Sfi) -> bytes:
        return raw_on(self.card.image, sfi)

    def write_back(self) -> WriteBackRecord | None:
        """Return what the meter wrote on the card, `None` when it is still erased."""
        key = derive(BENCH_MASTER_KEY, Purpose.METER_RECORD, METER_ID)
        return laid_open(self.card.image).written_back(key)

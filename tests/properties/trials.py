"""A meter, its card and its desk on one bench, and the oracles the laws are checked against.

Legal time comes from `zoneinfo`, never from the firmware's own calendar.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random
from typing import NamedTuple, get_args, get_type_hints
from zoneinfo import ZoneInfo

import msgspec

from card_protocol.card.image import CardKind
from card_protocol.formats.budget.generations import DESK_RECORDS
from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Work
from meter_emu.firmware.layouts import STATE, STATE_AT, State, crc_holds
from meter_emu.ports import Firmware, Ports
from meter_emu.resources import built_in
from meter_emu.world.meter.board import Board
from meter_emu.world.meter.clock_chips import CLOCK_CHIPS
from meter_emu.world.meter.image import image_of
from meter_emu.world.meter.model import MeterModel, load_model, uncertainty_s
from tests.rigs import rig_of

BRUSSELS = ZoneInfo("Europe/Brussels")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
HALF = 1 << 31  # of the numbers that a save may have
WORK_US = 5 * SECOND_US  # one poll's own time on bus and EEPROM, a valve's travel, with room
METER_ID = 541_000_000_777

METERS = {name: load_model(path) for name, path in built_in("meters").items()}
MODEL: MeterModel = METERS["electricity-pcf8563-utc"]
GAS: MeterModel = METERS["gas-pcf8563-battery"]
BASES: tuple[str, ...] = get_args(get_type_hints(MeterModel)["rtc_base"])
# A clock chip that no built-in model has is tried on the board of another.
OTHER_CHIPS = [
    msgspec.structs.replace(MODEL, name=f"electricity-{chip}", rtc=chip)
    for chip in sorted(set(CLOCK_CHIPS) - {meter.rtc for meter in METERS.values()})
]
MODELS = [
    msgspec.structs.replace(model, rtc_base=base)
    for model in (*METERS.values(), *OTHER_CHIPS)
    for base in BASES
]
BI_HOURLY = [model for model in MODELS if model.name == "electricity-bi-hourly"]


class ModelAndCards(NamedTuple):
    """What a law is tried on: a meter, and the format and the kind of its cards."""

    model: MeterModel
    generation: int
    carrier: CardKind


# A memory card has no room for generation 2.
CARDS = [card for card in product(DESK_RECORDS, CardKind) if card != (2, CardKind.MEMORY)]
KITS = [ModelAndCards(model, *card) for model, card in product(MODELS, CARDS)]


def us(when: datetime) -> int:
    """Return an aware datetime as true microseconds."""
    return (when - EPOCH) // timedelta(microseconds=1)


def legal(at_us: int) -> datetime:
    return (EPOCH + timedelta(microseconds=at_us)).astimezone(BRUSSELS)


def civil(at_us: int) -> Civil:
    when = legal(at_us)
    return Civil(when.year, when.month, when.day, when.hour, when.minute)


def later_instant_us(when: Civil) -> int:
    """Return the instant of a legal time; the later reading where there are two or none."""
    naive = datetime(*when, tzinfo=BRUSSELS)
    return max(us(naive.replace(fold=0)), us(naive.replace(fold=1)))


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """One meter's circumstances."""

    start_us: int
    clock_set_us: int
    clock_error_s: int = 0
    drift_ppb: int = 0
    phase_us: int = 0
    balance_cents: int = 100_000
    load: tuple[int, ...] = (250,) * 24
    outages: Sequence[tuple[int, int]] = ()
    build: str = "reference"
    model: MeterModel = MODEL
    generation: int = 1
    seed: int = 0
    carrier: CardKind = CardKind.SECURE

    def uncertainty_us(self, at_us: int) -> int:
        return uncertainty_s(self.model, self.clock_set_us, at_us) * SECOND_US


class MeterSetup:
    """Runs a setting."""

    def __init__(self, setting: Circumstances) -> None:
        self.setting = setting
        self.rig = rig_of(
            start_us=setting.start_us,
            model=setting.model,
            load=setting.load,
            fate=Random(setting.seed),
            challenge=Random(setting.seed + 1).randbytes,
            build=setting.build,
            balance_cents=setting.balance_cents,
            clock_error_s=setting.clock_error_s,
            drift_ppb=setting.drift_ppb,
            clock_set_us=setting.clock_set_us,
            poll_phase_us=setting.phase_us,
            outages=tuple(setting.outages),
            card_generation=setting.generation,
            carrier=setting.carrier,
            meter_id=METER_ID,
        )
        self.board, self.desk = self.rig.board, self.rig.desk
        self.run_on(None)
        self.issued_at_min = 0  # when the desk says it writes: long ago, unless a test says else
        self.card = self.rig.first_card(issued_at_min=0)

    def run_on(self, program: Callable[[Ports], Firmware] | None) -> None:
        """Have another program than the build's run from now on."""
        self.bench, _ = self.rig.bench(lambda _event: None, program=program)

    def write(self, work: Work) -> None:
        """Have the desk write on the card."""
        self.rig.serve(self.card, work, self.issued_at_min)

    def insert(self) -> None:
        """Put the card in and take it out after the session."""
        self.bench.insert(self.card)
        self.bench.remove()

    @property
    def openings_us(self) -> list[int]:
        """Return when the supply went off."""
        return [at_us for at_us, closed in self.board.moves if not closed]

    def state(self) -> State:
        return state_of(self.board)

    def bytes_now(self) -> bytes:
        """Return every persistent byte of meter and card."""
        return image_of(self.board, self.setting.model) + self.card.image.to_bytes()


def state_of(board: Board) -> State:
    """Return the newest whole state in the cells, read without the firmware's own loader."""
    copies = [bytes(board.eeprom.cells[at : at + STATE.size_bytes]) for at in STATE_AT]
    states = [STATE.parse(raw) for raw in copies if raw[:2] == STATE.magic and crc_holds(raw)]
    first = states[0].sequence  # the copies are one save apart, which may be across the wrap
    return max(states, key=lambda state: (state.sequence - first + HALF) % (2 * HALF))

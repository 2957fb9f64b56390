"""The devices that a bench can hold, a row each: their program, their first memory, what they take.

A model file names its device. The build asks the row for the program, the installer for what lies
in a new one's memory, a campaign whether it has a slot for cards or a keypad. Who judges which is
is in `meter_emu.world.judge.verdict`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Protocol, final

from card_protocol.keys import Key, Purpose, derive
from card_protocol.layout import filled
from card_protocol.tokens.openpaygo.chain import PaygoKey, PaygoSeed
from card_protocol.tokens.sts.keys import (
    DecoderKey,
    KeyParameters,
    KeyType,
    TokenCipher,
    VendingKey,
    derive_decoder_key,
)
from card_protocol.tokens.sts.meter_pan import MeterPan, luhn
from card_protocol.tokens.sts.tid import BaseDate
from meter_emu.defects import PartT
from meter_emu.desk.published_key import TEST_MASTER_KEY, TEST_VENDING_KEY
from meter_emu.desk.vending import KeyTypeName, MeterKey
from meter_emu.domain import DeviceName
from meter_emu.firmware.dialogues.base import CardDialogue
from meter_emu.firmware.layouts import FACTORY, FACTORY_AT, STATE, STATE_AT, Health
from meter_emu.firmware.memory import Memory
from meter_emu.firmware.parts import Parts
from meter_emu.firmware.program import Program
from meter_emu.firmware.rules import MeterRules
from meter_emu.firmware.token.kept_records import Records
from meter_emu.firmware.token.layouts import (
    PAYGO,
    PaygoFlags,
)
from meter_emu.firmware.token.paygo import PaidTime, PaygoProgram, UsedCounts
from meter_emu.firmware.token.sts import StsEffects, StsProgram, TidMemory, standing
from meter_emu.firmware.token.sts_layouts import (
    DITK,
    LONG_KEY_BYTES,
    STS,
    TIDS,
    tid_bytes,
)
from meter_emu.hardware.metrology import REGISTER_UNITS
from meter_emu.ports import Firmware, Ports
from meter_emu.units import EPOCH_2000_US, SECOND_US
from meter_emu.world.meter.install import FirstMemory, Installation, factory_record, first_state
from meter_emu.world.meter.model import MeterModel, Sts


class ProgramBuild(Protocol):
    """What a program is made from of a build (`meter_emu.world.meter.build`)."""

    @property
    def dialogues(self) -> tuple[type[CardDialogue], ...]:
        """The dialogues of our program."""
        ...

    def fitted(self, part: type[PartT], /) -> type[PartT]:
        """Return this build's class for a part."""
        ...

    def parts(self, model: MeterModel) -> Parts:
        """Return our program's parts for a model's board."""
        ...


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One device. `program` gives the factory of a build's firmware for a model.

    `first_memory` yields the cells that factory and installer wrote, their CRC left open, from
    model, installation, master key, the time that its clock shows and its ticks. `slot` and
    `keypad` are how orders come, `sells` is what is paid for. For who compares memories: `records`
    are what it keeps, and `standing` gives from its state, the register and the ticks what sums and
    times come to, where nobody acts on these themselves.
    """

    name: DeviceName
    program: Callable[[ProgramBuild, MeterModel], Callable[[Ports], Firmware]]
    first_memory: FirstMemory
    slot: bool
    keypad: bool
    sells: str
    records: Records[Any, Any] | None = None
    standing: Callable[[Any, int, int], tuple[int, ...]] | None = None


def paygo_seed(model: MeterModel, device_id: int, master: Key) -> PaygoSeed:
    """Return the secret of a device of OpenPAYGO, which office and factory share."""
    assert model.paygo is not None, "it is such a device"
    return PaygoSeed(PaygoKey(derive(master, Purpose.TOKENS, device_id).raw), None)


def _budget_program(build: ProgramBuild, model: MeterModel) -> Callable[[Ports], Firmware]:
    parts, known = build.parts(model), build.dialogues
    program: type[Program] = build.fitted(Program)
    memory, rules = build.fitted(Memory), build.fitted(MeterRules)
    return lambda ports: program(ports, parts, known, memory=memory, rules=rules)


def _budget_memory(
    model: MeterModel, inst: Installation, master: Key, clock_us: int, ticks_ms: int
) -> Iterator[tuple[int, bytes]]:
    yield FACTORY_AT, FACTORY.build(factory_record(model, inst.meter_id, master))
    yield STATE_AT[0], STATE.build(first_state(model, inst, clock_us=clock_us, ticks_ms=ticks_ms))


def _paygo_program(build: ProgramBuild, model: MeterModel) -> Callable[[Ports], Firmware]:
    parts, program = build.parts(model), build.fitted(PaygoProgram)
    used, time = build.fitted(UsedCounts)(), build.fitted(PaidTime)()
    rtc, calendar, trust = parts.rtc, parts.calendar, parts.trust
    return lambda ports: program(ports, rtc, calendar, trust, used=used, time=time)


def _paygo_memory(
    model: MeterModel, inst: Installation, master: Key, clock_us: int, ticks_ms: int
) -> Iterator[tuple[int, bytes]]:
    """Yield what a device in service has: nothing is paid yet, and no token was taken."""
    assert model.paygo is not None, "it is such a device"
    seed = paygo_seed(model, inst.meter_id, master)
    factory = PAYGO.factory.filled(
        version=PAYGO.version,
        time_divider=model.paygo.time_divider,
        device_id=inst.meter_id,
        drift_bound_ppb=model.clock.drift_bound_ppb,
        outage_max_days=model.clock.outage_max_days,
        restricted=int(model.paygo.restricted),
        starting_code=seed.starting_code,
        key=seed.key.raw,
    )
    now_s = (clock_us - EPOCH_2000_US) // SECOND_US
    state = PAYGO.state.filled(
        version=PAYGO.version,
        flags=PaygoFlags.OVER,
        sequence=inst.age.save_count,
        last_time_s=now_s,
        last_ticks_ms=ticks_ms,
        paid_until_s=now_s,
        last_count=inst.age.token_count,
        used=0,
        health=Health.TRUSTED,
        lost_starts=0,
    )
    yield PAYGO.factory_at, PAYGO.factory.build(factory)
    yield PAYGO.state_at[0], PAYGO.state.build(state)


_IIN: Final = "600727"  # of issuers that have no own (docs/sts.md)


def pan_of(device_id: int) -> MeterPan:
    """Return the MeterPAN of an STS meter: ours from the last ten digits of its number."""
    number = f"{device_id % 10**10:010}"
    number += luhn(number)
    return MeterPan(_IIN, number, luhn(_IIN + number))


@lru_cache(maxsize=4096)  # a key makes its cipher's tables once
def decoder_key(
    model: MeterModel, device_id: int, of: MeterKey, vending: VendingKey = TEST_VENDING_KEY
) -> DecoderKey:
    """Return a key of an STS meter; ours for that of a factory, which nobody derives."""
    assert model.sts is not None, "it is such a meter"
    cipher = TokenCipher[model.sts.cipher]
    key_type = STS_KEY_TYPES[of.key_type]
    if key_type is None:
        raw = derive(TEST_MASTER_KEY, Purpose.TOKENS, device_id).raw
        return DecoderKey(raw[: len(raw) // (1 if cipher is TokenCipher.EA11 else 2)])
    parameters = KeyParameters(
        pan=pan_of(device_id),
        supply_group=model.sts.supply_group,
        tariff_index=of.tariff_index,
        revision=of.revision,
        key_type=key_type,
        base=of.base,
        cipher=cipher,
    )
    return derive_decoder_key(vending, parameters)


def _sts_program(build: ProgramBuild, _model: MeterModel) -> Callable[[Ports], Firmware]:
    program = build.fitted(StsProgram)
    tids, effects = build.fitted(TidMemory)(), build.fitted(StsEffects)()
    return lambda ports: program(ports, tids=tids, effects=effects)


def _sts_memory(
    model: MeterModel, inst: Installation, _master: Key, _clock_us: int, _ticks_ms: int
) -> Iterator[tuple[int, bytes]]:
    """Yield what a meter in service has: its key, its credit, and no token taken yet."""
    sts = model.sts
    assert sts is not None, "it is such a meter"
    factory = STS.factory.filled(
        sts,
        version=STS.version,
        cipher=int(TokenCipher[sts.cipher].value),
        meter_id=inst.meter_id,
        checks_ken=int(sts.checks_ken),
    )
    first = first_key(sts)
    state = STS.state.filled(
        sts,
        version=STS.version,
        key_type=STS_KEY_TYPES[sts.key_type] or DITK,
        sequence=inst.age.save_count,
        limit_units=(inst.age.register_units + inst.age.credit_wh) % REGISTER_UNITS,
        revision=sts.key_revision,
        tries=0,
        locked=0,
        waiting=0,
        since_ms=0,
        waiting_ms=0,
        supply_group=int(sts.supply_group),
        power_limit_w=model.connection_w,
        key=decoder_key(model, inst.meter_id, first).raw.ljust(LONG_KEY_BYTES, b"\0"),
        sections=STS.state.erased("sections"),
        tids=tid_bytes((sts.first_tid,) * TIDS),
    )
    yield STS.factory_at, STS.factory.build(factory)
    yield STS.state_at[0], STS.state.build(state)


def first_key(sts: Sts) -> MeterKey:
    """Return the key that an STS meter is delivered with, as its office has it on record."""
    return filled(MeterKey, sts, base=BaseDate(sts.base), revision=sts.key_revision)


STS_KEY_TYPES: Final[dict[KeyTypeName, KeyType | None]] = {
    "initial": None,
    "default": KeyType.DDTK,
    "unique": KeyType.DUTK,
    "common": KeyType.DCTK,
}
_ROWS: Final = (
    Device(
        name="budget",
        program=_budget_program,
        first_memory=_budget_memory,
        slot=True,
        keypad=False,
        sells="money",
    ),
    Device(
        name="openpaygo",
        program=_paygo_program,
        first_memory=_paygo_memory,
        slot=False,
        keypad=True,
        sells="time",
        records=PAYGO,
    ),
    Device(
        name="sts",
        program=_sts_program,
        first_memory=_sts_memory,
        slot=False,
        keypad=True,
        sells="energy",
        records=STS,
        standing=standing,
    ),
)
DEVICES: Final = {row.name: row for row in _ROWS}

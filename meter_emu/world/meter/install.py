"""A new meter as the installer leaves it: factory record, first state, clock set, switch on.

Makes the bytes of `docs/meter-image.md` without the firmware's code. The clock was set some time
ago and has drifted since; both are the campaign's numbers, and the state records only when it was
set.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import cache
from random import Random
from typing import Any, Final, Protocol, TypeAlias, final

from card_protocol.keys import Key, Purpose, derive
from card_protocol.timestamp import Civil
from meter_emu.domain import Result
from meter_emu.energies import SwitchKind
from meter_emu.firmware.layouts import (
    FACTORY,
    LAYOUT_VERSION,
    NO_END,
    NO_EVENTS,
    NO_ORDER,
    STATE,
    EnergyAccount,
    Factory,
    FactoryFlags,
    Health,
    Rate,
    RtcBase,
    State,
    StateFlags,
    Supply,
    with_crc,
)
from meter_emu.firmware.parts import Parts
from meter_emu.firmware.rtc.driver import RtcDriver
from meter_emu.hardware.contactor import Contactor
from meter_emu.hardware.eeprom import Eeprom
from meter_emu.hardware.metrology import UNIT, Metrology
from meter_emu.hardware.oscillator import Backup
from meter_emu.hardware.rtc.calendar_chip import CalendarChip
from meter_emu.hardware.valve import Valve
from meter_emu.ports import TICKS_WRAP, Button
from meter_emu.units import DAY_US, EPOCH_2000_US, PPB, SECOND_US, UEUR_PER_CENT
from meter_emu.world.meter.age import NEW, Age
from meter_emu.world.meter.board import Board
from meter_emu.world.meter.clock_chips import ClippedChip
from meter_emu.world.meter.model import MeterModel
from meter_emu.world.meter.times import us_to_utc

MODEL_NAME_SIZE_BYTES: Final = 24


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The state of one meter when its story begins. Instants are true microseconds.

    `clock_error_us` is RTC minus true time at `clock_set_us`; `drift_ppb` counts from there.
    """

    meter_id: int
    balance_cents: int
    load: tuple[int, ...]
    clock_error_us: int
    drift_ppb: int
    clock_set_us: int
    prepayment: bool = True
    limiter: bool = False
    age: Age = NEW


# From model, installation, master key, the time that the clock shows and its ticks: where records
# lie, and their bytes with the CRC left open.
FirstMemory: TypeAlias = Callable[
    [MeterModel, Installation, Key, int, int], Iterator[tuple[int, bytes]]
]


class MeterBuild(Protocol):
    """What a meter is made from of a build (`meter_emu.world.meter.build`)."""

    def parts(self, model: MeterModel) -> Parts:
        """Return our program's parts for a model's board."""
        ...

    def rtc(self, model: MeterModel, drift_ppb: int, now_us: int) -> CalendarChip:
        """Return the clock chip of a model."""
        ...

    def first_memory(self, model: MeterModel) -> FirstMemory:
        """Return what yields the first contents of a new meter's memory."""
        ...


def install(
    model: MeterModel,
    build: MeterBuild,
    inst: Installation,
    *,
    master: Key,
    now_us: int,
    fate: Random,
) -> Board:
    """Return the board of a newly installed meter at `now_us`."""
    clock_us = now_us + inst.clock_error_us + inst.drift_ppb * (now_us - inst.clock_set_us) // PPB
    ticks_ms = fate.randrange(TICKS_WRAP)
    ticks_from_us = now_us - ticks_ms * 1_000
    board = empty_board(
        model,
        build,
        inst.load,
        drift_ppb=inst.drift_ppb,
        now_us=now_us,
        fate=fate,
        ticks_from_us=ticks_from_us,
        register_units=inst.age.register_units,
    )
    shown = _shown(model, clock_us)
    _set_clock(board.rtc, build.parts(model).rtc, shown, clock_us)
    for at, raw in build.first_memory(model)(model, inst, master, clock_us, ticks_ms):
        _burn(board, at, raw)
    return board


def empty_board(
    model: MeterModel,
    build: MeterBuild,
    load: tuple[int, ...],
    *,
    drift_ppb: int,
    now_us: int,
    fate: Random,
    ticks_from_us: int | None = None,
    register_units: int = 0,
) -> Board:
    """Return a board as assembled: EEPROM erased, clock never set, switch on."""
    return Board(
        now_us=now_us,
        rtc=build.rtc(model, drift_ppb, now_us),
        backup=Backup(model.clock.backup_days * DAY_US, at_us=now_us),
        eeprom=Eeprom(
            flicker(fate),
            size_bytes=model.eeprom_size_bytes,
            page_bytes=model.eeprom_page_bytes,
            endurance_cycles=model.eeprom_endurance_cycles,
        ),
        switch=switch_class(model)(),
        metrology=Metrology(load, at_us=now_us, amount=register_units * UNIT),
        fate=fate,
        ticks_from_us=ticks_from_us,
    )


def switch_class(model: MeterModel) -> type[Contactor] | type[Valve]:
    """Return the class of a model's load switch."""
    return _SWITCHES[model.measures.switch]


_SWITCHES: Final[dict[SwitchKind, type[Contactor] | type[Valve]]] = {
    "contactor": Contactor,
    "valve": Valve,
}


def flicker(fate: Random) -> Callable[[], int]:
    """Return the source of weak cells' readings: a stream of its own, for nothing else."""
    seed = fate.getrandbits(64)
    stream = cache(lambda: Random(seed))  # noqa: S311  an unstable cell, not a secret; few have one
    return lambda: stream().randrange(256)


def factory_record(model: MeterModel, meter_id: int, master: Key) -> Factory:
    """Return the factory record: the model's numbers and this meter's own keys."""
    flags: int = FactoryFlags.WINDOW_ON
    if model.window.weekend:
        flags |= FactoryFlags.WINDOW_WEEKEND
    if model.deferral_accounting == "suspended":
        flags |= FactoryFlags.DEFERRAL_SUSPENDS
    if model.later_cut == "reconnect":
        flags |= FactoryFlags.LATER_CUT_RECONNECTS
    night = model.night
    if night is not None:
        flags |= FactoryFlags.NIGHT_ON
        flags |= FactoryFlags.NIGHT_WEEKEND if night.weekend else 0
    return FACTORY.filled(
        version=LAYOUT_VERSION,
        energy=model.measures.code,
        model=model_code(model),
        meter_id=meter_id,
        flags=flags,
        limiter_ampere=model.limiter_a,
        window_start_minute=model.window.start_minute,
        window_end_minute=model.window.end_minute,
        drift_bound_ppb=model.clock.drift_bound_ppb,
        trust_max_days=model.clock.trust_max_days,
        outage_max_days=model.clock.outage_max_days,
        emergency_cents=model.credit.emergency_cents,
        load_max_cents=model.credit.load_max_cents,
        low_credit_cents=model.credit.low_credit_cents,
        rtc_base=RtcBase[model.rtc_base.upper()],
        rearm_key=Button[model.rearm.key.upper()],
        rearm_hold_ms=model.rearm.hold_ms,
        tightness_s=model.rearm.tightness_s,
        night_start_minute=0 if night is None else night.start_minute,
        night_end_minute=0 if night is None else night.end_minute,
        key_meter_auth=derive(master, Purpose.METER_AUTH, meter_id).raw,
        key_card_auth=derive(master, Purpose.CARD_AUTH, meter_id).raw,
        key_desk_record=derive(master, Purpose.DESK_RECORD, meter_id).raw,
        key_meter_record=derive(master, Purpose.METER_RECORD, meter_id).raw,
        key_reactivation=derive(master, Purpose.REACTIVATION, meter_id).raw,
        connection_w=model.connection_w,
        shelter_longest_min=model.shelter_longest_min,
    )


# What no meter has when it is installed.
_NOTHING_YET: Final[dict[str, Any]] = dict.fromkeys(
    (
        "clock_card_s", "emergency_debt_ueur", "remainder_mwh", "untimed_wh", "refused_stamp_min",
        "sheltered_wh", "sheltered_min", "sheltered_ticks_ms", "doubted_from_wh", "shown_session",
        "powered_from_min",
    ),
    0,
)  # fmt: skip


def first_state(model: MeterModel, inst: Installation, *, clock_us: int, ticks_ms: int) -> State:
    """Return the state of a meter in service; a new one has seen no card yet.

    `clock_us` is the time its clock shows, UTC; `ticks_ms` its tick count.
    """
    shown = _shown(model, clock_us)
    flags = 0
    if inst.prepayment:
        flags |= StateFlags.PREPAYMENT_ON
    if inst.limiter:
        flags |= StateFlags.LIMITER_GRANTED
    if model.rtc_base == "legal" and shown.dst():
        flags |= StateFlags.SUMMER
    set_s = (inst.clock_set_us - EPOCH_2000_US) // SECOND_US
    age, balance_ueur = inst.age, inst.balance_cents * UEUR_PER_CENT
    return STATE.filled(
        age,
        version=LAYOUT_VERSION,
        flags=flags,
        sequence=age.save_count,
        last_time_s=(clock_us - EPOCH_2000_US) // SECOND_US,
        last_ticks_ms=ticks_ms,
        last_day=(shown.date() - _DAY_0).days,
        clock_set_s=set_s,
        set_error_s=model.clock.set_error_s,
        health=Health.TRUSTED,
        supply=Supply.CONNECTED,
        account=EnergyAccount.CHARGED if inst.prepayment else EnergyAccount.POSTPAID,
        order_result=Result.NONE,
        booked_units=age.register_units,
        balance_ueur=balance_ueur,
        charged_ueur=max(0, age.loaded_cents * UEUR_PER_CENT - balance_ueur) if age.said else 0,
        accepted_cents=age.loaded_cents,
        accepted_count=age.load_count,
        price_ueur_per_wh=model.credit.price_ueur_per_wh,
        mwh_per_unit=model.credit.mwh_per_unit,
        tariff_number=model.credit.tariff_number,
        defer_end=NO_END,
        cut_end=NO_END,
        events=NO_EVENTS,
        card_number=age.card_number if age.said else 0,
        night_price_ueur_per_wh=model.credit.pricing.night_price_ueur_per_wh,
        rate=Rate.DAY,
        certain_s=max(0, set_s - model.clock.set_error_s),
        latched_end=NO_END,
        lost_by=Health.TRUSTED,
        order_mac=NO_ORDER,
        **_NOTHING_YET,
    )


def model_code(model: MeterModel) -> bytes:
    """Return the model's name as factory record and meter image encode it."""
    return model.name.encode("ascii", "replace")[:MODEL_NAME_SIZE_BYTES].ljust(
        MODEL_NAME_SIZE_BYTES, b"\0"
    )


def _set_clock(chip: CalendarChip, driver: RtcDriver, shown: datetime, clock_us: int) -> None:
    """Show a time on a chip, set by the build's own driver, with its divider at the fraction."""
    when = Civil(shown.year, shown.month, shown.day, shown.hour, shown.minute)
    driver.set_time(ClippedChip(chip), when, shown.second, shown.weekday())
    chip.oscillator.phase = clock_us % SECOND_US * PPB


_DAY_0: Final = date(2000, 1, 1)


def _shown(model: MeterModel, us: int) -> datetime:
    """Return the display of a clock chip that counts the model's time base."""
    counted: dict[str, tzinfo] = {
        "utc": UTC,
        "standard": timezone(timedelta(minutes=model.zone.rule.standard_min)),
        "legal": model.zone.info,
    }
    return us_to_utc(us).astimezone(counted[model.rtc_base])


def _burn(board: Board, at: int, raw: bytes) -> None:
    board.eeprom.cells[at : at + len(raw)] = with_crc(raw)

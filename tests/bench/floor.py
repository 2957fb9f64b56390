"""The floor, F: what a quiet meter must do at all, as one loop on plain bytes.

No ports, no chips, no parts: no clock is doubted, no end compared, no card heard. What it does do
it does from the bytes at every wake, as the program must: reads both copies of the state and the
clock's registers, shows the credit, and journals a new day. It ends with the same cells, wear,
registers, display and time as the meter, which is checked before either is timed.
"""

import struct
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from meter_emu.firmware.journal import PAGE_SIZE_BYTES
from meter_emu.firmware.layouts import STATE, STATE_AT
from meter_emu.hardware.oscillator import NOMINAL_RATE, SECOND
from meter_emu.units import DAY_S, HOUR_US, PPB
from meter_emu.world.meter import board as costs
from meter_emu.world.meter.board import Board

_ALL = struct.Struct(">" + "".join(f"{field.size_bytes}s" for field in STATE.fields))
_BCD = bytes(number // 10 << 4 | number % 10 for number in range(100))
_OF_BCD = bytes((byte >> 4) * 10 + (byte & 15) for byte in range(256))
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
_EPOCH_2000_S = 946_684_800
_READ_US = (costs.EEPROM_ADDRESS_BYTES + costs.I2C_TURN_BYTES + 256) * costs.EEPROM_BYTE_US
# Into a wake: its cause is asked for, the factory record and both copies are read; then the clock.
_CLOCK_US = costs.REGISTER_US + 3 * _READ_US
_CLOCK_READ_US = (costs.RTC_ADDRESS_BYTES + costs.I2C_TURN_BYTES + 7) * costs.RTC_BYTE_US
_TICKS_US = _CLOCK_US + _CLOCK_READ_US + costs.REGISTER_US
_UNITS_US = _TICKS_US + costs.REGISTER_US


def _number(name: str) -> struct.Struct:
    field = next(field for field in STATE.fields if field.name == name)
    code = {1: "B", 2: "H", 4: "I", 8: "q" if field.kind == "int" else "Q"}[field.size_bytes]
    return struct.Struct(f">{field.offset}x{code}")


_LOADED = [
    _number(name)
    for name in (
        "sequence", "last_day", "booked_units", "balance_ueur", "price_ueur_per_wh", "charged_wh",
        "charged_ueur", "clock_set_s", "set_error_s",
    )
]  # fmt: skip
_AT = {field.name: field for field in STATE.fields}


@dataclass(slots=True)
class PlainMeter:
    """What a meter holds and shows, in plain bytes and numbers."""

    cells: bytearray
    wear: list[int]
    registers: bytearray
    phase: int
    clock_us: int  # true time up to which the registers have counted
    rate: int
    ticks_from_us: int
    watt: int
    amount: int  # of the register at true time 0, in watt-microseconds
    drift_bound_ppb: int
    text: str
    lamps: int
    now_us: int
    wakes: int = 0

    def seen(self) -> tuple[object, ...]:
        """Return what is compared."""
        units = (self.amount + self.watt * self.now_us) // HOUR_US
        clock = (bytes(self.registers), self.phase, self.clock_us)
        return bytes(self.cells), self.wear, clock, units, self.text, self.lamps, self.now_us


def plain(board: Board, watt: int, drift_bound_ppb: int) -> PlainMeter:
    """Return a meter at rest as plain bytes, its clock counted up to now."""
    board.rtc.advance(board.now_us)
    oscillator = board.rtc.oscillator
    return PlainMeter(
        cells=bytearray(board.eeprom.cells),
        wear=list(board.eeprom.wear),
        registers=bytearray(board.rtc.registers),
        phase=oscillator.phase,
        clock_us=board.now_us,
        rate=NOMINAL_RATE + oscillator.drift_ppb,
        ticks_from_us=board.ticks_from_us,
        watt=watt,
        amount=board.metrology.amount_at(board.now_us) - watt * board.now_us,
        drift_bound_ppb=drift_bound_ppb,
        text=board.panel.text,
        lamps=int(board.panel.lamps),
        now_us=board.now_us,
    )


def floor(meter: PlainMeter, anchor_us: int, poll_us: int, until_us: int, *, asleep: bool) -> None:
    """Run the loop until an instant: woken each new day if `asleep`, else at every poll."""
    cells, wear, registers = meter.cells, meter.wear, meter.registers
    rate, phase, clock_us = meter.rate, meter.phase, meter.clock_us
    valid = b""
    of_day = _of_day(registers)
    at_us = clock_us - ((phase - (DAY_S - of_day) * SECOND) // rate) if asleep else meter.now_us
    at_us += (anchor_us - at_us) % poll_us
    known: Any = ()
    while at_us < until_us:
        meter.wakes += 1
        copies = [bytes(cells[at : at + 256]) for at in STATE_AT]
        first, second = (int.from_bytes(copy[4:8], "big") for copy in copies)
        newest = 0 < (second - first) % 2**32 < 2**31
        state = copies[newest]
        if state != valid:
            assert crc32(state[:-4]) == int.from_bytes(state[-4:], "big"), "it is whole"
            known, valid = [one.unpack_from(state)[0] for one in _LOADED], state
        sequence, last_day, booked, balance, price, charged, cost, set_s, error_s = known
        phase, clock_us = _count(registers, phase, at_us + _CLOCK_US, clock_us, rate)
        of_day = _of_day(registers)
        year, month = _OF_BCD[registers[8]], _OF_BCD[registers[7] & 0x1F]
        day = 365 * year + (year + 3) // 4 + _BEFORE[month - 1]
        day += _OF_BCD[registers[5]] - 1 + (month > 2 and year % 4 == 0)
        units = (meter.amount + meter.watt * (at_us + _UNITS_US)) // HOUR_US
        left = balance - (units - booked) * price
        if day != last_day:
            time_s = day * DAY_S + of_day
            since_s, bound = time_s - set_s, meter.drift_bound_ppb
            raw = bytearray(state)
            for name, value in (
                ("sequence", sequence + 1),
                ("last_day", day),
                ("last_time_s", time_s),
                ("last_ticks_ms", (at_us + _TICKS_US - meter.ticks_from_us) // 1000 % 2**32),
                ("certain_s", time_s - error_s + (-since_s * bound // (PPB - bound))),
                ("booked_units", units),
                ("balance_ueur", left),
                ("charged_wh", charged + units - booked),
                ("charged_ueur", cost + balance - left),
            ):
                field = _AT[name]
                end = field.offset + field.size_bytes
                raw[field.offset : end] = value.to_bytes(field.size_bytes, "big")
            raw[-4:] = crc32(raw[:-4]).to_bytes(4, "big")
            to = STATE_AT[not newest]
            for offset in range(0, 256, PAGE_SIZE_BYTES):
                page = raw[offset : offset + PAGE_SIZE_BYTES]
                cells[to + offset : to + offset + PAGE_SIZE_BYTES] = page
                wear[(to + offset) // PAGE_SIZE_BYTES] += 1
        meter.text = f"CREDIT {left // 1_000_000}.{left // 10_000 % 100:02} EUR"
        meter.lamps = 0
        at_us += poll_us
        if asleep:
            at_us = clock_us - ((phase - (DAY_S - of_day) * SECOND) // rate)
            at_us += (anchor_us - at_us) % poll_us
    meter.phase, meter.clock_us = _count(registers, phase, until_us, clock_us, rate)
    meter.now_us = until_us


def _of_day(registers: bytearray) -> int:
    minute = _OF_BCD[registers[4]] * 60 + _OF_BCD[registers[3]]
    return minute * 60 + _OF_BCD[registers[2]]


def _count(
    registers: bytearray, phase: int, now_us: int, clock_us: int, rate: int
) -> tuple[int, int]:
    """Let the clock count up to now; return its divider's place, and now."""
    seconds, phase = divmod(phase + (now_us - clock_us) * rate, SECOND)
    seconds += _OF_BCD[registers[2]]
    minutes, seconds = divmod(seconds, 60)
    minutes += _OF_BCD[registers[3]]
    hours, minutes = divmod(minutes, 60)
    hours += _OF_BCD[registers[4]]
    days, hours = divmod(hours, 24)
    registers[2], registers[3], registers[4] = _BCD[seconds], _BCD[minutes], _BCD[hours]
    for _ in range(days):
        month, year = _OF_BCD[registers[7]], _OF_BCD[registers[8]]
        day = _OF_BCD[registers[5]] + 1
        if day > _DAYS[month - 1] + (month == 2 and year % 4 == 0):
            day, month = 1, month + 1
            if month > 12:
                month, year = 1, year + 1
        registers[5], registers[7], registers[8] = _BCD[day], _BCD[month], _BCD[year]
        registers[6] = (registers[6] + 1) % 7
    return phase, now_us

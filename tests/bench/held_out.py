"""Three defects of earlier held-out sets, written again from what they were called."""

from typing import Any, Final

from card_protocol.timestamp import Civil
from meter_emu.domain import ClockSetting
from meter_emu.firmware.gate import RecordCodec
from meter_emu.firmware.layouts import Health
from meter_emu.firmware.program import Program
from meter_emu.firmware.rtc.pcf8563 import Pcf8563Driver
from meter_emu.firmware.trust import EPOCH_2000_S
from tests.explore.field import Report

_SECONDS: Final = 0x02  # of the PCF8563


def set_one_by_one(self: Pcf8563Driver, ports: Any, when: Civil, second: int, weekday: int) -> None:
    """The seconds first, and each field in an access of its own: the clock ticks between them."""
    for offset, byte in enumerate(self.encode(when, second, weekday)):
        ports.rtc_write(_SECONDS + offset, bytes((byte,)))
    ports.rtc_write(0x00, bytes(1))


def saved_before_it_is_set(
    self: Program, meter: Any, utc_s: int, *, error_s: int, health: Health
) -> bool:
    """Power that fails between the two leaves a memory that believes a clock nobody has set."""
    state = meter.state
    state.clock_set_s = state.last_time_s = utc_s - EPOCH_2000_S
    state.set_error_s, state.health = error_s, health
    self._memory.save(state)
    return Program.set_clock(self, meter, utc_s, error_s=error_s, health=health)


def to_the_nearest_minute(self: RecordCodec, order: ClockSetting) -> int:
    return (RecordCodec.set_to_s(self, order) + 30) // 60 * 60


HELD_OUT: Final = {
    "fields-set-one-by-one": Report(Pcf8563Driver, "set_time", set_one_by_one, "a held-out set"),
    "write-race": Report(Program, "set_clock", saved_before_it_is_set, "a held-out set"),
    "clock-card-to-the-nearest-minute": Report(
        RecordCodec, "set_to_s", to_the_nearest_minute, "a held-out set"
    ),
}

"""The clock chips a model file may name: a file in `hardware/rtc/` and one in `firmware/rtc/` each.

The chip's file has its row, all that is to be known of it; the driver has masks of its own. Nobody
else knows a chip by its name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

from meter_emu.errors import ConfigError
from meter_emu.firmware.rtc.driver import RtcDriver
from meter_emu.firmware.rtc.ds1307 import Ds1307Driver
from meter_emu.firmware.rtc.ds3231 import Ds3231Driver
from meter_emu.firmware.rtc.mcp7940n import Mcp7940nDriver
from meter_emu.firmware.rtc.pcf8563 import Pcf8563Driver
from meter_emu.hardware.rtc.calendar_chip import CalendarChip
from meter_emu.hardware.rtc.ds1307 import Ds1307
from meter_emu.hardware.rtc.ds3231 import Ds3231
from meter_emu.hardware.rtc.mcp7940n import Mcp7940n
from meter_emu.hardware.rtc.pcf8563 import Pcf8563
from meter_emu.world.meter.model import MeterModel


@final
@dataclass(frozen=True, slots=True)
class ClockChip:
    """The chip on the board, and its driver in the program."""

    chip: type[CalendarChip]
    driver: type[RtcDriver]


CLOCK_CHIPS: Final[Mapping[str, ClockChip]] = {
    "ds1307": ClockChip(Ds1307, Ds1307Driver),
    "ds3231": ClockChip(Ds3231, Ds3231Driver),
    "mcp7940n": ClockChip(Mcp7940n, Mcp7940nDriver),
    "pcf8563": ClockChip(Pcf8563, Pcf8563Driver),
}


def clock_chip(model: MeterModel) -> ClockChip:
    """Return the row of the chip a model names; raise `ConfigError` for one we do not have."""
    if model.rtc not in CLOCK_CHIPS:
        known = ", ".join(CLOCK_CHIPS)
        raise ConfigError(model.name, "rtc", f"want one of {known}, got {model.rtc}")
    return CLOCK_CHIPS[model.rtc]

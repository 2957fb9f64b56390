"""Where an alarm's fields are, and when it waits for one: the tables of the data sheets.

DS3231 Table 2, PCF8563 Tables 18 to 21, MCP7940N Registers 5-8 to 5-13.
"""

import pytest

from meter_emu.hardware.rtc.alarms import Alarm
from meter_emu.hardware.rtc.ds3231 import Ds3231
from meter_emu.hardware.rtc.mcp7940n import Mcp7940n
from meter_emu.hardware.rtc.pcf8563 import Pcf8563

SIXTY, HOUR, DAY = 0x7F, 0x3F, 0x3F
SHEETS = {
    Ds3231: (
        {"second": (0x07, SIXTY), "minute": (0x08, SIXTY), "hour": (0x09, HOUR),
         "day": (0x0A, DAY), "weekday": (0x0A, 0x0F)},
        {"minute": (0x0B, SIXTY), "hour": (0x0C, HOUR), "day": (0x0D, DAY),
         "weekday": (0x0D, 0x0F)},
    ),
    Pcf8563: (
        {"minute": (0x09, SIXTY), "hour": (0x0A, HOUR), "day": (0x0B, DAY),
         "weekday": (0x0C, 0x07)},
    ),
    Mcp7940n: tuple(
        {"second": (at, SIXTY), "minute": (at + 1, SIXTY), "hour": (at + 2, HOUR),
         "weekday": (at + 3, 0x07), "day": (at + 4, DAY), "month": (at + 5, 0x1F)}
        for at in (0x0A, 0x11)
    ),
}  # fmt: skip
# ALMxMSK of the MCP7940N: what each value compares.
MASKS = {0: {"second"}, 1: {"minute"}, 2: {"hour"}, 3: {"weekday"}, 4: {"day"}, 5: set(), 6: set(),
         7: {"second", "minute", "hour", "weekday", "day", "month"}}  # fmt: skip


def used(alarm: Alarm, registers: bytearray) -> set[str]:
    return {field.what for field in alarm if field.is_used(bytes(registers))}


@pytest.mark.parametrize("chip", SHEETS, ids=lambda chip: chip.NAME)
def test_each_field_is_where_the_sheet_says(chip):
    found = tuple(
        {field.what: (field.register, field.mask) for field in alarm} for alarm in chip.ALARMS
    )
    assert found == SHEETS[chip]


@pytest.mark.parametrize("chip", [Ds3231, Pcf8563], ids=lambda chip: chip.NAME)
def test_bit_7_of_a_field_leaves_it_out_and_bit_6_of_a_day_means_the_weekday(chip):
    for alarm, fields in zip(chip.ALARMS, SHEETS[chip], strict=True):
        shared = fields["day"][0] == fields["weekday"][0]
        for low in (0x00, 0x29, 0x3F):
            registers = bytearray((low,)) * len(chip.RESET)
            assert used(alarm, registers) == set(fields) - ({"weekday"} if shared else set())
            for what, (register, _) in fields.items():
                other = registers[:]
                other[register] |= 0x80
                alike = {one for one, (at, _) in fields.items() if at == register}
                assert used(alarm, other) == used(alarm, registers) - alike, what
            registers[fields["day"][0]] |= 0x40
            assert used(alarm, registers) == set(fields) - ({"day"} if shared else set())


@pytest.mark.parametrize("mask", MASKS)
def test_the_mask_of_an_mcp7940n_chooses_one_field_or_all(mask):
    for alarm, at in zip(Mcp7940n.ALARMS, (0x0A, 0x11), strict=True):
        for other in (0x00, 0x8F):
            registers = bytearray(len(Mcp7940n.RESET))
            registers[at + 3] = mask << 4 | other
            assert used(alarm, registers) == MASKS[mask]

"""The counters of DS3231, DS1307 (Clock and Calendar) and MCP7940N (5.3) against four oracles:
`datetime` for every day of a century in both hour modes, hand tables for every value of every
register, a chip that takes one step a second for any garbage, and the law that splitting changes
nothing for any number of seconds.
"""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meter_emu.hardware.oscillator import Oscillator
from meter_emu.hardware.rtc.calendar_chip import ChipCalendar
from meter_emu.hardware.rtc.ds1307 import Ds1307
from meter_emu.hardware.rtc.ds3231 import IMPLEMENTED, TIME, Ds3231
from meter_emu.hardware.rtc.maxim import MaximChip
from meter_emu.hardware.rtc.mcp7940n import Mcp7940n
from tests.cells import each_cell
from tests.wide import up_to

DAY_S = 86_400
SECONDS, MINUTES, HOURS, DAY, DATE, MONTH, YEAR = range(7)


KINDS: list[type[MaximChip]] = [Ds3231, Ds1307, Mcp7940n]
EACH = pytest.mark.parametrize("kind", KINDS, ids=[kind.NAME for kind in KINDS])


def chip_at(
    time: bytes, calendar: ChipCalendar | None = None, kind: type[MaximChip] = Ds3231
) -> MaximChip:
    chip = kind(calendar or ChipCalendar(), Oscillator())
    chip.registers[TIME] = time
    return chip


# The 24 hours as Figure 1 prints them, written by hand: hour of the day, 24-hour, 12-hour.
HOUR_TABLE = [
    (0, 0x00, 0x52), (1, 0x01, 0x41), (2, 0x02, 0x42), (3, 0x03, 0x43),
    (4, 0x04, 0x44), (5, 0x05, 0x45), (6, 0x06, 0x46), (7, 0x07, 0x47),
    (8, 0x08, 0x48), (9, 0x09, 0x49), (10, 0x10, 0x50), (11, 0x11, 0x51),
    (12, 0x12, 0x72), (13, 0x13, 0x61), (14, 0x14, 0x62), (15, 0x15, 0x63),
    (16, 0x16, 0x64), (17, 0x17, 0x65), (18, 0x18, 0x66), (19, 0x19, 0x67),
    (20, 0x20, 0x68), (21, 0x21, 0x69), (22, 0x22, 0x70), (23, 0x23, 0x71),
]  # fmt: skip
MODE = each_cell("mode", [1, 2], ids=["24-hour", "12-hour"])
A_MODE = each_cell("mode", [1, 2], ids=["24-hour", "12-hour"], short=1)  # where it takes a second


def time_registers(when: datetime, mode: int) -> bytes:
    """00h to 06h, by decimal digits as text: no code shared with the chip."""
    hours = f"{HOUR_TABLE[when.hour][mode]:02x}"
    digits = when.strftime("%S%M") + hours + f"0{when.isoweekday()}" + when.strftime("%d%m%y")
    return bytes.fromhex(digits)


EVERY_DAY = [
    date(2000, 1, 1) + timedelta(n) for n in range((date(2100, 2, 28) - date(2000, 1, 1)).days)
]
END_OF_DAY = datetime.max.time().replace(microsecond=0)
START_OF_DAY = datetime.min.time()


def at(day: date, *, end: bool) -> datetime:
    return datetime.combine(day, END_OF_DAY if end else START_OF_DAY, UTC)


@pytest.mark.slow("every day of a century", short=1)
@EACH
@A_MODE
def test_every_day_of_the_century_rolls_over_to_the_next(mode, kind):
    """23:59:59, or 11:59:59 PM, and one tick give 00:00:00, or 12:00:00 AM, of the next date.

    The 99 -> 00 step toggles the century bit of the DS3231, so its first day of 2100 shows it set;
    the DS1307 has none.
    """
    for day in EVERY_DAY:
        chip = chip_at(time_registers(at(day, end=True), mode), kind=kind)
        chip.tick(1)
        want = bytearray(time_registers(at(day + timedelta(1), end=False), mode))
        if (day.month, day.day, day.year) == (12, 31, 2099):
            want[MONTH] |= kind.CENTURY
        assert chip.registers[TIME] == want, day


@pytest.mark.slow("every day of a century", short=1)
@EACH
@A_MODE
def test_every_day_of_the_century_lasts_86400_seconds(mode, kind):
    """The other way: from 00:00:00 the last second of the same date is 86,399 ticks away."""
    for day in EVERY_DAY:
        chip = chip_at(time_registers(at(day, end=False), mode), kind=kind)
        chip.tick(DAY_S - 1)
        assert chip.registers[TIME] == time_registers(at(day, end=True), mode), day


@EACH
@MODE
def test_a_century_in_one_step_is_a_century_of_days(mode, kind):
    chip = chip_at(time_registers(at(date(2000, 1, 1), end=False), mode), kind=kind)
    chip.tick((date(2100, 1, 1) - date(2000, 1, 1)).days * DAY_S)
    want = bytearray(time_registers(at(date(2100, 1, 1), end=False), mode))
    want[MONTH] |= kind.CENTURY
    assert chip.registers[TIME] == want


@pytest.mark.slow("counts 86,400 seconds")
@EACH
@A_MODE
def test_every_second_of_a_day_is_counted_one_by_one(mode, kind):
    day = date(2020, 7, 2)
    chip = chip_at(time_registers(at(day, end=False), mode), kind=kind)
    for second in range(DAY_S):
        hours = HOUR_TABLE[second // 3600][mode]
        shown = f"{second % 60:02}{second // 60 % 60:02}{hours:02x}"
        assert chip.registers[:3].hex() == shown
        assert chip.second_of_day(0) == second
        chip.tick(1)
    assert chip.registers[TIME] == time_registers(at(day + timedelta(1), end=False), mode)


@EACH
@MODE
def test_hours_go_on_in_the_mode_of_bit_6(mode, kind):
    """Clock and Calendar: bit 6 high is 12-hour, bit 5 then PM; low, bit 5 is the 20-hour bit."""
    for hour, *codes in HOUR_TABLE:
        chip = chip_at(bytes((0x59, 0x59, codes[mode - 1], 1, 1, 1, 0)), kind=kind)
        chip.tick(1)
        assert chip.registers[HOURS] == HOUR_TABLE[(hour + 1) % 24][mode]
        assert chip.registers[DATE] == (2 if hour == 23 else 1)


def test_changing_the_mode_keeps_what_is_written_and_counts_in_the_new_one():
    """Not said; we keep the other bits: 23 becomes 3 PM, and 11 PM is no hour of 24."""
    chip = chip_at(bytes((0, 0, 0x23, 1, 1, 1, 0)))
    chip.write(HOURS, b"\x63", 0, 0)
    assert chip.second_of_day(0) == 15 * 3600
    chip.write(HOURS, b"\x31", 0, 0)
    assert chip.second_of_day(0) is None
    chip.tick(3600)
    assert chip.registers[TIME] == bytes((0, 0, 0, 2, 2, 1, 0))


def next_of(raw: int, codes: list[int], before: int) -> tuple[int, int]:
    """Return what one tick makes of `raw`, and the carry; `before` counts to the first code."""
    if raw == before:
        return codes[0], 0
    if raw in codes[:-1]:
        return codes[codes.index(raw) + 1], 0
    return codes[0], 1


def decimal(first: int, last: int) -> list[int]:
    return [int(str(value), 16) for value in range(first, last + 1)]


NONE = -1  # a counter that starts at 0 has no value before its first


LAST = bytes((0x59, 0x59, 0x23, 0x07, 0x31, 0x12, 0x19))  # all but the year go over at once


@each_cell(
    ("register", "mask", "codes", "before", "above", "carried"),
    [
        (SECONDS, 0x7F, decimal(0, 59), NONE, MINUTES, 0x00),
        (MINUTES, 0x7F, decimal(0, 59), NONE, HOURS, 0x00),
        (DAY, 0x07, decimal(1, 7), 0, DAY, None),
        (DATE, 0x3F, decimal(1, 31), 0, MONTH, 0x01),
        (MONTH, 0x1F, decimal(1, 12), 0, YEAR, 0x20),
        (YEAR, 0xFF, decimal(0, 99), NONE, MONTH, 0x81),
    ],
    ids=["seconds", "minutes", "day", "date", "month", "year"],
)
def test_every_value_of_every_register_goes_on_as_the_table_says(
    register, mask, codes, before, above, carried
):
    """Figure 1's ranges; outside them not said: as its last, and 00 before a first of 1."""
    for raw in range(mask + 1):
        time = bytearray(LAST)
        time[register] = raw
        chip = chip_at(bytes(time))
        chip.tick(1)
        code, carry = next_of(raw, codes, before)
        assert chip.registers[register] == code, f"{raw:02x}"
        if carried is not None:
            assert (chip.registers[above] == carried) == bool(carry), f"{raw:02x}"


def test_every_value_of_the_hours_register_goes_on_as_the_table_says():
    """All 128 values; outside the table not said: 24-hour as 23, 12-hour as its half's 12."""
    after_24 = {raw: (HOUR_TABLE[(hour + 1) % 24][1], hour == 23) for hour, raw, _ in HOUR_TABLE}
    after_12 = {raw: (HOUR_TABLE[(hour + 1) % 24][2], hour == 23) for hour, _, raw in HOUR_TABLE}
    for raw in range(0x80):
        if raw >= 0x60:
            want = after_12.get(raw, (0x61, False))
        elif raw >= 0x40:
            want = after_12.get(raw, (0x41, False))
        else:
            want = after_24.get(raw, (0x00, True))
        chip = chip_at(bytes((0x59, 0x59, raw, 1, 1, 1, 0)))
        chip.tick(1)
        assert (chip.registers[HOURS], chip.registers[DATE] == 2) == want, f"{raw:02x}"


def test_every_value_of_the_hours_register_is_its_hour_or_none():
    table = {raw: hour for hour, *codes in HOUR_TABLE for raw in codes}
    for raw in range(0x80):
        hour = table.get(raw)
        got = chip_at(bytes((0, 0, raw, 1, 1, 1, 0))).second_of_day(0)
        assert got == (None if hour is None else hour * 3600), f"{raw:02x}"


def test_the_chip_has_a_29_february_2100():
    """Features: leap years "valid up to 2100"; not said whether 2100 is one; ours: it is."""
    chip = chip_at(bytes.fromhex("59592307288200"))  # Sunday 2100-02-28, century bit set
    chip.tick(1)
    assert chip.registers[TIME] == bytes.fromhex("00000001298200")
    chip.tick(DAY_S)
    assert chip.registers[TIME] == bytes.fromhex("00000002018300")


@pytest.mark.parametrize(("before", "after"), [("12", "81"), ("92", "01")])
def test_the_century_bit_toggles_when_the_years_overflow(before, after):
    """Clock and Calendar: toggled, so a second overflow clears it again."""
    chip = chip_at(bytes.fromhex("5959230431" + before + "99"))
    chip.tick(1)
    assert chip.registers[TIME] == bytes.fromhex("0000000501" + after + "00")


@pytest.mark.parametrize("century", [0x00, 0x80])
def test_the_century_bit_stays_at_every_other_month_end(century):
    for year in range(99):
        chip = chip_at(bytes((0x59, 0x59, 0x23, 1, 0x31, 0x12 | century, int(str(year), 16))))
        chip.tick(1)
        assert chip.registers[MONTH] == 0x01 | century


def test_the_weekday_runs_from_1_to_7_free_of_the_date():
    """Clock and Calendar: user-defined but sequential, so any of the seven may go with a date."""
    for weekday in range(1, 8):
        chip = chip_at(bytes((0x59, 0x59, 0x23, weekday, 0x02, 0x07, 0x20)))
        chip.tick(1)
        assert chip.registers[DAY] == weekday % 7 + 1


def test_an_impossible_date_ends_its_month_at_midnight():
    """Not said ("undefined operation"); the same as in the PCF8563, so no garbage stops a clock."""
    for before, after in (
        ("59592300300220", "00000001010320"),
        ("595923003f0220", "00000001010320"),
        ("59592300000220", "00000001010220"),
        ("59592300310020", "00000001010120"),
        ("59592300311320", "00000001010121"),
        ("59592300300b20", "00000001310b20"),  # 0Bh is no November, though its digits weigh 11
    ):
        chip = chip_at(bytes.fromhex(before))
        chip.tick(1)
        assert chip.registers[TIME].hex() == after


class StepByStep:
    """The counters one tick at a time, from lists of codes; shares nothing with the chip."""

    def __init__(self, time: bytes, century_bit: int = 0x80) -> None:
        self.century_bit = century_bit
        self.second, self.minute, self.hour, self.weekday, self.day, self.month, self.year = time
        self.century = self.month & 0x80
        self.month &= 0x1F

    def tick(self) -> None:
        self.second, carry = next_of(self.second, decimal(0, 59), NONE)
        if carry:
            self.minute, carry = next_of(self.minute, decimal(0, 59), NONE)
        if carry and self.tick_hour():
            self.tick_day()

    def tick_hour(self) -> bool:
        """A 12-hour counter in words: 12 goes to 1, and at 12 the half of the day changes."""
        if not self.hour & 0x40:
            self.hour, carry = next_of(self.hour, decimal(0, 23), NONE)
            return bool(carry)
        half = self.hour & 0x20
        codes = decimal(1, 12)
        hour = self.hour & 0x1F
        hour = codes[codes.index(hour) + 1] if hour in codes[:-1] else 0x01
        if hour == 0x12:
            half ^= 0x20
        self.hour = 0x40 | half | hour
        return hour == 0x12 and half == 0

    def tick_day(self) -> None:
        self.weekday, _ = next_of(self.weekday, decimal(1, 7), 0)
        leap = (2 * (self.year >> 4) + (self.year & 0x0F)) % 4 == 0
        last = {0x02: 29 if leap else 28, 0x04: 30, 0x06: 30, 0x09: 30, 0x11: 30}.get(
            self.month, 31
        )
        self.day, carry = next_of(self.day, decimal(1, last), 0)
        if carry:
            self.month, carry = next_of(self.month, decimal(1, 12), 0)
        if carry:
            self.year, carry = next_of(self.year, decimal(0, 99), NONE)
        if carry:
            self.century ^= self.century_bit

    def registers(self) -> bytes:
        time = (self.second, self.minute, self.hour, self.weekday)
        return bytes((*time, self.day, self.month | self.century, self.year))


def _register(index: int, *edges: int) -> st.SearchStrategy[int]:
    mask = IMPLEMENTED[TIME][index]
    return st.sampled_from(edges) | st.integers(0, 255).map(lambda raw: raw & mask)


GARBAGE = st.tuples(
    _register(SECONDS, 0x59, 0x58),
    _register(MINUTES, 0x59),
    _register(HOURS, 0x23, 0x51, 0x52, 0x71, 0x72, 0x40, 0x73),
    _register(DAY, 0x07),
    _register(DATE, 0x28, 0x29, 0x30, 0x31),
    _register(MONTH, 0x02, 0x82, 0x12, 0x92),
    _register(YEAR, 0x99, 0x00, 0x20),
).map(bytes)


def held_by(kind: type[MaximChip], time: bytes) -> bytes:
    """Return what of these registers a chip has bits for."""
    never = kind.NEVER_SET[: len(time)]
    return bytes(byte & ~mask for byte, mask in zip(time, never, strict=True))


@EACH
@given(GARBAGE, st.integers(1, 300))
def test_the_closed_form_is_one_step_a_second_for_any_garbage(kind, time, seconds):
    time = held_by(kind, time)
    chip, steps = chip_at(time, kind=kind), StepByStep(time, kind.CENTURY)
    chip.tick(seconds)
    for _ in range(seconds):
        steps.tick()
    assert chip.registers[TIME] == steps.registers()


@EACH
@given(GARBAGE, st.integers(1, 100))
def test_the_closed_form_is_one_step_an_hour_for_any_garbage(kind, time, hours):
    time = held_by(kind, time)
    chip, steps = chip_at(time, kind=kind), StepByStep(time, kind.CENTURY)
    days = chip.count_hours(hours)
    assert days == sum(steps.tick_hour() for _ in range(hours))
    assert chip.registers[TIME] == steps.registers()


@EACH
@given(GARBAGE, st.integers(1, 1500))
def test_the_closed_form_is_one_step_a_day_for_any_garbage(kind, time, days):
    time = held_by(kind, time)
    chip, steps = chip_at(time, kind=kind), StepByStep(time, kind.CENTURY)
    chip.count_weekdays(days)
    chip.count_days(days)
    for _ in range(days):
        steps.tick_day()
    assert chip.registers[TIME] == steps.registers()


@given(GARBAGE, st.lists(up_to(10**8), min_size=1, max_size=8))
def test_splitting_the_ticks_in_any_way_gives_the_same_registers(time, parts):
    once, often = chip_at(time), chip_at(time)
    once.tick(sum(parts))
    for part in parts:
        often.tick(part)
    assert often.registers == once.registers


@given(GARBAGE)
def test_garbage_becomes_a_date_within_a_century_and_stays_one(time):
    """Whatever is written, the clock goes on and is a calendar again, in the mode it was in."""
    chip = chip_at(time)
    chip.tick(100 * 366 * DAY_S)
    assert chip.second_of_day(0) is not None
    assert chip.registers[HOURS] & 0x40 == time[HOURS] & 0x40
    _, _, _, weekday, day, month, year = chip.registers[TIME]
    date.fromisoformat(f"20{year:02x}-{month & 0x7F:02x}-{day:02x}")
    assert 1 <= weekday <= 7


def test_a_calendar_swapped_into_the_chip_is_obeyed():
    swap = {"__slots__": (), "is_leap": lambda self, yy: False}
    no_leap_years = type("NoLeapYears", (ChipCalendar,), swap)
    chip = chip_at(bytes.fromhex("59592305280220"), no_leap_years())
    chip.tick(1)
    assert chip.registers[TIME] == bytes.fromhex("00000006010320")


def test_a_counter_swapped_into_the_chip_is_obeyed():
    swap = {"__slots__": (), "count_month": lambda self: None}
    stuck = type("StuckMonth", (Ds3231,), swap)(ChipCalendar(), Oscillator())
    stuck.registers[TIME] = bytes.fromhex("59592302300620")
    stuck.tick(1)
    assert stuck.registers[TIME] == bytes.fromhex("00000003010620")

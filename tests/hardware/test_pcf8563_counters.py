"""The PCF8563's time counters (data sheet Rev. 10, section 8.4, Fig. 8) against three oracles:
`datetime` for every day of a century, a chip that takes one step a second for any garbage, and
the law that splitting changes nothing for any number of seconds.
"""

from datetime import UTC, date, datetime, timedelta
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meter_emu.hardware.oscillator import Oscillator
from meter_emu.hardware.rtc.calendar_chip import BCD, BcdCounter, ChipCalendar
from meter_emu.hardware.rtc.pcf8563 import IMPLEMENTED, TIME, VL, Pcf8563

DAY_S = 86_400


def chip_at(time: bytes, calendar: ChipCalendar | None = None) -> Pcf8563:
    chip = Pcf8563(calendar or ChipCalendar(), Oscillator())
    chip.registers[TIME] = time
    return chip


def time_registers(when: datetime) -> bytes:
    """02h to 08h, by decimal digits as text: no code shared with the chip."""
    digits = when.strftime("%S%M%H%d") + f"0{when.isoweekday() % 7}" + when.strftime("%m%y")
    return bytes.fromhex(digits)


EVERY_DAY = [
    date(2000, 1, 1) + timedelta(n) for n in range((date(2100, 2, 28) - date(2000, 1, 1)).days)
]
END_OF_DAY = datetime.max.time().replace(microsecond=0)
START_OF_DAY = datetime.min.time()


def at(day: date, *, end: bool) -> datetime:
    return datetime.combine(day, END_OF_DAY if end else START_OF_DAY, UTC)


@pytest.mark.slow("every day of a century")
def test_every_day_of_the_century_rolls_over_to_the_next():
    """Tables 8 to 17: 23:59:59 and one tick give 00:00:00 of the next date and weekday.

    The 99 -> 00 step toggles the century bit, so the days of 2100 show it set.
    """
    for day in EVERY_DAY:
        chip = chip_at(time_registers(at(day, end=True)))
        chip.tick(1)
        after = at(day + timedelta(1), end=False)
        want = bytearray(time_registers(after))
        if (day.month, day.day, day.year) == (12, 31, 2099):
            want[5] |= 0x80
        assert chip.registers[TIME] == want, day


@pytest.mark.slow("36,525 days")
def test_every_day_of_the_century_lasts_86400_seconds():
    """The other way: from 00:00:00 the last second of the same date is 86,399 ticks away."""
    for day in EVERY_DAY:
        chip = chip_at(time_registers(at(day, end=False)))
        chip.tick(DAY_S - 1)
        assert chip.registers[TIME] == time_registers(at(day, end=True)), day


def test_a_century_in_one_step_is_a_century_of_days():
    chip = chip_at(time_registers(at(date(2000, 1, 1), end=False)))
    chip.tick((date(2100, 1, 1) - date(2000, 1, 1)).days * DAY_S)
    want = bytearray(time_registers(at(date(2100, 1, 1), end=False)))
    want[5] |= 0x80
    assert chip.registers[TIME] == want


def test_the_chip_has_a_29_february_2100():
    """Table 12 note 1: every year divisible by 4 is a leap year, "including the year 00"."""
    chip = chip_at(bytes.fromhex("59592328008200"))  # Sunday 2100-02-28, century bit set
    chip.tick(1)
    assert chip.registers[TIME] == bytes.fromhex("00000029018200")
    chip.tick(DAY_S)
    assert chip.registers[TIME] == bytes.fromhex("00000001028300")


@pytest.mark.parametrize(("before", "after"), [("12", "81"), ("92", "01")])
def test_the_century_bit_toggles_when_the_years_overflow(before, after):
    """Table 15 note 2, Table 17 note 1: toggled, so a second overflow clears it again."""
    chip = chip_at(bytes.fromhex("5959233104" + before + "99"))
    chip.tick(1)
    assert chip.registers[TIME] == bytes.fromhex("0000000105" + after + "00")


@pytest.mark.parametrize("century", [0x00, 0x80])
def test_the_century_bit_stays_at_every_other_month_end(century):
    for year in range(99):
        chip = chip_at(bytes((0x59, 0x59, 0x23, 0x31, 0, 0x12 | century, BCD[year])))
        chip.tick(1)
        assert chip.registers[7] == 0x01 | century


def test_the_weekday_runs_free_of_the_date():
    """Table 14 note 1: nothing ties the weekday to the date, so any of the seven may go with it."""
    for weekday in range(7):
        chip = chip_at(bytes((0x59, 0x59, 0x23, 0x02, weekday, 0x07, 0x20)))
        chip.tick(1)
        assert chip.registers[6] == (weekday + 1) % 7


def test_bcd_counts_every_value_of_every_counter():
    """Tables 8, 10, 11, 16, 17: units carry into tens, and the last value into the next counter."""
    for mask, first, last in (
        (0x7F, 0, 59),
        (0x3F, 0, 23),
        (0x07, 0, 6),
        (0x1F, 1, 12),
        (0xFF, 0, 99),
    ):
        counter = BcdCounter(mask, first, last)
        for value in range(first, last):
            raw, following = int(str(value), 16), int(str(value + 1), 16)
            assert counter.count(raw, 1) == (following, 0)
            assert counter.values[raw] == value - first
        assert counter.count(int(str(last), 16), 1) == (first, 1)
        codes = {int(str(value), 16) for value in range(first, last + 1)}
        assert all(counter.values[raw] is None for raw in range(mask + 1) if raw not in codes)


def test_a_counter_past_its_last_value_goes_to_its_first_and_carries():
    """Not said; we do it because no garbage may stop the clock. Every such value of the hours."""
    for raw in range(0x40):
        if raw & 0x0F > 9 or raw >= 0x24:
            chip = chip_at(bytes((0x59, 0x59, raw, 0x01, 0, 0x01, 0x20)))
            chip.tick(1)
            assert chip.registers[TIME] == bytes.fromhex("00000002010120")


def test_an_impossible_date_ends_its_month_at_midnight():
    """Not said; 30 February and day 3Fh act as the last day, day 00 and month 00 count to 1."""
    for before, after in (
        ("59592330000220", "00000001010320"),
        ("5959233f000220", "00000001010320"),
        ("59592300000220", "00000001010220"),
        ("59592331000020", "00000001010120"),
        ("59592331001320", "00000001010121"),
        ("59592330000b20", "00000031010b20"),  # 0Bh is no November, though its digits weigh 11
    ):
        chip = chip_at(bytes.fromhex(before))
        chip.tick(1)
        assert chip.registers[TIME].hex() == after


@cache
def codes_of(first: int, last: int) -> list[int]:
    return [int(str(value), 16) for value in range(first, last + 1)]


class StepByStep:
    """The counters one tick at a time, from lists of codes; shares nothing with the chip."""

    def __init__(self, time: bytes) -> None:
        self.second, self.minute, self.hour, self.day, self.weekday, self.month, self.year = time
        self.vl = self.second & 0x80
        self.century = self.month & 0x80
        self.second &= 0x7F
        self.month &= 0x1F

    @staticmethod
    def next_of(raw: int, last: int, *, first: int = 0) -> tuple[int, bool]:
        codes = codes_of(first, last)
        if first and raw == 0:
            return codes[0], False
        if raw in codes[:-1]:
            return codes[codes.index(raw) + 1], False
        return codes[0], True

    def tick(self) -> None:
        self.second, carry = self.next_of(self.second, 59)
        if carry:
            self.minute, carry = self.next_of(self.minute, 59)
        if carry:
            self.hour, carry = self.next_of(self.hour, 23)
        if carry:
            self.tick_day()

    def tick_day(self) -> None:
        self.weekday, _ = self.next_of(self.weekday, 6)
        leap = (2 * (self.year >> 4) + (self.year & 0x0F)) % 4 == 0
        last = {0x02: 29 if leap else 28, 0x04: 30, 0x06: 30, 0x09: 30, 0x11: 30}.get(
            self.month, 31
        )
        self.day, carry = self.next_of(self.day, last, first=1)
        if carry:
            self.month, carry = self.next_of(self.month, 12, first=1)
        if carry:
            self.year, carry = self.next_of(self.year, 99)
        if carry:
            self.century ^= 0x80

    def registers(self) -> bytes:
        time = (self.second | self.vl, self.minute, self.hour)
        return bytes((*time, self.day, self.weekday, self.month | self.century, self.year))


def _register(index: int, *edges: int) -> st.SearchStrategy[int]:
    mask = IMPLEMENTED[TIME][index]
    return st.sampled_from(edges) | st.integers(0, 255).map(lambda raw: raw & mask)


GARBAGE = st.tuples(
    _register(0, 0x59, 0x58, 0xD9),
    _register(1, 0x59),
    _register(2, 0x23),
    _register(3, 0x28, 0x29, 0x30, 0x31),
    _register(4, 0x06),
    _register(5, 0x02, 0x82, 0x12, 0x92),
    _register(6, 0x99, 0x00, 0x20),
).map(bytes)


@given(GARBAGE, st.integers(1, 300))
def test_the_closed_form_is_one_step_a_second_for_any_garbage(time, seconds):
    chip, steps = chip_at(time), StepByStep(time)
    chip.tick(seconds)
    for _ in range(seconds):
        steps.tick()
    assert chip.registers[TIME] == steps.registers()


@given(GARBAGE, st.integers(1, 1500))
def test_the_closed_form_is_one_step_a_day_for_any_garbage(time, days):
    chip, steps = chip_at(time), StepByStep(time)
    chip.count_weekdays(days)
    chip.count_days(days)
    for _ in range(days):
        steps.tick_day()
    assert chip.registers[TIME] == steps.registers()


@given(GARBAGE, st.lists(st.integers(1, 10**8), min_size=1, max_size=8))
def test_splitting_the_ticks_in_any_way_gives_the_same_registers(time, parts):
    once, often = chip_at(time), chip_at(time)
    once.tick(sum(parts))
    for part in parts:
        often.tick(part)
    assert often.registers == once.registers


@pytest.mark.slow("counts for a century")
@given(GARBAGE)
def test_garbage_becomes_a_date_within_a_century_and_stays_one(time):
    """Whatever the registers come up with, the clock goes on and is a calendar again."""
    chip = chip_at(time)
    chip.tick(100 * 366 * DAY_S)
    second, minute, hour, day, weekday, month, year = chip.registers[TIME]
    datetime.strptime(
        f"20{year:02x}-{month & 0x7F:02x}-{day:02x} {hour:02x}:{minute:02x}:{second & ~VL:02x}",
        "%Y-%m-%d %H:%M:%S",
    ).replace(tzinfo=UTC)
    assert weekday <= 6


def test_a_calendar_swapped_into_the_chip_is_obeyed():
    swap = {"__slots__": (), "is_leap": lambda self, yy: False}
    no_leap_years = type("NoLeapYears", (ChipCalendar,), swap)
    chip = chip_at(bytes.fromhex("59592328050220"), no_leap_years())
    chip.tick(1)
    assert chip.registers[TIME] == bytes.fromhex("00000001060320")

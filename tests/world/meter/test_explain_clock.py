"""A clock chip of a meter image explained, against `datetime` and the program's own zone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meter_emu.explain.clocks import explain_clock
from meter_emu.firmware.calendar import Calendar, Zone
from meter_emu.hardware.rtc.ds1307 import Ds1307
from meter_emu.hardware.rtc.ds3231 import Ds3231
from meter_emu.hardware.rtc.pcf8563 import Pcf8563
from meter_emu.world.meter.clock_chips import CLOCK_CHIPS
from meter_emu.world.meter.image import image_of
from meter_emu.zones import BELGIAN
from tests.cells import each_cell
from tests.world.meter.images import (
    FIRST,
    IN_THE_CLOCKS_RANGE,
    MAY_2020_US,
    MODEL,
    installed,
    row_of,
)

NIGHT = FIRST.replace(year=2020, month=7, day=3, hour=21, minute=1)


def bcd(value: int) -> int:
    return int(f"{value:02}", 16)


def as_legal(when: datetime) -> str:
    """Return what an instant is called, by the firmware's integer rule."""
    minute = (when.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(minutes=1)
    legal = Zone(Calendar(), BELGIAN.rule).to_legal(minute)
    same_day = (legal.year, legal.month, legal.day) == (when.year, when.month, when.day)
    utc = f"{when:%H:%M:%S}" if same_day else f"{when:%Y-%m-%d %H:%M:%S}"
    return f"{legal}:{when:%S} legal, {utc} UTC"


def pcf8563_bytes(when: datetime, *, vl: bool = False, stop: bool = False, running: bool = True):
    registers = bytearray(16)
    registers[0] = 0x20 * stop
    registers[2:9] = bytes((
        bcd(when.second) | 0x80 * vl, bcd(when.minute), bcd(when.hour), bcd(when.day),
        when.isoweekday() % 7, bcd(when.month), bcd(when.year % 100),
    ))  # fmt: skip
    return bytes(registers) + bytes(8) + bytes((running,))


def ds3231_bytes(when: datetime, *, twelve: bool = False, osf: bool = False) -> bytes:
    registers = bytearray(19)
    hour = int(f"{when:%I}", 16) | 0x40 | 0x20 * (when.hour >= 12) if twelve else bcd(when.hour)
    registers[:7] = bytes((
        bcd(when.second), bcd(when.minute), hour, when.isoweekday(), bcd(when.day),
        bcd(when.month), bcd(when.year % 100),
    ))  # fmt: skip
    registers[0x0F] = 0x80 * osf
    return bytes(registers) + bytes(8) + b"\x01"


@pytest.mark.slow("cuts or changes it anywhere")
@given(when=IN_THE_CLOCKS_RANGE)
def test_the_pcf8563_is_read_as_datetime_wrote_it(when):
    part = explain_clock(Pcf8563, pcf8563_bytes(when), 32, "utc", BELGIAN)
    assert part.said == f"shows {as_legal(when)}"
    assert part.sound
    weekday = part.rows[6]
    assert weekday.note == f"weekday {when.isoweekday() % 7:02}, {when:%A}"


@given(when=IN_THE_CLOCKS_RANGE, twelve=st.booleans())
def test_the_ds3231_is_read_as_datetime_wrote_it_in_both_its_modes(when, twelve):
    part = explain_clock(Ds3231, ds3231_bytes(when, twelve=twelve), 32, "utc", BELGIAN)
    assert part.said == f"shows {as_legal(when)}"
    assert part.sound
    assert part.rows[3].note == f"weekday {when.isoweekday():02}, {when:%A}"
    hour = part.rows[2].note
    assert hour.startswith(f"hour {when:%I} {when:%p}" if twelve else f"hour {when:%H}")


@given(when=IN_THE_CLOCKS_RANGE, twelve=st.booleans(), halted=st.booleans())
def test_the_ds1307_is_read_as_datetime_wrote_it_and_halted_is_not_to_be_believed(
    when, twelve, halted
):
    raw = bytearray(73)
    raw[:7] = ds3231_bytes(when, twelve=twelve)[:7]
    raw[0] |= 0x80 * halted
    raw[72] = 0x01
    part = explain_clock(Ds1307, bytes(raw), 32, "utc", BELGIAN)
    if halted:
        assert part.said == f"stands still at {as_legal(when)}, which is not to be believed"
    else:
        assert part.said == f"shows {as_legal(when)}"
    assert part.sound
    assert ("halted" in part.rows[0].note) == halted


def test_registers_in_another_time_base_are_said_with_the_time_they_mean() -> None:
    raw = pcf8563_bytes(NIGHT.replace(hour=22))
    said = explain_clock(Pcf8563, raw, 32, "standard", BELGIAN).said
    assert said.startswith("shows 2020-07-03 23:01:00 legal, 21:01:00 UTC")
    assert "22:01:00 standard time" in said
    raw = pcf8563_bytes(NIGHT.replace(hour=23))
    said = explain_clock(Pcf8563, raw, 32, "legal", BELGIAN).said
    assert said.startswith("shows 2020-07-03 23:01:00 legal, 21:01:00 UTC")


def test_a_clock_that_stands_or_is_not_to_be_believed_is_said() -> None:
    for raw, words in (
        (pcf8563_bytes(NIGHT, vl=True), "not to be believed"),
        (pcf8563_bytes(NIGHT, stop=True), "stands still"),
        (pcf8563_bytes(NIGHT, running=False), "stands still"),
    ):
        part = explain_clock(Pcf8563, raw, 32, "utc", BELGIAN)
        assert words in part.said
        assert part.sound, "a state a clock can be in"
    assert (
        "believed" in explain_clock(Ds3231, ds3231_bytes(NIGHT, osf=True), 32, "utc", BELGIAN).said
    )


@each_cell(
    ("register", "byte", "says"),
    [
        (2, 0x60, "expected BCD 00 to 59, got 60"),
        (3, 0x1A, "expected BCD 00 to 59, got 1a"),
        (4, 0x24, "expected BCD 00 to 23"),
        (5, 0x00, "expected BCD 01 to 31"),
        (6, 0x07, "expected BCD 00 to 06"),
        (7, 0x13, "expected BCD 01 to 12"),
        (8, 0xA0, "expected BCD 00 to 99"),
        (3, 0x80, "unused bits 80"),
        (24, 0x02, "unknown bits 02"),
    ],
)
def test_a_register_out_of_range_is_said_at_its_row(register, byte, says):
    raw = bytearray(pcf8563_bytes(NIGHT))
    raw[register] = byte
    part = explain_clock(Pcf8563, bytes(raw), 0, "utc", BELGIAN)
    (wrong,) = [row.wrong for row in part.rows if row.wrong]
    assert says in wrong


def test_a_date_that_no_calendar_has_is_said_of_the_clock() -> None:
    raw = pcf8563_bytes(NIGHT.replace(year=2021, month=2))
    raw = raw[:5] + b"\x29" + raw[6:]
    (wrong,) = explain_clock(Pcf8563, raw, 0, "utc", BELGIAN).wrong
    assert "day is out of range" in wrong
    century = raw[:5] + b"\x29\x00\x82\x00" + raw[9:]
    assert explain_clock(Pcf8563, century, 0, "utc", BELGIAN).wrong, "2100 has no 29 February"


@pytest.mark.parametrize("row", CLOCK_CHIPS.values(), ids=CLOCK_CHIPS)
@given(noise=st.data(), base=st.sampled_from(["utc", "standard", "legal"]))
def test_any_bytes_of_a_clock_are_explained(row, noise, base):
    size = row.chip.IMAGE_BYTES
    raw = noise.draw(st.binary(min_size=size, max_size=size))
    part = explain_clock(row.chip, raw, 32, base, BELGIAN)
    assert [row.offset for row in part.rows][-1] == 32 + size - 1
    assert part.size_bytes == size


def test_the_divider_is_said_in_microseconds() -> None:
    board = installed(now_us=MAY_2020_US + 123_456)
    row = row_of(image_of(board, MODEL), "phase", "clock")
    assert row.note == "123456.000 µs into the second"

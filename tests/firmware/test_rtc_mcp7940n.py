"""The MCP7940N's driver against a table by hand, on the chip, on a meter, and in campaigns.

DS20005010F: seconds 00-59 with ST in bit 7; minutes 00-59; hours 00-23, or 1-12 with PM in bit 5
when bit 6 is 1; date 1-31; month 1-12 with LPYR in bit 5; year 00-99. Other bits read 0: a 1 there
is refused.
"""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from card_protocol.timestamp import Civil
from meter_emu.errors import PowerLost
from meter_emu.firmware.layouts import Health
from meter_emu.firmware.rtc.driver import FieldCodec, RtcReading
from meter_emu.firmware.rtc.mcp7940n import Mcp7940nDriver
from meter_emu.hardware.oscillator import Oscillator
from meter_emu.hardware.rtc.calendar_chip import ChipCalendar
from meter_emu.hardware.rtc.mcp7940n import Mcp7940n
from meter_emu.resources import built_in, find
from meter_emu.units import DAY_US, HOUR_US, SECOND_US
from meter_emu.verify.run import verify
from meter_emu.world.meter.clock_chips import ClippedChip
from meter_emu.world.meter.model import load_model
from tests.cells import each_cell, few
from tests.cli.outcome import runner
from tests.firmware.meters import START_US, Rig
from tests.firmware.test_rtc_ds1307 import CutShort
from tests.firmware.test_rtc_ds3231 import HOURS_12, HOURS_24, by_text

DRIVER = Mcp7940nDriver(FieldCodec())
GOOD = bytes.fromhex("d6 34 12 2d 03 07 20")  # ST; OSCRUN and VBATEN next to Friday
WANT = RtcReading(2020, 7, 3, 12, 34, 56, low_voltage=False, valid=True)
FIELDS: list[tuple[str, int, dict[int, int]]] = [
    ("second", 0, by_text(0, 59) | {0x80 | byte: value for byte, value in by_text(0, 59).items()}),
    ("minute", 1, by_text(0, 59)),
    ("hour", 2, HOURS_24 | HOURS_12),
    ("day", 4, by_text(1, 31)),
    ("month", 5, by_text(1, 12) | {0x20 | byte: value for byte, value in by_text(1, 12).items()}),
    ("year", 6, by_text(0, 99, 2000)),
]


def with_byte(register: int, byte: int) -> bytes:
    return GOOD[:register] + bytes((byte,)) + GOOD[register + 1 :]


@each_cell(("name", "register", "table"), FIELDS, ids=[row[0] for row in FIELDS])
def test_each_byte_gives_the_value_in_the_table_or_is_refused(name, register, table):
    for byte in range(256):
        reading = DRIVER.decode(with_byte(register, byte))
        assert reading.valid == (byte in table), f"{byte:02x}"
        assert reading.low_voltage == (register == 0 and byte < 0x80), "ST is clear"
        others = {field: getattr(reading, field) for field in RtcReading._fields}
        if byte in table:
            assert others.pop(name) == table[byte], f"{byte:02x}"
        for other in set(others) - {name, "valid", "low_voltage"}:
            assert others[other] == getattr(WANT, other)


def test_of_the_weekday_oscrun_alone_is_looked_at():
    for byte in range(256):
        assert DRIVER.decode(with_byte(3, byte)) == WANT._replace(low_voltage=not byte & 0x20)


@pytest.mark.parametrize("hours", ["00", "52"], ids=["24-hour", "12-hour"])
def test_every_minute_of_a_day_is_read_as_it_is(hours):
    chip = Mcp7940n(ChipCalendar(), Oscillator())
    chip.registers[:7] = bytes.fromhex(f"8000{hours}04020720")
    chip.obey_registers()
    bus = ClippedChip(chip)
    midnight = datetime(2020, 7, 2, tzinfo=UTC)
    for minute in range(1441):
        bus.now_us = minute * 60 * SECOND_US
        assert DRIVER.read(bus)[:6] == (midnight + timedelta(minutes=minute)).timetuple()[:6]


@pytest.mark.slow("every day or second of a chip")
def test_every_day_of_the_century_is_set_as_it_is_read_and_the_backup_is_on():
    bus = ClippedChip(Mcp7940n(ChipCalendar(), Oscillator()))
    assert DRIVER.read(bus).low_voltage, "it was never set"
    for ordinal in range(date(2000, 1, 1).toordinal(), date(2100, 1, 1).toordinal()):
        day = date.fromordinal(ordinal)
        second = ordinal * 7919 % 86_400
        h, m, s = second // 3600, second // 60 % 60, second % 60
        DRIVER.set_time(bus, Civil(day.year, day.month, day.day, h, m), s, day.weekday())
        seconds, weekday = int(f"{s:02}", 16) | 0x80, 0x08 | day.isoweekday()
        assert bus.chip.registers[:7].hex() == (
            f"{seconds:02x}{m:02}{h:02}{weekday:02x}{day:%d%m%y}"
        )
        assert DRIVER.read(bus) == RtcReading(day.year, day.month, day.day, h, m, s, False, True)


@each_cell("landed", range(8))
def test_a_setting_cut_short_leaves_the_time_before_or_a_clock_that_is_stopped(landed):
    chip = Mcp7940n(ChipCalendar(), Oscillator())
    chip.upset(enumerate(GOOD))
    bus = CutShort(chip, landed)
    with pytest.raises(PowerLost):
        DRIVER.set_time(bus, Civil(2020, 12, 24, 9, 8), 7, 3)
    reading = DRIVER.read(bus)
    assert reading.low_voltage == bool(landed)
    assert landed or reading == WANT


def test_a_chip_that_never_says_that_it_stands_is_set_all_the_same():
    class NeverStands(Mcp7940n):
        __slots__ = ()

        def on_the_bus(self, at: int, raw: bytes) -> bytes:
            return bytes(byte | 0x20 * (at + n == 3) for n, byte in enumerate(raw))

    bus = ClippedChip(NeverStands(ChipCalendar(), Oscillator()))
    DRIVER.set_time(bus, Civil(2020, 7, 3, 12, 34), 56, 4)
    assert DRIVER.read(bus) == WANT


def test_the_hour_is_stepped_by_one_byte():
    chip = Mcp7940n(ChipCalendar(), Oscillator())
    for hour in range(24):
        chip.upset(enumerate(with_byte(2, 0x71)))
        DRIVER.set_hour(ClippedChip(chip), hour)
        assert DRIVER.read(ClippedChip(chip)) == WANT._replace(hour=hour)


# On a meter ---------------------------------------------------------------------------------------

MODEL = msgspec.structs.replace(
    load_model(find("meters", "electricity-pcf8563-utc")),
    name="electricity-mcp7940n-utc",
    rtc="mcp7940n",
)
LONGER_US = (MODEL.clock.backup_days + 1) * DAY_US


def test_an_outage_on_the_reserve_is_survived_and_a_longer_one_is_seen_by_st():
    lost_us = START_US + HOUR_US
    for off_us, health in ((DAY_US, Health.TRUSTED), (LONGER_US, Health.LOW_VOLTAGE)):
        rig = Rig(model=MODEL, outages=[(lost_us, lost_us + off_us)])
        rig.bench.run_until(lost_us + off_us + HOUR_US)
        assert rig.state.lost_by == health


def test_a_crystal_that_stands_still_under_power_is_seen_by_oscrun():
    rig = Rig(model=MODEL)
    rig.run(3600)
    rig.board.rtc.oscillator.running = False
    rig.run(86_400)  # at the latest when its day is over
    assert rig.state.lost_by == Health.LOW_VOLTAGE


# In campaigns, and by the laws --------------------------------------------------------------------


@pytest.fixture
def model_file(tmp_path):
    text = built_in("meters")["electricity-pcf8563-utc"].read_text("utf-8")
    text = text.replace('"electricity-pcf8563-utc"', f'"{MODEL.name}"')
    path = tmp_path / "mcp7940n.toml"
    path.write_text(text.replace('"pcf8563"', '"mcp7940n"'))
    assert load_model(path) == MODEL
    return str(path)


@pytest.mark.slow("every day or second of a chip", short=1)
@pytest.mark.parametrize("campaign", ["ores-2020-07", "clock-changes", "leap-and-new-year"])
def test_a_campaign_on_it_goes_as_on_the_others(campaign, model_file, monkeypatch, capsys):
    done = runner(monkeypatch, capsys)("rehearse", campaign, "--model", model_file)
    assert (done.code, done.err) == (0, "")
    assert "meters did otherwise than expected" not in done.out


@pytest.mark.slow("every day or second of a chip")
def test_every_law_holds_on_it(model_file):
    report = verify("reference", models=[model_file], examples=few(8, short=3))
    assert report.stories == few(8, short=3)
    assert [one.law.id for one in report.examined if one.broken] == []

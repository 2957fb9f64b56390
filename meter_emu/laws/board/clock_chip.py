"""The clock chips: they count as `datetime` does, and keep the bits that their sheets give them.

Registers and bits are written here again, from the data sheets: PCF8563 Rev. 10, DS1307, DS3231 and
MCP7940N, by the tables that `docs/hardware.md` names.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final, NamedTuple

from card_protocol.errors import LayoutError
from meter_emu.hardware.oscillator import Oscillator
from meter_emu.hardware.rtc.calendar_chip import CalendarChip, ChipCalendar
from meter_emu.laws.judged import law_with_runs
from meter_emu.laws.law import Aside, Broken, Finding, Trial, chance
from meter_emu.world.meter.clock_chips import CLOCK_CHIPS
from meter_emu.world.rehearsal.engine import rig_of


class Sheet(NamedTuple):
    """What a data sheet says: where the seconds are, in which order, and which bits there are.

    `clear` are bits that are never held, `shown` those of them that read as 1, `only_cleared` what
    no write sets; `runs` is set in the seconds to run, `century` toggles after 99.
    """

    first: int
    order: str
    clear: bytes
    shown: bool = False
    only_cleared: tuple[tuple[int, int], ...] = ()
    runs: int = 0
    century: int = 0
    sunday: int | None = None  # the code of Sunday; none: 1 to 7, Monday first
    twelve: bool = True
    ends_apart: int = 0x100  # an access goes on from here to the first register, or to here
    doubt: tuple[int, int] | None = None
    follows: tuple[tuple[int, int, int, int], ...] = ()  # register and bit, and which they show
    leap: int = 0  # in the month: shows a leap year


_MCP_ALARM: Final = "80 80 c0 00 c0 e0 00"
_MCP_STAMP: Final = "80 80 c0 00"
SHEETS: Final[Mapping[str, Sheet]] = {
    "PCF8563": Sheet(
        2, "second minute hour day weekday month year",
        bytes.fromhex("57 e0 00 80 c0 c0 f8 60 00 00 40 40 78 7c 7c 00"), shown=True,
        only_cleared=((1, 0x0C),), century=0x80, sunday=0, twelve=False, doubt=(2, 0x80)),
    "DS1307": Sheet(
        0, "second minute hour weekday day month year",
        bytes.fromhex("00 80 80 f8 c0 e0 00 6c") + bytes(56)),
    "DS3231": Sheet(
        0, "second minute hour weekday day month year",
        bytes.fromhex("80 80 80 f8 c0 60 00") + bytes(7) + bytes.fromhex("20 74 00 00 3f"),
        only_cleared=((0x0F, 0x83), (0x11, 0xFF), (0x12, 0xC0)), century=0x80, doubt=(0x0F, 0x80)),
    "MCP7940N": Sheet(
        0, "second minute hour weekday day month year",
        bytes.fromhex("00 80 80 e0 c0 e0 00 00 00 00" + _MCP_ALARM + "80 80 c0 80 c0 e0 00"
                      + _MCP_STAMP * 2) + bytes(64), runs=0x80, ends_apart=0x20,
        follows=((3, 0x20, 0, 0x80), (0x0C, 0x40, 2, 0x40), (0x13, 0x40, 2, 0x40),
                 (0x14, 0x80, 0x0D, 0x80)), leap=0x20),
}  # fmt: skip
_US: Final = timedelta(microseconds=1)
_LAST: Final = datetime(2100, 2, 28, tzinfo=UTC)  # every chip has a 29 February 2100


@law_with_runs(
    id="clock-chip",
    properties=("P8",),
    presumes="the built-in board, with or without defects of its chip",
)
def every_clock_chip(trial: Trial) -> Finding:
    """A clock chip counts as the calendar does, and holds the bits that its sheet gives it."""
    random = chance(trial, "chip")
    board = rig_of(trial.household, trial.campaign).board
    kinds = [(type(board.rtc), board.rtc.calendar)]
    kinds += [(row.chip, ChipCalendar()) for row in CLOCK_CHIPS.values()]
    without = {kind.NAME for kind, _ in kinds if kind.NAME not in SHEETS}
    for kind, calendar in kinds:
        sheet = SHEETS.get(kind.NAME)
        if sheet is None:
            continue
        for part in (_counts, _keeps, _doubts, _powerless, _stands, _images):
            drift = random.choice((0, 20_000, -300_000))
            chip = kind(calendar, Oscillator(drift))
            words = next(part(chip, sheet, random), None)
            if words is not None:
                return Broken(f"the {kind.NAME} {words}")
    return Aside(f"no sheet written apart for {', '.join(sorted(without))}") if without else None


def _bcd(value: int) -> int:
    return int(str(value), 16)


def _registers(sheet: Sheet, t: datetime, weekday: int, *, twelve: bool) -> bytes:
    hour = _bcd(t.hour)
    if twelve:
        hour = 0x40 | (0x20 if t.hour >= 12 else 0) | _bcd(t.hour % 12 or 12)
    month = _bcd(t.month) | (sheet.century if t.year >= 2100 else 0)
    held = {
        "second": _bcd(t.second) | sheet.runs, "minute": _bcd(t.minute), "hour": hour,
        "weekday": weekday, "day": _bcd(t.day), "month": month, "year": _bcd(t.year % 100),
    }  # fmt: skip
    return bytes(held[what] for what in sheet.order.split())


def _counts(chip: CalendarChip, sheet: Sheet, random: Random) -> Iterator[str]:
    """A time is set, and read again after a while: as `datetime` has it."""
    year = random.choice((2000, 2024, 2023, 2099, random.randrange(2000, 2100)))
    day = random.choice(
        ((2, 28), (12, 31), (1, 1), (4, 30), (11, 30), (random.randrange(1, 13), 9))
    )
    t = datetime(year, *day, random.choice((0, 11, 12, 23)), random.choice((0, 59)), 58, tzinfo=UTC)
    first = 0 if sheet.sunday == 0 else 1
    weekday, twelve = first + random.randrange(7), sheet.twelve and random.random() < 0.5
    chip.write(sheet.first, _registers(sheet, t, weekday, twelve=twelve), 0, 0)
    at, rate = 0, 10**9 + chip.oscillator.drift_ppb
    for _ in range(6):
        at += random.choice((0, 1, 999_999, 2_000_000, 86_400_000_000, random.randrange(10**14)))
        now = t + timedelta(seconds=at * rate // 10**15)
        if now >= _LAST:
            return
        days = (now.date() - t.date()).days
        expected = _registers(sheet, now, (weekday - first + days) % 7 + first, twelve=twelve)
        got = chip.read(sheet.first, 7, at, at)
        if _cleared(got, sheet) != expected:
            yield f"shows {got.hex(' ')} for {expected.hex(' ')}, {now - t} after {t}"
        if sheet.leap and bool(got[5] & sheet.leap) is not (now.year % 4 == 0):  # two digits
            yield f"says otherwise whether {now.year} is a leap year"
        second = now.hour * 3600 + now.minute * 60 + now.second
        if chip.second_of_day(at) != second:
            yield f"says second {chip.second_of_day(at)} of the day for {now}"
        until = chip.us_until_second_of_day(86_400, second)
        midnight = (at * rate // 10**15 + 86_400 - second) * 10**15
        if until is None or (at + until) * rate < midnight or (at + until - 1) * rate >= midnight:
            yield f"says that its midnight comes after {until} us, at {now}"


def _cleared(raw: bytes, sheet: Sheet) -> bytes:
    """Return registers without the bits that follow from others, or read as nothing."""
    return bytes(byte & ~sheet.clear[sheet.first + at] for at, byte in enumerate(raw))


def _keeps(chip: CalendarChip, sheet: Sheet, random: Random) -> Iterator[str]:
    """What is written is read, where there are bits; each bit is in the table once."""
    count, table = len(sheet.clear), [0] * len(sheet.clear)
    for bits in chip.TABLE:
        mask = sum(1 << bit for bit in range(bits.low, bits.high + 1))
        if bits.mask != mask or table[bits.register] & mask:
            yield f"has bits {bits.high} to {bits.low} of {bits.register:02x} twice in its table"
        table[bits.register] |= mask
    if table != [0xFF] * count or len(chip.REGISTER_NAMES) != count:
        yield "has bits that its table does not name"
    ends = (sheet.ends_apart, count) if sheet.ends_apart < count else (count,)
    begins = 0
    for end in ends:
        raw = random.randbytes(end - begins)
        chip.write(begins, raw, 0, 0)
        for at in random.sample(range(begins, end), 6):
            for size in (1, 5, end - begins + 3):
                places = [begins + (at - begins + n) % (end - begins) for n in range(size)]
                expected = [raw[place - begins] for place in places]
                got = chip.read(at, size, 0, 0)
                for place, held, byte in zip(places, expected, got, strict=True):
                    flags = dict(sheet.only_cleared).get(place, 0) | sheet.clear[place]
                    if (held ^ byte) & ~flags & 0xFF & ~_moves(sheet, place):
                        yield f"holds {byte:02x} in {place:02x}, and {held:02x} was written"
                    if sheet.shown and byte & sheet.clear[place] != sheet.clear[place]:
                        yield f"reads {byte:02x} in {place:02x}, whose unused bits read as 1"
        begins = end
    yield from _flags(chip, sheet)


def _flags(chip: CalendarChip, sheet: Sheet) -> Iterator[str]:
    """A bit that a write only clears is not set by one; a bit that shows another shows it."""
    for at, mask in sheet.only_cleared:
        before = chip.read(at, 1, 0, 0)[0]
        chip.write(at, b"\xff", 0, 0)
        if chip.read(at, 1, 0, 0)[0] & ~before & mask:
            yield f"lets a write set bits of {at:02x} that it can only clear"
    for at, bit, shown_at, shown in sheet.follows:
        byte, other = (chip.read(register, 1, 0, 0)[0] for register in (at, shown_at))
        if bool(byte & bit) is not bool(other & shown):
            yield f"reads {byte:02x} in {at:02x}, and {other:02x} in {shown_at:02x}"


def _moves(sheet: Sheet, place: int) -> int:
    """Return the bits of a register that others set."""
    return 0x18 if sheet.runs and place in {3, 0x0D, 0x14} else 0  # MCP7940N: only cleared


def _doubts(chip: CalendarChip, sheet: Sheet, random: Random) -> Iterator[str]:
    """A supply that was too low is shown until somebody clears it; a reset leaves its values."""
    chip.power_on_reset(random.randbytes(chip.GARBAGE_BYTES), 0)
    if sheet.doubt is None:
        return
    register, bit = sheet.doubt
    chip.write(register, b"\0", 0, 0)
    if chip.read(register, 1, 0, 0)[0] & bit:
        yield "keeps its doubt that was cleared"
    chip.voltage_low()
    if not chip.read(register, 1, 0, 0)[0] & bit:
        yield "raises no doubt"


def _powerless(chip: CalendarChip, sheet: Sheet, random: Random) -> Iterator[str]:
    """On its reserve a chip counts on; the MCP7940N without VBATEN is reset, and with it stamps."""
    t = datetime(2024, 2, 29, 23, 58, 50, tzinfo=UTC)
    weekday, bits = random.choice((1, 5)), random.choice((0x08, 0)) if sheet.runs else 0
    registers = bytearray(_registers(sheet, t, weekday, twelve=False))
    registers[sheet.order.split().index("weekday")] |= bits
    chip.oscillator.drift_ppb = 0
    chip.write(sheet.first, bytes(registers), 0, 0)
    first = 12, 75  # seconds; a minute begins before it, and midnight is in it
    for lost, back in ((first[0] * 1_000_000, first[1] * 1_000_000), (80_000_000, 81_000_000)):
        chip.lose_power(lost)
        chip.regain_power(back)
        got = chip.read(sheet.first, 7, back, back)
        if sheet.runs and not bits:
            if got != bytes.fromhex("00 00 00 01 01 01 01"):
                yield f"comes up as {got.hex(' ')} without a reserve"
            return
        now = t + timedelta(microseconds=back)
        expected = _registers(sheet, now, weekday + (now.day != t.day), twelve=False)
        if _cleared(got, sheet) != bytes(
            byte | (0x18 if bits and at == 3 else 0) for at, byte in enumerate(expected)
        ):
            yield f"shows {got.hex(' ')} after a failure, not {expected.hex(' ')}"
        if bits:  # those of the first failure stay
            stamps = b"".join(_stamp(t + timedelta(seconds=s), weekday, t) for s in first)
            if chip.read(0x18, 8, back, back) != stamps:
                yield f"stamps {chip.read(0x18, 8, back, back).hex(' ')}, not {stamps.hex(' ')}"


def _stands(chip: CalendarChip, sheet: Sheet, random: Random) -> Iterator[str]:
    """The DS3231 with EOSC set stands on its battery, goes on where it stood, and raises OSF."""
    if chip.NAME != "DS3231":
        return
    t, lost = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC), random.randrange(1, 9) * 1_000_000
    chip.oscillator.drift_ppb = 0
    chip.write(0, _registers(sheet, t, 1, twelve=False), 0, 0)
    chip.write(0x0E, b"\x80\0", 0, 0)
    chip.lose_power(lost)
    chip.regain_power(lost + 60_000_000)
    now = t + timedelta(microseconds=lost + 2_000_000)
    got = chip.read(0, 7, lost + 62_000_000, lost + 62_000_000)
    doubted = chip.read(0x0F, 1, lost + 62_000_000, lost + 62_000_000)[0] & 0x80
    if got != _registers(sheet, now, 1, twelve=False) or not doubted:
        yield f"shows {got.hex(' ')} after it stood on its battery, for {now}"


def _stamp(shown: datetime, weekday: int, began: datetime) -> bytes:
    day = weekday + (shown.day != began.day)
    return bytes(
        (_bcd(shown.minute), _bcd(shown.hour), _bcd(shown.day), day << 5 | _bcd(shown.month))
    )


def _images(chip: CalendarChip, sheet: Sheet, random: Random) -> Iterator[str]:
    """A chip is loaded as it was saved, and what it cannot hold is refused."""
    time = _registers(sheet, datetime(2024, 2, 29, 12, tzinfo=UTC), 1, twelve=False)
    chip.write(sheet.first, time, 0, 0)
    chip.oscillator.running = random.random() < 0.5
    raw, kind = chip.to_bytes(random.randrange(10**9)), type(chip)
    again = kind.from_bytes(raw, chip.calendar, Oscillator())
    if again.to_bytes(0) != raw or again.oscillator.running is not chip.oscillator.running:
        yield "is another when it is saved again"
    count, too_far = len(raw) - 9, (10**15).to_bytes(8, "big")
    wrong = [(raw[:-1], 0), (raw + b"\0", 0), (raw[:-1] + b"\2", len(raw) - 1)]
    wrong.append((raw[:count] + too_far + raw[-1:], count))
    for at, clear in enumerate(sheet.clear):
        if clear:
            wrong.append((raw[:at] + bytes((raw[at] | clear,)) + raw[at + 1 :], at))
    for bad, at in wrong:
        try:
            kind.from_bytes(bad, chip.calendar, Oscillator())
        except LayoutError as error:
            if error.offset == at:
                continue
        yield f"is loaded from {bad[:8].hex()}..., or refused elsewhere"

"""What a PCF8563 shows, by its data sheet, and whether a meter may believe it after an outage."""

from datetime import UTC, datetime, timedelta
from typing import Final

_TIME: Final = slice(2, 9)  # 02h seconds, minutes, hours, days, weekdays, months, 08h years
_MASKS: Final = (0x7F, 0x7F, 0x3F, 0x3F, 0x07, 0x1F, 0xFF)  # tables 8 to 17
_VL = _CENTURY = 0x80
_NEAR_THE_MINUTE: Final = 0x55  # a meter has started within five seconds
_HALTED: Final = 0xA8  # 00h: TEST1, STOP, TESTC


def shown_by(registers: bytes) -> datetime | None:
    """Return the time that the chip shows; `None` where it is none, past 2099, or VL is set."""
    raw = registers[_TIME]
    if raw[0] & _VL or raw[5] & _CENTURY:
        return None
    text = bytes(byte & mask for byte, mask in zip(raw, _MASKS, strict=True)).hex()
    digits = [text[at : at + 2] for at in (12, 10, 6, 4, 2, 0)]
    try:
        return datetime.strptime("20" + "".join(digits), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def believed(registers: bytes, offset_s: int, last: datetime, outage: timedelta) -> bool | None:
    """Whether a meter believes its clock: no time before the last, none after the longest outage.

    `None` where it stands on an edge, or the chip is halted, which only time shows; and where what
    is no number is about to be counted on, of which the data sheet says nothing.
    """
    shown = shown_by(registers)
    if shown is None:
        second = registers[2]
        no_digit = second & 0x0F > 9  # which is a number again as soon as it has counted on
        counts_on = second >> 7 == 0 and (second >= _NEAR_THE_MINUTE or no_digit)
        return None if counts_on else False
    since = shown - timedelta(seconds=offset_s) - last
    edges = (timedelta(), outage)
    if registers[0] & _HALTED or any(abs(since - edge) < timedelta(hours=2) for edge in edges):
        return None
    return timedelta() < since < outage

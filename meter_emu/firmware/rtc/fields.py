"""What the bytes of time registers mean as numbers, and back: shared by the drivers of all chips.

Clock chips keep two BCD digits a byte, and hours from 1 to 12 with a bit for PM where they are told
to. A driver takes its chip's own bits off before it asks here, so a mistake in this file is the
same on every chip.
"""

from typing import Final

_BASE_YEAR: Final = 2000
_TWELVE_HOUR: Final = 0x40  # in the hours: counts 1 to 12
_PM: Final = 0x20
_NO_HOUR: Final = 0x80  # stands in no hours register
_DIGITS: Final = range(10)
_NUMBERS: Final = {tens << 4 | units: tens * 10 + units for tens in _DIGITS for units in _DIGITS}


class FieldCodec:
    """Register bytes and numbers; `None` is a byte that is no number in range. A part."""

    __slots__ = ()

    def bcd(self, byte: int) -> int | None:
        """Return the number in two BCD digits."""
        return _NUMBERS.get(byte)

    def to_bcd(self, number: int) -> int:
        """Return two BCD digits of 0 to 99."""
        return number // 10 << 4 | number % 10

    def second(self, byte: int) -> int | None:
        """Return 0 to 59; minutes are written alike."""
        number = self.bcd(byte)
        return number if number is not None and number <= 59 else None

    def minute(self, byte: int) -> int | None:
        """Return 0 to 59."""
        number = self.bcd(byte)
        return number if number is not None and number <= 59 else None

    def hour(self, byte: int) -> int | None:
        """Return 0 to 23, in the mode of bit 6."""
        if byte & _TWELVE_HOUR:
            number = self.bcd(byte & ~(_TWELVE_HOUR | _PM))
            if number is None or not 1 <= number <= 12 or byte & _NO_HOUR:
                return None
            return number % 12 + (12 if byte & _PM else 0)
        number = self.bcd(byte)
        return number if number is not None and number <= 23 else None

    def to_hour(self, hour: int) -> int:
        """Return the byte of an hour, in 24-hour mode."""
        return self.to_bcd(hour)

    def day(self, byte: int) -> int | None:
        """Return 1 to 31; which months have so many is the calendar's business."""
        number = self.bcd(byte)
        return number if number is not None and 1 <= number <= 31 else None

    def month(self, byte: int) -> int | None:
        """Return 1 to 12."""
        number = self.bcd(byte)
        return number if number is not None and 1 <= number <= 12 else None

    def to_month(self, month: int) -> int:
        """Return the byte of a month."""
        return self.to_bcd(month)

    def year(self, byte: int) -> int | None:
        """Return 2000 to 2099."""
        number = self.bcd(byte)
        return None if number is None else _BASE_YEAR + number

    def to_year(self, year: int) -> int:
        """Return the byte of a year 2000 to 2099; beyond, chips count a 29 February too many."""
        assert 0 <= year - _BASE_YEAR <= 99, "beyond 2099 the chips' leap years are wrong"
        return self.to_bcd(year - _BASE_YEAR)

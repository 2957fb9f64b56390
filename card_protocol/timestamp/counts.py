"""Counts of seconds, minutes or days since an epoch, and days with a minute of the day."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, final

from typing_extensions import override

from card_protocol.errors import TimestampError
from card_protocol.timestamp.encoding import Basis, Codec, End, EndKind
from card_protocol.timestamp.stamp import DAY_MS, MINUTE_MS, SECOND_MS, Stamp, stamp_at

ByteOrder: TypeAlias = Literal["big", "little"]
_UNITS: Final = {DAY_MS: "days", MINUTE_MS: "minutes", SECOND_MS: "seconds"}


@final
@dataclass(frozen=True, kw_only=True)
class Count(Codec):
    """An integer of `bits` bits, a count of steps since `epoch_ms` after 1970-01-01 00:00."""

    epoch_ms: int
    bits: int
    signed: bool = False
    order: ByteOrder = "big"

    @property
    @override
    def first(self) -> Stamp:
        return self._stamp(self._low)

    @property
    @override
    def last(self) -> Stamp:
        return self._stamp(self._high)

    @property
    @override
    def spellings(self) -> int:
        return 1

    @property
    def _low(self) -> int:
        return -(1 << self.bits - 1) if self.signed else 0

    @property
    def _high(self) -> int:
        """The highest count that means a moment: special values at the top do not."""
        high = (1 << self.bits - self.signed) - 1
        while any(high == self._number(raw) for raw, _ in self.specials):
            high -= 1
        return high

    def _number(self, raw: bytes) -> int:
        return int.from_bytes(raw, self.order, signed=self.signed)

    def _stamp(self, number: int) -> Stamp:
        return stamp_at(self.epoch_ms + number * self.step_ms, self.step_ms)

    @override
    def _read(self, raw: bytes) -> Stamp:
        number = self._number(raw)
        if not self._low <= number <= self._high:
            raise TimestampError(f"{number} has more than {self.bits} bits")
        return self._stamp(number)

    @override
    def _write(self, stamp: Stamp) -> bytes:
        self.needs(stamp)
        number, rest = divmod(stamp.total_ms - self.epoch_ms, self.step_ms)
        if rest:
            raise TimestampError(f"it is no whole step of {self.step} from the epoch")
        if not self._low <= number <= self._high:
            raise TimestampError(f"{stamp} is not {self.first} to {self.last}")
        return number.to_bytes(self.size_bytes, self.order, signed=self.signed)

    @override
    def ends(self) -> tuple[End, ...]:
        after = self._high + 1
        top = 1 << self.bits - self.signed
        again = f"the count is {self._low} again, {self.first}"
        then = again if after == top else f"the count means {self.specials[0][1]!r}"
        end = End(self.name, EndKind.LAST, self.last, self._stamp(after), then)
        if self.signed or self.bits % 8:
            return (end,)
        half = 1 << self.bits - 1
        negative = self._stamp(-half)
        sign = f"a program that reads it as signed sees {negative}"
        return (
            End(self.name, EndKind.SIGN_BIT, self._stamp(half - 1), self._stamp(half), sign),
            end,
        )


def counting(
    epoch: Stamp, step_ms: int, size_bytes: int, *, signed: bool = False, order: ByteOrder = "big"
) -> Count:
    """Return the codec of a count since any epoch; what its zone is, its user knows."""
    sign, tail = ("i" if signed else "u"), ("-le" if order == "little" else "")
    unit = _UNITS[step_ms]
    return Count(
        name=f"{unit}-{sign}{8 * size_bytes}{tail} since {epoch}",
        title=f"{unit} since {epoch}",
        size_bytes=size_bytes,
        basis=Basis.CIVIL,
        step_ms=step_ms,
        source="the epoch was asked for",
        epoch_ms=epoch.total_ms,
        bits=8 * size_bytes,
        signed=signed,
        order=order,
    )


@final
@dataclass(frozen=True, kw_only=True)
class DayAndMinute(Codec):
    """16 bits of days since an epoch, then 16 bits of the minute of that day, 0-1439."""

    epoch_ms: int

    @property
    @override
    def first(self) -> Stamp:
        return stamp_at(self.epoch_ms, MINUTE_MS)

    @property
    @override
    def last(self) -> Stamp:
        return stamp_at(self.epoch_ms + 0x10000 * DAY_MS - MINUTE_MS, MINUTE_MS)

    @property
    @override
    def spellings(self) -> int:
        return 1

    @override
    def _read(self, raw: bytes) -> Stamp:
        day, minute = int.from_bytes(raw[:2], "big"), int.from_bytes(raw[2:], "big")
        if minute >= 1440:
            raise TimestampError(f"minute of the day {minute} is not 0-1439")
        return stamp_at(self.epoch_ms + day * DAY_MS + minute * MINUTE_MS, MINUTE_MS)

    @override
    def _write(self, stamp: Stamp) -> bytes:
        self.needs(stamp)
        day, ms = divmod(stamp.total_ms - self.epoch_ms, DAY_MS)
        if not 0 <= day <= 0xFFFF:
            raise TimestampError(f"{stamp} is not {self.first} to {self.last}")
        return day.to_bytes(2, "big") + (ms // MINUTE_MS).to_bytes(2, "big")

    @override
    def ends(self) -> tuple[End, ...]:
        at = stamp_at(self.epoch_ms + 0x10000 * DAY_MS, MINUTE_MS)
        half = self.epoch_ms + 0x8000 * DAY_MS
        before, negative = half - MINUTE_MS, stamp_at(self.epoch_ms - 0x8000 * DAY_MS, MINUTE_MS)
        sign = f"a program that reads the days as signed sees {negative}"
        return (
            End(
                self.name,
                EndKind.SIGN_BIT,
                stamp_at(before, MINUTE_MS),
                stamp_at(half, MINUTE_MS),
                sign,
            ),
            End(self.name, EndKind.LAST, self.last, at, f"the days are 0 again, {self.first}"),
        )

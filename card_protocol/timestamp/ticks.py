"""Counts of 64 bits: NTP's, those of Windows and Unix, finer than a millisecond or very wide."""

from dataclasses import dataclass
from typing import Final, final

from typing_extensions import override

from card_protocol.errors import TimestampError
from card_protocol.timestamp.counts import ByteOrder
from card_protocol.timestamp.days import day_number
from card_protocol.timestamp.encoding import Basis, Codec, End, EndKind
from card_protocol.timestamp.stamp import DAY_MS, SECOND_MS, Stamp, stamp_at

_FINER: Final = "ticks after the millisecond"
_MS: Final = 1_000


@final
@dataclass(frozen=True, kw_only=True)
class Ticks(Codec):
    """An integer of eight bytes: ticks of which a second has `per_s`, up to 2 to the `bits`.

    What is finer than the stamp's millisecond is a number of its own.
    """

    epoch_ms: int
    per_s: int
    bits: int
    order: ByteOrder

    @property
    @override
    def first(self) -> Stamp:
        return stamp_at(self.epoch_ms, self.step_ms)

    @property
    @override
    def last(self) -> Stamp:
        return self._stamp((1 << self.bits) - 1)[0]

    @property
    @override
    def spellings(self) -> int:
        return max(1, self.per_s // _MS)

    @override
    def ends(self) -> tuple[End, ...]:
        at = stamp_at(self.last.total_ms + self.step_ms, self.step_ms)
        then = f"the count has more than {self.bits} bits"
        return (End(self.name, EndKind.LAST, self.last, at, then),)

    def at(self, total_ms: int) -> int:
        """Return the first count that is no earlier than a moment."""
        return -(-(total_ms - self.epoch_ms) * self.per_s // _MS)

    def _stamp(self, number: int) -> tuple[Stamp, int]:
        ms = self.epoch_ms + number * _MS // self.per_s
        return stamp_at(ms, self.step_ms), number - self.at(ms)

    @override
    def _read(self, raw: bytes) -> Stamp:
        number = int.from_bytes(raw, self.order)
        if number >> self.bits:
            raise TimestampError(f"{number} has more than {self.bits} bits")
        stamp, finer = self._stamp(number)
        if not finer:
            return stamp
        fields = {name: getattr(stamp, name) for name in Stamp.__slots__}
        return Stamp(**fields | {"extras": ((_FINER, finer),)})

    @override
    def _write(self, stamp: Stamp) -> bytes:
        self.needs(stamp)
        first = self.at(stamp.total_ms)
        number = first + dict(stamp.extras).get(_FINER, 0)
        if not 0 <= first <= number < 1 << self.bits or (
            number >= self.at(stamp.total_ms + self.step_ms)
        ):
            raise TimestampError(f"{stamp} is not {self.first} to {self.last}")
        return number.to_bytes(self.size_bytes, self.order)


def _row(
    name: str, title: str, epoch: tuple[int, int, int], per_s: int, bits: int, source: str,
    order: ByteOrder = "big",
) -> Ticks:  # fmt: skip
    return Ticks(
        name=name,
        title=title,
        size_bytes=8,
        basis=Basis.UTC,
        step_ms=SECOND_MS if per_s == 1 else 1,
        source=source,
        cannot=("a leap second",),
        carries=frozenset({"extras"} if per_s > _MS else ()),
        epoch_ms=day_number(*epoch) * DAY_MS,
        per_s=per_s,
        bits=bits,
        order=order,
    )


_UNIX: Final = "POSIX.1-2017, 4.16; more than 2^40 s, the year 36812, is refused: ours"
_UNIX_MS: Final = "ECMA-262 and Java count so; more than 2^50 ms is refused: ours"
_Y1970: Final = (1970, 1, 1)
TICKS: Final = (
    _row("ntp-64", "NTP timestamp, era 0", (1900, 1, 1), 1 << 32, 64, "RFC 5905, 6"),
    _row("filetime", "Windows FILETIME", (1601, 1, 1), 10_000_000, 63,
         "Microsoft, FILETIME: 100 ns since 1601, the low byte first", "little"),
    _row("unix-u64", "s since 1970", _Y1970, 1, 40, _UNIX),
    _row("unix-u64-le", "s since 1970, little end first", _Y1970, 1, 40, _UNIX, "little"),
    _row("unix-ms-u64", "ms since 1970", _Y1970, _MS, 50, _UNIX_MS),
    _row("unix-ms-u64-le", "ms since 1970, little end first", _Y1970, _MS, 50, _UNIX_MS, "little"),
)  # fmt: skip

"""The answer to reset: a card's description of itself when it is powered.

ISO/IEC 7816-3, "Answer-to-Reset": TS, T0, up to fifteen historical bytes and groups of interface
bytes TAi TBi TCi TDi. The high half of T0 says which bytes of group 1 follow, the high half of TDi
which of group i+1. TCK is there exactly when a protocol other than T=0 is named, and makes the
exclusive-or of all bytes from T0 on zero.

The parser refuses only unreadable bytes. Reserved values are kept, because cards in the field carry
them; the helpers return `None` for those.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from operator import xor
from typing import Final, NamedTuple, Self, final

from card_protocol.errors import AtrError

DIRECT_CONVENTION: Final = 0x3B
INVERSE_CONVENTION: Final = 0x3F
ATR_SIZE_MAX: Final = 33  # TS and at most 32 bytes, ISO/IEC 7816-3
HISTORICAL_SIZE_MAX: Final = 15

# ISO/IEC 7816-3, table "Fi and f(max)": high half of TA1; reserved values are missing.
FI: Final = {
    0x0: 372, 0x1: 372, 0x2: 558, 0x3: 744, 0x4: 1116, 0x5: 1488, 0x6: 1860,
    0x9: 512, 0xA: 768, 0xB: 1024, 0xC: 1536, 0xD: 2048,
}  # fmt: skip
# ISO/IEC 7816-3, table "Di": low half of TA1.
DI: Final = {0x1: 1, 0x2: 2, 0x3: 4, 0x4: 8, 0x5: 16, 0x6: 32, 0x7: 64, 0x8: 12, 0x9: 20}
TA1_DEFAULT: Final = 0x11  # Fi 372, Di 1
_LETTERS: Final = "ABCD"


class InterfaceBytes(NamedTuple):
    """One group TAi TBi TCi TDi; `None` is a byte that is not there."""

    ta: int | None = None
    tb: int | None = None
    tc: int | None = None
    td: int | None = None


@final
@dataclass(frozen=True, slots=True)
class Atr:
    """An answer to reset. `groups` has group 1 first; all but the last have a TDi.

    Raise `AtrError` when a byte is no byte, a group is missing or too much, or it is too long.
    """

    ts: int = DIRECT_CONVENTION
    groups: tuple[InterfaceBytes, ...] = ()
    historical: bytes = b""

    def __post_init__(self) -> None:
        if self.ts not in {DIRECT_CONVENTION, INVERSE_CONVENTION}:
            raise AtrError(f"TS is 3B or 3F, got {self.ts:02X}")
        if len(self.historical) > HISTORICAL_SIZE_MAX:
            raise AtrError(f"at most 15 historical bytes, got {len(self.historical)}")
        following = (*(_presence(group) for group in self.groups[1:]), 0)
        for number, (group, after) in enumerate(zip(self.groups, following, strict=False), start=1):
            if any(byte is not None and not 0 <= byte <= 0xFF for byte in group):
                raise AtrError(f"interface bytes of group {number} are bytes")
            if not _presence(group):
                raise AtrError(f"group {number} is empty")
            if (group.td or 0) >> 4 != after or (group.td is None and number < len(self.groups)):
                raise AtrError(f"TD{number} does not announce what follows it")
        if len(self.to_bytes()) > ATR_SIZE_MAX:
            raise AtrError(f"at most {ATR_SIZE_MAX} bytes, got {len(self.to_bytes())}")

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Return the ATR in `raw`; raise `AtrError` that says which byte is missing or wrong."""
        if len(raw) < 2:
            raise AtrError(f"an ATR has at least TS and T0, got {len(raw)} bytes")
        if len(raw) > ATR_SIZE_MAX:
            raise AtrError(f"at most {ATR_SIZE_MAX} bytes, got {len(raw)}")
        groups, at = _parse_groups(raw)
        end = at + (raw[1] & 0x0F)
        if len(raw) < end:
            raise AtrError(f"T0 promises {raw[1] & 0x0F} historical bytes, got {len(raw) - at}")
        atr = cls(raw[0], groups, bytes(raw[at:end]))
        atr._check_tail(bytes(raw[end:]))
        return atr

    def _check_tail(self, tail: bytes) -> None:
        tck = self._tck()
        if tck and not tail:
            raise AtrError("TCK is missing, and a protocol other than T=0 is named")
        if len(tail) > len(tck):
            raise AtrError(f"{len(tail) - len(tck)} bytes after the end")
        if tail != tck:
            raise AtrError(f"TCK is {tail.hex()}, expected {tck.hex()}")

    def to_bytes(self) -> bytes:
        """Return the ATR as sent, TCK included when the standard wants one."""
        return bytes((self.ts,)) + self._body() + self._tck()

    def _body(self) -> bytes:
        """T0 up to the last historical byte: what TCK covers."""
        t0 = (_presence(self.groups[0]) if self.groups else 0) << 4 | len(self.historical)
        interface = [byte for group in self.groups for byte in group if byte is not None]
        return bytes((t0, *interface)) + self.historical

    def _tck(self) -> bytes:
        return bytes((reduce(xor, self._body()),)) if self.has_tck else b""

    @property
    def has_tck(self) -> bool:
        """Whether a check byte ends the ATR: any TDi names a protocol other than T=0."""
        return any(group.td is not None and group.td & 0x0F for group in self.groups)

    @property
    def protocols(self) -> tuple[int, ...]:
        """The transmission protocols offered, the first one first; T=0 when none is named.

        T=15 is left out: it names no protocol, it marks global interface bytes.
        """
        named = [group.td & 0x0F for group in self.groups if group.td is not None]
        return tuple(dict.fromkeys(t for t in named if t != 15)) or (0,)

    @property
    def fi(self) -> int | None:
        """The clock rate conversion integer TA1 offers (372 by default), `None` if reserved."""
        return FI.get(self._ta1 >> 4)

    @property
    def di(self) -> int | None:
        """The baud rate adjustment integer TA1 offers (1 by default), `None` if reserved."""
        return DI.get(self._ta1 & 0x0F)

    @property
    def _ta1(self) -> int:
        ta1 = self.groups[0].ta if self.groups else None
        return TA1_DEFAULT if ta1 is None else ta1


def offer(protocols: Sequence[int], historical: bytes, *, ta1: int | None = None) -> Atr:
    """Return a direct-convention ATR that offers `protocols` in this order.

    A lone T=0 is the default and names itself by naming nothing.
    """
    named = () if tuple(protocols) == (0,) else tuple(protocols)
    groups = [InterfaceBytes(td=t) for t in named] or [InterfaceBytes()]
    groups[0] = groups[0]._replace(ta=ta1)
    present = [group for group in groups if _presence(group)]
    chained = [
        group._replace(td=_presence(after) << 4 | (group.td or 0))
        for group, after in pairwise(present)
    ]
    return Atr(groups=(*chained, *present[-1:]), historical=historical)


def _presence(group: InterfaceBytes) -> int:
    return sum(1 << bit for bit, byte in enumerate(group) if byte is not None)


def _parse_groups(raw: bytes) -> tuple[tuple[InterfaceBytes, ...], int]:
    """Return the groups and where the historical bytes start. Bounded: each group takes a byte."""
    groups: list[InterfaceBytes] = []
    at, announced = 2, raw[1] >> 4
    while announced:
        taken: list[int | None] = []
        for bit, letter in enumerate(_LETTERS):
            there = announced >> bit & 1
            if there and at >= len(raw):
                raise AtrError(f"T{letter}{len(groups) + 1} is announced but missing")
            taken.append(raw[at] if there else None)
            at += there
        groups.append(InterfaceBytes(*taken))
        announced = (groups[-1].td or 0) >> 4
    return tuple(groups), at

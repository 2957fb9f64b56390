"""A device that is supplied until its paid time is over: the rules of docs/token-meters.md.

It decodes what is keyed in by a hash of its own, counts in true time, and reads no display. The
paid time ends between two instants, by any clock within its bound.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from struct import unpack
from typing import Final, NamedTuple, final
from zlib import crc32

from meter_emu.fuzz.models.token_rules import PaygoDevice, paygo_chain, paygo_says
from meter_emu.units import DAY_S, HOUR_US, PPB, SECOND_US

_RECORD: Final = ">2sBBIIIIHIBB"  # the paid record without its CRC, two copies
_COPIES: Final = (0x40, 0x80)
_RECORD_BYTES: Final = 32
_UNLOCKED: Final = 2
_WORK_US: Final = 5 * SECOND_US  # of a poll, as the page says


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PaidTraits:
    """What a device is made with."""

    key: bytes
    starting_code: int
    restricted: bool
    divider: int
    drift_ppb: int
    reserve_us: int
    poll_us: int
    boot_us: int


class PaidMemory(NamedTuple):
    """What a device has in its memory of what was paid: end, counts, whether it is unlocked."""

    until_s: int
    counts: PaygoDevice
    unlocked: bool


def kept_in(cells: bytes) -> PaidMemory:
    """Return what the newest copy of the paid record says that has a right CRC."""
    found = []
    for at in _COPIES:
        raw = cells[at : at + _RECORD_BYTES]
        if raw[:2] == b"TS" and crc32(raw[:-4]) == int.from_bytes(raw[-4:], "big"):
            _, _, flags, sequence, _, _, until_s, last, bits, _, _ = unpack(_RECORD, raw[:-4])
            used = frozenset(last - n for n in range(32) if bits >> n & 1)
            kept = PaidMemory(until_s, PaygoDevice(last, used), bool(flags & _UNLOCKED))
            found.append((sequence, kept))
    return max(found)[1]


@final
@dataclass(frozen=True, slots=True)
class KeyedEntry:
    """What an entry comes to: outcome and counts after it; value and count where it has them."""

    outcome: str
    after: PaygoDevice
    value: int = 0
    count: int = 0
    long: bool = False


@final
class PaidDevice:
    """What is paid at a device, and what it must do; nothing is, at first."""

    def __init__(self, traits: PaidTraits, at_us: int, last: int) -> None:
        self._traits: Final = traits
        self.counts = PaygoDevice(last, frozenset())
        self.from_us = self.to_us = at_us
        self.over = self.unlocked = False
        self._reserve_us = traits.reserve_us
        self._lost_us = self._back_us = at_us
        self._started_us = at_us

    def digits(self, value: int, count: int, *, long: bool) -> str:
        """Return the digits of the token of a value and a count."""
        code = self._code(value, count, long=long)
        if not self._traits.restricted:
            return str(code).rjust(12 if long else 9, "0")
        places = range(38 if long else 28, -1, -2)
        return "".join("1234"[code >> place & 3] for place in places)

    def entry(self, digits: str) -> KeyedEntry:
        """Return what an entry would come to now: the first count that is taken, if one is."""
        known, counts = KeyedEntry("INVALID", self.counts), self.counts
        sizes = (15, 20) if self._traits.restricted else (9, 12)
        if len(digits) not in sizes:
            return KeyedEntry("no token", counts)
        long, code = len(digits) == sizes[1], int(digits)
        if self._traits.restricted:
            if set(digits) - set("1234"):
                return KeyedEntry("no token", counts)
            code = int("".join(str(int(one) - 1) for one in digits), 4)
            if code >= (10**12 if long else 10**9):
                return KeyedEntry("no token", counts)
        value = (code - self._traits.starting_code) % (10**6 if long else 10**3)
        reach = 100 if value == 999 and not long else 64
        for count in range(counts.last + reach + 1):
            if self._code(value, count, long=long) == code:
                outcome, after = paygo_says(counts, value, count, long=long)
                known = KeyedEntry(outcome, after, value, count, long)
                if outcome in {"TAKEN", "RESERVED"}:
                    return known
        return known

    def take(self, entry: KeyedEntry, at_us: int) -> None:
        """Take an entry in that was taken."""
        self.counts = entry.after
        if entry.value in {998, 999} and not entry.long:
            self.unlocked |= entry.value == 998
            return
        span_us = entry.value * DAY_S // self._traits.divider * SECOND_US
        slack_us = span_us * self._traits.drift_ppb // PPB
        anew = self.over or entry.count % 2
        from_us, to_us = (at_us, at_us) if anew else (self.from_us, self.to_us)
        self.from_us = max(from_us, at_us) + span_us - slack_us
        self.to_us = max(to_us, at_us) + span_us + slack_us
        self.over = False

    def power_lost(self, at_us: int) -> None:
        """Take in that power went."""
        self._reserve_us = min(
            self._traits.reserve_us, self._reserve_us + at_us - self._back_us
        )  # charged again no sooner than in the time that it gave
        self._lost_us = at_us

    def power_back(self, at_us: int) -> bool:
        """Take in that power is back; return whether the clock may be lost: it takes no time."""
        gone_us, self._back_us = at_us - self._lost_us, at_us
        self._started_us = at_us + self._traits.boot_us + _WORK_US
        self._reserve_us -= gone_us
        if self._reserve_us > 0:
            return False
        self._reserve_us = 0
        self.to_us += gone_us + HOUR_US  # and what a journal of an hour has not
        return True

    @property
    def off_by_us(self) -> int:
        """When supply must have gone: the end, and one look; or a start, if that is later."""
        return max(self.to_us + self._traits.poll_us + _WORK_US, self._started_us)

    def _code(self, value: int, count: int, *, long: bool) -> int:
        traits = self._traits
        last = (traits.starting_code + value) % (10**6 if long else 10**3)
        chain, codes = _begun(traits.key, traits.starting_code, last, long=long)
        while len(codes) <= count:
            codes.append(next(chain))
        return codes[count]


@lru_cache(maxsize=1024)  # a chain is some hundred hashes in Python
def _begun(key: bytes, start: int, last: int, *, long: bool) -> tuple[Iterator[int], list[int]]:
    """Return a chain, and its codes so far."""
    return paygo_chain(key, start, last, long=long), []

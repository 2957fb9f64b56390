"""Which codec is meant: every one that could hold the bytes, the most plausible first.

The rule, as `timestamp decode --help` and docs/timestamps.md state it: a date within ten years of
the reference is *likely*, another of 1990 to 2099 *possible*, any other *unlikely*; a mark that is
set, a spare bit or a weekday of another day puts it one step lower; a mark that many meters set
all the time does not. Among equals, the reading goes first that random bytes are least often: a
date under this codec, and one as near to the reference.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum, unique
from typing import Final, final

from card_protocol.errors import TimestampError
from card_protocol.timestamp.days import day_number
from card_protocol.timestamp.encoding import Codec
from card_protocol.timestamp.stamp import DAY_MS, Stamp

LIKELY_YEARS: Final = 10  # ours: what a meter in the field writes is seldom further away
_POSSIBLE_MS: Final = (day_number(1990, 1, 1) * DAY_MS, day_number(2100, 1, 1) * DAY_MS)  # ours
_YEAR_MS: Final = 31_556_952_000  # of the Gregorian calendar, on average


@final
@unique
class Rank(IntEnum):
    """How plausible a reading is, the best first."""

    LIKELY = 0
    POSSIBLE = 1
    UNLIKELY = 2
    PARTIAL = 3
    SPECIAL = 4
    REFUSED = 5


@final
@dataclass(frozen=True, slots=True)
class Guess:
    """What bytes are under one codec: a stamp, or why they are none.

    `chance` is the share of random bytes that this codec reads as a likely date.
    """

    codec: Codec
    rank: Rank
    chance: float
    stamp: Stamp = field(default_factory=Stamp)
    why: str = ""


def guesses(raw: bytes, codecs: Iterable[Codec], around_ms: int) -> list[Guess]:
    """Return what every codec of that size makes of the bytes, the most plausible first."""
    found = [_guess(raw, codec, around_ms) for codec in codecs if codec.size_bytes == len(raw)]
    return sorted(found, key=lambda guess: (guess.rank, _by_luck(guess, around_ms)))


def _by_luck(guess: Guess, around_ms: int) -> float:
    """Return a measure of how often random bytes are a date as near, to the day."""
    away_ms = abs(guess.stamp.total_ms - around_ms) if guess.stamp.whole else 0
    return guess.chance * (away_ms + DAY_MS)


def _guess(raw: bytes, codec: Codec, around_ms: int) -> Guess:
    window_ms = LIKELY_YEARS * _YEAR_MS
    chance = chance_of(codec, around_ms - window_ms, around_ms + window_ms)
    try:
        stamp = codec.decode(raw)
    except TimestampError as error:
        return Guess(codec, Rank.REFUSED, chance, why=str(error))
    if stamp.special:
        return Guess(codec, Rank.SPECIAL, chance, stamp)
    if not stamp.whole:
        return Guess(codec, Rank.PARTIAL, chance, stamp)
    at, (low, high) = stamp.total_ms, _POSSIBLE_MS
    rank = Rank.POSSIBLE if low <= at < high else Rank.UNLIKELY
    if abs(at - around_ms) <= window_ms:
        rank = Rank.LIKELY
    if stamp.doubts() and rank is not Rank.UNLIKELY:
        rank = Rank(rank + 1)
    return Guess(codec, rank, chance, stamp)


def chance_of(codec: Codec, from_ms: int, to_ms: int) -> float:
    """Return the share of all byte strings of its size that are a date of a span, unmarked."""
    first, last = max(from_ms, codec.first.total_ms), min(to_ms, codec.last.total_ms)
    moments = max(0, last - first) // codec.step_ms + (last >= first)
    return float(moments * codec.spellings / 256**codec.size_bytes)

"""The counter of an OpenPAYGO device: which counts it still takes, and what it keeps of used ones.

The specification gives indicative numbers (30 ahead, 10 older ones); the defaults here are those of
the maintainers' programs (EnAccess/OpenPAYGO-python 0.6.3 and -HW), which fielded devices use.
"""

from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Final, final

from card_protocol.errors import TokenError

COUNT_MAX: Final = 0xFFFF  # what the firmware of EnAccess/OpenPAYGO-HW keeps it in


@final
@unique
class PaygoKind(Enum):
    """What a token does: even counts add, odd counts set, and two values stand for themselves."""

    ADD_TIME = "add-time"
    SET_TIME = "set-time"
    DISABLE = "disable"
    COUNTER_SYNC = "counter-sync"


@final
@dataclass(frozen=True, slots=True)
class CounterLimits:
    """How far from the last count a token's may be, in counts."""

    ahead: int = 64
    sync_ahead: int = 100
    sync_back: int = 64
    older: int = 16  # an unused "add time" may be less than this much older


_USUAL: Final = CounterLimits()


@final
@dataclass(frozen=True, slots=True)
class PaygoCounter:
    """The last `count`, 0 to 65,535, and of the older ones within reach those that were `used`.

    A new device has count 1 unless its maker says otherwise, and nothing used.
    """

    count: int = 1
    used: frozenset[int] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        if not 0 <= self.count <= COUNT_MAX:
            raise TokenError("count", f"{self.count} is outside 0 to {COUNT_MAX}")

    def tried(self, kind: PaygoKind, limits: CounterLimits = _USUAL) -> int:
        """Return the highest count that a token of this `kind` may have now, within `limits`."""
        sync = kind is PaygoKind.COUNTER_SYNC
        return min(COUNT_MAX, self.count + (limits.sync_ahead if sync else limits.ahead))

    def takes(self, kind: PaygoKind, count: int, limits: CounterLimits = _USUAL) -> bool:
        """Whether a token is taken.

        Args:
            kind: What the token orders.
            count: The token's count, not above `tried`.
            limits: How far it may be from the last one.
        """
        if kind is PaygoKind.COUNTER_SYNC:
            return count > self.count - limits.sync_back
        if count > self.count:
            return True
        if kind is not PaygoKind.ADD_TIME or count == 0:
            return False  # count 0 is the starting code itself, which is no secret of the key
        return self.count - limits.older < count < self.count and count not in self.used

    def after(self, kind: PaygoKind, count: int, limits: CounterLimits = _USUAL) -> "PaygoCounter":
        """Return the counter once a token was taken.

        An "add time" is used, and what is older stays open. Any other closes all that is older: a
        "counter sync" puts the count where it says, which may be lower than before.

        Args:
            kind: What the token ordered.
            count: The token's count.
            limits: How far back an unused "add time" stays open.

        Raises:
            TokenError: The count is outside 0 to 65,535.
        """
        if kind is not PaygoKind.ADD_TIME:
            closed = range(max(0, count - limits.older + 1), count + 1)
            return PaygoCounter(count, frozenset(closed))
        last = max(self.count, count)
        used = self.used | {count, self.count}
        return PaygoCounter(last, frozenset(one for one in used if one > last - limits.older))


def next_count(count: int, kind: PaygoKind) -> int:
    """Return the count of the next token of a kind after this last one: even adds, odd does not."""
    odd = 0 if kind is PaygoKind.ADD_TIME else 1
    return count + 1 if (count + 1) % 2 == odd else count + 2

"""How a live meter's true time follows the wall clock: pure arithmetic, no clock in it.

The caller passes the wall clock's reading. True time starts at some instant and goes `rate` times
as fast as the wall from there; changing the rate, or jumping, starts a new pace at the instant
reached, so nothing is lost or done twice, and time never goes back.
"""

from dataclasses import dataclass
from typing import Final, Self, final

RATE_MAX: Final = 1_000_000  # ours: eleven days a second; a meter's year takes less than 0.1 s
RATE_JUMPS: Final = 0  # the wall clock moves nothing: time passes by jumps alone
_NS_A_US: Final = 1_000


@final
@dataclass(frozen=True, slots=True)
class Pace:
    """At `wall_ns` of a monotonic clock true time was `true_us`; `rate` is 0 to `RATE_MAX`."""

    wall_ns: int
    true_us: int
    rate: int

    def __post_init__(self) -> None:
        assert 0 <= self.rate <= RATE_MAX, "the caller has checked the rate"

    def due_us(self, wall_ns: int) -> int:
        """Return the true instant due at a moment of the wall clock, rounded down to µs."""
        return self.true_us + max(0, wall_ns - self.wall_ns) * self.rate // _NS_A_US

    def wait_ns(self, until_us: int, wall_ns: int) -> int | None:
        """Return how long to wait at `wall_ns` until `until_us` is due; `None` for ever."""
        if until_us <= self.due_us(wall_ns):
            return 0
        if self.rate == RATE_JUMPS:
            return None
        from_start_ns = -((self.true_us - until_us) * _NS_A_US // self.rate)
        return self.wall_ns + from_start_ns - wall_ns

    def at_rate(self, rate: int, wall_ns: int) -> Self:
        """Return the pace that continues at another rate from the instant due now."""
        return type(self)(wall_ns, self.due_us(wall_ns), rate)

    def from_here(self, true_us: int, wall_ns: int) -> Self:
        """Return the pace of the same rate that starts at an instant reached by other means."""
        return type(self)(wall_ns, true_us, self.rate)

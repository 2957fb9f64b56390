"""What an ideal meter does not know for certain of the last seconds: each with its end.

A look, a start and a countdown take time, and nothing shows an outsider how far they are. Each of
these explains what is seen for a while, and no longer.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, final

from meter_emu.units import MINUTE_US
from meter_emu.world.judge.forks import Forks

WATCHED_US: Final = MINUTE_US  # ours: how often a meter looks in a tightness countdown


@final
@dataclass(slots=True)
class Starting(Forks):
    """The program starts after a power failure; `moving` is whether the switch might move then."""

    until_us: int = 0
    moving: bool = False


@final
@dataclass(slots=True)
class Asked(Forks):
    """Somebody asked for supply; `surely` is whether it was certainly to be had."""

    until_us: int
    surely: bool


@final
@dataclass(slots=True)
class Testing(Forks):
    """The tightness countdown; `used_units_us` is what had flowed when the valve was turned on.

    By `flowed_us` the meter must have seen that something flows, `None` if nothing does.
    """

    until_us: int
    used_units_us: int
    flowed_us: int | None


@final
@dataclass(slots=True)
class JustBefore(Forks):
    """A rule has ended, and a look from before may still act by it.

    If `limited`, that is only the limiter.
    """

    until_us: int
    limited: bool


@final
@dataclass(slots=True)
class Unsure(Forks):
    """All of them, of one meter."""

    starting: Starting = field(default_factory=Starting)
    asked: Asked | None = None
    testing: Testing | None = None
    before: JustBefore | None = None

    def ends_us(self) -> Iterator[int]:
        """Yield when each of them ends."""
        for one in (self.starting, self.asked, self.testing, self.before):
            if one is not None:
                yield one.until_us
        if self.testing is not None and self.testing.flowed_us is not None:
            yield self.testing.flowed_us

    def pass_to(self, us: int, *, powered: bool) -> Asked | None:
        """Forget what has ended by then; return a request for supply that has."""
        asked = self.asked
        if self.before is not None and us >= self.before.until_us:
            self.before = None
        if self.testing is not None and us >= self.testing.until_us:
            self.testing = None
        if powered and us >= self.starting.until_us:
            self.starting.moving = False
        if asked is None or us < asked.until_us:
            return None
        self.asked = None
        return asked

    def lose_power(self, *, moving: bool) -> None:
        """Let the supply fail, perhaps while the switch moves: it may then stay on either side."""
        self.starting.moving = moving
        self.asked = self.testing = None

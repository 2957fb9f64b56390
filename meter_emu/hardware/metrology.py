"""The energy register: whole watt-hours, 32 bits, non-volatile, free-running.

No chip's data sheet stands behind it: `ours:`, after the total registers of energy metering
chips. The load is piecewise constant, one power for each hour of the UTC day, and flows only
while the contactor is closed and the mains are up. Energy is kept exactly in watt-microseconds,
and both directions, energy at a time and time of an energy, are closed forms over the day's
running sum, so a year costs no more than a second.
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, Self

from card_protocol.errors import LayoutError

HOURS_A_DAY: Final = 24
HOUR_US: Final = 3_600_000_000
DAY_US: Final = HOURS_A_DAY * HOUR_US
WH: Final = HOUR_US  # watt-microseconds in one watt-hour
REGISTER_WH: Final = 2**32
_RANGE: Final = REGISTER_WH * WH
_AHEAD_WH_MAX: Final = REGISTER_WH // 2  # ours: as with sequence numbers, half the ring is ahead

# offset  size  field      unit
# 0x00    4     register   Wh, big-endian
# 0x04    4     remainder  W·µs, below 3,600,000,000, big-endian
IMAGE_BYTES: Final = 8


class Metrology:
    """The register of one meter under one load profile of 24 powers in watts."""

    __slots__ = ("_at_us", "_energy", "_flowing", "_limit_w", "_profile_w", "_sums", "_watts")

    def __init__(self, profile_w: Sequence[int], *, at_us: int = 0, energy: int = 0) -> None:
        assert len(profile_w) == HOURS_A_DAY, "one power for each hour"
        assert min(profile_w) >= 0, "no reverse energy"
        self._profile_w: Final = tuple(profile_w)
        self._energy = energy  # W·µs at `_at_us`, modulo the register
        self._at_us = at_us
        self._flowing = False
        self._limit_w: int | None = None
        self._watts = self._profile_w
        self._sums = _running_sums(self._watts)

    def set_flow(self, now_us: int, *, flowing: bool, limit_w: int | None = None) -> None:
        """From now on let the load flow or not, capped at `limit_w` watts."""
        self._energy = self.energy_at(now_us)
        self._at_us = now_us
        self._flowing = flowing
        if limit_w != self._limit_w:
            self._limit_w = limit_w
            self._watts = (
                self._profile_w
                if limit_w is None
                else tuple(min(power, limit_w) for power in self._profile_w)
            )
            self._sums = _running_sums(self._watts)

    def energy_at(self, now_us: int) -> int:
        """Return the energy in W·µs, modulo the register, at an instant from the last change on."""
        assert now_us >= self._at_us, "true time does not go back"
        if not self._flowing:
            return self._energy
        return (self._energy + self._since_epoch(now_us) - self._since_epoch(self._at_us)) % _RANGE

    def read_wh(self, now_us: int) -> int:
        """Return the register: whole Wh, 0 to 2**32 - 1."""
        return self.energy_at(now_us) // WH

    def power_w(self, now_us: int) -> int:
        """Return the power flowing at an instant, in watts."""
        return self._watts[now_us % DAY_US // HOUR_US] if self._flowing else 0

    def us_until_wh(self, target_wh: int, from_us: int) -> int | None:
        """Return the µs from `from_us` until the register shows `target_wh`, if nothing changes.

        Half the register's range counts as ahead, the rest as passed, which gives 0. `None` when
        it never comes: nothing flows.
        """
        energy = self.energy_at(from_us)
        ahead_wh = (target_wh - energy // WH) % REGISTER_WH
        if ahead_wh == 0 or ahead_wh >= _AHEAD_WH_MAX:
            return 0
        a_day = self._sums[HOURS_A_DAY]
        if not self._flowing or not a_day:
            return None
        wanted = self._since_epoch(from_us) + ahead_wh * WH - energy % WH
        days = (wanted - 1) // a_day
        rest = wanted - days * a_day  # 1 to a_day, so its hour has a power
        hour = bisect_left(self._sums, rest) - 1
        within_us = -((self._sums[hour] - rest) // self._watts[hour])
        return days * DAY_US + hour * HOUR_US + within_us - from_us

    def to_bytes(self, now_us: int) -> bytes:
        """Return the part of a meter image, 8 bytes, as of `now_us`."""
        register_wh, remainder = divmod(self.energy_at(now_us), WH)
        return register_wh.to_bytes(4, "big") + remainder.to_bytes(4, "big")

    @classmethod
    def from_bytes(cls, raw: bytes, profile_w: Sequence[int], *, at_us: int) -> Self:
        """Return the register an image holds, with no flow, at the image's instant."""
        if len(raw) != IMAGE_BYTES:
            raise LayoutError(
                "metrology", offset=0, want=f"{IMAGE_BYTES} bytes", got=f"{len(raw)} bytes"
            )
        remainder = int.from_bytes(raw[4:], "big")
        if remainder >= WH:
            raise LayoutError("metrology", offset=4, want=f"below {WH} W·µs", got=f"{remainder}")
        return cls(profile_w, at_us=at_us, energy=int.from_bytes(raw[:4], "big") * WH + remainder)

    def _since_epoch(self, now_us: int) -> int:
        days, within_us = divmod(now_us, DAY_US)
        hour, rest_us = divmod(within_us, HOUR_US)
        return days * self._sums[HOURS_A_DAY] + self._sums[hour] + rest_us * self._watts[hour]


def _running_sums(watts: Sequence[int]) -> tuple[int, ...]:
    return tuple(accumulate((power * HOUR_US for power in watts), initial=0))

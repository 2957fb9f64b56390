"""The consumption register: whole units, 32 bits, non-volatile, free-running.

No chip's data sheet stands behind it: `ours:`, after the total registers of metering chips and of
gas meters with an electronic index. A *unit* is a watt-hour of electricity or a cubic decimetre of
gas, a *rate* is units an hour: watts, or dm³/h. The load is piecewise constant, one rate for each
hour of the UTC day, and flows only while the switch is on. The household may shut its appliances
until a moment; before it nothing flows. Amounts are kept exactly in rate-microseconds, and both
directions, amount at a time and time of an amount, are closed forms over the day's running sum, so
a year costs no more than a second.
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, Self

from card_protocol.errors import LayoutError
from meter_emu.units import DAY_US, HOUR_US, HOURS_A_DAY

UNIT: Final = HOUR_US  # rate-microseconds in one unit
REGISTER_UNITS: Final = 2**32
RATE_UNITS_MAX: Final = 1_000_000  # ours, what may be typed as a load: a megawatt is no home
_RANGE: Final = REGISTER_UNITS * UNIT
_AHEAD_UNITS_MAX: Final = REGISTER_UNITS // 2  # ours: as with sequence numbers, half is ahead

# offset  size  field      unit
# 0x00    4     register   Wh or dm³, big-endian
# 0x04    4     remainder  W·µs or dm³/h·µs, below 3,600,000,000, big-endian
METROLOGY_SIZE_BYTES: Final = 8


class Metrology:
    """The register of one meter under one load profile of 24 rates."""

    __slots__ = (
        "_amount", "_at_us", "_flowing", "_limit_rate", "_passed", "_profile", "_rates",
        "_shut_until_us", "_still", "_sums",
    )  # fmt: skip

    def __init__(self, profile: Sequence[int], *, at_us: int = 0, amount: int = 0) -> None:
        assert len(profile) == HOURS_A_DAY, "one rate for each hour"
        assert min(profile) >= 0, "nothing flows backwards"
        self._profile: Final = tuple(profile)
        self._amount = amount  # rate-µs at `_at_us`, modulo the register
        self._at_us = at_us
        self._flowing = False
        self._shut_until_us = at_us
        self._limit_rate: int | None = None
        self._rates = self._profile
        self._sums = _running_sums(self._rates)
        self._passed = 0  # rate-µs of the profile before the flow that is counted now
        self._still = (0, 0)  # from when until when nothing flows, as asked last
        self._count_from_now()

    def set_flow(self, now_us: int, *, flowing: bool, limit_rate: int | None = None) -> None:
        """From now on let the load flow or not, capped at a rate."""
        self._amount = self.amount_at(now_us)
        self._at_us = now_us
        self._flowing = flowing
        if limit_rate != self._limit_rate:
            self._limit_rate = limit_rate
            self._rates = (
                self._profile
                if limit_rate is None
                else tuple(min(rate, limit_rate) for rate in self._profile)
            )
            self._sums = _running_sums(self._rates)
        self._count_from_now()

    def shut_until(self, now_us: int, until_us: int) -> None:
        """Let the household shut every appliance from now on until a moment."""
        self._amount = self.amount_at(now_us)
        self._at_us = now_us
        self._shut_until_us = until_us
        self._count_from_now()

    def lit(self, now_us: int) -> bool:
        """Whether the household has its appliances as they ordinarily are, not shut."""
        return now_us >= self._shut_until_us

    def amount_at(self, now_us: int) -> int:
        """Return the rate-µs, modulo the register, at an instant from the last change on."""
        assert now_us >= self._at_us, "true time does not go back"
        if not self._flowing or now_us <= self._shut_until_us:
            return self._amount
        return (self._amount + self._since_epoch(now_us) - self._passed) % _RANGE

    def read_units(self, now_us: int) -> int:
        """Return the register: whole units, 0 to 2**32 - 1."""
        return self.amount_at(now_us) // UNIT

    def rate(self, now_us: int) -> int:
        """Return what flows at an instant, in units an hour."""
        if not self._flowing or now_us < self._shut_until_us:
            return 0
        return self._rates[now_us % DAY_US // HOUR_US]

    def us_until_units(self, target_units: int, from_us: int) -> int | None:
        """Return the µs from `from_us` until the register shows `target_units`, left alone.

        Half the register's range counts as ahead, the rest as passed, which gives 0. `None` when
        it never comes: nothing flows.
        """
        amount = self.amount_at(from_us)
        ahead_units = (target_units - amount // UNIT) % REGISTER_UNITS
        if ahead_units == 0 or ahead_units >= _AHEAD_UNITS_MAX:
            return 0
        return self._us_until_amount(ahead_units * UNIT - amount % UNIT, from_us)

    def us_until_flow(self, from_us: int) -> int | None:
        """Return the µs until something flows, 0 when it does, `None` when it never will."""
        still_from_us, flows_us = self._still
        if not still_from_us <= from_us < flows_us:
            if self.rate(from_us):
                return 0
            first_us = self._us_until_amount(1, from_us)
            if first_us is None:
                return None
            flows_us = from_us + first_us - 1  # the smallest rate shows 1 µs later
            self._still = from_us, flows_us
        return flows_us - from_us

    def to_bytes(self, now_us: int) -> bytes:
        """Return the part of a meter image, 8 bytes, as of `now_us`."""
        register_units, remainder = divmod(self.amount_at(now_us), UNIT)
        return register_units.to_bytes(4, "big") + remainder.to_bytes(4, "big")

    @classmethod
    def from_bytes(cls, raw: bytes, profile: Sequence[int], *, at_us: int) -> Self:
        """Return the register an image holds, with no flow, at the image's instant."""
        if len(raw) != METROLOGY_SIZE_BYTES:
            raise LayoutError(
                "metrology",
                offset=0,
                expected=f"{METROLOGY_SIZE_BYTES} bytes",
                got=f"{len(raw)} bytes",
            )
        remainder = int.from_bytes(raw[4:], "big")
        if remainder >= UNIT:
            raise LayoutError("metrology", offset=4, expected=f"below {UNIT}", got=f"{remainder}")
        return cls(profile, at_us=at_us, amount=int.from_bytes(raw[:4], "big") * UNIT + remainder)

    def _us_until_amount(self, ahead: int, from_us: int) -> int | None:
        """Return the µs until `ahead` more rate-µs, at least 1, have flowed."""
        a_day = self._sums[HOURS_A_DAY]
        if not self._flowing or not a_day:
            return None
        wanted = self._since_epoch(max(from_us, self._shut_until_us)) + ahead
        days = (wanted - 1) // a_day
        rest = wanted - days * a_day  # 1 to a_day, so its hour has a rate
        hour = bisect_left(self._sums, rest) - 1
        within_us = -((self._sums[hour] - rest) // self._rates[hour])
        return days * DAY_US + hour * HOUR_US + within_us - from_us

    def _count_from_now(self) -> None:
        self._passed = self._since_epoch(max(self._at_us, self._shut_until_us))
        self._still = (0, 0)

    def _since_epoch(self, now_us: int) -> int:
        days, within_us = divmod(now_us, DAY_US)
        hour, rest_us = divmod(within_us, HOUR_US)
        return days * self._sums[HOURS_A_DAY] + self._sums[hour] + rest_us * self._rates[hour]


def _running_sums(rates: Sequence[int]) -> tuple[int, ...]:
    return tuple(accumulate((rate * HOUR_US for rate in rates), initial=0))

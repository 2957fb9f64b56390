"""The consumption register: it counts what flows, and says when it will show a number.

The model goes through the hours one by one and adds; no closed form.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from card_protocol.errors import LayoutError
from meter_emu.hardware.metrology import Metrology
from meter_emu.laws.judged import law_with_runs
from meter_emu.laws.law import Broken, Finding, Trial, chance

_HOUR_US: Final = 3_600_000_000
_WRAP: Final = 2**32
_STEPS: Final = 12
_DAYS_MAX: Final = 3


@dataclass(slots=True)
class _Summed:
    """The same register as a sum: `amount` is in rate-microseconds at `at_us`."""

    rates: Sequence[int]
    at_us: int
    amount: int
    flowing: bool = False
    limit: int | None = None
    shut_until_us: int = 0

    def rate(self, now_us: int) -> int:
        """Return what flows."""
        if not self.flowing or now_us < self.shut_until_us:
            return 0
        rate = self.rates[now_us // _HOUR_US % 24]
        return rate if self.limit is None else min(rate, self.limit)

    def after(self, now_us: int) -> int:
        """Return the amount at a later moment."""
        amount, at_us = self.amount, self.at_us
        while at_us < now_us:
            edges = (now_us, (at_us // _HOUR_US + 1) * _HOUR_US, self.shut_until_us)
            end_us = min(edge for edge in edges if edge > at_us)
            amount += self.rate(at_us) * (end_us - at_us)
            at_us = end_us
        return amount % (_WRAP * _HOUR_US)

    def units(self, now_us: int) -> int:
        """Return what is shown."""
        return self.after(now_us) // _HOUR_US

    def go_on(self, now_us: int) -> None:
        """Take the amount of now."""
        self.amount, self.at_us = self.after(now_us), now_us


@law_with_runs(id="register-counts", properties=("P9",), presumes="the built-in board")
def register_counts(trial: Trial) -> Finding:
    """The register counts what flows, and foretells when it will show a number."""
    random = chance(trial, "register")
    rates = tuple(random.choice((0, 1, 230, 999, rate)) for rate in trial.household.load)
    now_us = trial.campaign.start_us + random.randrange(_HOUR_US)
    amount = random.choice((0, _WRAP - 2, 2**31 - 1)) * _HOUR_US + random.randrange(_HOUR_US)
    meter, summed = Metrology(rates, at_us=now_us, amount=amount), _Summed(rates, now_us, amount)
    for _ in range(_STEPS):
        words = next(_wrong(meter, summed, now_us, random), None)
        if words is not None:
            return Broken(f"the register {words}")
        now_us += random.choice(
            (0, 1, _HOUR_US - now_us % _HOUR_US, random.randrange(_DAYS_MAX * 24 * _HOUR_US))
        )
        _act(meter, summed, now_us, random)
    return _images(rates, now_us, random)


def _act(meter: Metrology, summed: _Summed, now_us: int, random: Random) -> None:
    """Switch, limit, or shut the appliances, in both."""
    act = random.randrange(4)
    if act == 3:
        return
    summed.go_on(now_us)
    if act == 2:
        until_us = now_us + random.choice((0, 1, _HOUR_US, random.randrange(30 * _HOUR_US)))
        meter.shut_until(now_us, until_us)
        summed.shut_until_us = until_us
        return
    summed.flowing = random.randrange(4) > 0
    summed.limit = random.choice((None, 0, 100, 2_300))
    meter.set_flow(now_us, flowing=summed.flowing, limit_rate=summed.limit)


def _wrong(meter: Metrology, summed: _Summed, now_us: int, random: Random) -> Iterator[str]:
    """Yield in what they differ now."""
    shown = summed.units(now_us)
    if meter.read_units(now_us) != shown:
        yield f"shows {meter.read_units(now_us)}, and {shown} have flowed"
    if meter.rate(now_us) != summed.rate(now_us):
        yield f"says that {meter.rate(now_us)} flow, and {summed.rate(now_us)} do"
    if meter.lit(now_us) != (now_us >= summed.shut_until_us):
        yield "says otherwise whether the appliances are shut"
    kept = divmod(summed.after(now_us), _HOUR_US)
    if meter.to_bytes(now_us) != struct.pack(">II", *kept):
        yield "is another in its image"
    flows = _until_flow(summed, now_us)
    if meter.us_until_flow(now_us) != flows:
        yield f"says that something flows after {meter.us_until_flow(now_us)} us, not {flows}"
    for more in (0, 1, random.randrange(1, 2_000), _WRAP // 2 - 1, _WRAP // 2, _WRAP - 1):
        target, until = (shown + more) % _WRAP, None
        until = meter.us_until_units(target, now_us)
        if more in {0, _WRAP // 2, _WRAP - 1}:
            right = until == 0
        elif flows is None:
            right = until is None
        elif more > 2_000:  # far away: it is ahead, and no model goes there hour by hour
            right = until is not None and until > 0
        else:
            right = until is not None and _first_shown(summed, now_us + until, target, until)
        if not right:
            yield f"says that it shows {more} more after {until} us"


def _first_shown(summed: _Summed, at_us: int, target: int, until: int) -> bool:
    return until > 0 and summed.units(at_us) == target != summed.units(at_us - 1)


def _until_flow(summed: _Summed, now_us: int) -> int | None:
    if not summed.flowing:
        return None
    first_us = max(now_us, summed.shut_until_us)
    hour = first_us // _HOUR_US
    for at_us in (first_us, *(later * _HOUR_US for later in range(hour + 1, hour + 25))):
        if summed.rate(at_us):
            return at_us - now_us
    return None


def _images(rates: Sequence[int], now_us: int, random: Random) -> Finding:
    """A part of an image is loaded as it was saved, and what no register can hold is refused."""
    units, rest = random.choice((0, 1, _WRAP - 1)), random.choice((0, 1, _HOUR_US - 1))
    raw = struct.pack(">II", units, rest)
    if Metrology.from_bytes(raw, rates, at_us=now_us).to_bytes(now_us) != raw:
        return Broken("the register of an image is another when it is saved again")
    for wrong, at in ((raw[:-1], 0), (raw + b"\0", 0), (struct.pack(">II", units, _HOUR_US), 4)):
        try:
            Metrology.from_bytes(wrong, rates, at_us=now_us)
        except LayoutError as error:
            if error.offset == at:
                continue
        return Broken(f"the register is loaded from {wrong.hex()}")
    return None

"""Units, their ratios, and how amounts are written: all integers."""

from typing import Final

MINUTE_S: Final = 60
HOUR_S: Final = 60 * MINUTE_S
HOURS_A_DAY: Final = 24
DAY_S: Final = HOURS_A_DAY * HOUR_S
SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
HOUR_US: Final = 60 * MINUTE_US
DAY_US: Final = HOURS_A_DAY * HOUR_US
EPOCH_2000_US: Final = 946_684_800 * SECOND_US  # 2000-01-01 00:00 UTC in true time
PPB: Final = 1_000_000_000
UEUR_PER_CENT: Final = 10_000
MWH_PER_WH: Final = 1_000
_PLACES: Final = {10**places: places for places in range(1, 10)}


def decimal(value: int, per_unit: int) -> str:
    """Return a value of so many to the unit, a power of ten, in units: `-3.200` for -3200, 1000."""
    whole, rest = divmod(abs(value), per_unit)
    return f"{'-' if value < 0 else ''}{whole}.{rest:0{_PLACES[per_unit]}}"


def euro(ueur: int) -> str:
    """Return an amount in euro and cents, cut off towards zero."""
    cents = abs(ueur) // UEUR_PER_CENT
    whole, rest = divmod(cents, 100)
    return f"{'-' if ueur < 0 and cents else ''}{whole}.{rest:02}"


def euro_apart(ueur: int, low: int, high: int) -> tuple[str, str, str]:
    """Return an amount and the bounds it is outside of, with as many places as show that it is."""
    assert not low <= ueur <= high, "it is outside of them"
    for places in (2, 3, 4, 5, 6):
        per_step = 10 ** (6 - places)
        steps = [abs(one) // per_step * (1 if one > 0 else -1) for one in (ueur, low, high)]
        if not steps[1] <= steps[0] <= steps[2]:
            break
    said, from_, to = (decimal(one, 10**places) for one in steps)
    return said, from_, to

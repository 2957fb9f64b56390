"""Prices of the office: which values a tariff may have, for which energy.

A mono-hourly tariff is one whose night price equals the day price.
"""

from typing import Final, NamedTuple, Self

from meter_emu.energies import Energy
from meter_emu.errors import DeskError

TARIFF_NUMBER_MAX: Final = 0xFFFF  # what the record holds
PRICE_UEUR_PER_WH_MAX: Final = 0xFFFFFFFF  # likewise
MWH_PER_UNIT_MAX: Final = 0xFFFF  # likewise


class Pricing(NamedTuple):
    """A tariff's number and its two prices in micro-euro per Wh: by day, and in the night hours."""

    number: int
    price_ueur_per_wh: int
    night_price_ueur_per_wh: int

    @classmethod
    def of(cls, number: int, price_ueur_per_wh: int, night_ueur_per_wh: int | None = None) -> Self:
        """Return a tariff; without a night price it is mono-hourly."""
        night = price_ueur_per_wh if night_ueur_per_wh is None else night_ueur_per_wh
        return cls(number, price_ueur_per_wh, night)

    @property
    def bi_hourly(self) -> bool:
        """Whether the night has a price of its own."""
        return self.night_price_ueur_per_wh != self.price_ueur_per_wh

    def in_words(self, unit: str) -> str:
        """Return number and prices in words, by `unit`."""
        night = f", {self.night_price_ueur_per_wh} at night" if self.bi_hourly else ""
        return f"tariff {self.number} at {self.price_ueur_per_wh}{night} micro-euro per {unit}"


def check_tariff(energy: Energy, tariff: Pricing) -> None:
    """Raise `DeskError` for a number or price no record holds, and for a night that costs more."""
    price, night = tariff.price_ueur_per_wh, tariff.night_price_ueur_per_wh
    unit = f"micro-euro per {energy.priced.unit}"
    if not 1 <= tariff.number <= TARIFF_NUMBER_MAX:
        raise DeskError(f"a tariff number is 1 to {TARIFF_NUMBER_MAX}, got {tariff.number}")
    if not 1 <= price <= PRICE_UEUR_PER_WH_MAX:
        raise DeskError(f"a price is 1 to {PRICE_UEUR_PER_WH_MAX} {unit}, got {price}")
    if not 1 <= night <= price:
        raise DeskError(f"a night price is 1 to the day's {price} {unit}, got {night}")
    if tariff.bi_hourly and not energy.nights:
        raise DeskError(f"{energy.name} costs the same at all hours, and a night price was given")


def check_factor(energy: Energy, mwh_per_unit: int) -> None:
    """Raise `DeskError` for an energy per unit that no meter of that energy counts."""
    if not energy.varies and mwh_per_unit != energy.mwh_per_unit:
        want = f"{energy.mwh_per_unit} {energy.priced.milli} a unit"
        raise DeskError(f"{energy.meter} counts {want}, got {mwh_per_unit}")
    if not 1 <= mwh_per_unit <= MWH_PER_UNIT_MAX:
        want = f"1 to {MWH_PER_UNIT_MAX} {energy.priced.milli}/{energy.units}"
        raise DeskError(f"a calorific factor is {want}, got {mwh_per_unit}")

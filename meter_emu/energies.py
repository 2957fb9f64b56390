"""What a meter measures: one row an energy. No other room knows an energy by its name.

A row has the words and units of screens, pages and cards, the options of its meters, and the
contents of a first card. It holds no rule: the program does what its factory record says, and
whether something passes while the meter has no power is worked out twice, by the board from its
part and by the judge from the kind of switch.

A further energy is a row here, the DF of its cards in `card_protocol/formats/budget/`, and a model
file.
"""

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias, final

SwitchKind: TypeAlias = Literal["contactor", "valve"]


class Measure(NamedTuple):
    """How amounts are written: in thousandths, in thousands, on the panel in these, and in ones."""

    milli: str
    kilo: str
    panel: str
    unit: str


WATT_HOURS: Final = Measure("mWh", "kWh", "KWH", "Wh")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """An energy: its meters count units, a tariff turns them into what is priced (Wh).

    `mwh_per_unit` thousandths of what is priced are in a unit, at first; where it `varies`, a
    tariff may say another number. `first_price_ueur` is the price on a first card, of one Wh.
    """

    name: str  # in files, on the command line and, in capitals, on the panel
    code: int  # in the factory record and on cards
    units: str
    kilo_units: str
    rate_unit: str  # units an hour
    load_key: Literal["load_w", "load_dm3_per_h"]  # the load of a household, in a campaign file
    priced: Measure = WATT_HOURS
    mwh_per_unit: int
    varies: bool
    first_price_ueur: int
    switch: SwitchKind
    limiter: bool  # whether a meter may have one
    nights: bool  # whether a tariff may have a night price
    countdown: bool  # whether a meter may watch that nothing flows before it reconnects
    drawn_one_in: int  # a story's household uses so many times fewer units than one of electricity

    @property
    def meter(self) -> str:
        """A meter of this energy, in words."""
        return f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.name} meter"

    def said(self, words: str) -> str:
        """Return words about watt-hours as words about what is priced, the register's unit too."""
        words = words.replace("Wh or dm³", self.units)
        for theirs, ours in zip(WATT_HOURS, self.priced, strict=True):
            words = words.replace(theirs, ours)
        return words


ELECTRICITY: Final = Energy(
    name="electricity",
    code=1,
    units="Wh",
    kilo_units="kWh",
    rate_unit="W",
    load_key="load_w",
    mwh_per_unit=1000,
    varies=False,
    first_price_ueur=250,  # 0.25 EUR/kWh (domain: EIW's example)
    switch="contactor",
    limiter=True,
    nights=True,
    countdown=False,
    drawn_one_in=1,
)
GAS: Final = Energy(
    name="gas",
    code=2,
    units="dm³",
    kilo_units="m³",
    rate_unit="dm³/h",
    load_key="load_dm3_per_h",
    mwh_per_unit=11_500,  # 11.5 kWh/m³ (ours, as of rich natural gas)
    varies=True,
    first_price_ueur=45,  # 0.045 EUR/kWh (ours)
    switch="valve",
    limiter=False,
    nights=False,
    countdown=True,
    drawn_one_in=5,
)
ENERGIES: Final = {energy.name: energy for energy in (ELECTRICITY, GAS)}
BY_CODE: Final = {energy.code: energy for energy in ENERGIES.values()}
DEFAULT: Final = ELECTRICITY  # the default for a new card

"""The meters and cards that a program declares it covers; what it leaves open is tried out.

A program in Python declares them in an attribute `covers` of its factory, one in C by
`meter_traits`. A household outside is *not covered*: it is not judged and never counts as kept.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, final, get_args, get_type_hints

from card_protocol.card.image import CardKind
from meter_emu.domain import BUDGET, DeviceName
from meter_emu.energies import ENERGIES
from meter_emu.errors import ConfigError
from meter_emu.nearest import hint
from meter_emu.world.meter.clock_chips import CLOCK_CHIPS
from meter_emu.world.meter.model import MeterModel

CARRIERS: Final = {kind.name.lower(): kind for kind in CardKind}
GENERATIONS: Final = (1, 2)
DEVICE_NAMES: Final[tuple[str, ...]] = get_args(DeviceName)
TIME_BASES: Final[tuple[str, ...]] = get_args(get_type_hints(MeterModel)["rtc_base"])


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Covers:
    """The meters and cards of a program, each by the names that model and campaign files have.

    `energies` are "electricity" and "gas", `chips` clock chips, `carriers` kinds of card. `None`
    declares nothing of that kind, and of `devices` a budget meter. `generations` are 1 and
    2; `time_bases` are those of its clock: "utc", "standard", "legal"; `clock_cards` is whether it
    obeys a technician's clock card.
    """

    energies: Collection[str] | None = None
    chips: Collection[str] | None = None
    time_bases: Collection[str] | None = None
    generations: Collection[int] | None = None
    carriers: Collection[str] | None = None
    clock_cards: bool | None = None
    devices: Collection[str] | None = None

    def __post_init__(self) -> None:
        """Make the collections hashable."""
        for name in ("energies", "chips", "time_bases", "generations", "carriers", "devices"):
            given = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, frozenset(given))

    @property
    def whole(self) -> bool:
        """Whether it leaves nothing of meters and cards open."""
        kinds = (self.energies, self.chips, self.time_bases, self.generations, self.carriers)
        return all(kind is not None for kind in kinds)

    def outside(self, model: MeterModel, generation: int, carrier: CardKind) -> str | None:
        """Return in words which part of a meter and its card is outside; `None` for no part.

        Args:
            model: The meter.
            generation: The card's generation, 1 or 2.
            carrier: The kind of its card.
        """
        if model.device not in (self.devices or {BUDGET}):
            return f"a device of {model.device}"
        kind = carrier.name.lower()
        of_cards = (
            (self.generations, generation, card_words(generation, carrier)),
            (self.carriers, kind, card_words(generation, carrier)),
        )
        asked: tuple[tuple[Collection[Any] | None, str | int, str], ...] = (
            (self.energies, model.energy, model.energy),
            (self.chips, model.rtc, chip_words(model)),
            (self.time_bases, model.rtc_base, base_words(model)),
            *(of_cards if model.device == BUDGET else ()),
        )
        found = (words for given, of, words in asked if given is not None and of not in given)
        return next(found, None)

    def check(self, build: str) -> None:
        """Check that every name that is covered exists.

        `build` is what the error calls the program.

        Raises:
            ConfigError: A name is unknown.
        """
        known: dict[str, Collection[Any]] = {
            "energies": ENERGIES, "chips": CLOCK_CHIPS, "time_bases": TIME_BASES,
            "generations": GENERATIONS, "carriers": CARRIERS, "devices": DEVICE_NAMES,
        }  # fmt: skip
        for name, names in known.items():
            for given in getattr(self, name) or ():
                if given not in names:
                    near = hint(str(given), [str(each) for each in names])
                    want = ", ".join(map(str, names))
                    raise ConfigError(
                        build, f"covers.{name}", f"expected {want}, got {given!r}{near}"
                    )


def chip_words(model: MeterModel) -> str:
    """Return a meter's clock chip in words."""
    return f"clock chip {model.rtc}"


def base_words(model: MeterModel) -> str:
    """Return the clock's time base in words."""
    return f"a clock in {model.rtc_base} time"


def card_words(generation: int, carrier: CardKind) -> str:
    """Return a card in words."""
    return f"{carrier.name.lower()} card of generation {generation}"

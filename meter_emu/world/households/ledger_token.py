"""What a token in an office's ledger is to all who do not care for which device it was sold."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from meter_emu.world.meter.model import MeterModel


class Keypad(NamedTuple):
    """The keys of a device, and how many digits a token of its office has."""

    keys: str
    digits: int


class LedgerToken(Protocol):
    """A token that an office sold, or the refusal of it."""

    @property
    def id(self) -> str:
        """Its name in the ledger."""
        ...

    @property
    def household(self) -> str:
        """The id of the household that it was sold to."""
        ...

    @property
    def sold_us(self) -> int:
        """When it was sold."""
        ...

    @property
    def refused(self) -> str:
        """Why the office handed out nothing; empty where it did."""
        ...

    @property
    def words(self) -> str:
        """What was sold, in words."""
        ...

    @property
    def order(self) -> tuple[int, ...]:
        """Its place in the order in which they are meant to be keyed in."""
        ...

    def keypad(self, model: MeterModel) -> Keypad:
        """Return the keys that it is keyed in by."""
        ...

    def digits_for(self, model: MeterModel, device_id: int) -> str:
        """Return the digits that the office hands out."""
        ...

    def in_file(self) -> tuple[str, Iterator[str]] | None:
        """Return its id and what was sold, as in a file; `None` where another token says it."""
        ...

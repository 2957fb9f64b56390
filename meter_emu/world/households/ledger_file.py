"""The ledger of an office that sells tokens, as a file: its devices, and every token that it sold.

What it says of a line follows from the lines before, so a ledger that lost one, or in which one was
changed, is refused: it would sell something twice.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Final, Generic, Literal, NoReturn, Protocol, TypeVar, final

from meter_emu.errors import ConfigError
from meter_emu.nearest import hint
from meter_emu.world.meter.model import MeterModel


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """What is new in a key that somebody asks for; `None` stays as it is on record."""

    base: int | None = None
    revision: int | None = None
    tariff_index: int | None = None
    ken: int | None = None
    rollover: bool = False


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """What somebody asks an office for: one of these."""

    days: str | None = None
    days_left: str | None = None
    unlock: bool | None = None
    kwh: str | None = None
    limit_w: int | None = None
    clear: Literal["credit", "tamper"] | None = None
    new_key: NewKey | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOut:
    """A token that somebody was sold; it has a count, a TID, or the number of its section."""

    digits: str
    does: str
    device_id: int
    sold: datetime  # UTC
    which: str  # its number, in words
    count: int | None = None
    tid: int | None = None
    section: int | None = None


class LedgerLine(Protocol):
    """What every line of a ledger has."""

    device: int
    sold: datetime


def sold_at(raw_line: LedgerLine) -> datetime:
    """Return when a line was sold, in UTC: a file may leave the offset out."""
    sold = raw_line.sold
    return sold.replace(tzinfo=UTC) if sold.tzinfo is None else sold.astimezone(UTC)


LineT = TypeVar("LineT", bound=LedgerLine)


class LedgerFile(ABC, Generic[LineT]):
    """A ledger that was read from a file and agrees with itself; what is sold goes at its end."""

    KEY_SIZES: ClassVar[tuple[int, ...]]  # bytes of the office's key
    SELLS: ClassVar[str]
    GROUP: ClassVar[int]  # digits between two blanks, as they are handed out

    def __init__(self, path: str, model: MeterModel) -> None:
        self.path: Final = path
        self.model: Final = model
        self.sold: Final[list[LineT]] = []

    @abstractmethod
    def sell(self, device_id: int, purchase: Purchase, at: datetime) -> LineT:
        """Return the line of what is sold now, and have it; raise `ConfigError`, `TokenError`."""

    @abstractmethod
    def tokens(self, raw_line: LineT, key: bytes | None) -> Iterator[HandedOut]:
        """Yield the tokens of a line, under an office's key or the bench's."""

    @abstractmethod
    def line_toml(self, raw_line: LineT) -> Iterator[str]:
        """Yield the lines of the file that a line is."""

    def sells_only(self) -> NoReturn:
        """Refuse what such an office does not sell."""
        raise ConfigError(self.path, "", f"{self.model.name}: its office sells {self.SELLS}")

    def no_device(self, where: str, device_id: int, device_ids: Iterable[int]) -> NoReturn:
        """Refuse a device that the ledger does not have."""
        near = hint(str(device_id), [str(one) for one in device_ids])
        raise ConfigError(self.path, where, f"has no device {device_id}{near}")

    def two_devices(self, device_id: int) -> NoReturn:
        """Refuse a ledger that has a device twice."""
        raise ConfigError(self.path, "device", f"two have the id {device_id}")

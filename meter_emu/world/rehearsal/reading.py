"""Reads single values of a campaign file; refusals name file, place and what was wanted.

A place is in the words of the file's author: the household's id, the visit counted from 1. Amounts
are whole euro, or text such as "12.50", never floats.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NoReturn, TypeAlias, final

from card_protocol.timestamp import Civil
from meter_emu.errors import ConfigError
from meter_emu.units import MINUTE_US
from meter_emu.world.meter.times import legal_to_us, us_to_civil
from meter_emu.zones import TimeZone

Euro: TypeAlias = int | str
_EURO: Final = re.compile(r"(?P<sign>-?)(?P<euro>\d{1,5})(?:\.(?P<cents>\d{1,2}))?", re.ASCII)


def cents_of(amount: Euro) -> int:
    """Return an amount in cents; raise `ValueError` for anything but whole cents of 99,999 euro."""
    text = _EURO.fullmatch(str(amount))
    if text is None:
        raise ValueError(
            f'expected whole euro, or text such as "12.50", at most 99999, got {amount!r}'
        )
    cents = int(text["euro"]) * 100 + int((text["cents"] or "").ljust(2, "0"))
    return -cents if text["sign"] else cents


@final
@dataclass(frozen=True, slots=True)
class FilePlace:
    """A place in a file, where `words` name a part of it; its times are legal time in `zone`."""

    path: str
    zone: TimeZone
    words: str = ""

    def at(self, words: str) -> "FilePlace":
        """Return a place inside this one."""
        return FilePlace(self.path, self.zone, f"{self.words}, {words}" if self.words else words)

    def refuse(self, key: str, why: str) -> NoReturn:
        """Raise the `ConfigError` for a key at this place."""
        raise ConfigError(self.path, self.key(key), why)

    def key(self, key: str) -> str:
        """Return where a key of this place is, in words."""
        return ": ".join(part for part in (self.words, key) if part)

    def instant(self, when: datetime, key: str) -> int:
        """Return the instant of a time in the file."""
        return legal_to_us(when, self.zone, path=self.path, key=self.key(key))

    def minute(self, when: datetime, key: str) -> tuple[Civil, int]:
        """Return a date that goes onto a card, as legal time and as an instant."""
        us = self.instant(when, key)
        if us % MINUTE_US:
            self.refuse(key, f"expected whole minutes, as cards carry, got {when}")
        return us_to_civil(us, self.zone), us

    def cents(self, amount: Euro, key: str) -> int:
        """Return an amount."""
        try:
            return cents_of(amount)
        except ValueError as error:
            self.refuse(key, str(error))

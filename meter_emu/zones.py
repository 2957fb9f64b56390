"""The zones whose legal time meters, office and judge can keep: the table, one row each.

A meter's program is built with the row's integers (`rule`). All others ask the zone table of
`zoneinfo` (`info`), and so the two computations check each other.
"""

from enum import Enum, unique
from typing import final
from zoneinfo import ZoneInfo

from meter_emu.domain import ZoneRule


@final
@unique
class TimeZone(Enum):
    """A zone by the name that files give it, its IANA key."""

    EUROPE_BRUSSELS = "Europe/Brussels", ZoneRule(code=1, standard_min=60, summer_min=120)
    EUROPE_LISBON = "Europe/Lisbon", ZoneRule(code=2, standard_min=0, summer_min=60)

    rule: ZoneRule
    info: ZoneInfo

    def __new__(cls, key: str, rule: ZoneRule) -> "TimeZone":
        """Return a row of the table."""
        zone = object.__new__(cls)
        zone._value_ = key
        zone.rule = rule
        zone.info = ZoneInfo(key)
        return zone

    __hash__ = object.__hash__  # the judge asks a cache by it, thousands of times a story

    @property
    def key(self) -> str:
        """The IANA key."""
        return str(self.value)


BELGIAN = TimeZone.EUROPE_BRUSSELS  # the default
ZONE_OF_CODE = {zone.rule.code: zone for zone in TimeZone}

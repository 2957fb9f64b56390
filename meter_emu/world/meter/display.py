"""What a display says, by the grammar of `docs/ports-costs.md`: the one place that reads it.

The grammar is optional. Of a display in other words nothing is known, and nothing is asked.
"""

import re
from datetime import datetime
from enum import Enum, unique
from typing import Final, NamedTuple, final

from card_protocol.timestamp import Civil
from meter_emu.domain import Result
from meter_emu.units import HOURS_A_DAY

_CARD: Final = re.compile(r"\| CARD ([0-9A-F]{2})\b", re.ASCII)
_CLOCK: Final = re.compile(
    r"\bCLOCK (NONE|\d{4}-\d\d-\d\d \d\d:\d\d) ([A-Z_]+) (?:\+-\d+S(?: ([A-Z_]+))?)?", re.ASCII
)
_UNTIMED: Final = re.compile(r"\bUSED WITHOUT TIME (\d+)\.(\d{3}) (\S+)", re.ASCII)
_END: Final = re.compile(r"\b(T1|T2) (NONE|\d{4}-\d\d-\d\d \d\d:\d\d)", re.ASCII)
_CUT: Final = re.compile(r"\bOFF: CUT AS OF (\d{4}-\d\d-\d\d \d\d:\d\d)", re.ASCII)
_SUPPLY: Final = re.compile(r"(OFF:|LIMITED TO) ", re.ASCII)
_CREDIT: Final = re.compile(r"\bCREDIT (-?)(\d+)\.(\d\d) EUR\b", re.ASCII)
_ENERGY: Final = re.compile(
    r"(?:(\d+) kWh|NO CREDIT)(?: \| (?:(\d+) [A-Z ]+|KEY CHANGE))?", re.ASCII
)
_PAID: Final = re.compile(r"(?:PAID (\d+)d (\d\d)h|(NOT PAID)|UNLOCKED)(?: \| [A-Z ]+)?", re.ASCII)
_RESULTS: Final = {result.value: result for result in Result}


@final
class ClockSaid(NamedTuple):
    """A clock's legal time, `None` for none, and why it is believed or not.

    `lost_by` is why a lower bound was lost before it went on, empty if that is not said.
    """

    legal: datetime | None
    health: str
    lost_by: str = ""


@final
class UntimedSaid(NamedTuple):
    """What was used while the time was unknown, in thousandths of a unit."""

    milli: int
    unit: str


@final
@unique
class SupplySaid(Enum):
    """What a display says of the supply; the value is how it begins."""

    OFF = "OFF:"
    LIMITED = "LIMITED TO"


@final
class EnergySaid(NamedTuple):
    """What an STS meter says: the whole kWh left, `None` for none, and the number of its answer."""

    kwh: int | None
    answer: int | None


@final
class PaidSaid(NamedTuple):
    """What a device paid for by the day says: the whole hours left, `None` where it names none."""

    hours: int | None
    is_over: bool


def energy_said(text: str) -> EnergySaid | None:
    """Return what an STS meter says is left; `None` for a display in other words."""
    found = _ENERGY.fullmatch(text)
    if found is None:
        return None
    kwh, answer = (int(one) if one else None for one in found.groups())
    return EnergySaid(kwh, answer)


def paid_said(text: str) -> PaidSaid | None:
    """Return what a device says is paid for; `None` for a display in other words."""
    found = _PAID.fullmatch(text)
    if found is None:
        return None
    hours = int(found[1]) * HOURS_A_DAY + int(found[2]) if found[1] else None
    return PaidSaid(hours, bool(found[3]))


def card_said(text: str) -> Result:
    """Return the result of the card, `NONE` where the display says nothing of it."""
    found = _CARD.search(text)
    return Result.NONE if found is None else _RESULTS.get(int(found[1], 16), Result.NONE)


def clock_said(text: str) -> ClockSaid | None:
    """Return the clock as the display has it; a date that no calendar has is none."""
    found = _CLOCK.search(text)
    if found is None:
        return None
    try:
        legal = None if found[1] == "NONE" else datetime.fromisoformat(found[1])
    except ValueError:
        legal = None
    return ClockSaid(legal, found[2], found[3] or "")


def ends_said(text: str) -> dict[str, Civil | None]:
    """Return the ends that the display names, T1 or T2: when, or `None` for none."""
    ends = {
        found[1]: None if found[2] == "NONE" else Civil(*map(int, re.split(r"\D", found[2])))
        for found in _END.finditer(text)
    }
    cut = _CUT.search(text)
    return ends if cut is None else {**ends, "T2": Civil(*map(int, re.split(r"\D", cut[1])))}


def supply_said(text: str) -> SupplySaid | None:
    """Return what the display says of the supply, `None` where it says nothing of it."""
    found = _SUPPLY.match(text)
    return None if found is None else SupplySaid(found[1])


def credit_said(text: str) -> int | None:
    """Return the credit in cents, as the display has it."""
    found = _CREDIT.search(text)
    if found is None:
        return None
    cents = int(found[2]) * 100 + int(found[3])
    return -cents if found[1] else cents


def untimed_said(text: str) -> UntimedSaid | None:
    """Return the amount used without time, as the display has it."""
    found = _UNTIMED.search(text)
    return None if found is None else UntimedSaid(int(found[1] + found[2]), found[3])

"""Counts and instants in a few words: a year is named where the reader cannot know it."""

from collections.abc import Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Final, final

from card_protocol.timestamp import Civil
from meter_emu.languages.speech import (
    marked,
    marked_of,
    said,
    said_of,
    written_day,
    written_short_day,
)
from meter_emu.units import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.judge.figures import STATES, SupplyFigures
from meter_emu.world.meter.times import us_to_legal


@final
class CampaignDates:
    """Says instants in the legal time of one campaign."""

    def __init__(self, campaign: Campaign) -> None:
        self._zone: Final = campaign.zone
        first, last = (self.legal(us) for us in (campaign.start_us, campaign.end_us))
        self._usual: Final = {first.year, last.year}
        self._within_a_year: Final = (last - first).days < 365

    def legal(self, us: int) -> datetime:
        """Return an instant in legal time."""
        return us_to_legal(us, self._zone)

    def come_twice(self, us: int) -> bool:
        """Whether what a clock on the wall shows at an instant comes twice that night."""
        legal = self.legal(us)
        return legal.replace(fold=0).utcoffset() != legal.replace(fold=1).utcoffset()

    def short(self, us: int) -> str:
        """Return `3 Jul 23:01`, with a year that the campaign neither begins nor ends in."""
        legal = self.legal(us)
        return f"{written_short_day(legal)}{self._strange(legal.year)} {legal:%H:%M}"

    def day(self, us: int) -> str:
        """Return `3 Jul`."""
        return written_short_day(self.legal(us))

    def long_day(self, day: date) -> str:
        """Return `3 July`, with its year if there are several."""
        alone = self._within_a_year and day.year in self._usual
        return written_day(day, year=not alone)

    def stated(self, cut: Civil | None) -> str:
        """Return a T2 as a meter stated it: a day that is none as it stands, a strange year too."""
        if cut is None:
            return said("no cut")
        try:
            day = date(cut.year, cut.month, cut.day)
        except ValueError:
            return str(cut)
        year = self._strange(day.year)
        return f"{written_short_day(day)}{year} {cut.hour:02}:{cut.minute:02}"

    def _strange(self, year: int) -> str:
        return "" if year in self._usual else f" {year}"


_STATE_SAID: Final = MappingProxyType(
    {
        "supplied": marked_of("{count} supplied", "{count} supplied"),
        "limited": marked_of("{count} behind a limiter", "{count} behind a limiter"),
        "disconnected": marked_of("{count} disconnected by order", "{count} disconnected by order"),
        "without_credit": marked_of("{count} without credit", "{count} without credit"),
        "no_power": marked_of(
            "{count} with no power in the street", "{count} with no power in the street"
        ),
        "not_known": marked_of("{count} not known", "{count} not known"),
    }
)


def states_said(figures: SupplyFigures, *, skipped: int = 0) -> str:
    """Return how many are in each state but the first `skipped`; one without anybody goes."""
    counts = zip(STATES[skipped:], figures[1 + skipped :], strict=True)
    return ", ".join(
        said_of(*_STATE_SAID[state], count)
        for state, count in counts
        if count or state == "supplied"
    )


def disconnected_said(count: int) -> str:
    """Return how many are disconnected by order; not all languages decline as English does."""
    return said_of("{count} disconnected by order", "{count} disconnected by order", count)


def group_said(group: str, *, supplied: int, disconnected: int, without_credit: int) -> str:
    """Return the three figures of a group."""
    return said(
        "{group}: {supplied} supplied, {disconnected}, {without_credit} without credit",
        group=group,
        supplied=supplied,
        disconnected=disconnected_said(disconnected),
        without_credit=without_credit,
    )


def households(count: int) -> str:
    """Return `1 household`, `2 households`, `53,579 households`."""
    return said_of("{count} household", "{count} households", count)


def some(ids: Sequence[str], count: int) -> str:
    """Return the first few names, and how many more there are."""
    left = count - len(ids)
    names = ", ".join(ids)
    if not left:
        return names
    return said_of("{names} and {count} more", "{names} and {count} more", left, names=names)


_UNITS: Final = (
    (DAY_US, marked("{count} d")),
    (HOUR_US, marked("{count} h")),
    (MINUTE_US, marked("{count} min")),
    (SECOND_US, marked("{count} s")),
)


def duration(us: int) -> str:
    """Return a length of time in its two largest units, the rest cut off: `23 h 51 min`."""
    left = abs(us)
    parts: list[tuple[int, str]] = []
    for size_us, unit in _UNITS:
        count, left = divmod(left, size_us)
        if count or parts:
            parts.append((count, unit))
    shown = [(count, unit) for count, unit in parts[:2] if count] or [(0, _UNITS[-1][1])]
    return " ".join(said(unit, count=str(count)) for count, unit in shown)

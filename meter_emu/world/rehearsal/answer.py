"""The answer of a rehearsal in one sentence: how many homes fare otherwise, and when they go dark.

Only counts are kept, so it does not grow with the number of homes.
"""

from collections import Counter
from datetime import date, timedelta
from typing import Final, NamedTuple

from meter_emu.world.meter.times import us_to_legal
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.household import Household
from meter_emu.world.rehearsal.outcome import Outcome
from meter_emu.world.rehearsal.verdict import expected
from meter_emu.world.rehearsal.verdicts import Verdict

_EVENING_H: Final = 18  # ours: from here to _MORNING_H it is night, named by its evening
_MORNING_H: Final = 6
_TAKEN: Final = frozenset({Verdict.WRONGLY_CUT, Verdict.EARLY})


class DarkTime(NamedTuple):
    """The night of a day, or the day itself."""

    day: date
    at_night: bool

    def in_words(self, campaign: Campaign) -> str:
        """Return `in the night of 2 July`, `on 2 July`; the year where the campaign has several."""
        first, last = (
            us_to_legal(us, campaign.zone) for us in (campaign.start_us, campaign.end_us)
        )
        alone = (last - first).days < 365 and self.day.year in {first.year, last.year}
        said = f"{self.day.day} {self.day:%B}" + ("" if alone else f" {self.day:%Y}")
        return f"in the night of {said}" if self.at_night else f"on {said}"


class HomeCounts:
    """Takes in one household after the other, and says the answer."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self.total = 0
        self.broken = 0
        self.dark: Final[Counter[DarkTime]] = Counter()  # homes cut against their promise
        self.limited = 0  # homes limited against their promise

    def add(self, household: Household, outcome: Outcome) -> bool:
        """Take in one household; return whether it fared as expected."""
        good = expected(outcome, household)
        self.total += 1
        self.broken += not good
        if not good and outcome.verdict in _TAKEN and outcome.cut_us is not None:
            if outcome.limited:
                self.limited += 1
            else:
                self.dark[self.dark_time(outcome.cut_us)] += 1
        return good

    def dark_time(self, us: int) -> DarkTime:
        """Return the night or the day in which an instant lies."""
        legal = us_to_legal(us, self._campaign.zone)
        if legal.hour >= _EVENING_H:
            return DarkTime(legal.date(), at_night=True)
        if legal.hour < _MORNING_H:
            return DarkTime(legal.date() - timedelta(days=1), at_night=True)
        return DarkTime(legal.date(), at_night=False)

    @property
    def typical(self) -> DarkTime | None:
        """When most homes go dark, the earliest of equals; `None` where none does."""
        return max(sorted(self.dark), key=lambda time: self.dark[time], default=None)

    @property
    def sentence(self) -> str:
        """The answer."""
        if not self.broken:
            fare = "fares as it was" if self.total == 1 else "fare as they were"
            return f"{'The' if self.total == 1 else 'All'} {homes(self.total)} {fare} told."
        were = "it was" if self.broken == 1 else "they were"
        return f"{self.broken:,} of {homes(self.total)} would not fare as {were} told{self._dark}."

    @property
    def _dark(self) -> str:
        dark, typical = self.dark.total(), self.typical
        if typical is None:
            return f"; {self.limited:,} would be limited" if self.limited else ""
        often = self.dark[typical]
        if 2 * often >= dark:
            go = "goes" if often == 1 else "go"
            return f"; {often:,} {go} dark {typical.in_words(self._campaign)}"
        return f"; {dark:,} go dark, the first {min(self.dark).in_words(self._campaign)}"


def homes(count: int) -> str:
    """Return `1 home`, `2 homes`, `53,579 homes`."""
    return f"{count:,} home{'' if count == 1 else 's'}"

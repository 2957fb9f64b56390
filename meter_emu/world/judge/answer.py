"""The answer of a rehearsal in a few sentences, which do not mix three things.

What was announced and came otherwise; supply lost for want of credit, by nobody's order; and what
the rehearsal did not show. Only counts are kept, so nothing grows with the number of households.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final, NamedTuple

from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.judge.verdict import expected, unexpected_findings, verdict_expected
from meter_emu.world.judge.verdicts import PLAIN_FINDING, FindingKind, Verdict
from meter_emu.world.meter.times import us_to_legal

_EVENING_H: Final = 18  # ours: from here to _MORNING_H it is night, named by its evening
_MORNING_H: Final = 6
_NAMED_MAX: Final = 3  # ours: households by name in a sentence
_TAKEN: Final = frozenset({Verdict.WRONGLY_CUT, Verdict.EARLY})


class OffTime(NamedTuple):
    """The night of a day, or the day itself."""

    day: date
    at_night: bool

    def in_words(self, campaign: Campaign) -> str:
        """Return `in the night of 2 July` or `on 2 July`, with the year if there are several."""
        said = _day(self.day, campaign)
        return f"in the night of {said}" if self.at_night else f"on {said}"


def _day(day: date, campaign: Campaign) -> str:
    first, last = (us_to_legal(us, campaign.zone) for us in (campaign.start_us, campaign.end_us))
    alone = (last - first).days < 365 and day.year in {first.year, last.year}
    return f"{day.day} {day:%B}" + ("" if alone else f" {day:%Y}")


class HouseholdCounts:
    """Counts the outcomes of all households."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self.total = 0
        self.broken = 0
        self.outside = 0  # households that the program does not cover: they were not run
        self.cuts: Final[Counter[OffTime]] = Counter()  # households cut against their promise
        self.limited = 0  # households limited against their promise
        self.found_alone = 0  # households whose supply is right, and something else is not
        self._found: Final[dict[FindingKind, list[str]]] = {}  # of those: the first few ids
        self._kinds: Final[Counter[FindingKind]] = Counter()
        self.off: Final[Counter[date]] = Counter()  # still off at the end for want of credit, since
        self.off_for_a_time: Final[Counter[date]] = Counter()  # and of those with supply again
        self.unrehearsed = 0  # households whose announced end the rehearsal does not reach
        self._heard: Final[Counter[str | None]] = Counter()  # households by their announcement
        self._failed: Final[Counter[str | None]] = Counter()

    def add(self, household: Household, outcome: Outcome) -> bool:
        """Count one household; return whether its outcome was expected."""
        good = expected(outcome, household)
        self.total += 1
        self.broken += not good
        self.outside += outcome.verdict is Verdict.NOT_COVERED
        found = unexpected_findings(outcome, household)
        if not good and found and verdict_expected(outcome, household):
            self.found_alone += 1
            kind = found[0].kind
            self._kinds[kind] += 1
            self._found[kind] = [*self._found.get(kind, ()), outcome.id][:_NAMED_MAX]
        if not good and outcome.verdict in _TAKEN and outcome.cut_us is not None:
            if outcome.limited:
                self.limited += 1
            else:
                self.cuts[self.time_of_cut(outcome.cut_us)] += 1
        if outcome.unfed:
            from_us, to_us = outcome.unfed[-1]
            still = to_us >= self._campaign.end_us
            first_us = from_us if still else outcome.unfed[0][0]
            since = us_to_legal(first_us, self._campaign.zone).date()
            (self.off if still else self.off_for_a_time)[since] += 1
        if household.announced is not None:
            ends = (household.announced.cut_us, household.announced.defer_us)
            self.unrehearsed += max(us or 0 for us in ends) >= self._campaign.end_us
            self._heard[household.announced.name] += 1
            self._failed[household.announced.name] += not good
        return good

    def time_of_cut(self, us: int) -> OffTime:
        """Return the night or the day in which an instant lies."""
        legal = us_to_legal(us, self._campaign.zone)
        if legal.hour >= _EVENING_H:
            return OffTime(legal.date(), at_night=True)
        if legal.hour < _MORNING_H:
            return OffTime(legal.date() - timedelta(days=1), at_night=True)
        return OffTime(legal.date(), at_night=False)

    @property
    def typical(self) -> OffTime | None:
        """When most households are disconnected, the earliest of equals; `None` if none is."""
        return max(sorted(self.cuts), key=lambda time: self.cuts[time], default=None)

    @property
    def sentence(self) -> str:
        """What was announced, and whether it came."""
        rest = f"; the program does not cover {self.outside:,}" if self.outside else ""
        if self.outside == self.total:
            return f"The program covers none of {households(self.total)}: nothing was run."
        if self.broken == self.found_alone:
            who = "The household is" if self.total == 1 else f"All {households(self.total)} are"
            if self.outside:
                who = f"{self.total - self.outside:,} of {households(self.total)} are"
            said = f"{who} supplied and disconnected as announced{rest}."
            return f"Up to its end {said[0].lower()}{said[1:]}" if self.unrehearsed else said
        of = f"{self.broken - self.found_alone:,} of {households(self.total)}"
        return f"{of} would not be supplied and disconnected as announced{self._when}{rest}."

    @property
    def more(self) -> tuple[str, ...]:
        """The sentences after it: by announcement, what was not rehearsed, who has no credit."""
        return (
            *self._by_announcement(),
            *self._findings_alone(),
            *self._not_rehearsed(),
            *self._without_credit(),
        )

    @property
    def open_questions(self) -> int:
        """How many households were not run, or not up to their announced end."""
        return self.outside + self.unrehearsed

    def _by_announcement(self) -> Iterator[str]:
        if self.broken and len(self._heard) > 1:
            parts = (
                f"{name or 'to all'} {self._failed[name]:,} of {count:,}"
                for name, count in self._heard.items()
            )
            yield f"Not as announced, by announcement: {'; '.join(parts)}."

    def _findings_alone(self) -> Iterator[str]:
        """Yield who is supplied as announced, and has something else wrong."""
        if not self.found_alone:
            return
        kinds = []
        for kind, ids in self._found.items():
            left = self._kinds[kind] - len(ids)
            more = f" and {left:,} more" if left else ""
            kinds.append(f"{PLAIN_FINDING[kind].heading.lower()} ({', '.join(ids)}{more})")
        has = "has" if self.found_alone == 1 else "have"
        yield (
            f"{households(self.found_alone)} {has} the right supply and something else wrong: "
            f"{'; '.join(kinds)}."
        )

    def _not_rehearsed(self) -> Iterator[str]:
        if self.unrehearsed:
            end = us_to_legal(self._campaign.end_us, self._campaign.zone)
            have = "has" if self.unrehearsed == 1 else "have"
            yield (
                f"Not rehearsed: {households(self.unrehearsed)} {have} an announced end that the "
                f"rehearsal, which ends on {end.day} {end:%B %Y}, does not reach."
            )

    def _without_credit(self) -> Iterator[str]:
        """Yield who has no supply at the end, and who had none for a time, by nobody's order."""
        off, again = self.off.total(), self.off_for_a_time.total()
        were = "was" if again == 1 else "were"
        if off:
            are, first = "is" if off == 1 else "are", _day(min(self.off), self._campaign)
            since = f" since {first}" if off == 1 else f", the first since {first}"
            more = f"; {again:,} {were} for a time" if again else ""
            yield f"{households(off)} {are} without supply for want of credit{since}{more}."
        elif again:
            first = _day(min(self.off_for_a_time), self._campaign)
            yield (
                f"{households(again)} {were} for a time without supply for want of credit, the "
                f"first on {first}."
            )

    @property
    def _when(self) -> str:
        cuts, typical = self.cuts.total(), self.typical
        limited = f"; {self.limited:,} would be limited" if self.limited else ""
        if typical is None:
            return limited
        are = "is" if cuts == 1 else "are"
        if len(self.cuts) == 1:
            return f"; {cuts:,} {are} disconnected {typical.in_words(self._campaign)}{limited}"
        first, most = (one.in_words(self._campaign) for one in (min(self.cuts), typical))
        often = f"{self.cuts[typical]:,} of them"
        peak = f"{often} then" if min(self.cuts) == typical else f"{often} {most}"
        if self.cuts[typical] == 1:
            peak = "each in another night"
        return f"; {cuts:,} {are} disconnected, the first {first}, {peak}{limited}"


def households(count: int) -> str:
    """Return `1 household`, `2 households`, `53,579 households`."""
    return f"{count:,} household{'' if count == 1 else 's'}"

"""What else is to be said of a rehearsal: each fact once, for all households that share it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, final

from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.judge.knowledge import clock_beyond_us
from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.judge.phrases import CampaignDates, households
from meter_emu.world.judge.verdict import lived_expected, verdict_expected
from meter_emu.world.judge.verdicts import FindingKind
from meter_emu.world.meter.failure import Failure, FailureKind
from meter_emu.world.meter.times import us_to_iso

_NOTED_MAX: Final = 50  # ours: more different facts than that are no summary


@dataclass(slots=True)
class _Noted:
    """One fact found in several households: where first, since when at the earliest."""

    first_id: str
    since_us: int | None
    count: int = 0


@final
class Remarks:
    """Takes in households one by one, and yields the lines."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign: Final = campaign
        self._dates: Final = CampaignDates(campaign)
        self._displays: Final[dict[str, _Noted]] = {}
        self._found: Final[dict[str, _Noted]] = {}
        self._failures: Final[list[str]] = []
        self._unnoted = 0

    def add(self, household: Household, outcome: Outcome) -> None:
        """Take in one household."""
        beyond_us = clock_beyond_us(household, self._campaign.end_us)
        if beyond_us is not None:
            fact = "clock beyond its bound, outside the promise,"
            self._note(self._found, household, fact, max(beyond_us, self._campaign.start_us))
        if outcome.wrong_display is not None:
            since_us, shown = outcome.wrong_display
            self._note(self._displays, household, self._dates.stated(shown), since_us)
        for finding in outcome.findings:
            on_display = finding.kind is FindingKind.WRONG_DISPLAY
            if not on_display or outcome.wrong_display is None:  # of a wrong T2 it is said above
                fact = f"{finding.kind.value}: {finding.words}"
                self._note(self._found, household, fact, finding.from_us)
        if outcome.failure is not None:
            if len(self._failures) < _NOTED_MAX:
                self._failures.append(f"{household.id}: {self._failure(outcome.failure)}")
            else:
                self._unnoted += 1
        for fact in self._expected(household, outcome):
            self._note(self._found, household, fact, None)

    def _expected(self, household: Household, outcome: Outcome) -> Iterator[str]:
        if not verdict_expected(outcome, household) and household.expect is not None:
            yield f"expected {' or '.join(household.expect)}"
        elif household.expect_cut_us is not None:
            from_us, to_us = household.expect_cut_us
            if outcome.cut_us is None or not from_us <= outcome.cut_us <= to_us:
                bounds = " and ".join(self._dates.short(us) for us in (from_us, to_us))
                yield f"expected to be cut between {bounds}"
        if not lived_expected(outcome, household) and household.expect_lived is not None:
            yield f"expected to live {' or '.join(household.expect_lived)}"
        if outcome.limited:
            yield "limited then, not cut"

    def _failure(self, failure: Failure) -> str:
        if failure.kind in {FailureKind.OUTSIDE, FailureKind.UNSTEADY}:
            return failure.why
        shown = failure.clock or "no time"
        said = f"{failure.why}, at {us_to_iso(failure.at_us, self._campaign.zone)}"
        calls = f"; last calls: {', '.join(failure.calls)}" if failure.calls else ""
        return f"{said}, its clock chip at {shown}{calls}"

    def _note(
        self, where: dict[str, _Noted], household: Household, fact: str, since_us: int | None
    ) -> None:
        """Keep a fact with the households it was found in; of too many, only the count."""
        if fact not in where and len(where) >= _NOTED_MAX:
            self._unnoted += 1
            return
        noted = where.setdefault(fact, _Noted(household.id, since_us))
        noted.count += 1
        if since_us is not None and noted.since_us is not None and since_us < noted.since_us:
            noted.first_id, noted.since_us = household.id, since_us

    def lines(self) -> Iterator[str]:
        """Yield the facts, a line each."""
        for said, noted in self._displays.items():
            many = noted.count > 1
            who = f"{noted.count:,} displays say" if many else f"{noted.first_id}: its display says"
            yield f"{who} {said}{self._since(noted)}"
        for fact, noted in self._found.items():
            who = noted.first_id if noted.count == 1 else households(noted.count)
            yield f"{who}: {fact}{self._since(noted)}"
        yield from self._failures
        if self._unnoted:
            yield f"and {self._unnoted:,} findings in other words"

    def _since(self, noted: _Noted) -> str:
        return "" if noted.since_us is None else f" since {self._dates.short(noted.since_us)}"

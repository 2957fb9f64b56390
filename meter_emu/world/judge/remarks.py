"""What else is to be said of a rehearsal: each fact once, for all households that share it."""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar, final

from card_protocol.timestamp import Civil
from meter_emu.languages.speech import marked, said, said_of
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.judge.knowledge import clock_beyond_us
from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.judge.phrases import CampaignDates, households
from meter_emu.world.judge.verdict import lived_expected, verdict_expected
from meter_emu.world.judge.verdicts import FindingKind
from meter_emu.world.meter.failure import Failure, FailureKind
from meter_emu.world.meter.times import us_to_iso

_FactT = TypeVar("_FactT", bound=Hashable)
_NOTED_MAX: Final = 50  # ours: more different facts than that are no summary


class _Fact(NamedTuple):
    """A fact, to be said later: by which routine, and of what."""

    said: Callable[..., str]
    of: tuple[Any, ...] = ()


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
        self._displays: Final[dict[Civil | None, _Noted]] = {}
        self._found: Final[dict[_Fact, _Noted]] = {}
        self._failures: Final[list[tuple[str, Failure]]] = []
        self._unnoted = 0

    def add(self, household: Household, outcome: Outcome) -> None:
        """Take in one household."""
        beyond_us = clock_beyond_us(household, self._campaign.end_us)
        if beyond_us is not None:
            since_us = max(beyond_us, self._campaign.start_us)
            self._note(self._found, household, _CLOCK_BEYOND, since_us)
        if outcome.wrong_display is not None:
            since_us, shown = outcome.wrong_display
            self._note(self._displays, household, shown, since_us)
        for finding in outcome.findings:
            on_display = finding.kind is FindingKind.WRONG_DISPLAY
            if not on_display or outcome.wrong_display is None:  # of a wrong T2 it is said above
                fact = _Fact(_found_said, (finding.kind.value, finding.words))
                self._note(self._found, household, fact, finding.from_us)
        if outcome.failure is not None:
            if len(self._failures) < _NOTED_MAX:
                self._failures.append((household.id, outcome.failure))
            else:
                self._unnoted += 1
        for fact in self._expected(household, outcome):
            self._note(self._found, household, fact, None)

    def _expected(self, household: Household, outcome: Outcome) -> Iterator[_Fact]:
        if not verdict_expected(outcome, household) and household.expect is not None:
            yield _Fact(_expected_said, (_EXPECTED, household.expect))
        elif household.expect_cut_us is not None:
            from_us, to_us = household.expect_cut_us
            if outcome.cut_us is None or not from_us <= outcome.cut_us <= to_us:
                yield _Fact(self._between_said, (from_us, to_us))
        if not lived_expected(outcome, household) and household.expect_lived is not None:
            yield _Fact(_expected_said, (_TO_LIVE, household.expect_lived))
        if outcome.limited:
            yield _LIMITED

    def _between_said(self, from_us: int, to_us: int) -> str:
        first, last = (self._dates.short(us) for us in (from_us, to_us))
        return said("expected to be cut between {first} and {last}", first=first, last=last)

    def _failure(self, failure: Failure) -> str:
        if failure.kind in {FailureKind.OUTSIDE, FailureKind.UNSTEADY}:
            return failure.why
        holes = {
            "why": failure.why,
            "when": us_to_iso(failure.at_us, self._campaign.zone),
            "clock": failure.clock or said("no time"),
        }
        if not failure.calls:
            return said("{why}, at {when}, its clock chip at {clock}", **holes)
        return said(
            "{why}, at {when}, its clock chip at {clock}; last calls: {calls}",
            **holes,
            calls=", ".join(failure.calls),
        )

    def _note(
        self, where: dict[_FactT, _Noted], household: Household, fact: _FactT, since_us: int | None
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
        for shown, noted in self._displays.items():
            assert noted.since_us is not None, "a display says it from some moment on"
            holes = {
                "stated": self._dates.stated(shown),
                "when": self._dates.short(noted.since_us),
            }
            if noted.count == 1:
                name = noted.first_id
                yield said("{name}: its display says {stated} since {when}", name=name, **holes)
            else:
                yield said_of(
                    "{count} display says {stated} since {when}",
                    "{count} displays say {stated} since {when}",
                    noted.count,
                    **holes,
                )
        for fact, noted in self._found.items():
            who = noted.first_id if noted.count == 1 else households(noted.count)
            line = f"{who}: {fact.said(*fact.of)}"
            if noted.since_us is not None:
                when = self._dates.short(noted.since_us)
                line = said("{fact} since {when}", fact=line, when=when)
            yield line
        yield from (f"{name}: {self._failure(failure)}" for name, failure in self._failures)
        if self._unnoted:
            yield said_of(
                "and {count} finding in other words",
                "and {count} findings in other words",
                self._unnoted,
            )


_EXPECTED: Final = marked("expected {names}")
_TO_LIVE: Final = marked("expected to live {names}")
_CLOCK_BEYOND: Final = _Fact(said, (marked("clock beyond its bound, outside the promise,"),))
_LIMITED: Final = _Fact(said, (marked("limited then, not cut"),))


def _found_said(kind: str, words: str) -> str:
    return f"{kind}: {words}"


def _expected_said(sentence: str, names: tuple[str, ...]) -> str:
    return said(sentence, names=said(" or ").join(names))

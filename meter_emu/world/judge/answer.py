"""The answer of a rehearsal: one for the terminal, the page, the panel, JSON and JUnit.

First how many lived what was announced to them, and whose doing it was for the others; then who is
supplied, at the end and at the worst moment; then what the meters did against their orders. Only
counts are kept, and the first few names, so nothing grows with the number of households.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from enum import Enum, unique
from typing import Final, NamedTuple, final

from meter_emu.languages.speech import said, said_of
from meter_emu.units import DAY_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.judge.figures import SupplyCounts, SupplyFigures
from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.judge.phrases import (
    CampaignDates,
    duration,
    households,
    some,
    states_said,
)
from meter_emu.world.judge.remarks import Remarks
from meter_emu.world.judge.repairs import doing_said
from meter_emu.world.judge.sentences import ALWAYS_SUPPLIED, AT_END, LIVED_OTHERWISE
from meter_emu.world.judge.verdict import (
    cut_before_us,
    expected,
    lived_expected,
    supplied_past_us,
    unexpected_findings,
    verdict_expected,
)
from meter_emu.world.judge.verdicts import (
    LIVED_GOOD,
    LIVED_GRAVITY,
    LIVED_WORDS,
    PLAIN_FINDING,
    FindingKind,
    Lived,
    RepairName,
    Verdict,
)

_EVENING_H: Final = 18  # ours: from here to _MORNING_H it is night, named by its evening
_MORNING_H: Final = 6
_NAMED_MAX: Final = 3  # ours: households by name in a sentence
_TAKEN: Final = frozenset({Verdict.WRONGLY_CUT, Verdict.EARLY})
_UNJUDGED: Final = Lived.CANNOT_BE_SAID
_LIVED: Final = frozenset({Lived.AS_ANNOUNCED, Lived.NOT_ANNOUNCED})


@final
@unique
class Tone(Enum):
    """How good an answer is, for a colour and a sign."""

    GOOD = "good"  # all as announced, and nobody was ever without supply
    WARN = "warn"  # as expected, but somebody was without supply, or not all of it is known
    BAD = "bad"  # somebody lived, or a meter did, what nobody expected


@final
class RehearsalAnswer(NamedTuple):
    """The answer: its tone, the sentences in their order, the figures, and what else to know.

    `supplied` is the sentence among them that has the figures. `by_group` has the figures at the
    end of each group, where the campaign has groups.
    """

    tone: Tone
    said: tuple[str, ...]
    supplied: str
    at_end: SupplyFigures
    worst: SupplyFigures
    notes: tuple[str, ...]
    by_group: dict[str, SupplyFigures]


class OffTime(NamedTuple):
    """The night of a day, or the day itself."""

    day: date
    at_night: bool


class _Alike(NamedTuple):
    """Households that lived otherwise in the same way."""

    verdict: Lived
    doing: tuple[tuple[RepairName, ...], ...] | None
    expected: bool


class HouseholdCounts:
    """Counts the outcomes of all households.

    `so_far` is of a rehearsal that goes on: what has not come yet is nobody's fault.
    """

    def __init__(self, campaign: Campaign, *, so_far: bool = False) -> None:
        self._so_far: Final = so_far
        self._campaign: Final = campaign
        self._dates: Final = CampaignDates(campaign)
        self.supply: Final = SupplyCounts(campaign.start_us, campaign.end_us)
        self._by_group: Final[dict[str, SupplyCounts]] = {}
        self.remarks: Final = Remarks(campaign)
        self.total = 0
        self.broken = 0  # households of which something is not as expected
        self.erred = 0  # of those: the verdict on the meter is not expected
        self.outside = 0  # households that the program does not cover: they were not run
        self.torn = 0  # households of which an office's writing was torn
        self.lived: Final[Counter[Lived]] = Counter()
        self.cuts: Final[Counter[OffTime]] = Counter()  # households cut against their order
        self.limited = 0  # households limited against their order
        self.found_alone = 0  # households whose supply is right, and something else is not
        self._found: Final[dict[FindingKind, list[str]]] = {}  # of those: the first few ids
        self._kinds: Final[Counter[FindingKind]] = Counter()
        self._otherwise: Final[dict[_Alike, list[str]]] = {}  # the first few ids
        self._alike: Final[Counter[_Alike]] = Counter()
        self.harmed: Final[Counter[RepairName]] = Counter()  # not expected: who could put it right
        self._seen_by_us = 0  # when all that was announced could have been seen
        self._apart_us: Final[Counter[_Alike]] = Counter()  # from what was announced, at most
        self._off: Final[Counter[date]] = Counter()  # still without credit at the end, since
        self._off_for_a_time: Final[Counter[date]] = Counter()  # and of those with supply again

    def add(self, household: Household, outcome: Outcome) -> bool:
        """Count one household; return whether its outcome was expected."""
        if self._so_far and outcome.lived.verdict is Lived.CANNOT_BE_SAID:
            household = replace(household, expect_lived=(Lived.CANNOT_BE_SAID.value,))
        good = expected(outcome, household)
        self.total += 1
        self.broken += not good
        self.remarks.add(household, outcome)
        self.torn += any(visit.desk is not None and visit.desk.torn for visit in household.visits)
        if outcome.verdict is Verdict.NOT_COVERED:
            self.outside += 1
            return good
        self.supply.add(outcome)
        if household.group:
            ends_us = self._campaign.start_us, self._campaign.end_us
            self._by_group.setdefault(household.group, SupplyCounts(*ends_us)).add(outcome)
        self._add_lived(household, outcome)
        found = unexpected_findings(outcome, household)
        as_ordered = verdict_expected(outcome, household)
        self.erred += not as_ordered
        if found and as_ordered and lived_expected(outcome, household):
            self.found_alone += 1
            kind = found[0].kind
            self._kinds[kind] += 1
            self._found[kind] = [*self._found.get(kind, ()), outcome.id][:_NAMED_MAX]
        if not as_ordered and outcome.verdict in _TAKEN and outcome.cut_us is not None:
            if outcome.limited:
                self.limited += 1
            else:
                self.cuts[self.time_of_cut(outcome.cut_us)] += 1
        if outcome.unfed:
            from_us, to_us = outcome.unfed[-1]
            still = to_us >= self._campaign.end_us
            since = self._dates.legal(from_us if still else outcome.unfed[0][0]).date()
            (self._off if still else self._off_for_a_time)[since] += 1
        return good

    def _add_lived(self, household: Household, outcome: Outcome) -> None:
        verdict = outcome.lived.verdict
        self.lived[verdict] += 1
        last = household.last_announced
        if verdict is Lived.CANNOT_BE_SAID and last is not None:
            self._seen_by_us = max(self._seen_by_us, last.end_us + last.late_max_us)
        as_expected = lived_expected(outcome, household)
        if not as_expected:
            self.harmed.update({name for one in outcome.doing or () for name in one.repairs})
        if verdict not in _LIVED or not as_expected:
            alike = _Alike(verdict, outcome.repairs, as_expected)
            self._alike[alike] += 1
            apart_us = cut_before_us(household, outcome) or supplied_past_us(household, outcome)
            if outcome.lived.light is not None:
                apart_us = outcome.lived.light.lost_us
            self._apart_us[alike] = max(self._apart_us[alike], apart_us)
            self._otherwise[alike] = [*self._otherwise.get(alike, ()), outcome.id][:_NAMED_MAX]

    def time_of_cut(self, us: int) -> OffTime:
        """Return the night or the day in which an instant lies."""
        legal = self._dates.legal(us)
        if legal.hour >= _EVENING_H:
            return OffTime(legal.date(), at_night=True)
        if legal.hour < _MORNING_H:
            return OffTime(legal.date() - timedelta(days=1), at_night=True)
        return OffTime(legal.date(), at_night=False)

    @property
    def typical(self) -> OffTime | None:
        """When most households are cut against their order, the earliest of equals, if any is."""
        return max(sorted(self.cuts), key=lambda time: self.cuts[time], default=None)

    # The answer ----------------------------------------------------------------------------------

    @property
    def answer(self) -> RehearsalAnswer:
        """The answer, as it is given everywhere."""
        return RehearsalAnswer(
            self.tone,
            tuple(self._sentences()),
            self._supplied(),
            self.supply.at_end,
            self.supply.worst,
            (*self._about_announcements(), *self.remarks.lines()),
            {group: self._by_group[group].at_end for group in sorted(self._by_group)},
        )

    @property
    def tone(self) -> Tone:
        """How good it is."""
        if self.broken:
            return Tone.BAD
        lived = sum(self.lived[one] for one in _LIVED)
        doubtful = any(True for _ in self._about_announcements())
        if lived < self.total or doubtful or self.torn or self.supply.worst.unsupplied:
            return Tone.WARN
        return Tone.GOOD

    @property
    def open_questions(self) -> int:
        """How many households were not run, or not long enough."""
        return self.outside + self.lived[Lived.CANNOT_BE_SAID]

    def _sentences(self) -> Iterator[str]:
        if self.outside == self.total:
            all_of_them = households(self.total)
            yield said(
                "The program covers none of {households}: nothing was run.", households=all_of_them
            )
            return
        yield from self._as_announced()
        yield self._supplied()
        if self.outside:
            yield said(
                "The program does not cover {households}: they were not run.",
                households=households(self.outside),
            )
        yield from self._against_orders()
        yield from self._findings_alone()
        yield from self._without_credit()

    def _supplied(self) -> str:
        """Return how many are in each state, at the end and at the worst moment."""
        run, end, worst = self.total - self.outside, self.supply.at_end, self.supply.worst
        which = self._so_far, bool(self._campaign.announced)
        if not worst.unsupplied:
            return said_of(*ALWAYS_SUPPLIED[which], run)
        others = f", {states_said(end, skipped=1)}" if end.unsupplied else ""
        at_end = said_of(
            *AT_END[which],
            end.supplied,
            households=households(run),
            others=others,
        )
        if worst[1:] == end[1:]:
            return said("{at_end}; it was never worse.", at_end=at_end)
        return said(
            "{at_end}; at worst, on {when}, {states}.",
            at_end=at_end,
            when=self._dates.short(worst.at_us),
            states=states_said(worst),
        )

    def _as_announced(self) -> Iterator[str]:
        """Yield how many lived what was announced, then who did not, and whose doing it was."""
        if not self._campaign.announced:
            yield from self._otherwise_lived()
            return
        run, right = self.total - self.outside, self.lived[Lived.AS_ANNOUNCED]
        heard = run - self.lived[Lived.NOT_ANNOUNCED]
        judged = heard - self.lived[Lived.CANNOT_BE_SAID]
        if self._so_far and not judged and heard == run:
            yield said("Nothing has gone against what was announced, and its end is still to come.")
            return
        yield from self._otherwise_lived(Lived.CANNOT_BE_SAID)
        if not heard:
            yield said(
                "What was announced was for none of {households}.", households=households(run)
            )
        elif judged == right == run:
            yield said_of("It lived what was announced.", "All lived what was announced.", run)
        elif judged and heard == run:
            yield said_of(
                "{count} of {heard} lived what was announced to them.",
                "{count} of {heard} lived what was announced to them.",
                right,
                heard=judged,
            )
        elif judged:
            yield said_of(
                "{count} of {heard} lived what was announced to them; for the other {others} "
                "nothing was.",
                "{count} of {heard} lived what was announced to them; for the other {others} "
                "nothing was.",
                right,
                heard=judged,
                others=run - heard,
            )
        yield from self._otherwise_lived()

    def _otherwise_lived(self, only: Lived | None = None) -> Iterator[str]:
        """Yield who lived otherwise, all but those that cannot be judged, or one verdict alone."""
        for alike in sorted(
            self._alike, key=lambda one: (one.expected, LIVED_GRAVITY[one.verdict])
        ):
            if alike.verdict is only or (only is None and alike.verdict is not _UNJUDGED):
                yield self._otherwise_said(alike)

    def _otherwise_said(self, alike: _Alike) -> str:
        count = self._alike[alike]
        lived = said_of(
            *LIVED_OTHERWISE[alike.verdict],
            count,
            names=some(self._otherwise[alike], count),
            heard=self.total - self.outside - self.lived[Lived.NOT_ANNOUNCED],
            **dict.fromkeys(("late", "early", "missing"), duration(self._apart_us[alike])),
        )
        if alike.verdict is _UNJUDGED:
            end = self._dates.short(self._seen_by_us)
            lived = said(
                "{lived}: the rehearsal ends before the announced moment; end it later than {when}",
                lived=lived,
                when=end,
            )
        elif alike.doing is not None:
            lived = said("{lived}: {doing}", lived=lived, doing=doing_said(alike.doing))
        if (alike.verdict in LIVED_GOOD) == alike.expected:
            return said("{lived}.", lived=lived)
        if alike.expected:
            return said("{lived}, as the file expects.", lived=lived)
        return said("{lived}, and the file expects otherwise.", lived=lived)

    def _against_orders(self) -> Iterator[str]:
        """Yield how many meters did otherwise than expected, and when they cut."""
        if self.erred:
            yield said_of(
                "{count} of {run} meters did otherwise than expected{when}.",
                "{count} of {run} meters did otherwise than expected{when}.",
                self.erred,
                run=self.total - self.outside,
                when=self._when,
            )

    def _findings_alone(self) -> Iterator[str]:
        """Yield whose supply is right, and whose meter has something else wrong."""
        if self.found_alone:
            kinds = (
                f"{said(PLAIN_FINDING[kind].heading).lower()} ({some(ids, self._kinds[kind])})"
                for kind, ids in self._found.items()
            )
            yield said_of(
                "{count} household has the right supply, and something else is wrong: {kinds}.",
                "{count} households have the right supply, and something else is wrong: {kinds}.",
                self.found_alone,
                kinds="; ".join(kinds),
            )

    def _without_credit(self) -> Iterator[str]:
        """Yield since when who is without credit, and who was for a time."""
        off, again = self._off.total(), self._off_for_a_time.total()
        if off:
            without = said_of(
                "{count} household is without credit, since {day}",
                "{count} households are without credit, the first since {day}",
                off,
                day=self._dates.long_day(min(self._off)),
            )
            if again:
                yield said_of(
                    "{without}; {count} was for a time.",
                    "{without}; {count} were for a time.",
                    again,
                    without=without,
                )
            else:
                yield f"{without}."
        elif again:
            yield said_of(
                "{count} household was without credit for a time, the first on {day}.",
                "{count} households were without credit for a time, the first on {day}.",
                again,
                day=self._dates.long_day(min(self._off_for_a_time)),
            )

    def _about_announcements(self) -> Iterator[str]:
        """Yield what a reader of the announcements must know, and what nobody can."""
        all_of_them = self._campaign.announced
        for one in all_of_them:
            if one.made_us < self._campaign.start_us:
                yield said(
                    "{name} was made before the rehearsal starts: who had asked an office by then "
                    "is not known",
                    name=one.called,
                )
            if self._dates.come_twice(one.end_us):
                yield said(
                    "{name} ends in the hour that comes twice, which a reader may not know",
                    name=one.called,
                )
            if any(was.made_us < one.made_us and was.end_us > one.end_us for was in all_of_them):
                yield said_of(
                    "{name} moves an end to an earlier day, with {count} day of notice",
                    "{name} moves an end to an earlier day, with {count} days of notice",
                    (one.end_us - one.made_us) // DAY_US,
                    name=one.called,
                )
        if self.torn:
            yield said(
                "the writing of an office was torn for {households}",
                households=households(self.torn),
            )

    @property
    def _when(self) -> str:
        cuts, typical = self.cuts.total(), self.typical
        limited = ""
        if self.limited:
            limited = said_of("; {count} limited", "; {count} limited", self.limited)
        if typical is None:
            return limited
        most, first = self.off_time(typical), self.off_time(min(self.cuts))
        often = self.cuts[typical]
        if len(self.cuts) == 1:
            found = said_of("; {count} cut {when}", "; {count} cut {when}", cuts, when=most)
        elif often == 1:
            found = said(
                "; {cuts} cut, the first {first}, each in another night", cuts=cuts, first=first
            )
        elif min(self.cuts) == typical:
            found = said(
                "; {cuts} cut, the first {first}, {often} of them then",
                cuts=cuts,
                first=first,
                often=often,
            )
        else:
            found = said(
                "; {cuts} cut, the first {first}, {often} of them {most}",
                cuts=cuts,
                first=first,
                often=often,
                most=most,
            )
        return found + limited

    def off_time(self, time: OffTime) -> str:
        """Return `in the night of 2 July` or `on 2 July`, with the year if there are several."""
        day = self._dates.long_day(time.day)
        return (
            said("in the night of {day}", day=day) if time.at_night else said("on {day}", day=day)
        )


def lived_in_words(outcome: Outcome) -> str:
    """Return what one household lived, and whose doing it was."""
    (is_, _), words = LIVED_WORDS[outcome.lived.verdict]
    whose = "" if outcome.repairs is None else f", {doing_said(outcome.repairs)}"
    return f"the household {is_} {words}{whose}"

"""What `rehearse` prints as JSON: a meter a line, so that its size does not matter."""

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import UNSET, UnsetType, field

from meter_emu.cli.printed.base import IsoInstant, Printed, Shape, shaped
from meter_emu.cli.printed.events import EventShownJson, event_shown
from meter_emu.resources import means
from meter_emu.units import MINUTE_US, SECOND_US
from meter_emu.world.households.household import Announcement, Household
from meter_emu.world.judge.answer import HouseholdCounts, Tone
from meter_emu.world.judge.figures import SupplyFigures
from meter_emu.world.judge.lived import LossReason
from meter_emu.world.judge.outcome import Outcome, Supplied, SupplySince, Times
from meter_emu.world.judge.verdict import expected, lived_expected, verdict_expected
from meter_emu.world.judge.verdicts import FindingKind, Lived, RepairName, Verdict
from meter_emu.world.meter.events import Event
from meter_emu.world.meter.times import us_to_iso
from meter_emu.world.rehearsal.sample import RISK, Sample
from meter_emu.zones import TimeZone


class BreachShownJson(Shape):
    """A contradiction between promise and supply."""

    from_: IsoInstant = field(name="from")
    to: IsoInstant
    verdict: Verdict
    promised: Annotated[str, means("in words")]
    happened: Annotated[str, means("the supply that the household had, in words")]
    why: Annotated[str, means("the promise's reason")]


class FindingShownJson(Shape):
    """Something wrong apart from the supply."""

    kind: FindingKind
    since: IsoInstant
    until: IsoInstant
    times: Annotated[int, means("how often it was stated")]
    lasted_s: Annotated[int, means("seconds in all")]
    words: str


class FailureShownJson(Shape):
    """Why the story ended before its time."""

    why: str
    at: IsoInstant
    clock: Annotated[str | None, means("what the clock chip showed, if it showed a time")]
    calls: Annotated[tuple[str, ...], means("the program's last calls, the oldest first")]


class OrderedJson(Shape):
    """What card and rules demanded of the meter, against what it did."""

    verdict: Verdict
    at: Annotated[IsoInstant | None, means("of the gravest breach, else of the last cut due")]
    cut_ordered: Annotated[IsoInstant | None, means("T2 of the order in the meter then")]
    as_expected: bool


class DoingJson(Shape):
    """What put right together, and nothing less, would have let it live what it heard."""

    repairs: Annotated[tuple[RepairName, ...], means("whose doing it was")]
    lives: Annotated[Lived, means("what it lives then, by the words and announcements of before")]


class LightJson(Shape):
    """The light that was paid for by the day, in seconds; what is missing is neither of two."""

    paid_s: Annotated[int, means("by the ledger, each token keyed in when it was sold")]
    on_s: Annotated[int, means("with light")]
    left_s: Annotated[int, means("left at the end, on the device or to be keyed in")]


class LivedJson(Shape):
    """What the household heard, against the supply that it had."""

    verdict: Lived
    at: Annotated[IsoInstant | None, means("since when; of `as_announced` when it was cut")]
    reason: Annotated[
        LossReason | None, means("why supply was lost, where it should not have been")
    ]
    doing: Annotated[
        tuple[DoingJson, ...] | None,
        means("the smallest repairs of which each is enough; null where nobody asked"),
    ]
    light: Annotated[LightJson | None, means("of OpenPAYGO devices")]
    as_expected: bool


class HeardJson(Shape):
    """An announcement that the household heard."""

    made: IsoInstant
    defer_until: Annotated[IsoInstant | None, means("T1")]
    cut_at: Annotated[IsoInstant | None, means("T2")]
    for_: Annotated[Literal["all", "who-takes-part"], means("for whom it is")] = field(name="for")
    late_max_min: Annotated[int, means("so much later a cut is still as announced")]


class SpanJson(Shape):
    """From when to when."""

    from_: IsoInstant = field(name="from")
    to: IsoInstant


class SupplyShownJson(Shape):
    """The supply from an instant on."""

    from_: IsoInstant = field(name="from")
    had: Annotated[Supplied, means("what there was")]
    why: Annotated[
        Literal["credit", "order"] | None,
        means("of off and limited; order is also what a meter did without one"),
    ]


class MeterShownJson(Shape):
    """What became of one household."""

    id: str
    kind: Annotated[str, means("in the words of its file")]
    energy: str
    model: str
    firmware: Annotated[str, means("the build that the meter runs")]
    ordered: OrderedJson
    lived: LivedJson
    told: Annotated[tuple[HeardJson, ...], means("what was announced to it, in order of time")]
    as_expected: bool
    breaches: tuple[BreachShownJson, ...]
    findings: Annotated[tuple[FindingShownJson, ...], means("the first of each kind")]
    failure: FailureShownJson | None
    without_credit: Annotated[tuple[SpanJson, ...], means("without supply for lack of credit")]
    disconnected: Annotated[tuple[SpanJson, ...], means("without supply, not for lack of credit")]
    supply: Annotated[tuple[SupplyShownJson, ...], means("each change once, from the start on")]
    seen_until: Annotated[IsoInstant | None, means("the end of its supply, if any was seen")]
    group: Annotated[str | UnsetType, means("as its file has it")] = UNSET
    events: Annotated[tuple[EventShownJson, ...] | UnsetType, means("with --events")] = UNSET


class KindSampledJson(Shape):
    """How many of a kind were run."""

    kind: Annotated[str, means("in the words of its file")]
    id: Annotated[str, means("of the kind's first household")]
    of: Annotated[int, means("households of the kind")]
    sampled: Annotated[int, means("of these, run")]
    unexpected: Annotated[int, means("of those run")] = field(name="not_as_expected")
    at_least: Annotated[int, means("of all, not as expected")]
    at_most: Annotated[int, means("of all, not as expected")]


class SampleShownJson(Shape):
    """What was run of a campaign."""

    of: Annotated[int, means("households of the campaign")]
    risk: Annotated[float, means("that the truth lies outside of two bounds")]
    at_least: Annotated[int, means("of the campaign, not as expected")]
    at_most: Annotated[int, means("of the campaign, not as expected")]
    kinds: tuple[KindSampledJson, ...]


class FiguresJson(Shape):
    """Every household once, at an instant."""

    at: IsoInstant
    supplied: Annotated[int, means("in full")]
    limited: Annotated[int, means("behind a limiter")]
    disconnected: Annotated[int, means("by an order, or by a meter without one")]
    without_credit: int
    no_power: Annotated[int, means("none in the street")]
    not_known: Annotated[int, means("not rehearsed so far: the program failed")]


class AnswerJson(Shape):
    """The answer, as it is given on the terminal, on the page and in JUnit."""

    tone: Annotated[
        Tone,
        means(
            "good: as announced, and nobody ever without supply; warn: as expected; bad: otherwise"
        ),
    ]
    said: Annotated[tuple[str, ...], means("its sentences")]
    at_end: FiguresJson
    worst: Annotated[FiguresJson, means("the first minute in which the fewest are supplied")]
    lived: Annotated[dict[str, int], means("households by what they lived")]
    by_group: Annotated[
        dict[str, FiguresJson] | UnsetType, means("at the end, of households that have a group")
    ] = UNSET


class RehearsedJson(Printed, tag="rehearse/3"):
    """A campaign that was rehearsed; the same seed gives the same bytes."""

    campaign: Annotated[str, means("its name")]
    zone: Annotated[str, means("whose legal time is meant")]
    seed: int
    meters: tuple[MeterShownJson, ...]
    answer: AnswerJson | None
    notes: Annotated[
        tuple[str, ...], means("what its author may not have meant, and what it found")
    ]
    summary: Annotated[dict[str, int], means("households by what their meters did as ordered")]
    sample: Annotated[SampleShownJson | UnsetType, means("with --sample")] = UNSET


def meter_shown(
    household: Household, outcome: Outcome, events: Sequence[Event] | None, zone: TimeZone
) -> MeterShownJson:
    """Return what became of one household, with its events if they are given."""

    def iso(us: int) -> str:
        return us_to_iso(us, zone)

    failure = outcome.failure
    return MeterShownJson(
        id=outcome.id,
        kind=household.kind,
        energy=outcome.energy,
        model=outcome.model,
        firmware=outcome.build,
        ordered=OrderedJson(
            verdict=outcome.verdict,
            at=_iso(outcome.cut_us, zone),
            cut_ordered=_iso(outcome.ordered_us, zone),
            as_expected=verdict_expected(outcome, household),
        ),
        lived=_lived_shown(household, outcome, zone),
        told=tuple(_heard_shown(one, zone) for one in household.announced),
        as_expected=expected(outcome, household),
        breaches=tuple(
            shaped(one, BreachShownJson, from_=iso(one.from_us), to=iso(one.to_us))
            for one in outcome.breaches
        ),
        findings=tuple(
            shaped(
                one,
                FindingShownJson,
                since=iso(one.from_us),
                until=iso(one.until_us),
                lasted_s=one.lasted_us // SECOND_US,
            )
            for one in outcome.findings
        ),
        failure=None
        if failure is None
        else shaped(failure, FailureShownJson, at=iso(failure.at_us)),
        without_credit=_spans(outcome.unfed, zone),
        disconnected=_spans(outcome.disconnected, zone),
        supply=tuple(_supply_shown(one, zone) for one in outcome.supply),
        seen_until=iso(outcome.seen_until_us) if outcome.supply else None,
        group=household.group or UNSET,
        events=UNSET if events is None else tuple(event_shown(one, zone) for one in events),
    )


def _supply_shown(one: SupplySince, zone: TimeZone) -> SupplyShownJson:
    lost = one.had in (Supplied.OFF, Supplied.LIMITED)
    why: Literal["credit", "order"] = "credit" if one.for_credit else "order"
    return SupplyShownJson(
        from_=us_to_iso(one.from_us, zone), had=one.had, why=why if lost else None
    )


def _lived_shown(household: Household, outcome: Outcome, zone: TimeZone) -> LivedJson:
    lived = outcome.lived
    light = lived.light and LightJson(*(us // SECOND_US for us in lived.light))
    return LivedJson(
        light=light,
        verdict=lived.verdict,
        at=_iso(lived.at_us, zone),
        reason=None if lived.why is LossReason.NONE else lived.why,
        doing=None
        if outcome.doing is None
        else tuple(DoingJson(repairs=one.repairs, lives=one.lives) for one in outcome.doing),
        as_expected=lived_expected(outcome, household),
    )


def _heard_shown(one: Announcement, zone: TimeZone) -> HeardJson:
    return HeardJson(
        made=us_to_iso(one.made_us, zone),
        defer_until=_iso(one.defer_us, zone),
        cut_at=_iso(one.cut_us, zone),
        for_="who-takes-part" if one.takers_only else "all",
        late_max_min=one.late_max_us // MINUTE_US,
    )


def _iso(us: int | None, zone: TimeZone) -> str | None:
    return None if us is None else us_to_iso(us, zone)


def _spans(times: Times, zone: TimeZone) -> tuple[SpanJson, ...]:
    return tuple(
        SpanJson(from_=us_to_iso(one, zone), to=us_to_iso(end, zone)) for one, end in times
    )


def answer_shown(counts: HouseholdCounts, zone: TimeZone) -> AnswerJson:
    """Return the answer over all households."""
    answer = counts.answer

    def figures(one: SupplyFigures) -> FiguresJson:
        return shaped(one, FiguresJson, at=us_to_iso(one.at_us, zone))

    return shaped(
        answer,
        AnswerJson,
        at_end=figures(answer.at_end),
        worst=figures(answer.worst),
        lived={lived.value: counts.lived[lived] for lived in Lived},
        by_group={group: figures(one) for group, one in answer.by_group.items()} or UNSET,
    )


def sample_shown(sample: Sample) -> SampleShownJson:
    """Return what was run, and what it cannot speak for."""
    kinds = tuple(
        shaped(one, KindSampledJson, at_least=one.bounds().least, at_most=one.bounds().most)
        for one in sample.kinds
    )
    least, most = sample.bounds
    return SampleShownJson(
        of=sample.of, risk=float(RISK), at_least=least, at_most=most, kinds=kinds
    )

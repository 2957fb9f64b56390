"""What `rehearse` prints as JSON: a meter a line, so that its size does not matter."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import UNSET, UnsetType, field

from meter_emu.cli.printed.base import IsoInstant, Printed, Shape
from meter_emu.cli.printed.events import EventShownJson, event_shown
from meter_emu.resources import means
from meter_emu.units import SECOND_US
from meter_emu.world.households.household import Household
from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.judge.verdict import expected
from meter_emu.world.judge.verdicts import FindingKind, Verdict
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


class SpanJson(Shape):
    """From when to when."""

    from_: IsoInstant = field(name="from")
    to: IsoInstant


class MeterShownJson(Shape):
    """What became of one household."""

    id: str
    energy: str
    model: str
    firmware: Annotated[str, means("the build that the meter runs")]
    announced: Annotated[IsoInstant | None, means("the cut that was announced, if one was")]
    cut_at: Annotated[IsoInstant | None, means("of the gravest breach, else of the last cut due")]
    verdict: Verdict
    as_expected: bool
    breaches: tuple[BreachShownJson, ...]
    findings: Annotated[tuple[FindingShownJson, ...], means("the first of each kind")]
    failure: FailureShownJson | None
    without_credit: Annotated[tuple[SpanJson, ...], means("without supply for want of credit")]
    events: Annotated[tuple[EventShownJson, ...] | UnsetType, means("with --events")] = UNSET


class KindSampledJson(Shape):
    """How many of a kind were drawn."""

    id: Annotated[str, means("of the kind's first household")]
    of: Annotated[int, means("households of the kind")]
    drawn: int
    unexpected: Annotated[int, means("of those drawn")] = field(name="not_as_expected")
    at_most: Annotated[int, means("of all, at this risk")]


class SampleShownJson(Shape):
    """What was drawn of a campaign."""

    of: Annotated[int, means("households of the campaign")]
    risk: Annotated[float, means("that a kind is worse than its bound")]
    kinds: tuple[KindSampledJson, ...]


class RehearsedJson(Printed, tag="rehearse/1"):
    """A campaign that was rehearsed; the same seed gives the same bytes."""

    campaign: Annotated[str, means("its name")]
    zone: Annotated[str, means("whose legal time is meant")]
    seed: int
    notes: Annotated[tuple[str, ...], means("what its author may not have meant")]
    meters: tuple[MeterShownJson, ...]
    summary: Annotated[dict[str, int], means("households by verdict")]
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
        energy=outcome.energy,
        model=outcome.model,
        firmware=outcome.build,
        announced=None if outcome.announced_us is None else iso(outcome.announced_us),
        cut_at=None if outcome.cut_us is None else iso(outcome.cut_us),
        verdict=outcome.verdict,
        as_expected=expected(outcome, household),
        breaches=tuple(
            BreachShownJson(
                from_=iso(one.from_us),
                to=iso(one.to_us),
                verdict=one.verdict,
                promised=one.promised,
                happened=one.happened,
                why=one.why,
            )
            for one in outcome.breaches
        ),
        findings=tuple(
            FindingShownJson(
                kind=one.kind,
                since=iso(one.from_us),
                until=iso(one.until_us),
                times=one.times,
                lasted_s=one.lasted_us // SECOND_US,
                words=one.words,
            )
            for one in outcome.findings
        ),
        failure=None
        if failure is None
        else FailureShownJson(
            why=failure.why, at=iso(failure.at_us), clock=failure.clock, calls=failure.calls
        ),
        without_credit=tuple(SpanJson(from_=iso(one), to=iso(end)) for one, end in outcome.unfed),
        events=UNSET if events is None else tuple(event_shown(one, zone) for one in events),
    )


def sample_shown(sample: Sample) -> SampleShownJson:
    """Return what was drawn, and what it cannot speak for."""
    kinds = tuple(
        KindSampledJson(
            id=one.id,
            of=one.of,
            drawn=one.drawn,
            unexpected=one.unexpected,
            at_most=one.at_most,
        )
        for one in sample.kinds
    )
    return SampleShownJson(of=sample.of, risk=float(RISK), kinds=kinds)

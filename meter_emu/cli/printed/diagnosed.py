"""What `diagnose` prints as JSON."""

from typing import Annotated

from meter_emu.cli.printed.base import Printed, Shape, shaped
from meter_emu.diagnosis.decide import Decider
from meter_emu.diagnosis.memo import Diagnosis
from meter_emu.diagnosis.ranking import FitClass, in_words
from meter_emu.resources import means
from meter_emu.world.rehearsal.campaign_toml import campaign_toml


class ObservationShownJson(Shape):
    """A report of the incident."""

    id: str
    words: str
    sure: Annotated[float, means("how sure it is that it was as reported, 0 to 1")]
    sources: tuple[str, ...]


class HypothesisShownJson(Shape):
    """What may have been wrong."""

    build: str
    office: Annotated[str | None, means("a mistake of data at the office")]


class FitClassShownJson(Shape):
    """Hypotheses that no report tells apart, and how they fit."""

    members: tuple[HypothesisShownJson, ...]
    assumptions: Annotated[tuple[str, ...], means("the mistakes that it assumes")]
    against: Annotated[float, means("what speaks against it, in decades")]
    over_nothing_wrong: Annotated[
        float, means("what speaks for it next to a sound meter, in decades")
    ]
    words: Annotated[str, means("that in words")]
    models: tuple[str, ...]
    marks: Annotated[tuple[str, ...], means("of each report: explained, contradicted, nothing")]
    chances: Annotated[tuple[float, ...], means("of each report, under this class")]
    front: Annotated[bool, means("whether none with fewer assumptions fits better")]


class DeciderShownJson(Shape):
    """What would decide between the first classes."""

    words: str
    bits: Annotated[float, means("what the answer is expected to tell")]
    answers: Annotated[dict[str, tuple[str, ...]], means("which hypotheses give which answer")]
    campaign: Annotated[str | None, means("the experiment as a campaign file, TOML")]


class DiagnosedJson(Printed, tag="diagnose/1"):
    """Which mistakes are consistent with an incident."""

    incident: Annotated[str, means("its name")]
    headline: Annotated[str, means("the answer in a sentence")]
    fits: Annotated[bool, means("whether anything in the catalogue does")]
    outside: Annotated[float, means("how likely it is something outside the catalogue, 0 to 1")]
    observations: tuple[ObservationShownJson, ...]
    classes: Annotated[tuple[FitClassShownJson, ...], means("the best first")]
    unexplained: Annotated[tuple[str, ...], means("ids of reports")]
    next_step: Annotated[str, means("the step that tells most, and what each outcome would mean")]
    again: Annotated[tuple[DeciderShownJson, ...], means("reports to ask again about")]
    ask: tuple[DeciderShownJson, ...]
    open: Annotated[tuple[DeciderShownJson, ...], means("meters to open, and what to look at")]
    bench: Annotated[tuple[DeciderShownJson, ...], means("experiments with a real meter")]
    alike: Annotated[tuple[tuple[str, ...], ...], means("what no question tells apart")]
    hypotheses: Annotated[int, means("how many were tried")]
    not_asked: Annotated[str, means("what was not tried, in words")]
    pairs: Annotated[int | None, means("of two mistakes, if they were tried")]
    households: Annotated[int, means("that were run")]
    samples: Annotated[int, means("of what was not reported")]


def diagnosed(found: Diagnosis) -> DiagnosedJson:
    """Return the diagnosis."""
    ranking, incident = found.ranking, found.incident
    return shaped(
        found,
        DiagnosedJson,
        incident=incident.name,
        fits=ranking.fits,
        outside=ranking.outside,
        observations=tuple(
            shaped(one, ObservationShownJson, sources=one.refs) for one in incident.observations
        ),
        classes=tuple(_class(one) for one in ranking.classes),
        unexplained=tuple(incident.observations[at].id for at in ranking.unexplained),
        again=tuple(_decider(one) for one in found.again),
        ask=tuple(_decider(one) for one in found.questions),
        open=tuple(_decider(one) for one in found.openings),
        bench=tuple(_decider(one) for one in found.experiments),
        alike=tuple(tuple(one.words for one in group) for group in found.alike),
    )


def _class(one: FitClass) -> FitClassShownJson:
    return shaped(
        one,
        FitClassShownJson,
        members=tuple(HypothesisShownJson(each.build, each.office) for each in one.members),
        against=round(one.against, 3),
        over_nothing_wrong=round(one.over_nothing, 3),
        words=in_words(one.over_nothing),
        chances=tuple(round(chance, 3) for chance in one.chances),
    )


def _decider(one: Decider) -> DeciderShownJson:
    return shaped(
        one,
        DeciderShownJson,
        bits=round(one.bits, 3),
        answers=dict(one.answers),
        campaign=None if one.campaign is None else campaign_toml(one.campaign),
    )

"""The diagnosis as a page: what decides on top, then observations against classes, then the runs.

A sign in the matrix leads to the household that was run: its timeline, its events, and its campaign
file to play it again. The page loads nothing and runs no script.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, final

from meter_emu.diagnosis.diagnose import Diagnosing
from meter_emu.diagnosis.hypotheses import Hypothesis, served_wrongly
from meter_emu.diagnosis.memo import SIGNS, Diagnosis, listed, shortened
from meter_emu.diagnosis.ranking import FitClass
from meter_emu.diagnosis.sampling import SampledHousehold
from meter_emu.diagnosis.sightings import meets
from meter_emu.report.drawn_household import Story, story_of
from meter_emu.report.facts import Seen
from meter_emu.report.page import environment_of_pages
from meter_emu.report.scale import Scale
from meter_emu.report.timeline import CURVE_HEIGHT, CURVE_WIDTH
from meter_emu.units import HOUR_US, MINUTE_US, SECOND_US
from meter_emu.world.households.household import Entry, Households
from meter_emu.world.meter.times import us_to_legal
from meter_emu.world.rehearsal.campaign_toml import campaign_toml
from meter_emu.world.rehearsal.fleet import rehearsed

_PLAYED: Final = 5  # ours: classes whose households are on the page
_BIN_US: Final = 30 * MINUTE_US
_AROUND_US: Final = 6 * HOUR_US  # ours: what is drawn before and after what was reported
_BAR_PX: Final = 34
_ROW_PX: Final = 56


class PageCell(NamedTuple):
    """A sign of the matrix and the anchor of the household that was run, if it is on the page."""

    sign: str
    words: str
    anchor: str | None


class PageRow(NamedTuple):
    """A class of the matrix."""

    number: int
    one: FitClass
    cells: tuple[PageCell, ...]


@final
@dataclass(frozen=True, slots=True)
class PlayedHousehold:
    """A household that was run, and its campaign file."""

    story: Story
    under: str
    campaign: str
    build: str


class NightRow(NamedTuple):
    """The cuts of one class in the night, as bars: place, width, height from below, words."""

    y: int
    words: str
    bars: tuple[tuple[str, str, int, str], ...]


def page(at_work: Diagnosing, found: Diagnosis) -> str:
    """Return the whole page as HTML text."""
    played: dict[str, PlayedHousehold] = {}
    rows = [
        _row(at_work, number, one, played) for number, one in enumerate(listed(found.ranking), 1)
    ]
    scale, windows = _night_scale(found)
    typical = at_work.predictor.about(0)[0]
    return (
        environment_of_pages()
        .get_template("diagnosis.html.jinja")
        .render(
            found=found,
            observations=found.incident.observations,
            rows=rows,
            played=played,
            typical=[
                (row, played[_play(at_work, row.number, row.one, typical, played)])
                for row in rows[:_PLAYED]
            ],
            night=tuple(_night(at_work, rows, scale)),
            windows=windows,
            ticks=tuple(_ticks_of(scale)),
            bar_px=_BAR_PX,
            row_px=_ROW_PX,
            shortened=shortened,
            curve_width=CURVE_WIDTH,
            curve_height=CURVE_HEIGHT,
        )
    )


def _row(
    at_work: Diagnosing, number: int, one: FitClass, played: dict[str, PlayedHousehold]
) -> PageRow:
    cells = []
    for place, (mark, chance) in enumerate(zip(one.marks, one.chances, strict=True)):
        anchor = None
        if number <= _PLAYED:
            anchor = _play(at_work, number, one, _shows(at_work, one, place), played)
        cells.append(PageCell(SIGNS[mark], f"{mark}, chance {chance:.2f}", anchor))
    return PageRow(number, one, tuple(cells))


def _shows(at_work: Diagnosing, one: FitClass, number: int) -> int:
    """Return the household that shows an observation as the class predicts it."""
    observation = at_work.predictor.incident.observations[number]
    wanted = (one.chances[number] >= 0.5) == (observation.many != "none")
    places = at_work.predictor.about(number)
    for place in places:
        under = at_work.predictor.there(one.hypothesis, observation.whose.fleet, one.assumed)
        if meets(at_work.predictor.kept.of(place, under), observation.seen) == wanted:
            return place
    return places[0]


def _play(
    at_work: Diagnosing,
    number: int,
    one: FitClass,
    place: int,
    played: dict[str, PlayedHousehold],
) -> str:
    """Return the anchor of a household under a class, which is run if it is not there yet."""
    anchor = f"class-{number}-household-{place}"
    if anchor not in played:
        sampled = at_work.predictor.households[place]
        under = at_work.predictor.there(one.hypothesis, sampled.fleet, one.assumed)
        played[anchor] = _played(sampled, under, anchor)
    return anchor


def _played(sampled: SampledHousehold, under: Hypothesis, anchor: str) -> PlayedHousehold:
    household = served_wrongly(replace(sampled.household, build=under.build), under.office)
    outcome, events = rehearsed(household, sampled.campaign, events=True)
    story = story_of(Seen(household, outcome, tuple(events)), anchor, sampled.campaign)
    alone = Entry(
        first=replace(household, poll_phase_us=0), count=1, poll_phase_us=household.poll_phase_us
    )
    campaign = replace(
        sampled.campaign,
        households=Households((alone,), sampled.campaign.seed),
        announced=household.announced,
        polls_max=None,
    )
    return PlayedHousehold(story, under.words, campaign_toml(campaign), under.build)


# The night ---------------------------------------------------------------------------------------


def _night_scale(found: Diagnosis) -> tuple[Scale, tuple[tuple[str, str, str], ...]]:
    """Return the stretch around what was reported of the first fleet, and each report in it."""
    first = found.incident.first.name
    reported = [
        (one.id, *one.seen.cut_us)
        for one in found.incident.observations
        if one.whose.fleet == first and one.seen.cut_us is not None and one.many != "none"
    ]
    starts = [from_us for _, from_us, _ in reported] or [found.incident.first.campaign.start_us]
    ends = [to_us for _, _, to_us in reported] or [found.incident.first.campaign.end_us]
    scale = Scale(min(starts) - _AROUND_US, max(ends) + _AROUND_US, found.incident.zone)
    return scale, tuple((name, scale.at(a), scale.width(a, b)) for name, a, b in reported)


def _night(at_work: Diagnosing, rows: Sequence[PageRow], scale: Scale) -> Iterator[NightRow]:
    """Yield the cuts of the first fleet's sampled households under each class."""
    predictor, y = at_work.predictor, 0
    fleet = predictor.incident.first
    places = [
        place
        for place, one in enumerate(predictor.households)
        if one.fleet == fleet.name and one.person is None
    ]
    for row in rows:
        off = (predictor.kept.of(place, row.one.hypothesis).off for place in places)
        begun_us = (begun * SECOND_US for stretches in off for begun, _ in stretches)
        cuts = Counter(us // _BIN_US for us in begun_us if scale.holds(us))
        most = max(cuts.values(), default=1)
        bars = tuple(
            (
                scale.at(number * _BIN_US),
                scale.width(number * _BIN_US, (number + 1) * _BIN_US),
                max(2, _BAR_PX * count // most),
                f"{us_to_legal(number * _BIN_US, scale.zone):%H:%M}: {count} sampled",
            )
            for number, count in sorted(cuts.items())
        )
        yield NightRow(y, f"{row.number}. {shortened(row.one.names, 2)}", bars)
        y += _ROW_PX


def _ticks_of(scale: Scale) -> Iterator[tuple[str, str]]:
    step_us = 6 * HOUR_US
    at_us = -(-scale.start_us // step_us) * step_us
    while at_us < scale.end_us:
        yield scale.at(at_us), f"{us_to_legal(at_us, scale.zone):%d %b %H:%M}"
        at_us += step_us

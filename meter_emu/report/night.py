"""The night as a picture: households without supply, minute by minute, and what was announced.

Places along time are percent, as in a timeline; levels are in a box of their own, stretched to
the drawing, so that the picture is small however many households there are.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, final

from meter_emu.languages.speech import said, said_of
from meter_emu.report.facts import BIN_US, Collector
from meter_emu.report.scale import Scale
from meter_emu.report.timeline import TimelineMark
from meter_emu.report.words import short
from meter_emu.units import HOUR_US, MINUTE_US
from meter_emu.world.judge.answer import OffTime
from meter_emu.world.judge.figures import SupplyFigures
from meter_emu.world.meter.times import to_us, us_to_legal

NIGHT_WIDTH: Final = 1000
NIGHT_HEIGHT: Final = 1000
_EDGE_US: Final = HOUR_US // 2  # ours: on either side of what is looked at
_SHORTEST_US: Final = 3 * HOUR_US  # ours
_TICKS_MAX: Final = 5  # ours: so many hours fit side by side on a telephone


@final
class Area(NamedTuple):
    """Households without supply for one reason, above those before it: a path in the box."""

    look: str
    words: str
    path: str


@final
class Night(NamedTuple):
    """The picture, and it in words."""

    said: str
    areas: tuple[Area, ...]
    marks: tuple[TimelineMark, ...]
    ticks: tuple[tuple[str, str, str], ...]  # place, hour, anchor
    most: int
    elsewhere: tuple[str, ...]


class _Level(NamedTuple):
    """From a minute on: without supply against a promise, by order, and without credit."""

    at_us: int
    against: int
    by_order: int
    without_credit: int


def night_of(seen: Collector) -> Night | None:
    """Return the night in which most is cut against a promise, else by order; or none."""
    worst = seen.households.supply.most(lambda one: one.off)
    if not worst.off:
        return None
    night = _which(seen, worst)
    scale = _scale(seen, night)
    levels = list(_levels(seen, scale))
    most = max(one.against + one.by_order + one.without_credit for one in levels)
    zone = seen.campaign.zone
    moments = list(_moments(seen))
    return Night(
        said=said_of(
            "At most {count} household is cut or without credit between {start} and {end}.",
            "At most {count} households are cut or without credit between {start} and {end}.",
            most,
            start=short(scale.start_us, zone),
            end=short(scale.end_us, zone),
        ),
        areas=tuple(_areas(levels, scale, most)),
        marks=tuple(
            TimelineMark(scale.at(us), look, words)
            for us, look, words in moments
            if scale.holds(us)
        ),
        ticks=tuple(_ticks(scale)),
        most=most,
        elsewhere=tuple(_elsewhere(seen, scale)),
    )


def _elsewhere(seen: Collector, scale: Scale) -> Iterator[str]:
    """Yield what was announced for another time, and what people reported."""
    outside = [words for us, _, words in _moments(seen) if not scale.holds(us)]
    if outside:
        yield said("Outside this night: {words}.", words="; ".join(outside))
    for one in seen.campaign.reported:
        words = f"{short(one.at_us, seen.campaign.zone)}, {one.text}"
        yield said("Reported: {words}.", words=words)


def _which(seen: Collector, worst: SupplyFigures) -> OffTime:
    """Return the night or day to draw."""
    households = seen.households
    if households.typical is not None:
        return households.typical
    cuts: Counter[OffTime] = Counter()
    for group in seen.groups.values():
        for number, count in group.cuts.items():
            cuts[households.time_of_cut(number * BIN_US)] += count
    if cuts:
        return max(sorted(cuts), key=lambda time: cuts[time])
    return households.time_of_cut(worst.at_us)


def _scale(seen: Collector, night: OffTime) -> Scale:
    """Return the stretch from the first cut or announced moment of a night to its last."""
    zone, time_of = seen.campaign.zone, seen.households.time_of_cut
    inside = [
        number * BIN_US
        for group in seen.groups.values()
        for number in group.cuts
        if time_of(number * BIN_US) == night
    ]
    inside += [us for us, _, _ in _moments(seen) if time_of(us) == night]
    if not inside:
        evening = datetime(night.day.year, night.day.month, night.day.day, tzinfo=zone.info)
        from_us = to_us(evening + timedelta(hours=18 if night.at_night else 6))
        inside = [from_us, from_us + 12 * HOUR_US]
    first_us, last_us = min(inside) - _EDGE_US, max(inside) + _EDGE_US
    short_of_us = max(0, _SHORTEST_US - (last_us - first_us)) // 2
    half_us = 30 * MINUTE_US
    first_us = (first_us - short_of_us) // half_us * half_us
    last_us = -(-(last_us + short_of_us) // half_us) * half_us
    return Scale(max(first_us, seen.campaign.start_us), min(last_us, seen.campaign.end_us), zone)


def _levels(seen: Collector, scale: Scale) -> Iterator[_Level]:
    """Yield the levels at each minute at which one changes."""
    ends_us = scale.start_us, scale.end_us
    against = {one.at_us: one.disconnected for one in seen.against.steps(*ends_us)}
    broken = next(iter(against.values()))
    for one in seen.households.supply.steps(*ends_us):
        broken = against.get(one.at_us, broken)  # who is against a promise is one of all
        yield _Level(one.at_us, broken, one.disconnected - broken, one.without_credit)


def _areas(levels: Sequence[_Level], scale: Scale, most: int) -> Iterator[Area]:
    """Yield an area for each reason that there is, from the bottom up."""
    for place, (look, words) in enumerate(
        (
            ("against", said("disconnected, not as expected")),
            ("cut", said("disconnected by order")),
            ("empty", said("without credit")),
        )
    ):
        if any(one[place + 1] for one in levels):
            above = [(one.at_us, sum(one[1 : place + 2])) for one in levels]
            below = [(one.at_us, sum(one[1 : place + 1])) for one in levels]
            yield Area(look, words, _path(above, below, scale, most))


def _path(
    above: Sequence[tuple[int, int]], below: Sequence[tuple[int, int]], scale: Scale, most: int
) -> str:
    """Return the outline between two stairs."""

    def stairs(steps: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        ends_us = [us for us, _ in steps[1:]] + [scale.end_us]
        points = []
        for (from_us, level), to_us_ in zip(steps, ends_us, strict=True):
            y = NIGHT_HEIGHT - level * NIGHT_HEIGHT // max(1, most)
            points += [(_x(from_us, scale), y), (_x(to_us_, scale), y)]
        return points

    outline = [*stairs(above), *reversed(stairs(below))]
    apart = [one for one, before in zip(outline, [None, *outline], strict=False) if one != before]
    return "M" + " ".join(f"{x} {y}" for x, y in apart) + "z"


def _x(us: int, scale: Scale) -> int:
    return (us - scale.start_us) * NIGHT_WIDTH // (scale.end_us - scale.start_us)


def _moments(seen: Collector) -> Iterator[tuple[int, str, str]]:
    zone = seen.campaign.zone
    for us in sorted({one.cut_us for one in seen.campaign.announced if one.cut_us is not None}):
        yield us, "announced", said("announced {when}", when=short(us, zone))
    for one in seen.campaign.reported:
        yield one.at_us, "understood", said("reported {when}", when=short(one.at_us, zone))


def _ticks(scale: Scale) -> Iterator[tuple[str, str, str]]:
    """Yield the hours under the picture, or their halves where it is short."""
    span_us = scale.end_us - scale.start_us
    step_us = next(
        us
        for us in (HOUR_US // 2, *(n * HOUR_US for n in (1, 2, 3, 6, 12, 24)))
        if span_us <= _TICKS_MAX * us or us == 24 * HOUR_US
    )
    at_us = -(-scale.start_us // step_us) * step_us
    while at_us <= scale.end_us:
        words = f"{us_to_legal(at_us, scale.zone):%H:%M}"
        yield scale.at(at_us), words, scale.anchor_under(at_us)
        at_us += step_us

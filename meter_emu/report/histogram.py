"""When households are disconnected, night by night and by kind; announced and reported.

Heights are pixels, places along time are percent.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, final

from meter_emu.languages.speech import marked_of, said, said_of, written_whole
from meter_emu.report.facts import BIN_US, Collector, Group
from meter_emu.report.scale import Scale
from meter_emu.report.words import duration, short
from meter_emu.units import HOUR_US, MINUTE_US
from meter_emu.world.judge.answer import OffTime
from meter_emu.world.judge.phrases import households
from meter_emu.world.meter.times import us_to_legal
from meter_emu.zones import TimeZone

BARS_HEIGHT_PX: Final = 34
ROW_HEIGHT_PX: Final = 56
LABEL_PX: Final = 16
MARK_PX: Final = 18
AXIS_PX: Final = 22
_BINS_MAX: Final = 48  # ours: bars side by side that a telephone still shows apart
_WIDTHS_MIN: Final = (1, 2, 5, 10, 15, 30, 60)  # minutes, ours
_NIGHTS_MAX: Final = 7  # ours: nights with a drawing
_ROWS_MAX: Final = 12  # ours: kinds with a row of their own
_ROW_HOUSEHOLDS_MIN: Final = 10  # ours: fewer households than that are no distribution
_TICKS_MAX: Final = 5  # ours: so many hours fit side by side on a telephone


@final
@dataclass(frozen=True, slots=True)
class Column:
    """The cuts of one stretch of time; `y` from the top of its row, in pixels."""

    x: str
    width: str
    y: int
    height: int
    words: str


@final
@dataclass(frozen=True, slots=True)
class KindRow:
    """One kind of household, or all that have no row of their own."""

    y: int
    words: str
    broken: bool
    columns: tuple[Column, ...]


@final
@dataclass(frozen=True, slots=True)
class Moment:
    """What was announced or reported, as a line through all rows."""

    x: str
    anchor: str
    y: int
    look: str
    words: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """The whole drawing, from the top down; `said` is it in words."""

    said: str
    height: int
    rows_y: int
    axis_y: int
    rows: tuple[KindRow, ...]
    moments: tuple[Moment, ...]
    ticks: tuple[tuple[str, str, str], ...]  # place, words, anchor
    elsewhere: tuple[str, ...]  # what was announced or reported outside that night
    reported: tuple[str, ...]  # all of it, in its words


def histograms(seen: Collector) -> tuple[Histogram, ...]:
    """Return the cuts over each night or day with several, in time order, at most `_NIGHTS_MAX`."""
    drawn = _drawn(_nights(seen))
    return tuple(_histogram(seen, night) for night in sorted(drawn))


def lone_cuts(seen: Collector) -> Iterator[str]:
    """Yield the nights and days without a drawing, each with its households."""
    nights = _nights(seen)
    for night in sorted(nights.keys() - _drawn(nights)):
        when, count = seen.households.off_time(night), nights[night]
        yield when if count == 1 else f"{when}, {households(count)}"


def _drawn(nights: Counter[OffTime]) -> set[OffTime]:
    """Return the nights that get a drawing: those with the most cuts, and no single ones."""
    several = sorted(night for night, count in nights.items() if count > 1)
    return set(sorted(several, key=lambda night: -nights[night])[:_NIGHTS_MAX])


def _nights(seen: Collector) -> Counter[OffTime]:
    """Return how many households are cut in each night and on each day."""
    nights: Counter[OffTime] = Counter()
    for group in seen.groups.values():
        for number, count in group.cuts.items():
            nights[seen.households.time_of_cut(number * BIN_US)] += count
    return nights


def _histogram(seen: Collector, night: OffTime) -> Histogram:
    zone, time_of = seen.campaign.zone, seen.households.time_of_cut
    kinds = [
        (group, {n: count for n, count in group.cuts.items() if time_of(n * BIN_US) == night})
        for group in seen.groups.values()
    ]
    kinds = sorted((one for one in kinds if one[1]), key=lambda one: -sum(one[1].values()))
    moments = list(_moments(seen))
    bins = [number * BIN_US for _, cuts in kinds for number in cuts]
    near = [us for us, _, _ in moments if time_of(us) == night]
    scale, bin_us = _scale(min([*bins, *near]), max([*bins, *near]) + BIN_US, zone)
    inside = [one for one in moments if scale.holds(one[0])]
    rows_y = len(inside) * MARK_PX + 6
    rows = tuple(_rows(kinds, scale, bin_us, rows_y, seen))
    axis_y = rows_y + len(rows) * ROW_HEIGHT_PX
    total = sum(sum(cuts.values()) for _, cuts in kinds)
    limited = any(group.first.outcome.limited for group, _ in kinds)
    return Histogram(
        said=said_of(
            *(_CUT_OR_LIMITED if limited else _CUT),
            total,
            start=short(min(bins), zone),
            end=short(max(bins) + BIN_US, zone),
        ),
        height=axis_y + AXIS_PX,
        rows_y=rows_y,
        axis_y=axis_y,
        rows=rows,
        moments=tuple(
            Moment(scale.at(us), scale.anchor(us), row * MARK_PX, look, words)
            for row, (us, look, words) in enumerate(inside)
        ),
        ticks=tuple(_ticks(scale, seen)),
        elsewhere=tuple(words for us, _, words in moments if not scale.holds(us)),
        reported=tuple(f"{short(one.at_us, zone)}, {one.text}" for one in seen.campaign.reported),
    )


_CUT: Final = marked_of(
    "{count} household cut from {start} to {end}, kind by kind; each row has its own scale.",
    "{count} households cut from {start} to {end}, kind by kind; each row has its own scale.",
)
_CUT_OR_LIMITED: Final = marked_of(
    "{count} household cut or limited from {start} to {end}, kind by kind; each row has its own "
    "scale.",
    "{count} households cut or limited from {start} to {end}, kind by kind; each row has its own "
    "scale.",
)


def _moments(seen: Collector) -> Iterator[tuple[int, str, str]]:
    zone = seen.campaign.zone
    for us in sorted({t.cut_us for t in seen.campaign.announced if t.cut_us is not None}):
        yield us, "announced", said("announced {when}", when=short(us, zone))
    for one in seen.campaign.reported:
        yield one.at_us, "understood", said("reported {when}", when=short(one.at_us, zone))


def _scale(from_us: int, to_us: int, zone: TimeZone) -> tuple[Scale, int]:
    """Return whole bins around a stretch of time, and how wide a bin is."""
    wide = [minutes * MINUTE_US for minutes in _WIDTHS_MIN]
    bin_us = next((w for w in wide if to_us - from_us <= (_BINS_MAX - 2) * w), wide[-1])
    first_us, last_us = (from_us // bin_us - 1) * bin_us, (-(-to_us // bin_us) + 1) * bin_us
    return Scale(first_us, last_us, zone), bin_us


_KINDS: Final = marked_of("{count} kind", "{count} kinds")
_MORE_KINDS: Final = marked_of("{count} kind more", "{count} kinds more")


def _rows(
    kinds: list[tuple[Group, dict[int, int]]],
    scale: Scale,
    bin_us: int,
    rows_y: int,
    seen: Collector,
) -> Iterator[KindRow]:
    many = [one for one in kinds if sum(one[1].values()) >= _ROW_HOUSEHOLDS_MIN]
    own, rest = many[:_ROWS_MAX], kinds[len(many[:_ROWS_MAX]) :]
    lines = [(group.first.household.kind, group.broken > 0, cuts) for group, cuts in own]
    if rest:
        others: Counter[int] = Counter()
        for _, cuts in rest:
            others.update(cuts)
        broken = any(group.broken for group, _ in rest)
        forms = _MORE_KINDS if own else _KINDS
        lines.append((said_of(*forms, len(rest)), broken, dict(others)))
    for place, (kind, broken, cuts) in enumerate(lines):
        columns: Counter[int] = Counter()
        for number, count in cuts.items():
            columns[number * BIN_US // bin_us] += count
        most = max(columns.values())
        total = written_whole(sum(columns.values()))
        yield KindRow(
            y=rows_y + place * ROW_HEIGHT_PX,
            words=f"{kind}: {total}"
            if most == 1
            else said(
                "{kind}: {total}, at most {most} in {duration}",
                kind=kind,
                total=total,
                most=written_whole(most),
                duration=duration(bin_us),
            ),
            broken=broken,
            columns=tuple(
                _column(number * bin_us, bin_us, count, most, scale, seen)
                for number, count in sorted(columns.items())
            ),
        )


def _column(
    from_us: int, bin_us: int, count: int, most: int, scale: Scale, seen: Collector
) -> Column:
    height = max(2, BARS_HEIGHT_PX * count // most)
    zone = seen.campaign.zone
    until = f"{us_to_legal(from_us + bin_us, zone):%H:%M}"
    return Column(
        x=scale.at(from_us),
        width=scale.width(from_us, from_us + bin_us),
        y=LABEL_PX + BARS_HEIGHT_PX - height,
        height=height,
        words=said(
            "{start} to {end}: {households}",
            start=short(from_us, zone),
            end=until,
            households=households(count),
        ),
    )


def _ticks(scale: Scale, seen: Collector) -> Iterator[tuple[str, str, str]]:
    """Yield the hours under the drawing, or their quarters where it is shorter than three."""
    span_us = scale.end_us - scale.start_us
    step_us = next(
        us
        for us in (15 * MINUTE_US, HOUR_US // 2, *(n * HOUR_US for n in (1, 2, 3, 6, 12, 24)))
        if span_us <= _TICKS_MAX * us or us == 24 * HOUR_US
    )
    at_us = -(-scale.start_us // step_us) * step_us
    while at_us <= scale.end_us:
        words = f"{us_to_legal(at_us, seen.campaign.zone):%H:%M}"
        yield scale.at(at_us), words, scale.anchor_under(at_us)
        at_us += step_us

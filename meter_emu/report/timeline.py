"""One household as two drawings: the whole rehearsal, and the days around the moment that counts.

A drawing is rows from top to bottom: lanes of bars, the balance, the dates; the words of its marks
stand above it. Heights are pixels, places along time are percent (`scale`), colours are the style
sheet's, and no meaning hangs on colour alone: bars differ in shape or pattern, marks have words.
A mark is a line in the bands of the lanes only, between their names, so that it crosses no word.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, final

from meter_emu.languages.speech import marked, said, written_short_day
from meter_emu.report.facts import Facts, Seen, Stretch, protected_stretches
from meter_emu.report.scale import Scale, around, dates_on_axis, days_between
from meter_emu.report.words import HAPPENED, euros, plain, short
from meter_emu.units import DAY_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.judge.outcome import Supplied
from meter_emu.world.meter.events import What
from meter_emu.world.meter.times import us_to_legal
from meter_emu.zones import TimeZone

LANE_HEIGHT_PX: Final = 36
BAR_DROP_PX: Final = 17  # from the top of a lane to its bar; the lane's name stands above
BAR_PX: Final = 14
NAME_PX: Final = 15  # from the top of a lane to below the letters of its name
BALANCE_HEIGHT_PX: Final = 60
AXIS_HEIGHT_PX: Final = 22
REACH_DAYS: Final = 4  # ours: how far from the moment that counts another one is drawn with it
DAYS_NAMED_MAX: Final = 6  # ours: more names of days do not fit side by side on a telephone
CURVE_WIDTH: Final = 1000  # the balance has a box of its own, stretched to the drawing
CURVE_HEIGHT: Final = 100

_LOOK: Final = {
    Supplied.ON.value: "on",
    Supplied.OFF.value: "off",
    Supplied.LIMITED.value: "limited",
    Supplied.NO_POWER.value: "no-power",
    "announced": "announced",
    "stated": "stated",
    "period": "period",
}
_TAKEN: Final = frozenset({Supplied.OFF.value, Supplied.LIMITED.value})
_GLYPH: Final = {
    What.DESK: "desk",
    What.DESK_FAILED: "refused",
    What.CARD_SERVED: "card",
    What.CLOCK_SET: "card",
    What.CARD_REFUSED: "refused",
    What.CARD_UNSEEN: "refused",
    What.KEY_PRESSED: "key",
}


@final
@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch in a lane: place, look, and the words a pointer resting on it shows."""

    x: str
    width: str
    look: str
    words: str


@final
@dataclass(frozen=True, slots=True)
class Glyph:
    """A deed in the lane of visits."""

    x: str
    look: str
    words: str


@final
@dataclass(frozen=True, slots=True)
class Lane:
    """A row of bars or glyphs; `y` is its top."""

    name: str
    y: int
    bars: tuple[Bar, ...] = ()
    glyphs: tuple[Glyph, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Curve:
    """The balance: a path in a box of `CURVE_WIDTH` by `CURVE_HEIGHT`, and where zero is."""

    name: str
    y: int
    path: str
    zero: int


@final
@dataclass(frozen=True, slots=True)
class TimelineMark:
    """A moment: a line in the bands of all lanes, its words above the drawing."""

    x: str
    look: str
    words: str


@final
@dataclass(frozen=True, slots=True)
class Tick:
    """A date under the lanes; `line_x` is where its thin line runs."""

    line_x: str
    x: str
    words: str
    anchor: str = "middle"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Everything of one drawing, from the top down."""

    caption: str
    height: int
    bands: tuple[tuple[int, int], ...]  # where lines may be: top and height
    axis_y: int
    marks: tuple[TimelineMark, ...]
    lanes: tuple[Lane, ...]
    curve: Curve | None
    ticks: tuple[Tick, ...]


def drawings(seen: Seen, facts: Facts, campaign: Campaign) -> Iterator[Drawing]:
    """Yield the whole rehearsal, and the days around the moment that counts, if one does."""
    yield _overview(seen, facts, campaign)
    focus_us = _focus_us(facts)
    if focus_us is not None:
        yield _close_up(seen, facts, campaign, focus_us)


def _focus_us(facts: Facts) -> int | None:
    """Return the cut, else T2, else the first cut or limit by the ordinary rules."""
    dark = (one.from_us for one in facts.supply if one.what in _TAKEN)
    moments_us = (facts.cut_us, facts.ordered_us, facts.others_us, next(dark, None))
    return next((us for us in moments_us if us is not None), None)


def _overview(seen: Seen, facts: Facts, campaign: Campaign) -> Drawing:
    """Return the whole rehearsal: supply, both deferrals, visits, balance."""
    scale = Scale(campaign.start_us, campaign.end_us, campaign.zone)
    marks = _marks(facts, scale)
    lanes = _Stack()
    lanes.bars(said("supply"), _bars(facts.supply, scale))
    lanes.bars(said("must be on / off"), _bars(facts.owed, scale))
    _add_deferrals(lanes, facts, scale)
    if glyphs := _glyphs(seen, scale):
        lanes.glyphs(said("card and buttons"), glyphs)
    curve = _curve(facts, scale, lanes.y)
    axis_y = lanes.y + (0 if curve is None else BAR_DROP_PX + BALANCE_HEIGHT_PX + 6)
    ticks = tuple(
        Tick(scale.at(us), scale.at(us), _day(us, scale), scale.anchor_under(us))
        for us in dates_on_axis(scale)
    )
    return Drawing(
        caption=said("The whole rehearsal"),
        height=axis_y + AXIS_HEIGHT_PX,
        bands=tuple(lanes.bands(curve)),
        axis_y=axis_y,
        marks=marks,
        lanes=tuple(lanes.lanes),
        curve=curve,
        ticks=ticks,
    )


def _close_up(seen: Seen, facts: Facts, campaign: Campaign, focus_us: int) -> Drawing:
    """Return the days around a moment, with T2 as announced and as stated where they are near."""
    zone = campaign.zone
    near_us = (facts.ordered_us, facts.others_us, facts.stated_us, focus_us)
    points_us = [us for us in near_us if us is not None]
    scale = around(points_us, focus_us, zone, reach_days=REACH_DAYS)
    marks = _marks(facts, scale)
    lanes = _Stack()
    lanes.bars(said("supply"), _bars(facts.supply, scale))
    lanes.bars(said("must be on / off"), _bars(facts.owed, scale))
    understood = _bars(facts.understood, scale)
    lanes.bars(_understood_name(facts, understood), understood)
    window = seen.household.model.window
    sheltered = protected_stretches(window, scale.start_us, scale.end_us, zone)
    lanes.bars(said("non-disconnection period"), _bars(sheltered, scale))
    days = days_between(scale)
    every = -(-len(days) // DAYS_NAMED_MAX)
    ticks = tuple(
        Tick(
            scale.at(us),
            scale.at(us + DAY_US // 2),
            written_short_day(us_to_legal(us, zone), weekday=True),
        )
        for us in days[::every]
    )
    return Drawing(
        caption=said(
            "Close up, {first} to {last}",
            first=_day(scale.start_us, scale),
            last=_day(scale.end_us - 1, scale),
        ),
        height=lanes.y + AXIS_HEIGHT_PX,
        bands=tuple(lanes.bands(None)),
        axis_y=lanes.y,
        marks=marks,
        lanes=tuple(lanes.lanes),
        curve=None,
        ticks=ticks,
    )


class _Stack:
    """Lanes laid under each other."""

    def __init__(self) -> None:
        self.y = 0
        self.lanes: Final[list[Lane]] = []

    def bars(self, name: str, bars: tuple[Bar, ...]) -> None:
        self._add(Lane(name, self.y, bars=bars))

    def glyphs(self, name: str, glyphs: tuple[Glyph, ...]) -> None:
        self._add(Lane(name, self.y, glyphs=glyphs))

    def _add(self, lane: Lane) -> None:
        self.lanes.append(lane)
        self.y += LANE_HEIGHT_PX

    def bands(self, curve: Curve | None) -> Iterator[tuple[int, int]]:
        """Yield top and height of what lies between the names."""
        for lane in self.lanes:
            yield lane.y + NAME_PX, BAR_DROP_PX + BAR_PX + 2 - NAME_PX
        if curve is not None:
            yield curve.y + BAR_DROP_PX, BALANCE_HEIGHT_PX


def _understood_name(facts: Facts, bars: tuple[Bar, ...]) -> str:
    if not facts.has_stated:
        return said("as the meter understood: no order")
    if not bars:
        return said("as the meter understood: ordinary rules")
    return said("as the meter understood")


def _add_deferrals(lanes: _Stack, facts: Facts, scale: Scale) -> None:
    """Add the deferral as announced and as stated by the meter, if there is one."""
    promise = _bars(facts.deferral_promised, scale)
    stated = _bars(facts.deferral_stated, scale)
    if promise or stated:
        lanes.bars(said("deferral, as announced"), promise)
        lanes.bars(said("deferral, as the meter understood"), stated)


def _bars(stretches: Iterable[Stretch], scale: Scale) -> tuple[Bar, ...]:
    return tuple(
        Bar(
            x=scale.at(one.from_us),
            width=scale.width(one.from_us, one.to_us),
            look=_LOOK[one.what],
            words=_bar_said(one, scale.zone),
        )
        for one in stretches
        if scale.touches(one.from_us, one.to_us)
    )


_SAID: Final = {
    Supplied.ON.value: marked("on"),
    Supplied.OFF.value: marked("off"),
    Supplied.LIMITED.value: marked("limited"),
    Supplied.NO_POWER.value: marked("no power in the street"),
}


def _bar_said(one: Stretch, zone: TimeZone) -> str:
    """Return from when to when; what, where the name of its lane does not say it."""
    start, end = plain(one.from_us, zone), plain(one.to_us, zone)
    if one.what not in _SAID:
        return said("{start} to {end}", start=start, end=end)
    return said("{what}: {start} to {end}", what=said(_SAID[one.what]), start=start, end=end)


def _glyphs(seen: Seen, scale: Scale) -> tuple[Glyph, ...]:
    return tuple(
        Glyph(
            scale.at(e.at_us),
            _GLYPH[e.what],
            f"{plain(e.at_us, scale.zone)}: {said(HAPPENED[e.what])}",
        )
        for e in seen.events
        if e.what in _GLYPH
    )


def _marks(facts: Facts, scale: Scale) -> tuple[TimelineMark, ...]:
    """Return announced T, T as understood and the cut, each that lies inside, in this order."""
    cut = marked("✕ limited {when}") if facts.only_limited else marked("✕ cut {when}")
    wanted = [
        (facts.ordered_us, "announced", marked("announced {when}")),
        (facts.others_us, "aside", marked("(announced {when})")),  # for others, to compare with
        (facts.stated_us, "understood", marked("meter: {when}")),
        (facts.cut_us, "cut", cut),
    ]
    return tuple(
        TimelineMark(scale.at(us), look, said(words, when=short(us, scale.zone)))
        for us, look, words in wanted
        if us is not None and scale.holds(us)
    )


def _curve(facts: Facts, scale: Scale, y: int) -> Curve | None:
    if len(facts.balance) < 2:
        return None
    amounts = [ueur for _, ueur in facts.balance]
    low, high = min(0, *amounts), max(0, *amounts)
    tall = max(1, high - low)
    span_us = scale.end_us - scale.start_us

    def level(ueur: int) -> int:
        return CURVE_HEIGHT - (ueur - low) * CURVE_HEIGHT // tall

    points = [
        f"{(us - scale.start_us) * CURVE_WIDTH // span_us},{level(ueur)}"
        for us, ueur in facts.balance
    ]
    name = said("balance, {least} to {most}", least=euros(min(amounts)), most=euros(max(amounts)))
    return Curve(name, y, "M" + " L".join(points), level(0))


def _day(us: int, scale: Scale) -> str:
    return written_short_day(us_to_legal(us, scale.zone))

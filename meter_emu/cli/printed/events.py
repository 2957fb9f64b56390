"""One event of a meter as JSON: the rows of `rehearse --events`, the lines of `run --json`."""

from typing import Annotated

from msgspec import UNSET, UnsetType, structs

from meter_emu.cli.printed.base import IsoInstant, LegalMinute, Printed, Shape
from meter_emu.resources import means
from meter_emu.world.meter.events import Beginning, Event, What
from meter_emu.world.meter.times import us_to_iso
from meter_emu.zones import TimeZone


class UnderstoodJson(Shape):
    """The order as the meter's write-back on the card states it, legal time."""

    defer_until: Annotated[LegalMinute | None, means("T1: no disconnection until then")]
    cut_at: Annotated[LegalMinute | None, means("T2: disconnected then")]


class EventShownJson(Shape, kw_only=True):
    """One fact at one instant; the first of a household is how its meter begins."""

    at: IsoInstant
    what: What
    supply_on: Annotated[bool | UnsetType, means("of the first one")] = UNSET
    limiter_a: Annotated[int | UnsetType, means("of the first one, ampere; 0 is none")] = UNSET
    lamps: Annotated[tuple[str, ...] | UnsetType, means("of the first one, those that are on")] = (
        UNSET
    )
    shown: Annotated[str, means("what the display shows after it")]
    detail: Annotated[str, means("who, what order, in words")]
    understood: UnderstoodJson | None
    clock_trusted: Annotated[bool, means("whether the meter trusts its clock")]
    balance_ueur: Annotated[int | None, means("micro-euro; null if the memory cannot be read")]


class EventLineJson(Printed, EventShownJson, tag="run/1"):
    """A line of `run --json`: one fact at one instant."""


def event_shown(event: Event, zone: TimeZone) -> EventShownJson:
    """Return one event of a meter, its instant under a zone's rule."""
    understood = None
    if event.understood is not None:
        defer, cut = (None if when is None else str(when) for when in event.understood)
        understood = UnderstoodJson(defer_until=defer, cut_at=cut)
    begins = event if isinstance(event, Beginning) else None
    return EventShownJson(
        at=us_to_iso(event.at_us, zone),
        what=event.what,
        supply_on=UNSET if begins is None else begins.supply_on,
        limiter_a=UNSET if begins is None else begins.limiter_a,
        lamps=UNSET if begins is None else tuple(begins.lit),
        shown=event.shown,
        detail=event.detail,
        understood=understood,
        clock_trusted=event.clock_trusted,
        balance_ueur=event.balance_ueur,
    )


def event_line_json(event: Event, zone: TimeZone) -> EventLineJson:
    """Return one event of a live meter."""
    return EventLineJson(**structs.asdict(event_shown(event, zone)))

"""One event of a meter as JSON: the rows of `rehearse --events` and of `run --json`."""

from typing import Any

from meter_emu.world.meter.events import Beginning, Event
from meter_emu.world.meter.times import us_to_iso
from meter_emu.zones import TimeZone


def event_as_json(event: Event, zone: TimeZone) -> dict[str, Any]:
    """Return one event of a meter, its instant under a zone's rule."""
    understood = None
    if event.understood is not None:
        names = ("defer_until", "cut_at")
        understood = {
            name: None if when is None else str(when)
            for name, when in zip(names, event.understood, strict=True)
        }
    begins: dict[str, Any] = {}
    if isinstance(event, Beginning):
        begins = {
            "supply_on": event.supply_on,
            "limiter_a": event.limiter_a,
            "lamps": event.lit,
        }
    return {
        "at": us_to_iso(event.at_us, zone),
        "what": event.what.value,
        **begins,
        "shown": event.shown,
        "detail": event.detail,
        "understood": understood,
        "clock_trusted": event.clock_trusted,
        "balance_ueur": event.balance_ueur,
    }

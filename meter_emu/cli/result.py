"""The result of a rehearsal as JSON, written meter by meter as they come.

The keys and their order are fixed; instants are ISO 8601 with offset, or null. Nothing in it
depends on when or on how many processes it was made: the same seed gives the same bytes.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from meter_emu.cli.output import Write
from meter_emu.world.meter.events import Beginning, Event
from meter_emu.world.meter.failure import Failure
from meter_emu.world.meter.times import us_to_iso
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.household import Household
from meter_emu.world.rehearsal.outcome import Breach, Outcome
from meter_emu.world.rehearsal.verdict import expected
from meter_emu.zones import TimeZone


class JsonStream:
    """Writes the result meter by meter, one a line, so that its size does not matter."""

    def __init__(self, campaign: Campaign, write: Write, *, events: bool) -> None:
        self._campaign = campaign
        self._write = write
        self._events = events
        self._first = True

    def open(self) -> None:
        """Write the head."""
        head = (self._campaign.name, self._campaign.zone.key, self._campaign.seed)
        name, zone, seed = (msgspec.json.encode(value) for value in head)
        self._write(b'{"campaign": %b, "zone": %b, "seed": %b, "meters": [' % (name, zone, seed))

    def meter(self, household: Household, outcome: Outcome, events: Sequence[Event]) -> None:
        """Write one meter, with its events if they are wanted."""
        row: dict[str, Any] = {
            "id": outcome.id,
            "energy": outcome.energy,
            "model": outcome.model,
            "firmware": outcome.build,
            "announced": self._iso(outcome.announced_us),
            "cut_at": self._iso(outcome.cut_us),
            "verdict": outcome.verdict.value,
            "as_expected": expected(outcome, household),
            "breaches": [self._breach(breach) for breach in outcome.breaches],
            "findings": [
                {"kind": one.kind.value, "since": self._iso(one.from_us), "words": one.words}
                for one in outcome.findings
            ],
            "failure": self._failure(outcome.failure),
        }
        if self._events:
            row["events"] = [event_as_json(event, self._campaign.zone) for event in events]
        self._write((b"\n" if self._first else b",\n") + msgspec.json.encode(row))
        self._first = False

    def close(self, summary: dict[str, int]) -> None:
        """Write the counts and the end."""
        self._write(b'\n], "summary": %b}\n' % msgspec.json.encode(summary))

    def _breach(self, breach: Breach) -> dict[str, Any]:
        return {
            "from": self._iso(breach.from_us),
            "to": self._iso(breach.to_us),
            "verdict": breach.verdict.value,
            "promised": breach.promised,
            "happened": breach.happened,
            "why": breach.why,
        }

    def _failure(self, failure: Failure | None) -> dict[str, Any] | None:
        if failure is None:
            return None
        return {
            "why": failure.why,
            "at": self._iso(failure.at_us),
            "clock": failure.clock,
            "calls": failure.calls,
        }

    def _iso(self, us: int | None) -> str | None:
        return None if us is None else us_to_iso(us, self._campaign.zone)


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

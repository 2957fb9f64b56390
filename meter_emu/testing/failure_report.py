"""The report of a failed test about its bench: seed, visible events, and the cards' dialogue."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Final

from card_protocol.one_line import one_line
from card_protocol.trace import Exchanged, Reset, Torn, TraceRow, row_words
from meter_emu.explain.meter import explain_image
from meter_emu.explain.records import LOADED, NO_EVENT_NOTE
from meter_emu.testing.dialogue import Heard
from meter_emu.testing.setup import MeterSetup
from meter_emu.units import euro
from meter_emu.world.meter.events import Event
from meter_emu.world.meter.times import us_to_iso

EVENTS_SHOWN: Final = 15  # ours: what fits on a screen
STEPS_SHOWN: Final = 40  # ours: the last two or three sessions


def failure_text(setup: MeterSetup, options: Mapping[str, object]) -> str:
    """Return the story of a test so far; `options` are those of the command line that count."""
    events, steps = setup.meter.events, setup.dialogue.steps
    said = steps[-STEPS_SHOWN:]
    ours = setup.rig.build.readable(setup.rig.household.model) is not None
    journal = [*_journal(setup)] if ours else []
    empty = "nothing is in the meter's own journal" if ours else "its memory is the program's own"
    given = ((name, str(value)) for name, value in options.items() if value is not None)
    how = [word for pair in given for word in pair]
    lines = [
        f"repeat with: {shlex.join(how)}",
        f"{setup.meter.model.name}, build {setup.rig.household.build}, it is {setup.world.now}",
        f"display: {setup.meter.display or '(blank)'}",
        "",
        f"the last {min(EVENTS_SHOWN, len(events))} of {len(events)} events:",
        *(_event(event, setup) for event in events[-EVENTS_SHOWN:]),
        "",
        "the meter's own journal:" if journal else empty,
        *journal,
        "",
        f"the last {len(said)} of {setup.dialogue.count} steps between card and reader:",
        *_dialogue(said, setup),
    ]
    return "\n".join(map(one_line, lines))


def _event(event: Event, setup: MeterSetup) -> str:
    at = us_to_iso(event.at_us, setup.rig.zone)
    balance = "?" if event.balance_ueur is None else f"{euro(event.balance_ueur)} EUR"
    what, detail = event.what.value, event.detail
    said = detail if detail.startswith(what) else f"{what} {detail}".rstrip()  # no "card card 1"
    return f"  {at} {balance:>11}  {said}{f' [{event.shown}]' if event.shown else ''}"


def _journal(setup: MeterSetup) -> Iterator[str]:
    """Yield the events in the meter's memory, oldest first, if it holds a state that counts."""
    for part in explain_image(setup.meter.image, setup.meter.model):
        if part.said.endswith(LOADED):
            events = (row.note for row in part.rows if row.field.startswith("events["))
            yield from (f"  {note}" for note in reversed([*events]) if note != NO_EVENT_NOTE)


def _dialogue(steps: tuple[Heard, ...], setup: MeterSetup) -> Iterator[str]:
    """Yield a line a step, and one where a session begins."""
    before = None
    for step in steps:
        row = step.row
        if before != step.who or isinstance(row, Reset):
            yield f"  {us_to_iso(step.at_us, setup.rig.zone)}  {step.who}"
        before = step.who
        yield f"    {row_words(row)}{_hex(row)}"


def _hex(row: TraceRow) -> str:
    """Return the bytes of an exchange, secrets hidden; nothing for any other row."""
    match row:
        case Exchanged():
            return f" [{row.command} > {row.answer or '-'}]"
        case Torn():
            return f" [{row.command}]"
        case _:
            return ""

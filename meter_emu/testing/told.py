"""What a failed test is told of its bench: seed, what could be seen, and what the cards said."""

from collections.abc import Iterator
from typing import Final

from card_protocol.card.secure import SecureCard
from card_protocol.status import explain
from meter_emu.firmware.screen import euro
from meter_emu.testing.lab import Lab
from meter_emu.testing.tap import Heard
from meter_emu.world.events import Event
from meter_emu.world.times import us_to_iso

EVENTS_SHOWN: Final = 15  # ours: what fits on a screen
STEPS_SHOWN: Final = 40  # ours: the last two or three sessions
_VERIFY: Final = 0x20


def told(lab: Lab, how: str) -> str:
    """Return the story of a test so far; `how` are the options that repeat it."""
    events, steps = lab.meter.events, lab.dialogue.steps
    count = len(steps) + lab.dialogue.dropped
    lines = [
        f"repeat with: {how}",
        f"{lab.meter.model.name}, build {lab.home.household.build}, it is {lab.world.now}",
        f"display: {lab.meter.display or '(dark)'}",
        "",
        f"the last {min(EVENTS_SHOWN, len(events))} of {len(events)} events:",
        *(_event(event, lab) for event in events[-EVENTS_SHOWN:]),
        "",
        f"the last {min(STEPS_SHOWN, len(steps))} of {count} exchanges:",
        *_dialogue(steps[-STEPS_SHOWN:], lab),
    ]
    return "\n".join(lines)


def _event(event: Event, lab: Lab) -> str:
    at = us_to_iso(event.at_us, lab.world.zone)
    balance = "?" if event.balance_ueur is None else f"{euro(event.balance_ueur)} EUR"
    said = f"{event.what.value} {event.detail}".rstrip()
    return f"  {at} {balance:>11}  {said}{f' [{event.shown}]' if event.shown else ''}"


def _dialogue(steps: tuple[Heard, ...], lab: Lab) -> Iterator[str]:
    """Yield a line a step, and one where somebody else takes up the card or time has passed."""
    before = None
    for step in steps:
        at = us_to_iso(step.at_us, lab.world.zone)
        if step.command is None or before != step.who:
            yield f"  {at}  {step.who}"
        before = step.who
        yield f"    {_step(step)}"


def _step(step: Heard) -> str:
    if step.command is None:
        return "reset -> no answer" if step.answer is None else f"reset -> ATR {step.answer.hex()}"
    ins = step.command[1] if len(step.command) > 1 else None
    row = None if ins is None else SecureCard.rows.get(ins)
    name = "command" if row is None else row.name
    secret = ins == _VERIFY
    sent = f"{step.command[:5].hex()} ..." if secret else step.command.hex()
    if step.answer is None:
        return f"{name} {sent} -> the card is gone"
    sw = int.from_bytes(step.answer[-2:], "big")
    data = f" {step.answer[:-2].hex()}" if len(step.answer) > 2 else ""
    return f"{name} {sent} -> {sw:04x} {explain(sw)}{data}"

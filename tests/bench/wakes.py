"""What each poll of a household is for: the cause of a wake that somebody adds is seen here."""

from collections import Counter
from typing import Final

from meter_emu import Campaign
from meter_emu.firmware.layouts import State
from meter_emu.world.meter.observer import state_in
from meter_emu.world.rehearsal.engine import HouseholdStory

NOTHING: Final = "nothing"
# What is the cause of a poll, by the fields of the state that it changes: the first that fits.
_CAUSES: Final = {
    "a card": ("session_count",),
    "midnight": ("last_day",),
    "a switch": ("supply",),
    "an account or a rate": ("account", "rate"),
    "a shelter": ("sheltered_min", "sheltered_ticks_ms"),
    "the journal": ("last_time_s",),
}


def causes(campaign: Campaign, place: int = 0) -> Counter[str]:
    """Return how many polls of a household had which cause."""
    household = campaign.households[place]
    story, found = HouseholdStory(household, campaign, lambda _event: None), Counter[str]()
    board, look = story.bench.board, story.bench.on_poll
    parts = story.rig.build.readable(household.model)
    assert parts is not None, "a program of ours"
    before = (state_in(board, parts), "")

    def polled() -> None:
        nonlocal before
        look()
        now = (state_in(board, parts), board.panel.text)
        found[_cause(before, now)] += 1
        before = now

    story.bench.on_poll = polled
    for number, visit in enumerate(household.visits):
        story.live_until(visit.at_us)
        story.receive(visit, number)
    story.live_until(campaign.end_us)
    return found


def _cause(before: tuple[State | None, str], now: tuple[State | None, str]) -> str:
    for cause, names in _CAUSES.items():
        if any(getattr(before[0], name) != getattr(now[0], name) for name in names):
            return cause
    if before[0] != now[0]:
        return "another change"
    return NOTHING if before[1] == now[1] else "the display"

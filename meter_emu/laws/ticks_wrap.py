"""The ticks begin anew at some moment of every program that runs for fifty days."""

from functools import partial
from typing import Final

from meter_emu.laws.compared import first_difference
from meter_emu.laws.law import Aside, Finding, Trial, chance, law
from meter_emu.ports import TICKS_WRAP, ResetCause
from meter_emu.stories import people
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.story import Among, begin, finish, models
from meter_emu.units import HOUR_US, MINUTE_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.events import Event, What

_ASKED: Final = ("came back", "came back", "ordinary", "switched", "never came back")
_SEEN: Final = {What.CLOSED, What.OPENED, What.CARD_SERVED, What.KEY_PRESSED} | {
    *(What.KEY_HELD, What.CLOCK_SET, What.TYPED)
}
# Ours: a countdown takes twelve minutes.
_NEAR_US: Final = (13 * MINUTE_US, 13 * MINUTE_US, MINUTE_US, HOUR_US)


def wrapping(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a household whose power never fails, so that its ticks go on; half of them with a valve.

    A valve is opened after a countdown in ticks, and what asks for it mostly comes after a cut.
    """
    kits = among or models()
    valves = [kit for kit in kits if kit.model.measures.switch == "valve"]
    seed, draft = begin(chooser, (valves if chooser.below(2) else ()) or kits)
    people.live(draft, _ASKED)
    return finish(draft, seed)


@law(
    id="ticks-wrap",
    properties=("P6", "P12"),
    presumes="power that holds",
    draw=wrapping,
    one_in=40,
)
def ticks_wrap(trial: Trial) -> Finding:
    """Whenever the ticks begin anew, what is seen is the same."""
    wrap_us = _wrap_us(trial)
    if wrap_us is None:
        return Aside("nothing happens at this meter, or its power fails")

    # From 0 as the story begins: no story is as long as they are.
    was, now = (
        trial.events(trial.household, prepare=partial(_powered_up, ticks_from_us=from_us))
        for from_us in (trial.campaign.start_us, wrap_us - TICKS_WRAP * 1_000)
    )
    return first_difference(was, now, "with ticks that begin anew there", trial.campaign.zone)


def _powered_up(bench: Bench, ticks_from_us: int) -> None:
    """Let the power have come a moment ago: the ticks may be any, and tell nothing yet."""
    bench.board.cause = ResetCause.POWER_ON
    bench.board.ticks_from_us = ticks_from_us


def _wrap_us(trial: Trial) -> int | None:
    """Draw when the ticks begin anew: a little before or after what somebody sees."""
    if trial.household.outages:
        return None
    draw = chance(trial, "ticks")
    seen: list[Event] = [event for event in trial.run.events if event.what in _SEEN]
    if not seen:
        return None
    seen += [event for event in seen if event.what is What.CLOSED] * 3
    near_us = draw.choice(_NEAR_US)
    wrap_us = draw.choice(seen).at_us + draw.randrange(-near_us, near_us)
    # At the same part of a millisecond as the other ticks.
    return wrap_us - (wrap_us - trial.campaign.start_us) % 1_000

"""What a device that takes tokens shows: what is left, until it is none, and why an entry failed.

These laws read the display and the supply alone. What was left is what the household used from then
on, or how long the supply stayed on, so no token need be understood here.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from meter_emu.laws.law import Aside, Broken, Finding, Trial, law
from meter_emu.laws.tokens.judged import law_of_light
from meter_emu.stories.energy import energy
from meter_emu.units import HOUR_US, SECOND_US
from meter_emu.world.households.household import Household, VisitKind
from meter_emu.world.judge.account import LoadProfile
from meter_emu.world.judge.outcome import WORK_US
from meter_emu.world.meter.display import energy_said, paid_said
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.model import Sts, uncertainty_s

_SAYS: Final = frozenset({What.TYPED, What.OPENED, What.CLOSED, What.ENDED})
_TAKEN, _WRONG, _LOCKED = frozenset({1, 2, 3}), frozenset({6, 7, 13}), 15  # docs/sts.md
_DOUBLED_MOST: Final = 16
_AT_ONCE_US: Final = 2 * SECOND_US  # ours: an entry is served within it


def _said(events: Sequence[Event]) -> list[tuple[Event, bool]]:
    """Return what was seen with power, and whether supply was on; each instant once, at its end."""
    on, powered, said = True, False, list[tuple[Event, bool]]()
    for event in events:
        if event.what in (What.OPENED, What.CLOSED):
            on = event.what is What.CLOSED
        if event.what in (What.BEGINS, What.POWER_LOST, What.POWER_BACK):
            powered = event.what is not What.POWER_LOST
        if event.what in _SAYS and powered:
            while said and said[-1][0].at_us == event.at_us and event.what is not What.TYPED:
                said.pop()
            said.append((event, on))
    return said


def _untouched(household: Household) -> bool:
    """Whether nobody took power from it, or wrote into its clock chip."""
    upset = any(visit.kind is VisitKind.UPSET for visit in household.visits)
    return not (household.outages or household.rtc_found or upset)


def _until_off(events: Sequence[Event]) -> Iterator[tuple[Event, Event]]:
    """Yield the entries after which nothing happens until the supply goes off."""
    happened = [event for event in events if event.what in _SAYS and event.what is not What.CLOSED]
    for event, after in pairwise(happened):
        if event.what is What.TYPED and after.what is What.OPENED:
            yield event, after


def _in_other_words(trial: Trial, event: Event) -> Finding:
    """Return what a display means that nobody reads: a fault of ours, nothing of another's."""
    words = f"it shows {event.shown!r} when somebody looks"
    return Broken(words) if trial.ours else Aside("a display in other words")


@law(
    id="energy-shown",
    properties=("P4", "P10"),
    presumes="a display in the words of the reference",
    draw=energy,
    device="sts",
)
def energy_shown(trial: Trial) -> Finding:
    """The display says how much energy is left, and why the keypad takes nothing."""
    household, events, sts = trial.household, trial.run.events, trial.household.model.sts
    if sts is None:
        return Aside("a device of another kind")
    for event, on in _said(events):
        said = energy_said(event.shown)
        if said is None:
            return _in_other_words(trial, event)
        if event.what is not What.TYPED and on is (said.kwh is None):
            return Broken(f"it shows {event.shown!r}, and the supply is {'on' if on else 'off'}")
    if not _untouched(household):
        return None
    profile, model = LoadProfile(household.load), household.model
    look_us = model.poll_s * SECOND_US + WORK_US
    for event, after in _until_off(events):
        least, most = (
            profile.used(event.at_us, at_us) * model.credit.mwh_per_unit // (1000 * HOUR_US)
            for at_us in (after.at_us - look_us, after.at_us)
        )
        said = energy_said(event.shown)
        if (
            said
            and said.kwh is not None
            and not (least - 2) // 1000 <= said.kwh <= (most + 2) // 1000
        ):
            return Broken(f"it shows {event.shown!r}, and goes off after {most} Wh")
    return _locks(sts, events)


def _locks(sts: Sts, events: Sequence[Event]) -> Finding:
    """Check that as many wrong entries lock the keypad as its model says, and for how long."""
    wrong, until_us = 0, 0
    for event in events:
        said = energy_said(event.shown)
        if event.what is not What.TYPED or said is None or said.answer is None:
            continue
        left_us = until_us - event.at_us
        if abs(left_us) > _AT_ONCE_US and (said.answer == _LOCKED) is not (left_us > 0):
            locked = "is" if left_us > 0 else "is not"
            return Broken(
                f"it shows {event.shown!r}, and {wrong} wrong entries: it {locked} locked"
            )
        if said.answer in _TAKEN:
            wrong = 0
        elif said.answer in _WRONG:
            wrong += 1
            doubled = min(_DOUBLED_MOST, wrong - sts.tries)
            if doubled >= 0:
                lock_s = min(sts.lock_most_s, sts.lock_first_s << doubled)
                until_us = event.at_us + lock_s * SECOND_US
    return None


@law_of_light(
    id="time-shown",
    properties=("P4", "P10"),
    presumes="a display in the words of the reference",
)
def time_shown(trial: Trial) -> Finding:
    """The display says how much time is left, and the lamp doubts no clock that is right."""
    household, events = trial.household, trial.run.events
    if household.model.paygo is None:
        return Aside("a device of another kind")
    untouched = _untouched(household)
    for event, on in _said(events):
        said = paid_said(event.shown)
        if said is None:
            return _in_other_words(trial, event)
        if event.what is not What.TYPED and on is said.is_over:
            return Broken(f"it shows {event.shown!r}, and the supply is {'on' if on else 'off'}")
        if untouched and not event.clock_trusted:
            return Broken("the lamp says that its clock is doubted, and nobody touched it")
    for event, after in _until_off(events) if untouched else ():
        said = paid_said(event.shown)
        if said is None or said.hours is None:
            continue
        said_us, left_us = said.hours * HOUR_US, after.at_us - event.at_us
        u_us = uncertainty_s(household.model, household.clock_set_us, after.at_us) * SECOND_US
        slack_us = u_us + household.model.poll_s * SECOND_US + WORK_US
        if not said_us - slack_us <= left_us <= said_us + HOUR_US + slack_us:
            return Broken(f"it shows {event.shown!r}, and goes off after {left_us // HOUR_US} h")
    return None

"""A clock chip is found in 12-hour mode with the right time: it is read as in 24-hour mode."""

from dataclasses import replace

from meter_emu.laws.compared import first_difference
from meter_emu.laws.hazards.placing import calls_at
from meter_emu.laws.judged import hazard
from meter_emu.laws.law import Aside, Broken, Finding, Trial, campaign_of
from meter_emu.stories import people
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.draft import Draft
from meter_emu.stories.story import Among, models
from meter_emu.stories.times import Timing
from meter_emu.units import DAY_S, HOUR_S, HOURS_A_DAY, MINUTE_S, SECOND_US
from meter_emu.world.households.household import Household
from meter_emu.world.meter.clock_chips import clock_chip
from meter_emu.world.meter.events import What
from meter_emu.world.meter.model import MeterModel


def _with_mode(among: Among) -> Among:
    return [kit for kit in among or models() if has_mode(kit.model)] or among


def _check(trial: Trial) -> Finding:
    if not has_mode(trial.household.model):
        return Aside("no clock chip here has a 12-hour mode")
    if len(trial.household.rtc_found) != 1:
        return Aside("another story: not one clock was found with other registers")
    households = in_either_mode(trial)
    if households is None:
        return Aside("the clock is not read, or an hour begins")
    was, now = (trial.events(household) for household in households)
    if not trial.ours and any(event.what is What.CLOCK_DOUBTED for event in now):
        return Aside("the program doubts a clock in that mode")
    found = first_difference(was, now, "in 12-hour mode", trial.campaign.zone)
    campaign = campaign_of(trial.campaign, households[1])
    return replace(found, campaign=campaign) if isinstance(found, Broken) else found


@hazard(
    id="twelve-hours",
    says="a right clock in 12-hour mode is read as in 24-hour mode",
    properties=("P4", "P8"),
    presumes="a clock chip with such a mode, and a program that reads it: others may doubt it",
    check=_check,
    kits=_with_mode,
)
def twelve_hours(draft: Draft, chooser: Chooser) -> None:
    """Draw a story with an outage of some minutes; somebody wakes the program in some hours.

    The law puts the right hour into the chip as power comes back.
    """
    end_s = draft.timing.end_s
    back_s = end_s - (1 + chooser.below(30)) * HOUR_S - chooser.below(60) * MINUTE_S
    chip = clock_chip(draft.model).chip
    midnight = ((chip.HOURS, chip.TWELVE_HOUR | 0x12),)
    draft.upset(back_s - 5 * MINUTE_S, back_s, midnight)
    armed_s = min(draft.timing.armed_s, back_s - HOUR_S)
    draft.timing = Timing(armed_s, end_s)
    draft.first_s = armed_s - DAY_S
    draft.ample_credit = True
    people.live(draft, people.NEVER)
    for hour in range(1, HOURS_A_DAY + 1):
        if not chooser.below(3):
            draft.scroll(back_s + hour * HOUR_S + chooser.around(10) * MINUTE_S)


def has_mode(model: MeterModel) -> bool:
    """Whether the model's clock chip has a 12-hour mode."""
    return clock_chip(model).chip.TWELVE_HOUR != 0


def in_either_mode(trial: Trial) -> tuple[Household, Household] | None:
    """Return the story with its clock's hour in 24-hour mode, and in 12-hour mode."""
    household = trial.household
    ((back_us, _),) = household.rtc_found
    heard = calls_at(trial, back_us, back_us + household.model.boot_ms * 1_000 + 10 * SECOND_US)
    left_us = next((c.midnight_us - c.at_us for c in heard if c.midnight_us is not None), None)
    if left_us is None:
        return None
    hour, second = hour_and_second(left_us)
    if second < 5:  # the hour was another when power came
        return None
    tens, ones = divmod((hour - 1) % 12 + 1, 10)
    chip = clock_chip(household.model).chip
    twelve = chip.TWELVE_HOUR | (chip.PM if hour >= 12 else 0) | tens << 4 | ones
    codes = (hour // 10 << 4 | hour % 10, twelve)
    first, second_household = (
        replace(household, rtc_found=((back_us, ((chip.HOURS, code),)),)) for code in codes
    )
    return first, second_household


def hour_and_second(left_us: int) -> tuple[int, int]:
    """Return the hour, and the second of it, of a clock that comes to midnight in so long.

    A slow clock that has just passed midnight has more than a day left.
    """
    return divmod(max(0, DAY_S - -(-left_us // SECOND_US)), HOUR_S)

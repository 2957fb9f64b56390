"""A program misses nothing by its sleep hints.

The display is left out: it changes at polls only, and stays between them.
"""

from meter_emu.laws.compared import first_difference, without_screen
from meter_emu.laws.law import Finding, Trial, law
from meter_emu.stories.around_t import around_t


@law(id="hint", properties=("P2", "P7"), presumes="some hours round T", draw=around_t, one_in=80)
def sleep_hint(trial: Trial) -> Finding:
    """What is seen is the same whether the program is woken by its hint or at every poll."""
    every_poll, _ = trial.at_every_poll
    was, now = (without_screen(events) for events in (trial.run.events, every_poll))
    return first_difference(was, now, "with every poll run", trial.campaign.zone)

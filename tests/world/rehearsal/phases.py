"""Which defects of the catalogue depend on the poll's phase, and which a grid of phases misses.

`python -m tests.world.rehearsal.phases` runs the home in which a defect shows at each of the phases
that copies have, and where it is seen in none of them at each whole second, and at 300 phases drawn
to the microsecond. It prints in how many the home does not end as expected.
"""

import sys
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from meter_emu.defects import Defect, Showing, defects_of
from meter_emu.domain import BUDGET
from meter_emu.units import SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import PHASES
from meter_emu.world.judge.verdict import expected
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.fleet import rehearsed

HOMES = 300


def shown(defect: Defect) -> Campaign:
    """Return the home in which a defect shows."""
    assert isinstance(defect.shown, Showing)
    with TemporaryDirectory() as folder:
        path = Path(folder, "shown.toml")
        path.write_text(defect.shown.toml(defect.id, defect.build), "utf-8")
        return load_campaign(path)


def seen(campaign: Campaign, phases_us: list[int]) -> int:
    """Return at how many phases the home does not end as expected."""
    (first,) = campaign.households
    homes = [replace(first, poll_phase_us=phase_us) for phase_us in phases_us]
    return sum(not expected(rehearsed(home, campaign, events=False)[0], home) for home in homes)


def main() -> None:
    """Print a line for each defect that depends on the phase."""
    chance = Random("phases")
    for defect in defects_of(BUDGET).values():
        campaign = shown(defect)
        (home,) = campaign.households
        period_us = home.model.poll_s * SECOND_US
        steps = [step * period_us // PHASES for step in range(PHASES)]
        found = seen(campaign, steps)
        if found == PHASES or not seen(campaign, [home.poll_phase_us]):
            continue  # at all of them; or it is seen by other things than by how the home ends
        said = f"{defect.id}: {found} of {PHASES}"
        if not found:
            drawn = [chance.randrange(period_us) for _ in range(HOMES)]
            whole = list(range(0, period_us, SECOND_US))
            said += f", {seen(campaign, whole)} of {len(whole)} whole seconds"
            said += f", {seen(campaign, drawn)} of {HOMES} drawn"
        sys.stdout.write(f"{said}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

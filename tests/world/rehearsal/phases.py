"""Which defects of the catalogue depend on the poll's phase, and which a grid of phases misses.

`python -m tests.world.rehearsal.phases` runs the home in which a defect shows at 300 phases, drawn
to the microsecond, at each whole second, and at each phase that copies have. It prints
in how many of each the home does not end as expected, for every defect that is not seen in all of
them or in none.
"""

import sys
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from meter_emu.defects import Showing, catalogue
from meter_emu.units import SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import PHASES
from meter_emu.world.judge.verdict import expected
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.fleet import rehearsed

HOMES = 300


def seen(campaign: Campaign, phase_us: int) -> bool:
    """Whether the home does not end as expected with its polls at a phase."""
    household = replace(campaign.households[0], poll_phase_us=phase_us)
    outcome, _ = rehearsed(household, campaign, events=False)
    return not expected(outcome, household)


def grids(period_us: int) -> dict[str, list[int]]:
    """Return the phases of each grid."""
    chance = Random("phases")
    return {
        "us": [chance.randrange(period_us) for _ in range(HOMES)],
        "s": list(range(0, period_us, SECOND_US)),
        str(PHASES): [step * period_us // PHASES for step in range(PHASES)],
    }


def main() -> None:
    """Print a line for each defect that depends on the phase, and how many there are."""
    depend = missed = 0
    for defect in catalogue().values():
        assert isinstance(defect.shown, Showing)
        with TemporaryDirectory() as folder:
            path = Path(folder, "shown.toml")
            path.write_text(defect.shown.toml(defect.id, defect.build), "utf-8")
            campaign = load_campaign(path)
        period_us = campaign.households[0].model.poll_s * SECOND_US
        found = {
            name: [seen(campaign, phase_us) for phase_us in phases]
            for name, phases in grids(period_us).items()
        }
        if len({one for each in found.values() for one in each}) == 1:
            continue
        depend += 1
        missed += any(found["us"]) and not any(found[str(PHASES)])
        shown = ", ".join(f"{name} {sum(each)} of {len(each)}" for name, each in found.items())
        sys.stdout.write(f"{defect.id}: {shown}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{depend} of {len(catalogue())} depend on the phase; {missed} are missed\n")


if __name__ == "__main__":
    main()

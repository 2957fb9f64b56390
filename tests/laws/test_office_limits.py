"""The law of the office's limits: the reference does what every one of its cases says, anywhere."""

from dataclasses import replace

import pytest

from meter_emu.defects import catalogue, defects_of
from meter_emu.domain import BUDGET
from meter_emu.laws.law import Broken, Trial
from meter_emu.laws.office import _A_STORY, _ASKED, office_limits
from meter_emu.stories.chooser import seeded
from meter_emu.verify.program import covered
from meter_emu.world.meter.build import parse_build
from tests.cells import each_cell
from tests.lisbon.test_lisbon import MODEL as LISBON


@pytest.mark.parametrize("model", ["electricity-pcf8563-utc", "gas-pcf8563-battery", str(LISBON)])
def test_the_reference_does_what_each_case_says(model):
    """A story asks some of them, from where its seed says; here all are asked in turn."""
    (kit, *_) = covered(parse_build("reference"), (model,)).kits
    campaign = office_limits.draw(seeded("1"), [kit])
    for first in range(0, len(_ASKED), _A_STORY):
        trial = Trial(replace(campaign, seed=first), "reference")
        assert office_limits.check(trial) is None, (first, office_limits.check(trial))


@pytest.mark.slow("asks an office of every defect")
@each_cell("defect_id", list(defects_of(BUDGET)), short=10)
def test_an_office_with_a_mistake_breaks_the_law_or_keeps_it_and_nothing_else(defect_id):
    """What it wrote it may not be able to read: that is a finding, and no end of the run."""
    defect = catalogue()[defect_id]
    (kit, *_) = covered(parse_build(defect.build), ("electricity-pcf8563-utc",)).kits
    campaign = office_limits.draw(seeded("1"), [kit])
    for first in range(0, len(_ASKED), _A_STORY):
        found = office_limits.check(Trial(replace(campaign, seed=first), defect.build))
        assert found is None or isinstance(found, Broken)

"""The target `keypad` finds each defect of the catalogue that such a device can have."""

from random import Random

import pytest

from meter_emu.defects import defects_of
from meter_emu.fuzz.finds import failure
from meter_emu.fuzz.targets import targets
from tests.cells import few

INPUTS = 200
OF_IT = tuple(defects_of("openpaygo"))


def found(build: str, count: int = INPUTS) -> bool:
    target = targets()["keypad"]
    inputs = (Random(number).randbytes(target.size_max) for number in range(count))
    return any(failure(target, data, build) is not None for data in inputs)


@pytest.mark.slow("lives 200 households", short=3)
@pytest.mark.parametrize("name", OF_IT)
def test_a_defect_of_such_a_device_is_found(name):
    assert found(f"reference+{name}")


@pytest.mark.slow("lives 200 households")
def test_nothing_is_found_in_ours():
    assert len(OF_IT) == 12
    assert not found("reference", few(INPUTS, short=INPUTS // 2))

"""The small incident, looked at once for all that ask about it."""

import pytest

from meter_emu.diagnosis.diagnose import Diagnosing
from meter_emu.diagnosis.memo import Diagnosis
from tests.diagnosis.small import at_work


@pytest.fixture(scope="session")
def working(tmp_path_factory: pytest.TempPathFactory) -> Diagnosing:
    return at_work(tmp_path_factory.mktemp("incident"))


@pytest.fixture(scope="session")
def alone(working: Diagnosing) -> Diagnosis:
    return working.decided(working.singles())


@pytest.fixture(scope="session")
def paired(working: Diagnosing, alone: Diagnosis) -> Diagnosis:
    return working.pairs(alone)

"""The campaign of 2020, run before the first test that looks at its page."""

import pytest

from tests.report.pages import BOTH, EARLY, REFERENCE, ores_page


@pytest.fixture(autouse=True, scope="session")
def rehearsed() -> None:
    """Run it once for each build; the first test is not what takes so long."""
    for build in (REFERENCE, EARLY, BOTH):
        ores_page(build)

"""The tests of an area against the program of this process, which has one change in it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from tests.docs.pages import ROOT
from tests.mutants.changes import REACHED

_OF_FORMATS: Final = (
    "budget_compact", "budget_format", "card_image", "card_tearing", "carrier", "container",
    "copied", "first_content", "keys", "layout", "memory_carrier", "plain_card", "readers",
    "replaced", "sealed_card", "secure_card",
)  # fmt: skip
TESTS: Final[dict[str, Sequence[str]]] = {
    "office": ("tests/desk", "tests/firmware/test_clock_card.py"),
    "formats": (
        *(f"tests/card_protocol/test_{name}.py" for name in _OF_FORMATS),
        "tests/firmware/test_clock_card.py",
    ),
    "chips": ("tests/hardware",),
}


def by_tests(area: str) -> dict[str, Any]:
    """Return which test of the area fails first, if any."""
    seen = _First()
    paths = [str(Path(ROOT) / path) for path in TESTS[area]]
    plain = ["-x", "-q", "-n", "0", "--no-header", "--no-summary", "-p", "no:cacheprovider"]
    plain += ["-p", "no:randomly"]  # the same test first in every run
    plain += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    status = pytest.main([*plain, *paths], plugins=[seen])
    assert status in {0, 1, 2}, status
    return {"law": seen.name or ("not collected" if status else None), "reached": REACHED[0]}


class _First:
    """Notes the first test that fails, and keeps pytest quiet."""

    name: str | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self.name is None:
            self.name = report.nodeid.partition("[")[0]

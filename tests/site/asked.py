"""What readers type into the search, and the page that answers: among its first three results.

Written down before headings and words were mended for it; a page is changed so that it says what
its readers say, and a row is not changed so that it is found.
"""

from types import MappingProxyType
from typing import Final

RANK: Final = 3
RIGHT: Final = 18  # of the twenty; the must-find are found all

MUST: Final = MappingProxyType(
    {
        "csv": "plan-a-sheet.html",
        "excel": "plan-a-sheet.html",
        "opening hours": "plan-a-sheet.html",
        "capacity": "plan-a-sheet.html",
        "install": "start.html",
        "windows": "where-it-runs.html",
        "campagne": "fr.html",
    }
)
PLANNER: Final = MappingProxyType(
    {
        "spreadsheet": "plan-a-sheet.html",
        "queue at the office": "plan-a-sheet.html",
        "page for the board": "plan-a-sheet.html",
        "how many without supply": "plan-a-sheet.html",
        "print the report": "report.html",
        "privacy": "no-install.html",
        "checklist": "checklist.html",
        "heures d'ouverture": "fr.html",
        "coupure": "fr.html",
        "zonder installatie": "nl.html",
    }
)
ENGINEER: Final = MappingProxyType({
    "incident": "diagnose.html",
    "pcf8563": "hardware.html",
    "pytest fixtures": "testing-with-pytest.html",
    "leap year": "date-bugs.html",
    "year 2038": "timestamps.html",
    "firmware in C": "firmware-in-c.html",
    "token identifier": "sts.html",
    "json schema": "schemas.html",
    "wireshark": "traces.html",
    "counterexample": "verify.html",
})  # fmt: skip

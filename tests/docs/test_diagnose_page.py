"""The pages on `diagnose`: their incident gives what they say, their table what the bench does."""

import re
from pathlib import Path

import pytest

from meter_emu.diagnosis.diagnose import Diagnosing
from meter_emu.diagnosis.incident import load_incident
from meter_emu.diagnosis.memo import Diagnosis
from meter_emu.diagnosis.ranking import in_words
from tests.diagnosis.groups import HEAD, orders, row
from tests.docs.pages import blocks, page

FIRST, FILE, METHOD = (
    page(f"docs/{name}.md") for name in ("diagnose", "incident-file", "diagnosis")
)
MORE = """
[[observed]]
id = "another"
whose = { fleet = "village", kind = "july" }
some = { cut = [2020-07-03T21:55:00, 2020-07-03T22:50:00] }
sources = [{ ref = "an engineer at the door", sure = 0.98 }]
"""


def diagnosed(folder: Path, incident: str) -> Diagnosis:
    path = folder / "village.toml"
    path.write_text(incident, "utf-8")
    few = ("summer-time-twice", "no-summer-time")
    at_work = Diagnosing(load_incident(path), samples=1, seed=0, kept_in=folder, jobs=1, only=few)
    return at_work.singles()


def support(found: Diagnosis) -> str:
    """Return how well the mistake that explains the hour is supported."""
    return in_words(decades(found))


def decades(found: Diagnosis) -> float:
    """Return by how much the mistake that explains the hour is likelier than none."""
    (twice,) = (one for one in found.ranking.classes if one.names == ("summer-time-twice",))
    return twice.over_nothing


@pytest.mark.slow("runs what the page says")
def test_the_village_is_as_the_page_says(tmp_path: Path) -> None:
    (incident,) = blocks(FIRST, "toml", "village.toml")
    found = diagnosed(tmp_path, incident)
    assert f"*{found.headline}*" in " ".join(FILE.split())
    assert support(found) == "weak support"
    with_another = diagnosed(tmp_path, incident + MORE)
    assert support(with_another) == "weak support"
    assert decades(with_another) > decades(found)


@pytest.mark.slow("runs what the page says")
def test_a_row_of_the_table_is_what_the_bench_does() -> None:
    rows = METHOD.partition(HEAD)[2].splitlines()
    assert len(rows) >= 5
    tried = [words for words, _ in orders()]
    assert len(tried) == 8
    for line in (rows[0], rows[3]):
        members = re.findall(r"`([\w-]+)`", line.split("|")[1])
        assert row(members) == line, "run python -m tests.diagnosis.groups"

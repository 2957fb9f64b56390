"""The sets of mistakes that were planted unseen: read, put into a copy, and as they were sealed."""

import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from tests.forked import ROOT
from tests.unseen.__main__ import GONE, HERE, PATCH, mistakes, planted, replanted

SETS = sorted(HERE.glob("*-*.diff"))
SAYS = {
    "verify": ("docs/unseen.md", "class"),
    "tokens": ("docs/unseen.md", "class"),
    "gate": ("docs/unseen.md", "class"),
    "fuzz": ("docs/fuzzing.md", "target"),
}
"""The page that had the digest of a set before what finds it was changed, and what each says."""
each_set = pytest.mark.parametrize("path", SETS, ids=[path.stem for path in SETS])


@each_set
def test_a_set_is_as_it_was_sealed(path: Path):
    page, _ = SAYS[path.stem.partition("-")[0]]
    assert sha256(path.read_bytes()).hexdigest() in (ROOT / page).read_text("utf-8")


@each_set
def test_each_mistake_has_a_number_and_says_what_it_is(path: Path):
    _, key = SAYS[path.stem.partition("-")[0]]
    found = list(mistakes(path.read_text("utf-8")))
    assert [one.number for one in found] == [f"{n:02}" for n in range(1, len(found) + 1)]
    assert all(one.said[key] and one.diff.startswith("diff --git ") for one in found)
    assert len({one.name for one in found}) == len(found) >= 30


def fits(diff: str) -> bool:
    command = [*PATCH, "--dry-run"]
    return not subprocess.run(
        command, cwd=ROOT, input=diff, text=True, capture_output=True, check=False
    ).returncode


@pytest.mark.slow("asks `patch` of each of 320 mistakes")
def test_every_mistake_has_its_place_or_was_written_again():
    every = [
        (path.stem, one.number, one.name, fits(one.diff))
        for path in SETS
        for one in mistakes(path.read_text("utf-8"))
    ]
    again = [(one.said["set"], one.number, one.name, False) for one in replanted().values()]
    assert [one for one in every if one[2] in replanted()] == sorted(again)
    unplaced = [name for *_, name, placed in every if not placed and name not in replanted()]
    assert unplaced == [*GONE]
    assert [one.name for one in replanted().values() if not fits(one.diff)] == []


def test_a_mistake_is_in_the_copy_alone(tmp_path: Path):
    found = mistakes(SETS[-1].read_text("utf-8"))
    first = next(one for one in found if one.name in replanted())
    planted(first, tmp_path)
    name = first.diff.split()[3].removeprefix("b/")
    assert (tmp_path / name).read_bytes() != (ROOT / name).read_bytes()


def test_a_mistake_that_fits_nowhere_is_no_result(tmp_path: Path):
    (one,) = mistakes("# 01 of-another-tree\n# class: office\ndiff --git a/no b/no\n"
                      "--- a/no\n+++ b/no\n@@ -1 +1 @@\n-a\n+b\n")  # fmt: skip
    with pytest.raises(subprocess.CalledProcessError):
        planted(one, tmp_path)

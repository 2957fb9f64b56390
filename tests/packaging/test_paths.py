"""The four paths of the documentation, walked word for word with the wheel in an empty folder."""

import json
import re
import shlex
import sys
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.docs.pages import blocks, page
from tests.docs.test_readme import assert_said
from tests.packaging.away import away

PATHS = (
    "plan-a-campaign", "plan-a-sheet", "meter-model", "test-card-software", "test-firmware",
    "learn-date-bugs", "diagnose",
)  # fmt: skip
PAGES_MAX = 4  # of a path
WORDS_MAX = 12_000  # of the four together
LENGTH = re.compile(r"(\d) pages, ([\d,]+) words")
STEP = re.compile(r"^```sh\n(.+?)\n```$(?:\n\n```text\n(.*?)^```$)?", re.DOTALL | re.MULTILINE)
FILE = re.compile(r'^```\w+ title="([\w.-]+)"\n(.*?)^```$', re.DOTALL | re.MULTILINE)
WALKER = Path(__file__).with_name("walker.py")


class Step(NamedTuple):
    words: list[str]
    stdin: str | None
    stdout: str | None
    status: int
    said: list[str]


def steps(name: str) -> list[Step]:
    found = []
    for command, said in STEP.findall(page(f"docs/{name}.md")):
        assert "\n" not in command, command
        line, status = re.fullmatch(r"(.*)  # exit status (\d)", command).groups()  # type: ignore[union-attr]
        line, _, stdout = line.partition(" > ")
        line, _, stdin = line.partition(" < ")
        words = shlex.split(line)
        found.append(Step(words, stdin or None, stdout or None, int(status), said.splitlines()))
    return found


def walked(name: str, folder: Path, installed: Path) -> list[tuple[int, str]]:
    """Walk the steps of a page; those of our own command that follow each other in one process."""
    done: list[tuple[int, str]] = []
    for ours, group in groupby(steps(name), key=lambda one: one.words[0] == "meter-emu"):
        part = list(group)
        if ours:
            given = json.dumps([one[:3] for one in part])
            run = away(sys.executable, str(WALKER), cwd=folder, path=installed, given=given)
            assert run.returncode == 0, run.stderr
            done += [(status, said) for status, said in json.loads(run.stdout)]
            continue
        for one in part:
            assert one.words[0] == "python", one
            run = away(sys.executable, *one.words[1:], cwd=folder, path=installed)
            done.append((run.returncode, run.stdout + run.stderr))
    return done


@pytest.mark.slow("builds the wheel or walks in an installed copy", short=1)
@pytest.mark.parametrize("name", PATHS)
def test_a_path_can_be_walked_word_for_word(name: str, installed: Path, tmp_path: Path) -> None:
    for file, text in FILE.findall(page(f"docs/{name}.md")):
        (tmp_path / file).write_text(text, "utf-8")
    wanted = steps(name)
    assert wanted
    for step, (status, said) in zip(wanted, walked(name, tmp_path, installed), strict=True):
        assert status == step.status, (step.words, said)
        assert "Traceback" not in said
        assert_said(step.said, said)


def test_no_command_of_a_path_stands_where_no_test_sees_it() -> None:
    for name in PATHS:
        assert len(blocks(page(f"docs/{name}.md"), "sh")) == len(steps(name)), name


def test_a_path_says_how_long_it_is_and_the_map_leads_with_the_four() -> None:
    text = page("docs/README.md")
    rows = [line for line in text.splitlines() if line.startswith("| **")]
    assert len(rows) == 4
    total = 0
    for row in rows:
        linked = re.findall(r"\]\(([\w-]+\.md)\)", row)
        assert 1 <= len(set(linked)) <= PAGES_MAX, row
        assert linked[0].removesuffix(".md") in PATHS, row
        said = LENGTH.search(row)
        assert said is not None, row
        assert int(said[1]) == len(linked)
        words = sum(len(page(f"docs/{name}").split()) for name in linked)
        assert int(said[2].replace(",", "")) == pytest.approx(words, rel=0.15), words
        total += words
    assert total <= WORDS_MAX, "what is looked up goes behind the paths"
    assert text.index(rows[0]) < text.index("\n## Tutorials\n")


@pytest.mark.slow("builds the wheel or walks in an installed copy")
def test_a_step_that_prints_something_else_is_seen(installed: Path, tmp_path: Path) -> None:
    ((status, said),) = json.loads(
        away(
            sys.executable, str(WALKER), cwd=tmp_path, path=installed,
            given=json.dumps([[["meter-emu", "list", "campaigns"], None, None]]),
        ).stdout
    )  # fmt: skip
    assert status == 0
    with pytest.raises(AssertionError):
        assert_said(["no such line"], said)

"""README's rehearsal and the tour are real; the first pages of its readers have one shape."""

import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from meter_emu.defects import catalogue
from tests.bounds import HANG_S
from tests.cells import each_cell
from tests.docs.pages import ROOT, blocks, page
from tests.forked import ran

README = page("README.md")
TOUR = page("docs/tour.md")
STEP = re.compile(
    r"^\*\*(\d)\.\*\*.*?^```sh\n(.+?)\n```$(?:\n\n```text\n(.*?)^```$)?", re.DOTALL | re.MULTILINE
)
STEPS = {int(number): (command, said.splitlines()) for number, command, said in STEP.findall(TOUR)}


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "COLUMNS": "80", "PYTHONPATH": str(ROOT)}
    return ran(*arguments, cwd=cwd, env=env, text=True, timeout=HANG_S)


def assert_said(lines: list[str], output: str) -> None:
    """Each line begins a line of the output, in this order; an ellipsis stands for any."""
    left = iter([line.rstrip() for line in output.splitlines()])
    for line in lines:
        assert line == "…" or any(found.startswith(line) for found in left), line


@pytest.mark.slow("runs what the page says")
def test_make_run_prints_what_the_readme_shows() -> None:
    (shown,) = blocks(README, "text", "make run")
    makefile = page("Makefile")
    assert re.search(
        r"^run:.*\n\t@\$\(BIN\)/meter-emu rehearse \$\(CAMPAIGN\)$", makefile, re.MULTILINE
    )
    campaign = re.search(r"^CAMPAIGN\s*\?= (\S+)$", makefile, re.MULTILINE)
    assert campaign is not None
    done = run("rehearse", campaign[1], cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert_said(shown.splitlines(), done.stdout)


def test_the_tour_has_five_commands() -> None:
    assert list(STEPS) == [1, 2, 3, 4, 5]
    assert all("\n" not in command for command, _ in STEPS.values())


@pytest.mark.slow("runs what the page says")
def test_each_step_of_the_tour_does_what_the_page_says_and_it_leaves_two_files(
    tmp_path: Path,
) -> None:
    """Walked once, step after step, in one empty folder."""
    for command, said in STEPS.values():
        program, *arguments = shlex.split(command, comments=True)
        assert program == "meter-emu"
        wanted = re.search(r"# exit status (\d)$", command)
        assert wanted is not None
        done = run(*arguments, cwd=tmp_path)
        output = done.stdout + done.stderr
        assert done.returncode == int(wanted[1]), output
        assert "Traceback" not in output
        assert_said(said, output)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home.card", "result.json"]
    result = json.loads((tmp_path / "result.json").read_text("utf-8"))
    assert len(result["meters"]) == 32
    assert all(meter["events"] for meter in result["meters"] if meter["id"] == "june-29")


def test_the_two_commands_are_targets_of_the_makefile() -> None:
    for command in re.findall(r"^    make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{command}:", page("Makefile"), re.MULTILINE), command


def test_what_the_readme_counts() -> None:
    for text, words in (
        (README, r"with over (\d+) date defects"),
        (page("docs/plan-a-campaign.md"), r"^Over (\d+) mistakes with dates"),
        (page("docs/learn-date-bugs.md"), r"^Over (\d+) mistakes with dates"),
    ):
        said = re.search(words, text, re.MULTILINE)
        assert said is not None
        assert int(said[1]) < len(catalogue())


FIRST = [
    (command, *re.findall(r"\]\(docs/([\w-]+)\.md\)", links))
    for command, links in re.findall(
        r"^\| \*\*.+? \| `meter-emu (.+?)`,? ?(.+) \|$", README, re.MULTILINE
    )
]
SHAPE = [
    "Before you begin", "What to type, and what you see", "How to read it",
    "Your own file in its place", "Next",
]  # fmt: skip


def test_the_readme_is_short_and_leads_each_reader_to_a_command_of_its_first_page() -> None:
    assert len(README.splitlines()) <= 120
    assert len(FIRST) == 4
    for command, first, *_ in FIRST:
        assert f"\n```sh\nmeter-emu {command}" in page(f"docs/{first}.md"), command


@each_cell("name", [name for _, *names in FIRST for name in names])
def test_a_first_page_has_the_one_shape_and_at_most_600_words(name: str) -> None:
    text = page(f"docs/{name}.md")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SHAPE
    assert re.search(r"\A# .+\n\nIn five minutes you ", text), "what you have in five minutes"
    assert len(text.split()) <= 600
    assert blocks(text.partition(SHAPE[1])[2].partition(SHAPE[2])[0], "text"), "what you see"

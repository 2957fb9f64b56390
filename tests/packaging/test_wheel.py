"""The wheel works away from the checkout, and brings its own data."""

import json
import re
import sys
import zipfile
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.docs.pages import blocks, page
from tests.packaging.away import ROOT, away


def test_the_wheel_holds_every_data_file_and_no_test(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    data = {
        f"meter_emu/_fixtures/{path.relative_to(ROOT / 'fixtures').as_posix()}"
        for path in (ROOT / "fixtures").rglob("*")
        if path.is_file()
    }
    assert data <= names
    assert {name.split("/")[0].split("-")[0] for name in names} == {
        "card_protocol",
        "meter_emu",
    } | {name.split("-")[0] for name in names if ".dist-info" in name}
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_wheel_weighs_what_the_page_says_and_brings_nothing_of_translators(wheel: Path) -> None:
    (said,) = re.findall(r"^(\d\.\d\d) MB in", page("docs/where-it-runs.md"), re.MULTILINE)
    assert abs(wheel.stat().st_size / 1e6 - float(said)) < float(said) / 20
    with zipfile.ZipFile(wheel) as archive:
        assert {"fr.mo", "nl.mo"} < {Path(name).name for name in archive.namelist()}
        assert [name for name in archive.namelist() if name.endswith((".po", ".pot"))] == []


def description(wheel: Path) -> str:
    """Return what a package index shows."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (one for one in archive.namelist() if one.endswith(".dist-info/METADATA"))
        return archive.read(name).decode().partition("\n\n")[2]


def hrefs(text: str) -> list[str]:
    """Return what a page leads to and shows, as Markdown is read."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    inline = [one for token in tokens for one in token.children or ()]
    return [str(one.attrs[key]) for one in inline for key in ("href", "src") if key in one.attrs]


def test_what_a_package_index_shows_leads_nowhere_on_it(wheel: Path) -> None:
    shown = hrefs(description(wheel))
    assert shown, "the sources are linked"
    assert [one for one in shown if not one.startswith("https://")] == []
    readme = hrefs(page("README.md"))
    assert "docs/report.png" in readme, "which would be a hole there"
    assert {one for one in readme if one.startswith("https://")} == set(shown)
    for heading in re.findall(r"^## .+$", page("README.md"), re.MULTILINE):
        assert f"\n{heading}\n" in description(wheel)


@pytest.mark.slow("builds the wheel or walks in an installed copy")
def test_the_wheel_rehearses_from_another_folder(installed: Path, tmp_path: Path) -> None:
    """`meter-emu rehearse ores-2020-07 --json -`, where no checkout is near."""
    command = installed / "bin" / "meter-emu"
    assert command.exists(), "pip put the command next to the packages"
    done = away(
        sys.executable, str(command), "rehearse", "ores-2020-07", "--json", "-",
        "--report", "report",
        cwd=tmp_path, path=installed,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "report" / "index.html").read_text("utf-8")
    assert "lived what was announced" in page
    result = json.loads(done.stdout)
    assert result["zone"] == "Europe/Brussels"
    assert result["summary"]["early"] == result["summary"]["wrongly_cut"] == 0
    assert sum(result["summary"].values()) == len(result["meters"]) >= 12


def test_the_code_and_the_data_come_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    question = """
import card_protocol, meter_emu
from meter_emu.resources import built_in
print(card_protocol.__file__, meter_emu.__file__, *built_in("campaigns").values(), sep="\\n")
"""
    done = away(sys.executable, "-c", question, cwd=tmp_path, path=installed)
    assert done.returncode == 0, done.stderr
    places = [Path(line) for line in done.stdout.splitlines()]
    assert len(places) >= 3
    for place in places:
        assert place.is_relative_to(installed), place
    assert "_fixtures" in places[-1].parts


def test_the_wheel_says_its_name_and_version(installed: Path, tmp_path: Path) -> None:
    command = installed / "bin" / "meter-emu"
    done = away(sys.executable, str(command), "--version", cwd=tmp_path, path=installed)
    assert done.returncode == 0
    assert done.stdout.startswith("meter-emu, version ")


LAWS = """
from meter_emu.pytest_laws import test_law

def test_the_fixtures_are_there(world, meter, desk, card):
    pass
"""


@pytest.mark.slow("builds the wheel or walks in an installed copy")
def test_the_wheel_gives_pytest_its_fixtures_and_each_law_as_a_test(
    installed: Path, tmp_path: Path
) -> None:
    """As somebody has it who starts pytest in a folder with nothing else in it."""
    (mine,) = blocks(page("docs/ports.md"), "python")
    (tmp_path / "mine.py").write_text(mine, "utf-8")
    (tmp_path / "test_laws.py").write_text(LAWS, "utf-8")
    start = "import sys, pytest; sys.path.remove(''); sys.exit(pytest.main())"  # as `pytest` does
    words = ("--meter-firmware", "mine:AlwaysOn", "-k", "fixtures or answers", "-v")
    alone = ("-p", "no:randomly", "-p", "no:cacheprovider", "-W", "error")
    done = away(sys.executable, "-c", start, *words, *alone, cwd=tmp_path, path=installed)
    said = done.stdout + done.stderr
    assert re.findall(r"^test_laws\.py::(\S+) (\w+)", said, re.MULTILINE) == [
        ("test_law[answers]", "FAILED"),
        ("test_the_fixtures_are_there", "PASSED"),
    ], said
    assert said.count("\nmine:AlwaysOn: build: obeys no card on any meter") == 1, said

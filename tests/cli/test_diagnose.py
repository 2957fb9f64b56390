"""`diagnose`: the memo, its JSON, the page, the orders for a bench, and bad input."""

import re
from pathlib import Path
from typing import Any

import pytest

from meter_emu.diagnosis.memo import COLUMNS
from meter_emu.world.rehearsal.campaign import load_campaign
from tests.cli.outcome import checked
from tests.diagnosis.small import text

FEW = ("--only", "night-named-by-its-morning", "--only", "reactivation-clears-one")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("diagnose")
    (folder / "incident.toml").write_text(text(), "utf-8")
    return folder


@pytest.fixture
def diagnosed(emu: Any, folder: Path) -> Any:
    """Run `diagnose` on the small incident; signatures are kept from test to test."""

    def run(*more: str) -> Any:
        words = ("--samples", "1", "--jobs", "1", "--kept", str(folder / "kept"))
        return emu("diagnose", str(folder / "incident.toml"), *words, *FEW, *more)

    return run


@pytest.mark.slow("lives the library of a village")
def test_singles_are_a_line_and_the_memo_has_the_pairs(diagnosed: Any) -> None:
    done = diagnosed()
    assert done.code == 0
    assert all(len(line) <= COLUMNS for line in done.out.splitlines())
    assert done.out.count("\nreported, with how sure that is\n") == 1, "one memo, at the end"
    pair = "night-named-by-its-morning + reactivation-clears-one"
    singles = "meter-emu: of single mistakes: "
    (line,) = [one for one in done.err.splitlines() if one.startswith(singles)]
    assert line.endswith("; pairs follow")
    assert pair not in line
    assert pair in " ".join(done.out.split())


@pytest.mark.slow("diagnoses")
def test_json_has_every_class_and_says_what_it_tried(diagnosed: Any) -> None:
    done = diagnosed("--json", "-")
    assert done.code == 0
    said = checked(done.out)
    assert said["fits"] is True
    assert said["pairs"] == 2
    builds = {one["build"] for row in said["classes"] for one in row["members"]}
    assert "reference+night-named-by-its-morning+reactivation-clears-one" in builds
    assert "error-8" in said["unexplained"]
    assert said["next_step"].startswith("Next (")


@pytest.mark.slow("runs a diagnosis from the command line")
def test_the_page_leads_from_each_sign_to_a_household(diagnosed: Any, folder: Path) -> None:
    done = diagnosed("--singles", "--report", str(folder / "page"))
    assert done.code == 0
    html = (folder / "page" / "index.html").read_text("utf-8")
    anchors = set(re.findall(r'href="#([^"]+)"', html))
    ids = set(re.findall(r' id="([^"]+)"', html))
    assert anchors <= ids
    assert any(anchor.startswith("class-1-household-") for anchor in anchors)
    assert "<script" not in html
    assert html.index("What would decide") < html.index("Reports against mistakes")


@pytest.mark.slow("runs a diagnosis from the command line")
def test_an_order_for_a_bench_can_be_rehearsed(diagnosed: Any, folder: Path, emu: Any) -> None:
    assert diagnosed("--singles", "--bench", str(folder / "bench")).code == 0
    files = sorted((folder / "bench").iterdir())
    assert files
    assert all(load_campaign(path).households for path in files)
    assert emu("rehearse", str(files[0])).code == 0


def test_a_surety_of_one_is_refused_in_one_line(emu: Any, tmp_path: Path) -> None:
    path = tmp_path / "sure.toml"
    path.write_text(text().replace("sure = 0.75", "sure = 1.0"), "utf-8")
    done = emu("diagnose", str(path))
    assert done.code == 2
    assert done.out == ""
    why = "observed 'error-8', source [9]: sure: expected more than 0 and less than 1"
    assert done.err.startswith(f"meter-emu: {path}: {why}")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("diagnose", "no-such-incident"), "none of the built-in incidents: ores-2020-07"),
        (("diagnose", "ores-2020-07", "--only", "end-exclusiv"), "did you mean 'end-exclusive'?"),
        (("diagnose", "ores-2020-07", "--samples", "0"), "0 is not in the range"),
    ],
)
def test_bad_input_is_one_line(emu: Any, words: tuple[str, ...], said: str) -> None:
    done = emu(*words)
    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1

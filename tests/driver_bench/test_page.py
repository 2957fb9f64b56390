"""The page on clock drivers: its first driver runs, its tables are the laws, words and chips."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from meter_emu.driver_bench.chips import BENCH_CHIPS
from meter_emu.driver_bench.declared import Declared
from meter_emu.driver_bench.driver import ROUTINES
from meter_emu.driver_bench.law import FindingRank
from meter_emu.driver_bench.mapped import mapped_chip
from meter_emu.driver_bench.verify_driver import DRIVER_LAWS
from tests.cli.outcome import runner
from tests.docs.pages import blocks, page, table

PAGE = page("docs/driver-under-test.md")


@pytest.mark.parametrize("rank", FindingRank)
def test_the_laws_are_those_there_are(rank: FindingRank) -> None:
    rows = [
        [law.id, ", ".join(law.needs), law.says] for law in DRIVER_LAWS.values() if law.rank is rank
    ]
    shown = [
        [cell.replace("`", "") for cell in row] for row in table(PAGE, rank.value, "of", "says")
    ]
    assert shown == rows


def test_routines_and_declared_words_are_those_there_are() -> None:
    listed = [row[0].strip("`").partition("(")[0] for row in table(PAGE, "routine", "gives")]
    assert sorted(listed) == sorted(ROUTINES)
    words = [row[0].strip("`") for row in table(PAGE, "declared", "default", "meaning")]
    assert words == [field.name for field in fields(Declared) if field.name != "name"]
    paragraph = PAGE.split("\nChips: ")[1].split("Others are a map")[0]
    assert set(re.findall(r"`([\w-]+)`", paragraph)) == set(BENCH_CHIPS)


@pytest.mark.slow("builds and runs drivers")
def test_the_first_driver_is_24_hours_ahead_at_midnight_and_the_map_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, mapped = blocks(PAGE, "python")
    (tmp_path / "drivers.py").write_text(first)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "drivers", raising=False)
    done = runner(monkeypatch, capsys)("verify", "--driver", "drivers:Mine")
    assert done.code == 1
    shown = blocks(PAGE, "text")[0].splitlines()[1:]
    assert done.out.splitlines()[: len(shown)] == shown
    assert (tmp_path / "counterexamples" / "torn-get-1.json").exists()
    text = re.search(r'registers = "([^"]+)"', mapped)
    assert text is not None
    assert mapped_chip(text[1]).TWELVE_HOUR == 0x80


def test_what_was_found_in_the_field_names_laws_that_there_are_and_is_judged() -> None:
    field = page("docs/found-in-the-field.md")
    drivers = table(
        field, "driver", "repository, revision", "file, digest", "laws, checks", "wrong dates"
    )
    assert len({(row[1], row[2]) for row in drivers}) >= 30
    for row in drivers:
        assert re.fullmatch(r"\S+ [0-9a-f]{12}", row[2]), row
        assert re.fullmatch(r"no wrong date|(true|debatable): \d(, debatable: \d)?", row[4]), row
    for row in table(field, "driver", "law", "finding", "where"):
        laws = re.sub(r"`| and (\w+ more|others)$", "", row[1]).split(", ")
        assert set(laws) <= set(DRIVER_LAWS), row
        assert re.search(r"\*\*(true|debatable)\*\*", row[2]), row
        assert re.search(r"lines? \d", row[3]) or "from lines" in row[3], row

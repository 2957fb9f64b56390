"""docs/timestamps.md, foreign-dumps.md, conformance.md: as the program is, and as it answers."""

import re
import shlex
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, get_args

import pytest

from card_protocol.timestamp.registry import CODECS
from meter_emu.foreign.checks import CheckKind
from meter_emu.foreign.layout_file import RawBits, RawCheck, RawField, RawLayout
from tests.cli.outcome import runner
from tests.docs.pages import page, section, table

ROOT = Path(__file__).parents[2]
TIMES, DUMPS = page("docs/timestamps.md"), page("docs/foreign-dumps.md")
HEAD = ("codec", "bytes", "step", "first", "last", "counted on", "special values", "cannot say",
        "source")  # fmt: skip
COMMANDS = re.compile(
    r"```sh\nmeter-emu (?P<line>.*?)  # exit status (?P<code>\d)\n```\n\n```text\n(?P<out>.*?)```",
    re.DOTALL,
)


def said(codec: Any) -> list[str]:
    special = "; ".join(f"{raw.hex().upper()} {meaning}" for raw, meaning in codec.specials)
    return [
        codec.name,
        str(codec.size_bytes),
        codec.step,
        str(codec.first),
        str(codec.last),
        codec.basis.value,
        special or "none",
        "; ".join(codec.cannot) or "-",
        codec.source,
    ]


def test_the_table_is_that_of_the_program() -> None:
    assert table(TIMES, *HEAD) == [said(codec) for codec in CODECS.values()]
    assert f"reads\nand writes {len(CODECS)} of them" in TIMES


def test_every_codec_has_a_row_of_conformance() -> None:
    text = section(page("docs/evidence/conformance.md"), "Timestamps")
    rows = table(text, "codec", "standard or source", "compared with", "deviation")
    patterns = [name.strip("` ") for row in rows for name in row[0].split(",")]
    for name in CODECS:
        assert sum(fnmatch(name, pattern) for pattern in patterns) == 1, name
    for pattern in patterns:
        assert any(fnmatch(name, pattern) for name in CODECS), pattern


@pytest.mark.parametrize("found", [*COMMANDS.finditer(TIMES), *COMMANDS.finditer(DUMPS)])
def test_a_command_answers_as_its_page_says(
    found: re.Match[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Every line of the page is a line of the answer, in its order; others may be between."""
    (tmp_path / "order.bin").write_bytes(
        (ROOT / "fixtures/dumps/state-grid-order.bin").read_bytes()
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    done = runner(monkeypatch, capsys)(*shlex.split(found["line"]))
    assert done.code == int(found["code"])
    rest = iter(line.rstrip() for line in done.out.splitlines())
    for line in found["out"].splitlines():
        assert any(line.rstrip() == one for one in rest), line


def test_the_dump_of_the_page_is_that_of_the_fixtures() -> None:
    (text,) = re.findall(r"^  ([0-9a-f]+) > order.bin$", DUMPS, re.MULTILINE)
    assert bytes.fromhex(text) == (ROOT / "fixtures/dumps/state-grid-order.bin").read_bytes()


def test_the_pages_have_their_commands() -> None:
    assert [len(COMMANDS.findall(text)) for text in (TIMES, DUMPS)] == [4, 1]


def test_the_tables_of_keys_are_those_of_the_file() -> None:
    keys = section(DUMPS, "The keys")
    tables = [re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE) for part in keys.split("| --- |")]
    shown = [set(rows) for rows in tables if rows]
    wanted = [set(kind.__struct_fields__) for kind in (RawLayout, RawField, RawBits, RawCheck)]
    assert shown == wanted
    for algorithm in get_args(CheckKind):
        assert f"`{algorithm}`" in keys

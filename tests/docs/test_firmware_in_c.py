"""docs/c-reference.md gives the bytes that the starter sends."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.outcome import runner
from tests.docs.pages import page, table
from tests.world.meter.host.compiling import starter

PAGE = page("docs/c-reference.md")


@pytest.mark.slow("runs what the page says", short=1)
@pytest.mark.parametrize(
    ("kind", "household"), [("a secure card", "june-29"), ("a plain card", "shown-twice")]
)
def test_the_sessions_on_the_page_are_what_the_starter_sends(
    kind: str,
    household: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    trace = tmp_path / "session.trace"
    words = ("--household", household, "--model", "electricity-pcf8563-utc", "--trace", str(trace))
    done = runner(monkeypatch, capsys)(
        "rehearse", "ores-2020-07", "--build", starter(tmp_path), *words
    )
    assert done.code == 0, done.err
    rows = [json.loads(line) for line in trace.read_text().splitlines()]
    first = [row["row"] for row in rows].index("off")
    sent = [row["command"].upper() for row in rows[:first] if row["row"] == "exchange"]
    said = [re.sub(r"[ `…]", "", row[0]) for row in table(PAGE, f"to {kind}", "what")]
    assert len(sent) == len(said)
    assert [command[: len(begins)] for command, begins in zip(sent, said, strict=True)] == said

"""A live meter's sitting is recorded, and another program can sit through it."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from meter_emu.cli import app
from tests.cli.outcome import Outcome
from tests.cli.sitting import MODEL
from tests.cli.test_run_lines import METER, THIRD, desk_writes

START = ("--rate", "max", "--start", "2020-06-29 07:00", "--load-w", "300")
SITTING = """insert a.card
advance 30s
remove
advance 1h
blue
power off
advance 5m
power on
appliances shut
red 4
insert a.card
advance 10s
remove
quit
"""


@pytest.fixture
def sit(monkeypatch, capsys, tmp_path):
    """Run a sitting over lines, in this process, in an empty folder with an armed card in it."""
    monkeypatch.chdir(tmp_path)

    def go(*args: str, lines: str = SITTING) -> Outcome:
        from meter_emu.desk.desk import Work

        card = tmp_path / "a.card"
        card.unlink(missing_ok=True)
        desk_writes(card, Work(defer_until=THIRD, cut_at=THIRD, load_cents=2_000))
        (tmp_path / "lines").write_text(lines)
        monkeypatch.setattr(sys, "argv", ["meter-emu", "run", *args])
        capsys.readouterr()
        with (tmp_path / "lines").open() as typed, monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", typed)
            code = app.run()
        return Outcome(code, *capsys.readouterr())

    return go


def test_a_sitting_is_recorded_and_says_the_same_again(sit, emu):
    plain = sit(MODEL, *START)
    done = sit(MODEL, *START, "--trace", "sat.trace")
    assert (done.code, done.out) == (0, plain.out)
    rows = [json.loads(line) for line in Path("sat.trace").read_text().splitlines()]
    did = [row["what"] for row in rows if row["row"] == "done"]
    assert did == ["blue button", "supply off", "supply on", "appliances shut", "red button"]
    assert [row["card"] for row in rows if row["row"] == "insert"] == ["a.card"] * 2
    again = emu("trace", "replay", "sat.trace")
    exchanges = sum(row["row"] == "exchange" for row in rows)
    assert again.out == f"sat.trace: reference: {exchanges} commands as recorded\n"
    other = emu("trace", "replay", "sat.trace", "--build", "reference+end-exclusive")
    assert other.code == 1
    assert "instead of" in other.out


def test_the_image_a_meter_began_with_is_asked_for_when_it_has_changed(sit, emu):
    made = emu("image", "new", "m.img", "--model", MODEL, "--meter-id", str(METER))
    assert made.code == 0, made.err
    kept = Path("kept.img")
    kept.write_bytes(Path("m.img").read_bytes())
    done = sit("--image", "m.img", *START, "--trace", "sat.trace")
    assert done.code == 0, done.err
    why = emu("trace", "replay", "sat.trace").complains()
    assert "m.img is not what it was when this began: give a copy with --image" in why
    again = emu("trace", "replay", "sat.trace", "--image", "kept.img")
    assert (again.code, again.err) == (0, "")
    assert "commands as recorded" in again.out
    kept.unlink()
    assert "kept.img" in emu("trace", "replay", "sat.trace", "--image", "kept.img").complains()


def test_an_image_without_a_start_begins_where_its_clock_stands(sit, emu):
    emu("image", "new", "m.img", "--model", MODEL, "--meter-id", str(METER))
    Path("kept.img").write_bytes(Path("m.img").read_bytes())
    done = sit("--image", "m.img", "--rate", "max", "--trace", "sat.trace")
    assert done.code == 0, done.err
    assert emu("trace", "replay", "sat.trace", "--image", "kept.img").code == 0


def test_no_key_is_in_the_trace_of_a_sitting(sit, tmp_path):
    key = tmp_path / "key"
    key.write_text("0123456789abcdef0123456789abcdef\n")
    sit(MODEL, *START, "--master-key", str(key), "--trace", "sat.trace")
    text = Path("sat.trace").read_text("ascii")
    assert '"key_file"' in text
    assert "0123456789abcdef" not in text.lower()


def test_an_origin_that_is_none_is_one_line(sit, emu):
    sit(MODEL, *START, "--trace", "sat.trace", lines="quit\n")
    raw = Path("sat.trace").read_text()
    Path("odd.trace").write_text(raw.replace('"seed":0', '"seed":"x"'))
    assert "line 1: Expected `int`" in emu("trace", "replay", "odd.trace").complains()
    Path("odd.trace").write_text(raw.replace(MODEL, "toaster"))
    assert "toaster" in emu("trace", "replay", "odd.trace").complains()


@pytest.mark.slow("plays a trace in each example")
@pytest.mark.parametrize("build", ["reference", "reference+end-exclusive"])
def test_any_trace_is_played_or_refused_in_one_line(sit, emu, build):
    """Rows dropped, doubled, swapped and filled with what does not belong there."""
    sit(MODEL, *START, "--trace", "sat.trace")
    lines = Path("sat.trace").read_text().splitlines()
    fate = Random(7)
    statuses = set()
    for _ in range(40):
        mutated = [json.loads(line) for line in lines]
        for _ in range(fate.randint(1, 3)):
            at = fate.randrange(len(mutated))
            other = fate.randrange(len(mutated))
            fate.choice(MUTATIONS)(mutated, at, other, fate)
        Path("odd.trace").write_text("".join(json.dumps(row) + "\n" for row in mutated))
        done = emu("trace", "replay", "odd.trace", "--build", build)
        statuses.add(done.code)
        assert done.code in {0, 1, 2}
        assert "Traceback" not in done.err
        assert done.err.count("\n") <= 1
    assert {1, 2} <= statuses


ODD_VALUES: list[object] = [
    None,
    "",
    "xx",
    "00",
    -1,
    0,
    2**40,
    4_000_000_000_000_000,
    2**70,
    "red button",
    [],
    {},
]


def _field(rows, at, other, fate):
    row = rows[at]
    origin = row.get("origin", row)
    origin[fate.choice(list(origin))] = fate.choice(ODD_VALUES)


def _swap(rows, at, other, fate):
    rows[at], rows[other] = rows[other], rows[at]


def _double(rows, at, other, fate):
    rows.insert(other, dict(rows[at]))


def _drop(rows, at, other, fate):
    if len(rows) > 1:
        del rows[at]


MUTATIONS: list[Callable[..., None]] = [_field, _field, _swap, _double, _drop]

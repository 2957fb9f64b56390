"""Each hint on the screen does what it says, as a new user reads and types it, at four widths."""

import os
import re
import subprocess
import sys
from functools import partial

import pytest

from meter_emu.cli.live.screen import KEYS
from tests.cells import each_cell
from tests.cli.sitting import ESCAPES, Sitting
from tests.docs.pages import ROOT

# What is typed for each key of the bar, in an order a person might take, and what is then seen.
DONE = (
    ("r", "key         red"),
    ("b", "key         blue"),
    ("R", "key held    red"),
    ("B", "key held    blue"),
    ("x", "▐      ▌"),
    ("o", ":office [reactivate]_"),
    ("\r", "desk        reactivate"),
    ("i", ":insert [home.card]_"),
    ("\r", "CARD 01 EXECUTED"),
    ("a", "appliances shut"),
    ("p", "power lost"),
    ("u", "again; rate 1"),
    ("+", "real time"),
    ("-", "real time"),
    ("n", "true time 2020-07-04 02:0"),
    ("z", "! 'z' is no key"),
    ("l", "any other key"),
    ("l", "true time"),
    ("h", "save and leave"),
    ("h", "true time"),
    (":", ":_"),
    ("show\r", "next      2020-07-0"),
    ("s", ":save [meter.image]_"),
    ("\r", "saved meter.image"),
)


@pytest.mark.slow("starts commands")
@each_cell("columns", [60, 80, 120, 200], short=1)
def test_each_hint_does_what_it_says(columns, tmp_path_factory):
    folder = tmp_path_factory.mktemp("seat")
    with Sitting(cwd=folder, terminal=True, columns=columns) as sitting:
        sitting.type("b")  # before anything is drawn: nothing that is typed is lost
        first = sitting.wait_for(lambda said: "q  quit" in said.rpartition("all words")[2])
        for keys, what in KEYS:
            assert f" {keys}  {what}" in first, keys
        for ends in ("deferral ends T1 2020-07-03 23:01", "programmed cut T2 2020-07-03 23:01"):
            assert ends in first
        sitting.type("l")
        page = sitting.wait_for("any other key")
        assert "key         blue" in page
        assert re.search(r"/\S+/home\.card", page), "the card's file is on one line"
        sitting.type("l")
        for typed, seen in DONE:
            before = len(sitting.raw)
            sitting.type(typed)
            sitting.wait_for(partial(said_since, sitting, before, seen))
        assert {typed for typed, _ in DONE} >= {key for keys, _ in KEYS for key in keys.split()} - {
            "q"
        }
        sitting.type("q")
        assert sitting.end() == 0
    assert (folder / "meter.image").exists()


def said_since(sitting: Sitting, before: int, seen: str, _said: str) -> bool:
    return seen in shown(sitting.raw[before:])


def shown(raw: bytes) -> str:
    return ESCAPES.sub("", raw.decode("utf-8", "replace"))


@pytest.mark.slow("starts commands")
def test_the_folder_of_its_card_goes_with_the_command(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "meter_emu", "run", "--lines", "--rate", "max"],
        capture_output=True, check=True, cwd=ROOT, env={**os.environ, "TMPDIR": str(tmp_path)},
        input="quit\n", text=True,
    )  # fmt: skip
    assert f"{tmp_path}/" in done.stdout + done.stderr, "it was there"
    assert list(tmp_path.iterdir()) == []

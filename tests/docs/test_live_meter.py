"""The page on the live meter: its picture, its script, its words and its keys are what there is."""

import io
import re
import shlex
import sys

import pytest
from rich.console import Console

from card_protocol.timestamp import Civil
from meter_emu.cli import app
from meter_emu.cli.live.screen import KEY_COMMANDS, Log, picture
from meter_emu.cli.live.start import CardFiles
from meter_emu.cli.run import run
from meter_emu.desk.desk import Work
from meter_emu.sitting.cards import FileCards
from meter_emu.sitting.commands import RATES, WORDS
from meter_emu.sitting.premises import OwnMeter
from meter_emu.sitting.sitting import Sitting
from meter_emu.sitting.view import event_line
from tests.docs.pages import blocks, page, section, table
from tests.rigs import rig_of

PAGE = page("docs/live-meter.md")
START_US = 1_593_406_800_000_000  # 29 June 2020 07:00 in Brussels
METER = 541_000_000_001


@pytest.fixture
def rig(tmp_path, monkeypatch):
    """A folder with the armed card of the page."""
    made, when = rig_of(start_us=START_US), Civil(2020, 7, 3, 23, 1)
    card = made.first_card(issued_at_min=10_741_440)
    made.serve(card, Work(defer_until=when, cut_at=when), 10_741_440)
    (tmp_path / "home.card").write_bytes(card.image.to_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_picture_is_what_a_terminal_of_80_columns_shows(rig):
    made = rig_of(start_us=START_US, load=400)
    wall_ns, log = 0, Log()
    session = Sitting(
        OwnMeter(made), FileCards(CardFiles(), made.challenge), CardFiles(), rate=1,
        held=None, say=log.say, wall_ns=lambda: wall_ns,
        take=lambda event: log.say(event_line(event, made.zone)),
    )  # fmt: skip

    def wait(wait_ns: int) -> None:
        nonlocal wall_ns
        wall_ns += wait_ns

    session.wait = wait
    session.begin()
    for key in ("insert home.card", "blue", "blue"):
        session.type_in(key)
    console = Console(file=io.StringIO(), width=80, height=24, color_system=None)
    title, said = f"{made.household.model.name}  reference", list(log.lines)
    console.print(picture(session.view(), title, said, None, console.options))
    session.close()
    assert isinstance(console.file, io.StringIO)
    drawn = [line.rstrip() for line in console.file.getvalue().splitlines()]
    assert blocks(PAGE, "text", "screen")[0].splitlines() == drawn


def test_the_script_says_what_the_page_shows(rig, monkeypatch, capsys):
    (rig / "july.txt").write_text(blocks(PAGE, "text", "july.txt")[0])
    (_, line) = blocks(PAGE, "sh")
    command, _, script = line.strip().partition(" < ")
    monkeypatch.setattr(sys, "argv", shlex.split(command))
    with (rig / script).open() as typed:
        monkeypatch.setattr(sys, "stdin", typed)
        assert app.run() == 0
    assert blocks(PAGE, "text", "lines")[0] == capsys.readouterr().out


def test_the_words_and_keys_are_those_there_are():
    words = [row[0] for row in table(PAGE, "command", "what it does")]
    assert words == [f"{word} {order.takes}".strip() for word, order in WORDS.items()]
    rows = [line.split(" | ") for line in section(PAGE, "The screen").splitlines()]
    cells = " ".join(f"{row[0]} {row[2]}" for row in rows if row[0].startswith("| `"))
    keys = re.findall(r"`(\S)`", cells)
    assert sorted(keys) == sorted([*KEY_COMMANDS, "l"])
    assert ", ".join(map(str, RATES)) in PAGE


def test_every_option_is_on_the_page():
    shown = set(re.findall(r"`(--[a-z0-9-]+)", PAGE))
    assert {option for param in run.params for option in param.opts if option[0] == "-"} <= shown

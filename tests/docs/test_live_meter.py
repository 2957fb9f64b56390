"""The page on the live meter: its picture, its script, its words and its keys are what there is."""

import io
import re
import shlex
import sys
from random import Random

import pytest
from rich.console import Console

from card_protocol.card.make import card_of
from card_protocol.timestamp import Civil
from meter_emu.cli import app
from meter_emu.cli.live.commands import RATES, WORDS
from meter_emu.cli.live.session import LiveSession
from meter_emu.cli.live.slot import FileSlot
from meter_emu.cli.live.terminal import KEY_COMMANDS, Log, picture
from meter_emu.cli.live.view import event_line
from meter_emu.cli.run import run
from meter_emu.desk.bench_key import BENCH_MASTER_KEY
from meter_emu.desk.desk import Desk, Work
from meter_emu.resources import find
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.install import Installation, install
from meter_emu.world.meter.model import load_model
from tests.docs.pages import blocks, page, section, table

PAGE = page("docs/live-meter.md")
START_US = 1_593_406_800_000_000  # 29 June 2020 07:00 in Brussels
METER = 541_000_000_001


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder with the armed card of the page."""
    desk = Desk(BENCH_MASTER_KEY, challenge=Random(1).randbytes)
    card = card_of(desk.issue(METER, issued_at_min=10_741_440), Random(2).randbytes)
    when = Civil(2020, 7, 3, 23, 1)
    card.power_on()
    desk.serve(card.transmit, Work(defer_until=when, cut_at=when), issued_at_min=10_741_440)
    card.power_off()
    (tmp_path / "home.card").write_bytes(card.image.to_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_picture_is_what_a_terminal_of_80_columns_shows(home):
    model, build, fate = (
        load_model(find("meters", "electricity-pcf8563-utc")), parse_build("reference"), Random(0),
    )  # fmt: skip
    new = Installation(
        meter_id=METER, balance_cents=2_000, load=(400,) * 24, clock_error_us=0, drift_ppb=0,
        clock_set_us=START_US,
    )  # fmt: skip
    board = install(model, build, new, master=BENCH_MASTER_KEY, now_us=START_US, fate=fate)
    wall_ns, log = 0, Log()
    session = LiveSession(
        board, model, build, FileSlot(fate), rate=1, held=None, say=log.say,
        take=lambda event: log.say(event_line(event, model.zone)), wall_ns=lambda: wall_ns,
    )  # fmt: skip

    def wait(wait_ns: int) -> None:
        nonlocal wall_ns
        wall_ns += wait_ns

    session.wait = wait
    session.begin()
    for key in ("insert home.card", "blue", "blue"):
        session.type_in(key)
    console = Console(file=io.StringIO(), width=80, height=24, color_system=None)
    title, said = f"{model.name}  {build.name}", list(log.lines)
    console.print(picture(session.view(), title, said, None, console.options))
    assert isinstance(console.file, io.StringIO)
    drawn = [line.rstrip() for line in console.file.getvalue().splitlines()]
    assert blocks(PAGE, "text screen")[0].splitlines() == drawn


def test_the_script_says_what_the_page_shows(home, monkeypatch, capsys):
    (home / "july.txt").write_text(blocks(PAGE, "text july.txt")[0])
    (_, line) = blocks(PAGE, "sh")
    command, _, script = line.strip().partition(" < ")
    monkeypatch.setattr(sys, "argv", shlex.split(command))
    with (home / script).open() as typed:
        monkeypatch.setattr(sys, "stdin", typed)
        assert app.run() == 0
    assert blocks(PAGE, "text lines")[0] == capsys.readouterr().out


def test_the_words_and_keys_are_those_there_are():
    words = [row[0] for row in table(PAGE, "command", "what it does")]
    assert words == [f"{word} {order.takes}".strip() for word, order in WORDS.items()]
    rows = [line.split(" | ") for line in section(PAGE, "The screen").splitlines()]
    cells = " ".join(f"{row[0]} {row[2]}" for row in rows if row[0].startswith("| `"))
    keys = re.findall(r"`(\S)`", cells)
    assert sorted(keys) == sorted(KEY_COMMANDS)
    assert ", ".join(map(str, RATES)) in PAGE


def test_every_option_is_on_the_page():
    told = set(re.findall(r"`(--[a-z0-9-]+)", PAGE))
    assert {option for param in run.params for option in param.opts if option[0] == "-"} <= told

"""docs/card-serve.md: options, commands, lines and limits are the program's."""

import re
from pathlib import Path

import click

from card_protocol.serve.pcscd import PORT_VARIABLE
from card_protocol.serve.vpcd import HOST, MESSAGE_SIZE_MAX, PORT, Control
from meter_emu.cli import plugging
from meter_emu.cli.card import card
from meter_emu.cli.held import WAIT_S
from tests.docs.pages import ROOT, page, table

PAGE = page("docs/card-serve.md")
SOURCE = "".join(
    (ROOT / "meter_emu" / "cli" / name).read_text("utf-8") for name in ("plugging.py", "serve.py")
)


def test_the_options_and_their_defaults_are_the_verbs() -> None:
    command = card.commands["serve"]
    options = {
        name: option
        for option in command.params
        if isinstance(option, click.Option)
        for name in option.opts
    }
    rows = {
        row[0].split()[0]: row[2] for row in table(PAGE, "option", "what it says", "without it")
    }
    assert rows.keys() == options.keys()
    assert rows["--port"] == str(options["--port"].default) == str(PORT)
    assert f"`{options['--port'].envvar}` says it too" in PAGE
    assert options["--port"].envvar == PORT_VARIABLE
    assert rows["--host"] == options["--host"].default == HOST


def test_the_commands_are_those_it_obeys() -> None:
    rows = {row[0] for row in table(PAGE, "typed, or sent by a program", "does")}
    assert rows == set(re.findall(r'^            "(\w+)": ', SOURCE, re.MULTILINE))


def test_the_lines_are_those_it_says() -> None:
    said = re.findall(r'(?:say|_say_once)\(f?"([^"{]+)|why = "(connected, but)', SOURCE)
    starts = {row[0] for row in table(PAGE, "begins with", "means")}
    shown = {start for start in starts if any("".join(one).startswith(start) for one in said)}
    assert shown == starts


def test_the_limits_are_those_of_the_code() -> None:
    assert f"every {plugging.RETRY_S} s" in PAGE
    assert f"`insert` waits {plugging.RETRY_S} s" in PAGE
    assert f"wait {WAIT_S:.0f} s for it" in PAGE
    assert f"up to {MESSAGE_SIZE_MAX:,} bytes" in PAGE
    first, second, third = sorted(set(Control) - {Control.GET_ATR})
    assert f"{first:02}, {second:02} and {third:02} then have no answer" in PAGE


def test_the_command_that_runs_others_is_there() -> None:
    assert Path(ROOT, "tests/pcsc/inside.py").exists()

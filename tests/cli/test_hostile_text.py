"""Text of somebody else's in every option and file never steers a terminal: it is escaped."""

import io
import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from time import sleep

import click
import pytest
from rich.console import Console

from meter_emu.cli.live.screen import log_page, picture
from meter_emu.resources import toml_of
from meter_emu.sitting.commands import WORDS
from tests.bounds import HANG_S
from tests.cells import drawn
from tests.cli.test_commands import LEAVES
from tests.cli.test_run_screen import DARK
from tests.world.meter.host.compiling import linked

TORTURES = Path(__file__).parents[1] / "world" / "meter" / "host" / "tortures.c"
# Clears a screen, renames a window, writes backwards, hides in tags, ends a line, is no text.
HOSTILE = "x\x1b[2J\x1b]0;t\x07\x9b1m\u202eegac\u2066\u200b\U000e0041\r\x7f"
HOSTILE_SHOWN = {"says": "x\\x1b[2J", "shows": "x?[2J?]0;t?"}
PLAIN_CONTROLS = {"\n", "\t"}
# These go on for ever where their words are right: what ends them, and what they get that far with.
ENDING = {
    "run": ("--lines",),
    "card serve": ("--out",),  # and 0 seconds of waiting
    "fuzz run": ("--runs", "1", "--jobs", "1", "--no-coverage"),
}
RIGHT = {
    "run": {"meter": "electricity-pcf8563-utc"},
    "card serve": {"file": "../home.card"},
    "fuzz run": {"target_ids": "tlv"},
}


def steering(text: str) -> set[str]:
    """Return the characters that a terminal would obey, or a person not see."""
    return {char for char in text if not char.isprintable() and char not in PLAIN_CONTROLS}


def takes_text(parameter: click.Parameter) -> bool:
    """Whether a value of any characters gets past the parser of the command line."""
    flag = isinstance(parameter, click.Option) and (parameter.is_flag or parameter.count)
    return not flag and parameter.expose_value


def words_of(path: str, hostile: click.Parameter) -> list[str]:
    """Return words with hostile text in one parameter, and something in what has to be there."""
    command, arguments = LEAVES[path], []
    words = [*ENDING.get(path, ())]
    for parameter in command.params:
        waits = parameter.name == "wait_s"  # for a card or a reader: `card relay` does so for ever
        right = RIGHT.get(path, {}).get(parameter.name or "")
        if parameter is not hostile and not (parameter.required or waits or right):
            continue
        value = HOSTILE if parameter is hostile else right or _something(parameter)
        many = [value] * max(1, parameter.nargs)
        if isinstance(parameter, click.Argument):
            arguments += many
        else:
            words += [parameter.opts[0], *many]
    return [*words, "--", *arguments]


def _something(parameter: click.Parameter) -> str:
    if isinstance(parameter.type, click.Choice):
        return str(parameter.type.choices[0])
    return {"wait_s": "0", "meter_id": "1", "eur": "5", "at": "2020-06-02 10:00"}.get(
        parameter.name or "", "1"
    )


CASES = [
    (path, parameter)
    for path, command in LEAVES.items()
    for parameter in command.params
    if takes_text(parameter)
]


@contextmanager
def ends(what: str, within_s: float = HANG_S) -> Iterator[None]:
    """Fail the test when the block has not ended within `within_s`, also where it waits."""

    def fail(_number: int, _frame: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, within_s)  # again: a finaliser drops an error
        pytest.fail(f"{what} does not end")

    before = signal.signal(signal.SIGALRM, fail)
    try:
        signal.setitimer(signal.ITIMER_REAL, within_s)
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_there_is_much_to_try():
    assert len(CASES) > 150


@pytest.mark.slow("60 of the options of all commands")
def test_no_command_lets_hostile_text_through(emu, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    emu("card", "new", "home.card", "--meter-id", "1")
    let_through, typed = [], tmp_path / "typed"
    typed.write_text(f"save {HOSTILE}\n")
    for number in drawn(len(CASES), short=60):  # 50 ms each
        path, parameter = CASES[number]
        (folder := tmp_path / str(number)).mkdir()
        monkeypatch.chdir(folder)
        with ends(f"{path} {parameter.name}"), typed.open(newline="") as lines:
            monkeypatch.setattr(sys, "stdin", lines)
            done = emu(*path.split(), *words_of(path, parameter))
        for stream, text in (("out", done.out), ("err", done.err)):
            if steering(text):
                let_through.append(f"{path} {parameter.name}: {stream} {text[:80]!r}")
        assert "Traceback" not in done.err, (path, parameter.name)
    assert let_through == []


def test_hostile_lines_are_said_escaped(emu, tmp_path, monkeypatch):
    """Typed at a live meter, and in its script."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("meter_emu.cli.held.WAIT_S", 0.1)  # of a card that is in its own slot
    text = HOSTILE.replace("\r", "")
    typed = tmp_path / "typed"
    words = "".join(f"{word} {text}\n{word} {text} {text}\n" for word in (*WORDS, text))
    typed.write_text(f"remove\ninsert {text}\nadvance 1m\n{words}")
    emu("card", "new", text, "--meter-id", "1")
    for more in ([], ["--script", str(typed)], ["--json", "-"], ["--trace", "-"]):
        with typed.open() as lines:
            monkeypatch.setattr(sys, "stdin", lines)
            done = emu("run", "--lines", *more)
        told = [json.loads(line) for line in done.out.splitlines() if "--json" in more]
        assert not told or any(HOSTILE[:9] in event["detail"] for event in told)
        assert not steering(done.out + done.err)
        assert "Traceback" not in done.err


@pytest.mark.parametrize("page", [False, True])
def test_the_screen_of_a_live_meter_shows_hostile_text_escaped(page):
    """In its title, its display, its slot, its log and what is being typed: a name completed."""
    out = io.StringIO()
    console = Console(file=out, width=400, height=30, force_terminal=False)
    view = replace(DARK, display=HOSTILE, card=HOSTILE, supply=HOSTILE)
    options, said = console.options, [HOSTILE, f"! {HOSTILE}"]
    console.print(
        log_page(said, 0, options) if page else picture(view, HOSTILE, said, HOSTILE, options)
    )
    assert out.getvalue().count("\\x1b[2J") == (2 if page else 7)
    assert not steering(out.getvalue())


# Each runs a program of somebody else's, and some show what it said or has on its display.
RUNS_A_PROGRAM = {
    "rehearse": "rehearse ores-2020-07 --household never-back --jobs 1 --build",
    "events": "rehearse ores-2020-07 --household never-back --jobs 1 --events -v --build",
    "json": "rehearse ores-2020-07 --household never-back --jobs 1 --events --json - --build",
    "page": "rehearse ores-2020-07 --household never-back --jobs 1 --report page --build",
    "junit": "rehearse ores-2020-07 --household never-back --jobs 1 --junit page/j.xml --build",
    "verify": "verify --examples 2 --jobs 1 --model electricity-pcf8563-utc",
    "explore": "explore --depth 1 --jobs 1",
    "cuts": "explore --cuts 1 --jobs 1",
    "distinguish": "distinguish --examples 2 --model electricity-pcf8563-utc reference",
    "run": "run electricity-pcf8563-utc --lines --rate max --build",
    "fuzz": "fuzz run stories --runs 1 --jobs 1 --no-coverage --build",
    "driver": "verify --examples 2 --driver",
}


@pytest.fixture(scope="module")
def hostile_program(tmp_path_factory):
    """Return the path of a program, by what it does with hostile text."""
    folder = tmp_path_factory.mktemp("programs")
    made = linked([TORTURES], folder / "tortures", "-w")

    def of(what: str) -> str:
        path = folder / f"{what}_escapes"
        if not path.exists():
            path.hardlink_to(made)
        return str(path)

    return of


class HostileDriver:
    """A clock driver whose errors steer a terminal."""

    def get(self) -> None:
        raise RuntimeError(HOSTILE)

    def due(self, *_arguments: object) -> None:
        raise RuntimeError(HOSTILE)


@pytest.mark.slow("rehearses and explores programs in processes of their own", short=1)
@pytest.mark.parametrize("what", ["says", "shows"])
def test_what_a_program_says_steers_nothing(what, hostile_program, emu, tmp_path, monkeypatch):
    """On its standard error and on its display: in the terminal, in JSON and on the page."""
    monkeypatch.chdir(tmp_path)
    (typed := tmp_path / "typed").write_text("advance 1m\n")
    (tmp_path / "page").mkdir()
    quoted = {}
    for name, words in RUNS_A_PROGRAM.items():
        program = f"{__name__}:HostileDriver" if name == "driver" else hostile_program(what)
        with ends(name), typed.open() as lines:
            monkeypatch.setattr(sys, "stdin", lines)
            done = emu(*words.split(), program)
        text = done.out + done.err
        for path in (tmp_path / "page").iterdir():
            text += path.read_text("utf-8").replace("\N{NO-BREAK SPACE}", " ")  # of the page
            path.unlink()
        assert not steering(text), (name, done.out, done.err)
        assert "Traceback" not in done.err
        quoted[name] = HOSTILE_SHOWN[what] in text.replace("\\\\", "\\")
    # The others say no more than how it ended, or do not come to show its display.
    assert {"events", "json", "page"} <= {name for name, there in quoted.items() if there}


@pytest.mark.parametrize("command", ["account", "load", "read"])
def test_a_card_whose_file_has_a_hostile_name_is_said_escaped(command, emu, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = HOSTILE.replace("/", "")
    made = emu("card", "new", name, "--meter-id", "1")
    more = ["--eur", "5"] if command == "load" else []
    done = emu("desk", command, name, *more)
    shown = emu("card", "show", name)
    for text in (made.out, made.err, done.out, done.err, shown.out, shown.err):
        assert not steering(text)
    assert Path(name).exists()


@pytest.mark.parametrize("where", ['x = "{}"', '[[a]]\nid = "{}"', '"{}" = 1', 'x = ["a", "{}"]'])
def test_hostile_text_in_a_file_is_refused_where_it_is_decoded(where):
    for text in ("\\u001b[2J", "\\u202e", "\\U000e0041", "\\u009b", "\u202e", "\U000e0041"):
        with pytest.raises(ValueError, match="U\\+"):
            toml_of(where.replace("{}", text))


def for_ever() -> None:
    with suppress(pytest.fail.Exception):  # as a finaliser that the first alarm meets
        while True:
            sleep(0.001)
    while True:  # not `pause`: one that begins just after the alarm never ends
        sleep(0.001)  # Python looks for signals after it; a loop of nothing once missed its own


def test_the_check_can_fail():
    with pytest.raises(pytest.fail.Exception, match="a loop does not end"), ends("a loop", 0.05):
        for_ever()
    assert steering(HOSTILE) >= {"\x1b", "\x07", "\x9b", "\u202e", "\U000e0041"}
    assert steering("Zoé\n\t") == set()

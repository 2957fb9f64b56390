"""The live meter in a terminal: what it shows, what its keys do, and how the terminal is left."""

import io
import os
import pty
import re
import signal
import termios
from contextlib import suppress

import pytest
from rich.console import Console

from meter_emu.cli.live.screen import KEY_COMMANDS, KEYS, Prompt, completed, picture, single_keys
from meter_emu.ports import Lamp
from meter_emu.sitting.commands import RATES, WORDS, parse_command, rate_of
from meter_emu.sitting.view import View, legal_words, rate_words, span_words
from meter_emu.world.meter.image import image_of
from meter_emu.zones import BELGIAN
from tests.bounds import HANG_S
from tests.cells import each_cell
from tests.cli.sitting import JUNE, MODEL, Sitting
from tests.forked import ran
from tests.rigs import rig_of

LEFT = b"\x1b[?1049l"  # the alternate screen, xterm
CURSOR = b"\x1b[?25h"
NOW_US = 1_593_406_800_000_000  # 29 June 2020 07:00 in Brussels
DARK = View(
    now_us=NOW_US, rate=60, display="", lamps=Lamp(0), beep_count=0, supply="off, 0 W",
    balance_ueur=None, card="none", known=None, chip_clock=None, zone=BELGIAN,
)  # fmt: skip


def assert_given_back(sitting: Sitting) -> None:
    assert termios.tcgetattr(sitting.inner) == sitting.mode_before
    assert sitting.raw.rindex(LEFT) > sitting.raw.rindex(b"\x1b[?1049h")
    assert sitting.raw.rindex(CURSOR) > sitting.raw.rindex(b"\x1b[?25l")


@pytest.mark.slow("a sitting in a process of its own")
def test_leaving_what_is_saved_nowhere_is_asked_for_twice(tmp_path):
    with Sitting(MODEL, *JUNE, cwd=tmp_path, terminal=True) as sitting:
        sitting.wait_for("quit")
        sitting.type("p")
        sitting.wait_for("power lost")
        sitting.type("q")
        sitting.wait_for("! this meter is saved nowhere")
        sitting.type("sh.image\r")
        sitting.wait_for("saved h.image")
        sitting.type("q")
        assert sitting.end() == 0
    with Sitting(MODEL, *JUNE, cwd=tmp_path, terminal=True) as sitting:
        sitting.wait_for("quit")
        sitting.type("p")
        sitting.wait_for("power lost")
        sitting.type("q")
        sitting.wait_for("! this meter is saved nowhere")
        assert sitting.process.poll() is None
        sitting.type("q")
        assert sitting.end() == 0


@pytest.mark.slow("a sitting in a process of its own")
def test_run_alone_is_the_evening_of_the_announced_cut(tmp_path):
    """The office can reactivate the card in another process, and the cut does not come."""
    quarter = ("--rate", "max", "--lines")
    with Sitting(*quarter, cwd=tmp_path) as sitting:
        said = sitting.wait_for("all words")
        assert "T2 2020-07-03 23:01" in said or "cut at 2020-07-03 23:01" in said
        sitting.type("until 23:30\nshow\nquit\n")
        assert sitting.end() == 0
        assert "OFF: CUT AS OF 2020-07-03 23:01" in sitting.said
    with Sitting(*quarter, cwd=tmp_path) as sitting:
        file = re.search(r"/\S+home\.card", sitting.wait_for("all words"))
        assert file is not None
        sitting.type("until 22:52\nremove\n")
        ran("desk", "reactivate", file[0], "--issued-at", "2020-07-03 22:50").check_returncode()
        sitting.type(f"insert {file[0]}\nuntil 4 July 12:00\nshow\nquit\n")
        assert sitting.end() == 0
        assert "OFF" not in sitting.said
        assert "true time 2020-07-04 12:00:00" in sitting.said
    assert list(tmp_path.iterdir()) == []  # nothing is left where one stood


@pytest.mark.slow("a process with a terminal")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_gives_the_terminal_back(number, tmp_path):
    with Sitting(MODEL, *JUNE, cwd=tmp_path, terminal=True, controlled=True) as sitting:
        sitting.wait_for("quit")
        if number == signal.SIGINT:
            # Alone: a terminal throws away what was not read from it when it gets to Ctrl-C, and a
            # signal sent besides could have the sitting say its last words before that.
            sitting.type("\x03")
        else:
            sitting.process.send_signal(number)
        assert sitting.end() == 128 + number
        assert_given_back(sitting)


@pytest.mark.slow("a sitting in a process of its own")
def test_a_terminal_that_goes_away_ends_the_sitting(tmp_path):
    rig = rig_of(start_us=NOW_US, meter_id=1, balance_cents=0)
    image = tmp_path / "m.image"
    image.write_bytes(before := image_of(rig.board, rig.household.model))
    with Sitting("--image", image, cwd=tmp_path, terminal=True) as sitting:
        sitting.wait_for("quit")
        sitting.hang_up()
        assert sitting.process.wait(HANG_S) == 3, "saved, and nobody saw that"
    assert image.read_bytes() != before


def test_after_an_error_the_terminal_is_as_it_was():
    outer, inner = pty.openpty()
    try:
        before = termios.tcgetattr(inner)
        with suppress(RuntimeError), single_keys(inner):
            assert termios.tcgetattr(inner) != before
            raise RuntimeError("of ours")
        assert termios.tcgetattr(inner) == before
    finally:
        for fd in (outer, inner):
            with suppress(OSError):
                os.close(fd)


def drawn(view: View, width: int, height: int, said: list[str], asked: str | None = None) -> str:
    console = Console(file=io.StringIO(), width=width, height=height, color_system=None)
    console.print(picture(view, MODEL, said, asked, console.options))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@each_cell(("width", "height"), [(80, 24), (120, 40), (200, 60), (72, 20)])
def test_the_picture_is_as_large_as_the_terminal(width, height):
    lines = drawn(DARK, width, height, [f"line {n} {'x' * 200}" for n in range(100)]).splitlines()
    assert len(lines) == height
    assert max(map(len, lines)) <= min(width, 120)
    assert any("line 99" in line for line in lines)  # the last that was said is seen


@each_cell(("width", "height"), [(80, 24), (60, 15), (30, 6)])
def test_a_command_being_typed_is_seen_where_the_keys_were(width, height):
    lines = drawn(DARK, width, height, ["a line"], "insert ho").splitlines()
    assert len(lines) == height
    assert lines[-1] == ":insert ho_"
    lines = drawn(DARK, width, height, ["a line"], f"insert {'a' * 200}.card").splitlines()
    assert lines[-1].startswith(":…a")
    assert lines[-1].endswith("a.card_")
    assert len(lines[-1]) == width


@each_cell("width", [80, 60, 46])
def test_the_reason_at_the_end_of_a_line_and_the_time_are_seen_in_a_narrow_terminal(width):
    why = "! expected one of red, blue, insert, remove, power, appliances, rate, advance, got 'foo'"
    shown = drawn(DARK, width, 24, [why])
    assert "'foo'" in shown
    assert legal_words(DARK.now_us, BELGIAN) in shown
    assert rate_words(DARK.rate) in shown


@each_cell(("width", "height"), [(1, 1), (2, 2), (4, 3), (20, 4)])
def test_no_terminal_is_too_small_to_be_drawn_in(width, height):
    for asked in (None, "", "insert a.card"):
        shown = drawn(DARK, width, height, ["a line of words"], asked)
        assert max(map(len, shown.splitlines())) <= width


# Keys ---------------------------------------------------------------------------------------------


def typed(*keys: str) -> list[str]:
    prompt = Prompt()
    return [command for chunk in keys for command in prompt.take(chunk)]


def test_every_key_is_a_command_that_there_is_and_is_on_the_screen():
    for key, line in KEY_COMMANDS.items():
        assert line.split() == [] or line.split()[0] in WORDS, key
        if not line.endswith(" "):
            assert parse_command(line) is not None
    shown = {key for keys, _ in KEYS for key in keys.split()}
    assert shown == {*KEY_COMMANDS, "l"}


def test_a_line_is_typed_corrected_given_up_and_entered():
    assert typed(":show\r") == ["show"]
    assert typed(":sx\x7fhow\n") == ["show"]
    assert typed("ia b.card\r") == ["insert a b.card"]
    assert typed(":show\x15next\r") == ["next"]
    assert typed(":show", "\x1b", "n") == ["next"]
    assert typed(":sh", "\x1b[D", "ow\r") == ["show"]  # an arrow key is none of ours
    assert typed("z\té") == ["z", "\t", "é"]  # no key: the screen says so
    assert typed("nq") == ["next", "quit"]


def test_tab_completes_words_and_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("home.card", "home-2.card", "other.image"):
        (tmp_path / name).touch()
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "a.card").touch()
    assert completed("ins") == "insert "
    assert completed("sh") == "show"
    assert completed("r") == "r"  # red, remove, rate
    assert completed("zzz") == "zzz"
    assert completed("insert h") == "insert home"  # as far as only one thing can be meant
    assert completed("insert home.") == "insert home.card"
    assert completed("save o") == "save other.image"
    assert completed("insert c") == "insert cards/"
    assert completed("insert cards/") == "insert cards/a.card"
    assert completed("insert nowhere/x") == "insert nowhere/x"
    assert completed(f"insert {tmp_path}/oth") == f"insert {tmp_path}/other.image"
    assert completed("until 2") == "until 2"  # takes no file
    assert typed("ihome.\t\r") == ["insert home.card"]


def test_rates_go_up_and_down_the_ladder_and_stay_on_it():
    rate, seen = 1, []
    for _ in range(len(RATES) + 1):
        seen.append(rate)
        rate = rate_of("+", rate)
    assert seen == [*RATES, RATES[-1]]
    assert [rate_of("-", rate) for rate in RATES] == [1, *RATES[:-1]]
    assert (rate_of("+", 77), rate_of("-", 77)) == (600, 60)
    assert (rate_of("+", 0), rate_of("-", 0)) == (1, 1)


def test_a_span_is_said_in_its_two_largest_units():
    assert span_words(0) == "0 s"
    assert span_words(59_999_999) == "59 s"
    assert span_words(3_600_000_000) == "1 h 0 min"
    assert span_words(90_061_000_000) == "1 d 1 h"

"""A sitting at a meter in a terminal: a screen that is drawn anew, and keys that are commands.

The terminal is given back as it was, however the sitting ends.
"""

import termios
import tty
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from os.path import commonprefix
from pathlib import Path
from textwrap import wrap
from typing import Final, final

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.constrain import Constrain
from rich.live import Live
from rich.table import Table
from rich.text import Text

from meter_emu.cli.live.shell import Input
from meter_emu.cli.output import WIDTH_MAX, escaped
from meter_emu.ports import Lamp
from meter_emu.sitting.cards import NO_CARD
from meter_emu.sitting.commands import LINE_CHARS_MAX, WORDS, TypedWord
from meter_emu.sitting.sitting import Sitting
from meter_emu.sitting.view import LAMPS, View, legal_words, lines_of, rate_words
from meter_emu.world.meter.acts import KEY_WORDS

WIDTH_FULL: Final = 78  # below, what is planned is said without how long it is from now
GAP_MIN: Final = 2
WRAPPED_MIN: Final = 20  # narrower, a line's end is not worth the room
PLANNED_SHOWN: Final = 4
KEYS: Final = (
    ("r b", "red, blue"),
    ("R B", "hold 4 s"),
    ("x", "pull the card"),
    ("i", "insert it"),
    ("o", "office"),
    ("a", "appliances"),
    ("p", "power"),
    ("+ -", "rate"),
    ("n", "next"),
    ("u", "undo"),
    ("s", "save"),
    (":", "command"),
    ("l", "log"),
    ("h", "help"),
    ("q", "quit"),
)
_LOG_KEY: Final = "l"
_FURTHER: Final = " "
_PAGE_KEYS: Final = (("space", "further up"), ("any other key", "the meter again"))
_LABEL_WIDTH: Final = 9
_GLASS_LINES: Final = 3
_FACE_LINES: Final = 6
_HEIGHT_FULL: Final = 24  # lower, the meter is drawn as its display alone
_LIT: Final = {
    Lamp.CREDIT_EXHAUSTED: "bold red",
    Lamp.RECONNECT: "bold green",
    Lamp.FAULT: "bold red",
    Lamp.CLOCK_DOUBTED: "bold yellow",
}
BUTTONS: Final = {"red": "bold red", "blue": "bold blue"}
_ABOVE: Final = frozenset({"display", "lamps", "true time", "card"})  # what has a place of its own


def picture(
    view: View, title: str, said: Sequence[str], asked: str | None, options: ConsoleOptions
) -> RenderableType:
    """Return the screen, exactly as high as the terminal; `asked` is a command being typed."""
    width, ascii_only = min(options.max_width, WIDTH_MAX), options.ascii_only
    whole = options.max_height >= _HEIGHT_FULL
    true_time = f"true time {legal_words(view.now_us, view.zone)}"
    above = list(_apart(escaped(title), f"{true_time}  {rate_words(view.rate)}", width))
    below = [*_facts(view, brief=width < WIDTH_FULL)]
    below.append(_one_line(("-" if ascii_only else "─") * width, "dim"))
    foot = list(_keys(width)) if asked is None else [_typed(asked, width)]
    room = options.max_height - len(above) - len(below) - len(foot)
    room -= _FACE_LINES if whole else _GLASS_LINES
    del below[len(below) + min(0, room) :]  # what is typed is seen in the smallest terminal
    log = [part for line in said[-room:] for part in _said(line, width)][-room:] if room > 0 else []
    log += [_one_line("")] * (room - len(log))
    meter = _meter(view, width, whole=whole, ascii_only=ascii_only)
    return Constrain(Group(*above, meter, *below, *log, *foot), width)


def _meter(view: View, width: int, *, whole: bool, ascii_only: bool) -> Table:
    """Return the meter as one stands before it: its display, and below it lamps, buttons, slot."""
    meter = Table(
        box=box.ASCII if ascii_only else box.HEAVY_EDGE,
        border_style="cyan" if view.display else "dim",
        show_header=False,
        show_lines=True,
        width=width,
    )
    meter.add_column(no_wrap=True, overflow="ellipsis")
    meter.add_row(_one_line(escaped(view.display), "bold"))
    if whole:
        lamps = _lamps(view, ascii_only=ascii_only)
        meter.add_row(Group(lamps, _slot(view, ascii_only=ascii_only)))
    return meter


def _facts(view: View, *, brief: bool) -> Iterator[Text]:
    planned = 0
    for name, words in lines_of(view, brief=brief):
        planned += name == "next"
        if name in _ABOVE or planned > PLANNED_SHOWN:
            continue
        label = name if planned < 2 else ""
        yield _one_line("").append(f" {label:<{_LABEL_WIDTH}}", "dim").append(escaped(words))
    yield from [_one_line("")] * (PLANNED_SHOWN - planned)


def _lamps(view: View, *, ascii_only: bool) -> Text:
    on, off = ("*", "-") if ascii_only else ("●", "○")
    line = _one_line("")
    for lamp, name in LAMPS.items():
        lit = lamp in view.lamps
        line.append(f"{on if lit else off} {name}   ", _LIT[lamp] if lit else "dim")
    return line.append(f"beeps {view.beep_count}", "dim")


def _slot(view: View, *, ascii_only: bool) -> Text:
    """Return the buttons and the card slot, with what is in it."""
    line = _one_line("")
    for name, style in BUTTONS.items():
        line.append("(o)" if ascii_only else "◉", style).append(f" {name}   ")
    left, right = "[]" if ascii_only else "▐▌"
    card = escaped(view.card) if view.card != NO_CARD else " " * len(NO_CARD)
    line.append("card slot ").append(left, "bold").append(
        f" {card} ", "reverse" if card.strip() else ""
    )
    return line.append(right, "bold")


def log_page(said: Sequence[str], page: int, options: ConsoleOptions) -> RenderableType:
    """Return the log alone, as much as fits; `page` counts from the end, from 0."""
    width = min(options.max_width, WIDTH_MAX)
    foot = list(_keys(width, _PAGE_KEYS))
    room = max(1, options.max_height - len(foot))
    lines = [part for line in said for part in _said(line, width)]
    shown = lines[: max(room, len(lines) - page * room)][-room:]
    return Constrain(Group(*shown, *[_one_line("")] * (room - len(shown)), *foot), width)


def _keys(width: int, keys_shown: Sequence[tuple[str, str]] = KEYS) -> Iterator[Text]:
    line = _one_line("")
    for keys, what in keys_shown:
        if line and cell_len(line.plain) + len(keys) + len(what) + 4 > width:
            yield line
            line = _one_line("")
        line.append(f" {keys} ", "bold reverse").append(f" {what} ")
    yield line


def _said(line: str, width: int) -> Iterator[Text]:
    """Yield a whole message, wrapped: its reason comes last."""
    for part in wrap(escaped(line), max(width, WRAPPED_MIN), subsequent_indent="  ") or [""]:
        yield _one_line(part, "bold red" if line.startswith("!") else "")


def _typed(asked: str, width: int) -> Text:
    """Return what is being typed, its end if it does not fit: there the next key goes."""
    line, rest = f":{escaped(asked)}_", escaped(asked)
    while rest and cell_len(line) > width:
        rest = rest[1:]
        line = f":…{rest}_"
    return _one_line(line, "bold")


def _apart(left: str, right: str, width: int) -> Iterator[Text]:
    """Yield two things at the ends of one line, or below each other where it is too short."""
    gap = width - cell_len(left) - cell_len(right)
    lines = [f"{left}{' ' * gap}{right}"] if gap >= GAP_MIN else [left, right]
    yield from (_one_line(line, "bold") for line in lines)


def _one_line(text: str, style: str = "") -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


FRAME_NS: Final = 100_000_000  # ours: ten pictures a second
LINES_KEPT: Final = 5_000
IMAGE_NAMED: Final = "meter.image"  # ours: what a meter is saved as that came from no image
# What a key stands for; one that ends in a blank asks for the rest.
KEY_COMMANDS: Final = {
    **KEY_WORDS,
    "i": "insert ",
    "x": "remove",
    "+": "rate +",
    "-": "rate -",
    "n": "next",
    "u": "back",
    "o": "office ",
    "s": "save ",
    ":": " ",
    "h": "help",
    "q": "quit",
}
_NO_WORD: Final = TypedWord("", "")
_ENTER: Final = frozenset("\r\n")
_RUB_OUT: Final = frozenset("\b\x7f")
_ESCAPE: Final = "\x1b"
_CLEAR: Final = "\x15"  # Ctrl-U
_TAB: Final = "\t"
_NAMES_LOOKED_AT: Final = 10_000  # ours: of a folder, when a name is completed


@final
class Prompt:
    """Keys in, commands out: single keys, or a line being typed.

    `suggest` returns how a line that begins so most likely ends: Enter or Tab alone takes it, and
    the first letter typed makes it go.
    """

    def __init__(self, suggest: Callable[[str], str] = lambda _line: "") -> None:
        self.asked: str | None = None  # the line being typed, `None` when single keys count
        self.suggested = ""
        self._suggest = suggest

    def take(self, keys: str) -> Iterator[str]:
        """Yield the commands that keys complete, or a key that means nothing, as it is.

        An escape sequence (an arrow) is no key.
        """
        if keys.startswith(_ESCAPE):
            self.asked = None if len(keys) == 1 else self.asked
            return
        for key in keys:
            if self.asked is not None:
                yield from self._type(key)
            elif key in KEY_COMMANDS:
                command = KEY_COMMANDS[key]
                if command.endswith(" "):
                    self.asked = command.lstrip()
                    self.suggested = self._suggest(self.asked)
                else:
                    yield command
            else:
                yield key

    def _type(self, key: str) -> Iterator[str]:
        assert self.asked is not None, "a line is being typed"
        suggested, self.suggested = self.suggested, ""
        if key in _ENTER:
            line, self.asked = self.asked + suggested, None
            yield line
        elif key in _RUB_OUT:
            self.asked = self.asked[: None if suggested else -1]
        elif key == _CLEAR:
            self.asked = ""
        elif key == _ESCAPE:
            self.asked = None
        elif key == _TAB:
            self.asked = self.asked + suggested if suggested else completed(self.asked)
        elif key.isprintable() and len(self.asked) < LINE_CHARS_MAX:
            self.asked += key


def completed(line: str) -> str:
    """Return a line with its last word completed to the longest unambiguous prefix.

    The first word is a command, the others are files. A folder ends in a slash.
    """
    word, blank, path = line.partition(" ")
    if not blank:
        names = [
            f"{name} " if WORDS[name].takes else name for name in WORDS if name.startswith(word)
        ]
        return commonprefix(names) or line  # noqa: RUF071  as a shell does
    if "FILE" not in WORDS.get(word, _NO_WORD).takes:
        return line
    folder, slash, start = path.rpartition("/")
    try:
        there = islice(Path(folder + slash or ".").iterdir(), _NAMES_LOOKED_AT)
        found = [one for one in there if one.name.startswith(start)]
    except OSError:  # no such folder: what is typed is what is known
        return line
    names = [f"{one.name}/" if one.is_dir() else one.name for one in found]
    return f"{word} {folder}{slash}{commonprefix(names) or start}"  # noqa: RUF071


@final
class Log:
    """The last lines that were said."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=LINES_KEPT)
        self.count = 0  # how many there have been
        self.gone = False  # nobody who reads it can go away

    def say(self, line: str) -> None:
        """Keep a line for the next picture."""
        self.lines.append(line)
        self.count += 1

    def since(self, count: int) -> list[str]:
        """Return the lines after so many, as many of them as are kept."""
        return list(self.lines)[max(0, len(self.lines) - (self.count - count)) :]


@final
class Screen:
    """Draws, and takes keys."""

    def __init__(self, sitting: Sitting, source: Input, log: Log, title: str) -> None:
        self._sitting = sitting
        self._source = source
        self._log = log
        self._title = title
        self.gone = False  # whether the terminal has gone away
        self._warned = False  # whether the last key was a `q` that would have lost something
        self._prompt = Prompt(self._suggestion)
        self._page: int | None = None  # of the log, while it is all that is seen
        self._console = Console(highlight=False)
        self._live = Live(console=self._console, screen=True, auto_refresh=False)
        sitting.wait = self._wait

    def run(self) -> None:
        """Run commands until `q`, a signal, or the terminal is gone."""
        try:
            with single_keys(self._source.fd), self._live:
                while not self._sitting.done:
                    self._sitting.turn()
                    self._wait(0 if self._sitting.jumping else FRAME_NS)
        except OSError:  # nothing can be given back to a terminal that has gone
            if not self.gone:
                raise

    @property
    def caught(self) -> int | None:
        """The signal that ended it, if one did."""
        return self._source.caught

    def _wait(self, wait_ns: int) -> None:
        """Draw, wait for keys at most so long, and do what they ask."""
        self._draw()
        keys = self._source.read(min(wait_ns, FRAME_NS)).decode("utf-8", "ignore")
        while self._page is not None and keys:
            self._page = self._page + 1 if keys[0] == _FURTHER else None
            keys = "" if keys[0] == _ESCAPE else keys[1:]
        if keys == _ESCAPE and self._prompt.asked is None and self._sitting.jumping:
            self._sitting.type_in("stop")
        for command in self._prompt.take(keys):
            self._obey(command)
        self.gone = self.gone or self._source.ended
        if self._source.caught is not None or self.gone:
            self._sitting.leave()

    def _obey(self, command: str) -> None:
        """Run a command; quitting with unsaved changes needs a second quit."""
        if command == "quit" and self._sitting.unsaved and not self._warned:
            self._warned = True
            self._log.say("! this meter is saved nowhere: s and a file name saves it, q leaves it")
            return
        self._warned = False
        if len(command) == 1 and command != _LOG_KEY:
            self._log.say(f"! {command!r} is no key: h lists what can be done")
            return
        if command != _LOG_KEY:
            self._sitting.type_in(command)
        if command in {"help", _LOG_KEY}:
            self._page = 0

    def _suggestion(self, line: str) -> str:
        names = self._sitting.cards.names()
        if line == "insert ":
            return Path(names[-1]).name if names else ""
        if line == "office ":
            return "reactivate" if names else "new"
        return IMAGE_NAMED if line == "save " and self._sitting.saved_nowhere else ""

    def _draw(self) -> None:
        said = list(self._log.lines)
        view = self._sitting.view()
        options = self._console.options
        if self._page is not None:
            shown = log_page(said, self._page, options)
        else:
            asked = self._prompt.asked
            if asked is not None and self._prompt.suggested:
                asked += f"[{self._prompt.suggested}]"
            shown = picture(view, self._title, said, asked, options)
        try:
            self._live.update(shown, refresh=True)
        except OSError:
            self.gone = True


@contextmanager
def single_keys(fd: int) -> Iterator[None]:
    """Have a terminal give every key at once and show none; afterwards it is as it was."""
    before = termios.tcgetattr(fd)
    try:
        tty.setcbreak(fd, termios.TCSANOW)  # and keep what was typed while this began
        mode = termios.tcgetattr(fd)
        mode[6][termios.VSUSP] = b"\0"  # Ctrl-Z would leave the shell with this screen
        termios.tcsetattr(fd, termios.TCSANOW, mode)
        yield
    finally:
        with suppress(termios.error):  # the terminal itself may have gone
            termios.tcsetattr(fd, termios.TCSAFLUSH, before)

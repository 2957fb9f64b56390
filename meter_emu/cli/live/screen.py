"""What a sitting looks like in a terminal: how the meter stands, what was said, in one picture."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich import box
from rich.cells import cell_len
from rich.console import ConsoleOptions, Group, RenderableType
from rich.constrain import Constrain
from rich.panel import Panel
from rich.text import Text

from meter_emu.cli.live.view import LAMPS, View, legal, lines_of, rate_words
from meter_emu.ports import Lamp

WIDTH_MAX: Final = 120  # ours: wider lines are hard to follow
PLANNED_SHOWN: Final = 4
KEYS: Final = (
    ("r b", "red, blue"),
    ("R B", "held 4 s"),
    ("i", "insert a card"),
    ("x", "pull it out"),
    ("a", "appliances"),
    ("p", "power"),
    ("+ -", "rate"),
    ("n", "next event"),
    ("s", "save"),
    (":", "any command"),
    ("q", "quit"),
)
_LABEL_WIDTH: Final = 9
_PANEL_LINES: Final = 3
_LIT: Final = {
    Lamp.CREDIT_EXHAUSTED: "bold red",
    Lamp.RECONNECT: "bold green",
    Lamp.FAULT: "bold red",
    Lamp.CLOCK_DOUBTED: "bold yellow",
}
_ABOVE: Final = frozenset({"display", "lamps", "time"})  # what has a place of its own


def picture(
    view: View, title: str, said: Sequence[str], asked: str | None, options: ConsoleOptions
) -> RenderableType:
    """Return the screen, exactly as high as the terminal; `asked` is a command being typed."""
    width, ascii_only = min(options.max_width, WIDTH_MAX), options.ascii_only
    glass = Panel(
        _one_line(view.display, "bold"),
        box=box.ASCII if ascii_only else box.HEAVY,
        border_style="cyan" if view.display else "dim",
        width=width,
    )
    above = [_apart(title, f"{legal(view.now_us)}  {rate_words(view.rate)}", width)]
    below = [_lamps(view, ascii_only=ascii_only), *_facts(view)]
    below.append(_one_line(("-" if ascii_only else "─") * width, "dim"))
    foot = list(_keys(width)) if asked is None else [_one_line(f":{asked}_", "bold")]
    room = options.max_height - len(above) - _PANEL_LINES - len(below) - len(foot)
    del below[len(below) + min(0, room) :]  # what is typed is seen in the smallest terminal
    log = [_said(line) for line in said[-room:]] if room > 0 else []
    log += [_one_line("")] * (room - len(log))
    return Constrain(Group(*above, glass, *below, *log, *foot), width)


def _facts(view: View) -> Iterator[Text]:
    planned = 0
    for name, words in lines_of(view):
        planned += name == "next"
        if name in _ABOVE or planned > PLANNED_SHOWN:
            continue
        label = name if planned < 2 else ""
        yield _one_line("").append(f" {label:<{_LABEL_WIDTH}}", "dim").append(words)
    yield from [_one_line("")] * (PLANNED_SHOWN - planned)


def _lamps(view: View, *, ascii_only: bool) -> Text:
    on, off = ("*", "-") if ascii_only else ("●", "○")
    line = _one_line(" ")
    for lamp, name in LAMPS.items():
        lit = lamp in view.lamps
        line.append(f"{on if lit else off} {name}   ", _LIT[lamp] if lit else "dim")
    return line.append(f"beeps {view.beep_count}", "dim")


def _keys(width: int) -> Iterator[Text]:
    line = _one_line("")
    for keys, what in KEYS:
        if line and cell_len(line.plain) + len(keys) + len(what) + 3 > width:
            yield line
            line = _one_line("")
        line.append(f" {keys} ", "bold reverse").append(f" {what} ")
    yield line


def _said(line: str) -> Text:
    return _one_line(line, "bold red" if line.startswith("!") else "")


def _apart(left: str, right: str, width: int) -> Text:
    gap = max(2, width - cell_len(left) - cell_len(right))
    return _one_line(f"{left}{' ' * gap}{right}", "bold")


def _one_line(text: str, style: str = "") -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")

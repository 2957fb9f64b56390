"""What a sitting looks like in a terminal: how the meter stands, what was said, in one picture."""

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Final

from rich import box
from rich.cells import cell_len
from rich.console import ConsoleOptions, Group, RenderableType
from rich.constrain import Constrain
from rich.table import Table
from rich.text import Text

from meter_emu.cli.live.slot import NO_CARD
from meter_emu.cli.live.view import LAMPS, View, legal_words, lines_of, rate_words
from meter_emu.cli.output import WIDTH_MAX
from meter_emu.ports import Lamp

WIDTH_FULL: Final = 78  # below, what is planned is said without how long it is from now
GAP_MIN: Final = 2
WRAPPED_MIN: Final = 20  # narrower, a line's end is not worth the room
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
    (":", "command"),
    ("h", "help"),
    ("q", "quit"),
)
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
_BUTTONS: Final = {"red": "bold red", "blue": "bold blue"}
_ABOVE: Final = frozenset({"display", "lamps", "true time", "card"})  # what has a place of its own


def picture(
    view: View, title: str, said: Sequence[str], asked: str | None, options: ConsoleOptions
) -> RenderableType:
    """Return the screen, exactly as high as the terminal; `asked` is a command being typed."""
    width, ascii_only = min(options.max_width, WIDTH_MAX), options.ascii_only
    whole = options.max_height >= _HEIGHT_FULL
    above = list(
        _apart(title, f"true time {legal_words(view.now_us)}  {rate_words(view.rate)}", width)
    )
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
    meter.add_row(_one_line(view.display, "bold"))
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
        yield _one_line("").append(f" {label:<{_LABEL_WIDTH}}", "dim").append(words)
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
    for name, style in _BUTTONS.items():
        line.append("(o)" if ascii_only else "◉", style).append(f" {name}   ")
    left, right = "[]" if ascii_only else "▐▌"
    card = view.card if view.card != NO_CARD else " " * len(NO_CARD)
    line.append("card slot ").append(left, "bold").append(
        f" {card} ", "reverse" if card.strip() else ""
    )
    return line.append(right, "bold")


def _keys(width: int) -> Iterator[Text]:
    line = _one_line("")
    for keys, what in KEYS:
        if line and cell_len(line.plain) + len(keys) + len(what) + 3 > width:
            yield line
            line = _one_line("")
        line.append(f" {keys} ", "bold reverse").append(f" {what} ")
    yield line


def _said(line: str, width: int) -> Iterator[Text]:
    """Yield what was said, all of it: the reason is at the end of a line."""
    for part in wrap(line, max(width, WRAPPED_MIN), subsequent_indent="  ") or [""]:
        yield _one_line(part, "bold red" if line.startswith("!") else "")


def _typed(asked: str, width: int) -> Text:
    """Return what is being typed, its end if it does not fit: there the next key goes."""
    line, rest = f":{asked}_", asked
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

"""Writes what is made from the rows of `meter_emu.ports`: `python -m tests.world.meter.host.made`.

That is parts of the header and tables of two pages; the words around them are written there.
"""

import inspect
import re
from collections.abc import Callable, Iterable
from itertools import takewhile
from pathlib import Path

from meter_emu.ports import CALLS, VERSION, Button, Lamp, PortCall, Ports, ResetCause
from meter_emu.world.meter.host.calls import DONE, FULL, WRONG
from tests.docs.pages import ROOT
from tests.world.meter.host.compiling import C

HEADER = C / "meter_ports.h"
SECTIONS = ("Args:", "Returns:", "Raises:")
PAGE = ROOT / "docs" / "ports.md"
IN_C = ROOT / "docs" / "c-reference.md"
BITS = {
    "buttons": ("BUTTON", Button),
    "lamps": ("LAMP", Lamp),
    "reset causes": ("RESET", ResetCause),
}
OTHERS = (
    ("DONE", DONE, "u32 flag u32: the poll has returned with this hint"),
    ("WRONG", WRONG, "text: a mistake of the program"),
    ("FULL", FULL, "nothing -> nothing: there is no room for more"),
)
LINE_MAX = 119


def c_declaration(name: str, call: PortCall) -> tuple[str, str]:
    """Return the result of a call in C, and the rest of its declaration."""
    result, parameters = call.c.split(" ", 1)
    return result, f"meter_{name}{parameters}"


def signature(name: str) -> str:
    """Return a call with the parameters that it has in Python."""
    found = inspect.signature(getattr(Ports, name))
    parts = [
        f"{each}: {inspect.formatannotation(parameter.annotation)}"
        for each, parameter in list(found.parameters.items())[1:]
    ]
    answer = inspect.formatannotation(found.return_annotation)
    return f"{name}({', '.join(parts)}) -> {answer}".replace("meter_emu.ports.", "")


def _codes() -> str:
    lines = [f"#define METER_PORTS_VERSION {VERSION}"]
    for what, (prefix, bits) in BITS.items():
        named = [f"    METER_{prefix}_{bit.name} = 0x{bit:02x}" for bit in bits]
        lines += ["", f"enum {{ /* bits of {what} */", ",\n".join(named), "};"]
    return "\n".join(lines)


def _declarations() -> str:
    lines = []
    for name, call in CALLS.items():
        result, rest = c_declaration(name, call)
        line, note = f"{result:8} {rest};", f"/* {call.note.replace('…', '...')} */"
        whole = f"{line} {note}"
        lines += [line] if not call.note else [whole] if len(whole) <= LINE_MAX else [note, line]
    return "\n".join(lines)


def _frames() -> str:
    calls = [(name.upper(), call.number, _words(call)) for name, call in CALLS.items()]
    lines = [
        f"    METER_FRAME_{name} = {number},".ljust(38) + f"/* {words} */"
        for name, number, words in (*calls, *OTHERS)
    ]
    return "\n".join(["enum {", *lines, "};"])


def _words(call: PortCall) -> str:
    words = call.sends or "nothing"
    return words if call.answers is None else f"{words} -> {call.answers or 'nothing'}"


def between(text: str, begins: str, ends: str, made: str) -> str:
    """Return a text with another part between two lines of it."""
    pattern = rf"(?<={re.escape(begins)}\n\n).*?(?=\n{re.escape(ends)})"
    changed, count = re.subn(pattern, lambda _: made, text, count=1, flags=re.DOTALL)
    assert count == 1, begins
    return changed


def header(text: str) -> str:
    """Return the header with its parts made anew."""
    text = between(text, 'extern "C" {\n#endif', "\nenum { METER_NO_CARD", _codes())
    text = between(text, "/* ---- What you may call ---- */", "/* An answer", _declarations())
    return between(text, "bytes and text the rest. */", "\n#ifdef __cplusplus", _frames())


def _doc(name: str) -> str:
    words = inspect.getdoc(getattr(Ports, name)) or ""
    prose = takewhile(lambda part: not part.startswith(SECTIONS), words.split("\n\n"))
    return " ".join(" ".join(prose).split())


def page(text: str) -> str:
    """Return the page with its tables made anew."""
    for what, (_, bits) in BITS.items():
        named = ((f"{bit:02X}", str(bit.name).lower().replace("_", " ")) for bit in bits)
        text = tabled(text, ("bit", what), named)
    called = ((f"`{signature(n)}`", _doc(n), f"`{call.cost}`") for n, call in CALLS.items())
    return tabled(text, ("call", "what it does", "cost"), called)


def in_c(text: str) -> str:
    """Return the page on C with its table of calls made anew."""
    found = ((n, call, " ".join(c_declaration(n, call))) for n, call in CALLS.items())
    rows = ((f"`{c}`", call.note, f"{call.number}: {_words(call)}") for n, call, c in found)
    return tabled(text, ("in C", "note", "frame"), rows)


def tabled(text: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a page with other rows in the table of a head."""
    made = "".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n" for row in rows
    )
    begins = re.escape(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}\n")
    changed, count = re.subn(rf"(?<={begins})(?:\|.*\n)+", lambda _: made, text)
    assert count == 1, head
    return changed


MADE: dict[Path, Callable[[str], str]] = {HEADER: header, PAGE: page, IN_C: in_c}

if __name__ == "__main__":
    for path, make in MADE.items():
        path.write_text(make(path.read_text("utf-8")), "utf-8")

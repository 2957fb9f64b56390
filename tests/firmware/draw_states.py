"""Draws `docs/states.md` from the supply tables: `python -m tests.firmware.draw_states`."""

from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import TypeVar

from meter_emu.firmware.layouts import Supply
from meter_emu.firmware.supply import (
    SUPPLY_STEPS,
    Block,
    Cue,
    Permission,
    Shield,
    permission,
    settle,
    switch_belongs_on,
)

PAGE = Path(__file__).parents[2] / "docs" / "states.md"
BEGIN, END = "<!-- drawn from the code -->", "<!-- end of what is drawn -->"
NO_SHIELD = Shield(0)
FlagT = TypeVar("FlagT", Block, Shield)


def draw() -> str:
    """Return everything between the two marks of the page."""
    sections = (
        ("The supply machine, drawn", _diagram()),
        ("The supply machine, every step", _steps()),
        ("What the switch does", _switch()),
        ("From blocks, shields and limiter to a permission", _permissions()),
        ("Each shield over a lack of credit", _shields()),
    )
    return "\n".join(f"## {title}\n\n{body}\n" for title, body in sections)


def redrawn(page: str) -> str:
    """Return the page with what lies between its marks drawn anew."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{draw()}\n{END}{tail}"


def _diagram() -> str:
    arrows: dict[tuple[Supply, Supply], list[str]] = {}
    for (state, cue), after in SUPPLY_STEPS.items():
        if after != state:
            arrows.setdefault((Supply(state), after), []).append(cue.value)
    width = max(len(before.name) for before, _ in arrows)
    said = max(len(", ".join(cues)) for cues in arrows.values())
    lines = [
        f"{before.name:<{width}} -- {', '.join(cues):-<{said + 1}}--> {after.name}"
        for (before, after), cues in arrows.items()
    ]
    return "\n".join(("```text", *lines, "```"))


def _steps() -> str:
    rows = ((state.name, *(SUPPLY_STEPS[state, cue].name for cue in Cue)) for state in Supply)
    return _table(("state", *(cue.value for cue in Cue)), rows)


def _switch() -> str:
    rows = ((state.name, "on" if switch_belongs_on(state) else "off") for state in Supply)
    return _table(("state", "switch belongs"), rows)


def _permissions() -> str:
    rows = (
        (
            _names(blocks),
            _names(shields),
            permission(blocks, shields, limiter_granted=False).name,
            permission(blocks, shields, limiter_granted=True).name,
        )
        for blocks, shields in product(_subsets(Block), _subsets(Shield))
    )
    return _table(("blocks", "shields", "permission", "with a granted limiter"), rows)


def _shields() -> str:
    rows = []
    for shield in (NO_SHIELD, *Shield):
        allowed = permission(Block.CREDIT, shield, limiter_granted=False)
        rows.append((_names(shield), allowed.name, *_becomes(allowed)))
    return _table(("shield", "permission", "supply on", "supply off"), rows)


def _becomes(allowed: Permission) -> tuple[str, str]:
    rigs = (settle(state, allowed) for state in (Supply.CONNECTED, Supply.DISCONNECTED))
    lit, dark = (state.name for state in rigs)
    return lit, dark


def _subsets(kind: type[FlagT]) -> list[FlagT]:
    return [kind(bits) for bits in range(1 << len(kind))]


def _names(flags: Block | Shield) -> str:
    return ", ".join(str(flag.name) for flag in type(flags) if flag & flags) or "none"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    cells = [tuple(head), *(tuple(row) for row in rows)]
    cells.insert(1, ("---",) * len(cells[0]))
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


if __name__ == "__main__":
    PAGE.write_text(redrawn(PAGE.read_text("utf-8")), "utf-8")

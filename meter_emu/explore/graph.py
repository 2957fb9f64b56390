"""Draws the graph of a small scope for Graphviz: states as dots, the violation as a path."""

from collections.abc import Iterator
from typing import Final

from meter_emu.explore.lives import Path
from meter_emu.explore.search import Explored

_HEAD: Final = (
    "digraph scope {",
    '  rankdir=LR; node [shape=point, width=0.08, color="#3b6ea5"];',
    '  edge [arrowsize=0.3, color="#b9c4cf", fontsize=10, fontname=Helvetica];',
)


def dot_of(explored: Explored) -> str:
    """Return the text of a graph; what leads to a violation is red and says each act."""
    return "\n".join((*_HEAD, *_edges(explored), "}")) + "\n"


def _edges(explored: Explored) -> Iterator[str]:
    numbers: dict[Path, int] = {(): 0}
    led_to: dict[tuple[Path, int], Path] = {}
    for path, act, reached in explored.edges or ():
        led_to[path, act] = reached
        places = [numbers.setdefault(one, len(numbers)) for one in (path, reached)]
        yield f"  {places[0]} -> {places[1]};"
    at: Path = ()
    for act in explored.broken_path:
        reached = led_to.get((at, act), (*at, act))
        label = explored.scope.acts[act].label.replace('"', "'").replace(", ", ",\\n")
        place = numbers.setdefault(reached, len(numbers))
        yield f'  {place} [color="#c0392b", width=0.16];'
        yield f'  {numbers[at]} -> {place} [color="#c0392b", penwidth=2, label="{label}"];'
        at = reached

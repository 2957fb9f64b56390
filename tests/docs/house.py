"""The tree of docs/decisions/house.md, one line a file: `python -m tests.docs.house` prints it.

What a file is for is the first sentence of its docstring, cut where the line ends.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("card_protocol", "meter_emu")
_WIDTH: Final = 100
_COLUMN: Final = 32


def modules() -> list[str]:
    """Return every module of both packages but what only makes a folder a package."""
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return sorted(str(p.relative_to(ROOT)) for p in paths if p.name != "__init__.py")


def listed(page: str) -> list[str]:
    """Return the modules that a page's tree lists, in its order."""
    found, folder = [], ""
    for line in page.split("```text\n")[1].split("```", maxsplit=1)[0].splitlines():
        name = line.split()[0]
        if line.startswith(" "):
            found.append(folder + name)
        else:
            folder = name
    return found


def tree() -> Iterator[str]:
    """Yield the lines of the tree."""
    folder = ""
    for name in sorted(modules(), key=lambda one: (one.rpartition("/")[0], one)):
        if name.rpartition("/")[0] != folder:
            folder = name.rpartition("/")[0]
            yield f"{folder}/"
        said = ast.get_docstring(ast.parse((ROOT / name).read_text("utf-8"))) or ""
        head = said.split("\n\n")[0].replace("\n", " ").split(". ")[0].rstrip(".")
        line = f"  {name.rpartition('/')[2]:{_COLUMN}}{head}"
        yield line if len(line) <= _WIDTH else line[:_WIDTH].rpartition(" ")[0].rstrip(",:;") + " …"


if __name__ == "__main__":
    click.echo("\n".join(tree()))

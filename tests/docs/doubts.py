"""Writes docs/doubts.md from the comments `# Doubt: …`: `python -m tests.docs.doubts`.

A doubt is a comment that begins so, in any language, and the lines of comment right after it.
"""

import ast
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from tests.docs.pages import ROOT
from tests.tidy.repository import name_of, tracked

PAGE: Final = ROOT / "docs" / "doubts.md"
HEAD: Final = """# Doubts

What its authors are not sure of, as it stands in the files: open questions, guesses, limits that
nobody has moved. Each is at the line it is about, with its reason. What a data sheet leaves open is
in [hardware.md](hardware.md), after "not said", and what a number is worth at the number (`ours:`).
"""
_DOUBT: Final = re.compile(r"^\s*(#|//|/\*) Doubt: (.*)$")
_CODE: Final = {".py", ".c", ".h", ".js", ".toml", ".sh", ""}


class Doubt(NamedTuple):
    """A doubt, the file it is in, and the routine or class that it is in or before, if any."""

    file: str
    where: str
    text: str


def doubts_in(file: str, text: str) -> Iterator[Doubt]:
    """Yield the doubts of a file."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        found = _DOUBT.match(line)
        if found is None:
            continue
        leader = {"/*": "*"}.get(found[1], found[1])
        words = [found[2]]
        for more in lines[number + 1 :]:
            if not more.lstrip().startswith(leader) or _DOUBT.match(more):
                break
            words.append(more.lstrip().removeprefix(leader))
        said = " ".join(" ".join(words).removesuffix("*/").split())
        yield Doubt(file, _around(text, number + 1) if file.endswith(".py") else "", said)


def _around(text: str, line: int) -> str:
    """Return the innermost class and routine round a line, or that begins right after it."""
    inside: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            before = first > line and not any(
                code.strip() and not code.lstrip().startswith("#")
                for code in text.splitlines()[line : first - 1]
            )
            if first <= line <= (node.end_lineno or 0) or before:
                inside.append((node.lineno, node.name))
    return ".".join(name for _, name in sorted(inside))


def doubts() -> list[Doubt]:
    """Return the doubts of the repository, in order of files and lines."""
    return [
        doubt
        for path in tracked()
        if path.suffix in _CODE
        for doubt in doubts_in(name_of(path), path.read_text("utf-8"))
    ]


def text() -> str:
    """Return the whole page."""
    rows = (
        f"- `{one.file}`{f', `{one.where}`' if one.where else ''}: {one.text}" for one in doubts()
    )
    return "\n".join([HEAD, *rows, ""])


if __name__ == "__main__":
    PAGE.write_text(text(), "utf-8")

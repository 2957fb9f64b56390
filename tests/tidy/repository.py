"""The files of the repository, and Python files as trees, read once for all checks."""

import ast
import subprocess
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar

ItemT = TypeVar("ItemT")

ROOT = Path(__file__).parents[2]
PACKAGES = ("card_protocol", "meter_emu")
TEXT = {".py", ".md", ".toml", ".txt", ".json", ".sh", ""}


@cache
def tracked() -> tuple[Path, ...]:
    """Return the files of the repository; those on disk where there is no git, as in a copy."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 0 and done.stdout:
        names = (ROOT / name for name in done.stdout.split("\0") if name)
        return tuple(sorted(path for path in names if path.is_file()))
    skipped = {"__pycache__", ".venv", ".git", ".stamps", ".hypothesis"}
    skipped |= {path.name for path in ROOT.glob(".*_cache")}
    return tuple(
        sorted(
            path
            for path in ROOT.rglob("*")
            if path.is_file() and not skipped & set(path.parts) and path.suffix != ".pyc"
        )
    )


def name_of(path: Path) -> str:
    """Return a file's name from the top of the repository, as people give it."""
    return path.relative_to(ROOT).as_posix()


@cache
def texts() -> dict[str, str]:
    """Return every text file by its name, but the checks, which spell what they look for."""
    here = Path(__file__).parent
    return {
        name_of(path): path.read_text("utf-8")
        for path in tracked()
        if path.suffix in TEXT and path.parent != here
    }


@cache
def tree_of(path: Path) -> ast.Module:
    """Return a Python file as a tree, parsed once."""
    return ast.parse(path.read_text("utf-8"))


@cache
def walked(tree: ast.AST) -> tuple[ast.AST, ...]:
    """Return the nodes of a tree, walked once for all checks."""
    return tuple(ast.walk(tree))


def trees() -> dict[str, ast.Module]:
    """Return every Python file, the checks too, as a tree."""
    return {name_of(path): tree_of(path) for path in tracked() if path.suffix == ".py"}


def modules() -> dict[str, ast.Module]:
    """Return the Python files of the packages, without tests."""
    python = (path for path in tracked() if path.suffix == ".py")
    ours = (path for path in python if path.relative_to(ROOT).parts[0] in PACKAGES)
    return {name_of(path): tree_of(path) for path in ours}


def found_by(check: Callable[[ItemT], Iterable[str]], items: dict[str, ItemT]) -> list[str]:
    """Return what a check finds in each of the items, with the item's name before it."""
    return [f"{name}: {what}" for name, item in items.items() for what in check(item)]


def _is_file(module: str) -> bool:
    """Whether a module is a file of the repository, and no name inside one."""
    return (ROOT / f"{module.replace('.', '/')}.py").is_file()


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield the modules that a file imports anywhere in it."""
    for node in walked(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            inside = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            files = {name for name, whole in inside.items() if _is_file(whole)}
            yield from (inside[name] for name in files)
            if len(files) < len(inside):
                yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)

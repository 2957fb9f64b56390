"""`make toys`: a toy member of every table, in copies of the tree.

Writes `docs/evidence/toys.md`: of each toy which places the type checker and the tests of its table
name, or that it is complete at once. `python -m tests.toys TABLE...` tries some, and writes
their rows anew. Exit status 1 where a toy is neither: nobody says a word, and it does not work.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click

from tests.docs import evidence
from tests.tidy.repository import ROOT, name_of, tracked
from tests.toys.page import PAGE, Answer, text
from tests.toys.toys import Toy, put, toys

_TYPE: Final = re.compile(r"^((?:tests|meter_emu|card_protocol)/\S+?):\d+: error: ", re.MULTILINE)
_TEST: Final = re.compile(r"^(?:FAILED|ERROR) (tests/[^\s:\[]+)(?:::(\w+))?", re.MULTILINE)
_QUIET: Final = ("-q", "-n", "0", "-p", "no:randomly", "-m", "not slow", "--no-header")


@contextmanager
def copied(added: Sequence[Toy]) -> Iterator[Path]:
    """Give a copy of the tree with these toys in it."""
    with TemporaryDirectory() as folder:
        tree = Path(folder)
        for path in tracked():
            there = tree / name_of(path)
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, there)
        if (ROOT / ".mypy_cache").is_dir():
            shutil.copytree(ROOT / ".mypy_cache", tree / ".mypy_cache")
        for toy in added:
            for change in toy.changes:
                put(tree, change)
        yield tree


def run(tree: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a module of Python on a copy."""
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=tree, env=environment, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def typed(among: Sequence[Toy]) -> dict[Toy, list[str]]:
    """Return in which files the type checker misses something for each toy, halving who did it."""
    with copied(among) as tree:
        files = sorted(set(_TYPE.findall(run(tree, "mypy").stdout)))
    if not files or len(among) == 1:
        return dict.fromkeys(among, files)
    middle = len(among) // 2
    return typed(among[:middle]) | typed(among[middle:])


def tested(added: Sequence[Toy], tests: Sequence[str]) -> list[str]:
    """Return which tests fail with these toys."""
    with copied(added) as tree:
        said = run(tree, "pytest", *_QUIET, *dict.fromkeys(tests)).stdout
    failed = [f"{Path(file).name}::{test}" if test else file for file, test in _TEST.findall(said)]
    assert failed or " passed" in said, said
    return list(dict.fromkeys(failed))


def shown(toy: Toy) -> bool:
    """Whether a toy works, by the command that shows it; nothing is shown without one."""
    with copied([toy]) as tree:
        return bool(toy.shows) and run(tree, "meter_emu", *toy.shows).returncode == 0


@click.command()
@click.argument("tables", nargs=-1)
def main(tables: Sequence[str]) -> None:
    """Try a toy of each of TABLES, or of all."""
    chosen = [toy for toy in toys() if not tables or toy.table in tables]
    wrong = tested([], [test for toy in chosen for test in toy.asked])
    if wrong:
        raise SystemExit(f"the tree itself is not right: {', '.join(wrong)}")
    types, answers = typed(chosen), []
    for toy in chosen:
        named = tested([toy], toy.asked)
        complete = not types[toy] and not named and shown(toy)
        answers.append(Answer(toy, types[toy], named, complete=complete))
        click.echo(answers[-1].row)
    before = PAGE.read_text("utf-8") if PAGE.exists() else ""
    PAGE.write_text(text(answers, before), "utf-8")
    evidence.write()
    sys.exit(any(answer.lost for answer in answers))


if __name__ == "__main__":
    main()

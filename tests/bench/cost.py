"""What ten commands cost, on any commit: `make cost`, or `python -m tests.bench.cost COMMIT ...`.

A commit is unpacked, and installed as its own constraints say, into an environment of its own that
stays in `.stamps/cost`. What is measured goes through the command line alone, so the same rows
measure trees that know nothing of them. Short rows are instructions, counted by callgrind in one
process, children traced, with a fixed hash seed and warm bytecode: the same run gives the same
count. Long ones are seconds of processor by turns with the last release, and a ratio of medians.

The last release is the commit that changed `__version__` last: no file says it, so nobody moves it
together with what is measured.
"""

import os
import re
import shutil
import subprocess
import venv
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from math import inf
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import click
import msgspec

from tests.bench.__main__ import python
from tests.bench.row import Row

ROOT: Final = Path(__file__).parents[2]
KEPT: Final = ROOT / ".stamps" / "cost"
TURNS: Final = 3
GROWN: Final = 1.05  # ours: what is above it is made cheaper, or said in the page what it bought
BAND: Final = 0.05  # ours: three turns by turns differ by so much on a machine that is not quiet
_COUNTED: Final = re.compile(r"Collected : (\d+)")
_HERE: Final = 12  # characters of a commit: each tree lies at a path of the same length
_YEAR: Final = "year.toml"


class Cost(NamedTuple):
    """A command; `paired` ones are long, and are timed by turns. `status` is how it should end."""

    name: str
    words: str
    what: str
    status: int = 0
    paired: bool = False


COSTS: Final = (
    Cost("help", "--help", "a list of commands"),
    Cost("usage", "rehearse --nope", "a usage error", status=2),
    Cost("rehearse", "rehearse ores-2020-07 --jobs 1", "July 2020, every household"),
    Cost("year", f"rehearse {_YEAR} --jobs 1", "a meter-year: a card a week, hourly load"),
    Cost(
        "distinguish", "distinguish reference+torn-read reference --examples 8 --seed 1",
        "two builds compared in eight stories",
    ),
    Cost("explore", "explore reference --scope new --depth 1 --jobs 1", "every first act"),
    Cost(
        "verify", "verify reference --examples 60 --seed 1 --jobs 1",
        "sixty stories, all laws of the day", paired=True,
    ),
    Cost(
        "fuzz", "fuzz run card-records --runs 150 --time 9999 --no-coverage --jobs 1 --seed 1"
        " --corpus corpus --to finds", "a hundred and fifty inputs", paired=True,
    ),
    Cost("plan", "plan run summer-2027 --plan A --jobs 1", "200 meters of a sheet", paired=True),
    Cost(
        "diagnose", "diagnose ores-2020-07 --singles --only end-exclusive --jobs 1",
        "one mistake against an incident", paired=True,
    ),
)  # fmt: skip


class Measured(msgspec.Struct):
    """What a commit cost: millions of instructions, or times the last release; no row it lacks."""

    commit: str
    day: str
    costs: dict[str, float]


class Series(msgspec.Struct):
    """The commits measured, oldest first, against which release, and by which Python."""

    release: str
    python: str
    rows: list[Measured]


@click.command()
@click.argument("commits", nargs=-1)
@click.option("--page", is_flag=True, help="Measure nothing; write page and picture again.")
@click.option("--again", is_flag=True, help="Also those that the series has.")
def cost(commits: Sequence[str], *, page: bool, again: bool) -> None:
    """Measure each of COMMITS, HEAD alone without, and write series, page and picture anew.

    A commit that the series has is passed over, so a run that was ended goes on.
    """
    from tests.bench.cost_page import SERIES, load, write

    series = load() if SERIES.exists() else Series(release(), python(), [])
    if series.release != release():  # ratios are of one release: each commit is measured again
        commits = [*(row.commit for row in series.rows), *commits]
        series = Series(release(), python(), [])
    for one in () if page else commits or ("HEAD",):
        if not again and _named(one) in {row.commit for row in series.rows}:
            continue
        found = measured(one, series.release)
        series.rows = [row for row in series.rows if row.commit != found.commit] + [found]
        click.echo(f"{found.commit} {found.day} {found.costs}")
        series.rows.sort(key=lambda row: int(_git("log", "-1", "--format=%ct", row.commit)))
        write(series)
    write(series)


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield each row of this tree against the last release: red above what was bought, or 5 %.

    Both are measured anew: no figure that is written down decides, and none is of another machine.
    """
    from tests.bench.cost_page import PAGE, bought

    if quick or not shutil.which("valgrind") or not (ROOT / ".git").exists():
        why = "quick" if quick else "wants valgrind and the repository"
        yield Row(what="cost of ten commands", measured=f"not measured: {why}")
        return
    against = release()
    allowed = bought(PAGE.read_text("utf-8"), against)
    tree = _git("stash", "create") or _git("rev-parse", "HEAD")  # what git knows of this tree
    now, was = measured(tree, against), measured(against, against)
    for one in COSTS:
        most = allowed.get(one.name, GROWN)
        if one.name not in was.costs and one.name not in now.costs:
            continue
        times = now.costs.get(one.name, inf) / was.costs.get(one.name, inf)
        yield Row(
            what=f"cost, {one.name}: {one.what}",
            measured=f"{times:.3f} times {against}",
            target=f"<= {most:g}",
            met=times <= most * (1 + BAND if one.paired else 1),
        )


def release() -> str:
    """Return the commit of the last release: it changed the version, and none did since."""
    path = "card_protocol/__init__.py"
    return _git(
        "log", "-1", f"--abbrev={_HERE}", "--format=%h", "-G", "^__version__ = ", "--", path
    )


def measured(commit: str, against: str) -> Measured:
    """Measure every row of a commit, the long ones by turns with `against`."""
    name = _named(commit)
    program, other = installed(name), installed(against)

    def value(row: Cost) -> float | None:
        try:
            if row.paired:
                return round(_ratio(row, program, other), 3)
            return round(instructions(row, program) / 1e6, 1)
        except LacksError as lacks:
            click.echo(f"{name} lacks {row.name}: {lacks}", err=True)
            return None

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # a count is the same on a busy machine
        counted = list(pool.map(lambda row: None if row.paired else value(row), COSTS))
    values = [value(row) if row.paired else one for row, one in zip(COSTS, counted, strict=True)]
    costs = {row.name: one for row, one in zip(COSTS, values, strict=True) if one is not None}
    return Measured(name, _git("log", "-1", "--format=%cs", name), costs)


def _named(commit: str) -> str:
    """Return the commit that is meant, by its first characters."""
    return _git("rev-parse", f"--short={_HERE}", f"{commit}^{{commit}}")[:_HERE]


class LacksError(Exception):
    """A tree ends a command in another way than the row says; the message is its last line."""


def installed(name: str) -> Path:
    """Return the program of a commit, installed by what its own tree pins."""
    home = KEPT / name
    program = home / "bin" / "meter-emu"
    if (home / "whole").exists():
        return program
    shutil.rmtree(home, ignore_errors=True)
    tree = home / "tree"
    tree.mkdir(parents=True)
    with subprocess.Popen(["git", "archive", name], cwd=ROOT, stdout=subprocess.PIPE) as packed:
        subprocess.run(["tar", "-x", "-C", tree], stdin=packed.stdout, check=True)
    venv.create(home, with_pip=True)
    pip = [str(home / "bin" / "python"), "-m", "pip", "-q", "--disable-pip-version-check"]
    ours = ("install", "-c", str(tree / "constraints.txt"), str(tree))
    subprocess.run([*pip, *ours], check=True, env=_env(home))
    (home / "whole").touch()
    return program


def instructions(row: Cost, program: Path) -> int:
    """Return how many instructions a row takes, its children's too."""
    count = [
        "valgrind",
        "--tool=callgrind",
        "--trace-children=yes",
        "--callgrind-out-file=/dev/null",
    ]
    with _started(row, program) as (folder, words):
        said = _run(row, [*count, *words], folder)
    return sum(int(found) for found in _COUNTED.findall(said))


def _ratio(row: Cost, program: Path, other: Path) -> float:
    times: list[list[float]] = [[], []]
    for _turn in range(TURNS):
        for which, one in enumerate((other, program)):
            with _started(row, one) as (folder, words):
                before = os.times()
                _run(row, words, folder)
                after = os.times()
            spent_s = sum(after[2:4]) - sum(before[2:4])
            times[which].append(spent_s)
    was, now = map(median, times)
    return now / was


@contextmanager
def _started(row: Cost, program: Path) -> Iterator[tuple[Path, list[str]]]:
    """Give an empty folder with the year's file in it, and the words that run a row there."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        if _YEAR in row.words:
            shutil.copy(Path(__file__).parent / _YEAR, folder)
        yield folder, [str(program.parent / "python"), str(program), *row.words.split()]


def _run(row: Cost, words: Sequence[str], folder: Path) -> str:
    done = subprocess.run(
        words, cwd=folder, env=_env(folder), text=True, capture_output=True, check=False
    )
    if done.returncode != row.status:
        said = [line for line in done.stderr.splitlines() if not line.startswith("==")]
        raise LacksError(said[-1] if said else "says nothing")
    return done.stderr


def _env(home: Path) -> dict[str, str]:
    """Return an environment that is the same everywhere, but for where packages come from."""
    passed = {
        name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))
    }
    return {
        "HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONHASHSEED": "0",
        "COLUMNS": "80", **passed,
    }  # fmt: skip


def _git(*words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=ROOT, text=True, capture_output=True, check=True
    ).stdout.strip()


if __name__ == "__main__":
    cost()

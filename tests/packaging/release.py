"""What a release is checked for: `make release-check`, or `python -m tests.packaging.release`.

Wheel and sdist are built twice, from the checkout and from a copy of it elsewhere with other times,
and have the same bytes; the wheel that the sdist makes has them too; its tests run from it; the
examples of docs/python-api.md pass a strict type check next to the wheel; twine finds nothing.
"""

import hashlib
import os
import shutil
import sys
import tarfile
import venv
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click

from tests.docs.pages import blocks, page
from tests.packaging.away import ROOT, away

_LEFT_OUT: Final = (".git", ".venv", ".stamps", "__pycache__", ".*_cache", ".hypothesis")


def built(source: Path, out: Path, *kinds: str, epoch: str = "") -> dict[str, str]:
    """Build; return the SHA-256 of each file by its name. The date in it is a variable's."""
    more = {"SOURCE_DATE_EPOCH": epoch} if epoch else {}
    command = (sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), *kinds)
    done = away(*command, cwd=source, more=more)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return {path.name: _sum(path) for path in sorted(out.iterdir())}


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def copy_of(source: Path, folder: Path) -> Path:
    """Copy what a clone has, with other times of its files."""
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    for path in folder.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    return folder


def _suite_in(unpacked: Path) -> None:
    """Run the tests that read most files, from the source distribution."""
    folders = ("tests/tidy", "tests/docs", "tests/site", "tests/api")
    done = away(
        sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", *folders,
        cwd=unpacked, limit_s=1_800,  # ends a hang, and measures nothing
    )  # fmt: skip
    if done.returncode:
        sys.exit(done.stdout + done.stderr)


def _typed(folder: Path, wheel: Path) -> None:
    """Check the examples of the page as somebody's strict project, next to the wheel alone."""
    project = folder / "a project of its own"
    project.mkdir()
    for number, text in enumerate(blocks(page("docs/python-api.md"), "python")):
        typed = text.replace("comes_back(when)", "comes_back(when: datetime) -> None")
        (project / f"example_{number}.py").write_text(typed, "utf-8")
    (project / "wrong.py").write_text(_WRONG, "utf-8")
    venv.create(folder / "venv", system_site_packages=False)
    python = str(folder / "venv" / "bin" / "python")
    install = ("-m", "pip", "--python", python, "install", "--no-deps", "--quiet", str(wheel))
    mypy = (
        "-m",
        "mypy",
        "--strict",
        "--python-executable",
        python,
        "--ignore-missing-imports",
        "--allow-untyped-decorators",
        ".",
    )
    for command in (install, mypy):
        done = away(sys.executable, *command, cwd=project)
    said = done.stdout + done.stderr
    if "Found 2 errors in 1 file" not in said or said.count("wrong.py") != 2:
        sys.exit(f"two mistakes in wrong.py were wanted, and no other:\n{said}")


_WRONG: Final = """from card_protocol import NoSuchName
from meter_emu import Sleep

text: str = Sleep(1)
"""


@click.command()
@click.option("--epoch", default="1577836800", show_default=True, help="SOURCE_DATE_EPOCH.")
@click.option("--keep", type=click.Path(path_type=Path), help="A folder that gets both files.")
def check(epoch: str, keep: Path | None) -> None:
    """Build twice and compare; check metadata. Exit status 1 with the first thing wrong."""
    with TemporaryDirectory(prefix="release-") as name:
        folder = Path(name)
        first = built(ROOT, folder / "first", epoch=epoch)
        second = built(copy_of(ROOT, folder / "copy of it"), folder / "second", epoch=epoch)
        if first != second:
            sys.exit(f"not the same bytes twice: {first}, {second}")
        (sdist,) = (folder / "first").glob("*.tar.gz")
        with tarfile.open(sdist) as archive:
            archive.extractall(folder / "unpacked", filter="data")
        (unpacked,) = (folder / "unpacked").iterdir()
        again = built(unpacked, folder / "again", "--wheel", epoch=epoch)
        if not again.items() <= first.items():
            sys.exit(f"the sdist makes another wheel: {first}, {again}")
        _suite_in(unpacked)
        _typed(folder, next((folder / "first").glob("*.whl")))
        files = map(str, (folder / "first").iterdir())
        done = away(sys.executable, "-m", "twine", "check", "--strict", *files, cwd=folder)
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
        if keep is not None:
            shutil.copytree(folder / "first", keep, dirs_exist_ok=True)
    for file, digest in first.items():
        click.echo(f"{digest}  {file}")


if __name__ == "__main__":
    check()

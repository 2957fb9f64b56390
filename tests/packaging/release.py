"""What a release is checked for: `make release-check`, or `python -m tests.packaging.release`.

Wheel and sdist are built twice, from the checkout and from a copy of it elsewhere with other times,
and have the same bytes; the wheel that the sdist makes has them too; metadata pass twine's check.
"""

import hashlib
import os
import shutil
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click

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

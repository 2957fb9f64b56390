"""Writes the licence of each locked package into locked/licences.tsv: `make licences`.

Names are those of the lock files, licences what each package's metadata say. The reason why we name
one is kept by hand in docs/decisions/dependencies.md; a test wants one for each.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from typing import Final

from tests.docs.pages import ROOT

LIST: Final = ROOT / "locked" / "licences.tsv"


def named() -> dict[str, set[str]]:
    """Return what pyproject.toml names, and in which extras; `run` are those of everybody."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    of = {"run": project["dependencies"], **project["optional-dependencies"]}
    found: dict[str, set[str]] = {}
    for extra, wanted in of.items():
        for one in wanted:
            name = key(re.split(r"[<>=;\[ ]", one)[0])
            if name != "meter-emu":
                found.setdefault(name, set()).add(extra)
    return found


def key(name: str) -> str:
    """Return a package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> dict[str, list[str]]:
    """Return the lock files that have each package."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "locked").glob("*.txt")):
        for name in re.findall(r"^([\w.-]+)==", path.read_text("utf-8"), re.MULTILINE):
            found.setdefault(key(name), []).append(path.stem)
    return found


def licence(about: PackageMetadata) -> str:
    """Return the licence that a package's metadata state, as short as they do."""
    stated = (about.get_all("License-Expression") or about.get_all("License") or [""])[0]
    if str(stated) not in {"", "UNKNOWN"} and len(stated) < 60:
        return str(stated).strip().splitlines()[0]
    classes = [one for one in about.get_all("Classifier") or () if one.startswith("License ::")]
    return ", ".join(one.rpartition(" :: ")[2] for one in classes) or "see its files"


def rows() -> Iterator[str]:
    """Yield a row for each locked package that is installed here."""
    for name, kinds in sorted(locked().items()):
        try:
            about = metadata(name)
        except PackageNotFoundError:
            sys.exit(f"{name} is not installed: make licences installs all that is locked")
        everywhere = "run" in kinds
        where = "everywhere" if everywhere else ", ".join(kinds)
        yield f"{name}\t{licence(about)}\t{where}"


def text() -> str:
    """Return the list."""
    return "".join(f"{row}\n" for row in ("package\tlicence\tlocked for", *rows()))


if __name__ == "__main__":
    LIST.write_text(text(), "utf-8")

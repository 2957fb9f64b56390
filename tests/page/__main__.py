"""Builds the page without install in a folder: `python -m tests.page [FOLDER]`, or `make page`.

Whatever a browser loads is in the folder, by name, size and hash: Python and a cipher from the
packages that docs/try/package-lock.json locks, one compiled wheel of locked/page.txt, and the rest
of the program's packages as they are installed here, by the hashes of locked/run.txt.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

import click

from meter_emu.cli.listing import campaigns, defects
from meter_emu.cli.live.panel_page import panel_page
from meter_emu.inpage.refused import NO_OPTIONS, NOT_HERE
from meter_emu.languages.speech import speaking, speech_of
from meter_emu.languages.tables import SPOKEN
from tests.docs.pages import ROOT

SOURCE: Final = ROOT / "docs" / "try"
PANEL: Final = ROOT / "meter_emu" / "cli" / "live" / "page"
FIRST: Final = "ores-2020-07"  # whose report is there before Python is
_PAGES: Final = (
    *("index.html", "app.css", "app.mjs", "engine.mjs", "pipe.mjs", "python.mjs", "worker.mjs"),
    "press.mjs",
)
_PYTHON: Final = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
_CIPHER: Final = ("aes.js", "_polyval.js", "utils.js")
_COMPILED: Final = "msgspec"
_PURE: Final = ("click", "construct", "jinja2", "markupsafe", "rich", "typing_extensions", "tzdata")
# What no command of the page imports, 1.3 MB of it: highlighted code, Markdown, other zones.
_ZONES: Final = ("tzdata/zoneinfo/Europe/", "tzdata/zoneinfo/__init__.py", "tzdata/__init__.py")
_PANEL_SCRIPT: Final = '<script src="panel.js" defer></script>'
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the first that a ZIP can say


def _npm(folder: Path) -> Path:
    """Install what is locked into a folder of its own; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(SOURCE / name, folder / name)
    _run("npm", "ci", "--ignore-scripts", "--silent", folder=folder)
    return folder / "node_modules"


def _wheel(folder: Path) -> Path:
    """Fetch the one compiled package for Python in a browser."""
    lock = json.loads((folder.parent / "npm/node_modules/pyodide/pyodide-lock.json").read_text())
    info = lock["info"]
    version = "".join(info["python"].split(".")[:2])
    shutil.rmtree(folder, ignore_errors=True)
    command = ("-m", "pip", "--quiet", "download", "--no-deps", "--only-binary=:all:")
    of = ("--platform", f"pyemscripten_{info['abi_version']}_{info['arch']}")
    tags = ("--python-version", version, "--implementation", "cp", "--abi", f"cp{version}")
    locked = ("--require-hashes", "--requirement", str(ROOT / "locked" / "page.txt"))
    _run(sys.executable, *command, *of, *tags, *locked, "--dest", str(folder), folder=ROOT)
    (found,) = folder.glob("*.whl")
    return found


def _run(*command: str, folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command[0]}: {done.stdout}{done.stderr}")


def _contents(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file of the program's archive, and its bytes."""
    with zipfile.ZipFile(wheel) as opened:
        yield from ((name, opened.read(name)) for name in opened.namelist() if _goes(name))
    for package in ("card_protocol", "meter_emu"):
        for path in sorted((ROOT / package).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if path.is_file() and _goes(name):
                yield name, path.read_bytes()
    for path in sorted((ROOT / "fixtures").rglob("*.*")):
        yield f"meter_emu/_fixtures/{path.relative_to(ROOT / 'fixtures')}", path.read_bytes()
    for package in ("meter_emu", *_PURE):
        for file in distribution(package).files or ():
            name = file.as_posix()
            about = ".dist-info/" in name
            if not name.startswith("..") and (about or package != "meter_emu") and _goes(name):
                yield name, Path(str(file.locate())).read_bytes()


def _goes(name: str) -> bool:
    """Whether a file of a package is of use in the page."""
    if name.startswith("tzdata/"):
        return name.startswith(_ZONES)
    left_out = (".pyi", ".pyc", ".c", ".so", "RECORD", "INSTALLER", "direct_url.json", "REQUESTED")
    return "emscripten.so" in name or not name.endswith(left_out)


def _archive(path: Path, contents: dict[str, bytes]) -> None:
    """Write an archive: the same bytes whenever it is made."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for name, data in sorted(contents.items()):
            about = zipfile.ZipInfo(name, _EPOCH)
            about.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(about, data)


def _notices(archive: Path, modules: Path) -> str:
    """Return the licences of all that is in the folder."""
    parts = []
    with zipfile.ZipFile(archive) as opened:
        for name in opened.namelist():
            if ".dist-info/" in name and ("/licenses/" in name or "LICENSE" in name.upper()):
                parts.append((name, opened.read(name).decode("utf-8", "replace")))
    cipher = modules / "@noble" / "ciphers" / "LICENSE"
    parts.append(("@noble/ciphers", cipher.read_text("utf-8")))
    parts.append(("meter-emu", (ROOT / "LICENSE").read_text("utf-8")))
    about = json.loads((modules / "pyodide" / "package.json").read_text("utf-8"))
    parts.append(
        ("pyodide", f"{about['version']}, {about['license']}, unchanged, with CPython (PSF-2.0)\n")
    )
    return "\n".join(f"== {name}\n\n{text}" for name, text in parts)


def build(folder: Path) -> None:
    """Write the whole page into a folder that it makes anew."""
    work = folder.parent / f"{folder.name}-made"
    modules = _npm(work / "npm")
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("python", "ciphers", "july"):
        (folder / name).mkdir(parents=True)
    for name in _PAGES:
        shutil.copyfile(SOURCE / name, folder / name)
    for name in _PYTHON:
        shutil.copyfile(modules / "pyodide" / name, folder / "python" / name)
    lock = json.loads((modules / "pyodide" / "pyodide-lock.json").read_text("utf-8"))
    (folder / "python" / "pyodide-lock.json").write_text(json.dumps({**lock, "packages": {}}))
    for name in _CIPHER:
        shutil.copyfile(modules / "@noble" / "ciphers" / name, folder / "ciphers" / name)
    archive = folder / "python" / "program.zip"
    _archive(archive, dict(_contents(_wheel(work / "wheels"))))
    shutil.copytree(PANEL, folder / "meter", ignore=shutil.ignore_patterns("*.jinja"))
    shutil.copyfile(SOURCE / "transport.mjs", folder / "meter" / "transport.mjs")
    scripts = f'<script type="module" src="transport.mjs"></script>\n{_PANEL_SCRIPT}'
    for code in SPOKEN:
        with speaking(speech_of(code)):
            panel = panel_page()
        assert _PANEL_SCRIPT in panel, "the panel has one script"
        page = folder / "meter" / f"{code}.html"
        page.write_text(panel.replace(_PANEL_SCRIPT, scripts), "utf-8")
    report = ("-m", "meter_emu", "rehearse", FIRST, "--report", str(folder / "july"))
    _run(sys.executable, *report, folder=ROOT)
    known = {"campaigns": campaigns(), "defects": defects(), "refused": {**NOT_HERE, **NO_OPTIONS}}
    (folder / "known.json").write_text(json.dumps(known), "utf-8")
    (folder / "NOTICES.txt").write_text(_notices(archive, modules), "utf-8")
    _sums(folder)


def _files(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder and their bytes."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def _sums(folder: Path) -> None:
    """Write what the service worker keeps, by hash, then the list of all hashes."""
    files = {name: hashlib.sha256(data).digest() for name, data in _files(folder).items()}
    kept = {name: f"sha256-{base64.b64encode(sha).decode()}" for name, sha in files.items()}
    worker = (SOURCE / "sw.js").read_text("utf-8")
    name = hashlib.sha256(json.dumps(kept).encode()).hexdigest()
    text = worker.replace('= ["", {}];', f'= ["meter-emu {name}", {json.dumps(kept)}];')
    assert text != worker, "the service worker has a place for its files"
    (folder / "sw.js").write_text(text, "utf-8")
    files["sw.js"] = hashlib.sha256(text.encode()).digest()
    lines = [f"{sha.hex()}  {name}\n" for name, sha in sorted(files.items())]
    (folder / "SHA256SUMS").write_text("".join(lines), "utf-8")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=ROOT / ".stamps" / "page")
def page(folder: Path) -> None:
    """Build the page in FOLDER, and FOLDER.zip of it for who has a server of their own."""
    build(folder.absolute())
    files = _files(folder)
    _archive(folder.with_suffix(".zip"), files)
    size_mb = sum(map(len, files.values())) / 1e6
    click.echo(f"{folder} and {folder.with_suffix('.zip')}: {size_mb:.1f} MB for any static server")


if __name__ == "__main__":
    page()

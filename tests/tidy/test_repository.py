"""What holds for the repository itself, whatever is added to it: each check names all offenders."""

import ast
import importlib.metadata
import re
import tomllib
from collections.abc import Iterator
from functools import partial
from importlib import import_module

import pytest

from card_protocol.layout import Layout
from tests.cells import each_cell
from tests.tidy.repository import ROOT, found_by, modules, texts, tracked


def badly_ended(text: str) -> Iterator[str]:
    if "\r" in text:
        yield "has a carriage return"
    if text and (not text.endswith("\n") or text.endswith("\n\n")):
        yield "ends in no newline, or in two"


@pytest.mark.slow("reads the repository, where it is the first")
def test_no_marker_is_left_over() -> None:
    marker = r"\b(?:TODO|FIXME|XXX|HACK|WIP)\b|<<<<<<<|>>>>>>>"
    assert found_by(partial(re.findall, marker), texts()) == []


def test_a_text_file_ends_in_one_newline_and_has_no_tabs_by_mistake() -> None:
    assert found_by(badly_ended, texts()) == []
    assert [name for name, text in texts().items() if "\t" in text] == [
        "Makefile",
        "meter_emu/world/meter/host/c/starter/Makefile",
    ]
    assert [len(list(badly_ended(text))) for text in ("a", "a\n\n", "a\r\n", "a\n", "")] == [
        1, 1, 1, 0, 0,
    ]  # fmt: skip


@each_cell("name", ["constraints.txt", "Makefile", ".ci/run", "pyproject.toml"])
def test_set_up_holds_no_download_address_or_private_path(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert (
        re.search(r"https?:|git\+|--index-url|--find-links|@ file|/tmp|/home|/root", text) is None
    )


def test_constraints_are_exact_versions_and_cover_what_we_name() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").split()
    pinned = {}
    for line in lines:
        name, _, version = line.partition("==")
        assert re.fullmatch(r"[\w.]+", version), line
        pinned[_key(name)] = version
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["testing"]]
    wanted += [
        *project["optional-dependencies"]["dev"],
        *project["optional-dependencies"]["pcsc"],
    ]
    names = {_key(re.split(r"[<>=\[ ]", one)[0]) for one in wanted} - {"meter-emu"}
    assert names <= set(pinned)


def locked() -> dict[str, dict[str, str]]:
    """Return the versions in each file of what is installed, all with hashes."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted((ROOT / "locked").glob("*.txt")):
        text = path.read_text("utf-8").replace("\\\n", " ")
        found[path.name] = {}
        for line in text.splitlines():
            read = re.fullmatch(
                r"([\w.-]+)==([\w.]+)(?: ;[^-]*)?(?: +--hash=sha256:[0-9a-f]{64})+", line.strip()
            )
            assert read is not None, line[:80]
            found[path.name][_key(read[1])] = read[2]
    return found


def test_what_is_installed_is_locked_by_hashes_at_the_versions_of_the_constraints() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").split()
    pinned = {_key(name): version for name, _, version in (one.partition("==") for one in lines)}
    files = locked()
    assert set(files) == {
        "bench.txt", "browser.txt", "coverage.txt", "dev.txt", "docs.txt", "drivers.txt",
        "fuzz.txt", "page.txt", "pcsc.txt", "pip.txt", "release.txt", "run.txt",
    }  # fmt: skip
    for versions in files.values():
        for name, version in versions.items():
            assert pinned.get(name, version) == version, name
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert makefile.count("--no-deps --require-hashes --requirement\n") == 1, "of a first run"
    assert re.findall(r"\$\(PIP\) [^\n]*", makefile) == [
        "$(PIP) --require-hashes --requirement",
        "$(PIP) --no-deps --no-build-isolation --editable .",
        "$(PIP) --no-compile) \\",
        "$(PIP) --require-hashes --requirement locked/pip.txt",
    ]


# The first versions without a published fault that pip would take, and where it is published.
FLOORS = {
    "cryptography": ((48, 0, 1), "GHSA-537c-gmf6-5ccf"),
    "jinja2": ((3, 1, 6), "CVE-2025-27516"),
}


def test_floors_are_above_published_faults_and_say_which() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    for name, (floor, fault) in FLOORS.items():
        (found,) = re.findall(rf'"{name}>=([\d.]+)[^"]*",? # ([^\n]*)', text)
        assert tuple(map(int, found[0].split("."))) >= floor
        assert fault in found[1]


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_fixture_is_in_the_manifest() -> None:
    manifest = (ROOT / "fixtures" / "MANIFEST.md").read_text("utf-8")
    listed = set(re.findall(r"^\| `([^`]+)`", manifest, re.MULTILINE))
    fixtures = ROOT / "fixtures"
    found = {
        str(path.relative_to(fixtures))
        for path in tracked()
        if path.is_relative_to(fixtures) and path.name != "MANIFEST.md"
    }
    assert found == listed


def layouts() -> dict[str, tuple[str, str]]:
    """Return module and name of every layout, as the source assigns them, by what a layout is."""
    return {
        f"{name}: {ast.unparse(target)}": (name, ast.unparse(target))
        for name, tree in modules().items()
        for node in tree.body
        if isinstance(node, ast.AnnAssign | ast.Assign)
        for target in [node.target if isinstance(node, ast.AnnAssign) else node.targets[0]]
        if isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "Layout"
    }


@pytest.mark.slow("reads every file of the repository")
def test_every_layout_is_tested_and_documented() -> None:
    tests = (text for name, text in texts().items() if name.split("/")[-1].startswith("test_"))
    named = {word for text in tests for word in re.findall(r"\w+", text)}
    docs = " ".join(path.read_text("utf-8").lower() for path in (ROOT / "docs").glob("*.md"))

    def missing(where: tuple[str, str]) -> Iterator[str]:
        module, name = where
        layout = getattr(import_module(module.removesuffix(".py").replace("/", ".")), name)
        assert isinstance(layout, Layout)
        if name not in named:
            yield "no test names it"
        if layout.name not in docs:
            yield "no page describes it"

    assert layouts()
    assert found_by(missing, layouts()) == []


# Write: record; next to, with, against; on timeout; nothing shows; is reported; anyone who.
DIALECT = r"(?i)\b(?:beside|in vain|nobody can tell|take[ns]? down|took down|told of|whoever)\b"


@pytest.mark.slow("reads every file of the repository")
def test_what_is_written_is_plain_english() -> None:
    assert found_by(partial(re.findall, DIALECT), texts()) == []
    assert re.findall(DIALECT, "Whoever takes down") == ["Whoever", "takes down"]
    assert re.findall(DIALECT, "told of it, beside it") == ["told of", "beside"]


def test_the_top_level_is_the_agreed_one() -> None:
    top = {path.relative_to(ROOT).parts[0] for path in tracked()}
    plain = {name for name in top if not name.startswith(".")} - {"PKG-INFO"}  # of an sdist
    assert plain == {
        "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "SECURITY.md",
        "card_protocol", "constraints.txt", "docs", "fixtures", "locked", "meter_emu",
        "pyproject.toml", "tests",
    }  # fmt: skip


def test_the_source_distribution_has_all_that_tests_read() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    taken = {
        one.strip("/") for one in project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    }
    top = {path.relative_to(ROOT).parts[0] for path in tracked()} - {"PKG-INFO"}
    assert top - {"pyproject.toml"} == taken  # which is always there


def test_the_repository_names_no_place_on_somebodys_machine() -> None:
    assert found_by(partial(re.findall, r"(?<![\w.])/(?:work|home|root|Users)/\w+"), texts()) == []


def test_version_is_stated_once() -> None:
    import card_protocol
    import meter_emu

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert "version" not in project
    assert (
        meter_emu.__version__
        is card_protocol.__version__
        == importlib.metadata.version("meter-emu")
    )

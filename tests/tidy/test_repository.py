"""What holds for the repository itself, whatever is added to it."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from card_protocol.layout import Layout

ROOT = Path(__file__).parents[2]
PACKAGES = ("card_protocol", "meter_emu")
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 60
TEXT = {".py", ".md", ".toml", ".txt", ".json", ".sh", ""}
BINARY = {".bin", ".card", ".png"}


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
    return tuple(
        sorted(
            path
            for path in ROOT.rglob("*")
            if path.is_file() and not skipped & set(path.parts) and path.suffix != ".pyc"
        )
    )


def sources() -> list[Path]:
    return [
        path
        for path in tracked()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in PACKAGES
    ]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


MODULES = pytest.mark.parametrize("path", sources(), ids=name_of)
PYTHON = pytest.mark.parametrize(
    "path", [path for path in tracked() if path.suffix == ".py"], ids=name_of
)


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


@PYTHON
def test_a_file_is_short(path: Path) -> None:
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= FILE_LINES_MAX


@PYTHON
def test_a_function_is_short(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            lines = node.end_lineno - node.lineno + 1
            assert lines <= FUNCTION_LINES_MAX, f"{node.name} has {lines} lines"


@MODULES
def test_a_module_says_what_it_is_for(path: Path) -> None:
    text = ast.get_docstring(tree_of(path))
    assert text, "no docstring"
    assert text.splitlines()[0][-1] in ".:!?", "the first line is a sentence"


@MODULES
def test_only_the_command_line_prints_and_exits(path: Path) -> None:
    if path.is_relative_to(ROOT / "meter_emu" / "cli"):
        return
    for node in ast.walk(tree_of(path)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        assert called not in {"print", "exit", "quit", "sys.exit", "os._exit", "input"}, called


@MODULES
def test_nothing_is_swallowed(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ExceptHandler) and path.parts[-2] != "cli":
            assert node.type is not None, f"line {node.lineno}: bare except"
            assert ast.unparse(node.type) not in {"Exception", "BaseException"}, node.lineno


def _written() -> list[Path]:
    """Every text file but this one, which has to spell what it looks for."""
    return [path for path in tracked() if path.suffix in TEXT and path != Path(__file__)]


@pytest.mark.parametrize("path", _written(), ids=name_of)
def test_no_marker_is_left_over(path: Path) -> None:
    text = path.read_text("utf-8")
    found = re.search(r"\b(TODO|FIXME|XXX|HACK|WIP)\b|<<<<<<<|>>>>>>>", text)
    assert found is None, found


@pytest.mark.parametrize("path", _written(), ids=name_of)
def test_a_text_file_ends_in_one_newline_and_has_no_tabs_by_mistake(path: Path) -> None:
    text = path.read_text("utf-8")
    assert "\r" not in text
    assert text == "" or (text.endswith("\n") and not text.endswith("\n\n"))
    assert path.name == "Makefile" or "\t" not in text


@pytest.mark.parametrize("name", ["constraints.txt", "Makefile", ".ci/run", "pyproject.toml"])
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


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_fixture_is_in_the_manifest() -> None:
    manifest = (ROOT / "fixtures" / "MANIFEST.md").read_text("utf-8")
    listed = set(re.findall(r"^\| `([^`]+)`", manifest, re.MULTILINE))
    home = ROOT / "fixtures"
    found = {
        str(path.relative_to(home))
        for path in tracked()
        if path.is_relative_to(home) and path.name != "MANIFEST.md"
    }
    assert found == listed


def layouts() -> Iterator[tuple[str, str]]:
    """Yield module and name of every layout, as the source assigns them."""
    for path in sources():
        for node in tree_of(path).body:
            if not isinstance(node, ast.AnnAssign | ast.Assign):
                continue
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            if isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "Layout":
                yield name_of(path), ast.unparse(target)


@pytest.mark.parametrize(("module", "name"), list(layouts()))
def test_every_layout_is_tested_and_documented(module: str, name: str) -> None:
    from importlib import import_module

    layout = getattr(import_module(module.removesuffix(".py").replace("/", ".")), name)
    assert isinstance(layout, Layout)
    tests = [path.read_text("utf-8") for path in tracked() if path.name.startswith("test_")]
    assert sum(bool(re.search(rf"\b{name}\b", text)) for text in tests) >= 1, "no test names it"
    docs = " ".join(path.read_text("utf-8").lower() for path in (ROOT / "docs").glob("*.md"))
    assert layout.name in docs, "no page describes it"


def test_chip_and_driver_share_no_constant() -> None:
    """A shared mistake would cancel: neither imports from the other's side, nor from a third."""
    sides = {
        "hardware": ROOT / "meter_emu" / "hardware" / "rtc",
        "firmware": ROOT / "meter_emu" / "firmware" / "rtc",
    }
    allowed = {
        "hardware": {"meter_emu.hardware"},
        "firmware": {"meter_emu.firmware.rtc", "meter_emu.ports"},
    }
    for side, folder in sides.items():
        for path in folder.glob("*.py"):
            for module in _imported(path):
                if module.split(".")[0] in PACKAGES:
                    common = module in {"card_protocol.errors", "card_protocol.timestamp"}
                    mine = any(module.startswith(prefix) for prefix in allowed[side])
                    assert mine or common, f"{name_of(path)} imports {module}"


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_the_top_level_is_the_agreed_one() -> None:
    top = {path.relative_to(ROOT).parts[0] for path in tracked()}
    plain = {name for name in top if not name.startswith(".")}
    assert plain == {
        "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "card_protocol", "constraints.txt",
        "docs", "fixtures", "meter_emu", "pyproject.toml", "tests",
    }  # fmt: skip


def test_the_repository_names_no_place_on_somebodys_machine() -> None:
    for path in _written():
        text = path.read_text("utf-8")
        assert re.search(r"(?<![\w.])/(work|home|root|Users)/\w", text) is None, name_of(path)


def test_version_is_stated_once() -> None:
    import meter_emu

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert getattr(meter_emu, "__version__", project["version"]) == project["version"]

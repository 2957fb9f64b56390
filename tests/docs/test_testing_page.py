"""The page on pytest: its tables are the options, keys and calls there are, and its test runs."""

import inspect
import re
from typing import Any

import msgspec
import pytest

from meter_emu.testing import Card, Desk, Meter, World
from meter_emu.testing.circumstances import Circumstances
from meter_emu.testing.links import LINKS
from tests.cells import each_cell
from tests.docs.pages import blocks, page, section, table

PAGE, REFERENCE = page("docs/testing-with-pytest.md"), page("docs/pytest-reference.md")
FIXTURES = section(REFERENCE, "The fixtures")


def test_the_options_are_those_of_the_plugin(pytestconfig: pytest.Config) -> None:
    names = {row[0] for row in table(REFERENCE, "option", "what it does")}
    parser = pytestconfig._parser
    (group,) = (group for group in parser._groups if group.name == "meter-emu")
    assert names == {option.names()[0] for option in group.options}


def test_the_links_are_those_there_are() -> None:
    assert [row[0] for row in table(REFERENCE, "link", "the card is")] == list(LINKS)


def test_the_keys_and_defaults_are_those_of_the_marker(pytestconfig: pytest.Config) -> None:
    rows = table(REFERENCE, "key", "default", "meaning")
    fields = msgspec.structs.fields(Circumstances)
    assert [(row[0], row[1]) for row in rows] == [
        (field.name, str(field.default)) for field in fields
    ]
    (marker,) = (m for m in pytestconfig.getini("markers") if m.startswith("meter("))
    said = re.findall(r"\w+", marker.partition(")")[0].removeprefix("meter("))
    assert said == [field.name for field in fields]


@each_cell(("name", "kind"), [("world", World), ("meter", Meter), ("desk", Desk), ("card", Card)])
def test_every_call_of_a_fixture_is_listed(name: str, kind: type[Any]) -> None:
    listed: dict[str, str] = {}
    for cell, *_ in table(FIXTURES, f"`{name}`", "what it is or does"):
        for call in re.findall(r"(\w+(?:\([^)]*\))?)", cell.replace("`", "")):
            listed[call.partition("(")[0]] = call
    inside = {"in_slot", "check_at_hand"}
    made = {World: {"seed"}, Card: {"name", "sets_clock", "in_meter"}}.get(kind, set())
    public = {member for member in vars(kind) if not member.startswith("_")} - inside | made
    assert set(listed) == public
    for member in public - made:
        routine = getattr(kind, member)
        if inspect.isfunction(routine):
            parameters = [one for one in inspect.signature(routine).parameters if one != "self"]
            assert listed[member] == f"{member}({', '.join(parameters)})"


def test_the_first_test_passes_and_finds_the_mistake(pytester: pytest.Pytester) -> None:
    shown, *_ = blocks(PAGE, "python")
    pytester.makepyfile(shown)
    own = ("-p", "meter_emu.pytest_plugin", "--disable-plugin-autoload", "-p", "no:cacheprovider")
    pytester.runpytest_inprocess(*own).assert_outcomes(passed=1)
    found = pytester.runpytest_inprocess(*own, "--meter-firmware", "reference+end-exclusive")
    found.assert_outcomes(failed=1)
    output = iter([re.sub(r"-+ (meter-emu) -+", r"-- \1 --", ln) for ln in found.outlines])
    said, *_ = blocks(PAGE, "text")
    for line in said.splitlines():
        wanted = re.sub(r"-+ (meter-emu) -+", r"-- \1 --", line).partition("…")[0].rstrip()
        assert any(got.startswith(wanted) for got in output), line


@pytest.mark.slow("runs what the page says")
def test_the_bench_without_fixtures_is_as_shown(pytester: pytest.Pytester) -> None:
    _, *others = blocks(PAGE, "python")
    elsewhere = ("# ", "from meter_emu.pytest_laws ")  # files: tests/packaging; laws: tests/testing
    shown = [text for text in others if not text.startswith(elsewhere)]
    assert (len(shown), len(others)) == (3, 6)
    for number, text in enumerate(shown):
        pytester.makepyfile(**{f"test_shown_{number}": text})
    pytester.runpytest_inprocess(
        "--disable-plugin-autoload", "-p", "no:cacheprovider"
    ).assert_outcomes(passed=4)

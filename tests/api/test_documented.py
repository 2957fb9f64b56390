"""Whatever is public says what it is: a sentence each, parameters, what is returned, errors."""

import ast
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Final

import griffe
import pytest

from card_protocol import ApduError
from meter_emu import DeskError
from meter_emu.testing import Circumstances, Direct, MeterSetup
from tests.api import raised
from tests.api.raised import NEVER, Place
from tests.api.surface import exported
from tests.api.undocumented import undocumented, unmeasured
from tests.api.unsaid import Written, unsaid, written

_T1: Final = "2020-07-03 23:01"
_DESK: Final = "meter_emu.testing.desk"
# What a desk raises comes out of a dialogue with a card, which the source does not tell.
SEEN: Final[dict[tuple[str, type[Exception]], Callable[[MeterSetup], object]]] = {
    ("load", DeskError): lambda it: it.desk.load(it.card, "4.99"),
    ("load", ApduError): lambda it: it.desk.load(it.desk.clock_card(), 20),
    ("defer", ApduError): lambda it: it.desk.defer(it.desk.clock_card(), _T1),
    ("cut", ApduError): lambda it: it.desk.cut(it.desk.clock_card(), _T1),
    ("arm", DeskError): lambda it: it.desk.arm(it.card, defer_until=_T1, cut_at="2020-07-03 23:00"),
    ("arm", ApduError): lambda it: it.desk.arm(it.desk.clock_card(), defer_until=_T1, cut_at=_T1),
    ("reactivate", ApduError): lambda it: it.desk.reactivate(it.desk.clock_card()),
    ("prepayment", ApduError): lambda it: it.desk.prepayment(it.desk.clock_card(), on=True),
    ("limiter", ApduError): lambda it: it.desk.limiter(it.desk.clock_card(), granted=True),
    ("tariff", DeskError): lambda it: it.desk.tariff(it.card, 1, 250, 251),
    ("tariff", ApduError): lambda it: it.desk.tariff(it.desk.clock_card(), 1, 250),
    ("account", ApduError): lambda it: it.desk.account(it.desk.clock_card()),
    ("read_back", ApduError): lambda it: it.desk.read_back(it.desk.clock_card()),
    ("replace", ApduError): lambda it: it.desk.replace(it.desk.clock_card()),
}
THROUGH: Final = {
    Place(_DESK, f"Desk.{name}"): [error for other, error in SEEN if other == name]
    for name, _ in SEEN
}

SOURCE = '''
"""A module."""

from enum import Enum

class Row:
    """A row; `of_class` is a number."""

    of_class: int
    own: int
    """How many."""
    bare: int
    rest_us: int
    """How long it rests."""
    cut_s: int
    """When it was cut, in seconds."""

    def said(self):
        """Say so."""

    def silent(self): ...

class Kind(Enum):
    """A kind."""

    TOLD = 1
    MUTE = 2

WORDS = {
    Kind.TOLD: "told",
}
'''


@pytest.mark.slow("reads every file of both packages")
def test_everything_that_is_public_has_a_sentence() -> None:
    assert [path for _, found in exported() for path in undocumented(found)] == []


@pytest.mark.slow("reads every file of both packages")
def test_what_has_a_unit_or_an_epoch_says_it() -> None:
    assert [path for _, found in exported() for path in unmeasured(found)] == []


def test_what_says_nothing_is_found(tmp_path: Path) -> None:
    (tmp_path / "planted.py").write_text(SOURCE)
    module = griffe.GriffeLoader(search_paths=[tmp_path], allow_inspection=False).load("planted")
    found = [path for name in ("Row", "Kind") for path in undocumented(module.members[name])]  # type: ignore[arg-type]
    assert found == ["planted.Row.bare", "planted.Row.silent", "planted.Kind.MUTE"]
    row = module.members["Row"]
    assert isinstance(row, griffe.Class)
    assert list(unmeasured(row)) == ["planted.Row.rest_us: unit", "planted.Row.cut_s: epoch"]


def functions() -> list[tuple[Written, Place]]:
    """Return each public function once, by whatever name it is public."""
    return list(
        {place: (found, place) for _, one in exported() for found, place in written(one)}.values()
    )


@pytest.mark.slow("reads every file of both packages")
def test_a_function_says_what_it_takes_returns_and_raises() -> None:
    assert list(unsaid(functions(), THROUGH)) == []


@pytest.mark.slow("makes a meter, an office and a card")
@pytest.mark.parametrize(("name", "error"), list(SEEN))
def test_what_the_source_does_not_tell_is_seen_to_be_raised(
    name: str, error: type[Exception]
) -> None:
    it = MeterSetup(Circumstances(balance_eur=20), build="reference", seed=0, reach=Direct())
    with pytest.raises(error):
        SEEN[name, error](it)


@pytest.mark.slow("reads every file of both packages")
def test_each_error_that_never_comes_through_would_else_be_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(raised, "NEVER", MappingProxyType({}))
    raised._read.cache_clear()
    found = raised.raised(NEVER)
    raised._read.cache_clear()
    for place, (error, _) in NEVER.items():
        assert any(error in raised.ancestors(*one) for one in found[place]), place


FUNCTIONS = '''
"""A module."""

class LayoutError(ValueError):
    """Bytes."""

def read(raw: bytes, at: int) -> int:
    """Return the byte at `at`."""
    if not raw:
        raise LayoutError
    return _inner(raw, at)

def _inner(raw, at):
    if at < 0:
        raise KeyError(at)
    try:
        return raw[int(at)]
    except IndexError:
        raise TypeError from None

def place(one: int, two: int, three: int) -> None:
    """Put `one`, `two` and `three` somewhere.

    Raises:
        OSError: Nowhere is one.
    """

def move(unit_us: int, to: int) -> None:
    """Move.

    Args:
        unit_us: The unit of us.
        to: Where the next one goes.
        gone: It was a parameter once.
    """
    try:
        _inner(b"", to)
    except (KeyError, TypeError):
        return
'''


def test_what_a_function_does_not_say_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parameters, errors of its own and of what it calls; what is caught on the way is not one."""
    (tmp_path / "planted.py").write_text(FUNCTIONS)
    planted = {"planted": ast.parse(FUNCTIONS)}
    monkeypatch.setattr(raised, "_files", lambda: planted)
    caches = (raised._defined, raised._methods, raised._imports, raised.ancestors, raised._read)
    for one in caches:
        one.cache_clear()
    try:
        module = griffe.GriffeLoader(search_paths=[tmp_path], allow_inspection=False).load(
            "planted"
        )
        names = ("read", "place", "move")
        found = [row for name in names for row in written(module.members[name])]  # type: ignore[arg-type]
        said = list(unsaid(found, {}))
    finally:
        for one in caches:
            one.cache_clear()
    assert said == [
        "planted.read: parameter raw",
        "planted.read: raises KeyError",
        "planted.read: raises LayoutError",
        "planted.read: raises TypeError",
        "planted.place: 3 parameters, and no line under Args for each",
        "planted.place: does not raise OSError",
        "planted.move: parameter unit_us says no more than its name",
        "planted.move: no parameter gone",
    ]

"""Whatever is public says what it is: each attribute, function and class has a sentence."""

from pathlib import Path

import griffe
import pytest

from tests.api.surface import exported
from tests.api.undocumented import undocumented

SOURCE = '''
"""A module."""

from enum import Enum

class Row:
    """A row; `of_class` is a number."""

    of_class: int
    own: int
    """How many."""
    bare: int

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


def test_what_says_nothing_is_found(tmp_path: Path) -> None:
    (tmp_path / "planted.py").write_text(SOURCE)
    module = griffe.GriffeLoader(search_paths=[tmp_path], allow_inspection=False).load("planted")
    found = [path for name in ("Row", "Kind") for path in undocumented(module.members[name])]  # type: ignore[arg-type]
    assert found == ["planted.Row.bare", "planted.Row.silent", "planted.Kind.MUTE"]

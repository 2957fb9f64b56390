"""A long work that is killed goes on; `make test-going-on` kills works of minutes 20 times each."""

from pathlib import Path
from random import Random

import pytest

from tests.cells import few
from tests.diagnosis.small import text
from tests.kills.going_on import WORKS, killed


@pytest.mark.slow("kills commands that live for seconds", short=1)
@pytest.mark.parametrize("name", WORKS)
def test_killed_at_any_moment_it_goes_on_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    work = WORKS[name]
    (tmp_path / "small.toml").write_text(text(), "utf-8")
    assert killed(work, work.little, few(2, short=1), Random(name), tmp_path) > 0

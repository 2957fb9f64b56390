"""docs/fuzzing.md: the stranger's program fails as the page says, and so its campaign."""

import re
import tomllib

import pytest

from meter_emu.fuzz.finds import failure, target_of
from tests.docs.pages import page

PAGE = page("docs/fuzzing.md")
(PROGRAM,) = re.findall(r'```python title="mine\.py"\n(.*?)```', PAGE, re.DOTALL)
(FIND,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
(CAMPAIGN,) = re.findall(r'```toml title="campaign"\n(.*?)```', PAGE, re.DOTALL)


@pytest.fixture
def found(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(PROGRAM)
    (tmp_path / "mended.py").write_text(PROGRAM.replace(" & 0xFFFF", ""))
    monkeypatch.syspath_prepend(tmp_path)
    return tomllib.loads(FIND)


@pytest.mark.slow("fuzzes a stranger's program")
def test_a_counter_of_a_strangers_program_that_runs_over_is_the_find_of_the_page(found):
    target, data = target_of(found["target"]), bytes.fromhex(found["input"])
    failed = failure(target, data, found["build"])
    assert failed is not None
    assert failed.why == found["why"]
    assert re.sub(r":\d+ ", " ", failed.at) == re.sub(r":\d+ ", " ", found["at"])
    assert target.campaign is not None
    assert target.campaign(data, found["build"]) == CAMPAIGN
    assert len(CAMPAIGN.splitlines()) <= 25
    assert failure(target, data, "mended:program") is None, "a wider counter mends it"

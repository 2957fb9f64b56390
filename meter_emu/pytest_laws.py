"""Each law as a test of the build in `--meter-firmware`: import `test_law`, and pytest runs them.

    from meter_emu.pytest_laws import test_law

A broken law fails with the household's story and its campaign file; one that says nothing of this
program is skipped with the reason.
"""

import pytest

from meter_emu.laws import laws
from meter_emu.pytest_plugin import mistakes_in_one_line
from meter_emu.verify.run import verify

__all__ = ["test_law"]


@pytest.mark.parametrize("law_id", list(laws()))
def test_law(law_id: str, pytestconfig: pytest.Config) -> None:
    """Check one law against so many stories, the same for the same seed."""
    option = pytestconfig.getoption
    build, seed = option("--meter-firmware"), option("--meter-seed")
    with mistakes_in_one_line():
        report = verify(build, law_ids=[law_id], examples=option("--meter-stories"), seed=seed)
    (examined,) = report.examined
    found = examined.broken
    if found is not None:
        promise = "\n".join((f"{law_id}: {examined.law.says}", found.words, *found.course))
        pytest.fail(f"{promise}\n\n{found.text}", pytrace=False)
    if examined.not_observable is not None:
        pytest.skip(f"not observable: {examined.not_observable}")

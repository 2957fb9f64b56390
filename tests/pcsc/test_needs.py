"""What is said where PC/SC is missing: which package, and a skip that CI does not take."""

from pathlib import Path

import pytest

from tests.pcsc import needs


def test_what_is_missing_is_named_with_the_line_that_installs_it(monkeypatch) -> None:
    monkeypatch.setitem(needs.PACKAGES, "no-such-command", "b-package")
    monkeypatch.setitem(needs.PACKAGES, "/no/such/file", "a-package")
    said = needs.absent("/no/such/file", "no-such-command")
    assert said == "not installed; as root: apt-get install a-package b-package"


def test_what_tests_want_is_what_make_test_installs() -> None:
    makefile = (Path(__file__).parents[2] / "Makefile").read_text("utf-8")
    tools = makefile.partition("TOOLS  :=")[2].partition("\n#")[0].replace("\\\n", " ").split()
    assert {one.partition("=")[2] for one in tools} >= set(needs.PACKAGES.values())


@pytest.mark.parametrize(
    ("ci", "ending"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)]
)
def test_a_test_is_skipped_for_a_person_and_fails_for_ci(monkeypatch, ci, ending) -> None:
    monkeypatch.setenv("CI", ci)
    with pytest.raises(ending, match="because"):
        needs.refuse("because")

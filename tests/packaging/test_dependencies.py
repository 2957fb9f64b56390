"""decisions/dependencies.md has a reason for each package we name, a licence for each locked."""

from tests.docs.pages import page, table
from tests.packaging.licences import LIST, key, locked, named

PAGE = page("docs/decisions/dependencies.md")


def test_each_package_that_we_name_has_its_reason_and_no_other() -> None:
    reasons = {row[0]: row[1] for row in table(PAGE, "package", "for", "why")}
    assert reasons.keys() == named().keys()
    for name, extra in reasons.items():
        assert extra in named()[name], name
    assert all(row[2] for row in table(PAGE, "package", "for", "why"))


def test_each_locked_package_has_its_licence() -> None:
    head, *lines = LIST.read_text("utf-8").splitlines()
    assert head == "package\tlicence\tlocked for"
    rows = {row[0]: row for row in (line.split("\t") for line in lines)}
    assert rows.keys() == locked().keys(), "make licences"
    assert all(row[1] for row in rows.values())
    assert "MPL-2.0" in rows["certifi"][1]


def test_a_name_is_compared_as_an_index_does() -> None:
    assert key("Jaraco.functools") == key("jaraco_functools") == "jaraco-functools"

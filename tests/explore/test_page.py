"""docs/explore.md: what it says of rules and scopes is what there is."""

from meter_emu.explore.left_out import LEFT_OUT
from meter_emu.resources import built_in
from tests.docs.pages import page, table


def test_the_rules_of_the_page_are_those_of_the_program():
    rows = table(page("docs/explore.md"), "rule", "what is left out")
    assert dict(rows) == LEFT_OUT


def test_every_built_in_scope_has_a_row():
    head = ("scope", "acts", "instants", "depth", "states", "transitions", "seconds")
    rows = table(page("docs/explore.md"), *head, "pairs, differing")
    assert {row[0] for row in rows} == set(built_in("scopes"))

"""The table of all acts: nothing that a household can do is forgotten, and each can be added."""

from collections import defaultdict
from dataclasses import fields
from functools import cache

import pytest

from meter_emu.errors import ConfigError
from meter_emu.explore.acts import (
    ACT_ROWS,
    ALL_ACTS,
    Placed,
    acts_in,
    acts_missing,
    with_acts,
)
from meter_emu.explore.roots import campaign_named, scope_named
from meter_emu.explore.scope import scope_of
from meter_emu.explore.search import Explored, explore
from meter_emu.resources import built_in
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import DeskOrder, Visit, VisitKind
from meter_emu.world.meter.acts import OF_KEY, Press
from tests.cells import each_cell
from tests.docs.pages import page, table

# What makes no act of its own: when, where in a file, how far a tool is off, and what goes with it.
_NO_ACT = {
    "at_us", "in_file", "kind", "clock_error_s", "card_number", "copy_number",
    "defer_until", "cut_at", "reading",
}  # fmt: skip
_TOKENS = {"token", "mistyped-token"}
_SOLD = "sts"


@cache
def campaign_for(act: str) -> Campaign:
    return campaign_named(_SOLD if act in _TOKENS else "session", "reference")


@cache
def made(act: str) -> Visit:
    campaign = campaign_for(act)
    return ACT_ROWS[act].made(Placed(campaign, campaign.households[0], campaign.start_us))


def test_every_key_of_a_visit_and_of_an_order_is_in_an_act():
    visits = [made(act) for act in ACT_ROWS]
    orders = [visit.desk for visit in visits if visit.desk is not None]
    for kind, values in ((Visit, visits), (DeskOrder, orders)):
        for field in fields(kind):
            said = {repr(getattr(value, field.name)) for value in values}
            assert len(said) > 1 or field.name in _NO_ACT, f"no act has {field.name}"
    assert {visit.kind for visit in visits} == set(VisitKind)
    acts = {visit.act for visit in visits if visit.act is not None}
    assert {act.file[0] for act in acts if act.file} == set(OF_KEY)
    assert {act for act in acts if isinstance(act, Press)} == {
        OF_KEY[key].in_file(key, name) for key in Press.KEYS for name in ("red", "blue")
    }


def test_a_row_recognises_its_act():
    for act, row in ACT_ROWS.items():
        assert row.is_in(made(act)), act
    seen = {
        act: [name for name, row in ACT_ROWS.items() if row.is_in(made(act))] for act in ACT_ROWS
    }
    assert {act: names for act, names in seen.items() if names != [act]} == {
        "worth-of-a-unit": ["tariff", "worth-of-a-unit"],
        "wrong-fields": ["cut", "load", "wrong-fields"],
        "torn-visit": ["load", "torn-visit"],
        "office-date": ["prepayment-on", "office-date"],
    }


@each_cell("act", lambda: list(ALL_ACTS))
def test_an_act_can_be_added_to_a_scope(act: str):
    before = scope_of(campaign_for(act), "reference")
    scope = scope_of(with_acts(campaign_for(act), [act]), "reference")
    assert acts_in(scope) > acts_in(before) or act in acts_in(before)
    assert act in acts_in(scope)
    assert set(acts_missing(scope)) == set(ALL_ACTS) - acts_in(scope)


@pytest.mark.slow("an act more at six instants")
@each_cell("act", lambda: list(ALL_ACTS), short=4)
def test_the_reference_is_clean_with_an_act_more(act: str):
    explored = explore(
        Explored(scope_of(with_acts(campaign_for(act), [act]), "reference")), depth=1
    )
    assert explored.broken is None
    assert explored.depth == 1


def test_a_token_is_added_where_one_is_sold():
    with pytest.raises(ConfigError, match="nothing is sold here"):
        with_acts(campaign_named("session", "reference"), ["token"])


def test_the_page_has_every_act_with_its_scopes():
    has = {name: acts_in(scope_named(name, "reference")) for name in built_in("scopes")}
    scopes = defaultdict(list)
    for name, acts in has.items():
        for act in acts:
            scopes[act].append(name)
    rows = {row[0]: row[1:] for row in table(page("docs/explore.md"), "act", "scopes", "such as")}
    assert list(rows) == list(ALL_ACTS)
    for act, (count, such_as) in rows.items():
        assert int(count) == len(scopes[act]), act
        named = such_as.split(", ") if such_as else []
        assert named == scopes[act][: len(named)], act
        assert bool(named) is bool(scopes[act]), act

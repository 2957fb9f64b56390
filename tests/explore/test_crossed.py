"""The scopes in which themes cross: every two of the stories' themes are in one of them."""

from itertools import combinations

from meter_emu.explore.acts import acts_in
from meter_emu.explore.roots import scope_named
from meter_emu.resources import built_in
from meter_emu.stories.themes import THEMES
from tests.cells import each_cell

# By which acts a theme is seen in a scope; a lost clock has been lost before they begin.
ACTS_OF = {
    "extension": {"cut", "defer"},
    "reactivation": {"reactivate"},
    "load": {"load"},
    "tariff change": {"tariff"},
    "limiter": {"limiter-off"},
    "postpaid": {"prepayment-on"},
    "replaced card": {"old-card"},
    "temporary card": {"insert"},
    "copy": {"copy"},
    "torn visit": {"torn-visit"},
    "date of an office": {"office-date"},
    "clock card": {"clock-card"},
    "refused clock card": {"old-clock-card", "anothers-clock-card"},
    "outage": {"outage"},
    "lost clock": {"clock-card"},
    "spoilt clock": {"upset", "clock-card"},
    "emergency credit": {"load"},
    "supply asked for": set(),
    "card shown": {"insert"},
}
ASKS = {"press-red", "hold-blue"}  # electricity, gas


def crossed() -> list[str]:
    return [name for name in built_in("scopes") if name.startswith("crossed-")]


def themes_of(name: str) -> list[str]:
    """Return the themes that the first line of a scope's file names."""
    first = built_in("scopes")[name].read_text("utf-8").splitlines()[0]
    return first.removeprefix("# ").partition(":")[0].split(", ")


def test_every_two_themes_are_in_one_scope():
    names = {name: themes_of(name) for name in crossed()}
    assert len(names) == 12
    assert {theme for themes in names.values() for theme in themes} == set(THEMES) == set(ACTS_OF)
    met = {frozenset(two) for themes in names.values() for two in combinations(themes, 2)}
    missing = [two for two in combinations(THEMES, 2) if frozenset(two) not in met]
    assert not missing


@each_cell("name", crossed)
def test_a_scope_has_the_acts_of_its_themes(name: str):
    scope = scope_named(name, "reference")
    has = acts_in(scope)
    for theme in themes_of(name):
        assert ACTS_OF[theme] <= has, theme
        if theme in {"supply asked for", "emergency credit"}:
            assert has & ASKS, theme
    lost = bool(scope.household.rtc_found)
    assert lost is ("lost clock" in themes_of(name))

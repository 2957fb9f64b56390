"""Power cut anywhere in any kind of session: nothing is lost, made or done by half.

Every model, card and kind; the card left in or pulled; the clock's reserve full or empty; pairs of
cuts. `make test` takes a sample of each kind, `make test-exhaustive` all of them.
"""

from random import Random

import pytest

from tests.properties.lab import CARDS, METERS, Kit
from tests.reliability.cutting import SETTLES, Sweep
from tests.reliability.kinds import KINDS
from tests.reliability.stage import EXHAUSTIVE, KITS, kit_name
from tests.reliability.tally import Tried

Case = tuple[str, Kit, bool]
CUTS, EMPTY, PAIRS = (None, None, 40) if EXHAUSTIVE else (14, 3, 2)


def cases() -> list[Case]:
    """Return every kind on every kit, card in and out; or each kind and card, models in turn."""
    if EXHAUSTIVE:
        every = [(name, kit, stays) for name in KINDS for kit in KITS for stays in (False, True)]
    else:
        models = list(METERS.values())
        every = [
            (name, Kit(models[(row + column) % len(models)], *card), bool((row + column) % 2))
            for row, name in enumerate(KINDS)
            for column, card in enumerate(CARDS)
        ]
    return [case for case in every if KINDS[case[0]].gas or case[1].model.energy != "gas"]


def case_name(case: Case) -> str:
    name, kit, stays = case
    return f"{name}-{kit_name(kit)}-{'in' if stays else 'out'}"


@pytest.mark.parametrize("case", cases(), ids=case_name)
def test_a_power_cut_anywhere_loses_nothing_and_does_nothing_by_half(case, tried: Tried):
    name, kit, stays = case
    sweep = Sweep(kit, name, stays=stays)
    cuts = sweep.cuts()
    chance = Random(case_name(case))
    for cut in cuts if CUTS is None else chance.sample(cuts, CUTS):
        with tried.one("power cuts", cut):
            sweep.cut(cut)
    plain = [cut for cut in cuts if cut.settle == "mix 1"]
    for cut in plain if EMPTY is None else chance.sample(plain, EMPTY):
        with tried.one("power cuts with the clock's reserve empty", cut):
            sweep.cut(cut, empty=True)
    for _ in range(PAIRS):
        first = chance.choice(cuts)
        with tried.one("pairs of power cuts", first):
            sweep.pair(first, chance)


@pytest.mark.parametrize("short_of", range(1, 8))
def test_a_power_cut_loses_nothing_where_the_sequence_of_the_states_wraps(short_of, tried: Tried):
    kit = KITS[short_of % len(KITS)]
    sweep = Sweep(kit, "load", saves=2**32 - short_of)
    cuts = sweep.cuts()
    for cut in cuts if CUTS is None else Random(short_of).sample(cuts, CUTS):
        with tried.one("power cuts", cut):
            sweep.cut(cut)


@pytest.mark.parametrize("name", KINDS)
def test_the_cuts_are_everywhere_in_a_session(name):
    """Measured: between all calls, in each cycle of the memory in every way, in what it drives."""
    (kit,) = (kit for kit in KITS if kit_name(kit) == "electricity-legal-time-plain-1")
    sweep = Sweep(kit, name)
    calls, cuts = sweep.whole.calls, sweep.cuts()
    at = {cut.at_us for cut in cuts}
    assert {call.begin_us + 1 for call in calls} <= at
    names = [call.name for call in calls]
    pages = [call for call in calls if call.name == "eeprom_write"]
    for page in pages:
        inside = [cut for cut in cuts if page.end_us < cut.at_us < page.end_us + 5_000]
        assert {cut.settle for cut in inside} == set(SETTLES)
    if "drive" in name or name == "emergency credit":
        drives = [call for call in calls if call.name == "switch_drive"]
        assert any(one.begin_us + 1 < us < one.end_us for one in drives for us in at)
    if "step" in name or name in {"clock card", "stamp"}:
        writes = [call for call in calls if call.name == "rtc_write"]
        assert any(one.begin_us + 1 < us < one.end_us for one in writes for us in at)
    assert names.count("eeprom_write") >= 4 or name in {"step in spring", "step in autumn"}

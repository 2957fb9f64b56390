"""Power cut anywhere in any kind of session: nothing is lost, made or done by half.

Every model, card and kind; the card left in or pulled; the clock's reserve full or empty; pairs of
cuts. `make test` takes a sample of each kind, `make test-exhaustive` all of them.
"""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from card_protocol.card.image import CardKind
from card_protocol.card.sle4442 import COUNTER_ERASED, MemoryImage
from card_protocol.card.virtual import card_of
from meter_emu.desk.desk import Work
from tests.cells import each_cell
from tests.firmware.meters import START_US
from tests.properties.trials import CARDS, METERS, ModelAndCards
from tests.reliability.cutting import OUT_US, SETTLES, Sweep
from tests.reliability.kinds import KINDS, LOADED_CENTS, T
from tests.reliability.stage import EXHAUSTIVE, KITS, kit_name, money_holds, rig_of
from tests.reliability.tally import Tried
from tests.rigs import counted

Case = tuple[str, ModelAndCards, bool]
CUTS, EMPTY, PAIRS = (None, None, 12) if EXHAUSTIVE else (24, 4, 2)


def cases() -> list[Case]:
    """Return every kind on every kit, card in and out; or each kind and card, models in turn."""
    if EXHAUSTIVE:
        every = [(name, kit, stays) for name in KINDS for kit in KITS for stays in (False, True)]
    else:
        models = list(METERS.values())
        every = [
            (
                name,
                ModelAndCards(models[(row + column) % len(models)], *card),
                bool((row + column) % 2),
            )
            for row, name in enumerate(KINDS)
            for column, card in enumerate(CARDS)
        ]
    return [case for case in every if KINDS[case[0]].gas or case[1].model.energy != "gas"]


def case_name(case: Case) -> str:
    name, kit, stays = case
    return f"{name}-{kit_name(kit)}-{'in' if stays else 'out'}"


@pytest.mark.slow("cuts or changes it anywhere", short=16)
@pytest.mark.parametrize("case", cases(), ids=case_name)
def test_a_power_cut_anywhere_loses_nothing_and_does_nothing_by_half(case, tried: Tried):
    name, kit, stays = case
    sweep = Sweep(kit, name, stays=stays)
    cuts = sweep.cuts()
    chance = Random(case_name(case))
    for cut in cuts if CUTS is None else chance.sample(cuts, min(CUTS, len(cuts))):
        with tried.one("power cuts", cut):
            sweep.cut(cut)
    plain = [cut for cut in cuts if cut.settle == "mix 1"]
    for cut in plain if EMPTY is None else chance.sample(plain, min(EMPTY, len(plain))):
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


MEMORY_KIT = next(kit for kit in KITS if kit.carrier is CardKind.MEMORY)
FAILURES = st.lists(
    st.tuples(st.integers(1, 2_200_000), st.integers(1, OUT_US)), min_size=1, max_size=6
)


@pytest.mark.slow("cuts it again and again")
@settings(max_examples=2_000 if EXHAUSTIVE else 100)
@given(FAILURES, st.integers(0, 2**32), st.sampled_from(KITS))
@example([(1, 1), (1_829_781, 1), (1_829_781, 1)], 0, MEMORY_KIT)
def test_a_supply_that_fails_again_and_again_counts_money_once_and_obeys_once(failures, seed, kit):
    """Each failure some time after the last, in start-up or anywhere in the session after it.

    Two of them can leave a memory card one try, which no meter risks (docs/memory-card.md): then
    nothing was taken, and the card is as good as ever when it has its tries again.
    """
    outages, at_us = [], START_US
    for up_us, out_us in failures:
        outages.append((at_us + up_us, at_us + up_us + out_us))
        at_us += up_us + out_us
    rig = rig_of(kit, outages=outages, fate=Random(seed))
    rig.write(Work(load_cents=LOADED_CENTS, cut_at=T))
    rig.bench.insert(rig.card)
    rig.bench.run_until(at_us + 60_000_000)
    image = rig.card.image
    if isinstance(image, MemoryImage) and image.tries_left == 1 and not rig.state.order_number:
        assert len(failures) > 1
        assert rig.state.accepted_cents == 0
        rig.bench.remove()
        rig.card = card_of(replace(image, counter=COUNTER_ERASED), counted())
        rig.insert()
    state = rig.state
    assert (state.accepted_cents, state.accepted_count) == (LOADED_CENTS, 1)
    assert state.order_number == 1
    money_holds(state, kit, 5_000, LOADED_CENTS)
    assert rig.board.switch.on


@each_cell("name", KINDS)
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

"""Hazards of an STS meter: keys in halves, keys that come back, more tokens than are remembered.

Each has its draw and its `Law`.
"""

from functools import partial
from typing import Final

from meter_emu.laws.judged import hazard
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.draft import Draft
from meter_emu.stories.energy import (
    begin_energy,
    buy_energy,
    next_key,
    sell,
    sell_instead,
    sell_next_key,
)
from meter_emu.stories.story import Among, finish
from meter_emu.stories.times import Timing
from meter_emu.units import DAY_S, HOUR_S, MINUTE_S
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.meter.devices import first_key

energy_hazard: Final = partial(hazard, device="sts")
_LOADS_W: Final = (2_000, 1_000)  # what was credited wrongly shows within the story
_MANY: Final = 56


def _begun(chooser: Chooser, among: Among, kind: str) -> tuple[int, Draft, int]:
    """Draw seed and meter, and an instant before its T at which things begin."""
    seed, draft = begin_energy(chooser, among)
    draft.kind, draft.rates = kind, _LOADS_W
    return seed, draft, draft.timing.armed_s


def _watched(draft: Draft, seed: int) -> Campaign:
    """Complete a draft, watched until all energy of it must be used."""
    last_s = max(at_s for at_s, *_ in draft.entries)
    draft.timing = Timing(draft.timing.armed_s, max(draft.timing.end_s, last_s + DAY_S))
    return finish(draft, seed)


def _keyed_in(draft: Draft, at_s: int, tokens: list[int], apart_s: int = MINUTE_S) -> int:
    """Key tokens in one after the other; return when the last one was."""
    for token in tokens:
        at_s += apart_s
        draft.key_in(at_s, token)
    return at_s


def many_energy_tokens(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw more tokens than a meter remembers, in any order within fifty, and many again."""
    seed, draft, at_s = _begun(chooser, among, "many tokens")
    paper = [sell(draft, at_s + n * MINUTE_S, wh=100)[0] for n in range(_MANY)]
    first = paper[:50]
    mixed = [first.pop(chooser.below(len(first))) for _ in range(50)]
    again = [chooser.of(paper) for _ in range(12)]
    _keyed_in(draft, at_s + HOUR_S, [*mixed, *paper[50:], *again], apart_s=20)
    return _watched(draft, seed)


def half_a_set(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw all sections of a key but one, which comes too late or never, and old tokens."""
    seed, draft, at_s = _begun(chooser, among, "half a set")
    old = [buy_energy(draft, at_s + n * MINUTE_S) for n in range(3)]
    sections = sell_next_key(draft, at_s + HOUR_S, rollover=bool(chooser.below(2)))
    late = sections.pop(chooser.below(len(sections)))
    at_s = _keyed_in(draft, at_s + HOUR_S, [*sections, old[0]])
    assert draft.model.sts is not None, "it is such a meter"
    at_s += draft.model.sts.half_s + chooser.of((2, MINUTE_S, DAY_S))
    _keyed_in(draft, at_s, [*(late for _ in range(chooser.below(2))), old[1], old[0], old[2]])
    return _watched(draft, seed)


def there_and_back(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a key that is left and comes back, and tokens of it before and after."""
    seed, draft, at_s = _begun(chooser, among, "there and back")
    old = [buy_energy(draft, at_s + n * MINUTE_S) for n in range(3)]
    there = sell_next_key(draft, at_s + HOUR_S)
    between = buy_energy(draft, at_s + HOUR_S)
    assert draft.model.sts is not None, "it is such a meter"
    back = sell(draft, at_s + HOUR_S, key=first_key(draft.model.sts))
    after = buy_energy(draft, at_s + 2 * HOUR_S)
    tokens = [*old[: 1 + chooser.below(3)], *there, between, *back]
    _keyed_in(draft, at_s + HOUR_S, [*tokens, old[0], between, old[2], after, old[1]])
    return _watched(draft, seed)


def two_sets_mixed(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw sections of two sets, typed as one, and then tokens of each key that there was."""
    seed, draft, at_s = _begun(chooser, among, "two sets mixed")
    tokens = [buy_energy(draft, at_s)]
    first = sell_next_key(draft, at_s + MINUTE_S)
    tokens.append(buy_energy(draft, at_s + 2 * MINUTE_S))
    second = sell_instead(draft, at_s + HOUR_S, key=next_key(draft))
    tokens.append(buy_energy(draft, at_s + HOUR_S + MINUTE_S))
    place = chooser.below(len(first))
    mixed = [*first[:place], second[place], *first[place + 1 :]]
    _keyed_in(draft, at_s + HOUR_S, [*mixed, *tokens, *second], apart_s=2 * MINUTE_S)
    return _watched(draft, seed)


MANY_ENERGY_TOKENS: Final = energy_hazard(
    id="many-energy-tokens",
    says="of fifty tokens in any order each is credited, and none again, however many come after",
    properties=("P10", "P13"),
    draw=many_energy_tokens,
    one_in=10,
)

HALF_A_SET: Final = energy_hazard(
    id="half-a-set",
    says="sections of a key change nothing until all are there, none of them too late",
    properties=("P11", "P13"),
    draw=half_a_set,
    one_in=5,
)

THERE_AND_BACK: Final = energy_hazard(
    id="there-and-back",
    says="a key that comes back makes no used token new, and takes those that were not used",
    properties=("P10", "P11"),
    presumes="an office that goes back to no key across a roll-over",
    draw=there_and_back,
    one_in=5,
)

TWO_SETS_MIXED: Final = energy_hazard(
    id="two-sets-mixed",
    says="sections of two sets make a key that nobody has, as no field prevents that: the meter "
    "takes nothing more",
    properties=("P11", "P13"),
    presumes="two sets with different keys",
    draw=two_sets_mixed,
    one_in=5,
)

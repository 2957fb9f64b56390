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
    sts_of,
)
from meter_emu.stories.story import Among, finish
from meter_emu.stories.times import Timing
from meter_emu.units import DAY_S, HOUR_S, MINUTE_S
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.meter.devices import first_key

_LOADS_W: Final = (2_000, 1_000)  # what was credited wrongly shows within the story
_MANY: Final = 56


def _begun(chooser: Chooser, among: Among) -> tuple[int, Draft]:
    seed, draft = begin_energy(chooser, among)
    draft.rates = _LOADS_W
    return seed, draft


def _watched(draft: Draft, seed: int) -> Campaign:
    """Complete a draft, watched until all energy of it must be used."""
    last_s = max(at_s for at_s, *_ in draft.entries)
    draft.timing = Timing(draft.timing.armed_s, max(draft.timing.end_s, last_s + DAY_S))
    return finish(draft, seed)


energy_hazard: Final = partial(hazard, device="sts", begins=_begun, finishes=_watched)


def _keyed_in(draft: Draft, at_s: int, tokens: list[int], apart_s: int = MINUTE_S) -> int:
    """Key tokens in one after the other; return when the last one was."""
    for token in tokens:
        at_s += apart_s
        draft.key_in(at_s, token)
    return at_s


@energy_hazard(
    id="many-energy-tokens",
    says="of fifty tokens in any order each is credited, and none again, however many come after",
    properties=("P10", "P13"),
    one_in=10,
)
def many_energy_tokens(draft: Draft, chooser: Chooser) -> None:
    """Draw more tokens than a meter remembers, in any order within fifty, and many again."""
    draft.kind, at_s = "many tokens", draft.timing.armed_s
    paper = [sell(draft, at_s + n * MINUTE_S, wh=100)[0] for n in range(_MANY)]
    first = paper[:50]
    mixed = [first.pop(chooser.below(len(first))) for _ in range(50)]
    again = [chooser.of(paper) for _ in range(12)]
    _keyed_in(draft, at_s + HOUR_S, [*mixed, *paper[50:], *again], apart_s=20)


@energy_hazard(
    id="half-a-set",
    says="sections of a key change nothing until all are there, none of them too late",
    properties=("P11", "P13"),
    one_in=5,
)
def half_a_set(draft: Draft, chooser: Chooser) -> None:
    """Draw all sections of a key but one: it comes too late, after a cut or never; and energy."""
    draft.kind, at_s = "half a set", draft.timing.armed_s
    old = [buy_energy(draft, at_s + n * MINUTE_S) for n in range(3)]
    sections = sell_next_key(draft, at_s + HOUR_S, rollover=bool(chooser.below(2)))
    late = sections.pop(chooser.below(len(sections)))
    at_s = _keyed_in(draft, at_s + HOUR_S, [*sections, old[0]])
    late_s = chooser.of((2, MINUTE_S, DAY_S, 0))
    if not late_s:
        draft.outages.append((at_s + 20, at_s + 21))
    at_s += sts_of(draft).half_s + late_s if late_s else 30
    _keyed_in(draft, at_s, [*(late for _ in range(chooser.below(2))), old[1], old[0], old[2]])


@energy_hazard(
    id="there-and-back",
    says="a key that comes back makes no used token new, and takes those that were not used",
    properties=("P10", "P11"),
    presumes="an office that goes back to no key across a roll-over",
    one_in=5,
)
def there_and_back(draft: Draft, chooser: Chooser) -> None:
    """Draw a key that is left and comes back, and tokens of it before and after."""
    draft.kind, at_s = "there and back", draft.timing.armed_s
    old = [buy_energy(draft, at_s + n * MINUTE_S) for n in range(3)]
    there = sell_next_key(draft, at_s + HOUR_S)
    between = buy_energy(draft, at_s + HOUR_S)
    back = sell(draft, at_s + HOUR_S, key=first_key(sts_of(draft)))
    after = buy_energy(draft, at_s + 2 * HOUR_S)
    tokens = [*old[: 1 + chooser.below(3)], *there, between, *back]
    _keyed_in(draft, at_s + HOUR_S, [*tokens, old[0], between, old[2], after, old[1]])


@energy_hazard(
    id="two-sets-mixed",
    says="sections of two sets make a key that nobody has, as no field prevents that: the meter "
    "takes nothing more",
    properties=("P11", "P13"),
    presumes="two sets with different keys",
    one_in=5,
)
def two_sets_mixed(draft: Draft, chooser: Chooser) -> None:
    """Draw sections of two sets, typed as one, and then tokens of each key that there was."""
    draft.kind, at_s = "two sets mixed", draft.timing.armed_s
    tokens = [buy_energy(draft, at_s)]
    first = sell_next_key(draft, at_s + MINUTE_S)
    tokens.append(buy_energy(draft, at_s + 2 * MINUTE_S))
    second = sell_instead(draft, at_s + HOUR_S, key=next_key(draft))
    tokens.append(buy_energy(draft, at_s + HOUR_S + MINUTE_S))
    place = chooser.below(len(first))
    mixed = [*first[:place], second[place], *first[place + 1 :]]
    _keyed_in(draft, at_s + HOUR_S, [*mixed, *tokens, *second])

"""A round-T story: a household for some hours round its T, with every poll run if need be.

Much happens close together, where a program's mistakes in sleep hints and restarts show.
"""

from collections.abc import Callable
from typing import Final

from meter_emu.stories import people
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.draft import Draft
from meter_emu.stories.story import Among, begin, finish
from meter_emu.stories.times import Timing, change_s
from meter_emu.units import MINUTE_S
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import DeskOrder

_REACH_MIN: Final = 150  # how far from T events are
_SECONDS: Final = (0, 0, 0, 1, 30, 59)  # of its minute


def around_t(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a story of a few hours round its T."""
    seed, draft = begin(chooser, among)
    end_s = draft.timing.end_s
    if chooser.below(8) == 7:  # the night of a change of clocks
        end_s = change_s(end_s, draft.model.zone) + chooser.around(_REACH_MIN) * MINUTE_S
    draft.timing = Timing(end_s - (1 + chooser.below(120)) * MINUTE_S, end_s)
    draft.first_s = end_s - (_REACH_MIN + 30) * MINUTE_S
    draft.short = True
    people.live(draft, people.EVENING)
    for _ in range(chooser.below(6)):
        _DEEDS[chooser.of(_NAMES)](draft, _moment_s(draft))
    if chooser.below(2):
        draft.credit_ends_s = _moment_s(draft)
    lost_s = (_moment_s(draft) for _ in range(max(0, chooser.below(5) - 2)))
    draft.lose_power(sorted(lost_s), (1 + chooser.below(90)) * MINUTE_S)
    return finish(draft, seed)


def _moment_s(draft: Draft) -> int:
    minutes = draft.chooser.around(_REACH_MIN)
    return draft.timing.end_s + minutes * MINUTE_S + draft.chooser.of(_SECONDS)


def _arm(draft: Draft, at_s: int) -> None:
    if draft.kind == "deferred":  # no office writes a cut before the end of its deferral
        return
    end_s = at_s + draft.chooser.below(100) * MINUTE_S
    draft.bring(at_s, draft.arming(end_s, end_s))


def _load(draft: Draft, at_s: int) -> None:
    draft.bring(at_s, DeskOrder(load_cents=500 + draft.chooser.below(500)))


def _reactivate(draft: Draft, at_s: int) -> None:
    draft.bring(at_s, DeskOrder(reactivate=True))


def _switch(draft: Draft, at_s: int) -> None:
    limiter = draft.chooser.of((True, False)) if draft.model.limiter_a > 0 else None
    switches = (False, True) if limiter is None else (False, True, None)
    draft.bring(at_s, DeskOrder(prepayment=draft.chooser.of(switches), limiter=limiter))


def _reprice(draft: Draft, at_s: int) -> None:
    draft.bring(at_s, DeskOrder(tariff=draft.tariff()))


def _replace(draft: Draft, at_s: int) -> None:
    """Bring a new card: for good, or one that ends a little before or after it is put in."""
    after_min = draft.chooser.around(100)
    expires_s = None if after_min % 3 == 0 else max(draft.first_s, at_s + after_min * MINUTE_S)
    draft.bring(at_s, DeskOrder(new_card=draft.new_card(expires_s)))


_DEEDS: Final[dict[str, Callable[[Draft, int], None]]] = {
    "show": Draft.insert,
    "arm": _arm,
    "load": _load,
    "reactivate": _reactivate,
    "ask": Draft.ask_supply,
    "scroll": Draft.scroll,
    "switch": _switch,
    "reprice": _reprice,
    "replace": _replace,
}
_NAMES: Final = tuple(_DEEDS)

"""Hazards of a device that takes tokens: one theme within another, and each pair is dealt.

A theme does one act each time it is sent an instant, in s since 1970-01-01 UTC. The same stories
are for `ticks-wrap`: a keypad is locked by ticks.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias, get_args

from card_protocol.tokens.openpaygo.counter import PaygoKind
from card_protocol.tokens.sts.digits import TOKEN_DIGITS
from meter_emu.desk.vending import KeyTypeName
from meter_emu.laws import ticks_wrap
from meter_emu.laws.tokens.energy import energy_hazard
from meter_emu.laws.tokens.time import light_hazard
from meter_emu.stories import buyers
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.draft import Draft
from meter_emu.stories.energy import buy_energy, last_key, next_key, sell, sts_of
from meter_emu.stories.times import Timing
from meter_emu.units import DAY_S, HOUR_S, MINUTE_S
from meter_emu.world.households.ledger import Typo
from meter_emu.world.households.sts_ledger import OtherToken

Acts: TypeAlias = Generator[None, int, None]
_Themes: TypeAlias = Mapping[str, Callable[[Draft], Acts]]

# How long it is from each act to the next: at one sitting, or over a day.
_APART_S: Final = (
    (MINUTE_S, 20, 40),
    (MINUTE_S, 20, 5 * MINUTE_S, 11 * MINUTE_S, HOUR_S, 5 * HOUR_S),
)
_LONG_S: Final = (1, 20, HOUR_S, 5 * HOUR_S)  # how long power is away
_MUCH_WH: Final = 60_000  # ours: what two tokens bring where no bound is as near
_LONGEST_D: Final = 9  # ours
_SAYS: Final = "what is sold, refused, set or lost within something else is credited all the same"
_MOST_ACTS: Final = 20  # ours: more than any theme has


def weave(draft: Draft, themes: _Themes, at_s: int) -> int:
    """Let one theme happen within another; return when the last act was."""
    names = tuple(themes)
    # Every second story is such: of twice as many all pairs are dealt.
    pair = draft.chooser.dealt(2 * len(names) * (len(names) - 1)) // 2
    outer, inner = divmod(pair, len(names) - 1)
    inner += inner >= outer
    draft.kind = f"{names[inner]} in {names[outer]}"
    around, within = themes[names[outer]](draft), themes[names[inner]](draft)
    for acts in (around, within):
        next(acts)
    apart_s = draft.chooser.of(_APART_S)
    turns = (around, 1 + draft.chooser.below(4)), (within, _MOST_ACTS), (around, _MOST_ACTS)
    for acts, most in turns:
        at_s = _act(draft, acts, at_s, apart_s, most)
    return at_s


def _act(draft: Draft, acts: Acts, at_s: int, apart_s: Sequence[int], most: int) -> int:
    for _ in range(most):
        at_s += draft.chooser.of(apart_s)
        at_s = max([at_s, *(back_s + MINUTE_S for _, back_s in draft.outages)])
        try:
            acts.send(at_s)
        except StopIteration:
            break
    return at_s


def _dark(draft: Draft) -> Acts:
    """Power fails, and once more; longer than the clock's reserve too."""
    reserve_s = min(draft.model.clock.backup_days, _LONGEST_D) * DAY_S
    long_s = draft.chooser.of((*_LONG_S, reserve_s + DAY_S))
    for _ in range(2):
        at_s = yield
        draft.outages.append((at_s, at_s + long_s))


# Energy -------------------------------------------------------------------------------------------


@energy_hazard(id="woven", says=_SAYS, properties=("P10", "P11", "P13"), one_in=2)
def woven_energy(draft: Draft, _: Chooser) -> None:
    """Draw a household that buys energy, and two things that happen to it, and tokens after."""
    at_s = draft.timing.armed_s
    paper = [buy_energy(draft, at_s), buy_energy(draft, at_s)]
    at_s = weave(draft, ENERGY_THEMES, at_s)
    for token in (paper[0], buy_energy(draft, at_s), paper[1], paper[0]):
        at_s += HOUR_S
        draft.key_in(at_s, token)


def _slip(draft: Draft) -> int:
    """Buy energy before anything happens, under the first key."""
    return buy_energy(draft, draft.timing.armed_s)


def _energy(draft: Draft) -> Acts:
    for slip in (_slip(draft), _slip(draft)):
        draft.key_in((yield), slip)
    at_s = yield
    draft.key_in(at_s, buy_energy(draft, at_s))


def _used(draft: Draft) -> Acts:
    """Tries one slip as often as would lock a keypad, and a fresh one at once."""
    token, at_s = _slip(draft), (yield)
    for n in range(sts_of(draft).tries + 2):
        draft.key_in(at_s + 2 * n, token)
    at_s = yield
    draft.key_in(at_s, token)


def _too_much(draft: Draft) -> Acts:
    """Buys about as much as the meter may hold, and tries again when some of it is used."""
    half_wh = min(_MUCH_WH, sts_of(draft).credit_most_wh) // 200 * 100
    more_wh = half_wh + draft.chooser.of((100, 0, 2_000, -2_000, half_wh))
    halves = [sell(draft, draft.timing.armed_s, wh=wh)[0] for wh in (half_wh, more_wh)]
    at_s = yield
    for wait_s in (0, 0, 0, 30 * HOUR_S):
        draft.key_in(at_s + wait_s, halves[0])
        at_s = (yield) + wait_s
        draft.key_in(at_s, halves[1])


def _locked(draft: Draft) -> Acts:
    """Is locked out by wrong entries, and keys the right one in too soon, and again."""
    token, at_s = _slip(draft), (yield)
    for n in range(sts_of(draft).tries + draft.chooser.below(2)):
        draft.key_in(at_s + 3 * n, token, Typo(wrong=1 + draft.chooser.below(TOKEN_DIGITS - 1)))
    draft.key_in(at_s + 20, token)
    at_s = yield
    draft.key_in(at_s, token)


def _settings(draft: Draft) -> Acts:
    for _ in range(2):
        at_s = yield
        setting = draft.chooser.of(get_args(OtherToken))
        draft.key_in(at_s, sell(draft, at_s, setting=setting)[0])


def _key_in_turn(draft: Draft, sections: list[int]) -> Acts:
    """Keys sections in, half of the households in one act, on either side of how long they wait."""
    at_once, at_s = draft.chooser.below(2), (yield)
    half_s = sts_of(draft).half_s
    apart_s = draft.chooser.of((20, half_s - 5, half_s + 5))
    for section in sections:
        draft.key_in(at_s, section)
        at_s = at_s + apart_s if at_once else (yield)


def _new_key(draft: Draft) -> Acts:
    """Is given a new key, in any order of its sections."""
    sections = sell(draft, (yield), key=next_key(draft))
    sections.insert(0, sections.pop(draft.chooser.below(len(sections))))
    yield from _key_in_turn(draft, sections)


def _other_type(draft: Draft, key_type: KeyTypeName) -> Acts:
    """Is given a key of another type, and one of its own again: by the office alone if refused."""
    before = last_key(draft)
    other = replace(next_key(draft), key_type=key_type)
    yield from _key_in_turn(draft, sell(draft, (yield), key=other))
    at_s = yield
    draft.key_in(at_s, buy_energy(draft, at_s))
    at_s = yield
    if key_type == "common":
        sell(draft, at_s, key=before, under=before)
    else:
        own = replace(next_key(draft), key_type="unique")
        yield from _key_in_turn(draft, sell(draft, at_s, key=own))
    draft.key_in(at_s + MINUTE_S, buy_energy(draft, at_s))


def _half_of_another(draft: Draft) -> Acts:
    """Keys in a section of a set that is replaced, and then all of the other set."""
    before, at_s = last_key(draft), (yield)
    left = sell(draft, at_s, key=next_key(draft))
    draft.key_in(at_s, draft.chooser.of(left))
    yield from _key_in_turn(draft, sell(draft, at_s, key=next_key(draft), under=before))


ENERGY_THEMES: Final[_Themes] = {
    "energy": _energy,
    "used tokens": _used,
    "more than it may hold": _too_much,
    "lockout": _locked,
    "settings": _settings,
    "new key": _new_key,
    "default key": lambda draft: _other_type(draft, "default"),
    "common key": lambda draft: _other_type(draft, "common"),
    "half of another key": _half_of_another,
    "outage": _dark,
}


# Time ---------------------------------------------------------------------------------------------


@light_hazard(id="woven", says=_SAYS, properties=("P10", "P11", "P13"), one_in=2)
def woven_time(draft: Draft, chooser: Chooser) -> None:
    """Draw a household that buys time, and two things that happen near its start or its end."""
    draft.rates = buyers.LOADS_W
    draft.timing = Timing(draft.timing.end_s - 2 * DAY_S, draft.timing.end_s)
    first = buyers.first_token(draft)
    from_s = draft.timing.armed_s + chooser.of((0, DAY_S, 47 * HOUR_S, 50 * HOUR_S))
    at_s = weave(draft, TIME_THEMES, from_s)
    draft.key_in(at_s + HOUR_S, first)


def _added(draft: Draft) -> Acts:
    for _ in range(2):
        at_s = yield
        token = draft.sell(at_s, PaygoKind.ADD_TIME, buyers.days(draft))
        draft.key_in(at_s, token)
        draft.key_in((yield), token)


def _set(draft: Draft) -> Acts:
    for _ in range(2):
        at_s, chooser = (yield), draft.chooser
        value = chooser.of((1, buyers.days(draft), 0, chooser.below(60)))
        draft.key_in(at_s, draft.sell(at_s, PaygoKind.SET_TIME, value))


def _unlocked(draft: Draft) -> Acts:
    """Has paid all, and keys in what adds time or sets it."""
    at_s = yield
    draft.key_in(at_s, draft.sell(at_s, PaygoKind.DISABLE))
    yield from _added(draft)
    yield from _set(draft)


def _typed_wrongly(draft: Draft) -> Acts:
    at_s = yield
    token = draft.sell(at_s, PaygoKind.ADD_TIME, buyers.days(draft))
    for _ in range(2):
        draft.key_in(at_s, token, buyers.typo(draft))
        at_s = yield
    draft.key_in(at_s, token)


def _on_paper(draft: Draft) -> Acts:
    """Keeps the first of many tokens until they are nearly too old, or closed by one that sets."""
    at_s, chooser = (yield), draft.chooser
    paper = [draft.sell(at_s, PaygoKind.ADD_TIME, buyers.days(draft)) for _ in range(9)]
    kind = chooser.of((PaygoKind.SET_TIME, PaygoKind.ADD_TIME))
    last = draft.sell(at_s, kind, buyers.days(draft))
    some = [paper[chooser.below(3)] for _ in range(2)]
    for token in (*some, last, paper[1], paper[0], paper[2], chooser.of(paper)):
        draft.key_in(at_s, token)
        at_s = yield


def _pulled(draft: Draft) -> Acts:
    """Loses the clock at a start, more often than is free."""
    for _ in range(2):
        at_s = yield
        for _ in range(13):
            back_s = at_s + draft.model.clock.backup_days * DAY_S + MINUTE_S
            draft.outages.append((at_s, back_s))
            at_s = back_s + 2 * MINUTE_S


TIME_THEMES: Final[_Themes] = {
    "time added": _added,
    "time set": _set,
    "unlocked": _unlocked,
    "refused": _typed_wrongly,
    "tokens on paper": _on_paper,
    "lost starts": _pulled,
    "outage": _dark,
}

ENERGY_TICKS: Final = replace(
    ticks_wrap.ticks_wrap, draw=woven_energy.draw, device="sts", one_in=10
)
TIME_TICKS: Final = replace(ticks_wrap.ticks_wrap, draw=woven_time.draw, device="openpaygo")

"""Stories of an STS meter: what people buy, how they key it in, and how their key changes.

The chooser, outages, ages and tape are those of every story. T is an instant at which a count of
minutes may go wrong: the end of a base date, half of 24 bits, an expiry number, 00:01, a change of
clocks. A name that stands twice is drawn twice as often.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from card_protocol.tokens.sts.digits import TOKEN_DIGITS
from card_protocol.tokens.sts.tid import KEN_NEVER, TID_MAX, BaseDate
from meter_emu.desk.vending import MeterKey
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.draft import Draft
from meter_emu.stories.story import Among, begin, finish, lose_power, models
from meter_emu.stories.times import Timing
from meter_emu.units import DAY_S, HOUR_S, MINUTE_S, SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.ledger import Typo
from meter_emu.world.households.sts_ledger import OtherToken, StsSale, sections_of
from meter_emu.world.meter.devices import first_key
from meter_emu.world.meter.model import Sts

# A household's load, W.
ENERGY_LOADS_W: Final = (500, 500, 1_000, 2_000, 250, 0)
_WH: Final = (1_000, 2_000, 3_000, 500, 9_000, 70_000)  # the last above 16 bits
_CREDITS_WH: Final = (0, 0, 500, 2_000, 20_000)
_APART_S: Final = (MINUTE_S, 20, 9 * MINUTE_S + 59, 11 * MINUTE_S, HOUR_S)
# TIDs that T is at: the last one, half of 24 bits, the ends of expiry numbers, and any day.
_TIDS: Final = (TID_MAX, 1 << 23, 255 << 16, 200 << 16, 0xA00000, 0xC00000)
_KENS: Final = (199, 254)  # of two of them the last keys
_AROUND_MIN: Final = (0, 1, -1, 2, 60, -60, 1440)


def energy(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a household that buys energy, round a T of its key."""
    seed, draft = begin_energy(chooser, among)
    live_on_energy(draft)
    lose_power(draft)
    return finish(draft, seed)


def energy_alone(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a household that buys energy and no key, with power all the time."""
    seed, draft = begin_energy(chooser, among)
    live_on_energy(draft, ("one token of energy", "some tokens of energy"))
    return finish(draft, seed)


def energy_hours(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw some hours of such a household: every poll is run."""
    seed, draft = begin_energy(chooser, among)
    draft.short = True
    live_on_energy(draft, HOURS)
    return finish(draft, seed)


def begin_energy(chooser: Chooser, among: Among) -> tuple[int, Draft]:
    """Draw seed and meter as every story begins, then a T of its own key, and its credit."""
    seed, draft = begin(chooser, among or models("sts"))
    sts = sts_of(draft)
    tid = chooser.of(tuple(tid for tid in _TIDS if tid > sts.first_tid))
    minute = BaseDate(sts.base).epoch_min + tid + chooser.of(_AROUND_MIN)
    end_s = minute * MINUTE_S + chooser.of((0, 0, 59, 30))
    draft.timing = Timing(end_s - chooser.of((HOUR_S, DAY_S, 3 * DAY_S)), end_s)
    draft.first_s = draft.timing.armed_s
    draft.age = replace(draft.grown_old(), credit_wh=chooser.of(_CREDITS_WH))
    return seed, draft


def live_on_energy(draft: Draft, among: Sequence[str] = ()) -> None:
    """Draw one of these households, or of all by default."""
    name = draft.chooser.of(among or ENERGY_BUYERS)
    draft.kind, draft.rates = name, ENERGY_LOADS_W
    _PLANS[name](draft)


def sell(draft: Draft, at_s: int, *, wh: int | None = None, key: MeterKey | None = None,
         rollover: bool = False, under: MeterKey | None = None,
         setting: OtherToken | None = None) -> list[int]:  # fmt: skip
    """The office sells energy, a key or a setting; return its tokens' places in the ledger."""
    before_us = draft.energy_sales[-1].sold_us if draft.energy_sales else 0
    sale = StsSale(
        id=f"sale-{len(draft.energy_sales) + 1}",
        household="",
        sold_us=max(at_s * SECOND_US, before_us),
        wh=wh,
        new_key=key,
        rollover=rollover,
        under=under,
        setting=setting,
    )
    count = 1 if key is None else sections_of(sts_of(draft))
    first = sum(
        1 if one.new_key is None else sections_of(sts_of(draft)) for one in draft.energy_sales
    )
    draft.energy_sales.append(sale)
    return list(range(first, first + count))


def buy_energy(draft: Draft, at_s: int) -> int:
    """Sell some energy; return the token's place."""
    return sell(draft, at_s, wh=draft.chooser.of(_WH))[0]


def sts_of(draft: Draft) -> Sts:
    """Return what is an STS meter's own in the draft's model."""
    assert draft.model.sts is not None, "it is such a meter"
    return draft.model.sts


def last_key(draft: Draft) -> MeterKey:
    """Return the last key sold, or the first that there was."""
    sold = [sale.new_key for sale in draft.energy_sales if sale.new_key is not None]
    return sold[-1] if sold else first_key(sts_of(draft))


def next_key(draft: Draft) -> MeterKey:
    """Return the key after the last one sold: its revision is the next, its expiry any."""
    key = last_key(draft)
    ken = draft.chooser.of((key.ken, KEN_NEVER, *_KENS))
    return replace(key, revision=key.revision % 9 + 1, ken=ken)


def sell_next_key(draft: Draft, at_s: int, *, rollover: bool = False) -> list[int]:
    """Sell the next key, of the next base date with the roll-over bit; return its sections."""
    key = next_key(draft)
    if rollover:
        key = replace(key, base=BaseDate.Y2035 if key.base is BaseDate.Y2014 else BaseDate.Y2014)
    return sell(draft, at_s, key=key, rollover=rollover)


def sell_instead(draft: Draft, at_s: int, *, key: MeterKey) -> list[int]:
    """Sell a set under the meter's first key once more, in place of one that was not keyed in."""
    return sell(draft, at_s, key=key, under=first_key(sts_of(draft)))


def _one(draft: Draft) -> None:
    """Buys round T, and keys it in at once or later."""
    at_s = draft.timing.end_s - draft.chooser.of((MINUTE_S, 0, -MINUTE_S, HOUR_S))
    token = buy_energy(draft, at_s)
    draft.key_in(at_s + draft.chooser.of((1, 59, HOUR_S, DAY_S)), token)


def _some(draft: Draft) -> None:
    """Buys several on both sides of T, and keys them in in any order, some of them again."""
    chooser, (armed_s, end_s) = draft.chooser, draft.timing
    step_s = max(MINUTE_S, (end_s - armed_s) // 4)
    paper = [buy_energy(draft, end_s + n * step_s) for n in range(-2, 1 + chooser.below(3))]
    at_s = end_s + 3 * step_s
    for _ in range(len(paper) + chooser.below(3)):
        at_s += chooser.of(_APART_S)
        draft.key_in(at_s, chooser.of(paper))


def _mistyped(draft: Draft) -> None:
    """Is locked out by wrong entries, and keys the right one in, in time or too soon."""
    at_s, chooser = draft.timing.end_s - HOUR_S, draft.chooser
    token = buy_energy(draft, at_s)
    for _ in range(2 + chooser.below(5)):
        place = 1 + chooser.below(TOKEN_DIGITS - 1)
        typo = chooser.of((Typo(wrong=place), Typo(swapped=place), Typo(first=place)))
        at_s += chooser.of((15, MINUTE_S, 3 * MINUTE_S, HOUR_S))
        draft.key_in(at_s, token, typo)
    draft.key_in(at_s + chooser.of((5, 12, 41, HOUR_S)), token)


def _rekeyed(draft: Draft) -> None:
    """Is given a new key before T, with the roll-over bit or without; old and new tokens after."""
    _change(draft, in_order=True)


def _halves(draft: Draft) -> None:
    """Keys the halves in in another order, too late, or one of them alone."""
    _change(draft, in_order=False)


def _change(draft: Draft, *, in_order: bool) -> None:
    chooser, (armed_s, end_s) = draft.chooser, draft.timing
    at_s = armed_s + (end_s - armed_s) // 2
    old = [buy_energy(draft, armed_s), buy_energy(draft, armed_s + MINUTE_S)]
    if chooser.below(2):
        draft.key_in(armed_s + 2 * MINUTE_S, old[0])
    halves = sell_next_key(draft, at_s, rollover=bool(chooser.below(2)))
    new = buy_energy(draft, at_s + MINUTE_S)
    if not in_order:
        halves = [halves.pop(chooser.below(len(halves))) for _ in range(len(halves))]
        halves = halves[: len(halves) - chooser.below(2)]
    for half in halves:
        at_s += MINUTE_S if in_order else chooser.of(_APART_S)
        draft.key_in(at_s, half)
    for token in (*old, new, new):
        at_s += chooser.of((MINUTE_S, HOUR_S))
        draft.key_in(at_s, token)


def _two_sets(draft: Draft) -> None:
    """Is given two sets, the same key or another, and keys a half of each in."""
    chooser, (armed_s, _) = draft.chooser, draft.timing
    first_key_sold = next_key(draft)
    first = sell(draft, armed_s, key=first_key_sold)
    again = next_key(draft) if chooser.below(2) else first_key_sold
    second = sell_instead(draft, armed_s + HOUR_S, key=again)
    at_s = armed_s + 2 * HOUR_S
    for place in range(len(first)):
        at_s += MINUTE_S
        draft.key_in(at_s, chooser.of((first, second))[place])
    draft.key_in(at_s + HOUR_S, buy_energy(draft, at_s))


def _many(draft: Draft) -> None:
    """Buys more than a meter remembers, and keys the first in last, and the last again."""
    chooser, (armed_s, _) = draft.chooser, draft.timing
    tokens = [sell(draft, armed_s + n * MINUTE_S, wh=100)[0] for n in range(54)]
    late = chooser.below(5)
    at_s = armed_s + HOUR_S
    for token in (*tokens[late:], *tokens[:late], *tokens[-3:], *tokens[:5]):
        at_s += 20
        draft.key_in(at_s, token)


_PLANS: Final[dict[str, Callable[[Draft], None]]] = {
    "one token of energy": _one,
    "some tokens of energy": _some,
    "wrong entries": _mistyped,
    "new key": _rekeyed,
    "halves of a key": _halves,
    "halves of two keys": _two_sets,
    "more than are remembered": _many,
}
HOURS: Final = ("one token of energy", "wrong entries")
ENERGY_BUYERS: Final = (
    *("one token of energy", "some tokens of energy", "new key", "halves of a key") * 2,
    *("wrong entries", "halves of two keys", "more than are remembered"),
)

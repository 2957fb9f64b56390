"""People with a device that is paid for by the day: what they buy, and how they key it in.

Each draws the entries of one household round its T, the end of the time that its first token pays
for. A name that stands twice is drawn twice as often.
"""

from collections.abc import Callable, Sequence
from typing import Final

from card_protocol.tokens.openpaygo.chain import STANDARD
from card_protocol.tokens.openpaygo.counter import PaygoKind
from card_protocol.tokens.openpaygo.encode import VALUE_MAX
from meter_emu.stories.draft import Draft
from meter_emu.stories.times import Timing
from meter_emu.units import DAY_S, HOUR_S, MINUTE_S
from meter_emu.world.households.ledger import Typo
from meter_emu.world.meter.model import MeterModel

# A device's load, W.
LOADS_W: Final = (12, 12, 5, 40, 0)
# How long before T somebody keys the next token in; negative: after it.
_EARLY_S: Final = (HOUR_S, DAY_S, MINUTE_S, 0, -MINUTE_S, -HOUR_S, 10 * HOUR_S, 3 * DAY_S, -DAY_S,
                   -2 * DAY_S)  # fmt: skip
_DAYS: Final = (1, 1, 2, 3, 7)
_APART_S: Final = (MINUTE_S, MINUTE_S, 20, HOUR_S, 6 * HOUR_S)


def buy(draft: Draft, among: Sequence[str] = ()) -> None:
    """Draw one of these households, or of all by default, and its entries."""
    name = draft.chooser.of(among or BUYERS)
    draft.kind, draft.rates = name, LOADS_W
    _PLANS[name](draft)


def units_of(model: MeterModel, seconds: int) -> int:
    """Return the value of the longest token that gives no more than this; one unit at least."""
    assert model.paygo is not None, "it is such a device"
    return min(VALUE_MAX, max(1, seconds * model.paygo.time_divider // DAY_S))


def length_s(model: MeterModel, units: int) -> int:
    """Return the whole seconds that a value stands for, as the office counts them."""
    assert model.paygo is not None, "it is such a device"
    return units * DAY_S // model.paygo.time_divider


def first_token(draft: Draft, kind: PaygoKind = PaygoKind.ADD_TIME) -> int:
    """Sell a token that ends at T, and key it in; return which sale it is."""
    armed_s, end_s = draft.timing
    units = units_of(draft.model, end_s - armed_s)
    at_s = end_s - length_s(draft.model, units)
    draft.timing = Timing(at_s, end_s)
    draft.first_s = min(draft.first_s, at_s - HOUR_S)
    sale = draft.sell(at_s - HOUR_S, kind, units)
    draft.key_in(at_s, sale)
    return sale


def days(draft: Draft) -> int:
    """Draw the value of a token of some days."""
    return units_of(draft.model, draft.chooser.of(_DAYS) * DAY_S)


def typo(draft: Draft) -> Typo:
    """Draw how somebody mistypes a token."""
    chooser, paygo = draft.chooser, draft.model.paygo
    assert paygo is not None, "it is such a device"
    size = STANDARD.restricted_digits if paygo.restricted else STANDARD.digits
    place = 1 + chooser.below(size - 1)
    return chooser.of((Typo(wrong=place), Typo(swapped=place), Typo(first=place)))


def _one(draft: Draft) -> None:
    first_token(draft)


def _renewed(draft: Draft) -> None:
    """Buys again, in time or late: time is added to what is left, or from then on."""
    first_token(draft)
    end_s = draft.timing.end_s
    for _ in range(1 + draft.chooser.below(3)):
        at_s = end_s - draft.chooser.of(_EARLY_S)
        at_s = max(at_s, draft.timing.armed_s + MINUTE_S, last_entry_s(draft) + MINUTE_S)
        value = days(draft)
        draft.key_in(at_s, draft.sell(at_s - HOUR_S, PaygoKind.ADD_TIME, value))
        end_s = max(end_s, at_s) + length_s(draft.model, value)


def _out_of_order(draft: Draft) -> None:
    """Has some tokens on paper, and keys them in in any order, some of them again."""
    chooser = draft.chooser
    first_token(draft)
    at_s = draft.timing.armed_s
    paper = [
        draft.sell(at_s - HOUR_S, PaygoKind.ADD_TIME, days(draft))
        for _ in range(1 + chooser.below(5))
    ]
    for _ in range(len(paper) + chooser.below(4)):
        at_s += chooser.of(_APART_S)
        draft.key_in(at_s, chooser.of(paper))


def _mistyped(draft: Draft) -> None:
    sale = first_token(draft)
    at_s = draft.timing.armed_s
    for number in range(1 + draft.chooser.below(4)):
        draft.key_in(at_s - (1 + number) * MINUTE_S, sale, typo(draft))
    if draft.chooser.below(2):
        draft.key_in(draft.timing.end_s + draft.chooser.around(90) * MINUTE_S, sale, typo(draft))


def _again(draft: Draft) -> None:
    """Keys in what is used, before and after its time is over."""
    sale = first_token(draft)
    for _ in range(1 + draft.chooser.below(3)):
        at_s = draft.timing.end_s + draft.chooser.around(50) * HOUR_S // 2
        draft.key_in(max(at_s, draft.timing.armed_s + MINUTE_S), sale)


def _set(draft: Draft) -> None:
    """Pays in instalments: what is left is set, to none too; what was sold before is closed."""
    chooser = draft.chooser
    before = draft.sell(draft.timing.armed_s - 2 * DAY_S, PaygoKind.ADD_TIME, days(draft))
    first_token(draft, PaygoKind.SET_TIME)
    armed_s, end_s = draft.timing
    if chooser.below(2):
        at_s = armed_s + MINUTE_S + (end_s - armed_s) * chooser.below(4) // 4
        draft.key_in(at_s, draft.sell(at_s, PaygoKind.SET_TIME, chooser.of((0, days(draft)))))
    draft.key_in(end_s + chooser.around(30) * HOUR_S // 2, before)


def _unlocked(draft: Draft) -> None:
    """Has paid all: what is keyed in later takes nothing of that."""
    chooser = draft.chooser
    first_token(draft)
    armed_s, end_s = draft.timing
    older = draft.sell(armed_s, PaygoKind.ADD_TIME, days(draft))
    at_s = max(armed_s + MINUTE_S, end_s + chooser.around(30) * HOUR_S)
    draft.key_in(at_s, draft.sell(at_s - MINUTE_S, PaygoKind.DISABLE))
    if chooser.below(2):
        draft.key_in(at_s + HOUR_S, older)
    if chooser.below(2):
        at_s += 2 * HOUR_S
        draft.key_in(at_s, draft.sell(at_s - MINUTE_S, PaygoKind.SET_TIME, 0))


def last_entry_s(draft: Draft) -> int:
    """Return when the last token so far is keyed in."""
    return max((at_s for at_s, *_ in draft.entries), default=draft.timing.armed_s)


_PLANS: Final[dict[str, Callable[[Draft], None]]] = {
    "one token": _one,
    "renewed": _renewed,
    "out of order": _out_of_order,
    "mistyped": _mistyped,
    "keyed in again": _again,
    "instalments": _set,
    "unlocked": _unlocked,
}
BUYERS: Final = (
    *("one token", "renewed", "out of order") * 2,
    *("mistyped", "keyed in again", "instalments", "unlocked"),
)
ADDERS: Final = ("out of order", "renewed")  # of whose tokens none sets time

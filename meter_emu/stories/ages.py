"""How old a meter and its card are: each count a little before a bound that programs cut it at.

Every count is drawn apart, so that one bound is crossed in a story that is otherwise new.
"""

from collections.abc import Sequence
from typing import Final

from card_protocol.card.image import CardKind
from meter_emu.stories.chooser import Chooser
from meter_emu.world.meter.age import NEW, Age

# Where a count no longer fits: signed or not, in bytes, in digits, in a float of 24 bits.
BOUNDS: Final = (
    *(1 << 8, 1 << 16, 1 << 15, 1 << 31, 1 << 32, 10_000, 1_000_000),
    *(1 << 8, 1 << 16, 1 << 15, 1 << 31, 1 << 32, 1 << 7, 1 << 24, 10, 100),
)  # fmt: skip
_BEFORE: Final = (1, 2, 1, 3)  # a count of sessions or orders is so far before its bound
_SPENT: Final = (1, 10, 100, 1_000, 10_000)  # and a sum up to as much as this
_ROOM: Final = 64  # ours: what one story may still count in a field that must not be full
_ROOM_CENTS: Final = 400_000  # ours: its loads, likewise
_TOKENS: Final = 1 << 8  # near the end each entry takes a second: that is a hazard of its own
_MEMORY: Final = 1 << 16  # numbers on a memory card have 16 bits
_FULL: Final = 1 << 32


def aged(chooser: Chooser, carrier: CardKind, *, keypad: bool = False) -> Age:
    """Draw an age: new in a third of all, and half of the counts of the others are none.

    Of a device with a keypad the counts of tokens and saves, in a fifth of all.
    """
    if keypad:
        return NEW if chooser.below(5) < 4 else aged_by_tokens(chooser)
    if chooser.below(3) == 0:
        return NEW
    full = _MEMORY if carrier is CardKind.MEMORY else _FULL
    load_count = _number(chooser, full)
    loaded_cents = _sum(chooser, _FULL, _ROOM_CENTS)
    if bool(load_count) != bool(loaded_cents):  # money comes in loads
        load_count, loaded_cents = max(load_count, 1), max(loaded_cents, 500)
    card_number = max(1, _number(chooser, full))
    order_number = _number(chooser, full)
    return Age(
        card_number=card_number,
        order_number=order_number,
        card_writes=max(1, order_number),  # each order is a write
        load_count=load_count,
        loaded_cents=loaded_cents,
        session_count=_number(chooser, _FULL, room=0),
        save_count=max(1, _number(chooser, _FULL, room=0)),
        register_units=_sum(chooser, _FULL, 0),
        charged_wh=_sum(chooser, _FULL, 0),
        deferred_wh=_sum(chooser, _FULL, 0),
        postpaid_wh=_sum(chooser, _FULL, 0),
        night_wh=_sum(chooser, _FULL, 0),
        charged_night_wh=_sum(chooser, _FULL, 0),
    )


def aged_by_tokens(chooser: Chooser, bound: int = _TOKENS) -> Age:
    """Draw a device that has taken tokens up to just before a bound."""
    return Age(
        token_count=bound - 3 - chooser.below(8),
        save_count=max(1, _number(chooser, _FULL, room=0)),
    )


def _number(chooser: Chooser, full: int, room: int = _ROOM) -> int:
    """Draw a count just before a bound, or none."""
    return _below(chooser, _BEFORE, full, room)


def _sum(chooser: Chooser, full: int, room: int) -> int:
    """Draw a sum some way before a bound, or none."""
    return _below(chooser, _SPENT, full, room)


def _below(chooser: Chooser, steps: Sequence[int], full: int, room: int) -> int:
    if chooser.below(2) == 0:
        return 0
    bound, step = chooser.of(BOUNDS), chooser.of(steps)
    before = step if steps is _BEFORE else 1 + chooser.below(step)
    return max(0, min(bound, full - room if bound >= full else full) - before)

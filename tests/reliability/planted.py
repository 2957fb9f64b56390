"""Twelve mistakes by which a household has something for nothing, or is cut before its T2.

Written before the search that is to find them (`adversary`). Each is a method of the program with
one thing wrong; it is in every meter of this process while it is `planted`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple
from unittest.mock import patch

from meter_emu.domain import Result
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.favours import Favours
from meter_emu.firmware.layouts import StateFlags
from meter_emu.firmware.ledger import Ledger
from meter_emu.firmware.rules import MeterRules
from meter_emu.firmware.trust import ClockBase, ClockTrust

Method = Callable[..., Any]


class Plant(NamedTuple):
    """A mistake: which method it is, what it is in its place, and by which way it is looked for."""

    of: type
    method: str
    wrong: Callable[[Method], Method]
    way: int = 0  # of `adversary.WAYS`


def _stepped_again(right: Method) -> Method:
    def resolve_step(base: ClockBase, since_journal_s: int, state: Any) -> bool:
        summer = state.flags & StateFlags.SUMMER
        doubted: bool = right(base, since_journal_s, state)
        if doubted:
            state.flags = state.flags & ~StateFlags.SUMMER | summer
        return doubted

    return resolve_step


def _anew_with_a_limiter(right: Method) -> Method:
    def follow(self: Favours, state: Any, *args: Any, anew: bool, **named: Any) -> None:
        right(self, state, *args, anew=anew or state.flags & StateFlags.LIMITER_GRANTED, **named)

    return follow


def _deaf_from_65536_sessions(right: Method) -> Method:
    def take_order(self: MeterRules, contents: Any) -> Result:
        deaf = self.state.session_count > 0xFFFF
        return Result.ALREADY_EXECUTED if deaf else Result(right(self, contents))

    return take_order


def _anew(state: Any) -> None:
    state.sheltered_wh = state.sheltered_min = state.powered_from_min = 0


def _anew_after_a_failure(right: Method) -> Method:
    def powered_up(self: Favours, state: Any, ticks_ms: int) -> None:
        _anew(state)
        right(self, state, ticks_ms)

    return powered_up


def _anew_after_a_refusal(right: Method) -> Method:
    def refuse(self: MeterRules, result: Result) -> None:
        _anew(self.state)
        right(self, result)

    return refuse


def _lent_again(_right: Method) -> Method:
    return lambda _self, state, factory: state.balance_ueur <= 0 and factory.emergency_cents > 0


def _rolled_back(right: Method) -> Method:
    def judge_wallet(self: Ledger, state: Any, factory: Any, wallet: Any) -> Result:
        if wallet.load_count < state.accepted_count:
            state.accepted_count, state.accepted_cents = wallet.load_count, wallet.loaded_cents
        return Result(right(self, state, factory, wallet))

    return judge_wallet


def _moved_by_any_stamp(right: Method) -> Method:
    def lower_bound_s(self: ClockTrust, stamp_s: int, now: Any, *of: Any) -> int | None:
        return stamp_s if stamp_s > now.utc_s else right(self, stamp_s, now, *of)

    return lower_bound_s


def _as_if_exact(_right: Method) -> Method:
    return lambda _self, now: now.utc_s


def _waits_for_trust(_right: Method) -> Method:
    def deferral_holds(self: MeterRules) -> bool:
        end, ends = self.state.defer_end, self.parts.ends
        return ends.armed(end) and not (self.now.trusted and ends.due(end, self.now))

    return deferral_holds


def _never(_right: Method) -> Method:
    return lambda *_args: False


def _stands(_right: Method) -> Method:
    return lambda *_args: None


PLANTED: Final = {
    "a step of the clock, taken again after each failure": Plant(
        ClockBase, "resolve_step", _stepped_again, way=2
    ),
    "a limiter whose full supply has no end": Plant(Favours, "follow", _anew_with_a_limiter),
    "sessions counted to their end": Plant(MeterRules, "_take_order", _deaf_from_65536_sessions),
    "a shelter restarted by flicker": Plant(Favours, "powered_up", _anew_after_a_failure),
    "a shelter restarted by anybody's card": Plant(MeterRules, "refuse", _anew_after_a_refusal),
    "emergency credit lent again": Plant(Ledger, "emergency_offered", _lent_again),
    "a load counted again after an old copy": Plant(Ledger, "judge_wallet", _rolled_back),
    "a clock set here, moved by any office": Plant(
        ClockTrust, "lower_bound_s", _moved_by_any_stamp
    ),
    "a clock taken for exact": Plant(EndStore, "now_s", _as_if_exact),
    "a T1 that waits for a clock that is trusted": Plant(
        MeterRules, "deferral_holds", _waits_for_trust
    ),
    "the night price in doubt without end": Plant(Favours, "night_ends", _never),
    "a lost clock that stands": Plant(ClockTrust, "goes_on_s", _stands),
}


@contextmanager
def planted(name: str) -> Iterator[Plant]:
    """Have one of `PLANTED` in every meter."""
    plant = PLANTED[name]
    wrong = plant.wrong(getattr(plant.of, plant.method))
    with patch.object(plant.of, plant.method, wrong):
        yield plant

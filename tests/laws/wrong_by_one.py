"""Programs of token devices that are wrong at one bound, on either side of it.

Each denies a judge that is too loose at that bound: such a judge lets the program pass.
"""

from dataclasses import replace

from typing_extensions import override

from card_protocol.tokens.openpaygo.counter import PaygoCounter
from card_protocol.tokens.openpaygo.decode import PaygoAnswer
from card_protocol.tokens.sts.fields import StsCredit, StsKeySection
from card_protocol.tokens.sts.keys import KeyType
from meter_emu.firmware.token.layouts import PaygoFactory, PaygoState
from meter_emu.firmware.token.paygo import PaidTime, PaygoProgram, UsedCounts
from meter_emu.firmware.token.sts import StsAnswer, StsEffects, StsProgram
from meter_emu.firmware.token.sts_layouts import StsFactory, StsState
from meter_emu.firmware.trust import Now
from meter_emu.ports import Sleep
from meter_emu.units import HOUR_S
from tests.laws.wrong_tokens import Planted, StsPlanted

# OpenPAYGO ----------------------------------------------------------------------------------------


class _StartsKept(PaygoProgram):
    @override
    def keep(self, state: PaygoState, answer: PaygoAnswer) -> None:
        starts = state.lost_starts
        super().keep(state, answer)
        state.lost_starts = starts
        self._journal.save(state)


class StartsKept(Planted):
    """Counts starts with a lost clock over a token that ends the count."""

    program = _StartsKept


class _NoFreeStart(PaygoProgram):
    @override
    def goes_on_s(
        self, factory: PaygoFactory, state: PaygoState, now: Now, ticks_ms: int | None
    ) -> int:
        went_s = super().goes_on_s(factory, state, now, ticks_ms)
        return went_s + 2 * HOUR_S if ticks_ms is None else went_s


class NoFreeStart(Planted):
    """Takes two hours at each start with a lost clock."""

    program = _NoFreeStart


class _SavesLater(PaygoProgram):
    unsaved: PaygoState | None = None

    @override
    def keep(self, state: PaygoState, answer: PaygoAnswer) -> None:
        self._used.keep(answer.after, state)
        self.unsaved = state

    @override
    def _look(self, factory: PaygoFactory, state: PaygoState, *, powered_on: bool) -> Sleep | None:
        if self.unsaved is not None:
            for name in ("flags", "paid_until_s", "last_count", "used", "lost_starts"):
                setattr(state, name, getattr(self.unsaved, name))
            self.unsaved = None
            self._journal.save(state)
        return super()._look(factory, state, powered_on=powered_on)


class SavesLater(Planted):
    """Answers an entry, and saves it when it looks the next time."""

    program = _SavesLater


class _Within(UsedCounts):
    older = 16

    @override
    def counter(self, state: PaygoState) -> PaygoCounter:
        counter = super().counter(state)
        used = frozenset(one for one in counter.used if one > counter.count - self.older)
        return replace(counter, used=used)


class _Fifteen(_Within):
    older = 15


class FifteenOlder(Planted):
    """Reads fifteen bits of used counts, where sixteen are kept."""

    used = _Fifteen


class _AnHourLess(PaidTime):
    @override
    def set_to(self, now_s: int, seconds: int) -> int:
        return super().set_to(now_s, max(0, seconds - HOUR_S))


class SetsAnHourLess(Planted):
    """Gives an hour less than a token sets."""

    time = _AnHourLess


class _AnHourMore(PaidTime):
    @override
    def added(self, until_s: int, now_s: int, seconds: int) -> int:
        return super().added(until_s, now_s, seconds + HOUR_S)


class AddsAnHourMore(Planted):
    """Gives an hour more than a token adds."""

    time = _AnHourMore


# STS ----------------------------------------------------------------------------------------------


class _Unlocked(StsProgram):
    @override
    def _wrong(self, factory: StsFactory, state: StsState) -> None:
        super()._wrong(factory, state)
        state.locked = state.since_ms = 0


class Unlocked(StsPlanted):
    """Hears whatever is keyed in, however often it was wrong."""

    sts = _Unlocked


class _Impatient(StsProgram):
    @override
    def _wrong(self, factory: StsFactory, state: StsState) -> None:
        state.tries += 1
        super()._wrong(factory, state)
        state.tries -= 1


class Impatient(StsPlanted):
    """Is locked a wrong entry too soon."""

    sts = _Impatient


class _HalfKept(StsProgram):
    @override
    def _forget(self, factory: StsFactory, state: StsState, *, powered_on: bool) -> None:
        kept = state.waiting, state.sections, self._ports.ticks_ms()
        super()._forget(factory, state, powered_on=powered_on)
        if powered_on:
            state.waiting, state.sections, state.waiting_ms = kept
            self._journal.save(state)


class HalfKept(StsPlanted):
    """Keeps half a key over a power failure."""

    sts = _HalfKept


class _Minutes(StsEffects):
    @override
    def too_late(self, waited_ms: int, half_s: int) -> bool:
        return super().too_late(waited_ms, 4 * half_s)


class HalfTooLong(StsPlanted):
    """Waits four times too long for the other half."""

    effects = _Minutes


class _Seconds(StsEffects):
    @override
    def too_late(self, waited_ms: int, half_s: int) -> bool:
        return super().too_late(waited_ms, half_s // 4)


class HalfTooShort(StsPlanted):
    """Waits a quarter as long for the other half."""

    effects = _Seconds


class _Boundless(StsProgram):
    @override
    def _credit(self, factory: StsFactory, state: StsState, record: StsCredit) -> StsAnswer:
        answer = super()._credit(factory, state, record)
        if answer is StsAnswer.OVERFLOW:
            self._effects.credited(state, record.amount * 100)
            return StsAnswer.TAKEN
        return answer


class Boundless(StsPlanted):
    """Takes whatever credit it is given."""

    sts = _Boundless


class _AnyKey(StsProgram):
    @override
    def _section(self, factory: StsFactory, state: StsState, one: StsKeySection) -> StsAnswer:
        if one.number == 1 and one.head & 3 == KeyType.DCTK:
            one = one._replace(head=one.head & ~3 | KeyType.DUTK)
        return super()._section(factory, state, one)


class AnyKey(StsPlanted):
    """Takes a key of a type that no token may bring, as its own."""

    sts = _AnyKey

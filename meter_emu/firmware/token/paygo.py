"""The program of a device that is supplied until the time that was paid for is over.

Tokens of OpenPAYGO add time or set it. The time is counted by the device's own clock from one
moment to another, so what the clock was set to plays no part. A clock that was lost goes on from
the journal: it gives no time, and takes none that is known to have passed.

Nothing lives in memory between two polls. What a token changes is saved at once and together, count
and time, before the entry is done and the switch moves.
"""

from typing import Final

from typing_extensions import override

from card_protocol.errors import TokenError
from card_protocol.tokens.openpaygo.chain import PaygoKey, PaygoSeed
from card_protocol.tokens.openpaygo.counter import CounterLimits, PaygoCounter, PaygoKind
from card_protocol.tokens.openpaygo.decode import PaygoAnswer, PaygoOutcome, decode_openpaygo
from card_protocol.tokens.openpaygo.encode import seconds_of
from meter_emu.firmware.calendar import Calendar
from meter_emu.firmware.layouts import Health
from meter_emu.firmware.rtc.driver import RtcDriver
from meter_emu.firmware.token.layouts import (
    PAYGO,
    PaygoFactory,
    PaygoFlags,
    PaygoState,
)
from meter_emu.firmware.token.polls import TokenProgram
from meter_emu.firmware.trust import EPOCH_2000_S, ClockTrust, Now
from meter_emu.ports import SECONDS_A_DAY, Lamp, Ports, Sleep
from meter_emu.units import DAY_S, HOUR_S

KEPT_EVERY_S: Final = HOUR_S  # ours: a clock that is lost gives at most so much of powered time
FREE_STARTS: Final = 24  # ours: starts with a lost clock that cost nothing, between two tokens
ANSWER_SHOWN_S: Final = 60  # ours: an answer is on the display so long
_U32_MAX: Final = 0xFFFFFFFF
_OLDER: Final = CounterLimits().older


class UsedCounts:
    """The counter of a state, kept as the last count and a bit for each older one. A part."""

    __slots__ = ()

    def counter(self, state: PaygoState) -> PaygoCounter:
        """Return the counter in a state."""
        last = state.last_count
        older = range(min(_OLDER, last + 1))
        return PaygoCounter(last, frozenset(last - n for n in older if state.used >> n & 1))

    def keep(self, counter: PaygoCounter, state: PaygoState) -> None:
        """Write a counter into a state."""
        state.last_count = counter.count
        state.used = sum(1 << counter.count - one for one in counter.used)


class PaidTime:
    """What tokens do to the end of the paid time, in seconds of the device's clock. A part."""

    __slots__ = ()

    def seconds(self, value: int, divider: int) -> int:
        """Return what a value of a token stands for."""
        return seconds_of(value, divider)

    def added(self, until_s: int, now_s: int, seconds: int) -> int:
        """Return the end once time is added: to what is left, or from now."""
        return min(_U32_MAX, max(until_s, now_s) + seconds)

    def set_to(self, now_s: int, seconds: int) -> int:
        """Return the end once time is set, whatever was left."""
        return min(_U32_MAX, now_s + seconds)

    def over(self, until_s: int, now_s: int) -> bool:
        """Whether the paid time is over."""
        return now_s >= until_s


class PaygoProgram(TokenProgram[PaygoFactory, PaygoState]):
    """The program as the board runs it (`meter_emu.ports.Firmware`). A part."""

    __slots__ = ("_calendar", "_rtc", "_time", "_trust", "_used")

    def __init__(
        self,
        ports: Ports,
        rtc: RtcDriver,
        calendar: Calendar,
        trust: ClockTrust,
        *,
        used: UsedCounts,
        time: PaidTime,
    ) -> None:
        super().__init__(ports, PAYGO)
        self._rtc = rtc
        self._calendar = calendar
        self._trust = trust
        self._used = used
        self._time = time

    @override
    def _look(self, factory: PaygoFactory, state: PaygoState, *, powered_on: bool) -> Sleep | None:
        now = self._keep_time(factory, state, powered_on=powered_on)
        said = self._obey(factory, state, now) if self._ports.keys() else ""
        obeyed = self._switched(wanted=self._supplied(state, now))
        self._show(state, now, said, fault=not obeyed)
        return self._sleep(state, now, said) if obeyed else None

    # The clock -----------------------------------------------------------------------------------

    def _keep_time(self, factory: PaygoFactory, state: PaygoState, *, powered_on: bool) -> Now:
        """Return the time; journal it each hour and at each start, and set a clock that is lost."""
        ports, reading = self._ports, self._rtc.read(self._ports)
        ticks_ms = ports.ticks_ms()
        now = self._trust.judge(reading, None if powered_on else ticks_ms, state, factory)
        if not now.dated:  # once for each loss and each start: a chip may be past setting
            lost = powered_on or state.health != now.health
            ticks = None if powered_on else ticks_ms
            return self._go_on(factory, state, now, ticks) if lost else now
        since_s = now.utc_s - EPOCH_2000_S - state.last_time_s
        if powered_on or since_s >= KEPT_EVERY_S:
            state.last_time_s, state.last_ticks_ms = now.utc_s - EPOCH_2000_S, ticks_ms
            self._journal.save(state)
        return now

    def _go_on(
        self, factory: PaygoFactory, state: PaygoState, now: Now, ticks_ms: int | None
    ) -> Now:
        """Set a clock that is lost to what is certain to have passed, and return that."""
        utc_s = self.goes_on_s(factory, state, now, ticks_ms)
        if ticks_ms is None and state.lost_starts < 0xFF:
            state.lost_starts += 1
        minutes, second = divmod(utc_s, 60)
        weekday = self._calendar.weekday(minutes // 1440)
        self._rtc.set_time(self._ports, self._calendar.civil(minutes), second, weekday)
        state.health = Health.LOWER_BOUND
        state.last_time_s, state.last_ticks_ms = utc_s - EPOCH_2000_S, self._ports.ticks_ms()
        after = self._trust.judge(self._rtc.read(self._ports), None, state, factory)
        state.health = after.health
        self._journal.save(state)
        return after

    def goes_on_s(
        self, factory: PaygoFactory, state: PaygoState, now: Now, ticks_ms: int | None
    ) -> int:
        """Return from which instant a lost clock goes on.

        Who drains the backup capacitor once an hour would be supplied for good. So each start
        beyond some costs what it can have given.
        """
        utc_s = self._trust.goes_on_s(now, state, factory, ticks_ms)
        assert utc_s is not None, "it is lost"
        costs = ticks_ms is None and state.lost_starts >= FREE_STARTS
        return utc_s + KEPT_EVERY_S if costs else utc_s

    # Tokens --------------------------------------------------------------------------------------

    def _obey(self, factory: PaygoFactory, state: PaygoState, now: Now) -> str:
        """Obey what was keyed in; return the answer in words."""
        answer = self._answer(factory, state, self._ports.keys())
        if answer is not None and answer.outcome is PaygoOutcome.TAKEN and now.dated:
            self._take(factory, state, now.utc_s - EPOCH_2000_S + 1, answer)
        self._entry_done()
        if answer is None:
            return "WRONG TOKEN"
        if not now.dated:
            return "NO CLOCK"
        return _SAID[answer.outcome]

    def _answer(self, factory: PaygoFactory, state: PaygoState, typed: bytes) -> PaygoAnswer | None:
        seed = PaygoSeed(PaygoKey(factory.key), factory.starting_code)
        counter, text = self._used.counter(state), typed.decode("ascii", "replace")
        try:
            return decode_openpaygo(text, seed, counter, restricted=bool(factory.restricted))
        except TokenError:
            return None

    def _take(
        self, factory: PaygoFactory, state: PaygoState, now_s: int, answer: PaygoAnswer
    ) -> None:
        """Take a token; `now_s` has the second that the clock does not show."""
        time = self._time
        seconds = time.seconds(answer.value, factory.time_divider)
        if answer.kind is PaygoKind.DISABLE:
            state.flags |= PaygoFlags.UNLOCKED
        elif answer.kind is PaygoKind.SET_TIME:
            state.paid_until_s = time.set_to(now_s, seconds)
            state.flags &= ~PaygoFlags.OVER
        elif answer.kind is PaygoKind.ADD_TIME:
            left_s = 0 if state.flags & PaygoFlags.OVER else state.paid_until_s
            state.paid_until_s = time.added(left_s, now_s, seconds)
            state.flags &= ~PaygoFlags.OVER
        self.keep(state, answer)

    def keep(self, state: PaygoState, answer: PaygoAnswer) -> None:
        """Save what a token changed: its count and its time at once."""
        self._used.keep(answer.after, state)
        state.lost_starts = 0
        self._journal.save(state)

    # The supply ----------------------------------------------------------------------------------

    def _supplied(self, state: PaygoState, now: Now) -> bool:
        """Return whether supply is paid for; save that it is over when it is."""
        if state.flags & PaygoFlags.UNLOCKED:
            return True
        if not state.flags & PaygoFlags.OVER:
            if not now.dated or not self._time.over(state.paid_until_s, now.utc_s - EPOCH_2000_S):
                return True
            state.flags |= PaygoFlags.OVER
            self._journal.save(state)
        return False

    def _show(self, state: PaygoState, now: Now, said: str, *, fault: bool) -> None:
        if state.flags & PaygoFlags.UNLOCKED:
            text = "UNLOCKED"
        elif state.flags & PaygoFlags.OVER:
            text = "NOT PAID"
        else:
            left_s = max(0, state.paid_until_s - (now.utc_s - EPOCH_2000_S))
            days, rest_s = divmod(left_s, DAY_S)
            text = f"PAID {days}d {rest_s // HOUR_S:02}h"
        self._ports.display(f"{text} | {said}" if said else text)
        lamps = Lamp.FAULT if fault else Lamp(0)
        lamps |= Lamp.CREDIT_EXHAUSTED if text == "NOT PAID" else Lamp(0)
        lamps |= Lamp(0) if state.health == Health.TRUSTED else Lamp.CLOCK_DOUBTED
        self._ports.lamps(lamps)

    def _sleep(self, state: PaygoState, now: Now, said: str) -> Sleep | None:
        """Return until when nothing is to be done: the end, the journal, the answer's time."""
        if not now.dated or now.second_of_day is None:
            return None
        now_s = now.utc_s - EPOCH_2000_S
        wait_s = max(1, state.last_time_s + KEPT_EVERY_S - now_s)
        if not state.flags & (PaygoFlags.OVER | PaygoFlags.UNLOCKED):
            wait_s = min(wait_s, max(1, state.paid_until_s - now_s))
        wait_s = min(wait_s, ANSWER_SHOWN_S) if said else wait_s
        return Sleep(min(now.second_of_day + wait_s, SECONDS_A_DAY))


_SAID: Final = {
    PaygoOutcome.TAKEN: "TAKEN",
    PaygoOutcome.USED: "USED TOKEN",
    PaygoOutcome.INVALID: "WRONG TOKEN",
    PaygoOutcome.RESERVED: "WRONG TOKEN",
}
assert _SAID.keys() == set(PaygoOutcome), "an answer for each outcome"

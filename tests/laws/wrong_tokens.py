"""Programs of devices that obey tokens: a right one of somebody else's, and wrong ones of each."""

from typing_extensions import override

from card_protocol.tokens.openpaygo.counter import PaygoCounter
from card_protocol.tokens.openpaygo.decode import PaygoAnswer
from card_protocol.tokens.sts.key_change import StsKeyChange
from meter_emu.firmware.parts import assemble
from meter_emu.firmware.token.layouts import PaygoFactory, PaygoFlags, PaygoState
from meter_emu.firmware.token.paygo import PaidTime, PaygoProgram, UsedCounts
from meter_emu.firmware.token.sts import StsEffects, StsProgram, TidMemory
from meter_emu.firmware.token.sts_layouts import StsFactory, StsState
from meter_emu.firmware.trust import ClockTrust, Now
from meter_emu.ports import Firmware, Ports, Sleep
from meter_emu.stories.story import models
from meter_emu.units import DAY_S
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.covers import Covers
from meter_emu.zones import BELGIAN
from tests.laws.wrong import Credulous

MODEL = models("openpaygo")[0].model
PARTS = parse_build("reference").parts(MODEL)  # of the chip of the first model


CREDULOUS = assemble(
    lambda part: Credulous if issubclass(Credulous, part) else part,  # type: ignore[arg-type]
    type(PARTS.rtc),
    BELGIAN.rule,
)


class Planted:
    """Somebody else's right program for one clock chip, with parts that may be wrong."""

    covers = Covers(devices={"openpaygo"}, chips={MODEL.rtc})
    program: type[PaygoProgram] = PaygoProgram
    used: type[UsedCounts] = UsedCounts
    time: type[PaidTime] = PaidTime
    trust: ClockTrust = PARTS.trust

    def __init__(self, ports: Ports) -> None:
        rtc, calendar, trust = PARTS.rtc, PARTS.calendar, self.trust
        used, time = self.used(), self.time()
        self.inner: Firmware = self.program(ports, rtc, calendar, trust, used=used, time=time)

    def poll(self) -> Sleep | None:
        return self.inner.poll()


class Raising(Planted):
    """Raises in its ninth poll."""

    polls = 0

    @override
    def poll(self) -> Sleep | None:
        self.polls += 1
        assert self.polls < 9
        return super().poll()


def _an_hour_more(hint: Sleep) -> Sleep:
    units = None if hint.until_units is None else hint.until_units + 1_000
    if hint.until_second is None:  # it has no clock
        return Sleep(None, units)
    return Sleep(min(DAY_S, hint.until_second + 3_600), hint.until_units)


class Oversleeper(Planted):
    """Its hints are an hour too long."""

    @override
    def poll(self) -> Sleep | None:
        hint = super().poll()
        return hint and _an_hour_more(hint)


class Reborn(Oversleeper):
    """Oversleeps in every second device that it is in: it remembers what none can."""

    devices = 0

    def __init__(self, ports: Ports) -> None:
        super().__init__(ports)
        Reborn.devices += 1
        self.sleepy = Reborn.devices % 2

    @override
    def poll(self) -> Sleep | None:
        return super().poll() if self.sleepy else self.inner.poll()


class Stopping(Planted):
    """Does nothing any more once its ticks have begun anew."""

    last_ms = 0

    def __init__(self, ports: Ports) -> None:
        super().__init__(ports)
        self.ports = ports

    @override
    def poll(self) -> Sleep | None:
        before_ms, self.last_ms = self.last_ms, max(self.last_ms, self.ports.ticks_ms())
        return super().poll() if before_ms <= self.ports.ticks_ms() else None


class _FirstOfMany(UsedCounts):
    """Remembers eight older counts."""

    @override
    def keep(self, counter: PaygoCounter, state: PaygoState) -> None:
        super().keep(counter, state)
        state.used &= 0xFF


class OfEight(Planted):
    """Keeps too few bits of used counts."""

    used = _FirstOfMany


class _LessEachTime(PaidTime):
    """Takes a unit off each token but the first."""

    @override
    def added(self, until_s: int, now_s: int, seconds: int) -> int:
        return super().added(until_s, now_s, seconds if until_s <= now_s else seconds // 2)


class OrderMatters(Planted):
    """Gives half of what is added to time that is left."""

    time = _LessEachTime


class _Punishing(PaygoProgram):
    """Takes an hour for each entry that it does not take."""

    @override
    def _answer(self, factory: PaygoFactory, state: PaygoState, typed: bytes) -> PaygoAnswer | None:
        answer = super()._answer(factory, state, typed)
        if answer is None or answer.after == self._used.counter(state):
            state.paid_until_s -= 3_600
            self._journal.save(state)
        return answer


class Punishing(Planted):
    """Takes time for what is mistyped."""

    program = _Punishing


class _Forgetting(PaygoProgram):
    """Asks its clock anew whether the paid time is over."""

    @override
    def _supplied(self, state: PaygoState, now: Now) -> bool:
        state.flags &= ~PaygoFlags.OVER
        return super()._supplied(state, now)


class OverForgotten(Planted):
    """Keeps no end, and believes whatever its clock says."""

    program = _Forgetting
    trust = CREDULOUS.trust


class _Costless(PaygoProgram):
    """Starts with a lost clock as often as somebody likes."""

    @override
    def goes_on_s(
        self, factory: PaygoFactory, state: PaygoState, now: Now, ticks_ms: int | None
    ) -> int:
        state.lost_starts = 0
        return super().goes_on_s(factory, state, now, ticks_ms)


class Costless(Planted):
    """Is supplied for good by who pulls its reserve."""

    program = _Costless


class _Signed(UsedCounts):
    """Holds the last count in 15 bits."""

    @override
    def keep(self, counter: PaygoCounter, state: PaygoState) -> None:
        super().keep(counter, state)
        state.last_count &= 0x7FFF


class Signed(Planted):
    """Loses a bit of its count."""

    used = _Signed


class _Generous(PaygoProgram):
    """Shows a day more than there is."""

    @override
    def _show(self, state: PaygoState, now: Now, said: str, *, fault: bool) -> None:
        super()._show(state, now._replace(utc_s=now.utc_s - DAY_S), said, fault=fault)


class Generous(Planted):
    """Promises a day of light that nobody paid for."""

    program = _Generous


class StsPlanted(Planted):
    """Somebody else's right program of an STS meter, with parts that may be wrong."""

    covers = Covers(devices={"sts"})
    sts: type[StsProgram] = StsProgram
    effects: type[StsEffects] = StsEffects

    def __init__(self, ports: Ports) -> None:
        self.inner = self.sts(ports, tids=TidMemory(), effects=self.effects())


class StsRaising(Raising, StsPlanted):
    """Raises in its ninth poll."""


class StsOversleeper(Oversleeper, StsPlanted):
    """Its hints are a kWh too long."""


class StsStopping(Stopping, StsPlanted):
    """Does nothing any more once its ticks have begun anew."""


class StsReborn(Reborn, StsPlanted):
    """Oversleeps in every second meter that it is in."""


class ForgetsTheTid(StsProgram):
    """Credits a token, and does not keep its TID."""

    __slots__ = ()

    @override
    def keep(self, state: StsState) -> None:
        before = self._journal.load(powered_on=False)
        assert before is not None
        if state.key == before.key:
            state.tids = before.tids
        super().keep(state)


class TidForgotten(StsPlanted):
    """Takes a token as often as it comes."""

    sts = ForgetsTheTid


class _StsPunishing(StsProgram):
    """Takes a tenth of a kWh for what nobody can have sold."""

    __slots__ = ()

    @override
    def _wrong(self, factory: StsFactory, state: StsState) -> None:
        super()._wrong(factory, state)
        state.limit_units -= 300


class StsPunishing(StsPlanted):
    """Takes energy for what is mistyped."""

    sts = _StsPunishing


class _StsGenerous(StsProgram):
    """Shows two kWh more than there are."""

    __slots__ = ()

    @override
    def _show(self, state: StsState, register_units: int, said: str, *, fault: bool) -> None:
        super()._show(state, register_units - 2_000, said, fault=fault)


class StsGenerous(StsPlanted):
    """Promises light that nobody paid for."""

    sts = _StsGenerous


class _Patient(StsProgram):
    """Locks one wrong entry later than its model says."""

    __slots__ = ()

    @override
    def _wrong(self, factory: StsFactory, state: StsState) -> None:
        super()._wrong(factory, state)
        state.locked &= state.tries > factory.tries


class StsPatient(StsPlanted):
    """Lets one more wrong token be tried."""

    sts = _Patient


class _FirstKey(StsEffects):
    """Says that it has taken a key, and keeps its first one."""

    @override
    def rekeyed(self, state: StsState, change: StsKeyChange) -> None:
        return


class KeyKept(StsPlanted):
    """Takes old tokens after halves of two sets."""

    effects = _FirstKey

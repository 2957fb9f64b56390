"""Programs whose rules are wrong in one thing: what they note, tell, or take back."""

from functools import partial

from typing_extensions import override

from meter_emu.domain import Contents, Result
from meter_emu.firmware.layouts import EventCode, Factory, State, StateFlags
from meter_emu.firmware.program import Program
from meter_emu.firmware.rules import MeterRules, Standing
from meter_emu.ports import Ports
from meter_emu.world.meter.build import dialogues
from tests.laws.wrong import Wrapped


class _ByTheNewestEnd(MeterRules):
    """Compares the clock that was just set with the newest end, and not with the one reached."""

    __slots__ = ()

    @override
    def unlatch_ends(self) -> None:
        self.state.latched_end = self.state.cut_end
        super().unlatch_ends()


class _LeavesItOver(MeterRules):
    """Never gives a deferral back that a wrong date has ended."""

    __slots__ = ()

    @override
    def unlatch_ends(self) -> None:
        over = self.state.flags & StateFlags.DEFERRAL_OVER
        super().unlatch_ends()
        self.state.flags |= over


class _LeavesTheValve(Program):
    """Leaves the valve as a power failure found it, where nothing blocks the supply."""

    started = False

    @override
    def _meter(self, factory: Factory, state: State, *, powered_on: bool) -> MeterRules:
        self.started = powered_on
        return super()._meter(factory, state, powered_on=powered_on)

    @override
    def _drive(self, meter: MeterRules, standing: Standing) -> bool:
        return (self.started and not standing.blocks) or super()._drive(meter, standing)


class LeavesTheValve(Wrapped):
    """Has a program that does."""

    def __init__(self, ports: Ports) -> None:
        super().__init__(ports)
        parts = self._program._parts
        self._program = _LeavesTheValve(ports, parts, dialogues())


class _Unnoted(MeterRules):
    """Has a journal in which nothing of a kind is ever noted."""

    __slots__ = ()
    without = EventCode.CARD_REFUSED

    @override
    def note(self, code: EventCode, detail: int = 0) -> None:
        if code is not self.without:
            super().note(code, detail)


class _UnnotedSessions(_Unnoted):
    __slots__ = ()
    without = EventCode.SESSIONS_DISAGREE


class _UnnotedExpiry(_Unnoted):
    __slots__ = ()
    without = EventCode.EXPIRY_UNCHECKED


class _AnHourOn(MeterRules):
    """Journals an hour that is not yet."""

    __slots__ = ()

    @override
    def _now_min(self) -> int:
        return super()._now_min() + 60


class _SaysNothingOfIt(MeterRules):
    """Obeys an order, and says of it that nothing became of it."""

    __slots__ = ()

    @override
    def obey(self, contents: Contents) -> Result:
        result = super().obey(contents)
        self.state.order_result = Result.NONE
        return result


class _TellsNobody(MeterRules):
    """Keeps it to itself that credit is low."""

    __slots__ = ()

    @override
    def settle(self) -> Standing:
        standing = super().settle()
        self.beeping = False
        return standing


leaves_it_over = partial(Wrapped, swap=_LeavesItOver)
by_the_newest_end = partial(Wrapped, swap=_ByTheNewestEnd)
unnoted_refusals = partial(Wrapped, swap=_Unnoted)
unnoted_sessions = partial(Wrapped, swap=_UnnotedSessions)
unnoted_expiry = partial(Wrapped, swap=_UnnotedExpiry)
an_hour_on = partial(Wrapped, swap=_AnHourOn)
says_nothing_of_it = partial(Wrapped, swap=_SaysNothingOfIt)
tells_nobody = partial(Wrapped, swap=_TellsNobody)

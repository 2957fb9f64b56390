"""The program without bounds on its favours, and without the guards of its clock: build `plain`.

What a fielded meter may lack (`docs/decisions/doubt.md`). It believes any date that exists, and no
stamp of the desk; the hours shelter a household for ever. Each class swaps one part.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from typing_extensions import override

from meter_emu.domain import Result
from meter_emu.firmware.favours import SHELTER_MAX_MIN, Favours, Left
from meter_emu.firmware.layouts import Factory, Health, State
from meter_emu.firmware.rtc.driver import RtcReading
from meter_emu.firmware.rules import MeterRules
from meter_emu.firmware.trust import ClockState, ClockTrust, Now, TrustBounds
from meter_emu.ports import SECONDS_A_DAY


class PlainFavours(Favours):
    """Ends nothing, so it counts nothing and all is always left."""

    __slots__ = ()

    ends = False

    @override
    def count(
        self, state: State, factory: Factory, ticks_ms: int, *, at_once: bool = False
    ) -> None:
        pass

    @override
    def wait_s(self, state: State, factory: Factory, ticks_ms: int) -> int:
        return SECONDS_A_DAY

    @override
    def shelter_left(self, state: State, factory: Factory, register_units: int) -> Left:
        return Left(SHELTER_MAX_MIN, self.shelter_max_wh(factory))

    @override
    def shelter_ends(self, state: State, factory: Factory, register_units: int) -> bool:
        return False

    @override
    def night_ends(self, state: State, register_units: int) -> bool:
        return False


class PlainTrust(ClockTrust):
    """Believes its chip; a clock that shows no date is lost until somebody sets it."""

    __slots__ = ()

    @override
    def suspicion(
        self,
        reading: RtcReading,
        utc_s: int,
        ticks_ms: int | None,
        state: ClockState,
        factory: TrustBounds,
    ) -> Health:
        return Health.TRUSTED

    @override
    def goes_on_s(
        self, now: Now, state: ClockState, factory: TrustBounds, ticks_ms: int | None
    ) -> int | None:
        return None

    @override
    def lower_bound_s(self, stamp_s: int, now: Now, state: State, factory: Factory) -> int | None:
        return None


class PlainRules(MeterRules):
    """Looks at no stamp."""

    __slots__ = ()

    @override
    def judge_stamp(self, stamp_s: int) -> Result:
        return Result.NONE


PLAIN: Final[Mapping[type, type]] = MappingProxyType({
    ClockTrust: PlainTrust,
    Favours: PlainFavours,
    MeterRules: PlainRules,
})  # fmt: skip

"""The two favours of a meter that end by what it counts: the shelter, and the night price in doubt.

*Shelter*: the credit is used up, and the hours of the non-disconnection period alone keep the
supply on. It ends by the energy used in it, or by the time with power. *The night price in doubt*:
a meter that does not know the time charges the lower price, up to an amount. No clock is read here,
so a right clock is no way round it (`docs/decisions/doubt.md`).
"""

from typing import ClassVar, Final, NamedTuple

from meter_emu.firmware.layouts import BY_NIGHT, TRUSTED, Factory, State, StateFlags
from meter_emu.firmware.ledger import Ledger
from meter_emu.ports import SECONDS_A_DAY, TICKS_WRAP
from meter_emu.units import PPB

SHELTER_MAX_MIN: Final = 96 * 60  # ours: holds a working day of the office; 73 h by ticks 30 % fast
NIGHT_MAX_WH: Final = 200_000  # ours: two to four weeks of a household
COUNT_EVERY_MIN: Final = 15  # ours: a count each minute would wear the memory out in ten years
COUNT_PART: Final = 4  # ours: of what is counted already; a power failure costs a fifth at most
_MINUTE_MS: Final = 60_000
_SLACK_MS: Final = 30_000  # ours: half of what is between two polls, so that none is just too early
_HOUR_MIN: Final = 60
_U16_MAX: Final = 0xFFFF
_U32: Final = 0xFFFFFFFF


class Left(NamedTuple):
    """What is left of the shelter: minutes with power, and energy. It ends where either is 0."""

    minutes: int
    wh: int


class Favours:
    """How much of each favour a meter grants, and how it counts. A part."""

    __slots__ = ("_ledger",)

    ends: ClassVar[bool] = True  # whether they do, so that the display says when

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    # The shelter ---------------------------------------------------------------------------------

    def shelter_left(self, state: State, factory: Factory, register_units: int) -> Left:
        """Return what is left of the shelter, whole where none was used."""
        used_wh = state.sheltered_wh + self._ledger.sheltering_wh(state, register_units)
        return Left(
            max(0, SHELTER_MAX_MIN - state.sheltered_min),
            max(0, self.shelter_max_wh(factory) - used_wh),
        )

    def shelter_max_wh(self, factory: Factory) -> int:
        """Return the most that anybody can use in the longest shelter: what the connection carries.

        A household that did nothing wrong is supplied without a break, so it cannot get here.
        """
        return -(-factory.connection_w * factory.shelter_longest_min // _HOUR_MIN)

    def shelter_ends(self, state: State, factory: Factory, register_units: int) -> bool:
        """Whether the shelter is over: from now on lack of credit cuts at any hour."""
        return 0 in self.shelter_left(state, factory, register_units)

    def follow(
        self,
        state: State,
        factory: Factory,
        ticks_ms: int,
        register_units: int,
        *,
        alone: bool,
        anew: bool,
    ) -> None:
        """Count from here on if the hours `alone` keep the supply on, else up to here.

        Where credit is no reason to cut it begins `anew`: what was used before a deferral must not
        shorten the night after it. A granted limiter is no such reason: full supply in the hours is
        counted for it as for anybody, and after it there is the limiter at any hour.
        """
        if alone != bool(state.flags & StateFlags.SHELTERED):
            self._ledger.book(state, register_units)
            if not alone:
                self.count(state, factory, ticks_ms, at_once=True)
            state.flags ^= StateFlags.SHELTERED
            state.sheltered_ticks_ms = ticks_ms
        if anew:
            state.sheltered_wh = state.sheltered_min = state.powered_from_min = 0

    def powered_up(self, state: State, ticks_ms: int) -> None:
        """Begin to count again after a power failure, which cost what was not counted."""
        state.sheltered_ticks_ms = ticks_ms  # they began anew
        state.powered_from_min = state.sheltered_min

    def count(
        self, state: State, factory: Factory, ticks_ms: int, *, at_once: bool = False
    ) -> None:
        """Count the whole minutes since the last count when a stretch is over, or `at_once`.

        Those that have passed for certain, by ticks less their bound.
        """
        if not state.flags & StateFlags.SHELTERED:
            return
        ticked_ms = self._ticked_ms(state, ticks_ms)
        if not at_once and ticked_ms < self._stretch_ms(state, factory):
            return
        minutes = ticked_ms * PPB // (_MINUTE_MS * (PPB + factory.drift_bound_ppb))
        state.sheltered_min = min(state.sheltered_min + minutes, _U16_MAX)
        counted_ms = self._certain_ms(minutes, factory)
        state.sheltered_ticks_ms = (state.sheltered_ticks_ms + counted_ms) % TICKS_WRAP

    def _stretch_ms(self, state: State, factory: Factory) -> int:
        """Return the ticks from one count to the next.

        A quarter of what was counted in this power-up, no more than a quarter of what is left (a
        meter states that), and at least a quarter of an hour, or what is left if that is less.
        """
        counted_min = max(0, state.sheltered_min - state.powered_from_min)
        left_min = SHELTER_MAX_MIN - state.sheltered_min
        stretch_min = max(COUNT_EVERY_MIN, min(counted_min, left_min) // COUNT_PART)
        if 0 < left_min < stretch_min:
            stretch_min = left_min
        return max(self._certain_ms(1, factory), self._certain_ms(stretch_min, factory) - _SLACK_MS)

    def _ticked_ms(self, state: State, ticks_ms: int) -> int:
        """Return the ticks since what was counted last."""
        return (ticks_ms - state.sheltered_ticks_ms) % TICKS_WRAP

    def _certain_ms(self, minutes: int, factory: Factory) -> int:
        """Return the ticks in which so many minutes have passed for certain."""
        whole_ms = minutes * _MINUTE_MS
        return whole_ms - (-whole_ms * factory.drift_bound_ppb // PPB)

    # The night price in doubt --------------------------------------------------------------------

    def night_left_wh(self, state: State, register_units: int) -> int:
        """Return what is left at the night price in doubt, whole where the clock is trusted."""
        untimed_wh = self._ledger.untimed_wh(state, register_units)
        return max(0, NIGHT_MAX_WH - ((untimed_wh - state.doubted_from_wh) & _U32))

    def night_ends(self, state: State, register_units: int) -> bool:
        """Whether a doubted clock costs the day price from now on."""
        return self.night_left_wh(state, register_units) == 0

    # When to look again --------------------------------------------------------------------------

    def wait_s(self, state: State, factory: Factory, ticks_ms: int) -> int:
        """Return seconds until it is counted again, never too many. Sleep hint only."""
        if not state.flags & StateFlags.SHELTERED:
            return SECONDS_A_DAY
        return (self._stretch_ms(state, factory) - self._ticked_ms(state, ticks_ms)) // 1000

    def marks(self, state: State, factory: Factory) -> tuple[int, ...]:
        """Return the register values at which either ends. Sleep hint only."""
        left_wh = []
        if state.flags & StateFlags.SHELTERED:
            left_wh.append(self.shelter_left(state, factory, state.booked_units).wh)
        if state.rate == BY_NIGHT and state.health != TRUSTED:
            left_wh.append(self.night_left_wh(state, state.booked_units))
        return tuple(self._ledger.units_at(state, wh) for wh in left_wh) if left_wh else ()

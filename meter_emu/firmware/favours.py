"""The two favours of a meter that end by what it counts: the shelter, and the night price in doubt.

*Shelter*: the credit is used up, and the hours of the non-disconnection period alone keep the
supply on. It ends by the energy used in it, or by the time with power. *The night price in doubt*:
a meter that does not know the time charges the lower price, up to an amount. No clock is read here,
so a right clock is no way round it (`docs/decisions/doubt.md`).
"""

from typing import Final, NamedTuple

from meter_emu.firmware.layouts import Factory, State
from meter_emu.ports import TICKS_WRAP
from meter_emu.units import PPB

SHELTER_MAX_MIN: Final = 96 * 60  # ours: holds a working day of the office; 73 h by ticks 30 % fast
NIGHT_MAX_WH: Final = 200_000  # ours: two to four weeks of a household
_MINUTE_MS: Final = 60_000
_HOUR_MIN: Final = 60
_U16_MAX: Final = 0xFFFF
_U32: Final = 0xFFFFFFFF


class Left(NamedTuple):
    """What is left of the shelter: minutes with power, and energy. It ends where either is 0."""

    minutes: int
    wh: int


class Favours:
    """How much of each favour a meter grants, and how it counts. A part."""

    __slots__ = ()

    def shelter_left(self, state: State, factory: Factory, pending_wh: int) -> Left:
        """Return what is left of the shelter, `pending_wh` of it used and not booked yet."""
        used_wh = state.sheltered_wh + pending_wh
        return Left(
            max(0, SHELTER_MAX_MIN - state.sheltered_min),
            max(0, self.shelter_max_wh(factory) - used_wh),
        )

    def shelter_max_wh(self, factory: Factory) -> int:
        """Return the most that anybody can use in the longest shelter: what the connection carries.

        A household that did nothing wrong is supplied without a break, so it cannot get here.
        """
        return -(-factory.connection_w * factory.shelter_longest_min // _HOUR_MIN)

    def shelter_ends(self, state: State, factory: Factory, pending_wh: int) -> bool:
        """Whether the shelter is over: from now on lack of credit cuts at any hour."""
        return 0 in self.shelter_left(state, factory, pending_wh)

    def count(self, state: State, factory: Factory, ticks_ms: int) -> None:
        """Count the whole minutes of shelter since the last, by ticks less their bound."""
        minute_ms = self.minute_ms(factory)
        minutes = self.ticked_ms(state, ticks_ms) // minute_ms
        state.sheltered_min = min(state.sheltered_min + minutes, _U16_MAX)
        counted_ms = state.sheltered_ticks_ms + minutes * minute_ms
        state.sheltered_ticks_ms = counted_ms % TICKS_WRAP

    def wait_s(self, state: State, factory: Factory, ticks_ms: int) -> int:
        """Return seconds until the next minute is counted, never too many. Sleep hint only."""
        return (self.minute_ms(factory) - self.ticked_ms(state, ticks_ms)) // 1000

    def ticked_ms(self, state: State, ticks_ms: int) -> int:
        """Return the ticks since the last minute that was counted."""
        return (ticks_ms - state.sheltered_ticks_ms) % TICKS_WRAP

    def minute_ms(self, factory: Factory) -> int:
        """Return the ticks in which a minute has passed for certain."""
        return _MINUTE_MS - (-_MINUTE_MS * factory.drift_bound_ppb // PPB)

    def night_left_wh(self, state: State, untimed_wh: int) -> int:
        """Return what is left at the night price while the clock is doubted."""
        return max(0, NIGHT_MAX_WH - ((untimed_wh - state.doubted_from_wh) & _U32))

    def night_ends(self, state: State, untimed_wh: int) -> bool:
        """Whether a doubted clock costs the day price from now on."""
        return self.night_left_wh(state, untimed_wh) == 0

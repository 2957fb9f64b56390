"""Says which numbers of a household are far from their ends, whatever happens in its scope."""

from collections.abc import Iterable, Sequence
from typing import Final, final

from meter_emu.explore.scope import Scope
from meter_emu.firmware.layouts import State
from meter_emu.ports import TICKS_WRAP
from meter_emu.units import EPOCH_2000_US, HOUR_US, SECOND_US, UEUR_PER_CENT
from meter_emu.world.meter.board import Board

COUNT_FIELDS: Final = ("order_number", "accepted_count", "card_number")
SUM_FIELDS: Final = (
    "charged_wh", "deferred_wh", "postpaid_wh", "night_wh", "charged_night_wh", "balance_ueur",
    "charged_ueur", "remainder_mwh",
)  # fmt: skip
_WIDE: Final = (16, 31, 32)


@final
class FarFromEnds:
    """What can happen in a scope to the numbers of its household at most."""

    def __init__(self, scope: Scope) -> None:
        loads = [visit.desk.load_cents for visit in scope.visits if visit.desk]
        self._acts: Final = len(scope.instants)
        self._cents: Final = self._acts * max(loads, default=0)
        hours = (scope.campaign.end_us - scope.campaign.start_us) // HOUR_US + 1
        self._ms: Final = (scope.campaign.end_us - scope.campaign.start_us) // 1000
        self._units: Final = max(scope.household.load) * hours

    def numbers(self, state: State) -> bool:
        """Whether no count comes to the end of 8, 16, 31 or 32 bits."""
        counts = [getattr(state, name) for name in COUNT_FIELDS]
        return _stays(counts, self._acts, (8, *_WIDE)) and _stays(
            (state.accepted_cents,), self._cents, _WIDE
        )

    def saved(self, state: State, board: Board) -> bool:
        """Whether it was saved an hour ago, and no ticks since come to the end of 31 or 32 bits."""
        ticks_ms = (board.now_us - board.ticks_from_us) // 1000 % TICKS_WRAP
        age_us = board.now_us - (EPOCH_2000_US + state.last_time_s * SECOND_US)
        return age_us >= HOUR_US and _stays((ticks_ms,), self._ms, _WIDE[1:])

    def sums(self, state: State) -> bool:
        """Whether the credit does not end, nor any sum come to the end of 16, 31 or 32 bits."""
        used_wh = 2 * self._units * state.mwh_per_unit // 1000  # ours: twice, for what waits
        used_ueur = used_wh * max(state.price_ueur_per_wh, state.night_price_ueur_per_wh)
        energy = [getattr(state, name) for name in SUM_FIELDS if name.endswith("_wh")]
        money = (state.balance_ueur, state.charged_ueur)
        return (
            state.balance_ueur > used_ueur
            and not state.emergency_debt_ueur
            and _stays(energy, used_wh, _WIDE)
            and _stays(money, used_ueur + self._cents * UEUR_PER_CENT, _WIDE[1:])
        )


def _stays(values: Iterable[int], moves: int, widths: Sequence[int]) -> bool:
    """Whether values that grow so far come to the end of no width, in bits."""
    return all(value >> width == value + moves >> width for value in values for width in widths)

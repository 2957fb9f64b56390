"""How sure a figure is, and which of two plans is better: by chance and by rounding, each apart.

A figure is the mean of several seeds, and so is a difference of two plans, which draw the same. The
interval by chance is Student's, of a mean of so many draws (Biometrika 6, 1908). What rounding
moves is bounded by the meters that were run unrounded too. A criterion is decided where no
difference of 0 is within both, at a risk that all criteria share.
"""

from collections.abc import Sequence
from enum import Enum, unique
from fractions import Fraction
from math import sqrt
from statistics import NormalDist, fmean, variance
from typing import Final, NamedTuple

from meter_emu.languages.speech import marked
from meter_emu.planner.classes import HomeState, MeterEnd
from meter_emu.world.rehearsal.sample import most_unexpected

FIGURE_RISK: Final = Fraction(1, 10)  # ours: of a figure's interval
_GRAIN: Final = 1 / 12  # of what is counted whole: draws that agree are not exact for that
RISK_OF_ALL: Final = Fraction(1, 20)  # ours: that any criterion is decided where none differs


@unique
class Criterion(Enum):
    """What a board wants few of."""

    DISCONNECTED = marked("disconnected by order")
    WITHOUT_CREDIT = marked("without credit")
    TURNED_AWAY = marked("turned away at the office")
    STILL_CUT = marked("still disconnected at the end")

    def is_met(self, meter_end: MeterEnd) -> bool:
        """Whether it counts a meter; who is turned away is seen at the office."""
        if self is Criterion.STILL_CUT:
            return meter_end.end is HomeState.CUT
        wanted = HomeState.CUT if self is Criterion.DISCONNECTED else HomeState.NO_CREDIT
        return self is not Criterion.TURNED_AWAY and meter_end.morning is wanted


class Figure(NamedTuple):
    """A mean of seeds, its interval by chance, and how far rounding may have moved it."""

    mean: float
    low: float
    high: float
    fewer: int = 0
    more: int = 0

    @property
    def is_decided(self) -> bool:
        """Whether no 0 is within both intervals."""
        return self.low - self.fewer > 0 or self.high + self.more < 0


class Audit(NamedTuple):
    """Meters that were run unrounded: what their classes say, and what became of them."""

    of: int
    rounded: Sequence[MeterEnd]
    exact: Sequence[MeterEnd]

    @property
    def run(self) -> int:
        """How many were run."""
        return len(self.exact)

    @property
    def otherwise_morning(self) -> int:
        """How many came otherwise than their class the morning after."""
        pairs = zip(self.rounded, self.exact, strict=True)
        return sum(one.morning is not end.morning for one, end in pairs)

    @property
    def otherwise_end(self) -> int:
        """How many came otherwise at the end."""
        pairs = zip(self.rounded, self.exact, strict=True)
        return sum(one.end is not end.end for one, end in pairs)

    @property
    def at_most_morning(self) -> int:
        """How many of all may be otherwise the morning after, at the risk of a sample."""
        return most_unexpected(self.of, self.run, self.otherwise_morning)

    @property
    def at_most_end(self) -> int:
        """How many of all may be otherwise at the end, at the same risk."""
        return most_unexpected(self.of, self.run, self.otherwise_end)

    def errors(self, criterion: Criterion) -> list[int]:
        """Return by how much the class of each says too little."""
        pairs = zip(self.rounded, self.exact, strict=True)
        return [criterion.is_met(end) - criterion.is_met(one) for one, end in pairs]


def figure(
    counts: Sequence[float], errors: Sequence[int], of: int, risk: Fraction = FIGURE_RISK
) -> Figure:
    """Return a figure with its intervals.

    Args:
        counts: What each seed gives.
        errors: By how much the rounding of each meter that was audited says too little.
        of: How many meters there are.
        risk: That the mean of all seeds is outside of the interval by chance.
    """
    seeds, mean = len(counts), fmean(counts)
    half = student_t(1 - risk / 2, seeds - 1) * sqrt((variance(counts, mean) + _GRAIN) / seeds)
    fewer, more = (
        most_unexpected(of, len(errors), sum(max(0, sign * one) for one in errors), risk / 2)
        if any(errors) or len(errors) < of
        else 0
        for sign in (-1, 1)
    )
    return Figure(mean, mean - half, mean + half, fewer, more)


def student_t(share: Fraction, freedom: int) -> float:
    """Return the quantile of Student's distribution (Abramowitz and Stegun, 26.7.5).

    From 2 degrees of freedom on it is within 4 % up to a share of 0.995, from 4 on within 0.3 %.
    """
    z, n = NormalDist().inv_cdf(float(share)), freedom
    return (
        z
        + (z**3 + z) / (4 * n)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92160 * n**4)
    )

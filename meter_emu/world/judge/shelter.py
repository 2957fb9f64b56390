"""How much of its two favours a household has had, by what an outsider sees, and when they end.

Supply, what flowed, true time and the numbers of the model: no byte of the meter, and no line of
its program. Each favour has two sums. *Most* is what a right meter can have counted, *least* what
it must have counted: from the first on it may end the favour, from the second on it must. The rule
is that of `docs/decisions/doubt.md`.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple, final

from meter_emu.units import HOUR_US, MINUTE_US, PPB, SECOND_US
from meter_emu.world.households.household import Household
from meter_emu.world.judge.account import LoadProfile
from meter_emu.world.judge.forks import Forks
from meter_emu.world.judge.outcome import WORK_US

SHELTER_US: Final = 96 * HOUR_US  # ours; the program has a number of its own
NIGHT_WH: Final = 200_000  # ours, likewise
_WH: Final = 1000 * HOUR_US  # in mWh of a unit and rate-µs, as the account counts
_COUNTED_US: Final = 15 * MINUTE_US  # ours: what may not be counted yet, whenever it is looked at
_FORGOTTEN_PART: Final = 5  # ours: of what was counted since, so much a failure costs
_HOUR_MIN: Final = 60


@final
class Given(NamedTuple):
    """What keeps the supply on from now on.

    `may` and `sure` are whether the hours alone do, `anew` whether something else surely has, which
    sets the count back, and `perhaps_anew` whether it may have.
    """

    now_us: int
    mwh_per_unit: int
    powered: bool
    may: bool
    sure: bool
    anew: bool
    perhaps_anew: bool
    doubted: bool


@final
class FavoursHad(Forks):
    """Both favours of one household, at the instant that was passed to last."""

    def __init__(self, household: Household) -> None:
        model = household.model
        whole = model.connection_w * model.shelter_longest_min * _WH // _HOUR_MIN
        self._used: Final = _Used(household, whole)
        self._untimed: Final = _Used(household, NIGHT_WH * _WH)
        self._powered: Final = _Powered(household)
        self._begun = False  # whether a meter with power has seen the shelter begin
        self.shelter_may_end = self.shelter_must_end = False
        self.night_may_end = self.night_must_end = False
        if household.image is not None:  # it may have counted before
            self._powered.most_us = SHELTER_US
            self._untimed.most = NIGHT_WH * _WH

    def pass_to(self, to_us: int, given: Given, units_us: int) -> bool:
        """Let a span pass in which `units_us` flowed; return whether a price may have changed."""
        mwh = units_us * given.mwh_per_unit
        # Gas flows without power too, and a meter finds it when it is back: but not that it has
        # nothing left, of which it knew nothing before.
        self._begun = given.sure and (self._begun or given.powered)
        self._used.use(mwh * given.may, mwh * self._begun)
        self._untimed.use(mwh * given.doubted, mwh * given.doubted)
        self._powered.pass_to(to_us, given)
        return self._look(to_us, given)

    def take(self, given: Given) -> None:
        """Take in what has just been seen: each favour may begin anew."""
        self._used.forget(most=given.anew, least=given.perhaps_anew)
        self._powered.forget(most=given.anew, least=given.perhaps_anew)
        self._untimed.forget(most=not given.doubted, least=not given.doubted)
        self._look(given.now_us, given)

    def _look(self, now_us: int, given: Given) -> bool:
        used, untimed, powered = self._used, self._untimed, self._powered
        self.shelter_may_end = used.may_end() or powered.most_us >= SHELTER_US
        late = given.mwh_per_unit
        self.shelter_must_end = used.must_end(late) or powered.must_end(now_us)
        before = self.night_may_end, self.night_must_end
        self.night_may_end, self.night_must_end = untimed.may_end(), untimed.must_end(late)
        return before != (self.night_may_end, self.night_must_end)

    def ends_us(self, given: Given) -> Iterator[int]:
        """Yield when any of it may change by itself."""
        if given.may:
            yield from self._used.ends_us(given)
            yield from self._powered.ends_us(given)
        if given.doubted:
            yield from self._untimed.ends_us(given)


class _Used(Forks):
    """Energy since a favour began: what can have been counted, and what must have been."""

    __slots__ = ("_late", "_profile", "_unseen", "_whole", "least", "most")

    def __init__(self, household: Household, whole: int) -> None:
        self._profile: Final = LoadProfile(household.load)
        self._whole: Final = whole
        # Counting begins at the end of a look; and part of a unit, and of a Wh, is on no register.
        look_us = household.model.poll_s * SECOND_US + WORK_US
        self._late: Final = look_us * max(household.load)
        self._unseen: Final = household.model.credit.mwh_per_unit * HOUR_US + 2 * _WH
        self.most = self.least = 0

    def use(self, most: int, least: int) -> None:
        self.most += most
        self.least += least

    def forget(self, *, most: bool, least: bool) -> None:
        self.most *= not most
        self.least *= not least

    def may_end(self) -> bool:
        return self.most + self._unseen >= self._whole

    def must_end(self, mwh_per_unit: int) -> bool:
        return self.least >= self._needs(mwh_per_unit)

    def _needs(self, mwh_per_unit: int) -> int:
        return self._whole + self._unseen + self._late * mwh_per_unit

    def ends_us(self, given: Given) -> Iterator[int]:
        """Yield when, at the full load, `may_end` and `must_end` change."""
        mwh_per_unit = given.mwh_per_unit
        for left in (
            self._whole - self._unseen - self.most,
            self._needs(mwh_per_unit) - self.least,
        ):
            at_us = self._profile.reached_us(given.now_us, -(-left // mwh_per_unit))
            if left > 0 and at_us is not None:
                yield at_us


class _Powered(Forks):
    """Time with power since the shelter began, likewise.

    What was counted at the last power failure is kept; what was to be counted since then is not,
    until the next.
    """

    __slots__ = ("_kept_us", "_late_us", "_running_us", "_since_us", "_whole_us", "most_us")

    def __init__(self, household: Household) -> None:
        model = household.model
        self.most_us = self._kept_us = self._running_us = 0
        self._since_us: int | None = None  # since when there is power without a break, and shelter
        # A quarter of an hour is counted when it is over, and the first look comes after the start.
        look_us = model.poll_s * SECOND_US + WORK_US
        self._late_us: Final = model.boot_ms * 1000 + 2 * look_us + _COUNTED_US
        # Ticks may be slow by their bound, and the program allows for as much again.
        self._whole_us: Final = SHELTER_US * PPB // (PPB - 2 * model.clock.drift_bound_ppb) + 1

    def pass_to(self, to_us: int, given: Given) -> None:
        if given.powered and given.may:
            self.most_us += to_us - given.now_us
        if given.powered and given.sure:
            self._since_us = given.now_us if self._since_us is None else self._since_us
        elif self._since_us is not None:
            self._running_us += self._span_us(given.now_us)
            self._since_us = None
        if not given.powered:
            self._kept_us += self._running_us - self._running_us // _FORGOTTEN_PART
            self._running_us = 0

    def forget(self, *, most: bool, least: bool) -> None:
        if most:
            self.most_us = 0
        if least:
            self._kept_us, self._running_us, self._since_us = 0, 0, None

    def must_end(self, now_us: int) -> bool:
        return self._least(now_us) >= self._whole_us

    def _least(self, now_us: int) -> int:
        return self._kept_us + self._running_us + self._span_us(now_us)

    def _span_us(self, now_us: int) -> int:
        return 0 if self._since_us is None else max(0, now_us - self._since_us - self._late_us)

    def ends_us(self, given: Given) -> Iterator[int]:
        if given.powered:
            yield given.now_us + SHELTER_US - self.most_us
            since_us = given.now_us if self._since_us is None else self._since_us
            yield since_us + self._late_us + self._whole_us - self._kept_us - self._running_us

"""The account of an ideal meter, between the most and the least that a right meter charges.

Money is one exact integer, in a fraction of a micro-euro (`UEUR`) so fine that nothing is ever
rounded. Where a right meter may book energy at either of two prices, or to either of two accounts,
the two sides part: `low` takes the dearer answer, `high` the cheaper one. They part because:

- a register counts whole units: a part of one, and of the Wh after it, is not charged yet;
- each change of price or account finds such a part, which then goes to the other one;
- after T1 a right meter may still defer for L; it may begin the night 2u early and end it 2u and
  a look late, and sees it begin a look late;
- a price that changes in an outage is the one of before it until the first look after it;
- a lamp (limiter, trust in the clock) changes only at the end of a look.

Emergency credit is a debt and a balance of the same size, so taking it leaves `net` unchanged.
"""

# Theory
# ======
#
# The judge must not say "wrong money" of a meter that is right, and must say it of one that is off
# by a cent. A tolerance does neither: rounding, a price that changes at an hour nobody sees
# exactly, and a deferral that ends somewhere in L add up to more than a cent within months. So
# there is no tolerance. There are two accounts: what the dearest and what the cheapest right meter
# would have, in exact integers, and a statement is right if it lies between them.
#
#     low  <=  what a right meter says  <=  high
#
# The two begin a unit apart and part further at each event that a right meter may see either way.
# They never come together on their own; a load or an observed cut may close the gap (`hear`,
# `empty`). A household with many price changes is judged less sharply than one with none: that is
# how much an outsider can see.
#
# Why integers this fine: a load in W over µs is W·µs, a register counts Wh or dm³, a price is in
# micro-euro per Wh. `UEUR` is chosen so that every product of these is whole. Doubles would do for
# the size of a bill and not for the question whether 0 was reached before 23:01:00.
#
# Closed form
# -----------
#
# Time goes by in steps of hours or weeks, never poll by poll: a load is constant within an hour of
# the day, so what is used between two instants is a difference of two sums (`LoadProfile`), and the
# instant at which an amount is reached is its inverse. An oracle in the tests adds up hour by hour,
# in fractions, and is compared with both. The caller must stop at every change of the rules, since
# a `Flow` holds for the whole of a step.
#
from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from math import gcd
from typing import Final, NamedTuple, final

from meter_emu.hardware.contactor import VOLTAGE_V
from meter_emu.units import DAY_US, HOUR_US, HOURS_A_DAY, SECOND_US, UEUR_PER_CENT
from meter_emu.world.households.household import Household
from meter_emu.world.judge.forks import Forks
from meter_emu.world.judge.hours import ZoneHours
from meter_emu.world.judge.outcome import WORK_US
from meter_emu.world.judge.promise import Promise
from meter_emu.world.meter.model import MeterModel

UEUR: Final = 1000 * HOUR_US  # a micro-euro in its mWh per Wh and rate-µs per unit


class Flow(NamedTuple):
    """How energy flows for a while, and what it may cost and must cost."""

    may_cost: bool
    must_cost: bool
    doubted: bool  # the meter does not trust its clock
    day_may: bool  # then the night price may be over,
    day_must: bool  # and must be
    within_us: int  # *u* at the end of the while
    may_limit: bool  # a limiter may hold the load down
    must_limit: bool


class Books(NamedTuple):
    """An account at one moment: the balance; what was charged, and used, in mWh times rate-µs."""

    low: int
    high: int
    charged_least: int
    charged_most: int
    used_least: int
    used_most: int
    fell_least: int  # by how much the balance has fallen since the beginning
    fell_most: int
    carried: int  # what no register shows, at two moments perhaps not the same


@final
class ExactAccount(Forks):
    """The account at `at_us`. The caller stops at every change of the rules."""

    def __init__(self, household: Household, promise: Promise) -> None:
        self.at_us = promise.from_us
        self.debt_low = 0
        self.debt_high = 0
        self.used_units_us = 0  # what has flowed, in rate-µs
        self._model: Final[MeterModel] = household.model
        night = household.model.night
        self._night: Final = None if night is None else ZoneHours(night, household.model.zone)
        self._promise = promise
        self._profile: Final = LoadProfile(household.load)
        cap = household.model.limiter_a * VOLTAGE_V
        self._capped: Final = LoadProfile(tuple(min(rate, cap) for rate in household.load))
        self._look_us: Final = household.model.poll_s * SECOND_US + WORK_US
        # The first look comes with the poll phase, at the price the installer left.
        self.looks_us = promise.from_us + self._look_us
        self._lost_us = self._started_us = promise.from_us
        self._charged_least = self._charged_most = 0
        self._used_least = self._used_most = 0
        self._fell_least = self._fell_most = 0
        self._found_empty = False
        # What may flow between a switch or a lamp and the moment an outsider sees it, at the
        # meter's highest load. Zero load, zero slack: then the two sides are one account, exact to
        # the end.
        self._slack = WORK_US * max(household.load) * promise.mwh_per_unit  # a lamp's delay
        balance = household.balance_cents * UEUR_PER_CENT * UEUR
        part = self._part(promise)
        # A new meter's register stands at zero, and a part of a unit can only be missing from what
        # it charges. One with a past may have carried such a part over.
        self.net_low = balance - (0 if household.image is None else part)
        self.net_high = balance + part

    # State ---------------------------------------------------------------------------------------

    @property
    def low(self) -> int:
        """The balance if a right meter charged the most, emergency credit included."""
        return self.net_low + self.debt_low

    @property
    def high(self) -> int:
        """The balance if it charged the least."""
        return self.net_high + self.debt_high

    @property
    def surely_empty(self) -> bool:
        """Whether a right meter finds no credit left."""
        return self._found_empty or self.high <= 0

    @property
    def books(self) -> Books:
        """The account's state, to be compared with what a meter states."""
        unseen = self._unseen_mwh(self._promise)
        return Books(
            self.low,
            self.high,
            self._charged_least - unseen,
            self._charged_most,
            self._used_least - unseen,
            self._used_most,
            self._fell_least,
            self._fell_most,
            self._part(self._promise),
        )

    # Changes -------------------------------------------------------------------------------------

    def hear(self, promise: Promise) -> None:
        """Book a card: loads first repay the emergency credit in full; prices may change."""
        load = (promise.loaded_cents - self._promise.loaded_cents) * UEUR_PER_CENT * UEUR
        # A meter that found its balance used up stays so until somebody loads: then this is unknown
        # again.
        self._found_empty = self._found_empty and not load
        self.net_low += load
        self.net_high += load
        self._fell_least -= load - min(load, self.debt_low)
        self._fell_most -= load - min(load, self.debt_high)
        # Repaid in full before anything counts as credit; `net` takes the load as it is, since debt
        # and the balance it made are the same amount.
        self.debt_low = max(0, self.debt_low - load)
        self.debt_high = max(0, self.debt_high - load)
        # A gas factor that changes with the card: the part of a unit that no register shows may be
        # turned into energy by the old factor or the new one.
        if promise.mwh_per_unit != self._promise.mwh_per_unit:
            whole = max(self._unseen_mwh(self._promise), self._unseen_mwh(promise))
            self._used_least -= whole
            self._used_most += whole
        if (
            promise.pricing != self._promise.pricing
            or promise.mwh_per_unit != self._promise.mwh_per_unit
        ):
            self.part(max(self._part(promise), self._part(self._promise)))
        self._promise = promise

    def part(self, amount: int | None = None) -> None:
        """Let a part of a unit go to either of two accounts or prices that have just changed."""
        amount = self._part(self._promise) if amount is None else amount
        # Each side takes the part at its own worst: it may have been charged twice or not at all,
        # by two accounts that each round down.
        self.net_low -= amount
        self.net_high += amount
        self._fell_most += amount
        self._fell_least -= amount
        self._charged_least -= self._unseen_mwh(self._promise)
        self._charged_most += self._unseen_mwh(self._promise)

    def lose_power(self) -> None:
        """Note when the meter stopped: it keeps the price that it had.

        One that has not started since the last time still has the price of before that.
        """
        if self.at_us >= self._started_us:
            self._lost_us = self.at_us

    def start(self, looks_us: int, within_us: int) -> None:
        """Let the price be the one before the outage until the first look, if it may have changed.

        So may a part of a unit; `within_us` is *u*.
        """
        self._started_us = looks_us
        if self._night is None or not self._promise.pricing.bi_hourly:
            return
        slow_us = 2 * within_us + self._look_us
        if self._night.next_change_us(self._lost_us - slow_us) <= self.at_us + 2 * within_us:
            self.looks_us = looks_us
            shifted = self._shifted()
            self.net_low -= shifted
            self.net_high += shifted
            self._fell_most += shifted
            self._fell_least -= shifted

    def lamp(self) -> None:
        """Allow for the delay before a lamp shows the meter's state."""
        self.part(self._slack * self._promise.pricing.price_ueur_per_wh)
        self._charged_least -= self._slack
        self._charged_most += self._slack
        self._used_least -= self._slack
        self._used_most += self._slack

    def take_emergency(self, *, surely: bool) -> None:
        """Advance the emergency credit, once until it is repaid."""
        whole = self._model.credit.emergency_cents * UEUR_PER_CENT * UEUR
        if self.debt_low == 0:
            self._found_empty = False
            # Sure of the press only where no block but credit can have been in the way; otherwise
            # the loan is taken by `high` and not by `low`, and both stay possible.
            surely = surely and self.debt_high == 0
            self._fell_least -= whole
            self._fell_most -= whole if surely else 0
            self.debt_low = whole if surely else 0
            self.debt_high = max(self.debt_high, whole)

    def forget_emergency(self, debt: int) -> None:
        """Allow for a press that was not saved: emergency credit may be back to what it was."""
        self._fell_most += self.debt_low - min(self.debt_low, debt)
        self.debt_low = min(self.debt_low, debt)

    def used_by_us(self, from_us: int, amount: int) -> int | None:
        """Return when so many rate-µs have flowed since an instant; `None` if never."""
        return self._profile.reached_us(from_us, amount)

    def empty(self) -> None:
        """Conclude from the meter's own cut that its balance, by its register, is used up."""
        # The meter was allowed to cut for credit and did: so its register had reached the end, and
        # the cheaper account cannot be richer than the part that no register shows.
        self.net_high = min(self.net_high, self._part(self._promise) - self.debt_low)
        self._found_empty = True

    def advance(self, to_us: int, flow: Flow | None) -> None:
        """Charge what flows until `to_us`."""
        from_us, self.at_us = self.at_us, to_us
        if flow is None or to_us == from_us:
            return
        used = self._loads(flow)[0].used(from_us, to_us)
        self.used_units_us += used
        self._found_empty = self._found_empty and not used
        dearer, cheaper = self._loads(flow)
        used_most, used_least = dearer.used(from_us, to_us), cheaper.used(from_us, to_us)
        self._used_most += used_most * self._promise.mwh_per_unit
        self._used_least += used_least * self._promise.mwh_per_unit
        if not flow.may_cost:
            return
        self._charged_most += used_most * self._promise.mwh_per_unit
        if flow.must_cost:
            self._charged_least += used_least * self._promise.mwh_per_unit
        flat = self._flat(flow)
        if flat is not None:
            most, least = used_most * flat[0], used_least * flat[1]
        else:
            most = least = 0
            for until_us, dear, cheap, shifted in self._prices(from_us, to_us, flow):
                most += shifted
                least -= shifted
                most += dearer.used(from_us, until_us) * dear
                least += cheaper.used(from_us, until_us) * cheap
                from_us = until_us
        self.net_low -= most
        self._fell_most += most
        if flow.must_cost:
            self.net_high -= least
            self._fell_least += least

    def empty_at_us(self, until_us: int, flow: Flow) -> int | None:
        """Return when `low` first reaches 0 or less, before `until_us`; `None` for never."""
        if self.low <= 0:
            return self.at_us
        if not flow.may_cost:
            return None
        day = self._promise.pricing.price_ueur_per_wh * self._promise.mwh_per_unit
        load, _ = self._loads(flow)
        if load.used(self.at_us, until_us) * day < self.low:
            # The exact answer, hour by hour, is computed only if the cheap one does not settle it:
            # nearly every household has credit for weeks.
            return None  # not even at the dearer price
        flat = self._flat(flow)
        if flat is not None:
            return _spent_us(load, self.at_us, until_us, self.low, flat[0])
        from_us, left = self.at_us, self.low
        for to_us, dear, _, shifted in self._prices(from_us, until_us, flow):
            left -= shifted
            spent_us = _spent_us(load, from_us, to_us, left, dear)
            if spent_us is not None:
                return spent_us
            left -= load.used(from_us, to_us) * dear
            from_us = to_us
        return None

    def surely_empty_at_us(self, until_us: int, flow: Flow) -> int | None:
        """Return when `high` is certainly 0 or less, before `until_us`."""
        if not flow.must_cost:
            return None
        flat = self._flat(flow)
        price = self._promise.pricing.night_price_ueur_per_wh * self._promise.mwh_per_unit
        cheaper = price if flat is None else flat[1]
        return _spent_us(self._loads(flow)[1], self.at_us, until_us, self.high, cheaper)

    # Inside --------------------------------------------------------------------------------------

    def _loads(self, flow: Flow) -> "tuple[LoadProfile, LoadProfile]":
        """Return the highest and the lowest load that may flow."""
        dearer = self._capped if flow.must_limit else self._profile
        return dearer, self._capped if flow.may_limit else self._profile

    def _flat(self, flow: Flow) -> tuple[int, int] | None:
        """Return the highest and the lowest price of a whole step, `None` if its hours decide.

        A doubted clock counts every hour as night, which is the lower price, as long as that favour
        holds: the household shall not pay for the meter's doubt.
        """
        pricing, factor = self._promise.pricing, self._promise.mwh_per_unit
        day, night = pricing.price_ueur_per_wh * factor, pricing.night_price_ueur_per_wh * factor
        if flow.doubted:
            return day if flow.day_may else night, day if flow.day_must else night
        return None if self._night is not None and pricing.bi_hourly else (day, day)

    def _prices(self, from_us: int, to_us: int, flow: Flow) -> Iterator[tuple[int, int, int, int]]:
        """Yield (until when, highest price, lowest price) in time order.

        The first entry is for a part of a unit that goes from one price to the other.
        """
        night = self._night
        assert night is not None, "only a meter with night hours has two prices"
        factor = self._promise.mwh_per_unit
        day_price = self._promise.pricing.price_ueur_per_wh * factor
        night_price = self._promise.pricing.night_price_ueur_per_wh * factor
        shifted = self._shifted()
        # Around each edge of the night: from 2u before, for a clock that runs ahead, to 2u and a
        # look after, for one that is behind. Between, `low` takes the day's price and `high` the
        # night's.
        fast_us = 2 * flow.within_us
        slow_us = fast_us + self._look_us
        at_us = from_us
        while at_us < to_us:
            until_us = min(
                to_us,
                night.next_change_us(at_us),
                night.next_change_us(at_us - self._look_us) + self._look_us,
                night.next_change_us(at_us - slow_us) + slow_us,
                night.next_change_us(at_us + fast_us) - fast_us,
            )
            if at_us < self.looks_us:
                until_us = min(until_us, self.looks_us)
            now = night.hold(at_us)
            surely = now and at_us >= self.looks_us and night.hold(at_us - self._look_us)
            maybe = now or at_us < self.looks_us
            maybe = maybe or night.hold(at_us - slow_us) or night.hold(at_us + fast_us)
            changes = night.next_change_us(at_us - 1) == at_us
            yield (
                until_us,
                night_price if surely else day_price,
                night_price if maybe else day_price,
                shifted if changes else 0,
            )
            at_us = until_us

    def _shifted(self) -> int:
        """Return by how much a part of a unit is dearer at one price than at the other."""
        pricing = self._promise.pricing
        day, night = pricing.price_ueur_per_wh, pricing.night_price_ueur_per_wh
        return self._unseen_mwh(self._promise) * (day - night)

    def _part(self, promise: Promise) -> int:
        """Return the price of what no register shows: part of a unit, and part of a Wh after it.

        For electricity, whose unit is the Wh, that is one Wh.
        """
        return promise.pricing.price_ueur_per_wh * self._unseen_mwh(promise)

    def _unseen_mwh(self, promise: Promise) -> int:
        if self._slack == 0:
            return 0  # nothing ever flows
        return (promise.mwh_per_unit + 1000 - gcd(promise.mwh_per_unit, 1000)) * HOUR_US


def _spent_us(load: "LoadProfile", from_us: int, to_us: int, left: int, price: int) -> int | None:
    """Return when a load has cost so much, before `to_us`."""
    if not price:
        return None
    at_us = load.reached_us(from_us, -(-left // price))
    return at_us if at_us is not None and at_us < to_us else None


@final
class LoadProfile:
    """A load by hour of the UTC day, summed in rate-microseconds, with its inverse."""

    def __init__(self, rates: tuple[int, ...]) -> None:
        self._rates: Final = rates
        self._sums: Final = tuple(accumulate((rate * HOUR_US for rate in rates), initial=0))

    def used(self, from_us: int, to_us: int) -> int:
        """Return what flows between two instants."""
        return self._until(to_us) - self._until(from_us)

    def reached_us(self, from_us: int, amount: int) -> int | None:
        """Return when the amount has been used since `from_us`; `None` if never."""
        a_day = self._sums[HOURS_A_DAY]
        if amount <= 0:
            return from_us
        if not a_day:
            return None
        wanted = self._until(from_us) + amount
        days = (wanted - 1) // a_day
        rest = wanted - days * a_day  # 1 to a_day, so its hour has a rate
        hour = bisect_left(self._sums, rest) - 1
        return days * DAY_US + hour * HOUR_US + -((self._sums[hour] - rest) // self._rates[hour])

    def _until(self, us: int) -> int:
        days, of_day_us = divmod(us, DAY_US)
        hour, of_hour_us = divmod(of_day_us, HOUR_US)
        return days * self._sums[HOURS_A_DAY] + self._sums[hour] + self._rates[hour] * of_hour_us

"""What a household was told: an ideal meter, exact in time and money, that never saw the firmware.

The promise is computed from what people did (visits, buttons), from how the home was fed (observed
supply and power, because energy flows only while it is on) and from the model's numbers. It shares
no code with the firmware: `datetime` and `zoneinfo` do the calendar, and money is one exact
integer, a fraction of a micro-euro fine enough (`UEUR`) that nothing is ever rounded.

Rules, all from `docs/campaign-file.md`:

- An order counts from the insertion of the card on, and only in a meter with power; the newest one
  replaces everything; a card shown again changes nothing, and neither does one that has expired.
- Armed: on until T2, then cut, credit kept. While the deferral until T1 holds, credit stands still
  (or runs into debt, by the model). Reactivated: the ordinary rules from then on.
- Ordinary: a home may be cut when its credit is used up, outside the non-disconnection period, with
  prepayment on. The period is no shelter while emergency credit is unpaid; the next load repays
  that first. A granted limiter means 10 A instead of any cut.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, unique
from itertools import accumulate
from math import gcd
from typing import Final, TypeAlias, final

from meter_emu.desk.pricing import Pricing
from meter_emu.units import DAY_US, HOUR_US, HOURS_A_DAY, MINUTE_US, SECOND_US, UEUR_PER_CENT
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.model import uncertainty_s
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.household import DeskOrder, Household, VisitKind
from meter_emu.world.rehearsal.outcome import WORK_US
from meter_emu.world.rehearsal.rates import in_hours, spans

UEUR: Final = 1000 * HOUR_US  # a micro-euro in its mWh per Wh and rate-µs per unit
# What is observed of a meter that moves the account, by the field of it that becomes true or false.
_MOVES: Final = {
    What.OPENED: ("closed", False),
    What.CLOSED: ("closed", True),
    What.POWER_LOST: ("powered", False),
    What.POWER_BACK: ("powered", True),
    What.SHUT: ("shut", True),
    What.LIT: ("shut", False),
    What.CLOCK_DOUBTED: ("doubted", True),
    What.CLOCK_SET: ("doubted", False),
}
_ASKS: Final = frozenset({What.KEY_PRESSED, What.KEY_HELD})


@final
@unique
class ToldKind(Enum):
    """Which promise is in force."""

    ORDINARY = "ordinary"
    ARMED = "armed"
    REACTIVATED = "reactivated"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What holds from `from_us` on; the instants are those announced, not what a card can say."""

    from_us: int
    kind: ToldKind
    defer_us: int | None
    cut_us: int | None
    limiter: bool
    prepayment: bool
    pricing: Pricing
    mwh_per_unit: int
    loaded_cents: int = 0


@dataclass(slots=True)
class _Account:
    """Where the ideal meter stands at `at_us`. `UEUR` of its money are one micro-euro."""

    at_us: int
    told: Told
    balance: int
    emergency_debt: int = 0
    may_owe: bool = False  # asked for supply while the meter could take a deferral to hold
    closed: bool = True
    powered: bool = True
    shut: bool = False
    doubted: bool = False  # the meter says that it does not know the time: it is night all day
    looks_us: int = 0  # since when the meter has been at work


# None is only a place to stand: a deferral ends, or a limit came and will be asked about.
_Step: TypeAlias = Told | What | None


class Promise:
    """The promise of one household, given what was observed of its supply."""

    def __init__(self, household: Household, campaign: Campaign, events: Sequence[Event]) -> None:
        self._household = household
        self._events = events
        self._zone = campaign.zone
        self._look_us = household.model.poll_s * SECOND_US + WORK_US
        self._boot_us = household.model.boot_ms * 1000 + WORK_US
        self._hour_sums = tuple(accumulate(household.load, initial=0))
        inserted_us = {event.visit: event.at_us for event in events if event.visit is not None}
        self.orders: Final = tuple(_orders(household, campaign.start_us, inserted_us))
        self._steps = self._in_order(events)
        self._step_times_us = [at_us for at_us, _ in self._steps]
        self._stood = [self._at_first()]  # after each step, as far as anyone asked

    def in_force_at(self, us: int) -> Told:
        """Return what the household was told to expect at an instant."""
        return next(told for told in reversed(self.orders) if told.from_us <= us)

    def credit_cut_lawful(self, us: int, tolerance_us: int) -> bool:
        """Whether the ordinary rules let supply go at `us`: credit used up and no shield up.

        True when that held at some instant from `us - tolerance_us` to `us`: a meter may notice
        late, never early. With a granted limiter it is the 10 A limit that may come, not the cut.
        """
        early_us = us - tolerance_us
        instants = {us, early_us}
        # Windows and ends change on whole minutes: the last moment before one is the telling one.
        instants |= set(range(us // MINUTE_US * MINUTE_US - 1, early_us, -MINUTE_US))
        instants |= {at_us - 1 for at_us in self._step_times_us if early_us < at_us <= us}
        return any(self._may_cut(account) for account in self._accounts_at(sorted(instants)))

    def _may_cut(self, account: _Account) -> bool:
        if not account.told.prepayment or _deferred(account):
            return False
        if account.balance > _unseen(account.told):
            return False
        owes = account.emergency_debt > 0 or account.may_owe
        return owes or not self._sheltered(account.at_us)

    def _sheltered(self, us: int) -> bool:
        """Whether the instant lies in the non-disconnection period, public holidays or not."""
        return in_hours(self._household.model.window, us, self._zone)

    def _at_first(self) -> _Account:
        first = self.orders[0]
        balance = self._household.balance_cents * UEUR_PER_CENT * UEUR
        return _Account(at_us=first.from_us, told=first, balance=balance)

    def _accounts_at(self, instants_us: Sequence[int]) -> Iterator[_Account]:
        """Yield the ideal meter after everything up to and including each instant, in time order.

        It is the same object every time, taken further: months are walked through once.
        """
        account, walked = self._at_first(), 0
        for us in instants_us:
            count = bisect_right(self._step_times_us, us)
            if count > walked:
                account, walked = replace(self._after(count)), count
            self._consume(account, us)
            yield account

    def _after(self, count: int) -> _Account:
        """Return the ideal meter after so many steps, which nobody may change."""
        for at_us, step in self._steps[len(self._stood) - 1 : count]:
            account = replace(self._stood[-1])
            self._consume(account, at_us)
            if isinstance(step, Told):
                _serve(account, step)
            elif step in _ASKS:
                self._ask_supply(account)
            elif step is not None:
                setattr(account, *_MOVES[step])
                if step is What.POWER_BACK:
                    account.looks_us = at_us + self._boot_us
            self._stood.append(account)
        return self._stood[count]

    def _consume(self, account: _Account, to_us: int) -> None:
        """Charge what flowed since `account.at_us`; the caller stops at every change of the rules.

        A limiter's cap on the load is left out: it only makes the ideal meter charge more.
        """
        fed = account.closed and (account.powered or self._household.model.energy == "gas")
        if fed and not account.shut and account.told.prepayment:
            suspended = self._household.model.deferral_accounting == "suspended"
            if not (suspended and _deferred(account)):
                account.balance -= self._cost(account, to_us)
        account.at_us = to_us

    def _cost(self, account: _Account, to_us: int) -> int:
        """Return the money for what flows from `account.at_us` on, at the price of its hours."""
        told, night, from_us = account.told, self._household.model.night, account.at_us
        day_price, night_price = told.pricing[1:]
        if night is None or not told.pricing.bi_hourly or account.doubted:
            return self._used(from_us, to_us) * told.mwh_per_unit * night_price
        looked_us = min(max(from_us, account.looks_us), to_us)
        priced = self._used(from_us, looked_us) * day_price
        for span in spans(night, self._zone, looked_us, to_us, look_us=self._look_us):
            used = self._used(span.from_us, span.to_us)
            priced += used * (night_price if span.night else day_price)
        return priced * told.mwh_per_unit

    def _used(self, from_us: int, to_us: int) -> int:
        return self._profile(to_us) - self._profile(from_us)

    def _profile(self, us: int) -> int:
        """Return what the load profile adds up to from 1970 to `us`, in rate-microseconds."""
        days, of_day_us = divmod(us, DAY_US)
        hour, of_hour_us = divmod(of_day_us, HOUR_US)
        whole_hours = days * self._hour_sums[HOURS_A_DAY] + self._hour_sums[hour]
        return whole_hours * HOUR_US + self._household.load[hour] * of_hour_us

    def _ask_supply(self, account: _Account) -> None:
        """Take the emergency credit, once until repaid, in the dark for lack of credit."""
        told = account.told
        if account.closed or not account.powered or account.emergency_debt > 0:
            return
        if not told.prepayment or _deferred(account):
            return  # the button only reconnects
        if told.cut_us is not None and account.at_us >= told.cut_us:
            return  # cut on schedule: only a reactivation helps
        if told.limiter:
            return  # 10 A are there for the pressing
        if self._may_seem_deferred(account):
            account.may_owe = True  # the button reconnected, or it took the emergency credit
        elif account.balance <= _unseen(told):
            debt = self._household.model.credit.emergency_cents * UEUR_PER_CENT * UEUR
            account.emergency_debt = debt
            account.balance += debt

    def _may_seem_deferred(self, account: _Account) -> bool:
        """Whether the meter may take a deferral to hold: by its clock it ends late, or never."""
        defer_us = account.told.defer_us
        if defer_us is None:
            return False
        return account.doubted or account.at_us < latest_us(self._household, self._events, defer_us)

    def _in_order(self, events: Sequence[Event]) -> list[tuple[int, _Step]]:
        """Return all that changes the account in time order, deeds before what follows."""
        steps: list[tuple[int, _Step]] = [(told.from_us, told) for told in self.orders[1:]]
        rearm = self._household.model.rearm
        asks = What.KEY_HELD if rearm.hold_ms else What.KEY_PRESSED
        steps += [(told.defer_us, None) for told in self.orders if told.defer_us is not None]
        steps += [(event.at_us, None) for event in events if event.what is What.LIMITED]
        steps += [
            (event.at_us, event.what)
            for event in events
            if event.what in _MOVES or (event.what is asks and event.detail == rearm.key)
        ]
        start_us = self.orders[0].from_us
        return sorted((step for step in steps if step[0] >= start_us), key=lambda step: step[0])


def latest_us(household: Household, events: Sequence[Event], at_us: int) -> int:
    """Return when a powered meter has done at the latest what is due at `at_us` by its clock."""
    work_us = household.model.poll_s * SECOND_US + WORK_US
    return at_us + work_us + 2 * known_within_us(household, events, at_us)


def known_within_us(household: Household, events: Sequence[Event], at_us: int) -> int:
    """Return *u* at an instant: since the last clock card obeyed, or since `clock_set`."""
    set_us = [e.at_us for e in events if e.what is What.CLOCK_SET and e.at_us <= at_us]
    last_us = max(set_us, default=household.clock_set_us)
    return uncertainty_s(household.model, last_us, at_us) * SECOND_US


def _orders(household: Household, start_us: int, inserted_us: Mapping[int, int]) -> Iterator[Told]:
    """Yield what the household was told, from the beginning, at each insertion that changed it.

    `inserted_us` is when a visit put its card in, where that was seen: a visit waits until whoever
    stands at the meter is done.
    """
    told = Told(
        from_us=start_us,
        kind=ToldKind.ORDINARY,
        defer_us=None,
        cut_us=None,
        limiter=household.limiter,
        prepayment=household.prepayment,
        pricing=household.model.credit.pricing,
        mwh_per_unit=household.model.credit.mwh_per_unit,
    )
    yield told
    on_card, card = told, household.first_card
    for number, visit in enumerate(household.visits):
        if visit.kind is VisitKind.DESK:
            assert visit.desk is not None, "a desk visit has its orders"
            on_card = _written(on_card, visit.desk)
            card = visit.desk.new_card or card
        at_us = inserted_us.get(number, visit.at_us)
        seen = visit.kind is VisitKind.INSERT and _powered(household, at_us)
        good = card.expires_us is None or at_us < card.expires_us
        if seen and good and replace(on_card, from_us=told.from_us) != told:
            told = replace(on_card, from_us=at_us)
            yield told


def _written(card: Told, order: DeskOrder) -> Told:
    """Return what the card says after a desk visit: what the order does not name stays."""
    if order.reactivate:
        card = replace(card, kind=ToldKind.REACTIVATED, defer_us=None, cut_us=None)
    if order.defer_us is not None:
        card = replace(card, defer_us=order.defer_us)
    if order.cut_us is not None:
        card = replace(card, cut_us=order.cut_us)
    if card.cut_us is not None:
        card = replace(card, kind=ToldKind.ARMED)
    elif card.defer_us is not None:
        card = replace(card, kind=ToldKind.ORDINARY)
    return replace(
        card,
        limiter=card.limiter if order.limiter is None else order.limiter,
        prepayment=card.prepayment if order.prepayment is None else order.prepayment,
        pricing=card.pricing if order.tariff is None else order.tariff,
        mwh_per_unit=order.mwh_per_unit or card.mwh_per_unit,
        loaded_cents=card.loaded_cents + order.load_cents,
    )


def _unseen(told: Told) -> int:
    """Return the money for what no register shows yet: part of a unit, and part of a Wh after it.

    For electricity, whose unit is the Wh, that is one Wh.
    """
    unseen_mwh = told.mwh_per_unit + 1000 - gcd(told.mwh_per_unit, 1000)
    return told.pricing.price_ueur_per_wh * unseen_mwh * HOUR_US


def _powered(household: Household, us: int) -> bool:
    return not any(from_us <= us < to_us for from_us, to_us in household.outages)


def _deferred(account: _Account) -> bool:
    defer_us = account.told.defer_us
    return defer_us is not None and account.at_us < defer_us


def _serve(account: _Account, told: Told) -> None:
    """Obey an inserted card: a load repays the emergency credit first, in full."""
    load = (told.loaded_cents - account.told.loaded_cents) * UEUR_PER_CENT * UEUR
    repaid = min(load, account.emergency_debt)
    account.emergency_debt -= repaid
    account.balance += load - repaid
    account.may_owe = account.may_owe and not load
    account.told = told

"""Money and energy against a model that keeps every load and every watt-hour in a list."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from meter_emu.domain import Result, Wallet
from meter_emu.firmware.layouts import EnergyAccount, FactoryFlags, Health, Rate, State, StateFlags
from tests.cells import each_cell
from tests.firmware.meters import PARTS, factory, state

LEDGER = PARTS.ledger
WRAP = 2**32
FACTORY = factory()
EURO = 1_000_000  # micro-euro


def wallet(loaded_cents: int, load_count: int) -> Wallet:
    return Wallet(loaded_cents, load_count)


class MoneyOfAMeter(RuleBasedStateMachine):
    """The ledger against plain sums of what was loaded, used and owed."""

    @initialize(register_units=st.integers(0, WRAP - 1), price=st.integers(1, 5000))
    def install(self, register_units: int, price: int) -> None:
        self.state: State = state(
            balance_ueur=0,
            booked_units=register_units,
            price_ueur_per_wh=price,
            night_price_ueur_per_wh=price,
            account=0,
        )
        self.register_units = register_units
        self.loads_cents: list[int] = []
        self.cost_ueur = 0
        self.used_wh = dict.fromkeys(EnergyAccount, 0)
        self.night_wh = dict.fromkeys(EnergyAccount, 0)
        self.untimed_wh = 0
        self.owed_ueur = 0

    def pending_units(self) -> int:
        return (self.register_units - self.state.booked_units) % WRAP

    @rule(wh=st.one_of(st.integers(0, 5000), st.integers(0, WRAP - 1)))
    def use_and_book(self, wh: int) -> None:
        self.use(wh)
        LEDGER.book(self.state, self.register_units)

    @rule(wh=st.lists(st.integers(0, 5000), max_size=3))
    def use_and_look(self, wh: list[int]) -> None:
        """Looking at the balance between two bookings is as good as booking."""
        for part_wh in wh:
            self.use(part_wh)
        shown_ueur = LEDGER.balance_ueur(self.state, self.register_units)
        LEDGER.book(self.state, self.register_units)
        assert self.state.balance_ueur == shown_ueur

    def use(self, wh: int) -> None:
        self.register_units = (self.register_units + wh) % WRAP
        account, at_night = EnergyAccount(self.state.account), self.state.rate == Rate.NIGHT
        self.used_wh[account] += wh
        self.night_wh[account] += wh * at_night
        self.untimed_wh += wh * (self.state.health != Health.TRUSTED)
        if account is EnergyAccount.CHARGED:
            night, day = self.state.night_price_ueur_per_wh, self.state.price_ueur_per_wh
            self.cost_ueur += wh * (night if at_night else day)

    @rule(account=st.sampled_from(EnergyAccount))
    def change_account(self, account: EnergyAccount) -> None:
        LEDGER.book(self.state, self.register_units)
        self.state.account = account

    @rule(rate=st.sampled_from(Rate))
    def change_rate(self, rate: Rate) -> None:
        LEDGER.book(self.state, self.register_units)
        self.state.rate = rate

    @rule(health=st.sampled_from(Health))
    def change_health(self, health: Health) -> None:
        LEDGER.book(self.state, self.register_units)
        self.state.health = health

    @rule(price=st.integers(1, 5000), night=st.integers(1, 5000))
    def change_price(self, price: int, night: int) -> None:
        LEDGER.book(self.state, self.register_units)
        self.state.price_ueur_per_wh = price
        self.state.night_price_ueur_per_wh = min(price, night)

    @rule(cents=st.lists(st.integers(500, 25_000), max_size=3))
    def load(self, cents: list[int]) -> None:
        """The card may have been loaded several times since the meter saw it."""
        self.loads_cents += cents
        shown = wallet(sum(self.loads_cents), len(self.loads_cents))
        judged = LEDGER.judge_wallet(self.state, FACTORY, shown)
        assert judged is (Result.EXECUTED if cents else Result.ALREADY_EXECUTED)
        if judged is Result.EXECUTED:
            assert LEDGER.load(self.state, shown) == sum(cents)
        self.owed_ueur = max(0, self.owed_ueur - sum(cents) * 10_000)

    @precondition(lambda self: self.owed_ueur == 0)
    @rule()
    def take_emergency(self) -> None:
        assert LEDGER.emergency_offered(self.state, FACTORY)
        LEDGER.take_emergency(self.state, FACTORY)
        self.owed_ueur = 12 * EURO

    @invariant()
    def emergency_is_offered_once_until_repaid(self) -> None:
        assert LEDGER.emergency_offered(self.state, FACTORY) == (self.owed_ueur == 0)
        assert self.state.emergency_debt_ueur == self.owed_ueur

    @invariant()
    def what_was_accepted_is_what_is_left_less_what_is_owed_and_what_was_charged(self) -> None:
        accepted_ueur = self.state.accepted_cents * 10_000
        assert accepted_ueur == sum(self.loads_cents) * 10_000
        left_ueur = self.state.balance_ueur - self.state.emergency_debt_ueur
        assert accepted_ueur == left_ueur + self.state.charged_ueur

    @invariant()
    def each_watt_hour_is_in_one_account(self) -> None:
        kept = self.state
        booked = {
            EnergyAccount.CHARGED: kept.charged_wh,
            EnergyAccount.DEFERRED: kept.deferred_wh,
            EnergyAccount.POSTPAID: kept.postpaid_wh,
        }
        pending_units = self.pending_units()
        booked[EnergyAccount(kept.account)] += pending_units
        assert {account: wh % WRAP for account, wh in booked.items()} == {
            account: wh % WRAP for account, wh in self.used_wh.items()
        }
        price = kept.night_price_ueur_per_wh if kept.rate else kept.price_ueur_per_wh
        pending_ueur = pending_units * price * (kept.account == EnergyAccount.CHARGED)
        assert kept.charged_ueur + pending_ueur == self.cost_ueur

    @invariant()
    def what_was_used_at_night_is_counted_whatever_the_account(self) -> None:
        kept = self.state
        pending_units = self.pending_units() * (kept.rate == Rate.NIGHT)
        charged = pending_units * (kept.account == EnergyAccount.CHARGED)
        assert (kept.night_wh + pending_units - sum(self.night_wh.values())) % WRAP == 0
        assert (kept.charged_night_wh + charged - self.night_wh[EnergyAccount.CHARGED]) % WRAP == 0

    @invariant()
    def what_was_used_without_a_trusted_clock_is_counted_apart(self) -> None:
        untimed_wh = LEDGER.untimed_wh(self.state, self.register_units)
        assert untimed_wh == self.untimed_wh % WRAP


MoneyOfAMeter.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
TestMoneyOfAMeter = pytest.mark.slow("30 steps in each example")(MoneyOfAMeter.TestCase)


@each_cell("booked_units", [0, 1, 1000, WRAP - 1, WRAP - 1000, WRAP // 2])
def test_the_register_wraps_at_32_bits_and_no_energy_is_lost(booked_units):
    kept = state(booked_units=booked_units, balance_ueur=50 * EURO, price_ueur_per_wh=250)
    LEDGER.book(kept, (booked_units + 1234) % WRAP)
    assert kept.charged_wh == 1234
    assert kept.balance_ueur == 50 * EURO - 1234 * 250


@given(
    st.integers(0, WRAP - 1),
    st.integers(-100 * EURO, 500 * EURO),
    st.integers(-1, 10 * EURO),
    st.integers(1, 5000),
)
def test_wh_until_is_exactly_the_first_register_at_or_below_the_mark(
    booked_units, balance_ueur, mark_ueur, price
):
    kept = state(booked_units=booked_units, balance_ueur=balance_ueur, price_ueur_per_wh=price)
    target_units = LEDGER.units_until(kept, mark_ueur)
    if target_units is None:
        assert balance_ueur <= mark_ueur
        return
    assert LEDGER.balance_ueur(kept, target_units) <= mark_ueur
    assert LEDGER.balance_ueur(kept, (target_units - 1) % WRAP) > mark_ueur
    assert target_units != booked_units


@pytest.mark.parametrize("account", [EnergyAccount.DEFERRED, EnergyAccount.POSTPAID])
def test_a_balance_that_stands_still_reaches_no_mark(account):
    kept = state(account=account)
    assert LEDGER.units_until(kept, 0) is None
    assert LEDGER.balance_ueur(kept, 123_456) == kept.balance_ueur


def test_a_price_of_nothing_reaches_no_mark():
    assert LEDGER.units_until(state(price_ueur_per_wh=0), 0) is None


@given(st.integers(1, 50 * EURO), st.integers(1, 5000), st.integers(1, 5000))
def test_marks_are_reached_at_the_price_of_the_rate(balance_ueur, day, night):
    for rate, price in ((Rate.DAY, day), (Rate.NIGHT, night)):
        kept = state(
            balance_ueur=balance_ueur,
            price_ueur_per_wh=day,
            night_price_ueur_per_wh=night,
            rate=rate,
        )
        assert LEDGER.price_ueur_per_wh(kept) == price
        assert LEDGER.units_until(kept, 0) == -(-balance_ueur // price)
        assert LEDGER.bi_hourly(kept) == (day != night)


# flags of the state, the deferral holds, the model suspends: the account in force
ACCOUNTS = [
    (StateFlags.PREPAYMENT_ON, False, True, EnergyAccount.CHARGED),
    (StateFlags.PREPAYMENT_ON, True, True, EnergyAccount.DEFERRED),
    (StateFlags.PREPAYMENT_ON, True, False, EnergyAccount.CHARGED),
    (StateFlags.PREPAYMENT_ON, False, False, EnergyAccount.CHARGED),
    (0, True, True, EnergyAccount.POSTPAID),
    (0, False, True, EnergyAccount.POSTPAID),
    (0, True, False, EnergyAccount.POSTPAID),
    (0, False, False, EnergyAccount.POSTPAID),
]


@each_cell(("flags", "holds", "suspends", "account"), ACCOUNTS)
def test_the_account_follows_from_prepayment_deferral_and_model(flags, holds, suspends, account):
    record = factory(flags=FactoryFlags.DEFERRAL_SUSPENDS if suspends else 0)
    assert LEDGER.account(state(flags=flags), record, deferral_holds=holds) is account


# accepted (cents, count), wallet (cents, count), what becomes of it; a load is 250 euro at most
WALLETS = [
    ((0, 0), (0, 0), Result.ALREADY_EXECUTED),
    ((5_000, 1), (5_000, 1), Result.ALREADY_EXECUTED),
    ((5_000, 1), (10_000, 2), Result.EXECUTED),
    ((5_000, 1), (5_500, 4), Result.EXECUTED),
    ((0, 0), (25_000, 1), Result.EXECUTED),
    ((0, 0), (25_001, 1), Result.LOAD_TOO_LARGE),
    ((5_000, 1), (55_000, 3), Result.EXECUTED),
    ((5_000, 1), (55_001, 3), Result.LOAD_TOO_LARGE),
    ((5_000, 1), (4_999, 1), Result.WALLET_ROLLED_BACK),
    ((5_000, 2), (5_000, 1), Result.WALLET_ROLLED_BACK),
    ((5_000, 1), (5_001, 1), Result.WALLET_ROLLED_BACK),
    ((5_000, 1), (4_000, 2), Result.WALLET_ROLLED_BACK),
    ((5_000, 2), (6_000, 1), Result.WALLET_ROLLED_BACK),
    ((5_000, 1), (0, 0), Result.WALLET_ROLLED_BACK),
    ((0, 0), (WRAP - 1, 200_000), Result.EXECUTED),
    ((WRAP - 1, 9), (0, 0), Result.WALLET_ROLLED_BACK),
    ((0, 0), (WRAP - 1, 1), Result.LOAD_TOO_LARGE),
]


@each_cell(("accepted", "shown", "result"), WALLETS)
def test_a_wallet_is_judged_by_amount_and_count_together(accepted, shown, result):
    kept = state(accepted_cents=accepted[0], accepted_count=accepted[1])
    before = replace(kept)
    assert LEDGER.judge_wallet(kept, FACTORY, wallet(*shown)) is result
    assert kept == before


# emergency debt, load in euro: debt and balance after it, the balance having been -2 euro
REPAYMENTS = [(0, 5, 0, 3), (12, 5, 7, -2), (12, 12, 0, -2), (12, 20, 0, 6), (7, 5, 2, -2)]


@each_cell(("debt", "load", "debt_after", "balance_after"), REPAYMENTS)
def test_emergency_credit_is_repaid_first_and_only_the_rest_is_credit(
    debt, load, debt_after, balance_after
):
    kept = state(balance_ueur=-2 * EURO, emergency_debt_ueur=debt * EURO)
    LEDGER.load(kept, wallet(load * 100, 1))
    assert kept.emergency_debt_ueur == debt_after * EURO
    assert kept.balance_ueur == balance_after * EURO


def test_a_load_lets_the_low_credit_beep_sound_again():
    kept = state(flags=StateFlags.PREPAYMENT_ON | StateFlags.LOW_CREDIT_SAID)
    LEDGER.load(kept, wallet(500, 1))
    assert kept.flags == StateFlags.PREPAYMENT_ON


def test_a_model_without_emergency_credit_offers_none():
    assert not LEDGER.emergency_offered(state(), factory(emergency_cents=0))


# Gas: units are dm³, a factor makes them energy ---------------------------------------------------

FACTORS = st.integers(1, 0xFFFF) | st.sampled_from([1000, 11_500, 10_333, 999, 1001])


@given(st.lists(st.tuples(st.integers(0, 50_000), FACTORS), min_size=1, max_size=8))
def test_whatever_the_factors_no_milliwatt_hour_is_lost(steps):
    kept, register, want_mwh = state(booked_units=7), 7, 0
    for units, factor in steps:
        LEDGER.book(kept, register)
        kept.mwh_per_unit = factor
        register += units
        want_mwh += units * factor
    LEDGER.book(kept, register)
    assert kept.charged_wh * 1000 + kept.remainder_mwh == want_mwh
    assert 0 <= kept.remainder_mwh < 1000


@given(st.lists(st.integers(0, 3_000), min_size=1, max_size=10), FACTORS, st.integers(1, 5_000))
def test_how_often_is_booked_makes_no_difference(parts, factor, price):
    often, once = (state(mwh_per_unit=factor, price_ueur_per_wh=price) for _ in range(2))
    register = 0
    for units in parts:
        register += units
        LEDGER.book(often, register)
    LEDGER.book(once, register)
    assert often == once
    exact_ueur = Fraction(register * factor, 1000) * price
    assert 0 <= exact_ueur - once.charged_ueur < price


@example(factor=1_000, rest=0, price=1, mark=0, spare=0)  # it is there already
@given(
    FACTORS,
    st.integers(0, 999),
    st.integers(1, 100),
    st.integers(-3, 3) | st.integers(-500, 500),
    st.integers(0, 500),
)
def test_the_register_of_a_balance_is_the_first_one(factor, rest, price, mark, spare):
    kept = state(
        mwh_per_unit=factor,
        remainder_mwh=rest,
        price_ueur_per_wh=price,
        booked_units=WRAP - 2,
        balance_ueur=mark + spare,
    )
    found = LEDGER.units_until(kept, mark)
    if not spare:
        assert found is None
        return
    assert found is not None
    assert LEDGER.balance_ueur(kept, found) <= mark < LEDGER.balance_ueur(kept, (found - 1) % WRAP)


def test_a_price_per_cubic_metre_is_a_factor_of_one_thousand():
    """0.518 EUR/m³ is 518 micro-euro a dm³: booked exactly, and the accounts count dm³."""
    kept = state(mwh_per_unit=1000, price_ueur_per_wh=518)
    LEDGER.book(kept, 1_000)
    assert kept.charged_ueur == 518_000

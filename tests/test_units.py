"""Amounts as they are written everywhere, against decimals."""

from decimal import ROUND_DOWN, Decimal

from hypothesis import given
from hypothesis import strategies as st

from meter_emu.units import decimal, euro, euro_apart
from tests.cells import each_cell

S64 = 2**63


@given(st.integers(-S64, S64 - 1), st.sampled_from([1, 2, 3, 6]))
def test_a_value_in_units_loses_nothing(value, digits):
    written = decimal(value, 10**digits)
    assert Decimal(written) == Decimal(value).scaleb(-digits)
    assert len(written.partition(".")[2]) == digits


@given(st.integers(-S64, S64 - 1))
def test_an_amount_is_cut_off_to_cents_towards_zero(ueur):
    exact = (Decimal(ueur) / 1_000_000).quantize(Decimal("0.01"), rounding=ROUND_DOWN)
    assert euro(ueur) == str(abs(exact) if exact == 0 else exact)


@each_cell(
    ("ueur", "text"),
    [(0, "0.00"), (-1, "0.00"), (-9_999, "0.00"), (-10_000, "-0.01"), (19_999, "0.01")],
)
def test_less_than_a_cent_has_no_sign(ueur, text):
    assert euro(ueur) == text


def test_an_amount_has_as_many_places_as_set_it_apart_from_its_bounds():
    assert euro_apart(19_800_000, 19_810_000, 19_820_000) == ("19.80", "19.81", "19.82")
    assert euro_apart(19_812_000, 19_813_000, 19_820_000) == ("19.812", "19.813", "19.820")
    assert euro_apart(-5, -4, 3) == ("-0.000005", "-0.000004", "0.000003")
    assert euro_apart(20_000_001, 0, 20_000_000) == ("20.000001", "0.000000", "20.000000")

"""Gas cards: a calorific factor in the tariff, and no limiter."""

import pytest

from card_protocol.card.image import CardKind
from card_protocol.card.virtual import card_of
from card_protocol.formats.budget import Sfi
from meter_emu.desk.desk import Desk, Work
from meter_emu.desk.pricing import Pricing
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.energies import GAS
from meter_emu.errors import DeskError
from tests.cards import raw_on
from tests.desk.reader import METER
from tests.rigs import counted


@pytest.fixture(params=list(CardKind), ids=lambda kind: kind.name.lower())
def gas_card(request):
    image = Desk(TEST_MASTER_KEY).issue(METER, energy=GAS, issued_at_min=0, card_kind=request.param)
    card = card_of(image, counted())
    card.power_on()
    return card


def test_a_gas_card_carries_a_calorific_factor_and_a_new_tariff_may_change_it(gas_card):
    office = Desk(TEST_MASTER_KEY, challenge=counted())
    account = office.account(gas_card.transmit)
    assert (account.identity.energy, account.desk.mwh_per_unit) == (GAS.code, 11_500)
    kept = office.serve(gas_card.transmit, Work(tariff=Pricing.of(2, 50)), issued_at_min=1)
    assert (kept.desk.price_ueur_per_wh, kept.desk.mwh_per_unit) == (50, 11_500)
    new = office.serve(
        gas_card.transmit, Work(tariff=Pricing.of(3, 50), mwh_per_unit=10_333), issued_at_min=2
    )
    assert new.desk.mwh_per_unit == 10_333
    assert office.account(gas_card.transmit) == new


@pytest.mark.parametrize(
    ("work", "why"),
    [
        (Work(limiter=True), "has no limiter"),
        (Work(mwh_per_unit=10_000), "no tariff was given"),
        (Work(tariff=Pricing.of(2, 50), mwh_per_unit=0), "1 to 65535"),
        (Work(tariff=Pricing(2, 50, 40)), "at all hours"),
        (Work(tariff=Pricing.of(2, 50), mwh_per_unit=65_536), "1 to 65535"),
    ],
)
def test_what_must_not_stand_on_a_gas_card_is_refused(gas_card, work, why):
    before = raw_on(gas_card.image, Sfi.DESK)
    with pytest.raises(DeskError, match=why):
        Desk(TEST_MASTER_KEY, challenge=counted()).serve(gas_card.transmit, work, issued_at_min=1)
    assert raw_on(gas_card.image, Sfi.DESK) == before


def test_an_electricity_card_takes_no_calorific_factor():
    with pytest.raises(DeskError, match="1000 mWh a unit"):
        Desk(TEST_MASTER_KEY).issue(METER, mwh_per_unit=11_500, issued_at_min=0)

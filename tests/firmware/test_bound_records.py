"""What belongs together on a card: an order and its tariff, and all records of one card."""

from itertools import product

import pytest

from card_protocol.card.image import CardKind
from card_protocol.card.virtual import AnyImage, card_of
from card_protocol.errors import LinkError, LinkErrorKind
from card_protocol.formats.budget import NOT_BOUND, Sfi
from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Account, Work
from meter_emu.desk.pricing import Pricing
from meter_emu.domain import Result
from meter_emu.errors import DeskError
from tests.cards import raw_on
from tests.firmware.meters import Home
from tests.firmware.sessions import RECORDS
from tests.homes import counted

T2 = Civil(2020, 7, 3, 23, 1)
FILE_CARDS = [CardKind.SECURE, CardKind.PLAIN]
OLD, NEW = Pricing(2, 275, 275), Pricing(2, 300, 300)
BOTH = pytest.mark.parametrize("generation", [1, 2])
ON_FILES = pytest.mark.parametrize("carrier", FILE_CARDS, ids=lambda kind: kind.name.lower())


def account_of(home: Home) -> Account:
    home.card.power_on()
    account = home.desk.account(home.card.transmit)
    home.card.power_off()
    return account


def put_back(carrier: CardKind, generation: int) -> Home:
    """A home whose card has last month's tariff record next to this month's order."""
    home = Home(carrier=carrier, generation=generation)
    home.write(Work(tariff=OLD))
    home.insert()
    old = home.file(Sfi.TARIFF)
    home.write(Work(load_cents=5_000, tariff=NEW))
    assert home.file(Sfi.TARIFF) != old
    home.put(Sfi.TARIFF, old)
    return home


@BOTH
@ON_FILES
def test_a_tariff_put_back_next_to_a_newer_order_is_refused_and_the_credit_counts(
    carrier, generation
):
    home = put_back(carrier, generation)
    assert home.insert().endswith("CARD 25 OTHER_TARIFF")
    kept = home.state
    assert (kept.order_number, kept.price_ueur_per_wh, kept.accepted_cents) == (1, 275, 5_000)
    back = home.write_back()
    assert back is not None
    assert back.result == Result.OTHER_TARIFF
    home.write(Work(tariff=NEW))
    assert home.insert().endswith("CARD 01 EXECUTED")
    assert (home.state.order_number, home.state.price_ueur_per_wh) == (3, 300)


@BOTH
@ON_FILES
def test_the_office_orders_nothing_by_a_tariff_that_was_put_back(carrier, generation):
    """An order that it bound to the old record would be a genuine one."""
    home = put_back(carrier, generation)
    before = home.card.image
    for work in (Work(reactivate=True), Work(cut_at=T2), Work(limiter_granted=True)):
        with pytest.raises(DeskError, match="not the one its order was written with"):
            home.write(work)
    with pytest.raises(DeskError, match="not the one its order was written with"):
        home.desk.reissue(account_of(home), card_number=2, issued_at_min=0, kind=carrier)
    assert home.card.image == before
    home.write(Work(load_cents=1_000))
    assert account_of(home).wallet.loaded_cents == 6_000


def test_an_order_that_was_executed_is_not_asked_for_its_tariff_again():
    home = put_back(CardKind.PLAIN, 1)
    home.write(Work(tariff=NEW))
    home.insert()
    home.put(Sfi.TARIFF, raw_on(put_back(CardKind.PLAIN, 1).card.image, Sfi.TARIFF))
    assert home.insert().endswith("CARD 02 ALREADY_EXECUTED")
    assert home.state.price_ueur_per_wh == 300


def torn(home: Home, work: Work, after: int) -> bool:
    """Pull the card out after so many commands of a visit; whether the visit was cut short."""
    left = after

    def exchange(command: bytes) -> bytes:
        nonlocal left
        if not left:
            raise LinkError(LinkErrorKind.CARD_GONE)
        left -= 1
        return home.card.transmit(command)

    home.card.power_on()
    try:
        home.desk.serve(exchange, work, issued_at_min=0)
    except LinkError:
        return True
    finally:
        home.card.power_off()
    return False


@BOTH
def test_a_visit_torn_between_tariff_and_order_is_done_again(generation):
    """Were the tariff under the order's MAC, the card could not even be read."""
    work, seen, after = Work(load_cents=5_000, tariff=NEW, cut_at=T2), set(), 0
    while True:
        home = Home(generation=generation)
        home.write(Work(tariff=OLD, limiter_granted=True))  # not seen by the meter yet
        cut = torn(home, work, after)
        account = account_of(home)
        seen.add((account.tariff.price_ueur_per_wh, account.order.number, account.other_tariff))
        said = home.insert()
        assert said.endswith("OTHER_TARIFF" if account.other_tariff else "EXECUTED")
        if not cut:
            break
        again = Work(tariff=NEW, cut_at=T2)
        home.write(again)
        assert home.insert().endswith("EXECUTED")
        assert home.state.price_ueur_per_wh == 300
        after += 1
    assert seen == {(275, 1, False), (300, 1, True), (300, 2, False)}


@pytest.mark.parametrize(("source", "kind"), list(product(CardKind, CardKind)), ids=str)
def test_a_replacement_card_binds_its_order_to_its_own_tariff(source, kind):
    home = Home(carrier=source)
    home.write(Work(tariff=NEW, cut_at=T2))
    image = home.desk.reissue(account_of(home), card_number=2, issued_at_min=0, kind=kind)
    home.card = card_of(image, counted())
    account = account_of(home)
    bound = account.order.tariff_mac
    assert bound == (NOT_BOUND if kind is CardKind.MEMORY else account.tariff.mac)
    assert home.insert().endswith("EXECUTED")
    assert home.state.price_ueur_per_wh == 300


def second_card(home: Home, carrier: CardKind) -> AnyImage:
    return home.desk.reissue(account_of(home), card_number=2, issued_at_min=0, kind=carrier)


@BOTH
@pytest.mark.parametrize("sfi", RECORDS)
@ON_FILES
def test_no_record_of_one_card_is_taken_on_another(carrier, sfi, generation):
    home = Home(carrier=carrier, generation=generation)
    home.write(Work(load_cents=5_000, cut_at=T2))
    first = home.card.image
    home.card = card_of(second_card(home, carrier), counted())
    home.put(sfi, raw_on(first, sfi))
    assert home.insert().endswith("CARD 14 BAD_MAC")
    assert (home.state.accepted_cents, home.state.order_number, home.state.card_number) == (0, 0, 0)

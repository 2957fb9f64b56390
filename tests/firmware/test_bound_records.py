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
from tests.cells import each_cell
from tests.firmware.meters import Rig
from tests.firmware.sessions import RECORDS
from tests.rigs import counted

T2 = Civil(2020, 7, 3, 23, 1)
FILE_CARDS = [CardKind.SECURE, CardKind.PLAIN]
OLD, NEW = Pricing(2, 275, 275), Pricing(2, 300, 300)
BOTH = pytest.mark.parametrize("generation", [1, 2])
ON_FILES = each_cell("carrier", FILE_CARDS, ids=lambda kind: kind.name.lower())


def account_of(rig: Rig) -> Account:
    rig.card.power_on()
    account = rig.desk.account(rig.card.transmit)
    rig.card.power_off()
    return account


def put_back(carrier: CardKind, generation: int) -> Rig:
    """A home whose card has last month's tariff record next to this month's order."""
    rig = Rig(carrier=carrier, generation=generation)
    rig.write(Work(tariff=OLD))
    rig.insert()
    old = rig.file(Sfi.TARIFF)
    rig.write(Work(load_cents=5_000, tariff=NEW))
    assert rig.file(Sfi.TARIFF) != old
    rig.put(Sfi.TARIFF, old)
    return rig


@BOTH
@ON_FILES
def test_a_tariff_put_back_next_to_a_newer_order_is_refused_and_the_credit_counts(
    carrier, generation
):
    rig = put_back(carrier, generation)
    assert rig.insert().endswith("CARD 25 OTHER_TARIFF")
    kept = rig.state
    assert (kept.order_number, kept.price_ueur_per_wh, kept.accepted_cents) == (1, 275, 5_000)
    back = rig.write_back()
    assert back is not None
    assert back.result == Result.OTHER_TARIFF
    rig.write(Work(tariff=NEW))
    assert rig.insert().endswith("CARD 01 EXECUTED")
    assert (rig.state.order_number, rig.state.price_ueur_per_wh) == (3, 300)


@BOTH
@ON_FILES
def test_the_office_orders_nothing_by_a_tariff_that_was_put_back(carrier, generation):
    """An order that it bound to the old record would be a genuine one."""
    rig = put_back(carrier, generation)
    before = rig.card.image
    for work in (Work(reactivate=True), Work(cut_at=T2), Work(limiter_granted=True)):
        with pytest.raises(DeskError, match="not the one its order was written with"):
            rig.write(work)
    with pytest.raises(DeskError, match="not the one its order was written with"):
        rig.desk.reissue(account_of(rig), card_number=2, issued_at_min=0, card_kind=carrier)
    assert rig.card.image == before
    rig.write(Work(load_cents=1_000))
    assert account_of(rig).wallet.loaded_cents == 6_000


def test_an_order_that_was_executed_is_not_asked_for_its_tariff_again():
    rig = put_back(CardKind.PLAIN, 1)
    rig.write(Work(tariff=NEW))
    rig.insert()
    rig.put(Sfi.TARIFF, raw_on(put_back(CardKind.PLAIN, 1).card.image, Sfi.TARIFF))
    assert rig.insert().endswith("CARD 02 ALREADY_EXECUTED")
    assert rig.state.price_ueur_per_wh == 300


def torn(rig: Rig, work: Work, after: int) -> bool:
    """Pull the card out after so many commands of a visit; whether the visit was cut short."""
    left = after

    def exchange(command: bytes) -> bytes:
        nonlocal left
        if not left:
            raise LinkError(LinkErrorKind.CARD_GONE)
        left -= 1
        return rig.card.transmit(command)

    rig.card.power_on()
    try:
        rig.desk.serve(exchange, work, issued_at_min=0)
    except LinkError:
        return True
    finally:
        rig.card.power_off()
    return False


@BOTH
def test_a_visit_torn_between_tariff_and_order_is_done_again(generation):
    """Were the tariff under the order's MAC, the card could not even be read."""
    work, seen, after = Work(load_cents=5_000, tariff=NEW, cut_at=T2), set(), 0
    while True:
        rig = Rig(generation=generation)
        rig.write(Work(tariff=OLD, limiter_granted=True))  # not seen by the meter yet
        cut = torn(rig, work, after)
        account = account_of(rig)
        seen.add((account.tariff.price_ueur_per_wh, account.order.number, account.other_tariff))
        said = rig.insert()
        assert said.endswith("OTHER_TARIFF" if account.other_tariff else "EXECUTED")
        if not cut:
            break
        again = Work(tariff=NEW, cut_at=T2)
        rig.write(again)
        assert rig.insert().endswith("EXECUTED")
        assert rig.state.price_ueur_per_wh == 300
        after += 1
    assert seen == {(275, 1, False), (300, 1, True), (300, 2, False)}


@each_cell(("source", "kind"), list(product(CardKind, CardKind)), ids=str)
def test_a_replacement_card_binds_its_order_to_its_own_tariff(source, kind):
    rig = Rig(carrier=source)
    rig.write(Work(tariff=NEW, cut_at=T2))
    image = rig.desk.reissue(account_of(rig), card_number=2, issued_at_min=0, card_kind=kind)
    rig.card = card_of(image, counted())
    account = account_of(rig)
    bound = account.order.tariff_mac
    assert bound == (NOT_BOUND if kind is CardKind.MEMORY else account.tariff.mac)
    assert rig.insert().endswith("EXECUTED")
    assert rig.state.price_ueur_per_wh == 300


def second_card(rig: Rig, carrier: CardKind) -> AnyImage:
    return rig.desk.reissue(account_of(rig), card_number=2, issued_at_min=0, card_kind=carrier)


@BOTH
@pytest.mark.parametrize("sfi", RECORDS)
@ON_FILES
def test_no_record_of_one_card_is_taken_on_another(carrier, sfi, generation):
    rig = Rig(carrier=carrier, generation=generation)
    rig.write(Work(load_cents=5_000, cut_at=T2))
    first = rig.card.image
    rig.card = card_of(second_card(rig, carrier), counted())
    rig.put(sfi, raw_on(first, sfi))
    assert rig.insert().endswith("CARD 14 BAD_MAC")
    assert (rig.state.accepted_cents, rig.state.order_number, rig.state.card_number) == (0, 0, 0)

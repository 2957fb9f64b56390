"""What belongs together: money, order and tariff; all records of one card; one carrier."""

from itertools import product

import pytest

from card_protocol.card.image import CardKind
from card_protocol.card.virtual import AnyImage, card_of
from card_protocol.formats.budget import DF_ELECTRICITY, Sfi
from card_protocol.formats.budget.making import personalise_plain_budget_card
from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Account, Work
from meter_emu.desk.pricing import Pricing
from meter_emu.domain import Result
from tests.cards import raw_on
from tests.cells import each_cell
from tests.firmware.meters import Rig
from tests.firmware.sessions import RECORDS
from tests.firmware.test_session_bounds import Hostile
from tests.rigs import counted

T1, T2 = Civil(2020, 7, 3, 9, 0), Civil(2020, 7, 3, 23, 1)
FILE_CARDS = [CardKind.SECURE, CardKind.PLAIN]
BOTH = pytest.mark.parametrize("generation", [1, 2])
ON_FILES = each_cell("carrier", FILE_CARDS, ids=lambda kind: kind.name.lower())


def account_of(rig: Rig) -> Account:
    rig.card.power_on()
    account = rig.desk.account(rig.card.transmit)
    rig.card.power_off()
    return account


@BOTH
@ON_FILES
def test_no_part_of_an_older_visit_goes_next_to_a_newer_one(carrier, generation):
    """Any part of last month's record in this month's: one MAC covers both."""
    rig = Rig(carrier=carrier, generation=generation)
    rig.write(Work(load_cents=2_000, cut_at=T2, tariff=Pricing(2, 275, 275)))
    rig.insert()
    old = rig.file(Sfi.DESK)
    rig.write(Work(load_cents=5_000, reactivate=True, tariff=Pricing(2, 300, 300)))
    new, before = rig.file(Sfi.DESK), rig.state
    for at in range(len(new) - 8):
        if old[at] == new[at]:
            continue
        for mixed in (old[:at] + new[at:], new[:at] + old[at:-8] + new[-8:]):
            if mixed != new:
                rig.put(Sfi.DESK, mixed)
                assert rig.insert().endswith("CARD 14 BAD_MAC"), at
    kept = rig.state
    assert (kept.order_number, kept.accepted_cents) == (before.order_number, 2_000)
    rig.put(Sfi.DESK, new)
    assert rig.insert().endswith("CARD 01 EXECUTED")


@BOTH
def test_what_is_heard_on_the_contacts_of_a_secure_card_is_nothing_on_a_plain_one(generation):
    """Its records pass in clear, and a blank plain card costs nothing."""
    rig = Rig(carrier=CardKind.SECURE, generation=generation)
    rig.write(Work(load_cents=5_000, cut_at=T2))
    heard = {sfi: raw_on(rig.card.image, sfi) for sfi in Sfi}
    plain = personalise_plain_budget_card(heard, generation=generation, df=DF_ELECTRICITY)
    rig.card = card_of(plain, counted())
    assert rig.insert().endswith("CARD 14 BAD_MAC")
    assert (rig.state.accepted_cents, rig.state.order_number) == (0, 0)


@each_cell(("source", "kind"), list(product(CardKind, CardKind)), ids=str)
def test_a_replacement_card_carries_the_same_order(source, kind):
    """On whatever carrier: an order that was executed is not another one."""
    rig = Rig(carrier=source)
    rig.write(Work(load_cents=5_000, tariff=Pricing(2, 300, 300), cut_at=T2))
    rig.insert()
    rig.card = card_of(second_card(rig, kind), counted())
    assert rig.insert().endswith("CARD 02 ALREADY_EXECUTED")
    assert rig.state.card_number == 2


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


# One order number, two orders ---------------------------------------------------------------------


@each_cell("carrier", list(CardKind), ids=lambda kind: kind.name.lower())
def test_a_second_order_of_one_number_is_refused_by_name_and_written_back(carrier):
    """Written on a card and on its copy: the meter obeys one, and says of the other which it is."""
    rig = Rig(carrier=carrier)
    copy = Rig(carrier=carrier)
    rig.write(Work(defer_until=T1))
    copy.write(Work(cut_at=T1))
    assert rig.insert().endswith("CARD 01 EXECUTED")
    executed = rig.write_back()
    rig.card = copy.card
    assert rig.insert().endswith("CARD 26 ANOTHER_ORDER")
    back = rig.write_back()
    assert executed is not None
    assert back is not None
    assert (back.result, back.order_number) == (Result.ANOTHER_ORDER, 1)
    assert back.order_mac == executed.order_mac
    assert rig.state.order_mac == (executed.order_mac or rig.state.order_mac)


@each_cell("carrier", FILE_CARDS, ids=lambda kind: kind.name.lower())
def test_a_load_after_an_order_leaves_the_order_what_it_was(carrier):
    rig = Rig(carrier=carrier)
    rig.write(Work(defer_until=T1))
    rig.insert()
    rig.write(Work(load_cents=5_000))
    assert rig.insert().endswith("CARD 01 EXECUTED")
    assert rig.state.accepted_cents == 5_000
    assert rig.insert().endswith("CARD 02 ALREADY_EXECUTED")


# The session that a write-back is of --------------------------------------------------------------


@ON_FILES
def test_a_write_back_carries_the_challenge_of_its_session(carrier):
    """Who listened to a session knows which write-back is of it."""
    rig = Rig(carrier=carrier)
    said = set()
    for _ in range(3):
        heard: list[bytes] = []

        def listen(command: bytes, answer: bytes, heard: list[bytes] = heard) -> bytes:
            heard.append(command)
            return answer

        rig.bench.insert(Hostile(rig.card, listen))
        rig.bench.remove()
        back = rig.write_back()
        assert back is not None
        assert back.challenge is not None
        said.add(back.challenge)
        proofs = [command[5:13] for command in heard if command[1] == 0x82]
        assert proofs == ([back.challenge] if carrier is CardKind.SECURE else [])
    assert len(said) == 3

"""A file card's records as office and meter see them: saved, read by the next, sealed by each."""

from dataclasses import replace

import pytest

from card_protocol.card.image import CardImage, CardKind
from card_protocol.card.virtual import FileCard, card_of
from card_protocol.carrier.carrier import BudgetCard, Credentials
from card_protocol.carrier.find import find_card
from card_protocol.errors import MacError
from card_protocol.formats.budget import DF_ELECTRICITY, WRITE_BACK, Sfi
from card_protocol.formats.budget.making import personalise_card, record_on, with_record
from card_protocol.keys import Purpose, Role, derive
from card_protocol.terminal import Terminal
from meter_emu.desk.published_key import TEST_MASTER_KEY
from tests.card_protocol.cards import TERMINAL_RANDOM, counting_rng
from tests.card_protocol.test_budget_compact import METER, a_contents
from tests.cards import file_card

DESK_KEY, METER_KEY, CARD_KEY = (
    derive(TEST_MASTER_KEY, purpose, METER)
    for purpose in (Purpose.DESK_RECORD, Purpose.METER_RECORD, Purpose.CARD_AUTH)
)
PROOFS = {Role.DESK: Purpose.DESK_AUTH, Role.METER: Purpose.METER_AUTH}
ON_EACH = pytest.mark.parametrize("kind", [CardKind.SECURE, CardKind.PLAIN])
UPDATE = 0xD6
BACK = WRITE_BACK.parse(b"BB\1\1" + METER.to_bytes(8, "big") + bytes(range(12, 154)))


def new_image(kind: CardKind) -> CardImage:
    return file_card(personalise_card(TEST_MASTER_KEY, a_contents(), kind, pin="0000"))


def found(image: CardImage, role: Role = Role.DESK) -> tuple[BudgetCard, FileCard, list[int]]:
    """Return the card in a terminal that proved itself, the card itself, and what is sent to it."""
    slot, sent = card_of(image, counting_rng()), []

    def exchange(command: bytes) -> bytes:
        sent.append(command[1])
        return slot.transmit(command)

    slot.power_on()
    card = find_card(Terminal(exchange), DF_ELECTRICITY)
    key = derive(TEST_MASTER_KEY, PROOFS[role], METER)
    card.authenticate(Credentials(role, key, CARD_KEY), TERMINAL_RANDOM)
    return card, slot, sent


@ON_EACH
def test_what_the_office_saves_is_read_by_whoever_comes_next(kind):
    card, slot, _ = found(new_image(kind))
    before = card.contents(DESK_KEY)
    assert replace(before.desk, mac=bytes(8)) == replace(a_contents().desk, mac=bytes(8))
    more = before._replace(desk=replace(before.desk, loaded_cents=5_000, load_count=1))
    after = card.save(before, more, DESK_KEY)
    assert replace(after.desk, mac=bytes(8)) == replace(more.desk, mac=bytes(8))
    for role in Role:
        assert found(slot.image, role)[0].contents(DESK_KEY) == after
    assert record_on(slot.image, Sfi.IDENTITY) == record_on(new_image(kind), Sfi.IDENTITY)


@ON_EACH
def test_a_visit_that_changes_nothing_writes_nothing(kind):
    card, _, sent = found(new_image(kind))
    before = card.contents(DESK_KEY)
    assert card.save(before, before, DESK_KEY) == before
    assert UPDATE not in sent


@ON_EACH
def test_what_the_meter_writes_is_read_by_the_office_and_leaves_its_orders(kind):
    card, slot, _ = found(new_image(kind), Role.METER)
    before = card.contents(DESK_KEY)
    assert card.written_back(METER_KEY) is None
    card.write_back(BACK, METER_KEY)
    office = found(slot.image)[0]
    back = office.written_back(METER_KEY)
    assert back is not None
    assert replace(back, mac=BACK.mac) == BACK
    assert office.contents(DESK_KEY) == before


@ON_EACH
@pytest.mark.parametrize("sfi", [Sfi.IDENTITY, Sfi.DESK, Sfi.WRITE_BACK])
def test_a_record_with_one_bit_changed_is_not_believed(kind, sfi):
    card, slot, _ = found(new_image(kind), Role.METER)
    card.contents(DESK_KEY)
    card.write_back(BACK, METER_KEY)
    raw = record_on(slot.image, sfi)
    for at in (len(raw) - 9, len(raw) - 1):  # before its MAC, and in it
        changed = raw[:at] + bytes((raw[at] ^ 1,)) + raw[at + 1 :]
        forged, backs = found(with_record(slot.image, sfi, changed))[0], sfi is Sfi.WRITE_BACK
        read, key = (forged.written_back, METER_KEY) if backs else (forged.contents, DESK_KEY)
        with pytest.raises(MacError):
            read(key)

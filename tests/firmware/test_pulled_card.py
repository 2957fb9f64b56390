"""A card over T=0, pulled out at any character of a visit: nothing is lost and nothing is double.

On a secure card at every byte of every command and answer; a plain one has more bytes and the same
commands, and is pulled at every third. Pulled at any command: `test_session_pulled_out.py`.
"""

import pytest

from card_protocol.card.file_card import FileCard
from card_protocol.card.image import CardImage, CardKind
from card_protocol.card.make import card_of
from card_protocol.errors import LinkError, LinkErrorKind
from card_protocol.formats.budget import Sfi
from card_protocol.link.direct import DirectLink
from card_protocol.link.t0 import CardOverT0
from meter_emu.desk.bench_key import BENCH_MASTER_KEY
from meter_emu.desk.desk import Desk
from meter_emu.domain import Result
from tests.cards import file_card
from tests.firmware.meters import METER_ID, Home, counted
from tests.firmware.sessions import ARM, LOAD_W, counted_once, supplied

DESK_FILES = (Sfi.IDENTITY, Sfi.WALLET, Sfi.ORDER, Sfi.TARIFF)
CENTS = 5_000
STEP = {CardKind.SECURE: 1, CardKind.PLAIN: 3}


def armed(carrier: CardKind) -> Home:
    """A home whose card carries 50 euro and an order, and speaks T=0."""
    home = Home(load=LOAD_W, carrier=carrier)
    home.write(ARM)
    home.card = card_of(file_card(home.card.image), counted(), t0=True)
    return home


def over_t0(home: Home) -> CardOverT0:
    assert isinstance(home.card, FileCard)
    return CardOverT0(home.card)


@pytest.mark.parametrize("carrier", STEP)
def test_at_the_meter_money_counts_once_and_the_order_is_obeyed_once(carrier):
    whole = armed(carrier)
    wire = over_t0(whole)
    whole.bench.insert(wire)
    counted_once(whole)
    seen = set()
    for at in range(0, wire.line.characters, STEP[carrier]):
        home = armed(carrier)
        wire = over_t0(home)
        wire.pull_after(at)
        desk_files = [home.file(sfi) for sfi in DESK_FILES]
        home.bench.insert(wire)
        assert wire.line.characters == at
        assert supplied(home)
        home.bench.remove()
        seen.add(home.state.accepted_count)
        home.insert()
        counted_once(home)
        assert [home.file(sfi) for sfi in DESK_FILES] == desk_files
        back = home.write_back()
        assert back is not None
        assert back.result in {Result.EXECUTED, Result.ALREADY_EXECUTED}
    assert seen == {0, 1}, "pulled before the meter has read it, and after"


def office() -> Desk:
    return Desk(BENCH_MASTER_KEY, challenge=counted())


def issued(kind: CardKind) -> CardImage:
    return file_card(office().issue(METER_ID, issued_at_min=0, kind=kind))


def visit(wire: CardOverT0) -> None:
    link = DirectLink(wire)
    link.connect()
    office().load(link.exchange, CENTS, issued_at_min=1)


@pytest.mark.parametrize("kind", STEP)
def test_at_the_office_a_load_is_on_the_card_or_is_not(kind):
    wire = CardOverT0(card_of(issued(kind), counted(), t0=True))
    visit(wire)
    seen = set()
    for at in range(0, wire.line.characters, STEP[kind]):
        card = card_of(issued(kind), counted(), t0=True)
        wire = CardOverT0(card)
        wire.pull_after(at)
        with pytest.raises(LinkError) as caught:
            visit(wire)
        assert caught.value.kind is LinkErrorKind.CARD_GONE
        again = card_of(card.image, counted())
        again.power_on()
        wallet = office().account(again.transmit).wallet
        assert (wallet.loaded_cents, wallet.load_count) in {(0, 0), (CENTS, 1)}
        seen.add(wallet.load_count)
        wallet = office().load(again.transmit, CENTS, issued_at_min=2).wallet
        assert wallet.loaded_cents == CENTS * wallet.load_count
    assert seen == {0, 1}

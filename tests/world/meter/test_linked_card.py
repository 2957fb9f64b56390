"""A card behind a link is a card in the slot: same bytes, and every failure is one a slot has."""

from typing import Any

import pytest

from card_protocol.card.image import CardKind
from card_protocol.errors import LinkError, LinkErrorKind
from card_protocol.link.link import DirectLink
from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Work
from meter_emu.world.meter.linked_card import LinkedCard
from tests.card_protocol.cards import GET_CHALLENGE
from tests.card_protocol.scripted import ScriptedLink
from tests.cells import each_cell
from tests.firmware.meters import START_US, Rig

ARM = Work(load_cents=5_000, cut_at=Civil(2020, 7, 3, 23, 1))
PAID_UEUR = 100_000_000  # 50 euro at installation, 50 on the card
ON_EACH = each_cell("carrier", list(CardKind), ids=lambda kind: kind.name.lower())


def armed(carrier: CardKind = CardKind.SECURE, **how: Any) -> Rig:
    rig = Rig(carrier=carrier, **how)
    rig.write(ARM)
    return rig


class Pulled:
    """The link to a card that somebody pulls out just before its `at`-th exchange."""

    def __init__(self, link: DirectLink, at: int) -> None:
        self._link, self._left = link, at
        self.connect, self.disconnect = link.connect, link.disconnect

    def exchange(self, command: bytes) -> bytes:
        if self._left == 0:
            self._link.removed()
        self._left -= 1
        return self._link.exchange(command)


class Counting:
    def __init__(self, link: DirectLink) -> None:
        self._exchange = link.exchange
        self.connect, self.disconnect = link.connect, link.disconnect
        self.count = 0

    def exchange(self, command: bytes) -> bytes:
        self.count += 1
        return self._exchange(command)


def session_length(carrier: CardKind) -> int:
    rig = armed(carrier)
    counting = Counting(DirectLink(rig.card))
    rig.bench.insert(LinkedCard(counting))
    return counting.count


@ON_EACH
def test_a_session_over_a_link_is_the_session_byte_for_byte(carrier):
    held, linked = armed(carrier), armed(carrier)
    held.bench.insert(held.card)
    linked.bench.insert(LinkedCard(DirectLink(linked.card)))
    assert held.board.panel.text == "CREDIT 100.00 EUR | CARD 01 EXECUTED"
    assert linked.board.panel.text == held.board.panel.text
    assert linked.card.image.to_bytes() == held.card.image.to_bytes()
    assert linked.board.eeprom.cells == held.board.eeprom.cells
    atomic = (
        carrier is CardKind.SECURE
    )  # the others take time to write, and behind a link nobody knows
    assert not atomic or linked.board.now_us == held.board.now_us


@ON_EACH
def test_pulled_at_any_exchange_nothing_is_lost_and_the_next_insertion_makes_it_whole(carrier):
    for at in range(session_length(carrier)):
        rig = armed(carrier)
        link = DirectLink(rig.card)
        card = LinkedCard(Pulled(link, at))
        rig.bench.insert(card)
        assert card.failure is not None
        assert card.failure.kind is LinkErrorKind.CARD_GONE
        rig.bench.remove()
        link.inserted()
        rig.bench.insert(LinkedCard(link))
        assert rig.state.balance_ueur == PAID_UEUR, at
        assert rig.write_back() is not None, at


@pytest.mark.slow("lives a session for each of its steps")
@ON_EACH
def test_mains_failing_anywhere_in_a_session_leaves_no_power_on_the_card(carrier):
    timed = armed(carrier)
    timed.bench.insert(LinkedCard(DirectLink(timed.card)))
    length_us = timed.board.now_us - START_US
    for cut_us in range(START_US, START_US + length_us, length_us // 40):
        rig = armed(carrier, outages=[(cut_us, cut_us + 60_000_000)])
        link = DirectLink(rig.card)
        rig.bench.insert(LinkedCard(link))
        if not rig.board.powered:
            assert_unpowered(link)
        rig.run(120)
        assert rig.state.balance_ueur == PAID_UEUR
        assert rig.write_back() is not None


def assert_unpowered(link: DirectLink) -> None:
    with pytest.raises(LinkError, match="not connected"):
        link.exchange(GET_CHALLENGE)


def test_a_card_that_cannot_be_reached_does_not_answer_and_says_why():
    rig = armed()
    link = DirectLink(rig.card)
    link.removed()
    card = LinkedCard(link)
    assert card.power_on() == b""
    assert card.failure is not None
    assert card.failure.kind is LinkErrorKind.NO_CARD
    rig.bench.insert(card)
    assert rig.board.panel.text.endswith("CARD 10 CARD_UNREADABLE")
    assert card.failure.kind is LinkErrorKind.NO_CARD
    assert rig.write_back() is None


def test_the_first_failure_is_the_one_that_is_told():
    failing = [(GET_CHALLENGE, kind) for kind in (LinkErrorKind.TIMED_OUT, LinkErrorKind.BROKEN)]
    card = LinkedCard(ScriptedLink(failing))
    card.power_on()
    for _ in failing:
        with pytest.raises(LinkError):
            card.transmit(GET_CHALLENGE)
    assert card.failure is not None
    assert card.failure.kind is LinkErrorKind.TIMED_OUT


def test_a_card_without_power_says_nothing_and_is_not_asked():
    card = LinkedCard(ScriptedLink([]))
    assert card.transmit(GET_CHALLENGE) == b""
    card.power_on()
    card.power_off()
    assert card.transmit(GET_CHALLENGE) == b""


def test_a_failure_is_forgotten_when_the_card_answers_a_reset():
    card = LinkedCard(ScriptedLink([(GET_CHALLENGE, LinkErrorKind.TIMED_OUT)]))
    card.power_on()
    with pytest.raises(LinkError, match="timed out"):
        card.transmit(GET_CHALLENGE)
    assert card.failure is not None
    assert card.power_on()
    assert card.failure is None


def test_a_card_in_the_slot_loses_its_power_when_it_is_removed():
    rig = armed()
    link = DirectLink(rig.card)
    card = LinkedCard(link)
    rig.board.insert(card)
    rig.board.card_power(True)
    assert link.exchange(GET_CHALLENGE)[-2:] == b"\x90\x00"
    rig.board.remove()
    assert_unpowered(link)

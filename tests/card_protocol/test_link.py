"""Links fail as links, and give the card's answers otherwise untouched."""

import pytest

from card_protocol.atr import Atr
from card_protocol.card.virtual import SecureCard
from card_protocol.errors import LinkError, LinkErrorKind
from card_protocol.link.link import DirectLink, Link
from tests.card_protocol.cards import GET_CHALLENGE, budget_image, counting_rng
from tests.card_protocol.scripted import ScriptedLink


def direct() -> DirectLink:
    return DirectLink(SecureCard(budget_image(), counting_rng()))


@pytest.mark.parametrize(
    "link", [direct(), ScriptedLink([(GET_CHALLENGE, bytes(8) + b"\x90\x00")])], ids=type
)
def test_every_link_connects_exchanges_and_disconnects(link):
    as_link: Link = link
    assert Atr.parse(as_link.connect()).ts == 0x3B
    assert as_link.exchange(GET_CHALLENGE)[-2:] == b"\x90\x00"
    as_link.disconnect()
    as_link.disconnect()


def kind_of(call) -> LinkErrorKind:
    with pytest.raises(LinkError) as caught:
        call()
    return caught.value.kind


def test_a_card_pulled_out_is_gone_until_it_is_put_back():
    link = direct()
    link.connect()
    link.removed()
    assert kind_of(lambda: link.exchange(GET_CHALLENGE)) is LinkErrorKind.CARD_GONE
    assert kind_of(link.connect) is LinkErrorKind.NO_CARD
    link.inserted()
    assert kind_of(lambda: link.exchange(GET_CHALLENGE)) is LinkErrorKind.BROKEN
    link.connect()
    assert len(link.exchange(GET_CHALLENGE)) == 10


def test_nothing_is_exchanged_before_connect_or_after_disconnect():
    link = direct()
    assert kind_of(lambda: link.exchange(GET_CHALLENGE)) is LinkErrorKind.BROKEN
    link.connect()
    link.disconnect()
    assert kind_of(lambda: link.exchange(GET_CHALLENGE)) is LinkErrorKind.BROKEN


def test_a_script_gives_answers_and_failures_in_order():
    link = ScriptedLink([(b"\x01", b"\x90\x00"), (b"\x02", LinkErrorKind.TIMED_OUT)])
    assert link.exchange(b"\x01") == b"\x90\x00"
    assert not link.finished
    assert kind_of(lambda: link.exchange(b"\x02")) is LinkErrorKind.TIMED_OUT
    assert link.finished


def test_another_command_than_scripted_is_a_bug():
    link = ScriptedLink([(b"\x01", b"\x90\x00")])
    with pytest.raises(AssertionError, match="step 0: expected 01, got 02"):
        link.exchange(b"\x02")


def test_a_command_past_the_end_of_the_script_is_a_bug():
    with pytest.raises(AssertionError, match="past the end"):
        ScriptedLink([]).exchange(b"\x01")

"""Whatever is sent, the card answers, and gives and changes nothing to strangers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from card_protocol.card.commands import SECURE_ROWS
from card_protocol.card.image import CardImage
from card_protocol.formats.budget import DF_ELECTRICITY, Sfi
from card_protocol.status import explain
from tests.card_protocol.cards import (
    PIN,
    RECORDS,
    SELECT_DF,
    authenticate,
    budget_image,
    powered,
    verify_command,
)

BYTES = st.integers(0, 255)
headers = st.tuples(
    st.just(0) | BYTES,
    st.sampled_from(sorted(SECURE_ROWS)) | BYTES,
    st.sampled_from([0, 1, 0x81, 0x82, 0x85]) | BYTES,
    st.sampled_from([0, 1, 2, 3, 4, 0x0C]) | BYTES,
).map(bytes)
bodies = (
    st.binary(max_size=20)
    | BYTES.map(lambda le: bytes((le,)))
    | st.binary(min_size=1, max_size=255).map(lambda data: bytes((len(data),)) + data)
)
plausible = st.builds(bytes.__add__, headers, bodies)
dialogues = st.lists(st.binary(max_size=300) | plausible | st.just(SELECT_DF), max_size=30)
SECRET = [RECORDS[sfi][:8] for sfi in Sfi if sfi is not Sfi.IDENTITY]


@pytest.mark.slow("a dialogue in each example")
@settings(max_examples=150)
@given(dialogues, st.booleans())
def test_strangers_get_an_answer_and_nothing_else(dialogue, t0):
    card = powered(t0=t0)
    card.transmit(SELECT_DF)
    before = budget_image()
    for command in dialogue:
        answer = card.transmit(command)
        assert len(answer) >= 2
        assert not explain(int.from_bytes(answer[-2:], "big")).startswith("no status word")
        assert not any(secret in answer for secret in SECRET)
    after = card.image
    assert after.contents == before.contents
    # All a stranger can do to a card is to spend its tries.
    spent = [left <= full for left, full in zip(after.tries_left, (3, 10, 10), strict=True)]
    assert all(spent)
    tail = slice(0x0C, -4)
    assert after.to_bytes()[tail] == before.to_bytes()[tail]
    assert (after.life_cycle == before.life_cycle) == (0 not in after.tries_left)


@pytest.mark.slow("a grammar's worth of commands")
@settings(max_examples=150)
@given(dialogues, st.booleans(), st.booleans())
def test_nobody_can_break_the_card(dialogue, meter, t0):
    card = powered(t0=t0)
    authenticate(card, 1 if meter else 2)
    card.transmit(SELECT_DF)
    for command in dialogue:
        assert len(card.transmit(command)) >= 2
    image = card.image
    assert CardImage.from_bytes(image.to_bytes()) == image
    assert [len(content) for content in image.contents] == [48, 64, 154]
    mine = {Sfi.WRITE_BACK} if meter else {*Sfi} - {Sfi.WRITE_BACK}
    for sfi in {*Sfi} - mine:
        assert image.content(DF_ELECTRICITY, sfi) == RECORDS[sfi]


@pytest.mark.slow("a dialogue in each example")
@settings(max_examples=100)
@given(dialogues)
def test_the_same_commands_give_the_same_bytes(dialogue):
    cards = [powered(), powered()]
    for command in [SELECT_DF, verify_command(PIN), *dialogue]:
        assert cards[0].transmit(command) == cards[1].transmit(command)
    assert cards[0].image == cards[1].image


@pytest.mark.slow("a dialogue in each example")
@settings(max_examples=100)
@given(dialogues)
def test_a_card_rebuilt_from_its_bytes_behaves_the_same(dialogue):
    """Nothing that lasts hides outside the image: after a reset both go on alike."""
    card = powered()
    for command in dialogue:
        card.transmit(command)
    card.power_off()
    cards = [powered(card.image), powered(CardImage.from_bytes(card.image.to_bytes()))]
    for command in dialogue:
        assert cards[0].transmit(command) == cards[1].transmit(command)
    assert cards[0].image == cards[1].image

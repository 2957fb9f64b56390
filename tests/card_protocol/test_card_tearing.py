"""Cut the power anywhere in a session: the card holds the old or the new content, never a mix."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from card_protocol.card.image import CardImage
from card_protocol.card.virtual import SecureCard
from card_protocol.errors import ApduError
from card_protocol.formats.budget import DF_ELECTRICITY, Sfi
from card_protocol.keys import Role
from card_protocol.terminal import Terminal
from tests.card_protocol.cards import (
    DESK,
    METER,
    PIN,
    RECORDS,
    SIZES,
    TERMINAL_RANDOM,
    budget_image,
    powered,
    role_key,
)
from tests.cells import each_cell

Dialogue = Callable[[Terminal, CardImage], None]
NEW = {sfi: bytes((0xF0 | sfi,)) * size for sfi, size in SIZES.items()}


class Cut(BaseException):
    """The power went away."""


def prove(terminal: Terminal, image: CardImage, role: int) -> None:
    terminal.select(DF_ELECTRICITY)
    terminal.authenticate(Role(role), role_key(image, role), image.card_key, TERMINAL_RANDOM)


def meter_visit(terminal: Terminal, image: CardImage) -> None:
    prove(terminal, image, METER)
    for sfi in Sfi:
        terminal.read_binary(sfi, SIZES[sfi])
    terminal.update_binary(Sfi.WRITE_BACK, NEW[Sfi.WRITE_BACK])


def desk_visit(terminal: Terminal, image: CardImage) -> None:
    terminal.verify(PIN)
    prove(terminal, image, DESK)
    for sfi in (Sfi.DESK, Sfi.DESK, Sfi.DESK):
        terminal.update_binary(sfi, NEW[sfi])


def clumsy_visit(terminal: Terminal, image: CardImage) -> None:
    with pytest.raises(ApduError, match=r"63C[12]"):
        terminal.verify("0000")
    terminal.verify(PIN)
    prove(terminal, image, DESK)
    terminal.update_binary(Sfi.DESK, NEW[Sfi.DESK])
    terminal.update_binary(Sfi.DESK, RECORDS[Sfi.DESK])


DIALOGUES = [meter_visit, desk_visit, clumsy_visit]


def snapshots(dialogue: Dialogue, *, t0: bool) -> list[bytes]:
    """The image before the first command and after each one."""
    card = powered(t0=t0)
    taken = [card.image.to_bytes()]

    def exchange(command: bytes) -> bytes:
        response = card.transmit(command)
        taken.append(card.image.to_bytes())
        return response

    dialogue(Terminal(exchange), budget_image())
    return taken


def cut_at(dialogue: Dialogue, number: int, *, delivered: bool, t0: bool) -> SecureCard:
    """Play until command `number` and cut before the card sees it, or before its answer leaves."""
    card = powered(t0=t0)
    left = number

    def exchange(command: bytes) -> bytes:
        nonlocal left
        if left:
            left -= 1
            return card.transmit(command)
        if delivered:
            card.transmit(command)
        raise Cut

    with pytest.raises(Cut):
        dialogue(Terminal(exchange), budget_image())
    card.power_off()
    return card


@each_cell("t0", [False, True])
@each_cell("dialogue", DIALOGUES)
def test_a_cut_at_any_command_leaves_the_old_or_the_new_image(dialogue, t0):
    taken = snapshots(dialogue, t0=t0)
    for number in range(len(taken) - 1):
        before = cut_at(dialogue, number, delivered=False, t0=t0)
        after = cut_at(dialogue, number, delivered=True, t0=t0)
        assert before.image.to_bytes() == taken[number]
        assert after.image.to_bytes() == taken[number + 1]


@each_cell("dialogue", DIALOGUES)
def test_every_file_is_whole_after_every_command(dialogue):
    for raw in snapshots(dialogue, t0=False):
        image = CardImage.from_bytes(raw)
        for sfi in Sfi:
            assert image.content(DF_ELECTRICITY, sfi) in {RECORDS[sfi], NEW[sfi]}


@each_cell("dialogue", DIALOGUES)
def test_one_command_changes_one_file_at_most(dialogue):
    for before, after in pairwise(map(CardImage.from_bytes, snapshots(dialogue, t0=False))):
        changed = [old != new for old, new in zip(before.contents, after.contents, strict=True)]
        assert sum(changed) <= 1


@each_cell("dialogue", DIALOGUES)
def test_after_a_cut_the_whole_visit_can_be_repeated(dialogue):
    wanted = CardImage.from_bytes(snapshots(dialogue, t0=False)[-1]).contents
    for number in range(len(snapshots(dialogue, t0=False)) - 1):
        torn = cut_at(dialogue, number, delivered=True, t0=False)
        again = powered(CardImage.from_bytes(torn.image.to_bytes()))
        dialogue(Terminal(again.transmit), budget_image())
        assert again.image.contents == wanted


def test_a_try_is_spent_even_when_the_answer_never_arrives():
    def guess(terminal: Terminal, _image: CardImage) -> None:
        terminal.verify("0000")

    assert cut_at(guess, 0, delivered=True, t0=False).image.tries_left == (2, 10, 10)

"""Who may do what, to which file, in which life cycle: every combination."""

from itertools import combinations, product

import pytest

from card_protocol.card.commands import COMMANDS
from card_protocol.card.files import Access, FileSpec, FileTree
from card_protocol.card.image import CardImage, LifeCycle, blank, personalise
from card_protocol.card.virtual import SecureCard
from card_protocol.formats.budget import DF_ELECTRICITY, Sfi
from card_protocol.keys import Key
from tests.card_protocol.cards import (
    DESK,
    GET_CHALLENGE,
    METER,
    PIN,
    RECORDS,
    SELECT_DF,
    SIZES,
    authenticate,
    budget_image,
    powered,
    proof_command,
    read_command,
    update_command,
    verify_command,
)
from tests.cells import each_cell

# The budget card's rules in words, a second time: file, who reads, who updates.
RULES = {
    Sfi.IDENTITY: ("nobody meter desk pin", "desk"),
    Sfi.DESK: ("meter desk", "desk"),
    Sfi.DESK: ("meter desk", "desk"),
    Sfi.DESK: ("meter desk", "desk"),
    Sfi.WRITE_BACK: ("meter desk", "meter"),
}
PROVEN = ("meter", "desk", "pin")
SUBSETS = [subset for size in range(4) for subset in combinations(PROVEN, size)]


def prove(card: SecureCard, who: str) -> None:
    if who == "pin":
        assert card.transmit(verify_command(PIN)) == b"\x90\x00"
    else:
        authenticate(card, {"meter": METER, "desk": DESK}[who])


def card_for(subset: tuple[str, ...], image: CardImage | None = None) -> SecureCard:
    card = powered(image)
    for who in subset:
        prove(card, who)
    card.transmit(SELECT_DF)
    return card


@each_cell("subset", SUBSETS, ids="+".join)
@each_cell("sfi", Sfi)
def test_the_budget_card_opens_to_whom_its_rules_name(sfi, subset):
    readers, writers = (rule.split() for rule in RULES[sfi])
    card = card_for(subset)
    everyone = {"nobody", *subset}
    may_read, may_update = everyone & {*readers}, everyone & {*writers}
    size, new = SIZES[sfi], b"\xab" * SIZES[sfi]
    read = card.transmit(read_command(sfi, size))
    assert read == (RECORDS[sfi] + b"\x90\x00" if may_read else b"\x69\x82")
    assert card.transmit(update_command(sfi, new)) == (b"\x90\x00" if may_update else b"\x69\x82")
    assert card.image.content(DF_ELECTRICITY, sfi) == (new if may_update else RECORDS[sfi])


# What each rule means, a second time.
MEANING = {
    Access.NEVER: set(),
    Access.METER: {"meter"},
    Access.DESK: {"desk"},
    Access.METER_OR_DESK: {"meter", "desk"},
    Access.PIN: {"pin"},
    Access.ALWAYS: {"nobody"},
}


@each_cell("subset", SUBSETS, ids="+".join)
@each_cell(("read", "update"), [*product(Access, Access)])
def test_every_pair_of_rules_opens_to_whom_it_names(read, update, subset):
    tree = FileTree([FileSpec(DF_ELECTRICITY, 0xEF01, 1, 4, read, update)])
    key = Key(bytes(16))
    image = personalise(tree, (b"abcd",), meter_key=key, desk_key=key, card_key=key, pin=PIN)
    card = card_for(subset, image)
    everyone = {"nobody", *subset}
    assert (card.transmit(read_command(1, 4))[-2:] == b"\x90\x00") == bool(everyone & MEANING[read])
    updated = card.transmit(update_command(1, b"x")) == b"\x90\x00"
    assert updated == bool(everyone & MEANING[update])


BLOCKED = budget_image().with_tries(0, 0)
IMAGES = {
    LifeCycle.BLANK: blank(),
    LifeCycle.PERSONALISED: budget_image(),
    LifeCycle.IN_USE: budget_image().in_use(),
    LifeCycle.BLOCKED: BLOCKED,
}
# A well-formed command of each row, and what a blank, a live and a blocked card answer.
ROWS = {
    "VERIFY": (verify_command(PIN), "6985", "9000", "6983"),
    "EXTERNAL AUTHENTICATE": (None, "6985", "9000", "6983"),
    "MANAGE CHANNEL": (bytes.fromhex("0070000001"), "6985", "6881", "6881"),
    "GET CHALLENGE": (GET_CHALLENGE, "6985", "9000", "9000"),
    "INTERNAL AUTHENTICATE": (bytes.fromhex("0088000308" + "00" * 9), "6985", "9000", "6985"),
    "SELECT": (SELECT_DF, "6985", "9000", "9000"),
    "READ BINARY": (read_command(Sfi.IDENTITY, 48), "6985", "9000", "9000"),
    "GET RESPONSE": (bytes.fromhex("00c0000001"), "6985", "6985", "6985"),
    "UPDATE BINARY": (update_command(Sfi.IDENTITY, b"x"), "6985", "6982", "6985"),
}


def test_every_row_of_the_command_table_is_covered():
    assert {command.name for command in COMMANDS} == set(ROWS)


@each_cell(("life_cycle", "name"), [*product(LifeCycle, ROWS)])
def test_every_life_cycle_answers_every_command(life_cycle, name):
    command, when_blank, when_live, when_blocked = ROWS[name]
    card = powered(IMAGES[life_cycle])
    card.transmit(SELECT_DF)
    if command is None:
        challenge = card.transmit(GET_CHALLENGE)[:-2].ljust(8, b"\x00")
        command = proof_command(card.image, METER, challenge)
    before = card.image.to_bytes()
    answer = card.transmit(command)
    want = {LifeCycle.BLANK: when_blank, LifeCycle.BLOCKED: when_blocked}.get(life_cycle, when_live)
    assert answer[-2:].hex() == want
    proved = name == "EXTERNAL AUTHENTICATE" and want == "9000"
    assert card.image.life_cycle is (LifeCycle.IN_USE if proved else life_cycle)
    if not proved:
        assert card.image.to_bytes() == before


@each_cell("sfi", [sfi for sfi in Sfi if sfi is not Sfi.IDENTITY])
def test_a_blocked_card_gives_nothing_but_its_identity(sfi):
    card = powered(BLOCKED)
    card.transmit(SELECT_DF)
    assert card.transmit(read_command(sfi, 1)) == b"\x69\x82"


@pytest.mark.parametrize("role", [METER, DESK])
def test_the_first_terminal_that_proves_itself_takes_the_card_into_use(role):
    card = powered()
    seen = [card.image.life_cycle]
    for who in ("pin", {METER: "meter", DESK: "desk"}[role]):
        prove(card, who)
        seen.append(card.image.life_cycle)
    assert seen == [LifeCycle.PERSONALISED, LifeCycle.PERSONALISED, LifeCycle.IN_USE]


@each_cell("counter", range(3))
def test_no_command_but_a_desks_proof_brings_a_blocked_card_back(counter):
    card = powered(budget_image().with_tries(counter, 0))
    before = card.image.to_bytes()
    for command, *_ in ROWS.values():
        card.transmit(command or proof_command(card.image, METER, bytes(8)))
    assert card.image.to_bytes() == before

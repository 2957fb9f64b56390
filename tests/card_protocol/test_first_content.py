"""A blank memory card becomes one of ours, also when it is torn at any byte on the way."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.card.image import CardKind
from card_protocol.card.memory_card import Make, MemoryCard
from card_protocol.card.sle4442 import PHASE_US, MemoryImage
from card_protocol.carrier.find import find_memory
from card_protocol.carrier.first_content import partly, put_cells
from card_protocol.carrier.replaced import whatever_lies_there
from card_protocol.errors import ApduError, LayoutError, LinkError, LinkErrorKind
from card_protocol.link.guarded import FAILURES_MAX_PUT, OURS, PUT, GuardedLink
from card_protocol.terminal import Terminal
from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Desk
from meter_emu.desk.published_key import TEST_MASTER_KEY
from tests.card_protocol.cards import powered
from tests.cards import memory_card

HEADER = bytes.fromhex("a2131091")
CHIPS_OWN = HEADER + b"\xff\xff\x81\x15" + b"\xff" * 24  # and its maker's marks
TRANSPORT = b"\xff\xff\xff"
FOREIGN = b"\x12\x34\x56"
PRESENT, CHANGE = 0x20, 0xD2
STATES_MAX = 9  # of one command: the body is 220 bytes, one as good as another


def issued(
    meter_id: int = 541_000_000_001, number: int = 7, expires: Civil | None = None
) -> MemoryImage:
    desk = Desk(TEST_MASTER_KEY)
    image = desk.issue(
        meter_id,
        customer_ref=1,
        card_number=number,
        expires=expires,
        issued_at_min=0,
        card_kind=CardKind.MEMORY,
    )
    return memory_card(image)


OWN = issued()


def chip(code: bytes = TRANSPORT, counter: int = 7, content: bytes = b"\xff" * 224) -> MemoryImage:
    protection = b"\x30\xff\xff\xff"
    return MemoryImage(main=CHIPS_OWN + content, protection=protection, counter=counter, code=code)


def done(own: MemoryImage = OWN) -> MemoryImage:
    """Return the chip as a put leaves it: its own first bytes, then ours."""
    return chip(own.code, content=own.main[32:])


class Torn:
    """A reader whose card is pulled in its command `at`, in the state `state` of all it has."""

    def __init__(self, image: MemoryImage, at: int = -1, state: int = 0) -> None:
        self.card = MemoryCard(image)
        self.connect, self.disconnect = self.card.power_on, self.card.power_off
        self.sent: list[tuple[bytes, bytes]] = []
        self.states: list[int] = []
        self._at, self._state = at, state

    def exchange(self, command: bytes) -> bytes:
        states = self.card.writing_us(command) // PHASE_US + 1
        self.states.append(states)
        if len(self.states) - 1 == self._at:
            step = -(-min(self._state, states - 1) * 65_536 // states)
            numbers = iter(divmod(step, 256))
            self.card.tear(command, lambda: next(numbers))
            raise LinkError(LinkErrorKind.CARD_GONE, "torn")
        answer = self.card.transmit(command)
        self.sent.append((command, answer))
        return answer

    def put(self, own: MemoryImage = OWN) -> None:
        guarded = GuardedLink(self, PUT, failures_max=FAILURES_MAX_PUT)
        guarded.connect()
        put_cells(find_memory(Terminal(guarded.exchange)), own.main, own.code, whatever_lies_there)

    def presented(self) -> list[tuple[bytes, bool]]:
        """Return the codes that were presented, and whether each was right."""
        return [
            (command[5:], answer == b"\x90\x07")
            for command, answer in self.sent
            if command[1] == PRESENT
        ]


def refused(image: MemoryImage, own: MemoryImage = OWN) -> tuple[Torn, str]:
    reader = Torn(image)
    with pytest.raises(ApduError) as caught:
        reader.put(own)
    return reader, str(caught.value)


# The way there ------------------------------------------------------------------------------------


def test_a_blank_chip_gets_all_but_its_own_bytes_and_its_code_last():
    reader = Torn(chip())
    reader.put()
    assert reader.card.image == done()
    codes = [TRANSPORT, *(partly(OWN.code, count) for count in (1, 2, 3))]
    assert reader.presented() == [(code, True) for code in codes]
    written = [
        (command[3], command[1]) for command, _ in reader.sent if command[1] in {0xD0, CHANGE}
    ]
    first_change = written.index((1, CHANGE))
    assert written[0] == (36, 0xD0)
    assert all(at >= 32 for at, ins in written if ins == 0xD0)
    assert written[first_change - 1] == (32, 0xD0)
    assert written[-1] == (35, 0xD0)  # the mark that all is done


def test_the_change_of_the_code_is_let_out_for_this_alone():
    assert set(PUT) - set(OURS) == {(0xFF, CHANGE)}
    assert PUT[0xFF, CHANGE] == frozenset()
    needed = Torn(chip())
    needed.put()
    assert {(command[0], command[1]) for command, _ in needed.sent} <= set(PUT)


def torn_anywhere(start: MemoryImage) -> Iterator[tuple[int, int]]:
    """Yield each command of a put and each state that it can leave the chip in."""
    whole = Torn(start)
    whole.put()
    for at, states in enumerate(whole.states):
        for state in sorted({n * (states - 1) // STATES_MAX for n in range(STATES_MAX + 1)}):
            yield at, state


USED = replace(
    done(), main=CHIPS_OWN + OWN.main[32:68] + bytes(range(188))
)  # desk and meter have written
OLD = chip(OWN.code, content=issued(expires=Civil(2020, 8, 1, 0, 0)).main[32:])
STRANGE = chip(content=bytes(range(224)))


BLANK = (chip(), chip(content=bytes(224)))


@pytest.mark.parametrize("start", [*BLANK, USED, OLD], ids=["blank", "zero", "used", "old"])
def test_a_card_torn_anywhere_is_put_again_and_loses_one_try_at_most(start):
    wrong = 0
    for at, state in torn_anywhere(start):
        torn = Torn(start, at, state)
        with pytest.raises(LinkError, match="torn"):
            torn.put()
        assert torn.card.image.main[:32] == CHIPS_OWN
        again = Torn(torn.card.image)
        again.put()
        assert again.card.image == done(), (at, state)
        failed = [right for _, right in again.presented()].count(False)
        assert failed <= 1, (at, state)
        wrong += failed
    assert bool(wrong) is (start in BLANK)  # where the code was known, none was wrong


def test_strange_content_is_overwritten_and_only_a_torn_presentation_stops_it():
    """Then the card may have any code, and is not risked."""
    stopped = set()
    for at, state in torn_anywhere(STRANGE):
        torn = Torn(STRANGE, at, state)
        with pytest.raises(LinkError, match="torn"):
            torn.put()
        again = Torn(torn.card.image)
        if torn.card.image == replace(STRANGE, counter=6):
            _, said = refused(torn.card.image)
            assert said == "code not presented, tries left: 2"
            stopped.add(at)
            continue
        again.put()
        assert again.card.image == done()
    whole = Torn(STRANGE)
    whole.put()
    instructions = [command[1] for command, _ in whole.sent]
    assert stopped == {instructions.index(PRESENT)}


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)), max_size=6))
def test_however_often_it_is_torn_the_last_try_is_left(cuts):
    image = chip()
    for at, state in cuts:
        torn = Torn(image, at, state)
        with suppress(LinkError, ApduError):
            torn.put()
        image = torn.card.image
    assert image.tries_left >= 1
    assert image.code in {partly(OWN.code, count) for count in range(4)}


def test_without_the_marks_a_torn_code_could_not_be_told():
    """The four codes a cut can leave: more than the tries there are."""
    left = set()
    for at, state in torn_anywhere(chip()):
        torn = Torn(chip(), at, state)
        with pytest.raises(LinkError):
            torn.put()
        left.add(torn.card.image.code)
    assert left == {partly(OWN.code, count) for count in range(4)}


# What is not put on -------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"\xff" * 224, bytes(range(224))], ids=["blank", "strange"])
def test_a_foreign_code_costs_one_try(content):
    reader, said = refused(chip(FOREIGN, content=content))
    assert said == "wrong code, tries left: 2"
    assert reader.card.image == chip(FOREIGN, counter=6, content=content)


def test_a_foreign_card_with_strange_content_is_asked_once_for_all():
    reader, _ = refused(chip(FOREIGN, content=bytes(range(224))))
    for _ in range(2):
        reader, said = refused(reader.card.image)
        assert said == "code not presented, tries left: 2"
        assert reader.card.image.tries_left == 2


def test_a_copy_of_ours_with_another_code_costs_one_try():
    reader, said = refused(replace(done(), code=FOREIGN))
    assert said == "wrong code, tries left: 2"
    assert reader.presented() == [(OWN.code, False)]


def test_a_card_with_one_try_left_is_not_risked():
    for image in (chip(counter=4), replace(done(), counter=4), chip(counter=0)):
        reader, said = refused(image)
        assert said.startswith("code not presented, tries left: ")
        assert reader.card.image == image


OTHERS = {
    "number": issued(number=8),
    "meter": issued(meter_id=541_000_000_002),
    "older": issued(expires=Civil(2020, 8, 1, 0, 0)),
}


BEGUN = [
    pytest.param(other, marks, id=f"{name}-{marks}")
    for name, other in OTHERS.items()
    for marks in (1, 2, 3, 4)
    if (name, marks) != ("older", 4)  # finished, it has the same code
]


@pytest.mark.parametrize(("other", "marks"), BEGUN)
def test_another_card_of_ours_keeps_its_tries(other, marks):
    """One of the same meter and number too, if it was only begun: its code may be of other keys."""
    content = other.main[32 : 32 + marks] + b"\xff" * (4 - marks) + other.main[36:]
    image = chip(other.code, content=content)
    reader, said = refused(image)
    assert "another budget card" in said
    assert reader.presented() == []
    assert reader.card.image == image


def test_a_reader_that_cannot_change_the_code_is_refused_before_any_try():
    card = MemoryCard(chip(), make=Make.PCSC)
    card.power_on()
    with pytest.raises(ApduError, match="make PC/SC cannot change the code"):
        put_cells(find_memory(Terminal(card.transmit)), OWN.main, OWN.code, whatever_lies_there)
    assert card.image == chip()


def test_a_card_with_files_is_none():
    with pytest.raises(ApduError, match="expected a memory card"):
        find_memory(Terminal(powered().transmit))


@pytest.mark.parametrize(
    "main",
    [chip().main, *(OWN.main[:mark] + b"\xff" + OWN.main[mark + 1 :] for mark in range(32, 36))],
)
def test_an_image_that_was_never_issued_is_not_put(main):
    reader = Torn(chip())
    reader.connect()
    with pytest.raises(LayoutError, match="identity part"):
        put_cells(find_memory(Terminal(reader.exchange)), main, OWN.code, whatever_lies_there)
    assert reader.presented() == []


@pytest.mark.parametrize(("ins", "said"), [(0xD0, "does not hold"), (CHANGE, "tries left: 2")])
def test_a_reader_that_only_says_it_did_is_seen(ins, said):
    card = MemoryCard(chip())
    card.power_on()

    def exchange(command: bytes) -> bytes:
        return b"\x90\x00" if command[1] == ins else card.transmit(command)

    with pytest.raises(ApduError, match=said):
        put_cells(find_memory(Terminal(exchange)), OWN.main, OWN.code, whatever_lies_there)
    assert card.image.code == TRANSPORT
    assert card.image.tries_left >= 2

"""The budget card on a memory chip: old or new after any cut, its code spent on no other card."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from itertools import chain, repeat
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.card.image import CardKind
from card_protocol.card.memory_card import Make, MemoryCard
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.carrier.carrier import BudgetCard, Credentials
from card_protocol.carrier.find import find_among, find_card, laid_open
from card_protocol.carrier.memory import MemoryBudgetCard
from card_protocol.errors import ApduError, LayoutError, MacError, NotGenuineError
from card_protocol.formats.budget import DF_ELECTRICITY, DF_OF, Sfi, WriteBackRecord
from card_protocol.formats.budget.generations import CardRecords
from card_protocol.formats.budget.making import personalise_card
from card_protocol.keys import Key, Purpose, Role, derive, memory_code
from card_protocol.terminal import Terminal
from meter_emu.desk.published_key import TEST_MASTER_KEY
from tests.card_protocol.test_budget_compact import METER, WRITE_BACKS, a_contents
from tests.cards import memory_card, raw_on
from tests.wide import up_to

DESK_KEY = derive(TEST_MASTER_KEY, Purpose.DESK_RECORD, METER)
METER_KEY = derive(TEST_MASTER_KEY, Purpose.METER_RECORD, METER)
CARD_KEY = derive(TEST_MASTER_KEY, Purpose.CARD_AUTH, METER)
PRESENT, WRITE = 0x20, {0xD0, 0xD6}
ON_EACH = pytest.mark.parametrize("make", list(Make), ids=lambda make: make.value)


class Cut(BaseException):
    """The power went away."""


@cache
def new_image() -> MemoryImage:
    return memory_card(personalise_card(TEST_MASTER_KEY, a_contents(), CardKind.MEMORY, pin="0000"))


def loaded(contents: CardRecords, cents: int) -> CardRecords:
    desk = contents.desk
    more = replace(
        desk,
        loaded_cents=desk.loaded_cents + cents,
        load_count=desk.load_count + 1,
        issued_at_min=desk.issued_at_min + 1,
    )
    return contents._replace(desk=more)


class Slot:
    """A powered card in a reader, counting commands; a cut may come in one of them."""

    def __init__(
        self,
        image: MemoryImage,
        *,
        make: Make = Make.ACS,
        cut_at: int | None = None,
        fate: Callable[[], int] = lambda: 0,
    ) -> None:
        self.card = MemoryCard(image, make=make)
        self.card.power_on()
        self.sent: list[bytes] = []
        self._cut_at = cut_at
        self._fate = fate

    def exchange(self, command: bytes) -> bytes:
        if len(self.sent) == self._cut_at:
            self.card.tear(command, self._fate)
            raise Cut
        self.sent.append(command)
        return self.card.transmit(command)

    def found(self, role: Role = Role.DESK) -> BudgetCard:
        card = find_card(Terminal(self.exchange), DF_ELECTRICITY)
        card.claimed()
        card.authenticate(Credentials(role, DESK_KEY, CARD_KEY), bytes(8))
        return card

    def instructions(self) -> list[int]:
        return [command[1] for command in self.sent]


def desk_visit(slot: Slot) -> None:
    card = slot.found()
    before = card.contents(DESK_KEY)
    card.save(before, loaded(before, 5_000), DESK_KEY)


def a_write_back(number: int) -> WriteBackRecord:
    return replace(next(iter(_drawn())), session_count=number, mac=bytes(8))


@cache
def _drawn() -> tuple[WriteBackRecord, ...]:
    """Return a write-back with a distinct value in every field that is carried."""
    date = bytes.fromhex("2007032301")
    return (
        WriteBackRecord(
            b"BB", 1, 1, METER, 0, None, date, 0, 61, 4_711, None, 17, None, 4_825_000_000, None,
            None, 5_000, 1, 1, None, 1, 1, 1, 3, date, date, None, None, None,
            None, None, None, b"\xff" * 24,
            bytes(8),
        ),
    )  # fmt: skip


def meter_visit(slot: Slot) -> None:
    card = slot.found(Role.METER)
    card.contents(DESK_KEY)
    card.write_back(a_write_back(9), METER_KEY)


VISITS: dict[Role, Callable[[Slot], None]] = {Role.DESK: desk_visit, Role.METER: meter_visit}
BY_VISIT = pytest.mark.parametrize("role", list(VISITS), ids=lambda role: role.name.lower())


def used() -> MemoryImage:
    """Return a card whose copies were all written, so that an old one lies under each new one."""
    image = new_image()
    for _ in range(3):
        slot = Slot(image)
        desk_visit(slot)
        again = Slot(slot.card.image)
        meter_visit(again)
        image = again.card.image
    return image


def said(image: MemoryImage) -> tuple[CardRecords, WriteBackRecord | None]:
    card = laid_open(image)
    return card.contents(DESK_KEY), card.written_back(METER_KEY)


# Reading and writing ------------------------------------------------------------------------------


@pytest.mark.slow("writes and reads drawn cards byte by byte")
@ON_EACH
@given(cents=up_to(2**31), record=WRITE_BACKS)
def test_what_was_written_is_read_through_either_make_of_reader(make, cents, record):
    slot = Slot(new_image(), make=make)
    card = slot.found()
    before = card.contents(DESK_KEY)
    after = card.save(before, loaded(before, cents), DESK_KEY)
    card.write_back(record, METER_KEY)
    found = Slot(slot.card.image, make=make).found()
    assert found.contents(DESK_KEY) == after
    assert replace(after.desk, mac=b"") == replace(loaded(before, cents).desk, mac=b"")
    back = found.written_back(METER_KEY)
    assert back is not None
    assert replace(back, mac=record.mac) == record


def test_a_visit_that_changes_nothing_writes_nothing():
    slot = Slot(new_image())
    card = slot.found()
    before = card.contents(DESK_KEY)
    assert card.save(before, before, DESK_KEY) == before
    assert not WRITE & set(slot.instructions())


def test_the_copies_are_written_in_turn():
    image, wrote = new_image(), []
    for _ in range(4):
        slot = Slot(image)
        desk_visit(slot)
        old, image = image.main, slot.card.image
        wrote.append([old[at : at + 44] != image.main[at : at + 44] for at in (64, 108)])
    assert wrote == [[False, True], [True, False]] * 2


def test_a_new_card_has_no_write_back():
    assert laid_open(new_image()).written_back(METER_KEY) is None


def test_among_the_energies_a_memory_card_is_found_at_once():
    slot = Slot(new_image())
    assert isinstance(find_among(Terminal(slot.exchange), DF_OF.values()), MemoryBudgetCard)
    assert [command.hex() for command in slot.sent] == [
        "00a4000c02df01", "ffa400000106", "ffb1000004",
    ]  # fmt: skip


# What is ours and what is the chip's --------------------------------------------------------------


def test_a_new_card_is_a_chip_as_delivered_with_our_bytes_behind():
    image = new_image()
    assert image.main[:32].hex() == "a2131091ffff8115" + "ff" * 13 + "d27600000400" + "ff" * 5
    assert [at for at in range(32) if image.protected(at)] == [0, 1, 2, 3, 6, 7, *range(21, 27)]
    assert image.tries_left == 3


@given(st.lists(st.sampled_from(list(Role)), max_size=8), st.integers(0, 2**32))
def test_no_visit_and_no_cut_touches_the_chips_own_bytes_or_protects_one(roles, seed):
    image, fate = new_image(), Random(seed)
    for role in roles:
        slot = Slot(image, cut_at=fate.randrange(14), fate=lambda: fate.randrange(256))
        with suppress(Cut, ApduError):
            VISITS[role](slot)
        slot.card.power_off()
        image = slot.card.image
        for command in slot.sent:
            assert command[1] not in {0xD1, 0xD2}  # no protection, no new code
            assert command[1] not in WRITE or command[3] >= 32
    assert image.main[:32] == new_image().main[:32]
    assert image.protection == new_image().protection
    assert image.code == new_image().code


def test_each_card_has_a_code_of_its_own():
    codes = set()
    for meter, number in ((METER, 1), (METER, 2), (METER + 1, 1)):
        identity = replace(a_contents().identity, meter_id=meter, card_number=number)
        records = a_contents()._replace(identity=identity)
        image = memory_card(personalise_card(TEST_MASTER_KEY, records, CardKind.MEMORY, pin="0000"))
        codes.add(image.code)
        assert image.code == memory_code(derive(TEST_MASTER_KEY, Purpose.CARD_AUTH, meter), number)
    assert len(codes) == 3
    assert b"\xff\xff\xff" not in codes


# The code and its tries ---------------------------------------------------------------------------


@BY_VISIT
def test_the_code_is_presented_once_a_session(role):
    slot = Slot(new_image())
    VISITS[role](slot)
    assert slot.instructions().count(PRESENT) == 1
    assert slot.card.image.tries_left == 3


@pytest.mark.parametrize("key", [Key(b"another operator"), METER_KEY])
def test_a_card_of_another_operator_keeps_its_tries(key):
    slot = Slot(new_image())
    with pytest.raises(MacError):
        slot.found().contents(key)
    assert PRESENT not in slot.instructions()
    assert slot.card.image == new_image()


def test_a_card_that_is_only_looked_at_is_shown_no_code():
    slot = Slot(new_image())
    assert slot.found().identity(DESK_KEY).meter_id == METER
    assert PRESENT not in slot.instructions()


def test_a_card_with_another_code_is_refused_and_keeps_its_last_try():
    image = replace(new_image(), code=b"\xff\xff\xff")
    for left in (2, 1, 1, 1):
        slot = Slot(image)
        with pytest.raises(NotGenuineError):
            slot.found().contents(DESK_KEY)
        assert slot.instructions().count(PRESENT) == (slot.card.image != image)
        slot.card.power_off()
        image = slot.card.image
        assert image.tries_left == left


def test_a_reader_that_cannot_show_the_tries_spends_them_one_a_session():
    """PC/SC part 3 has no command for the counter that we know of: a stated limit."""
    image = replace(new_image(), code=b"\xff\xff\xff")
    for left in (2, 1, 0):
        slot = Slot(image, make=Make.PCSC)
        with pytest.raises(NotGenuineError, match=f"tries left: {left}"):
            slot.found().contents(DESK_KEY)
        slot.card.power_off()
        image = slot.card.image


def test_a_blocked_card_is_read_and_not_believed():
    slot = Slot(replace(new_image(), counter=0))
    card = slot.found()
    assert card.identity(DESK_KEY).meter_id == METER
    with pytest.raises(NotGenuineError, match="tries left: 0"):
        card.contents(DESK_KEY)


# Spoiled and forged -------------------------------------------------------------------------------


def test_a_card_of_nobody_is_a_layout_error():
    blank = new_image().with_main(32, b"\xff" * 224)
    with pytest.raises(LayoutError, match="identity part"):
        find_card(Terminal(Slot(blank).exchange), DF_ELECTRICITY).claimed()
    with pytest.raises(LayoutError, match="desk part"):
        laid_open(new_image().with_main(64, b"\xff" * 88)).contents(DESK_KEY)


def test_a_forged_copy_counts_as_none():
    image = used()
    contents, _ = said(image)
    number = 0 if raw_on(image, Sfi.DESK) == image.main[64:108] else 1
    forged = image.with_main(64 + 44 * number + 4, b"\xff\xff\xff\xff")
    older, _ = said(forged)
    assert older.desk.loaded_cents == contents.desk.loaded_cents - 5_000
    with pytest.raises(MacError, match="no copy has a MAC"):
        laid_open(forged.with_main(64 + 44 * (1 - number), b"D" * 44)).contents(DESK_KEY)


def test_a_part_moved_from_another_meters_card_is_refused():
    identity = replace(a_contents().identity, meter_id=METER + 1)
    records = loaded(a_contents()._replace(identity=identity), 25_000)
    other = memory_card(personalise_card(TEST_MASTER_KEY, records, CardKind.MEMORY, pin="0000"))
    with pytest.raises(MacError):
        laid_open(new_image().with_main(68, other.main[68:110])).contents(DESK_KEY)


# Cuts ---------------------------------------------------------------------------------------------


def phases(count_: int, total: int) -> Callable[[], int]:
    """A fate that stops after exactly `count_` of `total` phases."""
    value = -(-(count_ << 16) // (total + 1))
    stream: Iterator[int] = chain((value >> 8, value & 0xFF), repeat(0))
    return lambda: next(stream)


@BY_VISIT
@ON_EACH
@pytest.mark.parametrize("image", [new_image(), used()], ids=["new card", "used card"])
def test_a_card_torn_in_any_phase_of_any_byte_is_old_or_new(image, role, make):
    """Every state a cut can leave: each byte of each write old, FF or new; each counter bit."""
    whole = Slot(image, make=make)
    VISITS[role](whole)
    old, new = said(image), said(whole.card.image)
    assert old != new
    seen, states = set(), 0
    for at, command in enumerate(whole.sent):
        trial = Slot(image, make=make, cut_at=at)
        with pytest.raises(Cut):
            VISITS[role](trial)
        before = Slot(image, make=make)
        for sent in whole.sent[:at]:
            before.exchange(sent)
        total = before.card.writing_us(command) // 2_500
        for done in range(total + 1):
            slot = Slot(image, make=make, cut_at=at, fate=phases(done, total))
            with pytest.raises(Cut):
                VISITS[role](slot)
            torn = slot.card.image
            found = said(torn)
            assert found in (old, new), (at, done)
            seen.add(found == new)
            states += 1
            if done % 8 == 0:
                again = Slot(torn, make=make)
                VISITS[role](again)  # and a visit after it goes well
                assert again.card.image.tries_left == 3
    assert seen == {False, True}
    assert states > 50


def test_a_carrier_that_wrote_over_the_copy_in_force_would_be_seen(monkeypatch):
    """The check can fail: with one copy only, a torn write leaves nothing."""
    monkeypatch.setattr("card_protocol.formats.budget.compact.COPY_COUNT", 1)
    whole = Slot(new_image())
    desk_visit(whole)
    at = next(n for n, command in enumerate(whole.sent) if command[1] in WRITE)
    slot = Slot(new_image(), cut_at=at, fate=phases(5, 60))
    with pytest.raises(Cut):
        desk_visit(slot)
    with pytest.raises(MacError):
        said(slot.card.image)


def test_two_cuts_in_the_same_few_milliseconds_leave_one_try_and_no_session():
    """The stated limit: a card that lost two tries to cuts is not risked; a new one replaces it."""
    image = new_image()
    for left in (2, 1):
        slot = Slot(image, cut_at=7, fate=phases(1, 2))  # the eighth command presents the code
        with pytest.raises(Cut):
            desk_visit(slot)
        image = slot.card.image
        assert image.tries_left == left
    with pytest.raises(NotGenuineError, match="not presented, tries left: 1"):
        desk_visit(Slot(image))

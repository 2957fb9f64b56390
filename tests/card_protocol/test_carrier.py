"""Records on a file card: found in two SELECTs, moved as bytes, old or new after any cut."""

from collections.abc import Callable
from functools import partial
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.card.files import FileTree
from card_protocol.card.image import CardImage, CardKind, blank, personalise
from card_protocol.card.virtual import FileCard, card_of
from card_protocol.carrier.carrier import Carrier, Credentials
from card_protocol.carrier.find import (
    ImageRecords,
    PlainCarrier,
    SecureCarrier,
    find_among,
    find_card,
)
from card_protocol.errors import ApduError, LayoutError
from card_protocol.formats.budget import DF_ELECTRICITY, DF_GAS, Sfi
from card_protocol.formats.budget.making import plain_tree, record_on, secure_tree, with_record
from card_protocol.formats.container import SLOT_BYTES
from card_protocol.keys import Role
from card_protocol.terminal import Terminal
from tests.card_protocol.cards import (
    RECORDS,
    RECORDS_OF,
    SIZES,
    SIZES_OF,
    TERMINAL_RANDOM,
    budget_image,
    counting_rng,
    plain_image,
)

IMAGES: dict[CardKind, Callable[[], CardImage]] = {
    CardKind.SECURE: budget_image,
    CardKind.PLAIN: plain_image,
}
ON_EACH = pytest.mark.parametrize("kind", list(IMAGES), ids=lambda kind: kind.name.lower())
CARRIERS: dict[CardKind, Callable[[Terminal], Carrier]] = {
    CardKind.SECURE: SecureCarrier,
    CardKind.PLAIN: PlainCarrier,
}
NEW_OF = {
    generation: {sfi: bytes((0xF0 | sfi,)) * size for sfi, size in sizes.items()}
    for generation, sizes in SIZES_OF.items()
}
NEW = NEW_OF[1]
DESK_FILES = (Sfi.DESK,)


class Cut(BaseException):
    """The power went away."""


class Slot:
    """A powered card in a slot, counting commands."""

    def __init__(self, image: CardImage) -> None:
        self.card: FileCard = card_of(image, counting_rng())
        self.card.power_on()
        self.sent: list[bytes] = []
        self.terminal = Terminal(self.exchange)

    def exchange(self, command: bytes) -> bytes:
        self.sent.append(command)
        return self.card.transmit(command)

    def carrier(self, role: Role = Role.DESK) -> Carrier:
        find_card(self.terminal, DF_ELECTRICITY)
        found = CARRIERS[self.card.image.kind](self.terminal)
        image = budget_image()  # the keys a secure card has; a plain one is asked for none
        key = {Role.METER: image.meter_key, Role.DESK: image.desk_key}[role]
        found.authenticate(Credentials(role, key, image.card_key), TERMINAL_RANDOM)
        return found


class Tearing(Slot):
    """A slot whose power goes while the card writes for its n-th command."""

    def __init__(self, image: CardImage, at: int, fate: Callable[[], int]) -> None:
        super().__init__(image)
        self._at = at
        self._fate = fate

    def exchange(self, command: bytes) -> bytes:
        if len(self.sent) < self._at:
            return super().exchange(command)
        self.card.tear(command, self._fate)
        raise Cut


def records(image: CardImage) -> dict[Sfi, bytes]:
    return {sfi: record_on(image, sfi) for sfi in Sfi}


# Finding ------------------------------------------------------------------------------------------


def test_two_selects_at_most_tell_which_carrier_it_is():
    slot = Slot(budget_image())
    find_card(slot.terminal, DF_ELECTRICITY)
    assert [command.hex() for command in slot.sent] == ["00a4000c02df01"]
    slot = Slot(plain_image())
    find_card(slot.terminal, DF_ELECTRICITY)
    assert [command.hex() for command in slot.sent] == ["00a4000c02df01", "00a4000c02be01"]


@ON_EACH
def test_among_applications_the_one_that_the_card_has_is_found(kind):
    image, others = IMAGES[kind](), [0xDF02, DF_GAS]
    for place in range(3):
        slot = Slot(image)
        find_among(slot.terminal, [*others[:place], DF_ELECTRICITY, *others[place:]])
        tried = 2 * place  # each of the others by its DF, then by its file
        assert len(slot.sent) == tried + (1 if kind is CardKind.SECURE else 2)
    with pytest.raises(ApduError, match="no budget card") as caught:
        find_among(Slot(image).terminal, others)
    assert caught.value.sw == 0x6A82


def test_a_card_image_without_a_record_says_which():
    with pytest.raises(LayoutError, match="at offset 0 expected record 9, got no such file"):
        ImageRecords(budget_image()).read(9, 4)


def test_a_card_that_is_neither_is_refused_after_two_selects():
    key = budget_image().desk_key
    nothing = FileTree(())
    slot = Slot(personalise(nothing, (), pin="1234", meter_key=key, desk_key=key, card_key=key))
    with pytest.raises(ApduError, match="no budget card: select BE01: 6A82"):
        find_card(slot.terminal, DF_ELECTRICITY)
    assert len(slot.sent) == 2


def test_a_card_that_refuses_for_another_reason_is_not_asked_again():
    slot = Slot(blank())
    with pytest.raises(ApduError, match="select DF01: 6985"):
        find_card(slot.terminal, DF_ELECTRICITY)
    assert len(slot.sent) == 1


def test_a_card_that_is_both_is_held_to_the_stronger_promises():
    image = budget_image()
    trees = (secure_tree(DF_ELECTRICITY, 1), plain_tree(DF_ELECTRICITY))
    both = FileTree(spec for tree in trees for spec in tree.specs)
    slot = Slot(
        personalise(
            both,
            (*image.contents, *plain_image().contents),
            meter_key=image.meter_key,
            desk_key=image.desk_key,
            card_key=image.card_key,
            pin="7816",
        )
    )
    find_card(slot.terminal, DF_ELECTRICITY)
    assert len(slot.sent) == 1


def test_a_plain_file_without_a_whole_copy_is_a_layout_error():
    slot = Slot(plain_image().with_part(0, 0, b"XX"))
    with pytest.raises(LayoutError, match="a copy that is whole"):
        slot.carrier().read(Sfi.IDENTITY, 48)


# Moving bytes -------------------------------------------------------------------------------------


@ON_EACH
def test_records_are_read_and_written_as_bytes(kind):
    slot = Slot(IMAGES[kind]())
    carrier = slot.carrier()
    for sfi, raw in RECORDS.items():
        assert carrier.read(sfi, len(raw)) == raw
        assert carrier.read(sfi, 5) == raw[:5]
    changes: dict[int, bytes] = {sfi: NEW[sfi] for sfi in DESK_FILES}
    carrier.write(changes)
    assert records(slot.card.image) == RECORDS | changes
    for written, raw in changes.items():
        assert carrier.read(written, len(raw)) == raw
    assert Slot(slot.card.image).carrier().read(Sfi.DESK, 64) == NEW[Sfi.DESK]


@ON_EACH
def test_what_does_not_fit_is_refused_and_changes_nothing(kind):
    slot = Slot(IMAGES[kind]())
    carrier = slot.carrier()
    refused = (ApduError, LayoutError)
    with pytest.raises(refused):
        carrier.read(Sfi.DESK, 65)
    with pytest.raises(refused):
        carrier.read(9, 1)
    with pytest.raises(refused):
        carrier.write({Sfi.DESK: bytes(65)})
    assert records(slot.card.image) == RECORDS


def test_a_plain_card_is_read_once_a_session_and_shown_the_pin_once():
    slot = Slot(plain_image())
    carrier = slot.carrier()
    for sfi in Sfi:
        carrier.read(sfi, SIZES[sfi])
    assert [command[1] for command in slot.sent[2:]] == [0xB0] * 4
    carrier.write({Sfi.DESK: NEW[Sfi.DESK]})
    carrier.write({Sfi.DESK: NEW[Sfi.DESK]})
    assert [command[1] for command in slot.sent[6:]] == [0x20] + [0xD6] * 4


def test_the_pin_is_not_shown_to_a_card_that_is_only_read():
    """A foreign card with another PIN keeps its tries."""
    slot = Slot(plain_image())
    slot.carrier().read(Sfi.IDENTITY, 48)
    assert 0x20 not in [command[1] for command in slot.sent]


def test_a_plain_card_writes_to_its_copies_in_turn():
    image, wrote = plain_image(), []
    for _ in range(4):
        slot = Slot(image)
        slot.carrier().write({Sfi.DESK: NEW[Sfi.DESK]})
        old, image = image.contents[0], slot.card.image
        wrote.append([old[at:][:512] != image.contents[0][at:][:512] for at in (0, SLOT_BYTES)])
    assert wrote == [[False, True], [True, False]] * 2


@ON_EACH
@given(st.data())
def test_a_record_put_behind_everybodys_back_is_read(kind, data):
    sfi = data.draw(st.sampled_from(Sfi))
    raw = data.draw(st.binary(min_size=SIZES[sfi], max_size=SIZES[sfi]))
    image = with_record(IMAGES[kind](), sfi, raw)
    assert records(image) == RECORDS | {sfi: raw}
    assert Slot(image).carrier().read(sfi, len(raw)) == raw


# Cuts ---------------------------------------------------------------------------------------------


def desk_visit(carrier: Carrier, generation: int = 1) -> None:
    carrier.write({sfi: NEW_OF[generation][sfi] for sfi in DESK_FILES})


def meter_visit(carrier: Carrier, generation: int = 1) -> None:
    for sfi, size in SIZES_OF[generation].items():
        carrier.read(sfi, size)
    carrier.write({Sfi.WRITE_BACK: NEW[Sfi.WRITE_BACK]})


VISITS = {Role.DESK: desk_visit, Role.METER: meter_visit}
BY_VISIT = pytest.mark.parametrize("role", list(VISITS), ids=lambda role: role.name.lower())
BY_GENERATION = pytest.mark.parametrize("generation", SIZES_OF)


def after_visit(role: Role, generation: int) -> dict[Sfi, bytes]:
    """Return what is on the card after a visit that nobody tears."""
    written = DESK_FILES if role is Role.DESK else (Sfi.WRITE_BACK,)
    return RECORDS_OF[generation] | {sfi: NEW_OF[generation][sfi] for sfi in written}


def commands(image: CardImage, role: Role, generation: int = 1) -> list[bytes]:
    slot = Slot(image)
    VISITS[role](slot.carrier(role), generation)
    return slot.sent


def after_cut(
    image: CardImage, role: Role, at: int, fate: Callable[[], int], generation: int = 1
) -> CardImage:
    slot = Tearing(image, at, fate)
    with pytest.raises(Cut):
        VISITS[role](slot.carrier(role), generation)
    return slot.card.image


def used(generation: int = 1) -> CardImage:
    """A plain card both of whose slots were written, so that an old copy lies under a new one."""
    slot = Slot(plain_image(generation))
    for filler in (b"\x11", b"\x22"):
        slot.carrier().write({Sfi.DESK: filler * SIZES_OF[generation][Sfi.DESK]})
    slot.carrier().write({Sfi.DESK: RECORDS_OF[generation][Sfi.DESK]})
    return slot.card.image


def prefix(done: int, size: int) -> Callable[[], int]:
    """A fate that stops exactly after `done` of `size` bytes."""
    stream = iter([-(-done * 256 // size)])
    return lambda: next(stream, 0)


@pytest.mark.slow("tries every value", short=3)
@BY_VISIT
@BY_GENERATION
@pytest.mark.parametrize("make", [plain_image, used], ids=["new card", "used card"])
def test_a_plain_card_torn_after_any_byte_of_any_write_is_old_or_new(make, generation, role):
    image, old, new = make(generation), RECORDS_OF[generation], after_visit(role, generation)
    count = 0
    for at, command in enumerate(commands(image, role, generation)):
        data = command[5:] if command[1] == 0xD6 else b""
        for done in range(max(1, len(data))):
            torn = after_cut(image, role, at, prefix(done, len(data) or 1), generation)
            assert records(torn) == old, (at, done)
            slot = Slot(torn)
            VISITS[role](slot.carrier(role), generation)
            assert records(slot.card.image) == new
            count += 1
    assert count > 278


@pytest.mark.slow("tears drawn cards")
@BY_VISIT
@BY_GENERATION
@given(st.integers(0, 2**32), st.booleans())
def test_a_plain_card_torn_anyhow_is_old_or_new(role, generation, seed, worn):
    image = used(generation) if worn else plain_image(generation)
    old, new = RECORDS_OF[generation], after_visit(role, generation)
    sent = commands(image, role, generation)
    writes = [at for at, command in enumerate(sent) if command[1] == 0xD6]
    for at in writes:
        fate = Random(seed)
        numbers = partial(fate.randrange, 256)
        torn = after_cut(image, role, at, numbers, generation)
        assert records(torn) in (old, new)
        again = after_cut(torn, role, at, numbers, generation)
        assert records(again) in (old, new)
        slot = Slot(again)
        VISITS[role](slot.carrier(role), generation)
        assert records(slot.card.image) == new


@BY_VISIT
@BY_GENERATION
def test_a_secure_card_torn_at_any_command_has_each_record_old_or_new(generation, role):
    image = budget_image(generation)
    for at in range(len(commands(image, role, generation))):
        torn = after_cut(image, role, at, lambda: 0, generation)
        for sfi, raw in records(torn).items():
            assert raw in (RECORDS_OF[generation][sfi], NEW_OF[generation][sfi])


def test_a_carrier_that_wrote_over_the_copy_in_force_would_be_seen(monkeypatch):
    """The check can fail: with one slot only, a torn write leaves nothing."""
    monkeypatch.setattr("card_protocol.carrier.find.SLOT_COUNT", 1)
    at = len(commands(plain_image(), Role.DESK)) - 1
    torn = after_cut(plain_image(), Role.DESK, at, prefix(10, 60))
    with pytest.raises(LayoutError, match="a copy that is whole"):
        records(torn)

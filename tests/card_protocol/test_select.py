"""SELECT as ISO/IEC 7816-4 has it: by identifier, by path, by name; and who may do what."""

from itertools import product

import pytest

from card_protocol.apdu import CommandApdu, ResponseApdu
from card_protocol.card.files import MF, Access, FileSpec, FileTree
from card_protocol.card.image import CardKind, personalise
from card_protocol.card.virtual import FileCard, card_of
from card_protocol.words import meaning
from meter_emu.desk.desk import Desk
from meter_emu.desk.published_key import TEST_MASTER_KEY
from tests.card_protocol.ber import parsed
from tests.cards import file_card
from tests.cells import each_cell

NOT_FOUND = 0x6A82
FIDS = (0x3F00, 0xDF01, 0xDF02, 0xEF01, 0xEF02, 0xEF03, 0x1234)


def secure() -> FileCard:
    image = file_card(Desk(TEST_MASTER_KEY, challenge=bytes).issue(1, issued_at_min=0))
    card = card_of(image, bytes)
    card.power_on()
    return card


def select(card: FileCard, p1: int, *fids: int, p2: int = 0x0C, ne: int = 0) -> ResponseApdu:
    data = b"".join(fid.to_bytes(2, "big") for fid in fids)
    command = CommandApdu(0, 0xA4, p1, p2, data, ne=ne or None)
    return ResponseApdu.parse(card.transmit(command.to_bytes()))


def where(card: FileCard) -> tuple[int, int | None]:
    """Return the current DF and EF as the card shows them: by what it reads and finds."""
    assert card._session is not None
    return card._session.df, card._session.ef


@pytest.mark.parametrize("p1", [0x08, 0x09])
def test_every_path_of_up_to_three_ends_where_one_step_after_the_other_does(p1):
    """The oracle goes by identifiers; on the way there are DFs of the MF and nothing else."""
    for begin in (0x3F00, 0xDF01):
        for length in (1, 2, 3):
            for fids in product(FIDS, repeat=length):
                card, other = secure(), secure()
                for one in (card, other):
                    select(one, 0x00, begin)
                if p1 == 0x08:
                    select(other, 0x00)
                at_mf = where(other)[0] == MF
                fine = True
                for step, fid in enumerate(fids):
                    is_df = fid == 0xDF01
                    inner = step < length - 1
                    fine = fine and fid != MF and (at_mf if is_df else not inner)
                    fine = fine and select(other, 0x00, fid).sw == 0x9000
                    at_mf = at_mf and not is_df
                answer = select(card, p1, *fids)
                assert answer.sw == (0x9000 if fine else NOT_FOUND), (hex(begin), fids)
                if fine:
                    assert where(card) == where(other)
                else:
                    assert where(card) == (begin, None), "the selection stays"


def named(card: FileCard, name: bytes, p2: int = 0x00) -> ResponseApdu:
    command = CommandApdu(0, 0xA4, 0x04, p2, name, ne=256)
    return ResponseApdu.parse(card.transmit(command.to_bytes()))


NAME = bytes.fromhex("f06d657465722d656d75df01")


@each_cell("size", range(1, 13))
def test_the_application_is_selected_by_its_name_and_by_the_beginning_of_it(size):
    """ISO/IEC 7816-4, "SELECT command": a partial DF name selects the first that begins so."""
    card = secure()
    answer = named(card, NAME[:size])
    assert answer.sw == 0x9000
    assert where(card) == (0xDF01, None)
    ((template, content),) = parsed(answer.data)
    assert template == 0x6F
    assert dict(parsed(content))[0x84] == NAME


@each_cell("size", range(1, 17))
def test_another_name_is_not_found_and_changes_nothing(size):
    for name in ((b"\xa0" * size), NAME[: size - 1] + b"\x00", (NAME + b"\x00" * 4)[: 12 + size]):
        card = secure()
        select(card, 0x00, 0xDF01)
        select(card, 0x02, 0xEF01)
        assert named(card, name).sw == (0x9000 if NAME.startswith(name) else NOT_FOUND)
        assert (where(card)[1] is None) is NAME.startswith(name)


def test_a_plain_card_has_no_application_to_name():
    desk = Desk(TEST_MASTER_KEY, challenge=bytes)
    card = card_of(desk.issue(1, issued_at_min=0, card_kind=CardKind.PLAIN), bytes)
    card.power_on()
    assert isinstance(card, FileCard)
    assert named(card, NAME).sw == named(card, NAME[:1]).sw == NOT_FOUND


@each_cell(
    ("begin", "p1", "fids", "end"),
    [
        (0x3F00, 0x01, (0xDF01,), (0xDF01, None)),
        (0x3F00, 0x01, (0x3F00,), None),
        (0x3F00, 0x01, (0xEF01,), None),
        (0xDF01, 0x01, (0xDF01,), None),
        (0xDF01, 0x01, (0xEF01,), None),
        (0x3F00, 0x02, (0xEF01,), None),
        (0xDF01, 0x02, (0xEF01,), (0xDF01, 0)),
        (0xDF01, 0x02, (0xEF03,), (0xDF01, 2)),
        (0xDF01, 0x02, (0xDF01,), None),
        (0xDF01, 0x02, (0x3F00,), None),
        (0xDF01, 0x03, (), (0x3F00, None)),
        (0x3F00, 0x03, (), None),
    ],
)
def test_children_and_parents_are_selected_as_such(begin, p1, fids, end):
    """ISO/IEC 7816-4, table "P1 of SELECT": 01 a child DF, 02 an EF of this DF, 03 the parent."""
    card = secure()
    select(card, 0x00, begin)
    assert select(card, p1, *fids).sw == (0x9000 if end else NOT_FOUND)
    assert where(card) == (end or (begin, None))


@each_cell(
    ("p1", "size"),
    [
        (0x08, 0),
        (0x08, 3),
        (0x09, 1),
        (0x04, 0),
        (0x00, 4),
        (0x01, 0),
        (0x01, 4),
        (0x02, 0),
        (0x02, 1),
        (0x03, 2),
    ],
)
def test_a_length_that_goes_with_no_such_selection_is_6700(p1, size):
    command = bytes((0, 0xA4, p1, 0x0C, *((size, *bytes(size)) if size else ())))
    assert secure().transmit(command) == b"\x67\0"


def test_class_a0_of_old_phone_cards_is_not_supported():
    assert secure().transmit(bytes.fromhex("a0a40000023f00")) == b"\x6e\0"


@each_cell("rule", Access)
def test_the_conditions_are_what_the_card_then_asks_for(rule):
    """Compact format: AM 03 says that UPDATE's condition and then READ's follows."""
    tree = FileTree([FileSpec(MF, 0xAA01, 1, 4, read=rule, update=Access.ALWAYS)])
    key = TEST_MASTER_KEY
    image = personalise(tree, (b"abcd",), meter_key=key, desk_key=key, card_key=key, pin="1234")
    assert image.kind is CardKind.SECURE
    card = card_of(image, bytes)
    card.power_on()
    answer = select(card, 0x00, 0xAA01, p2=0x04, ne=256)
    ((_, template),) = parsed(answer.data)
    ((_, shown),) = [one for one in parsed(template) if one[0] == 0x8C]
    assert shown[:2] == b"\x03\x00"
    free = card.transmit(bytes.fromhex("00b0000001"))[-2:] == b"\x90\0"
    assert (shown[2] == 0x00) is free is (rule is Access.ALWAYS)
    assert (shown[2] == 0xFF) is (rule is Access.NEVER)
    assert bool(shown[2] & 0x10) is (rule in {Access.PIN, Access.NEVER})


def test_a_trace_says_the_path():
    assert meaning(bytes.fromhex("00a4080c04df01ef01"), b"\x90\0").startswith("SELECT /DF01/EF01")
    assert meaning(bytes.fromhex("00a4090c02ef01"), b"\x90\0").startswith("SELECT ./EF01")

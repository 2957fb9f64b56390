"""Cards that go away: each record is old or new, and doing it again ends where it should."""

import itertools
from collections.abc import Callable, Iterator

import pytest

from card_protocol.card.image import CardKind
from card_protocol.errors import LinkError, LinkErrorKind
from card_protocol.formats.budget import Sfi
from meter_emu.desk.desk import Account, Desk, Exchange, Work
from meter_emu.desk.pricing import Pricing
from tests.cells import each_cell
from tests.desk.reader import BY_DEED, DEEDS, ISSUED, ON_EACH, ORDERING, Reader, dates


def cut_after(exchange: Exchange, count: int) -> Exchange:
    """Pull the card out after `count` commands; the last one is obeyed or not, never half."""
    left = itertools.chain([True] * count, itertools.repeat(False))

    def torn(command: bytes) -> bytes:
        if next(left):
            return exchange(command)
        raise LinkError(LinkErrorKind.CARD_GONE)

    return torn


def torn_within(reader: Reader, count: int, done: int, size: int) -> Exchange:
    """Pull a card out while it writes for command `count`, after `done` of its `size` bytes."""
    numbers = itertools.chain([-(-done * 256 // size)], itertools.repeat(0))
    sent = itertools.count()

    def torn(command: bytes) -> bytes:
        if next(sent) < count:
            return reader.exchange(command)
        reader.card.tear(command, lambda: next(numbers))
        raise LinkError(LinkErrorKind.CARD_GONE)

    return torn


def commands_of(deed: Callable[[Desk, Exchange], Account], kind: CardKind) -> list[bytes]:
    reader = Reader(kind=kind)
    sent: list[bytes] = []

    def noting(command: bytes) -> bytes:
        sent.append(command)
        return reader.exchange(command)

    deed(reader.desk, noting)
    return sent


def torn_readers(
    deed: Callable[[Desk, Exchange], Account], kind: CardKind, every: int = 1
) -> Iterator[Reader]:
    """Yield readers whose card was torn out: between all commands, and after `every` byte of all
    that a plain card writes.
    """
    for count, command in enumerate(commands_of(deed, kind)):
        reader = Reader(kind=kind)
        with pytest.raises(LinkError):
            deed(reader.desk, cut_after(reader.exchange, count))
        yield reader
        size = len(command) - 5 if command[1] == 0xD6 else 0
        for done in range(0, size if kind is CardKind.PLAIN else 0, every):
            reader = Reader(kind=kind)
            with pytest.raises(LinkError):
                deed(reader.desk, torn_within(reader, count, done, size))
            reader.link.connect()
            yield reader


@pytest.mark.slow("tears a card anywhere", short=8)
@ON_EACH
@BY_DEED
def test_a_torn_session_leaves_each_record_old_or_new(deed, kind):
    whole = Reader(kind=kind)
    old = whole.files()
    DEEDS[deed](whole.desk, whole.exchange)
    new = whole.files()
    assert old != new
    for reader in torn_readers(DEEDS[deed], kind):
        for was, now, found in zip(old, new, reader.files(), strict=True):
            assert found in (was, now)
        reader.desk.account(reader.exchange)  # and every one of them still opens


@ON_EACH
@pytest.mark.parametrize("deed", ORDERING)
def test_a_torn_order_done_again_ends_where_it_should(deed, kind):
    whole = Reader(kind=kind)
    want = DEEDS[deed](whole.desk, whole.exchange)
    for reader in torn_readers(DEEDS[deed], kind, every=16):
        again = DEEDS[deed](reader.desk, reader.exchange)
        assert again.desk.flags == want.desk.flags
        assert dates(again.desk) == dates(want.desk)
        assert again.desk.tariff_number == want.desk.tariff_number


def test_a_load_whose_answer_is_lost_shows_in_the_wallet(reader: Reader):
    """The clerk looks before loading again; the desk cannot know from the error alone."""

    left = len(commands_of(DEEDS["load"], reader.card.image.kind))

    def lost(command: bytes) -> bytes:
        nonlocal left
        answer, left = reader.exchange(command), left - 1
        if left == 0:
            raise LinkError(LinkErrorKind.CARD_GONE)
        return answer

    with pytest.raises(LinkError):
        reader.desk.serve(lost, Work(load_cents=5000), issued_at_min=ISSUED)
    assert reader.desk.account(reader.exchange).desk.loaded_cents == 5000


@each_cell(
    "work",
    [
        Work(load_cents=5_000),
        Work(load_cents=5_000, prepayment=False),
        Work(load_cents=5_000, tariff=Pricing.of(2, 300)),
    ],
)
def test_a_visit_is_one_write_of_one_record(work):
    """A card that is torn out between two writes would hold half a visit."""
    reader, sent = Reader(kind=CardKind.SECURE), list[bytes]()

    def noting(command: bytes) -> bytes:
        sent.append(command)
        return reader.exchange(command)

    reader.desk.serve(noting, work, issued_at_min=ISSUED)
    assert [Sfi(command[2] & 0x1F) for command in sent if command[1] == 0xD6] == [Sfi.DESK]

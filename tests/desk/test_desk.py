"""The office: one order is one state, no number is used twice, a bad card is left alone."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from card_protocol.authentication import Role
from card_protocol.card.image import Kind
from card_protocol.card.make import AnyImage, card_of
from card_protocol.carrier.base import Credentials
from card_protocol.carrier.find import find_card
from card_protocol.carrier.image import laid_open
from card_protocol.errors import (
    ApduError,
    CardProtocolError,
    LayoutError,
    LinkError,
    LinkErrorKind,
    MacError,
)
from card_protocol.formats import budget
from card_protocol.formats.budget import (
    DF_ELECTRICITY,
    NO_TOKEN,
    Energy,
    Order,
    OrderFlags,
    Result,
    Sfi,
    WriteBack,
    open_sealed,
    reactivation_token_valid,
    seal,
)
from card_protocol.formats.generations import AnyOrder, layouts
from card_protocol.keys import Key, Purpose, derive
from card_protocol.link.direct import DirectLink
from card_protocol.terminal import Terminal
from card_protocol.timestamp import BCD_NONE, Civil, decode_bcd_minute
from meter_emu.desk.bench_key import BENCH_MASTER_KEY
from meter_emu.desk.codec import DeskCodec, Written
from meter_emu.desk.dates import DeskDates, Reading
from meter_emu.desk.desk import Account, Desk, Exchange, Work
from meter_emu.desk.pricing import Pricing
from meter_emu.errors import DeskError
from tests.cards import raw_on, resealed_part, with_raw

METER = 541_000_000_001
ISSUED = 10_734_240
T1 = Civil(2020, 6, 30, 9, 0)
T2 = Civil(2020, 7, 3, 23, 1)
DESK_KEY = derive(BENCH_MASTER_KEY, Purpose.DESK_RECORD, METER)
METER_KEY = derive(BENCH_MASTER_KEY, Purpose.METER_RECORD, METER)
TOKEN_KEY = derive(BENCH_MASTER_KEY, Purpose.REACTIVATION, METER)


def counted() -> Callable[[int], bytes]:
    """Return a source of bytes that differ from call to call and from run to run never."""
    numbers = itertools.count(1)
    return lambda size: next(numbers).to_bytes(size, "big")


class Reader:
    """A desk with a card in its reader."""

    def __init__(
        self,
        desk: Desk | None = None,
        image: AnyImage | None = None,
        kind: Kind = Kind.SECURE,
    ) -> None:
        self.desk = desk or Desk(BENCH_MASTER_KEY, challenge=counted())
        first = image or self.desk.issue(METER, issued_at_min=ISSUED, kind=kind)
        self.card = card_of(first, counted())
        self.link = DirectLink(self.card)
        self.link.connect()
        self.exchange = self.link.exchange

    def put(self, sfi: Sfi, raw: bytes) -> None:
        """Change a file behind everybody's back."""
        self.link.disconnect()
        self.card = card_of(with_raw(self.card.image, sfi, raw), counted())
        self.link = DirectLink(self.card)
        self.link.connect()
        self.exchange = self.link.exchange

    def reseal(self, sfi: Sfi, **changes: Any) -> None:
        """Change a record and seal it as only the desk can."""
        if self.in_parts:
            self.put(sfi, resealed_part(self.card.image, sfi, **changes))
            return
        layout = layouts(1)[sfi]
        record = open_sealed(layout, self.file(sfi), DESK_KEY, METER)
        self.put(sfi, seal(layout, replace(record, **changes), DESK_KEY, METER))

    @property
    def in_parts(self) -> bool:
        """Whether the card has parts and no records."""
        return self.card.image.kind is Kind.MEMORY

    def file(self, sfi: Sfi) -> bytes:
        return raw_on(self.card.image, sfi)

    def files(self) -> tuple[bytes, ...]:
        return tuple(self.file(sfi) for sfi in Sfi)

    def order(self) -> Order:
        order = laid_open(self.card.image).contents(DESK_KEY).order
        assert isinstance(order, Order)
        return order


@pytest.fixture(params=list(Kind), ids=lambda kind: kind.name.lower())
def reader(request: pytest.FixtureRequest) -> Reader:
    return Reader(kind=request.param)


def dates(order: AnyOrder) -> tuple[Civil | None, Civil | None]:
    return decode_bcd_minute(order.defer_until), decode_bcd_minute(order.cut_at)


DEEDS: dict[str, Callable[[Desk, Exchange], Account]] = {
    "load": lambda d, x: d.load(x, 5000, issued_at_min=ISSUED + 1),
    "defer": lambda d, x: d.defer(x, T1, issued_at_min=ISSUED + 1),
    "cut": lambda d, x: d.programme_cut(x, T2, issued_at_min=ISSUED + 1),
    "arm": lambda d, x: d.arm(x, defer_until=T1, cut_at=T2, issued_at_min=ISSUED + 1),
    "reactivate": lambda d, x: d.reactivate(x, issued_at_min=ISSUED + 1),
    "prepayment": lambda d, x: d.prepayment(x, on=False, issued_at_min=ISSUED + 1),
    "limiter": lambda d, x: d.limiter(x, granted=True, issued_at_min=ISSUED + 1),
    "tariff": lambda d, x: d.change_tariff(x, 2, 275, issued_at_min=ISSUED + 1),
}
ORDERING = sorted(DEEDS.keys() - {"load"})
ON_EACH = pytest.mark.parametrize("kind", list(Kind), ids=lambda kind: kind.name.lower())
BY_DEED = pytest.mark.parametrize("deed", DEEDS)


# A new card ---------------------------------------------------------------------------------------


def test_a_new_card_has_nothing_loaded_and_no_order(reader):
    account = reader.desk.account(reader.exchange)
    assert account.identity.meter_id == METER
    assert (account.wallet.loaded_cents, account.wallet.load_count) == (0, 0)
    assert account.order.number == 0
    assert dates(account.order) == (None, None)
    assert account.order.token == NO_TOKEN
    assert account.order.flags == OrderFlags.PREPAYMENT_ON
    assert account.order.tariff_number == account.tariff.number == 1
    assert account.tariff.price_ueur_per_wh == 250
    assert reader.desk.read_back(reader.exchange) is None


@pytest.mark.parametrize("meter", [0, -1, 2**64])
def test_a_meter_number_that_cannot_be_is_refused(meter):
    with pytest.raises(DeskError, match="meter number"):
        Desk(BENCH_MASTER_KEY).issue(meter, issued_at_min=ISSUED)


# Money --------------------------------------------------------------------------------------------


def test_loads_add_up_and_are_counted(reader):
    for cents in (500, 5000, 25_000):
        reader.desk.load(reader.exchange, cents, issued_at_min=ISSUED)
    wallet = reader.desk.account(reader.exchange).wallet
    assert (wallet.loaded_cents, wallet.load_count) == (30_500, 3)


@pytest.mark.parametrize("cents", [-1, 0, 1, 499, 25_001, 25_100, 2**32])
def test_a_load_outside_5_to_250_euro_is_refused_and_nothing_written(reader, cents):
    before = reader.files()
    with pytest.raises(DeskError, match=r"5\.00 EUR to 250\.00 EUR"):
        reader.desk.load(reader.exchange, cents, issued_at_min=ISSUED)
    assert reader.files() == before


@pytest.mark.parametrize("cents", [-1, 499, 25_001])
def test_a_visit_with_such_a_load_is_refused_as_a_whole(reader, cents):
    before, work = reader.files(), Work(load_cents=cents, limiter_granted=True)
    with pytest.raises(DeskError, match="a load is"):
        reader.desk.serve(reader.exchange, work, issued_at_min=ISSUED)
    assert reader.files() == before


@pytest.mark.parametrize("cents", [500, 25_000])
def test_5_and_250_euro_are_loads(reader, cents):
    account = reader.desk.load(reader.exchange, cents, issued_at_min=ISSUED)
    assert account.wallet.loaded_cents == cents


def test_a_load_leaves_the_order_alone(reader):
    reader.desk.arm(reader.exchange, defer_until=T1, cut_at=T2, issued_at_min=ISSUED)
    before = reader.order()
    reader.desk.load(reader.exchange, 5000, issued_at_min=ISSUED + 5)
    after = reader.order()
    if reader.in_parts:  # a part is issued and sealed as a whole
        after = replace(after, issued_at_min=before.issued_at_min, mac=before.mac)
    assert after == before


def test_a_wallet_that_is_full_is_refused_and_not_wrapped(reader):
    reader.reseal(Sfi.WALLET, loaded_cents=2**32 - 500)
    with pytest.raises(LayoutError, match="loaded_cents"):
        reader.desk.load(reader.exchange, 500, issued_at_min=ISSUED)


# Orders -------------------------------------------------------------------------------------------


def test_each_item_leaves_the_other_in_place(reader):
    reader.desk.defer(reader.exchange, T1, issued_at_min=ISSUED)
    assert dates(reader.order()) == (T1, None)
    reader.desk.programme_cut(reader.exchange, T2, issued_at_min=ISSUED)
    assert dates(reader.order()) == (T1, T2)
    reader.desk.defer(reader.exchange, T2, issued_at_min=ISSUED)
    assert dates(reader.order()) == (T2, T2)
    assert reader.order().number == 3


def test_both_items_in_one_order_take_one_number(reader):
    reader.desk.arm(reader.exchange, defer_until=T1, cut_at=T2, issued_at_min=ISSUED)
    assert (reader.order().number, *dates(reader.order())) == (1, T1, T2)


def test_one_visit_is_one_order(reader):
    work = Work(
        load_cents=5000,
        defer_until=T1,
        cut_at=T2,
        prepayment_on=True,
        limiter_granted=True,
        tariff=Pricing.of(2, 275),
    )
    account = reader.desk.serve(reader.exchange, work, issued_at_min=ISSUED)
    assert account.order.number == 1
    assert account.order.tariff_number == 2
    assert account.wallet.loaded_cents == 5000
    assert reader.desk.account(reader.exchange) == account


@pytest.mark.parametrize("deed", ORDERING)
def test_every_order_takes_the_next_number_and_is_what_is_on_the_card(reader, deed):
    for number in (1, 2, 3):
        account = DEEDS[deed](reader.desk, reader.exchange)
        assert account.order.number == number
        assert account.order.issued_at_min == ISSUED + 1
        assert account == reader.desk.account(reader.exchange)


@settings(max_examples=40)
@given(deeds=st.lists(st.sampled_from(sorted(DEEDS)), max_size=12))
def test_numbers_and_money_only_grow(deeds):
    reader = Reader()
    before = reader.desk.account(reader.exchange)
    for deed in deeds:
        after = DEEDS[deed](reader.desk, reader.exchange)
        assert after.order.number == before.order.number + (deed != "load")
        assert after.wallet.load_count == before.wallet.load_count + (deed == "load")
        assert after.wallet.loaded_cents >= before.wallet.loaded_cents
        assert after.identity == before.identity
        before = after


def test_the_last_number_is_refused_and_not_wrapped(reader):
    reader.reseal(Sfi.ORDER, number=2 ** (16 if reader.in_parts else 32) - 1)
    with pytest.raises(LayoutError, match="number"):
        reader.desk.limiter(reader.exchange, granted=True, issued_at_min=ISSUED)


@pytest.mark.parametrize(
    "work",
    [
        Work(defer_until=T2, cut_at=T1),
        Work(defer_until=T2, cut_at=T2._replace(minute=0)),
        Work(defer_until=T2, cut_at=T2._replace(day=2)),
    ],
)
def test_a_cut_before_the_deferral_ends_is_refused(reader, work):
    before = reader.files()
    with pytest.raises(DeskError, match="lies before the end of the deferral"):
        reader.desk.serve(reader.exchange, work, issued_at_min=ISSUED)
    assert reader.files() == before


def test_a_cut_before_the_deferral_on_the_card_is_refused_too(reader):
    reader.desk.defer(reader.exchange, T2, issued_at_min=ISSUED)
    with pytest.raises(DeskError, match="lies before"):
        reader.desk.programme_cut(reader.exchange, T1, issued_at_min=ISSUED)


def test_a_deferral_past_the_cut_on_the_card_is_refused_too(reader):
    """Extending the deferral alone would have the home cut in the middle of it."""
    reader.desk.programme_cut(reader.exchange, T1, issued_at_min=ISSUED)
    with pytest.raises(DeskError, match="lies before"):
        reader.desk.defer(reader.exchange, T2, issued_at_min=ISSUED)
    reader.desk.arm(reader.exchange, defer_until=T2, cut_at=T2, issued_at_min=ISSUED)
    assert dates(reader.order()) == (T2, T2)


@pytest.mark.parametrize("generation", [1, 2])
def test_each_date_is_held_to_the_other_one_on_the_card_and_not_to_itself(generation):
    reader = Reader(
        image=Desk(BENCH_MASTER_KEY).issue(METER, generation=generation, issued_at_min=0)
    )
    desk, exchange = reader.desk, reader.exchange
    desk.arm(exchange, defer_until=T1, cut_at=T2, issued_at_min=ISSUED)
    desk.defer(exchange, T2, issued_at_min=ISSUED)  # later than before, not than the cut
    desk.defer(exchange, T1, issued_at_min=ISSUED)
    desk.programme_cut(exchange, T1, issued_at_min=ISSUED)
    after = desk.programme_cut(exchange, T2, issued_at_min=ISSUED)
    assert dates(after.order) == (T1, T2)


@pytest.mark.parametrize(
    "when",
    [
        Civil(2020, 2, 31, 12, 0),
        Civil(2100, 1, 1, 0, 0),
        Civil(2020, 3, 29, 2, 30),
        Civil(2020, 10, 25, 2, 30),
    ],
)
def test_a_time_that_is_none_or_two_is_refused(reader, when):
    before = reader.files()
    with pytest.raises(DeskError):
        reader.desk.programme_cut(reader.exchange, when, issued_at_min=ISSUED)
    assert reader.files() == before


def test_a_choice_makes_it_one(reader):
    reader.desk.programme_cut(
        reader.exchange, Civil(2020, 3, 29, 2, 30), issued_at_min=ISSUED, reading=Reading.LATER
    )
    assert dates(reader.order()) == (None, Civil(2020, 3, 29, 3, 30))


@pytest.mark.parametrize("minute", [-1, 2**32 - 1, 2**32])
def test_an_instant_no_card_can_carry_is_refused(reader, minute):
    with pytest.raises(DeskError, match="issued at"):
        reader.desk.load(reader.exchange, 500, issued_at_min=minute)
    with pytest.raises(DeskError, match="issued at"):
        reader.desk.issue(METER, issued_at_min=minute)


def test_a_reactivation_has_no_dates_and_a_token_for_its_number(reader):
    reader.desk.arm(reader.exchange, defer_until=T1, cut_at=T2, issued_at_min=ISSUED)
    reader.desk.reactivate(reader.exchange, issued_at_min=ISSUED)
    order = reader.order()
    assert (order.defer_until, order.cut_at) == (BCD_NONE, BCD_NONE)
    assert reactivation_token_valid(TOKEN_KEY, METER, order.number, order.token)
    assert order.number == 2


def test_an_order_that_arms_nothing_keeps_the_reactivation_under_its_own_number(reader):
    """Else a household that skips one insertion would lose what it was told is done."""
    reader.desk.reactivate(reader.exchange, issued_at_min=ISSUED)
    first = reader.order().token
    reader.desk.limiter(reader.exchange, granted=True, issued_at_min=ISSUED)
    order = reader.order()
    assert order.token != first
    assert reactivation_token_valid(TOKEN_KEY, METER, 2, order.token)


def test_an_arming_ends_the_reactivation(reader):
    reader.desk.reactivate(reader.exchange, issued_at_min=ISSUED)
    reader.desk.defer(reader.exchange, T1, issued_at_min=ISSUED)
    assert reader.order().token == NO_TOKEN
    assert dates(reader.order()) == (T1, None)


def test_an_order_cannot_both_reactivate_and_arm(reader):
    with pytest.raises(DeskError, match="both"):
        reader.desk.serve(reader.exchange, Work(reactivate=True, cut_at=T2), issued_at_min=ISSUED)


def test_a_reactivation_clears_even_a_date_that_is_none(reader):
    """The one order that must always be possible does not read what it clears."""
    reader.reseal(Sfi.ORDER, cut_at=b"\x20\x02\x31\xaa\x00")
    with pytest.raises(CardProtocolError):
        reader.desk.defer(reader.exchange, T1, issued_at_min=ISSUED)
    reader.desk.reactivate(reader.exchange, issued_at_min=ISSUED)
    assert dates(reader.order()) == (None, None)


def test_switches_change_their_own_bit(reader):
    desk, exchange = reader.desk, reader.exchange
    both = OrderFlags.PREPAYMENT_ON | OrderFlags.LIMITER_GRANTED
    assert desk.limiter(exchange, granted=True, issued_at_min=1).order.flags == both
    off = desk.prepayment(exchange, on=False, issued_at_min=1).order.flags
    assert off == OrderFlags.LIMITER_GRANTED
    assert desk.limiter(exchange, granted=False, issued_at_min=1).order.flags == 0
    assert desk.prepayment(exchange, on=True, issued_at_min=1).order.flags == 1


def test_a_tariff_changes_its_record_and_the_order_names_it(reader):
    account = reader.desk.change_tariff(reader.exchange, 2, 275, issued_at_min=ISSUED + 9)
    assert account.tariff.number == 2
    assert account.tariff.price_ueur_per_wh == account.tariff.night_price_ueur_per_wh == 275
    assert account.order.tariff_number == 2
    assert account.order.number == 1


@pytest.mark.parametrize("tariff", [(0, 250), (65_536, 250), (1, 0), (1, -1), (1, 2**32)])
def test_a_tariff_no_record_can_hold_is_refused(reader, tariff):
    with pytest.raises(DeskError):
        reader.desk.change_tariff(reader.exchange, *tariff, issued_at_min=ISSUED)


def test_a_night_price_goes_with_its_tariff_and_goes_when_the_next_has_none(reader):
    desk, exchange = reader.desk, reader.exchange
    both = desk.change_tariff(exchange, 2, 275, night_price_ueur_per_wh=190, issued_at_min=ISSUED)
    assert (both.tariff.price_ueur_per_wh, both.tariff.night_price_ueur_per_wh) == (275, 190)
    one = desk.change_tariff(exchange, 3, 260, issued_at_min=ISSUED)
    assert (one.tariff.price_ueur_per_wh, one.tariff.night_price_ueur_per_wh) == (260, 260)


@pytest.mark.parametrize("night", [0, -1, 276, 2**32])
def test_a_night_that_costs_nothing_or_more_than_the_day_is_refused(reader, night):
    with pytest.raises(DeskError, match="a night price is 1 to the day's 275"):
        reader.desk.change_tariff(
            reader.exchange, 2, 275, night_price_ueur_per_wh=night, issued_at_min=ISSUED
        )


# Cards that are not right -------------------------------------------------------------------------


@BY_DEED
@pytest.mark.parametrize("sfi", [Sfi.IDENTITY, Sfi.WALLET, Sfi.ORDER, Sfi.TARIFF])
def test_a_record_with_a_wrong_mac_stops_every_deed_before_anything_is_written(deed, sfi):
    reader = Reader()
    raw = bytearray(reader.file(sfi))
    raw[-1] ^= 1
    reader.put(sfi, bytes(raw))
    before = reader.files()
    with pytest.raises(MacError, match=budget_name(sfi)):
        DEEDS[deed](reader.desk, reader.exchange)
    assert reader.files() == before


def budget_name(sfi: Sfi) -> str:
    return sfi.name.lower()


@BY_DEED
def test_the_card_of_another_operator_is_refused_and_loses_no_try(reader, deed):
    stranger = Desk(Key(b"another operator"), challenge=counted())
    before = reader.card.image.to_bytes()
    with pytest.raises(MacError):
        DEEDS[deed](stranger, reader.exchange)
    assert reader.card.image.to_bytes() == before


@BY_DEED
def test_a_card_without_budget_files_is_refused(deed):
    from card_protocol.card.image import blank

    reader = Reader(image=blank())
    with pytest.raises(ApduError):
        DEEDS[deed](reader.desk, reader.exchange)


@BY_DEED
def test_a_record_moved_from_another_card_is_refused(reader, deed):
    kind = reader.card.image.kind
    other = Reader(image=reader.desk.issue(METER + 1, issued_at_min=ISSUED, kind=kind))
    other.desk.load(other.exchange, 25_000, issued_at_min=ISSUED)
    reader.put(Sfi.WALLET, other.file(Sfi.WALLET))
    with pytest.raises(MacError):
        DEEDS[deed](reader.desk, reader.exchange)


# Cards that go away -------------------------------------------------------------------------------


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


def commands_of(deed: Callable[[Desk, Exchange], Account], kind: Kind) -> list[bytes]:
    reader = Reader(kind=kind)
    sent: list[bytes] = []

    def noting(command: bytes) -> bytes:
        sent.append(command)
        return reader.exchange(command)

    deed(reader.desk, noting)
    return sent


def torn_readers(
    deed: Callable[[Desk, Exchange], Account], kind: Kind, every: int = 1
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
        for done in range(0, size if kind is Kind.PLAIN else 0, every):
            reader = Reader(kind=kind)
            with pytest.raises(LinkError):
                deed(reader.desk, torn_within(reader, count, done, size))
            reader.link.connect()
            yield reader


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
        if kind is Kind.PLAIN:
            assert reader.files() == old  # one container: all of the visit or none
        reader.desk.account(reader.exchange)  # and every one of them still opens


@ON_EACH
@pytest.mark.parametrize("deed", ORDERING)
def test_a_torn_order_done_again_ends_where_it_should(deed, kind):
    whole = Reader(kind=kind)
    want = DEEDS[deed](whole.desk, whole.exchange)
    for reader in torn_readers(DEEDS[deed], kind, every=16):
        again = DEEDS[deed](reader.desk, reader.exchange)
        assert again.order.flags == want.order.flags
        assert dates(again.order) == dates(want.order)
        assert (again.tariff.number, again.order.tariff_number) == (
            want.tariff.number,
            want.order.tariff_number,
        )


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
        reader.desk.load(lost, 5000, issued_at_min=ISSUED)
    assert reader.desk.account(reader.exchange).wallet.loaded_cents == 5000


# Replacement and write-back -----------------------------------------------------------------------


def test_a_replacement_card_goes_on_where_the_lost_one_was(reader):
    reader.desk.load(reader.exchange, 5000, issued_at_min=ISSUED)
    account = reader.desk.arm(reader.exchange, defer_until=T1, cut_at=T2, issued_at_min=ISSUED)
    kind = reader.card.image.kind
    image = reader.desk.reissue(account, card_number=2, issued_at_min=ISSUED + 1, kind=kind)
    second = Reader(image=image)
    if not reader.in_parts:
        assert second.file(Sfi.ORDER) == reader.file(Sfi.ORDER)
        assert second.file(Sfi.WALLET) == reader.file(Sfi.WALLET)
    assert dates(second.order()) == (T1, T2)
    after = second.desk.reactivate(second.exchange, issued_at_min=ISSUED + 2)
    assert after.order.number == 2
    assert after.identity.card_number == 2
    assert after.wallet.loaded_cents == 5000


def meter_writes(reader: Reader, record: WriteBack, key: Key) -> None:
    keys = (
        derive(BENCH_MASTER_KEY, purpose, METER)
        for purpose in (Purpose.METER_AUTH, Purpose.CARD_AUTH)
    )
    card = find_card(Terminal(reader.exchange), DF_ELECTRICITY)
    card.claimed()
    card.authenticate(Credentials(Role.METER, *keys), bytes(8))
    card.contents(DESK_KEY)
    card.write_back(record, key)


def a_write_back() -> WriteBack:
    blank = budget.WRITE_BACK.parse(b"BB\x01" + bytes(125))
    return replace(
        blank,
        result=Result.EXECUTED,
        meter_id=METER,
        balance_ueur=-500,
        clock=BCD_NONE,
        defer_until=BCD_NONE,
        cut_at=BCD_NONE,
    )


def test_the_desk_reads_what_the_meter_wrote(reader):
    meter_writes(reader, a_write_back(), METER_KEY)
    found = reader.desk.read_back(reader.exchange)
    assert found is not None
    assert (found.result, found.meter_id, found.balance_ueur) == (Result.EXECUTED, METER, -500)


def test_a_write_back_under_another_key_is_not_believed(reader):
    meter_writes(reader, a_write_back(), DESK_KEY)
    with pytest.raises(MacError):
        reader.desk.read_back(reader.exchange)


def test_a_bad_write_back_does_not_stop_the_office(reader):
    """The desk obeys nothing in it, so a meter that garbles it must not cost anybody a load."""
    meter_writes(reader, a_write_back(), DESK_KEY)
    assert reader.desk.load(reader.exchange, 500, issued_at_min=1).wallet.loaded_cents == 500


# Parts --------------------------------------------------------------------------------------------


class DayEarlyCodec(DeskCodec):
    """A faulty office: what it writes is a day early."""

    __slots__ = ()

    @override
    def write_time(self, when: Civil) -> bytes:
        return super().write_time(when._replace(day=when.day - 1))


class ForgetfulCodec(DeskCodec):
    """A faulty office: a reactivation cancels one of two items."""

    __slots__ = ()

    @override
    def disarmed(self, order: AnyOrder) -> AnyOrder:
        return replace(order, defer_until=BCD_NONE)


class StuckCodec(DeskCodec):
    """A faulty office: the number does not advance."""

    __slots__ = ()

    @override
    def next_number(self, number: int) -> int:
        return max(number, 1)


class CarelessDates(DeskDates):
    """A faulty office: it does not look which of two dates comes first."""

    __slots__ = ()

    @override
    def cut_precedes(self, defer_until: Written, cut_at: Written) -> bool:
        return False


def orders_of(desk: Desk) -> list[AnyOrder]:
    reader = Reader(desk)
    return [
        reader.desk.arm(reader.exchange, defer_until=T2, cut_at=T2, issued_at_min=1).order,
        reader.desk.limiter(reader.exchange, granted=True, issued_at_min=2).order,
        reader.desk.reactivate(reader.exchange, issued_at_min=3).order,
    ]


def changed(codec: DeskCodec) -> list[set[str]]:
    """Return, order by order, which fields a codec writes otherwise than the office's own."""
    good = orders_of(Desk(BENCH_MASTER_KEY, challenge=counted()))
    bad = orders_of(Desk(BENCH_MASTER_KEY, codec=codec, challenge=counted()))
    names = [name for name in Order.__slots__ if name != "mac"]
    return [
        {name for name in names if getattr(was, name) != getattr(now, name)}
        for was, now in zip(good, bad, strict=True)
    ]


def test_a_part_swapped_in_changes_its_routine_and_nothing_else():
    both = {"defer_until", "cut_at"}
    assert changed(DeskCodec()) == [set(), set(), set()]
    assert changed(DayEarlyCodec()) == [both, both, set()]
    assert changed(ForgetfulCodec()) == [set(), set(), {"cut_at"}]
    assert changed(StuckCodec()) == [set(), {"number"}, {"number", "token"}]


def test_a_careless_office_writes_what_the_reference_refuses():
    reader = Reader(Desk(BENCH_MASTER_KEY, dates=CarelessDates(), challenge=counted()))
    reader.desk.arm(reader.exchange, defer_until=T2, cut_at=T1, issued_at_min=1)
    assert dates(reader.order()) == (T2, T1)


def test_the_same_visits_leave_the_same_bytes():
    def run() -> tuple[bytes, ...]:
        reader = Reader()
        for deed in DEEDS.values():
            deed(reader.desk, reader.exchange)
        return reader.files()

    assert run() == run()


# Gas ----------------------------------------------------------------------------------------------


@pytest.fixture(params=list(Kind), ids=lambda kind: kind.name.lower())
def gas_card(request):
    image = Desk(BENCH_MASTER_KEY).issue(
        METER, energy=Energy.GAS, issued_at_min=0, kind=request.param
    )
    card = card_of(image, counted())
    card.power_on()
    return card


def test_a_gas_card_carries_a_calorific_factor_and_a_new_tariff_may_change_it(gas_card):
    office = Desk(BENCH_MASTER_KEY, challenge=counted())
    account = office.account(gas_card.transmit)
    assert (account.identity.energy, account.tariff.mwh_per_unit) == (Energy.GAS, 11_500)
    kept = office.change_tariff(gas_card.transmit, 2, 50, issued_at_min=1)
    assert (kept.tariff.price_ueur_per_wh, kept.tariff.mwh_per_unit) == (50, 11_500)
    new = office.change_tariff(gas_card.transmit, 3, 50, mwh_per_unit=10_333, issued_at_min=2)
    assert new.tariff.mwh_per_unit == 10_333
    assert office.account(gas_card.transmit) == new


@pytest.mark.parametrize(
    ("work", "why"),
    [
        (Work(limiter_granted=True), "has no limiter"),
        (Work(mwh_per_unit=10_000), "no tariff was given"),
        (Work(tariff=Pricing.of(2, 50), mwh_per_unit=0), "1 to 65535"),
        (Work(tariff=Pricing(2, 50, 40)), "at all hours"),
        (Work(tariff=Pricing.of(2, 50), mwh_per_unit=65_536), "1 to 65535"),
    ],
)
def test_what_must_not_stand_on_a_gas_card_is_refused(gas_card, work, why):
    before = raw_on(gas_card.image, Sfi.ORDER)
    with pytest.raises(DeskError, match=why):
        Desk(BENCH_MASTER_KEY, challenge=counted()).serve(gas_card.transmit, work, issued_at_min=1)
    assert raw_on(gas_card.image, Sfi.ORDER) == before


def test_an_electricity_card_takes_no_calorific_factor():
    with pytest.raises(DeskError, match="1000 mWh a unit"):
        Desk(BENCH_MASTER_KEY).issue(METER, mwh_per_unit=11_500, issued_at_min=0)

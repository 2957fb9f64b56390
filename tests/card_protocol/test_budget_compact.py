"""The compact form: what it carries comes back, what it cannot is refused or held at the end."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.card.image import CardKind
from card_protocol.errors import LayoutError, MacError
from card_protocol.formats import budget
from card_protocol.formats.budget import (
    NO_MAC,
    NO_TOKEN,
    NO_ZONE_RULE,
    CardId,
    DeskRecord,
    IdentityRecord,
    WriteBackRecord,
    compact,
)
from card_protocol.formats.budget.compact import (
    DESK_AT,
    DESK_PART,
    END_AT,
    IDENTITY_AT,
    IDENTITY_PART,
    METER_AT,
    METER_PART,
    SEQUENCE_MAX,
    compact_in_force,
    desk_part,
    desk_record_of,
    identity_of,
    identity_part,
    meter_part,
    next_copy,
    no_copy,
    part_holds,
    seal_part,
    write_back_of,
)
from card_protocol.formats.budget.generations import CardRecords
from card_protocol.keys import Key
from card_protocol.layout import Layout
from card_protocol.timestamp import BCD_NONE, MINUTES_NONE, Civil, encode_bcd_minute
from tests.cells import each_cell
from tests.wide import up_to

KEY = Key(b"a key of records")
METER = 541_000_000_001
CARD = CardId(METER, 1, CardKind.MEMORY)


_U8, _U16, _U32 = up_to(0xFF), up_to(0xFFFF), up_to(0xFFFF_FFFF)
_MINUTE = st.integers(0, MINUTES_NONE - 1)
_CIVIL = st.builds(
    Civil,
    st.integers(2000, 2099),
    st.integers(1, 12),
    st.integers(1, 31),
    st.integers(0, 23),
    st.integers(0, 59),
)
_DATE = st.just(BCD_NONE) | _CIVIL.map(encode_bcd_minute)


def ff(layout: Layout[Any]) -> bytes:
    return b"\xff" * next(f.size_bytes for f in layout.fields if f.name == "reserved")


IDENTITIES = st.builds(
    IdentityRecord,
    magic=st.just(b"BI"),
    generation=st.just(1),
    energy=st.sampled_from([1, 2]),
    meter_id=up_to(256**8 - 1).filter(bool),
    customer_ref=up_to(256**6 - 1),
    card_number=_U16,
    issued_at_min=st.just(MINUTES_NONE),
    expires=_DATE,
    expires_min=st.just(MINUTES_NONE),
    zone_rule=st.just(NO_ZONE_RULE),
    reserved=st.just(ff(budget.IDENTITY)),
    mac=st.just(NO_MAC),
)


@st.composite
def contents(draw: st.DrawFn) -> CardRecords:
    """Draw records as a desk would leave them, all of one visit."""
    token = draw(st.just(NO_TOKEN) | st.binary(min_size=8, max_size=8))
    dated = token == NO_TOKEN
    desk = DeskRecord(
        b"BD", 1, draw(st.integers(0, 0x7F)), draw(_U32), draw(_U16), draw(_U16),
        draw(_DATE) if dated else BCD_NONE, draw(_DATE) if dated else BCD_NONE, token,
        draw(_U16), draw(_U16), draw(_U16), draw(_U16), draw(_MINUTE), draw(_U16),
        ff(budget.DESK), NO_MAC,
    )  # fmt: skip
    return CardRecords(draw(IDENTITIES), desk)


WRITE_BACKS = st.builds(
    WriteBackRecord,
    magic=st.just(b"BB"),
    generation=st.just(1),
    result=_U8,
    meter_id=st.just(METER),
    session_count=_U16,
    challenge=st.none(),
    clock=_DATE,
    clock_health=_U8,
    uncertainty_s=_U16,
    register_units=_U32,
    charged_wh=st.none(),
    deferred_wh=_U32,
    postpaid_wh=st.none(),
    balance_ueur=_U32.map(lambda steps: (steps - 2**31) * 100),
    charged_ueur=st.none(),
    emergency_debt_ueur=st.none(),
    accepted_cents=_U32,
    accepted_count=_U16,
    order_number=_U16,
    order_mac=st.none(),
    order_result=_U8,
    supply=_U8,
    blocks=st.integers(0, 15),
    shields=st.integers(0, 15),
    defer_until=_DATE,
    cut_at=_DATE,
    tariff_number=st.none(),
    night_wh=st.none(),
    charged_night_wh=st.none(),
    shelter_left_min=st.none(),
    shelter_left_wh=st.none(),
    night_left_wh=st.none(),
    events=st.just(b"\xff" * 24),
    mac=st.just(NO_MAC),
)


# What is carried ----------------------------------------------------------------------------------


@given(contents(), st.integers(0, SEQUENCE_MAX))
def test_records_come_back_from_the_bytes_of_their_parts(records, sequence):
    identity = IDENTITY_PART.parse(IDENTITY_PART.build(identity_part(records.identity)))
    desk = DESK_PART.parse(DESK_PART.build(desk_part(records.desk, sequence)))
    assert desk.sequence == sequence
    assert CardRecords(identity_of(identity), desk_record_of(desk)) == records


@given(WRITE_BACKS, st.integers(0, SEQUENCE_MAX))
def test_a_write_back_comes_back_from_the_bytes_of_its_part(record, sequence):
    part = METER_PART.parse(METER_PART.build(meter_part(record, sequence)))
    assert part.sequence == sequence
    assert write_back_of(part, METER) == record


def test_every_byte_from_32_on_is_in_one_part_and_none_below():
    places = [(IDENTITY_AT, IDENTITY_PART.size_bytes)]
    places += [(at, DESK_PART.size_bytes) for at in DESK_AT]
    places += [(at, METER_PART.size_bytes) for at in METER_AT]
    used = [at + offset for at, size in places for offset in range(size)]
    assert sorted(used) == list(range(32, 256))
    assert END_AT == 256


def test_no_mac_is_shorter_than_on_other_cards():
    for layout in (IDENTITY_PART, DESK_PART, METER_PART):
        assert layout.fields[-1].name == "mac"
        assert layout.fields[-1].size_bytes == 8


# What is not --------------------------------------------------------------------------------------


def a_contents() -> CardRecords:
    identity = IdentityRecord(
        b"BI", 1, 1, METER, 0, 1, 0, BCD_NONE, MINUTES_NONE, NO_ZONE_RULE, b"\xff" * 2, NO_MAC
    )
    desk = DeskRecord(
        b"BD", 1, 1, 0, 0, 0, BCD_NONE, BCD_NONE, NO_TOKEN, 1, 250, 250, 1000, 0, 0,
        b"\xff" * 2, NO_MAC,
    )  # fmt: skip
    return CardRecords(identity, desk)


@each_cell(
    ("record", "changes", "why"),
    [
        ("identity", {"generation": 2}, "generation 1, a memory card has no room for instants"),
        ("identity", {"customer_ref": 2**48}, r"customer_high.*uint of 2 bytes, got 65536"),
        ("identity", {"card_number": 2**16}, r"card_number.*uint of 2 bytes"),
        ("desk", {"load_count": 2**16}, r"load_count.*uint of 2 bytes"),
        ("desk", {"loaded_cents": 2**32}, r"loaded_cents.*uint of 4 bytes"),
        ("desk", {"order_number": 2**16}, r"order_number.*uint of 2 bytes"),
        ("desk", {"flags": 0x81}, "bit 80 for the token alone"),
        ("desk", {"token": bytes(8), "cut_at": bytes(5)}, "dates or a token"),
        ("desk", {"price_ueur_per_wh": 2**16}, r"price_ueur_per_wh.*uint of 2 bytes"),
        ("desk", {"night_price_ueur_per_wh": 2**16}, r"night_price.*uint of 2 bytes"),
    ],
)
def test_what_a_part_cannot_say_is_refused(record, changes, why):
    records = a_contents()
    records = records._replace(**{record: replace(getattr(records, record), **changes)})
    with pytest.raises(LayoutError, match=why):
        written(records)


def written(records: CardRecords) -> bytes:
    identity = seal_part(IDENTITY_PART, identity_part(records.identity), KEY, CARD)
    return identity + seal_part(DESK_PART, desk_part(records.desk, 1), KEY, CARD)


def test_a_meter_that_counts_further_is_held_at_the_end_of_the_field_and_its_session_is_not():
    zeros: dict[str, Any] = {field.name: 0 for field in fields(WriteBackRecord)}
    zeros |= {"clock": BCD_NONE, "defer_until": BCD_NONE, "cut_at": BCD_NONE}
    far = WriteBackRecord(
        **{**zeros, "session_count": 2**32 - 6, "accepted_count": 70_000, "order_number": 2**32 - 1}
    )
    part = METER_PART.parse(METER_PART.build(meter_part(far, 1)))
    assert (part.session_count, part.accepted_count, part.order_number) == (0xFFFA, 0xFFFF, 0xFFFF)
    for balance, held in (
        (2**40, (2**31 - 1) * 100), (-(2**40), -(2**31) * 100), (-1, -100), (199, 100),
    ):  # fmt: skip
        there = meter_part(WriteBackRecord(**{**zeros, "balance_ueur": balance}), 1)
        assert write_back_of(there, METER).balance_ueur == held


# Copies -------------------------------------------------------------------------------------------


def a_part(sequence: int, key: Key = KEY, card: CardId = CARD) -> bytes:
    return seal_part(DESK_PART, desk_part(a_contents().desk, sequence), key, card)


def copy_in_force(*raws: bytes) -> int | None:
    found = compact_in_force(DESK_PART, raws, KEY, CARD)
    return None if found is None else found.copy


def test_the_whole_copy_with_the_higher_number_is_in_force():
    assert copy_in_force(a_part(1), a_part(2)) == 1
    assert copy_in_force(a_part(2), a_part(1)) == 0
    assert copy_in_force(a_part(1), b"\xff" * 44) == 0
    assert copy_in_force(b"\xff" * 44, b"\xff" * 44) is None
    assert copy_in_force(a_part(1), a_part(2, Key(b"another operator"))) == 0
    for other in (
        CARD._replace(meter_id=METER + 1),
        CARD._replace(card_number=2),
        CARD._replace(kind=CardKind.PLAIN),
    ):
        assert copy_in_force(a_part(1), a_part(2, card=other)) == 0


@given(st.integers(0, 43), st.integers(1, 255))
def test_a_copy_with_any_byte_changed_is_not_whole(at, change):
    raw = bytearray(a_part(2))
    raw[at] ^= change
    assert copy_in_force(a_part(1), bytes(raw)) == 0
    assert not part_holds(bytes(raw), KEY, CARD)


def test_writes_take_turns_until_the_numbers_are_used_up():
    found = compact_in_force(DESK_PART, (a_part(7), b"\xff" * 44), KEY, CARD)
    assert next_copy(found, "x") == (1, 8)
    assert next_copy(None, "x") == (0, 1)
    last = compact_in_force(DESK_PART, (a_part(1), a_part(SEQUENCE_MAX)), KEY, CARD)
    with pytest.raises(LayoutError, match=r"sequence.*not used up"):
        next_copy(last, "x")


def test_cells_that_nobody_wrote_are_told_from_forged_ones():
    blank = no_copy(DESK_PART, (b"\xff" * 44, b"\x00" * 44))
    assert isinstance(blank, LayoutError)
    assert "ff" in str(blank), "what the first copy begins with"
    assert isinstance(no_copy(DESK_PART, (b"\xff" * 44, b"D" * 44)), MacError)


def test_a_part_is_never_taken_for_a_record_of_another_kind():
    """One key seals all of the desk's: no two of its layouts begin alike."""
    from card_protocol.formats.budget.generations import layouts
    from card_protocol.formats.clock import CLOCK

    magics = [
        layout.magic
        for layout in (*layouts(1).values(), CLOCK, IDENTITY_PART, DESK_PART, METER_PART)
    ]
    for one in magics:
        assert [other for other in magics if other[: len(one)] == one] == [one]
    assert {name for name in vars(compact) if name.endswith("_PART")} == {
        "IDENTITY_PART", "DESK_PART", "METER_PART",
    }  # fmt: skip

"""BER-TLV: what is built is read back, and no length lies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.errors import TlvError
from card_protocol.tlv import Tlv, build, parse_list

TAGS = [0x00, 0x62, 0x6F, 0x80, 0x82, 0xFE, 0x5F20, 0x7F49, 0xBF0C, 0x1F00, 0xFF7F]
objects = st.lists(st.tuples(st.sampled_from(TAGS), st.binary(max_size=300)), max_size=5)


@pytest.mark.parametrize(
    ("tag", "size", "head"),
    [
        (0x80, 0, "8000"),
        (0x80, 1, "8001"),
        (0x80, 127, "807f"),
        (0x80, 128, "808180"),
        (0x80, 255, "8081ff"),
        (0x80, 256, "80820100"),
        (0x80, 65_535, "8082ffff"),
        (0x5F20, 3, "5f2003"),
    ],
)
def test_lengths_take_the_shortest_form(tag, size, head):
    raw = build([(tag, bytes(size))])
    assert raw == bytes.fromhex(head) + bytes(size)
    assert parse_list(raw) == (Tlv(tag, bytes(size)),)


def test_longer_forms_than_needed_are_read():
    assert parse_list(bytes.fromhex("808101aa")) == (Tlv(0x80, b"\xaa"),)
    assert parse_list(bytes.fromhex("81820001bb")) == (Tlv(0x81, b"\xbb"),)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("80", "offset 1: the length is missing"),
        ("8002aa", "promises 2 bytes, got 1"),
        ("5f", "second tag byte is missing"),
        ("5f8120", "three and more bytes"),
        ("8080", "want a length"),
        ("8083000001aa", "want a length"),
        ("8081", "cut short"),
        ("808201", "cut short"),
        ("800081", "offset 3: the length is missing"),
    ],
)
def test_a_broken_list_says_where(raw, why):
    with pytest.raises(TlvError, match=why):
        parse_list(bytes.fromhex(raw))


@pytest.mark.parametrize("tag", [-1, 0x1F, 0x9F, 0xFF, 0x1234, 0x5F80, 0x1_0000])
def test_what_is_no_tag_is_refused(tag):
    with pytest.raises(TlvError, match="no tag"):
        build([(tag, b"")])


def test_a_value_longer_than_a_length_can_say_is_refused():
    with pytest.raises(TlvError, match="65535 bytes, got 65536"):
        build([(0x80, bytes(65_536))])


@given(objects)
def test_what_was_built_parses_back(wanted):
    assert parse_list(build(wanted)) == tuple(Tlv(*one) for one in wanted)


@given(st.binary(max_size=64))
def test_any_bytes_are_a_list_or_refused(raw):
    try:
        found = parse_list(raw)
    except TlvError:
        return
    assert parse_list(build(found)) == found

"""BER-TLV: what is built is read back by a reader that shares no code with it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.errors import TlvError
from card_protocol.tlv import build
from tests.card_protocol.ber import parsed
from tests.cells import each_cell

TAGS = [0x00, 0x62, 0x6F, 0x80, 0x82, 0xFE, 0x5F20, 0x7F49, 0xBF0C, 0x1F00, 0xFF7F]
objects = st.lists(st.tuples(st.sampled_from(TAGS), st.binary(max_size=300)), max_size=5)


@each_cell(
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
    assert build([(tag, bytes(size))]) == bytes.fromhex(head) + bytes(size)


@each_cell("tag", [-1, 0x1F, 0x9F, 0xFF, 0x1234, 0x5F80, 0x1_0000])
def test_what_is_no_tag_is_refused(tag):
    with pytest.raises(TlvError, match="no tag"):
        build([(tag, b"")])


def test_a_value_longer_than_a_length_can_say_is_refused():
    with pytest.raises(TlvError, match="65535 bytes, got 65536"):
        build([(0x80, bytes(65_536))])


@given(objects)
def test_what_was_built_parses_back(wanted):
    assert parsed(build(wanted)) == wanted

"""Commands and responses as ISO/IEC 7816-3 and -4 write them."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.apdu import CommandApdu, ResponseApdu, split_command
from card_protocol.errors import ApduError
from tests.cells import each_cell

CLA, INS, P1, P2 = 0x00, 0xA4, 0x01, 0x02
HEADER = bytes((CLA, INS, P1, P2))
BYTES = st.integers(0, 255)
SHORT_NES = {1: "01", 8: "08", 255: "ff", 256: "00"}
LONG_NES = {1: "0001", 255: "00ff", 256: "0100", 257: "0101", 65_535: "ffff", 65_536: "0000"}
SHORT_NCS = (1, 2, 127, 128, 254, 255)
LONG_NCS = (1, 255, 256, 257, 65_534, 65_535)


def filler(size: int) -> bytes:
    return bytes(at % 251 for at in range(size))


def written_out() -> list[tuple[bytes, int, int | None, int, bool]]:
    """Encodings by hand: raw, Nc, Ne, case, whether it is extended."""
    rows: list[tuple[bytes, int, int | None, int, bool]] = [(HEADER, 0, None, 1, False)]
    for ne, le in SHORT_NES.items():
        rows.append((HEADER + bytes.fromhex(le), 0, ne, 2, False))
    for ne, le in LONG_NES.items():
        rows.append((HEADER + b"\x00" + bytes.fromhex(le), 0, ne, 2, True))
    for nc in SHORT_NCS:
        body = HEADER + bytes((nc,)) + filler(nc)
        rows.append((body, nc, None, 3, False))
        rows += [(body + bytes.fromhex(le), nc, ne, 4, False) for ne, le in SHORT_NES.items()]
    for nc in LONG_NCS:
        body = HEADER + b"\x00" + nc.to_bytes(2, "big") + filler(nc)
        rows.append((body, nc, None, 3, True))
        rows += [(body + bytes.fromhex(le), nc, ne, 4, True) for ne, le in LONG_NES.items()]
    return rows


ENCODINGS = written_out()


def test_every_case_short_and_extended_parses_as_written():
    for raw, nc, ne, case, _ in ENCODINGS:
        command = CommandApdu.parse(raw)
        assert (command.cla, command.ins, command.p1, command.p2) == tuple(HEADER)
        assert (command.data, command.ne, command.case) == (filler(nc), ne, case)
        assert split_command(raw) == (*HEADER, filler(nc), ne)


def test_every_case_builds_as_written():
    for raw, nc, ne, _, extended in ENCODINGS:
        assert CommandApdu(CLA, INS, P1, P2, filler(nc), ne).to_bytes(extended=extended) == raw


def test_the_short_form_is_chosen_whenever_it_fits():
    for nc, ne in product((0, 1, 255, 256), (None, 1, 256, 257)):
        size = len(CommandApdu(CLA, INS, P1, P2, filler(nc), ne).to_bytes())
        short = nc <= 255 and (ne or 0) <= 256
        lc = 0 if nc == 0 else 1 if short else 2
        le = 0 if ne is None else 1 if short else 2
        assert size == 4 + (not short) + lc + nc + le


@pytest.mark.slow("tries every value")
@each_cell("nc", range(256))
def test_a_short_lc_admits_exactly_two_sizes(nc):
    for size in range(6, 530):
        raw = (HEADER + bytes((nc,)) + b"\x01" * 600)[:size]
        # Lc 00 begins an extended form: three bytes are Le, and 01 01 is an Lc of 257.
        allowed = {5 + nc, 6 + nc} if nc else {7, 7 + 257, 9 + 257}
        if size in allowed:
            assert CommandApdu.parse(raw).to_bytes(extended=nc == 0) == raw
        else:
            with pytest.raises(ApduError):
                CommandApdu.parse(raw)


@each_cell("nc", [1, 2, 255, 256, 1000])
def test_an_extended_lc_admits_exactly_two_sizes(nc):
    for size in range(8, 1100):
        raw = (HEADER + b"\x00" + nc.to_bytes(2, "big") + b"\x01" * 1100)[:size]
        if size in {7 + nc, 9 + nc}:
            assert len(CommandApdu.parse(raw).data) == nc
        else:
            with pytest.raises(ApduError):
                CommandApdu.parse(raw)


@each_cell(
    ("raw", "why"),
    [
        ("", "at least 4 bytes"),
        ("00a401", "at least 4 bytes"),
        ("00a401020000", "neither short nor extended"),
        ("00a40102000000ff", "extended Lc is 0"),
        ("00a401020000000000", "extended Lc is 0"),
        ("00a4010202ff", "Lc is 2"),
        ("00a40102000002ff", "extended Lc is 2"),
    ],
)
def test_malformed_commands_say_why(raw, why):
    with pytest.raises(ApduError, match=why):
        CommandApdu.parse(bytes.fromhex(raw))


def test_a_lone_00_is_a_short_le_and_three_are_an_extended_one():
    assert CommandApdu.parse(HEADER + bytes(1)).ne == 256
    assert CommandApdu.parse(HEADER + bytes(3)).ne == 65_536


@given(st.binary(max_size=600))
def test_any_bytes_parse_or_are_refused(raw):
    try:
        command = CommandApdu.parse(raw)
    except ApduError:
        return
    assert raw in {command.to_bytes(), command.to_bytes(extended=True)}
    assert CommandApdu.parse(command.to_bytes()) == command, "and the same in short form"


@given(
    st.builds(
        CommandApdu,
        BYTES,
        BYTES,
        BYTES,
        BYTES,
        st.binary(max_size=700),
        st.none() | st.integers(1, 65_536),
    ),
    st.booleans(),
)
def test_what_was_built_parses_back(command, extended):
    assert CommandApdu.parse(command.to_bytes(extended=extended)) == command


@each_cell(
    "arguments",
    [
        (256, 0, 0, 0),
        (0, -1, 0, 0),
        (0, 0, 256, 0),
        (0, 0, 0, 256),
        (0, 0, 0, 0, bytes(65_536)),
        (0, 0, 0, 0, b"", 0),
        (0, 0, 0, 0, b"", 65_537),
    ],
)
def test_a_command_no_apdu_can_say_is_refused(arguments):
    with pytest.raises(ApduError):
        CommandApdu(*arguments)


@each_cell("size", [0, 1, 256, 65_536])
def test_responses_parse_back(size):
    response = ResponseApdu(filler(size), 0x9000)
    assert response.to_bytes() == filler(size) + b"\x90\x00"
    assert ResponseApdu.parse(response.to_bytes()) == response


@pytest.mark.parametrize("raw", [b"", b"\x90"])
def test_a_response_without_a_status_word_is_refused(raw):
    with pytest.raises(ApduError, match="at least 2 bytes"):
        ResponseApdu.parse(raw)


@each_cell(("data", "sw"), [(bytes(65_537), 0x9000), (b"", 0x1_0000), (b"", -1)])
def test_a_response_no_apdu_can_say_is_refused(data, sw):
    with pytest.raises(ApduError):
        ResponseApdu(data, sw)

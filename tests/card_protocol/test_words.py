"""Every exchange has words, and they say what the bytes say."""

from hypothesis import given
from hypothesis import strategies as st

from card_protocol.words import meaning
from tests.cells import each_cell

SAID = {
    ("00a4000c02df01", "9000"): "SELECT DF01: success",
    ("00a4000c", "9000"): "SELECT the master file: success",
    ("00a4010c02df01", "9000"): "SELECT ./DF01: success",
    ("00a4020c02ef01", "9000"): "SELECT ./EF01: success",
    ("00a4030c", "9000"): "SELECT the parent DF: success",
    ("00a40400023f01", "6a82"): "SELECT application 3F01: file or application not found",
    ("00a40100023f01", "6a86"): "SELECT ./3F01: incorrect parameters P1-P2",
    ("00b0850030", "aabb9000"): "READ BINARY file 5 from 0, up to 48 bytes back: success, 2 bytes",
    ("00b0010200", "6b00"): "READ BINARY from 258, up to 256 bytes back: "
    "wrong parameters P1-P2, offset outside the file",
    ("00d6830401aa", "9000"): "UPDATE BINARY file 3 from 4, 1 byte sent: success",
    ("00200001", "63c3"): "VERIFY secret 1, to ask how many tries are left: refused, tries left: 3",
    ("002000010431323334", "9000"): "VERIFY secret 1, 4 bytes not shown: success",
    ("0082000210" + "00" * 16, "63c9"): "EXTERNAL AUTHENTICATE with key 2: refused, tries left: 9",
    ("0088000308" + "00" * 8, "6108"): "INTERNAL AUTHENTICATE with key 3: success, 8 bytes waiting",
    ("0084000000", "6c08"): "GET CHALLENGE, up to 256 bytes back: wrong Le, 8 bytes are available",
    ("00c0000008", "6985"): "GET RESPONSE, up to 8 bytes back: conditions of use not satisfied",
    ("00b2012c00", "6a83"): "READ RECORD 1 of file 5, up to 256 bytes back: record not found",
    ("00b2020430", "9000"): "READ RECORD 2, up to 48 bytes back: success",
    ("00b2000200", "9000"): "READ RECORD, up to 256 bytes back: success",
    ("00dc010402aabb", "6982"): "UPDATE RECORD 1, 2 bytes sent: security status not satisfied",
    ("00ca9f7f00", "6a88"): "GET DATA, up to 256 bytes back: referenced data not found",
    ("a0b2010420", "9000"): "READ RECORD 1, up to 32 bytes back (class A0): success",
    ("80ee0000", "6e00"): "instruction EE (class 80): class not supported",
    ("ff20000003aabbcc", "9007"): "reader: PRESENT CODE, 3 bytes sent: proprietary",
    ("ffb0002010", "9000"): "reader: READ MEMORY from 32, up to 16 bytes back: success",
    ("ffd0006e01aa", "9000"): "reader: WRITE MEMORY from 110, 1 byte sent: success",
    ("ffee0000", "6d00"): "reader: instruction EE: instruction not supported",
    ("00a4", "6700"): "no command (2 bytes): wrong length",
    ("00a4000c02df01", ""): "SELECT DF01: no answer",
    ("00a4000c02df01", "90"): "SELECT DF01: 1 byte, no status word",
}


@each_cell(("command", "answer"), SAID)
def test_an_exchange_is_said(command, answer):
    said = meaning(bytes.fromhex(command), bytes.fromhex(answer))
    assert said == SAID[command, answer]


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_every_exchange_has_one_line(command, answer):
    said = meaning(command, answer)
    assert said
    assert said.isprintable()


@given(st.text("0123456789", min_size=4, max_size=8), st.integers(0, 255))
def test_words_never_tell_a_pin(pin, p2):
    command = bytes((0x00, 0x20, 0x00, p2, len(pin))) + pin.encode()
    said = meaning(command, b"\x90\x00")
    assert said == f"VERIFY secret {p2}, {len(pin)} bytes not shown: success"

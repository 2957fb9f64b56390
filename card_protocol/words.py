"""What one command and its answer mean, in words: for traces, which people read.

Total: any bytes have words, if only "no command". The words add nothing to the bytes, so a short
file identifier stays a number; secret data are counted, not shown. ISO/IEC 7816-4; class FF is the
reader's own, PC/SC part 3 and what makers add for memory cards.
"""

from collections.abc import Callable
from typing import Final

from card_protocol.apdu import Fields, split_command
from card_protocol.card.files import MF
from card_protocol.errors import ApduError
from card_protocol.status import explain

_READER_CLASS: Final = 0xFF
_SFI_FLAG: Final = 0x80
_CHANNELS: Final = range(4)


def meaning(command: bytes, answer: bytes) -> str:
    """Return what a command and its R-APDU mean."""
    return f"{command_words(command)}: {answer_words(answer)}"


def command_words(command: bytes) -> str:
    """Return a C-APDU in words."""
    try:
        fields = split_command(command)
    except ApduError:
        return f"no command ({len(command)} bytes)"
    cla, ins = fields[:2]
    if cla == _READER_CLASS:
        name = _READER_NAMES.get(ins, f"instruction {ins:02X}")
        address = f" from {fields[2] << 8 | fields[3]}" if ins in _READER_ADDRESSED else ""
        return f"reader: {name}{address}{_sizes(fields)}"
    describe = _WORDS.get(ins)
    said = describe(fields) if describe else f"instruction {ins:02X}{_sizes(fields)}"
    return said if cla == 0 else f"{said} (class {cla:02X})"


def answer_words(answer: bytes) -> str:
    """Return an R-APDU in words."""
    if len(answer) < 2:
        return "no answer" if not answer else "1 byte, no status word"
    size = len(answer) - 2
    said = explain(int.from_bytes(answer[-2:], "big"))
    return f"{said}, {_bytes(size)}" if size else said


def _select(fields: Fields) -> str:
    cla, _, p1, _, data, _ = fields
    if cla not in _CHANNELS:  # wrapped, or of a class of its own: what it carries may be secret
        return f"SELECT{_sizes(fields)}"
    if p1 == 0x04:
        return f"SELECT application {data.hex().upper()}"
    if p1 == 0x00 and len(data) in {0, 2}:
        fid = int.from_bytes(data, "big") if data else MF
        return "SELECT the master file" if fid == MF else f"SELECT {fid:04X}"
    if p1 == 0x03 and not data:
        return "SELECT the parent DF"
    if p1 in _PATHS and data and len(data) % 2 == 0:
        path = "/".join(data[at : at + 2].hex().upper() for at in range(0, len(data), 2))
        return f"SELECT {_PATHS[p1]}{path}"
    return f"SELECT{_sizes(fields)}"


# From the master file; from the current DF, where 01 is a DF in it and 02 an EF.
_PATHS: Final = {0x08: "/", 0x09: "./", 0x01: "./", 0x02: "./"}


def _at(name: str) -> Callable[[Fields], str]:
    """Return the words of a command with a place in P1 and P2."""

    def words(fields: Fields) -> str:
        _, _, p1, p2, _, _ = fields
        where = f" file {p1 & 0x1F}" if p1 & _SFI_FLAG else ""
        offset = p2 if p1 & _SFI_FLAG else p1 << 8 | p2
        return f"{name}{where} from {offset}{_sizes(fields)}"

    return words


def _record(name: str) -> Callable[[Fields], str]:
    """Return the words of a command with a record number in P1."""

    def words(fields: Fields) -> str:
        _, _, p1, p2, _, _ = fields
        if p2 & 0x07 != _RECORD_NUMBER:
            return f"{name}{_sizes(fields)}"
        where = f" of file {p2 >> 3}" if p2 >> 3 else ""
        return f"{name} {p1}{where}{_sizes(fields)}"

    return words


_RECORD_NUMBER: Final = 0x04  # the low bits of P2: P1 is a number, and one record is meant


def _verify(fields: Fields) -> str:
    _, _, _, p2, data, _ = fields
    shown = f", {_bytes(len(data))} not shown" if data else ", to ask how many tries are left"
    return f"VERIFY secret {p2}{shown}"


def _with_key(name: str) -> Callable[[Fields], str]:
    return lambda fields: f"{name} with key {fields[3]}"


def _plain(name: str) -> Callable[[Fields], str]:
    return lambda fields: f"{name}{_sizes(fields)}"


# The commands of our cards, and the most frequent ones of fielded cards: table 5 of the standard.
_WORDS: Final[dict[int, Callable[[Fields], str]]] = {
    0x20: _verify,
    0x22: _plain("MANAGE SECURITY ENVIRONMENT"),
    0x24: _plain("CHANGE REFERENCE DATA"),
    0x2A: _plain("PERFORM SECURITY OPERATION"),
    0x2C: _plain("RESET RETRY COUNTER"),
    0x70: _plain("MANAGE CHANNEL"),
    0x82: _with_key("EXTERNAL AUTHENTICATE"),
    0x84: _plain("GET CHALLENGE"),
    0x86: _plain("GENERAL AUTHENTICATE"),
    0x88: _with_key("INTERNAL AUTHENTICATE"),
    0xA4: _select,
    0xB0: _at("READ BINARY"),
    0xB2: _record("READ RECORD"),
    0xC0: _plain("GET RESPONSE"),
    0xC2: _plain("ENVELOPE"),
    0xCA: _plain("GET DATA"),
    0xCB: _plain("GET DATA"),
    0xD0: _at("WRITE BINARY"),
    0xD2: _record("WRITE RECORD"),
    0xD6: _at("UPDATE BINARY"),
    0xDA: _plain("PUT DATA"),
    0xDC: _record("UPDATE RECORD"),
    0xE2: _plain("APPEND RECORD"),
}
_READER_NAMES: Final = {
    0x20: "PRESENT CODE",
    0x82: "LOAD KEYS",
    0xA4: "SELECT CARD TYPE",
    0xB0: "READ MEMORY",
    0xB1: "READ ERROR COUNTER",
    0xB2: "READ PROTECTION BITS",
    0xCA: "GET DATA",
    0xD0: "WRITE MEMORY",
    0xD1: "WRITE PROTECTION BITS",
    0xD2: "CHANGE CODE",
    0xD6: "UPDATE MEMORY",
}
_READER_ADDRESSED: Final = frozenset({0xB0, 0xD0, 0xD1, 0xD6})  # P1-P2 is an address


def _sizes(fields: Fields) -> str:
    """Return the number of bytes sent, and of bytes expected at most."""
    data, ne = fields[4:]
    sent = f", {_bytes(len(data))} sent" if data else ""
    return f"{sent}, up to {_bytes(ne)} back" if ne else sent


def _bytes(count: int) -> str:
    return f"{count} byte" if count == 1 else f"{count} bytes"

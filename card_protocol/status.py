"""Status words: the two bytes every response ends in, and what each of the 65,536 means.

ISO/IEC 7816-4, "Status bytes SW1-SW2". A status word is a value, never an exception: the card
answers it, the terminal decides about it.
"""

from collections.abc import Callable
from enum import IntEnum, unique
from typing import Final, final


@final
@unique
class SW(IntEnum):
    """The status words ISO/IEC 7816-4 gives one fixed meaning to, by its names."""

    SUCCESS = 0x9000
    WARNING = 0x6200
    DATA_MAY_BE_CORRUPTED = 0x6281
    END_OF_FILE = 0x6282
    FILE_DEACTIVATED = 0x6283
    FCI_NOT_FORMATTED = 0x6284
    FILE_TERMINATED = 0x6285
    NO_SENSOR_INPUT = 0x6286
    RECORD_DEACTIVATED = 0x6287
    WARNING_CHANGED = 0x6300
    FILE_FILLED_UP = 0x6381
    EXECUTION_ERROR = 0x6400
    IMMEDIATE_RESPONSE_REQUIRED = 0x6401
    CHANNEL_SHARED_ACCESS_DENIED = 0x6481
    CHANNEL_OPENING_DENIED = 0x6482
    EXECUTION_ERROR_CHANGED = 0x6500
    MEMORY_FAILURE = 0x6581
    SECURITY_ISSUE = 0x6600
    WRONG_LENGTH = 0x6700
    FORMAT_NOT_COMPLIANT = 0x6701
    LC_NOT_AS_EXPECTED = 0x6702
    CLA_FUNCTION_NOT_SUPPORTED = 0x6800
    CHANNEL_NOT_SUPPORTED = 0x6881
    SECURE_MESSAGING_NOT_SUPPORTED = 0x6882
    LAST_OF_CHAIN_EXPECTED = 0x6883
    CHAINING_NOT_SUPPORTED = 0x6884
    COMMAND_NOT_ALLOWED = 0x6900
    INCOMPATIBLE_FILE_STRUCTURE = 0x6981
    SECURITY_STATUS_NOT_SATISFIED = 0x6982
    AUTHENTICATION_BLOCKED = 0x6983
    REFERENCE_DATA_NOT_USABLE = 0x6984
    CONDITIONS_NOT_SATISFIED = 0x6985
    NO_CURRENT_EF = 0x6986
    SM_OBJECTS_MISSING = 0x6987
    SM_OBJECTS_INCORRECT = 0x6988
    WRONG_PARAMETERS = 0x6A00
    WRONG_DATA = 0x6A80
    FUNCTION_NOT_SUPPORTED = 0x6A81
    FILE_NOT_FOUND = 0x6A82
    RECORD_NOT_FOUND = 0x6A83
    NOT_ENOUGH_SPACE = 0x6A84
    NC_INCONSISTENT_WITH_TLV = 0x6A85
    INCORRECT_P1_P2 = 0x6A86
    NC_INCONSISTENT_WITH_P1_P2 = 0x6A87
    REFERENCE_NOT_FOUND = 0x6A88
    FILE_EXISTS = 0x6A89
    DF_NAME_EXISTS = 0x6A8A
    WRONG_OFFSET = 0x6B00
    INS_NOT_SUPPORTED = 0x6D00
    CLA_NOT_SUPPORTED = 0x6E00
    NO_DIAGNOSIS = 0x6F00


_EXACT: Final[dict[int, str]] = {
    SW.SUCCESS: "success",
    SW.WARNING: "warning, memory unchanged, no reason given",
    SW.DATA_MAY_BE_CORRUPTED: "part of the returned data may be corrupted",
    SW.END_OF_FILE: "end of file reached before all bytes asked for",
    SW.FILE_DEACTIVATED: "selected file deactivated",
    SW.FCI_NOT_FORMATTED: "file control information badly formatted",
    SW.FILE_TERMINATED: "selected file in termination state",
    SW.NO_SENSOR_INPUT: "no input from a sensor on the card",
    SW.RECORD_DEACTIVATED: "a referenced record is deactivated",
    SW.WARNING_CHANGED: "warning, memory changed, no reason given",
    SW.FILE_FILLED_UP: "file filled up by the last write",
    SW.EXECUTION_ERROR: "execution error, memory unchanged",
    SW.IMMEDIATE_RESPONSE_REQUIRED: "the card requires an immediate response",
    SW.CHANNEL_SHARED_ACCESS_DENIED: "shared access on the logical channel denied",
    SW.CHANNEL_OPENING_DENIED: "opening of the logical channel denied",
    SW.EXECUTION_ERROR_CHANGED: "execution error, memory changed",
    SW.MEMORY_FAILURE: "memory failure",
    SW.SECURITY_ISSUE: "security-related issue",
    SW.WRONG_LENGTH: "wrong length",
    SW.FORMAT_NOT_COMPLIANT: "command not formatted as the standard says",
    SW.LC_NOT_AS_EXPECTED: "Lc is not the one expected",
    SW.CLA_FUNCTION_NOT_SUPPORTED: "function in CLA not supported",
    SW.CHANNEL_NOT_SUPPORTED: "logical channel not supported",
    SW.SECURE_MESSAGING_NOT_SUPPORTED: "secure messaging not supported",
    SW.LAST_OF_CHAIN_EXPECTED: "last command of the chain expected",
    SW.CHAINING_NOT_SUPPORTED: "command chaining not supported",
    SW.COMMAND_NOT_ALLOWED: "command not allowed",
    SW.INCOMPATIBLE_FILE_STRUCTURE: "command incompatible with file structure",
    SW.SECURITY_STATUS_NOT_SATISFIED: "security status not satisfied",
    SW.AUTHENTICATION_BLOCKED: "authentication method blocked",
    SW.REFERENCE_DATA_NOT_USABLE: "reference data not usable",
    SW.CONDITIONS_NOT_SATISFIED: "conditions of use not satisfied",
    SW.NO_CURRENT_EF: "command not allowed, no current EF",
    SW.SM_OBJECTS_MISSING: "secure messaging objects missing",
    SW.SM_OBJECTS_INCORRECT: "secure messaging objects incorrect",
    SW.WRONG_PARAMETERS: "wrong parameters P1-P2",
    SW.WRONG_DATA: "incorrect parameters in the command data",
    SW.FUNCTION_NOT_SUPPORTED: "function not supported",
    SW.FILE_NOT_FOUND: "file or application not found",
    SW.RECORD_NOT_FOUND: "record not found",
    SW.NOT_ENOUGH_SPACE: "not enough memory space in the file",
    SW.NC_INCONSISTENT_WITH_TLV: "Nc inconsistent with TLV structure",
    SW.INCORRECT_P1_P2: "incorrect parameters P1-P2",
    SW.NC_INCONSISTENT_WITH_P1_P2: "Nc inconsistent with P1-P2",
    SW.REFERENCE_NOT_FOUND: "referenced data not found",
    SW.FILE_EXISTS: "file already exists",
    SW.DF_NAME_EXISTS: "DF name already exists",
    SW.WRONG_OFFSET: "wrong parameters P1-P2, offset outside the file",
    SW.INS_NOT_SUPPORTED: "instruction not supported",
    SW.CLA_NOT_SUPPORTED: "class not supported",
    SW.NO_DIAGNOSIS: "no precise diagnosis",
}
assert set(_EXACT) == set(SW), "a status word has no meaning text"

# SW1: the meaning of any SW2 without a row of its own.
_FAMILIES: Final[dict[int, str]] = {
    0x62: "warning, memory unchanged",
    0x63: "warning, memory changed",
    0x64: "execution error, memory unchanged",
    0x65: "execution error, memory changed",
    0x66: "security-related issue",
    0x67: "wrong length, proprietary detail",
    0x68: "function in CLA not supported",
    0x69: "command not allowed",
    0x6A: "wrong parameters P1-P2",
    0x6B: "wrong parameters P1-P2, proprietary detail",
    0x6D: "instruction not supported, proprietary detail",
    0x6E: "class not supported, proprietary detail",
    0x6F: "no precise diagnosis, proprietary detail",
    **dict.fromkeys(range(0x90, 0xA0), "proprietary"),
}
_INVALID: Final = "no status word (only 61xx to 6Fxx and 9xxx are)"

# Families whose SW2 is a number: first and last word, and the text around the number.
_NUMBERED: Final[tuple[tuple[int, int, Callable[[int], str]], ...]] = (
    (0x6100, 0x61FF, lambda sw: f"success, {sw & 0xFF or 256} bytes waiting"),
    (0x6202, 0x6280, lambda sw: f"the card asks for a query of {sw & 0xFF} bytes"),
    (0x63C0, 0x63CF, lambda sw: f"refused, tries left: {sw & 0x0F}"),
    (0x6402, 0x6480, lambda sw: f"aborted, the card asks for a query of {sw & 0xFF} bytes"),
    (0x6C00, 0x6CFF, lambda sw: f"wrong Le, {sw & 0xFF or 256} bytes are available"),
)


def explain(sw: int) -> str:
    """Return the meaning of `sw`, 0 to FFFFh; total, so a trace can print any two bytes."""
    assert 0 <= sw <= 0xFFFF, "a status word is two bytes"
    for first, last, text in _NUMBERED:
        if first <= sw <= last:
            return text(sw)
    return _EXACT.get(sw) or _FAMILIES.get(sw >> 8, _INVALID)


def tries_left(sw: int) -> int | None:
    """Return the tries left (0 to 15) that 63Cx states, `None` for any other word."""
    return sw & 0x0F if sw & 0xFFF0 == 0x63C0 else None


def bytes_waiting(sw: int) -> int | None:
    """Return how many bytes (1 to 256) 61xx offers to GET RESPONSE; 6100 is 256."""
    return (sw & 0xFF or 256) if sw >> 8 == 0x61 else None


def right_le(sw: int) -> int | None:
    """Return the Ne (1 to 256) with which 6Cxx wants the command repeated; 6C00 is 256."""
    return (sw & 0xFF or 256) if sw >> 8 == 0x6C else None

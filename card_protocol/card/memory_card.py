"""A memory card in a reader: the SLE4442 as a PC/SC program meets it, by pseudo-APDUs.

The chip answers no APDUs. A reader powers it, makes up an ATR, and offers commands of class FF,
which differ by make; so this is a chip *and* a reader, with one set of commands a make:

- `Make.ACS`: ACR33U-A1 reference manual 1.02, 8.3.6; ACR38x (CCID) 6.04, 9.3.6; ACR39x 1.03, 8.4.
  SELECT_CARD_TYPE comes before all else. PRESENT_CODE answers 90 and the error counter, so 9007 is
  right and 9000 is a blocked card.
- `Make.PCSC`: PC/SC part 3, storage cards, as OMNIKEY's readers have it (HID PLT-03099): READ
  BINARY, UPDATE BINARY, VERIFY; a wrong code is 63Cx.

What the manuals leave open, refusals above all, is marked as ours.
"""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from enum import Enum, unique
from types import MappingProxyType
from typing import Final, final

from card_protocol.apdu import split_command
from card_protocol.card.commands import SUCCESS, Fate, refuse
from card_protocol.card.sle4442 import (
    CODE_SIZE_BYTES,
    ERASED,
    MAIN_SIZE_BYTES,
    PHASE_US,
    PROTECTABLE,
    MemoryImage,
    Sle4442,
)
from card_protocol.errors import ApduError
from card_protocol.status import SW

ATR_HEADER: Final = bytes.fromhex("a2131091")  # data sheet 2.8: H1 to H4, in addresses 0 to 3
_TS_T0: Final = bytes.fromhex("3b04")  # what a reader puts before them: four historical bytes
_CLASS: Final = 0xFF
_TYPE_SLE4442: Final = b"\x06"  # SELECT_CARD_TYPE: SLE4432, SLE4442, SLE5532, SLE5542
_NEW_CODE: Final = 1  # P2 of CHANGE_CODE: the first address after the counter


@final
@unique
class Make(Enum):
    """The make of reader, whose commands it obeys."""

    ACS = "acs"
    PCSC = "pcsc"


PseudoHandler = Callable[[Sle4442, int, bytes, int], bytes]  # chip, P2, data, Ne to R-APDU


@final
@dataclass(frozen=True, slots=True)
class PseudoCommand:
    """One pseudo-APDU: `nc` holds the sizes of data it takes, `ne` of answers, both in bytes."""

    name: str
    nc: Container[int]
    ne: Container[int]
    handler: PseudoHandler


def _read(chip: Sle4442, at: int, _data: bytes, ne: int) -> bytes:
    """Read main memory from an address; past its end is 6B00 (ours)."""
    if at + ne > MAIN_SIZE_BYTES:
        return refuse(SW.WRONG_OFFSET)
    return chip.read_main(at)[:ne] + SUCCESS


def _read_counter(chip: Sle4442, _p2: int, _data: bytes, _ne: int) -> bytes:
    return chip.read_security() + SUCCESS


def _read_protection(chip: Sle4442, _p2: int, _data: bytes, _ne: int) -> bytes:
    return chip.read_protection() + SUCCESS


def _write(chip: Sle4442, at: int, data: bytes, _ne: int) -> bytes:
    """Write byte after byte; the reader does not report writes that the chip ignores."""
    if at + len(data) > MAIN_SIZE_BYTES:
        return refuse(SW.WRONG_OFFSET)
    for offset, value in enumerate(data):
        chip.update_main(at + offset, value)
    return SUCCESS


def _protect(chip: Sle4442, at: int, data: bytes, _ne: int) -> bytes:
    if at + len(data) > PROTECTABLE:
        return refuse(SW.WRONG_OFFSET)
    for offset, value in enumerate(data):
        chip.write_protection(at + offset, value)
    return SUCCESS


def _present(chip: Sle4442, data: bytes) -> int:
    """Do the whole verification of data sheet 2.4; return the error counter after it."""
    counter = chip.read_security()[0]
    lowest = counter & -counter
    chip.update_security(0, counter & ~lowest)
    for at, value in enumerate(data, start=1):
        chip.compare(at, value)
    chip.update_security(0, ERASED)
    return chip.read_security()[0]


def _present_acs(chip: Sle4442, p2: int, data: bytes, _ne: int) -> bytes:
    """PRESENT_CODE: SW2 is the error counter. 07 is right, 00 blocked, others wrong."""
    if p2:
        return refuse(SW.INCORRECT_P1_P2)
    return refuse(0x9000 | _present(chip, data))


def _verify_pcsc(chip: Sle4442, p2: int, data: bytes, _ne: int) -> bytes:
    if p2:
        return refuse(SW.INCORRECT_P1_P2)
    if chip.read_security()[0] == 0:
        return refuse(SW.AUTHENTICATION_BLOCKED)
    _present(chip, data)
    return SUCCESS if chip.verified else refuse(0x63C0 | chip.image.tries_left)


def _change_code(chip: Sle4442, data: bytes) -> None:
    for at, value in enumerate(data, start=1):
        chip.update_security(at, value)


def _change_acs(chip: Sle4442, p2: int, data: bytes, _ne: int) -> bytes:
    if p2 != _NEW_CODE:
        return refuse(SW.INCORRECT_P1_P2)
    _change_code(chip, data)
    return SUCCESS


def _update_pcsc(chip: Sle4442, at: int, data: bytes, ne: int) -> bytes:
    """UPDATE BINARY: a reader that knows of no code answers 6982 (ISO/IEC 7816-4)."""
    return _write(chip, at, data, ne) if chip.verified else refuse(_6982)


_6982: Final = SW.SECURITY_STATUS_NOT_SATISFIED
_NO: Final = frozenset({0})
_CODE: Final = frozenset({CODE_SIZE_BYTES})
_FOUR: Final = frozenset({4})
_SOME: Final = range(1, 256)
_ALL: Final = range(1, 257)
_SELECT: Final = 0xA4

ROWS: Final[Mapping[Make, Mapping[int, PseudoCommand]]] = MappingProxyType(
    {
        Make.ACS: {
            0xB0: PseudoCommand("READ_MEMORY_CARD", _NO, _ALL, _read),
            0xB1: PseudoCommand("READ_PRESENTATION_ERROR_COUNTER", _NO, _FOUR, _read_counter),
            0xB2: PseudoCommand("READ_PROTECTION_BITS", _NO, _FOUR, _read_protection),
            0xD0: PseudoCommand("WRITE_MEMORY_CARD", _SOME, _NO, _write),
            0xD1: PseudoCommand("WRITE_PROTECTION", _SOME, _NO, _protect),
            0x20: PseudoCommand("PRESENT_CODE", _CODE, _NO, _present_acs),
            0xD2: PseudoCommand("CHANGE_CODE", _CODE, _NO, _change_acs),
        },
        Make.PCSC: {
            0xB0: PseudoCommand("READ BINARY", _NO, _ALL, _read),
            0xD6: PseudoCommand("UPDATE BINARY", _SOME, _NO, _update_pcsc),
            0x20: PseudoCommand("VERIFY", _CODE, _NO, _verify_pcsc),
        },
    }
)


@final
class MemoryCard:
    """A chip in a reader of one `make`, with the calls that every virtual card has."""

    def __init__(self, image: MemoryImage, *, make: Make = Make.ACS) -> None:
        self._image = image
        self._make: Final = make
        self._chip: Sle4442 | None = None
        self._tried: tuple[bytes, Sle4442, bytes] | None = None  # a command, chip and answer after
        self._selected = False

    @property
    def image(self) -> MemoryImage:
        """The whole persistent card, as it is now."""
        return self._chip.image if self._chip else self._image

    def power_on(self) -> bytes:
        """Reset the chip and return the ATR that a reader makes up for it.

        Empty if the first four bytes were overwritten: no reader then knows the card.
        """
        self.power_off()
        if self._image.main[: len(ATR_HEADER)] != ATR_HEADER:
            return b""
        self._chip = Sle4442(self._image)
        self._selected = self._make is not Make.ACS
        return _TS_T0 + ATR_HEADER

    def power_off(self) -> None:
        """Forget everything but the image."""
        self._image = self.image
        self._chip = self._tried = None

    def writing_us(self, command: bytes) -> int:
        """Return how long the chip programs its cells for `command`, in µs."""
        if self._chip is None:
            return 0
        trial = self._chip.fork()
        self._tried = command, trial, self._answer(trial, command)
        return len(trial.phases) * PHASE_US

    def tear(self, command: bytes, fate: Fate) -> None:
        """Lose power while programming what `command` orders.

        Two numbers of `fate`, as one of 65536ths, say how many of its phases are done. A phase
        leaves whole bytes: old, FF or new.
        """
        if self._chip is not None:
            trial = self._chip.fork()
            self._answer(trial, command)
            states = [self._chip.image, *trial.phases]
            self._chip.image = states[(fate() << 8 | fate()) * len(states) >> 16]
        self.power_off()

    def transmit(self, command: bytes) -> bytes:
        """Return the R-APDU to any bytes at all; without power the answer is empty."""
        if self._chip is None:
            return b""
        tried, self._tried = self._tried, None
        if tried is not None and tried[0] == command:  # as by `writing_us` just now
            _, self._chip, answer = tried
        else:
            answer = self._answer(self._chip, command)
        if self._make is Make.ACS and command[:2] == bytes((_CLASS, _SELECT)):
            self._selected = answer == SUCCESS
            if self._selected:
                self._chip = Sle4442(self._chip.image)  # it powers the card down and up
        return answer

    def _answer(self, chip: Sle4442, command: bytes) -> bytes:
        """Return the reader's answer. The manuals do not define its refusals: these are ours."""
        try:
            cla, ins, p1, p2, data, ne = split_command(command)
        except ApduError:
            return refuse(SW.WRONG_LENGTH)
        if cla != _CLASS:
            return refuse(SW.CLA_NOT_SUPPORTED)
        if ins == _SELECT and self._make is Make.ACS:
            return SUCCESS if data == _TYPE_SLE4442 else refuse(SW.WRONG_DATA)
        row = ROWS[self._make].get(ins)
        if row is None:
            return refuse(SW.INS_NOT_SUPPORTED)
        if not self._selected:
            return refuse(SW.CONDITIONS_NOT_SATISFIED)
        if len(data) not in row.nc or (ne or 0) not in row.ne:
            return refuse(SW.WRONG_LENGTH)
        if p1:
            return refuse(SW.INCORRECT_P1_P2)
        return row.handler(chip, p2, data, ne or 0)

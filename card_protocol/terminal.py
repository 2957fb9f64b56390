"""The reader's side of the dialogue: sends commands, follows 61xx and 6Cxx, within bounds.

Works over any `exchange` call (a link, a meter's port) and knows no transport. A card's refusal
becomes an `ApduError` with the status word in `sw`; a `LinkError` passes through.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, final

from card_protocol.apdu import NC_SHORT_MAX, NE_SHORT_MAX, CommandApdu, ResponseApdu
from card_protocol.errors import ApduError
from card_protocol.keys import (
    CARD_KEY_REFERENCE,
    MAC_SIZE_BYTES,
    PIN_REFERENCE,
    RANDOM_SIZE_BYTES,
    Key,
    Role,
    internal_text,
    is_pin,
    proof,
)
from card_protocol.status import SW, bytes_waiting, explain, right_le

ANSWER_PARTS_MAX: Final = 256  # GET RESPONSE in a row: 256 times 256 bytes is the longest answer
LE_CORRECTIONS_MAX: Final = 1  # 6Cxx in a row: a card that stated the right Le must then accept it
_FILE_END_MAX: Final = 0x8000  # bytes: P1-P2 hold offsets of 15 bits

_SFI_FLAG: Final = 0x80  # in P1: the low five bits are a short file identifier
_SELECT_BY_FID: Final = 0x00
_NO_DATA: Final = 0x0C
_SUCCESS: Final = int(SW.SUCCESS)
_FCP: Final = 0x04


@final
class Terminal:
    """A terminal in dialogue with one card. `exchange` takes a C-APDU and returns the R-APDU.

    Commands outside ISO/IEC 7816-4 use `exchange` directly: 61xx and 6Cxx are not followed there.
    """

    def __init__(self, exchange: Callable[[bytes], bytes]) -> None:
        self.exchange: Final = exchange

    def send(self, command: CommandApdu) -> ResponseApdu:
        """Send `command` and return the whole answer, fetched in parts when the card says 61xx.

        The status word is the last one; refusals are values here.

        Raises:
            ApduError: The response has less than two bytes, or the card's answer never ends.
        """
        response = self._once(command)
        if response.sw == _SUCCESS:  # as nearly always
            return response
        response = self._corrected(command, response)
        waiting = bytes_waiting(response.sw)
        if waiting is None:
            return response
        gathered = bytearray(response.data)
        for _ in range(ANSWER_PARTS_MAX):
            command = CommandApdu(0x00, 0xC0, 0x00, 0x00, ne=waiting)
            response = self._corrected(command, self._once(command))
            gathered += response.data
            waiting = bytes_waiting(response.sw)
            if waiting is None:
                return ResponseApdu(bytes(gathered), response.sw)
        raise ApduError(f"still more data after {ANSWER_PARTS_MAX} parts", sw=response.sw)

    def _corrected(self, command: CommandApdu, response: ResponseApdu) -> ResponseApdu:
        """Return the answer to `command`, sent again with the Le that 6Cxx gives."""
        for _ in range(LE_CORRECTIONS_MAX):
            ne = right_le(response.sw)
            if ne is None:
                return response
            response = self._once(replace(command, ne=ne))
        if right_le(response.sw) is not None:
            raise ApduError("the card refuses the Le it asked for", sw=response.sw)
        return response

    def _once(self, command: CommandApdu) -> ResponseApdu:
        """Send `command`; reject an answer longer than requested."""
        response = ResponseApdu.parse(self.exchange(command.to_bytes()))
        if len(response.data) > (command.ne or 0):
            raise ApduError(f"{len(response.data)} bytes, expected {command.ne or 0} at most")
        return response

    def select(self, fid: int) -> None:
        """Select the MF, a DF or an EF by `fid`, its two-byte file identifier.

        Raises:
            ApduError: The card refuses; `sw` says why.
        """
        self._select(fid, _NO_DATA, ne=None)

    def select_fcp(self, fid: int) -> bytes:
        """Select `fid` like `select` and return the file control parameters, a BER-TLV template 62.

        Raises:
            ApduError: The card refuses; `sw` says why.
        """
        return self._select(fid, _FCP, ne=NE_SHORT_MAX)

    def _select(self, fid: int, p2: int, ne: int | None) -> bytes:
        data = fid.to_bytes(2, "big")
        return self._done(
            f"select {fid:04X}", CommandApdu(0x00, 0xA4, _SELECT_BY_FID, p2, data, ne)
        )

    def read_binary(self, sfi: int, size: int) -> bytes:
        """Return the first `size` bytes (1 to 32,768) of the EF with short identifier `sfi`.

        Raises:
            ApduError: The card refuses, or the file is shorter.
        """
        _check_range("sfi", sfi, 1, 30)
        _check_range("size", size, 1, _FILE_END_MAX)
        gathered = bytearray()
        for offset in range(0, size, NE_SHORT_MAX):
            ne = min(NE_SHORT_MAX, size - offset)
            p1, p2 = _place(sfi, offset)
            command = CommandApdu(0x00, 0xB0, p1, p2, ne=ne)
            gathered += self._part(f"read file {sfi}", command, ne, offset)
        return bytes(gathered)

    def update_binary(self, sfi: int, data: bytes) -> None:
        """Write `data` (1 to 32,768 bytes) from the start of the EF with short identifier `sfi`.

        Up to 255 bytes travel in one command, which a secure card obeys whole or not at all; longer
        data is only safe part by part.

        Raises:
            ApduError: The card refuses; what earlier commands wrote stays.
        """
        _check_range("sfi", sfi, 1, 30)
        _check_range("size", len(data), 1, _FILE_END_MAX)
        for offset in range(0, len(data), NC_SHORT_MAX):
            p1, p2 = _place(sfi, offset)
            part = data[offset : offset + NC_SHORT_MAX]
            self._done(f"update file {sfi}", CommandApdu(0x00, 0xD6, p1, p2, part))

    def read_current(self, offset: int, size: int) -> bytes:
        """Return `size` bytes at `offset` of the EF selected last; both within 32,768 bytes.

        Raises:
            ApduError: The card refuses, or the file is shorter.
        """
        _check_range("end of the part", offset + size, 1, _FILE_END_MAX)
        gathered = bytearray()
        for at in range(offset, offset + size, NE_SHORT_MAX):
            ne = min(NE_SHORT_MAX, offset + size - at)
            command = CommandApdu(0x00, 0xB0, at >> 8, at & 0xFF, ne=ne)
            gathered += self._part("read", command, ne, at)
        return bytes(gathered)

    def update_current(self, offset: int, data: bytes) -> None:
        """Write `data` at `offset` of the EF selected last, up to 255 bytes a command.

        Raises:
            ApduError: The card refuses; what earlier commands wrote stays.
        """
        _check_range("end of the part", offset + len(data), 1, _FILE_END_MAX)
        for at in range(0, len(data), NC_SHORT_MAX):
            p1, p2 = divmod(offset + at, 0x100)
            part = data[at : at + NC_SHORT_MAX]
            self._done("update", CommandApdu(0x00, 0xD6, p1, p2, part))

    def authenticate(
        self, role: Role, role_key: Key, card_key: Key, terminal_random: bytes
    ) -> None:
        """Authenticate a role to the card, then the card to us.

        Args:
            role: Meter or desk.
            role_key: The key of that role for this card, derived from the meter's number.
            card_key: The key by which the card proves itself.
            terminal_random: Eight bytes never used before.

        Raises:
            ApduError: With the card's status word when it refuses us; `NotGenuineError`, without
                one, when its own proof is wrong.
        """
        _check_range("terminal random size", len(terminal_random), *2 * (RANDOM_SIZE_BYTES,))
        card_random = self._done("get challenge", CommandApdu(0, 0x84, 0, 0, ne=RANDOM_SIZE_BYTES))
        if len(card_random) != RANDOM_SIZE_BYTES:
            raise ApduError(
                f"the challenge has {len(card_random)} bytes, expected {RANDOM_SIZE_BYTES}"
            )
        evidence = proof(role, role_key, card_random, terminal_random)
        self._done("external authenticate", CommandApdu(0, 0x82, 0, role, evidence))
        answer = self._done(
            "internal authenticate",
            CommandApdu(0, 0x88, 0, CARD_KEY_REFERENCE, terminal_random, MAC_SIZE_BYTES),
        )
        if not card_key.verify(internal_text(terminal_random), answer):
            raise ApduError("the card's proof does not match its key")

    def verify(self, pin: str) -> None:
        """Present `pin`, four to eight digits.

        Raises:
            ApduError: The PIN is wrong or blocked; `sw` has the tries left.
        """
        digits = pin.encode("ascii", "replace")
        if not is_pin(digits):
            raise ApduError("a PIN is four to eight digits")
        self._done("verify", CommandApdu(0x00, 0x20, 0x00, PIN_REFERENCE, digits))

    def _part(self, what: str, command: CommandApdu, size: int, at: int) -> bytes:
        part = self._done(what, command)
        if len(part) != size:
            raise ApduError(f"{what}: expected {size} bytes at {at}, got {len(part)}")
        return part

    def _done(self, what: str, command: CommandApdu) -> bytes:
        response = self.send(command)
        if response.sw != _SUCCESS:
            why = f"{what}: {response.sw:04X}, {explain(response.sw)}"
            raise ApduError(why, sw=response.sw)
        return response.data


def _place(sfi: int, offset: int) -> tuple[int, int]:
    """Return P1, P2: by SFI at the start, which makes the file current, by offset from there."""
    return (_SFI_FLAG | sfi, 0) if offset == 0 else (offset >> 8, offset & 0xFF)


def _check_range(what: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ApduError(f"{what}: expected {low} to {high}, got {value}")

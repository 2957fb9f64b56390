"""Sessions with a virtual card of any kind: commands, resets, answers fetched in parts.

The first byte says which card it is and in which protocol; then four bytes a step: what is done,
and three operands. A model, made anew from the image at each reset, gets the same commands
(`modelled`): rights, tries, the life of a challenge, what T=0 lets wait, each byte that is written.
"""

from collections.abc import Callable, Sequence
from functools import cache
from random import Random
from typing import Final, final

from card_protocol.apdu import CommandApdu
from card_protocol.card.files import df_name
from card_protocol.card.image import CardImage, CardKind
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.card.virtual import AnyImage
from card_protocol.formats.container import TRANSPORT_PIN
from card_protocol.keys import Key, Role, external_text
from card_protocol.status import bytes_waiting, right_le
from meter_emu.desk.desk import Desk
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.fuzz.modelled import ModelledCard
from meter_emu.fuzz.reach import must, note
from meter_emu.fuzz.target import Target

_METER_ID: Final = 541_000_000_001
_MINUTE: Final = 10_000_000
_STEP_BYTES: Final = 4
_STEPS_MAX: Final = 40
_PARTS_MAX: Final = 300
_SUCCESS: Final = b"\x90\x00"
# Kind, and whether it speaks T=0; a memory card lies in a reader and speaks neither.
_CARDS: Final = (
    (CardKind.SECURE, False), (CardKind.SECURE, True), (CardKind.PLAIN, False),
    (CardKind.PLAIN, True), (CardKind.MEMORY, False),
)  # fmt: skip
_FIDS: Final = (0x3F00, 0xDF01, 0xEF01, 0xEF02, 0xEF03, 0xEF04, 0xEF05, 0xBE01, 0x1234)
_KEYS: Final = {  # docs/card-format.md, of this meter
    Role.METER: Key(bytes.fromhex("eeacff022a7f8c98f51d81af2da6a400")),
    Role.DESK: Key(bytes.fromhex("7ef04ec3bf376a7a3c2ffa4f7afe5075")),
}
_NAMES: Final = {
    0x20: "VERIFY", 0x82: "EXTERNAL AUTHENTICATE", 0x84: "GET CHALLENGE",
    0x88: "INTERNAL AUTHENTICATE", 0xA4: "SELECT", 0xB0: "READ BINARY", 0xC0: "GET RESPONSE",
    0xD6: "UPDATE BINARY",
}  # fmt: skip
_SAID: Final = {**_NAMES, 0x70: "MANAGE CHANNEL"}
_EVERYBODY: Final = 0x80  # the right that a card of files gives to all


@cache
def _image(kind: CardKind) -> AnyImage:
    return Desk(TEST_MASTER_KEY).issue(_METER_ID, issued_at_min=_MINUTE, card_kind=kind)


@final
class Session:
    """A card of files or a memory card, next to its model; commands and resets of any kind."""

    def __init__(self, kind: CardKind, *, t0: bool) -> None:
        self.t0: Final = t0
        self._resets = 0
        self.card: Final = ModelledCard(_image(kind), lambda: Random(self._resets).randbytes, t0=t0)
        self.challenge = b""  # the last that came, good or stale
        self.reset()

    def reset(self) -> None:
        """Take the power away and give it back."""
        opened = self.opened
        self.card.power_off()
        self._resets += 1
        self.card.power_on()
        note("reset" + " of an opened card" * opened)

    @property
    def opened(self) -> bool:
        """Whether a right was won since the last reset."""
        model = self.card.model
        return model is not None and bool(model.rights - {_EVERYBODY})

    def send(self, command: bytes) -> bytes:
        """Send a command, and say what came of it."""
        answer = self.card.transmit(command)
        ins, sw = command[1:2], int.from_bytes(answer[-2:], "big")
        memory = self.card.kind is CardKind.MEMORY
        if memory:
            note(f"memory: {'refused' if sw >> 12 == 6 else 'obeyed'}")
            note(f"memory: {ins.hex()} {sw:04x}")
        elif ins and ins[0] in _SAID:
            note(f"{_SAID[ins[0]]} {sw:04X}")
            if ins[0] == 0xA4 and sw >> 8 in {0x90, 0x61}:
                note(f"SELECT by P1 {command[2]:02X}")
        return answer


# Steps of a card of files -------------------------------------------------------------------------

_OTHER_WAYS: Final = 0xE0  # of the ways to select, from this value of an operand on
Step = Callable[[Session, int, int, int], object]


def _select(session: Session, a: int, b: int, c: int) -> None:
    """SELECT in each way there is: by identifier, by path, by name; a child, an EF, the parent."""
    data = _FIDS[a % len(_FIDS)].to_bytes(2, "big")
    p1, p2 = ((0x00, 0x08)[b & 1], (0x0C, 0x04, 0x00)[b // 2 % 3])
    if b >= _OTHER_WAYS:
        p1 = (0x01, 0x02, 0x03, 0x04)[b & 3]
        data = (
            b""
            if p1 == 0x03
            else (df_name(_FIDS[1]) + bytes(5))[: 1 + a % 17]
            if p1 == 0x04
            else data
        )
    elif p1 == 0x08 and a >= 0x80:
        data = _FIDS[1].to_bytes(2, "big") * (a % 2 + 7 if a >= 0xF0 else 1) + data
    _ask(session, CommandApdu(0, 0xA4, p1, p2, data, None if p2 == 0x0C else 256), c, b)


def _read(session: Session, a: int, b: int, c: int) -> None:
    """READ BINARY of a file by its short identifier, at an offset, with any Le."""
    _fetch(session, CommandApdu(0, 0xB0, 0x80 | a % 7, b, ne=c or 256), ())


def _update(session: Session, a: int, b: int, c: int) -> None:
    """UPDATE BINARY of a file by its short identifier."""
    session.send(CommandApdu(0, 0xD6, 0x80 | a % 7, b, _data(1 + c % 200, b ^ c)).to_bytes())


def _at_offset(session: Session, a: int, b: int, c: int) -> None:
    """READ or UPDATE of the current file; with offsets of two bytes."""
    if a & 1:
        data = _data(1 + c % 96, a ^ c)
        session.send(CommandApdu(0, 0xD6, a >> 1 & 7, b, data).to_bytes(extended=a & 0x80 > 0))
    else:
        command = CommandApdu(0, 0xB0, a >> 1 & 7, b, ne=c or 256)
        session.send(command.to_bytes(extended=a & 0x80 > 0))


def _at_end(session: Session, a: int, b: int, c: int) -> None:
    """READ or UPDATE near the end of a file: up to it, one byte too many, behind it."""
    image = session.card.image
    assert isinstance(image, CardImage), "a card of files"
    spec = image.tree.specs[a % len(image.tree.specs)]
    session.send(CommandApdu(0, 0xA4, 0, 0x0C, spec.fid.to_bytes(2, "big")).to_bytes())
    high, low = divmod(spec.size_bytes - 2 + b % 4, 256)
    if b & 4:
        session.send(CommandApdu(0, 0xD6, high, low, _data(1 + c % 4, c)).to_bytes())
    else:
        session.send(CommandApdu(0, 0xB0, high, low, ne=1 + c % 4).to_bytes())


def _verify(session: Session, a: int, b: int, c: int) -> None:
    """VERIFY with the PIN, with one that is wrong in one bit, or with none."""
    right = TRANSPORT_PIN.encode()
    at = c % len(right)
    almost = right[:at] + bytes((right[at] ^ (1, 2, 4)[c // 8 % 3],)) + right[at + 1 :]
    pins = (right, right[:-1] + b"x", b"1234", b"", b"\x31\x32", almost, almost, right + b"0")
    session.send(CommandApdu(0, 0x20, 0, 1 if b < 0xF0 else b, pins[a % len(pins)]).to_bytes())


def _prove(session: Session, a: int, b: int, c: int) -> None:
    """GET CHALLENGE and EXTERNAL AUTHENTICATE; a MAC that is wrong is so in one bit.

    A challenge is good for the next command: not after another, not twice, not from before.
    """
    if b < _STALE:
        session.challenge = _fetch(
            session, CommandApdu(0, 0x84, 0, 0, ne=8 if a < 0xC0 else 256), ()
        )
    role = (Role.DESK, Role.METER)[a & 1]
    evidence = bytearray(_data(8, c))
    evidence += _KEYS[role].mac(external_text(role, session.challenge[:-2], bytes(evidence)))
    wrong = b % 4
    if wrong in {1, 2}:
        evidence[-1 if wrong == 1 else -1 - b // 4 % len(evidence)] ^= 1 << c % 8
    elif wrong:
        session.send(CommandApdu(0, 0xB0, 0x81, 0, ne=1).to_bytes())
        note("a challenge after another command")
    proof = CommandApdu(0, 0x82, 0, role, bytes(evidence)).to_bytes()
    if session.send(proof) == _SUCCESS:
        session.send(proof)
        note("a proof twice")
    note("a proof of which one bit is wrong" if wrong in {1, 2} else "a proof")


_STALE: Final = 0xF0  # from this operand on the challenge is the one before


def _wear(session: Session, a: int, b: int, c: int) -> None:
    """Use up tries of the PIN or of a key, all of them if there are enough."""
    for at in range(1 + b % 11):
        if a % 3 == 0:
            _verify(session, 5, 0, c + at)
        else:
            _prove(session, a % 3 - 1, 1, c + at)


def _internal(session: Session, a: int, b: int, c: int) -> None:
    command = CommandApdu(0, 0x88, 0, 3, _data(8, a), (256, 8, 1 + b % 255)[c % 3])
    _ask(session, command, c, b)


def _raw(session: Session, a: int, b: int, c: int) -> None:
    """A header alone, as a raw TPDU may have it: case 1, a class or instruction nobody has.

    Or data of a size that some instruction takes, or is next to one.
    """
    ins = a if a & 1 else tuple(_SAID)[a // 2 % len(_SAID)]
    body = _sized(_SIZES[b % len(_SIZES)], c) if a >= 0x80 else bytes((b,)) * (c & 1)
    cla = b if b > 0xF0 else _CLASSES[b % 8] if b > 0xE0 else 0
    session.send(bytes((cla, ins, c & 0x0F, c >> 4)) + body)


_CLASSES: Final = (0x01, 0x0C, 0x10, 0x1F, 0x20, 0x3F, 0x40, 0x7F)  # edges of the table of CLA
_SIZES: Final = (0, 3, 4, 7, 8, 9, 15, 16, 17)


def _sized(size: int, seed: int) -> bytes:
    """Return data with its length before it, nothing where it is empty."""
    return bytes((size,)) + _data(size, seed) if size else b""


def _get_response(session: Session, a: int, _b: int, _c: int) -> None:
    session.send(bytes((0, 0xC0, 0, 0, a)))


def _long(session: Session, a: int, b: int, c: int) -> None:
    """Lengths in the long form, and an Le other than 00 behind data."""
    if a & 1:
        command = CommandApdu(0, 0xA4, 0, 0x04, _FIDS[a // 2 % 8].to_bytes(2, "big"), 1 + b)
        session.send(command.to_bytes(extended=c & 1 > 0))
    else:
        ne = 65_536 if c == 0xFF else 1 + c * 16
        command = CommandApdu(0, 0xB0, 0x80 | a // 2 % 7, b, ne=ne)
        session.send(command.to_bytes(extended=True))
    note("extended" if c & 1 or not a & 1 else "an Le other than 00 behind data")


def _reset(session: Session, _a: int, _b: int, _c: int) -> None:
    session.reset()
    if session.t0:
        session.send(bytes((0, 0xC0, 0, 0, 0)))  # an answer that waited is gone with the power


def _ask(session: Session, command: CommandApdu, first: int, then: int) -> None:
    """Send a command whose answer is fetched in parts of any size, and once more as a whole."""
    _fetch(session, command, (first, then, 1))
    _fetch(session, command, ())


def _fetch(session: Session, command: CommandApdu, sizes: Sequence[int]) -> bytes:
    """Return an answer, each GET RESPONSE with the next of `sizes`, or with the Le offered."""
    raw = command.to_bytes()
    answer = session.send(raw)
    if (ne := right_le(int.from_bytes(answer[-2:], "big"))) is not None:
        note("6Cxx")
        return session.send(raw[: -1 if command.ne is not None else None] + bytes((ne % 256,)))
    gathered, count = answer[:-2], 0
    while (left := bytes_waiting(int.from_bytes(answer[-2:], "big"))) is not None:
        must(count < _PARTS_MAX, "an answer comes to an end")
        le = sizes[count % len(sizes)] if sizes else left
        count += 1
        answer = session.send(bytes((0, 0xC0, 0, 0, le)))
        if (le or 256) > left:
            note("GET RESPONSE with an Le too large")
            answer = session.send(bytes((0, 0xC0, 0, 0, left % 256)))
        gathered += answer[:-2]
    note("fetched in parts" if count > 1 else "fetched")
    return gathered + answer[-2:]


def _data(size: int, seed: int) -> bytes:
    return bytes((seed + 37 * at + 1) & 0xFF for at in range(size))


_FILE_STEPS: Final[tuple[Step, ...]] = (
    _select, _read, _update, _verify, _prove, _internal, _raw, _reset, _at_offset, _long,
    _get_response, _raw, _at_end, _update, _wear, _prove,
)  # fmt: skip


# Steps of a memory card in its reader -------------------------------------------------------------


def _memory(session: Session, ins: int, at: int = 0, data: bytes = b"", le: bytes = b"") -> bytes:
    size = bytes((len(data),)) if data else b""
    return session.send(bytes((0xFF, ins, 0, at)) + size + data + le)


def _chip(session: Session) -> MemoryImage:
    image = session.card.image
    assert isinstance(image, MemoryImage), "a memory card's steps"
    return image


def _memory_select(session: Session, a: int, _b: int, _c: int) -> None:
    _memory(session, 0xA4, data=bytes((6 if a < 0xC0 else a,)))


def _memory_code(session: Session, a: int, _b: int, _c: int) -> None:
    """PRESENT_CODE, the right one or one that is wrong in one bit."""
    code = bytearray(_chip(session).code)
    if a & 1:
        code[a // 2 % 3] ^= 1 << a // 8 % 8
    _memory(session, 0x20, data=bytes(code))
    note("memory: code right" if not a & 1 else "memory: one bit of the code wrong")


def _memory_change(session: Session, a: int, b: int, c: int) -> None:
    _memory(session, 0xD2, 1 if a < 0xE0 else a, bytes((a, b, c)))


def _memory_write(session: Session, a: int, b: int, c: int) -> None:
    _memory(session, 0xD0, a, _data(1 + b % 64, c))


def _memory_read(session: Session, a: int, b: int, _c: int) -> None:
    _memory(session, 0xB0, a, le=bytes((b,)))


def _memory_protect(session: Session, a: int, b: int, c: int) -> None:
    """WRITE_PROTECTION of what is there, or of something else."""
    at, size = a % 40, 1 + b % 4
    data = _chip(session).main[at : at + size] if c & 1 else _data(size, c)
    _memory(session, 0xD1, at, data)


def _memory_counter(session: Session, a: int, _b: int, _c: int) -> None:
    _memory(session, 0xB1 + a % 2, le=b"\x04")


def _memory_raw(session: Session, a: int, b: int, c: int) -> None:
    """A header alone, or data of a size next to the three bytes of a code."""
    if b >= 0x80:
        _memory(session, (0x20, 0xD2)[a & 1], c % 3, _data(2 + b % 3, c))
    else:
        session.send(bytes((0xFF if c & 1 else b, a, 0, c)))


_MEMORY_STEPS: Final[tuple[Step, ...]] = (
    _memory_select, _memory_code, _memory_write, _memory_read, _memory_protect, _memory_counter,
    _memory_raw, _reset, _memory_change,
)  # fmt: skip


def _check(data: bytes, _build: str) -> None:
    if not data:
        return
    kind, t0 = _CARDS[data[0] % len(_CARDS)]
    session = Session(kind, t0=t0)
    steps: Sequence[Step] = _MEMORY_STEPS if kind is CardKind.MEMORY else _FILE_STEPS
    note(f"{kind.name.lower()}{' over T=0' * t0}")
    for at in range(1, min(len(data), _STEPS_MAX * _STEP_BYTES), _STEP_BYTES):
        op, a, b, c = data[at : at + _STEP_BYTES].ljust(_STEP_BYTES, b"\x00")
        steps[op % len(steps)](session, a, b, c)


def _seeds() -> tuple[bytes, ...]:
    """Both ways to open a card, every instruction, and a reset of an opened card."""
    opening = bytes.fromhex(
        "00000000 00010000 01020020 02020020 04000000 02020020 01020020 03000000 02010020"
    )
    parts = bytes.fromhex("00010203 00010405 05000000 05000300 05000005 09030000 09000001 0a100000")
    read = bytes.fromhex("01010000 010100ff 01014020 01018000 02012042 0201ff20 0800000a 08010004")
    wrong = bytes.fromhex("04000100 04001203 03010000 030000f0 06a00000 06200001 07000000 02020020")
    ways = bytes.fromhex("0000e300 0002e100 0000e200 0001e000 0003e300 06100000 07000000")
    ends = bytes.fromhex("00010000 03000000 0c010603 0c010700 0c010101 0c010201 0c000603 0c000701")
    steps = ways + opening + parts + read + wrong
    worn = bytes.fromhex("00800100 0e000200 00010000 02020020 03000000 04000000 0e020a00"
                         "04010000 02020020 0e010a00 04000000 04000300 0400f000 03050009"
                         "0300f000")  # fmt: skip
    memory = bytes.fromhex("00000000 01000020 05000000 02206040 01000020 02ff0300 03000000"
                           "04200000 05010000 06000000 07000000 00000000 02206040 01010000"
                           "05000000 01000000 02806041 03800000 07000000 02806042"
                           "00000000 01000000 04040301 02040355 05010000 08010203"
                           "01000000")  # fmt: skip
    files = (bytes((which,)) + some for which in range(4) for some in (steps, worn, ends))
    return (*files, b"\x04" + memory)


TARGETS: Final = (
    Target(
        id="card-session",
        asks="commands and resets to a card of any kind, raw TPDUs and APDUs",
        oracles="each answer, try and written byte is what the rules say; a reset leaves the image",
        reaches=(
            "secure", "secure over T=0", "plain", "plain over T=0", "memory",
            "reset of an opened card", "fetched in parts", "6Cxx", "extended",
            "GET RESPONSE with an Le too large", "an Le other than 00 behind data",
            "a proof of which one bit is wrong", "a proof twice",
            "a challenge after another command",
            *(f"{name} 9000" for name in _NAMES.values()),
            "SELECT 6A82", "READ BINARY 6282", "READ BINARY 6982", "READ BINARY 6B00",
            "UPDATE BINARY 6982", "UPDATE BINARY 6A84", "UPDATE BINARY 6B00",
            *(f"SELECT by P1 {p1:02X}" for p1 in (0x00, 0x01, 0x02, 0x03, 0x04, 0x08)),
            "MANAGE CHANNEL 6881", "VERIFY 63C2", "VERIFY 6A80", "VERIFY 6A88",
            "EXTERNAL AUTHENTICATE 63C9",
            "GET RESPONSE 6985", "INTERNAL AUTHENTICATE 6108", "VERIFY 63C0", "VERIFY 6983",
            "EXTERNAL AUTHENTICATE 63C0", "EXTERNAL AUTHENTICATE 6983",
            "EXTERNAL AUTHENTICATE 6985", "UPDATE BINARY 6985",
            "memory: code right", "memory: one bit of the code wrong", "memory: refused",
            *(f"memory: {ins:02x} 9000" for ins in (0xA4, 0xB0, 0xB1, 0xB2, 0xD0, 0xD1, 0xD2)),
            "memory: 20 9006",
        ),
        size_max=1 + _STEPS_MAX * _STEP_BYTES,
        check=_check,
        drawn=True,
        seeds=_seeds,
    ),
)  # fmt: skip

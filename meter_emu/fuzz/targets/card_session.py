"""Sessions with a virtual card of any kind: commands, resets, answers fetched in parts.

The first byte says which card it is and in which protocol; then four bytes a step: what is done,
and three operands. A second card is made anew from the image at each reset and gets the same
commands: what a card knows after a reset is its image, and nothing else.
"""

from collections.abc import Callable, Sequence
from functools import cache
from random import Random
from typing import Final, final

from card_protocol.apdu import CommandApdu
from card_protocol.card.files import df_name
from card_protocol.card.image import CardImage, CardKind
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.card.virtual import AnyImage, card_of, parse_image
from card_protocol.formats.container import TRANSPORT_PIN
from card_protocol.keys import MAC_SIZE_BYTES, Purpose, Role, derive, external_text
from card_protocol.status import SW, bytes_waiting, right_le
from meter_emu.desk.desk import Desk
from meter_emu.desk.published_key import TEST_MASTER_KEY
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
_KEYS: Final = {
    Role.METER: derive(TEST_MASTER_KEY, Purpose.METER_AUTH, _METER_ID),
    Role.DESK: derive(TEST_MASTER_KEY, Purpose.DESK_AUTH, _METER_ID),
}
_NAMES: Final = {
    0x20: "VERIFY", 0x82: "EXTERNAL AUTHENTICATE", 0x84: "GET CHALLENGE",
    0x88: "INTERNAL AUTHENTICATE", 0xA4: "SELECT", 0xB0: "READ BINARY", 0xC0: "GET RESPONSE",
    0xD6: "UPDATE BINARY",
}  # fmt: skip
_SAID: Final = {**_NAMES, 0x70: "MANAGE CHANNEL"}
_TRIES: Final = frozenset({0x20, 0x82})  # a wrong secret costs a try


@cache
def _image(kind: CardKind) -> AnyImage:
    return Desk(TEST_MASTER_KEY).issue(_METER_ID, issued_at_min=_MINUTE, card_kind=kind)


@final
class Session:
    """A card, its twin that is made anew at each reset, and what was seen of both."""

    def __init__(self, kind: CardKind, *, t0: bool) -> None:
        self.t0: Final = t0
        self._random = Random(0)
        self.card: Final = card_of(_image(kind), self._drawn, t0=t0)
        self.twin = self.card
        self.opened = False  # a right was won since the last reset
        self.written = False  # an UPDATE was obeyed since the last reset
        self._resets = 0
        self._forgets = False  # the session that the last reset ended had won a right
        self.reset()

    def _drawn(self, count: int) -> bytes:
        return self._random.randbytes(count)

    def reset(self) -> None:
        """Take the power away and give it back; the twin is a new card of the same image."""
        self._forgets, self.opened, self.written = self.opened, False, False
        self.card.power_off()
        self._resets += 1
        self._random = Random(self._resets)
        image, random = parse_image(self.card.image.to_bytes()), Random(self._resets)
        self.twin = card_of(image, random.randbytes, t0=self.t0)
        must(self.card.power_on() == self.twin.power_on(), "a reset is answered as by a new card")
        note("reset" + " of an opened card" * self._forgets)

    def send(self, command: bytes) -> bytes:
        """Send a command to both cards, and check what must hold of any."""
        before = self.card.image
        answer = self.card.transmit(command)
        must(len(answer) >= 2, "every command has its status word")
        must(
            answer == self.twin.transmit(command),
            "after a reset a card answers as a new one of its image",
            moved=self._forgets,
        )
        after, sw = self.card.image, int.from_bytes(answer[-2:], "big")
        if isinstance(before, CardImage) and isinstance(after, CardImage):
            self._check_files(command, sw, before, after)
        if isinstance(before, MemoryImage) and isinstance(after, MemoryImage):
            self._check_cells(command, sw, before, after)
        return answer

    def _check_files(self, command: bytes, sw: int, before: CardImage, after: CardImage) -> None:
        ins = command[1] if len(command) > 1 else -1
        if ins in _SAID:
            note(f"{_SAID[ins]} {sw:04X}")
        if ins == 0xA4 and (sw == SW.SUCCESS or bytes_waiting(sw)):
            note(f"SELECT by P1 {command[2]:02X}")
        if sw != SW.SUCCESS or ins != 0xD6:
            must(
                before.contents == after.contents,
                "only an UPDATE that is obeyed writes",
                moved=self.opened or self.written,
            )
        else:
            must(_written(command, before, after), "an UPDATE that is obeyed is written whole",
                 moved=before.contents != after.contents)  # fmt: skip
            self.written = True
        if ins in _TRIES:
            self.opened |= sw == SW.SUCCESS and len(command) > 5
        elif ins != 0xD6:
            must(before.tries_left == after.tries_left, "only a secret costs a try")

    def _check_cells(
        self, command: bytes, sw: int, before: MemoryImage, after: MemoryImage
    ) -> None:
        ins, at = command[1], command[3]
        wrote = ins in _MEMORY_WRITES and sw == SW.SUCCESS and self.opened
        must(wrote or before.main == after.main, "only a write after the code writes",
             moved=self.written)  # fmt: skip
        must(wrote or before.protection == after.protection, "and only then protects",
             moved=self.written)  # fmt: skip
        if ins == _WRITE and wrote:
            end = at + len(command) - 5
            rest = before.main[:at] + after.main[at:end] + before.main[end:]
            must(after.main == rest, "a write changes its own bytes alone",
                 moved=before.main != after.main)  # fmt: skip
            cells = zip(range(at, end), command[5:], after.main[at:end], strict=True)
            fits = all(new == (before.main[n] if before.protected(n) else d) for n, d, new in cells)
            must(fits, "a protected byte stays, and every other is written")
            self.written |= before.main != after.main
            note("memory: written")
        if ins == _PRESENT and sw >> 8 == 0x90:
            right = before.counter != 0 and command[5:] == before.code
            must(
                (sw == _CODE_RIGHT) == (right or self.opened),
                "the code opens, and nothing else does",
            )
            self.opened |= right
            note("memory: code right" if right else "memory: code wrong")
        elif ins == _SELECT_TYPE and sw == SW.SUCCESS:
            self.opened = False
            note("memory: selected")
        note(f"memory: {'refused' if sw >> 12 == 6 else 'obeyed'}")


_MEMORY_WRITES: Final = frozenset({0xD0, 0xD1})
_WRITE, _PRESENT, _SELECT_TYPE, _CODE_RIGHT = 0xD0, 0x20, 0xA4, 0x9007


def _written(command: bytes, before: CardImage, after: CardImage) -> bool:
    """Whether one file has the data at its place, and everything else is as it was."""
    sent = CommandApdu.parse(command)
    at = sent.p2 if sent.p1 & 0x80 else sent.p1 << 8 | sent.p2
    end = at + len(sent.data)
    pairs = list(zip(before.contents, after.contents, strict=True))
    changed = [(old, new) for old, new in pairs if old != new]
    if not changed:
        return any(new[at:end] == sent.data for _, new in pairs)
    old, new = changed[0]
    return len(changed) == 1 and new == old[:at] + sent.data + old[end:]


# Steps of a card of files -------------------------------------------------------------------------

_OTHER_WAYS: Final = 0xE0  # of the ways to select, from this value of an operand on
Step = Callable[[Session, int, int, int], object]


def _select(session: Session, a: int, b: int, c: int) -> None:
    """SELECT in each way there is: by identifier, by path, by name; a child, an EF, the parent."""
    data = _FIDS[a % len(_FIDS)].to_bytes(2, "big")
    p1, p2 = ((0x00, 0x08)[b & 1], (0x0C, 0x04, 0x00)[b // 2 % 3])
    if b >= _OTHER_WAYS:
        p1 = (0x01, 0x02, 0x03, 0x04)[b & 3]
        data = b"" if p1 == 0x03 else df_name(_FIDS[1])[: 1 + a % 12] if p1 == 0x04 else data
    _ask(session, CommandApdu(0, 0xA4, p1, p2, data, None if p2 == 0x0C else 256), c, b)


def _read(session: Session, a: int, b: int, c: int) -> None:
    """READ BINARY of a file by its short identifier, at an offset, with any Le."""
    command = CommandApdu(0, 0xB0, 0x80 | a % 7, b, ne=c or 256)
    contents = _contents(session)
    answer = _fetched(session, command, ())
    data, sw = answer[:-2], int.from_bytes(answer[-2:], "big")
    must(len(data) <= (c or 256), "no more comes than was asked for", moved=bool(data))
    if data:
        must(any(one[b : b + len(data)] == data for one in contents), "what is read is in a file")
    if sw == SW.SUCCESS and c and not session.t0:
        must(len(data) == c, "9000 is all that was asked for")
    if sw == SW.SUCCESS and not c:
        ends = {len(one) for one in contents}
        must(len(data) == 256 or b + len(data) in ends, "Le 00 is 256 bytes, or up to the end")


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


def _verify(session: Session, a: int, b: int, _c: int) -> None:
    pins = (TRANSPORT_PIN.encode(), TRANSPORT_PIN[:-1].encode() + b"x", b"1234", b"", b"\x31\x32")
    session.send(CommandApdu(0, 0x20, 0, 1 if b < 0xF0 else b, pins[a % len(pins)]).to_bytes())


def _prove(session: Session, a: int, b: int, c: int) -> None:
    """GET CHALLENGE and EXTERNAL AUTHENTICATE; a MAC that is wrong is so in one byte, or two."""
    answer = _fetched(session, CommandApdu(0, 0x84, 0, 0, ne=8 if a < 0xC0 else 256), ())
    role = (Role.DESK, Role.METER)[a & 1]
    evidence = bytearray(_data(8, c))
    evidence += _KEYS[role].mac(external_text(role, answer[:-2], bytes(evidence)))
    wrong = b % 4
    if wrong:
        evidence[-1 if wrong == 1 else -1 - b // 4 % MAC_SIZE_BYTES] ^= 1 + c % 255
    answer = session.send(CommandApdu(0, 0x82, 0, role, bytes(evidence)).to_bytes())
    opened = answer == _SUCCESS
    must(not (opened and wrong), "a wrong proof opens nothing", moved=bool(wrong))
    note("a proof of which the last byte alone is wrong" if wrong == 1 else "a proof")


def _internal(session: Session, a: int, b: int, c: int) -> None:
    command = CommandApdu(0, 0x88, 0, 3, _data(8, a), (256, 8, 1 + b % 255)[c % 3])
    _ask(session, command, c, b)


def _raw(session: Session, a: int, b: int, c: int) -> None:
    """A header alone, as a raw TPDU may have it: case 1, a class or instruction nobody has."""
    ins = a if a & 1 else tuple(_SAID)[a // 2 % len(_SAID)]
    session.send(bytes((b if b > 0xF0 else 0, ins, c & 0x0F, c >> 4)) + bytes((b,)) * (c & 1))


def _get_response(session: Session, a: int, _b: int, _c: int) -> None:
    answer = session.send(bytes((0, 0xC0, 0, 0, a)))
    must(len(answer) == 2, "GET RESPONSE with nothing waiting gives nothing")


def _long(session: Session, a: int, b: int, c: int) -> None:
    """Lengths in the long form, and an Le other than 00 behind data."""
    if a & 1:
        command = CommandApdu(0, 0xA4, 0, 0x04, _FIDS[a // 2 % 8].to_bytes(2, "big"), 1 + b)
        session.send(command.to_bytes(extended=c & 1 > 0))
    else:
        session.send(CommandApdu(0, 0xB0, 0x80 | a // 2 % 7, b, ne=1 + c * 16).to_bytes(
            extended=True))  # fmt: skip
    note("extended" if c & 1 or not a & 1 else "an Le other than 00 behind data")


def _reset(session: Session, _a: int, _b: int, _c: int) -> None:
    session.reset()
    if session.t0:
        session.send(bytes((0, 0xC0, 0, 0, 0)))  # an answer that waited is gone with the power


def _ask(session: Session, command: CommandApdu, first: int, then: int) -> None:
    """Send a command whose answer is fetched in parts of any size, and once more as a whole."""
    before = session.card.image
    parts = _fetched(session, command, (first, then, 1))
    whole = _fetched(session, command, ())
    known = before.to_bytes() == session.card.image.to_bytes()
    if known and parts[-2:] == _SUCCESS == whole[-2:]:
        must(parts == whole, "every byte of an answer is fetched once, in order",
             moved=session.t0 and len(whole) > 4)  # fmt: skip


def _fetched(session: Session, command: CommandApdu, sizes: Sequence[int]) -> bytes:
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
        sw = int.from_bytes(answer[-2:], "big")
        if (le or 256) > left:
            must(sw == 0x6C00 | left % 256, "an Le too large is answered with the right one")
            note("GET RESPONSE with an Le too large")
            answer = session.send(bytes((0, 0xC0, 0, 0, left % 256)))
            sw, le = int.from_bytes(answer[-2:], "big"), left
        must(len(answer) - 2 == (le or 256), "GET RESPONSE gives what its Le asks for")
        must((bytes_waiting(sw) or 0) == left - (le or 256), "and 61xx says how much is left")
        gathered += answer[:-2]
    note("fetched in parts" if count > 1 else "fetched")
    return gathered + answer[-2:]


def _contents(session: Session) -> tuple[bytes, ...]:
    image = session.card.image
    return image.contents if isinstance(image, CardImage) else ()


def _data(size: int, seed: int) -> bytes:
    return bytes((seed + 37 * at + 1) & 0xFF for at in range(size))


_FILE_STEPS: Final[tuple[Step, ...]] = (
    _select, _read, _update, _verify, _prove, _internal, _raw, _reset, _at_offset, _long,
    _get_response, _select, _read, _update, _verify, _prove,
)  # fmt: skip


# Steps of a memory card in its reader -------------------------------------------------------------


def _memory(session: Session, ins: int, at: int = 0, data: bytes = b"", le: bytes = b"") -> bytes:
    size = bytes((len(data),)) if data else b""
    return session.send(bytes((0xFF, ins, 0, at)) + size + data + le)


def _memory_select(session: Session, a: int, _b: int, _c: int) -> None:
    _memory(session, 0xA4, data=bytes((6 if a < 0xC0 else a,)))


def _memory_code(session: Session, a: int, _b: int, _c: int) -> None:
    """PRESENT_CODE, the right one or one that is wrong in a byte."""
    image = session.card.image
    assert isinstance(image, MemoryImage), "a memory card's steps"
    code = bytearray(image.code)
    if a & 1:
        code[a // 2 % 3] ^= 1 + a // 8
    _memory(session, 0x20, data=bytes(code))


def _memory_write(session: Session, a: int, b: int, c: int) -> None:
    _memory(session, 0xD0, a, _data(1 + b % 64, c))


def _memory_read(session: Session, a: int, b: int, _c: int) -> None:
    answer = _memory(session, 0xB0, a, le=bytes((b,)))
    if answer[-2:] == _SUCCESS:
        image = session.card.image
        assert isinstance(image, MemoryImage), "a memory card's steps"
        must(answer[:-2] == image.main[a : a + (b or 256)], "what is read is in the memory")


def _memory_protect(session: Session, a: int, b: int, c: int) -> None:
    _memory(session, 0xD1, a % 40, _data(1 + b % 4, c))


def _memory_counter(session: Session, a: int, _b: int, _c: int) -> None:
    opened = session.opened
    answer = _memory(session, 0xB1 + a % 2, le=b"\x04")
    if answer[-2:] == _SUCCESS and not a % 2:
        must(opened or not any(answer[1:4]), "the code is shown to who knows it", moved=not opened)


def _memory_raw(session: Session, a: int, b: int, c: int) -> None:
    session.send(bytes((0xFF if c & 1 else b, a, 0, c)))


_MEMORY_STEPS: Final[tuple[Step, ...]] = (
    _memory_select, _memory_code, _memory_write, _memory_read, _memory_protect, _memory_counter,
    _memory_raw, _reset,
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
    steps = ways + opening + parts + read + wrong
    memory = bytes.fromhex("00000000 01000020 05000000 02206040 01000020 02ff0300 03000000"
                           "04200000 05010000 06000000 07000000 00000000 02206040 01010000"
                           "05000000 01000000 02806041 03800000 07000000 02806042")  # fmt: skip
    return tuple(bytes((which,)) + (memory if which == 4 else steps) for which in range(5))


TARGETS: Final = (
    Target(
        id="card-session",
        asks="commands and resets to a card of any kind, raw TPDUs and APDUs",
        oracles="answers are fetched whole; only what is obeyed writes; a reset leaves the image",
        reaches=(
            "secure", "secure over T=0", "plain", "plain over T=0", "memory",
            "reset of an opened card", "fetched in parts", "6Cxx", "extended",
            "GET RESPONSE with an Le too large", "an Le other than 00 behind data",
            "a proof of which the last byte alone is wrong",
            *(f"{name} 9000" for name in _NAMES.values()),
            "SELECT 6A82", "READ BINARY 6282", "READ BINARY 6982", "READ BINARY 6B00",
            "UPDATE BINARY 6982", "UPDATE BINARY 6A84", "UPDATE BINARY 6B00",
            *(f"SELECT by P1 {p1:02X}" for p1 in (0x00, 0x01, 0x02, 0x03, 0x04, 0x08)),
            "MANAGE CHANNEL 6881", "VERIFY 63C2", "VERIFY 6A80", "VERIFY 6A88",
            "EXTERNAL AUTHENTICATE 63C9",
            "GET RESPONSE 6985", "INTERNAL AUTHENTICATE 6108", "memory: written",
            "memory: code right", "memory: code wrong", "memory: selected", "memory: refused",
        ),
        size_max=1 + _STEPS_MAX * _STEP_BYTES,
        check=_check,
        drawn=True,
        seeds=_seeds,
    ),
)  # fmt: skip

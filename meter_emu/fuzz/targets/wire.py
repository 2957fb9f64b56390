"""Targets on the wire: APDUs, TLV, the answer to reset, T=0 characters, a vpcd reader's stream."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Final

from card_protocol.apdu import NE_SHORT_MAX, CommandApdu, ResponseApdu, is_extended
from card_protocol.atr import Atr, offer
from card_protocol.card.image import CardImage, CardKind
from card_protocol.card.virtual import FileCard, card_of
from card_protocol.errors import ApduError, AtrError, LinkError, LinkErrorKind, TlvError
from card_protocol.link.t0 import CardOverT0
from card_protocol.serve.vpcd import Control, VpcdSlot
from card_protocol.status import SW
from card_protocol.t0 import Asking, Manner
from card_protocol.terminal import Terminal
from card_protocol.tlv import build
from card_protocol.words import command_words
from meter_emu.desk.desk import Desk
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.fuzz.modelled import ModelledCard, numbered
from meter_emu.fuzz.models.apdus import asked_by, reset_of
from meter_emu.fuzz.models.dialogues import T0Outcome, heard_over_t0, vpcd_answers
from meter_emu.fuzz.models.file_card import FileCardModel
from meter_emu.fuzz.reach import must, must_at, note, note_all, tell
from meter_emu.fuzz.target import Target

_METER_ID: Final = 541_000_000_001
_MINUTE: Final = 10_000_000
_GET_RESPONSE: Final = 0xC0
_NEVER: Final = 1 << 30
_COMMANDS: Final = tuple(
    bytes.fromhex(text)
    for text in (
        "00a40000023f00", "00b0000000", "00a4000c02be01", "00a4040c07a0000000030000",
        "00a4000402be0100", "00b0810008", "00d6000004deadbeef", "002000010437383136",
        "00d6810004deadbeef", "00d683ff04deadbeef", "00d6050001ff", "002000010437383137",
        "0084000008", "00c0000010", "ffb0000010", "00b2010c00", "00a4000c02df01",
        "00d6810004deadbeef",
    )
)  # fmt: skip


_SHORT: Final = ("", "case 1", "case 2", "case 3", "case 4")
_EXTENDED: Final = ("", "", "case 2 extended", "case 3 extended", "case 4 extended")


def _command(data: bytes, _build: str) -> None:
    try:
        command = CommandApdu.parse(data)
    except ApduError:
        note("refused")
        must(asked_by(data) is None, "what is a command is not refused")
        return
    extended = is_extended(data)
    cases = _EXTENDED if extended else _SHORT
    note(cases[1 + (command.ne is not None) + (2 if command.data else 0)])
    if command.ne == NE_SHORT_MAX:
        note("Ne 256")
    again = command.to_bytes(extended=extended)  # an Le 00 that is not read as 256 is another then
    must(again == data, "a command is the same bytes when it is built again")
    read = (command.cla, command.ins, command.p1, command.p2, command.data, command.ne)
    must(read == asked_by(data), "a command is read as the standard writes it")


def _response(data: bytes, _build: str) -> None:
    try:
        response = ResponseApdu.parse(data)
    except ApduError:
        note("refused")
        return
    must_at(
        response.to_bytes() == data
        and (response.data, response.sw) == (data[:-2], data[-2] * 256 + data[-1]),
        "a response is the same bytes when it is built again",
        "data" if response.data else "a status word alone",
    )


def _answer_to_reset(data: bytes, _build: str) -> None:
    try:
        atr = Atr.parse(data)
    except AtrError:
        note("refused")
        must(reset_of(data) is None, "what is an answer to reset is not refused")
        return
    note_all("TCK" if atr.has_tck else "no TCK", "Fi reserved" if atr.fi is None else "Fi")
    must(atr.to_bytes() == data, "an ATR is the same bytes when it is built again")
    said = (atr.protocols, atr.fi, atr.historical)
    must(said == reset_of(data), "an ATR says what the standard reads in it", str(said))


def _data_objects(data: bytes, _build: str) -> None:
    """Objects of a tag of two bytes (00xx is one of one), a size and a value are read back."""
    wanted, at = [], 0
    while at + 4 <= len(data):
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        wanted.append((int.from_bytes(data[at : at + 2], "big"), data[at + 4 : at + 4 + size]))
        at += 4 + size
    try:
        built = build(wanted)
    except TlvError:
        note("refused")
        return
    for tag, value in wanted:
        head = tag.to_bytes(1 if tag < 0x100 else 2, "big")
        must(built.startswith(head), "an object begins with its tag")
        first, size = built[len(head)], len(value)
        more = max(0, first - 0x80)
        said = int.from_bytes(built[len(head) + 1 : len(head) + 1 + more], "big") if more else first
        must(said == size, "then comes the size of its value")
        must(more == (size > 0x7F) + (size > 0xFF), "in the fewest bytes")
        note_all(f"a size of {1 + more}", f"a tag of {len(head)}")
        end = len(head) + 1 + more + size
        must(built[end - size : end] == value, "then its value")
        built = built[end:]
    must(not built, "and nothing after the last")


def _t0_stream(data: bytes, _build: str) -> None:
    """The first byte says which command is under way; the card sends the rest."""
    if not data:
        return
    command = _COMMANDS[data[0] % len(_COMMANDS)]
    asking, sent, failed = Asking(command), b"", ""
    try:
        for character in data[1:]:
            sent += asking.receive(bytes((character,)))
            if asking.response is not None:
                break
    except LinkError as error:
        failed = error.kind.name
    body = command[5 : 5 + command[4]] if len(command) > 5 else b""
    header = (command + b"\0")[:5]
    must(asking.header == header, "a header says what the command does")
    want, heard = heard_over_t0(header, body, data[1:]), T0Outcome(sent, asking.response, failed)
    tell(lambda: f"{command_words(command)}: {heard}, expected {want}", data[1:])
    must(heard == want, "T=0 goes on as its procedure bytes say", f"{heard}, expected {want}")
    note(failed or "answered" if heard.answer or failed else "under way")
    note("data" if len(heard.answer or b"") > 2 else "no data")
    note("data sent" if sent else "nothing sent")


def _both_ways(data: bytes, _build: str) -> None:
    """The same commands directly and as T=0 characters: the same answers, the same card.

    An empty one is a reset, or has the card pulled out before the next one is sent whole.
    """
    manner = Manner(nulls=len(data) % 3, one_by_one=not len(data) % 8)
    direct = ModelledCard(_plain_image(), numbered)
    behind = _plain(t0=True)
    over = CardOverT0(behind, manner)
    near, far = Terminal(direct.transmit), Terminal(over.transmit)
    direct.power_on()
    over.power_on()
    pulled = False
    for raw, pulls in _pieces(data, 16):
        if not raw:
            pulled = pulls
            if not pulls:
                _reset(direct, over)
            continue
        try:
            command = CommandApdu.parse(raw)
        except ApduError:
            continue
        if not _over_t0(command, behind):
            note("not over T=0")
            continue
        if pulled:
            pulled = False
            _pull_out(over, command, raw[-1])
            _reset(direct, over)
            continue
        short = command if command.ne is None else replace(command, ne=min(command.ne, 256))
        said = _said(near, short)
        note(f"{command.ins:02X} {said[1]:04X}" if said[1] else "no answer")
        if command.case == 4 and said[1] == SW.WRONG_LENGTH:
            continue  # an Le where none belongs, which T=0 does not say
        must(said == _said(far, command), "T=0 answers as the direct way does")
        note("case 1" if command.case == 1 else "extended" if is_extended(raw) else "short")
    must(direct.image.to_bytes() == over.image.to_bytes(), "both cards hold the same",
         moved=direct.image is not _plain_image())  # fmt: skip


def _reset(direct: ModelledCard, over: CardOverT0) -> None:
    for card in (direct, over):
        card.power_off()
        card.power_on()
    note("reset")


def _pull_out(over: CardOverT0, command: CommandApdu, at: int) -> None:
    """Have the card pulled out before the last character of a command, which it never obeys."""
    over.pull_after(at % (5 + len(command.data)))
    try:
        over.transmit(command.to_bytes())
    except LinkError as error:
        must(error.kind is LinkErrorKind.CARD_GONE, "a card that is pulled out is gone")
        note("pulled out")
    over.pull_after(_NEVER)


def _over_t0(command: CommandApdu, card: FileCard) -> bool:
    """Whether T=0 can say this command: P3 is one length, and the instruction says of what."""
    if command.ins >> 4 in {0x6, 0x9} or command.ins == _GET_RESPONSE or len(command.data) > 255:
        return False
    if command.case == 4 and (command.ne or 0) < NE_SHORT_MAX:
        return False
    takes = card.takes_data(command.ins)
    return takes if command.case == 1 else bool(command.data) == takes


def _said(terminal: Terminal, command: CommandApdu) -> tuple[bytes, int | None]:
    """Return the answer; over T=0 a card offers data also to who asked for none.

    Where a file ends before Le the card states the length, and the reader asks again: no warning.
    """
    try:
        response = terminal.send(command)
    except ApduError as error:
        return b"refused", error.sw
    sw = SW.SUCCESS if response.sw == SW.END_OF_FILE else response.sw
    return b"" if command.ne is None else response.data, sw


def _served(data: bytes, _build: str) -> None:
    """The first byte says how the stream is cut in pieces: the answers are the model's."""
    if not data:
        return
    step, stream = 1 + data[0] % 7, data[1:]
    held = {"image": _plain_image().to_bytes()}
    models: list[FileCardModel] = []

    def model(what: str, command: bytes) -> bytes:
        if what == "command":
            return models[0].transmit(command)
        held["image"] = bytes(models.pop().image) + bytes(4) if models else held["image"]
        if what == "on":
            models.append(FileCardModel(held["image"], numbered(), t0=False))
        return b""

    slot_card = _plain()
    answers = _heard(slot_card, [stream[at : at + step] for at in range(0, len(stream), step)])
    want = vpcd_answers(stream, slot_card.atr_t1, model)
    must(answers == want, "a stream is answered as the driver's manual says, however it is cut",
         moved=bool(want))  # fmt: skip
    note("the card leaves" if want is None else "answered" if want else "nothing to answer")
    if want is not None:
        must(bool(models) == bool(slot_card.transmit(b"")), "the card has power as the reader says",
             moved=bool(models))  # fmt: skip
        model("off", b"")
        image = slot_card.image.to_bytes()[:-4]
        must(image == held["image"][:-4], "and holds what was written",
             moved=slot_card.image is not _plain_image())  # fmt: skip


def _heard(card: FileCard, pieces: list[bytes]) -> bytes | None:
    """Return what the slot answers, `None` where the card leaves."""
    began = card.image
    slot, answers = VpcdSlot(card), b""
    try:
        for piece in pieces:
            answers += slot.receive(piece)
            while slot.whole:  # each turn obeys a message
                answers += slot.receive(b"")
    except LinkError:
        return None
    if slot.unpowered_count:
        note("without power")
    if card.image is not began:
        note("updated")
    return answers


def _plain(*, t0: bool = False) -> FileCard:
    return card_of(_plain_image(), numbered(), t0=t0)


@cache
def _plain_image() -> CardImage:
    image = Desk(TEST_MASTER_KEY).issue(_METER_ID, issued_at_min=_MINUTE, card_kind=CardKind.PLAIN)
    assert isinstance(image, CardImage), "a plain card has files"
    return image


def _pieces(data: bytes, count_max: int) -> Iterator[tuple[bytes, bool]]:
    """Yield commands: each has its length in a byte before it, whose highest bit is more."""
    at = 0
    for _ in range(count_max):
        if at >= len(data):
            return
        end = at + 1 + data[at] % 64
        yield data[at + 1 : end], data[at] >= 0x80
        at = end


def _lengths(commands: Sequence[bytes], size_bytes: int) -> bytes:
    return b"".join(len(one).to_bytes(size_bytes, "big") + one for one in commands)


_LONG: Final = ("00b00000000000", "00d600000000020102", "00a40000000002be010100", "00a40000")


def _t0_streams() -> tuple[bytes, ...]:
    """Answers to a READ and to an UPDATE: at once, byte by byte, with NULL, cut short, wrong."""
    read, update = (_COMMANDS.index(bytes.fromhex(text)) for text in ("00b0810008", _UPDATE))
    answers = (
        (read, "b001020304050607089000"), (read, "60609000"), (update, "d69000"),
        (update, "29292929" + "9000"), (read, "60" * 61), (read, "b0"), (read, "55"),
    )  # fmt: skip
    return tuple(bytes((which,)) + bytes.fromhex(text) for which, text in answers)


_PULL: Final = b"\x80"
_LONG_OVER_T0: Final = tuple(
    bytes.fromhex(text)
    for text in ("00a4000c02be01", "00200001", "00b0810000000110", "00b08100000000", "00a40000",
                 "00d6810000000201ff")
)  # fmt: skip
_UPDATE: Final = "00d6000004deadbeef"
_POWER_ON: Final = bytes((Control.POWER_ON,))
_POWER_OFF: Final = bytes((Control.POWER_OFF,))
_GET_ATR: Final = bytes((Control.GET_ATR,))

TARGETS: Final = (
    Target(
        id="c-apdu",
        asks="a command APDU, any bytes",
        oracles="refused, or the same bytes when it is built again; says what the standard reads",
        reaches=("refused", "case 1", "case 2", "case 3", "case 4", "Ne 256",
                 "case 2 extended", "case 3 extended", "case 4 extended"),
        size_max=300,
        check=_command,
        raw=True,
        seeds=lambda: (b"", *_COMMANDS, *map(bytes.fromhex, _LONG)),
    ),
    Target(
        id="r-apdu",
        asks="a response APDU, any bytes",
        oracles="refused, or the same bytes when it is built again",
        reaches=("refused", "data", "a status word alone"),
        size_max=300,
        check=_response,
        raw=True,
        seeds=lambda: (b"\x90\x00", b"\x01\x02\x61\x10", b"\x6c\x08", b"\x90"),
    ),
    Target(
        id="atr",
        asks="an answer to reset, any bytes",
        oracles="refused, or the same bytes when it is built again; says what the standard reads",
        reaches=("refused", "TCK", "no TCK", "Fi", "Fi reserved"),
        size_max=40,
        check=_answer_to_reset,
        raw=True,
        seeds=lambda: (
            b"\x3b",
            *(
                offer(protocols, historical, ta1=ta1).to_bytes()
                for protocols, historical, ta1 in (
                    ((0,), b"", None), ((1,), b"meter", 0x18), ((0, 1), bytes(15), 0x96),
                    ((0,), b"", 0x78),
                )
            ),
        ),
    ),
    Target(
        id="tlv",
        asks="data objects, each a tag, a size and a value",
        oracles="refused, or built so that tags, sizes and values are read back",
        reaches=("refused", "a size of 1", "a size of 2", "a size of 3",
                 "a tag of 1", "a tag of 2"),
        size_max=600,
        check=_data_objects,
        raw=True,
        seeds=lambda: (
            bytes.fromhex("0062000000800002021800820001085f20000361c3a9"),
            bytes.fromhex("00800101") + bytes(257) + bytes.fromhex("00800080") + bytes(128),
            bytes.fromhex("001f000101"),
        ),
    ),
    Target(
        id="t0-stream",
        asks="what a card may send while a command is under way over T=0",
        oracles="byte for byte what the procedure bytes say: sent, answered, refused or given up",
        reaches=("answered", "under way", "data", "no data", "data sent", "nothing sent",
                 "TIMED_OUT", "BROKEN"),
        size_max=600,
        check=_t0_stream,
        raw=True,
        seeds=_t0_streams,
    ),
    Target(
        id="t0-and-direct",
        asks="commands to a plain card, directly and as T=0 characters",
        oracles="the same answers, which are what the rules say; both cards hold the same bytes",
        reaches=("A4 9000", "A4 6A82", "B0 9000", "B0 6986", "20 9000", "20 63C2", "D6 9000",
                 "D6 6982", "D6 6B00", "84 6D00", "not over T=0", "case 1", "extended", "reset",
                 "pulled out"),
        size_max=512,
        check=_both_ways,
        seeds=lambda: (_lengths(_COMMANDS, 1), _lengths(_LONG_OVER_T0, 1),
                       _PULL.join(_lengths(_COMMANDS[at : at + 4], 1) for at in (0, 6, 8))),
        words=_COMMANDS,
    ),
    Target(
        id="vpcd",
        asks="what a reader may send to a card that is served",
        oracles="answered as the driver's manual says, however cut; power and card as it left them",
        reaches=("the card leaves", "answered", "nothing to answer", "updated", "without power"),
        size_max=1_024,
        check=_served,
        seeds=lambda: (
            b"\x02" + _lengths((_POWER_ON, _GET_ATR, *_COMMANDS), 2),
            b"\x00" + _lengths((_GET_ATR, _COMMANDS[0], _POWER_ON), 2),
            b"\x03" + _lengths((_POWER_ON, b""), 2),
            b"\x01" + _lengths((_POWER_ON,), 2),
            b"\x04" + _lengths((_POWER_ON, _COMMANDS[0], _POWER_OFF, _COMMANDS[0], _POWER_ON), 2),
        ),
        words=_COMMANDS,
    ),
)  # fmt: skip

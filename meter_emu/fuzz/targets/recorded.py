"""A recorder's way and back: rows drawn from bytes, written, read again, and made a capture file.

A row is a byte that says which, one that says when and for how long, a size, and so many bytes: a
command up to half of them, and its answer.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from msgspec import UNSET

from card_protocol.errors import LinkError, LinkErrorKind
from card_protocol.link.replay import Playback, ReplayCard
from card_protocol.pcapng import capture
from card_protocol.trace import (
    Done,
    Ended,
    Exchanged,
    Inserted,
    Recorder,
    Removed,
    Reset,
    Torn,
    Trace,
    TraceRow,
    Unpowered,
    reveal,
    row_words,
)
from card_protocol.words import command_words
from meter_emu.fuzz.models.apdus import asked_by
from meter_emu.fuzz.reach import must, note, tell
from meter_emu.fuzz.scratch import scratch_file
from meter_emu.fuzz.target import Target

_ROWS_MAX: Final = 24
_CLOCKS: Final = (None, "2020-03-23 14:50", "2000-01-01 00:00:00", "0001-01-01 00:00", "--:--")
_SHOWN_US: Final = {  # what a clock shows, as a capture has it; any other keeps the time before
    "2020-03-23 14:50": 1_584_975_000_000_000, "2000-01-01 00:00:00": 946_684_800_000_000,
    "0001-01-01 00:00": 0,
}  # fmt: skip
_WRITING_STEP_US: Final = 235_000  # 255 of them are under a minute
_TRUE_US: Final = (0, 1, 1_584_972_600_000_000, 4_102_444_799_999_999)
_GUESSED: Final = 4  # ours: bytes that no words have by chance
_FAILURE: Final = LinkError(LinkErrorKind.CARD_GONE, "pulled out")


class _Drawn(NamedTuple):
    """What was given to the recorder: a row's type and its bytes; `None` where it has none.

    `at` is what the clock showed, `more` what else was said.
    """

    row: type
    command: bytes | None = None
    answer: bytes | None = None
    atr: bytes | None = None
    us: int | None = None
    at: str | None = None
    more: tuple[tuple[str, object], ...] = ()


def _record(data: bytes, recorder: Recorder) -> Iterator[_Drawn]:
    """Record what the bytes draw, and yield it."""
    at = 0
    for _ in range(_ROWS_MAX):
        if at + 3 > len(data):
            return
        op, when, size = data[at : at + 3]
        body = data[at + 3 : at + 3 + size]
        at += 3 + size
        yield _one(recorder, op % 10, when, body)._replace(at=_CLOCKS[when % len(_CLOCKS)])


def _one(recorder: Recorder, op: int, when: int, body: bytes) -> _Drawn:
    clock: Callable[[], str | None] = lambda: _CLOCKS[when % len(_CLOCKS)]  # noqa: E731
    us = _TRUE_US[when // 16 % 4] if when & 1 else None
    command, answer = body[: -(-len(body) // 2)], body[-(-len(body) // 2) :]
    if op == 0:
        recorder.inserted(body.decode("latin-1"), clock=clock, us=us)
        return _Drawn(Inserted, us=us, more=(("card", body.decode("latin-1")),))
    if op == 1:
        recorder.removed(clock=clock, us=us)
        return _Drawn(Removed, us=us)
    if op == 2:
        recorder.done(body.hex(), when, clock=clock, us=us or 0)
        return _Drawn(Done, us=us or 0, more=(("what", body.hex()), ("value", when)))
    if op == 3:
        recorder.unpowered(clock=clock)
        return _Drawn(Unpowered)
    if op == 4:
        recorder.reset(b"", _FAILURE, clock=clock)
        return _Drawn(Reset, atr=b"", more=(("failure", str(_FAILURE)),))
    if op == 5:
        recorder.reset(body, clock=clock)
        return _Drawn(Reset, atr=body)
    if op == 6:
        recorder.exchanged(body, _FAILURE, clock=clock)
        return _Drawn(Exchanged, body, more=(("failure", str(_FAILURE)),))
    if op == 7:
        recorder.torn(body, clock=clock, writing_us=when * _WRITING_STEP_US)
        note("writing_us 0" if when == 0 else "writing_us")
        return _Drawn(Torn, body, more=(("writing_us", when * _WRITING_STEP_US),))
    recorder.exchanged(command, answer, clock=clock, writing_us=when * _WRITING_STEP_US)
    writing_us = when * _WRITING_STEP_US or UNSET
    return _Drawn(Exchanged, command, answer, more=(("writing_us", writing_us),))


def _check(data: bytes, _build: str) -> None:
    lines: list[bytes] = []
    recorder = Recorder(lines.append, {"card": "fuzzed"})
    drawn = [*_record(data, recorder), _Drawn(Ended)]
    recorder.ended(clock=lambda: None)
    path = scratch_file("recorded.trace")
    path.write_bytes(b"".join(lines))
    with Trace(path) as trace:
        rows = list(trace.rows())
    must(not trace.cut, "a recording that was ended is whole")
    must(len(drawn) == len(rows), "there are as many rows as were recorded")
    for one, row, shown in zip(drawn, rows, _all_shown(drawn), strict=True):
        _same(one, row, shown)
    packets = list(packets_of(b"".join(capture(rows))))
    want, now_us = [], 0
    for one, row in zip(drawn, rows, strict=True):
        now_us = _SHOWN_US.get(one.at or "", now_us) if one.us is None else one.us
        want += [packet._replace(us=now_us) for packet in _packets_wanted(row)]
    must(packets == want, "a capture has each reset, command and answer", moved=bool(want))


def _all_shown(drawn: Sequence[_Drawn]) -> Iterator[tuple[str, str]]:
    """Yield what may be shown of each row."""
    last = b""
    for one in drawn:
        command, answer = one.command or b"", one.answer or b""
        fetches = command[:1] <= b"\x03" and command[1:2] == b"\xc0"
        yield _shown(command, answer, last if fetches else b"")
        if one.answer is not None and not fetches:
            last = command


def _same(one: _Drawn, row: TraceRow, shown: tuple[str, str]) -> None:
    tell(lambda: row_words(row))
    must(type(row) is one.row, "a row is read as it was recorded")
    must(bool(row_words(row)), "every row has words")
    must((UNSET if one.us is None else one.us) == row.us, "and has its true time",
         moved=one.us is not None)  # fmt: skip
    said = tuple((name, getattr(row, name)) for name, _ in one.more)
    must((row.at, said) == (one.at, one.more), "and all else that was said", f"{row.at} {said}")
    note(row.__struct_config__.tag if isinstance(row.__struct_config__.tag, str) else "")
    for data in ((one.command or b"")[5:], (one.answer or b"")[:-2]):
        shows = data.hex() in getattr(row, "means", "").lower() and data.hex() not in "".join(shown)
        must(len(data) < _GUESSED or not shows, "no word of a row shows what is hidden",
             moved="xx" in "".join(shown))  # fmt: skip
    many = len(one.answer or b"") - 2
    must(many < 1 or f" {many} byte" in getattr(row, "means", ""), "and says how much came",
         moved=many > 0)  # fmt: skip
    for name in ("command", "answer", "atr"):
        text, raw = getattr(row, name, UNSET), getattr(one, name)
        must((text is UNSET) == (raw is None), "a row has what was recorded, and no more")
        if text is not UNSET:
            want = raw.hex() if name == "atr" else shown[name == "answer"]
            must(text == want, "what is no secret is there, and all else is hidden",
                 f"{text}, expected {want}", moved=bool(raw))  # fmt: skip
            note("hidden" if "xx" in text else "shown")


_SHOWN: Final = {  # docs/traces.md, by class: of these no data are secret
    0xFF: {0xA4, 0xB0, 0xB1, 0xB2, 0xCA, 0xD0, 0xD1, 0xD6},
    **{key: {0x82, 0x84, 0x88, 0xA4, 0xB0, 0xC0, 0xD6} for key in range(4)},
}


def _no_secret(command: bytes) -> bool:
    return len(command) > 1 and command[1] in _SHOWN.get(command[0], ())


def _shown(command: bytes, answer: bytes, fetched: bytes) -> tuple[str, str]:
    """Return what may be shown of a command and its answer; `fetched` is what left the answer."""
    fields, size = asked_by(command), len(command)
    if not _no_secret(command):
        size = 4 if fields is None else 5 if fields.data else size
    given = len(answer)
    if not (_no_secret(command) and (not fetched or _no_secret(fetched))):
        given = 0
    elif command[:2] == b"\xff\xb1":
        given = 1  # the code lies behind the counter
    kept = max(given, len(answer) - 2)
    hidden = "xx" * max(0, min(kept, len(answer)) - given)
    return (
        command[:size].hex() + "xx" * (len(command) - size),
        answer[:given].hex() + hidden + answer[max(given, len(answer) - 2) :].hex(),
    )


# The card of a recording --------------------------------------------------------------------------


def _replayed(data: bytes, _build: str) -> None:
    """A recording of one card, played again: the same commands, then one with a bit flipped."""
    if len(data) < _HEAD:
        return
    lines: list[bytes] = []
    recorder = Recorder(lines.append, {"card": "fuzzed"})
    drawn = [one for one in _record(data[_HEAD:], recorder) if one.row in _OF_A_CARD]
    path = scratch_file("replayed.trace")
    path.write_bytes(b"".join(lines))
    with Trace(path) as trace:
        rows = [row for row in trace.rows() if type(row) in _OF_A_CARD]
    playback = Playback(iter(rows))
    card, answered = ReplayCard(playback), 0
    for one, shown in zip(drawn, _all_shown(drawn), strict=True):
        answered += _play(card, one, shown)
    must(playback.difference is None, "the same commands are no difference", moved=bool(drawn))
    must(playback.over, "and play it to its end", moved=bool(drawn))
    must(playback.exchanges == answered, "each exchange is counted", moved=answered > 0)
    asked = [at for at, one in enumerate(drawn) if one.row in {Exchanged, Torn} and one.command]
    if asked:
        _flipped(drawn, rows, asked[data[0] % len(asked)], data[1])


def _play(card: ReplayCard, one: _Drawn, shown: tuple[str, str]) -> int:
    """Do what a row is, and ask for what it has; return whether it was an exchange."""
    if one.row in {Exchanged, Torn}:
        us = dict(one.more).get("writing_us", UNSET)
        must(card.writing_us(one.command or b"") == (0 if us is UNSET else us),
             "it writes as long as it did", moved=us is not UNSET)  # fmt: skip
    if one.row is Unpowered:
        card.power_off()
    elif one.row is Reset:
        must(card.power_on() == one.atr, "a reset is answered as it was recorded")
    elif one.row is Torn:
        assert one.command is not None, "a write"
        card.tear(one.command, lambda: 0)
    elif one.row is Exchanged:
        assert one.command is not None, "a command"
        try:
            answer: bytes | None = card.transmit(one.command)
        except LinkError as error:
            must(str(error) == str(_FAILURE), "a failure is the one that was recorded")
            answer = None
        want = None if one.answer is None else bytes.fromhex(shown[1].replace("xx", "00"))
        tell(lambda: command_words(one.command or b""), one.command)
        must(answer == want, "an answer is the one that was recorded, with 00 for what is hidden")
        note("failed again" if want is None else "answered again")
        return 1
    return 0


def _flipped(drawn: Sequence[_Drawn], recorded: Sequence[TraceRow], at: int, bit: int) -> None:
    """Play up to a command, and send it with one bit wrong: seen, unless it is a hidden one."""
    playback = Playback(iter(recorded))
    card = ReplayCard(playback)
    for one, shown in zip(drawn[:at], _all_shown(drawn), strict=False):
        _play(card, one, shown)
    command = bytearray(drawn[at].command or b"")
    command[bit // 8 % len(command)] ^= 1 << bit % 8
    hidden = _shown(bytes(command), b"", b"")[0] == _shown(drawn[at].command or b"", b"", b"")[0]
    if drawn[at].row is Torn:
        card.tear(bytes(command), lambda: 0)
    else:
        with suppress(LinkError):
            card.transmit(bytes(command))
    note("a hidden bit" if hidden else "a bit that is seen")
    found = playback.difference
    must((found is None) == hidden, "a bit that is seen is a difference, and no other is")
    if found is not None:
        must(found.startswith(f"line {at + 2}:") or f"line {at + 2} (" in found, "at its line")
        must(_answers_nothing(card, bytes(command)), "behind a difference there is no answer")
        must(playback.difference == found, "and the first difference stands")


def _answers_nothing(card: ReplayCard, command: bytes) -> bool:
    try:
        card.transmit(command)
    except LinkError as error:
        return error.kind is LinkErrorKind.CARD_GONE and not card.power_on()
    return False


_HEAD: Final = 2  # which command, and which bit of it
_OF_A_CARD: Final = frozenset({Reset, Unpowered, Exchanged, Torn})


# A reader of capture files, which shares nothing with their writer --------------------------------


class Packet(NamedTuple):
    """One packet: its dissector, whether it came from the card, its bytes, comments and time."""

    dissector: str
    from_card: bool
    data: bytes
    comments: tuple[str, ...]
    us: int = 0


def packets_of(data: bytes) -> Iterator[Packet]:
    """Yield the packets of a pcapng file of exported PDUs; raise `ValueError` for what is none."""
    at, kinds = 0, []
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        (again,) = struct.unpack_from("<I", data, at + size - 4)
        if size % 4 or again != size:
            raise ValueError(f"a block at {at} of {size} and {again} bytes")
        kinds.append(kind)
        if kind == 6:
            yield _packet(data[at + 8 : at + size - 4])
        at += size
    if kinds[:2] != [0x0A0D0D0A, 1]:
        raise ValueError("a section and an interface come first")


def _packet(body: bytes) -> Packet:
    captured, sent = struct.unpack_from("<II", body, 12)
    if captured != sent:
        raise ValueError("a packet that was cut")
    pdu, at, tags = body[20 : 20 + captured], 0, {}
    while True:
        tag, size = struct.unpack_from(">HH", pdu, at)
        tags[tag] = pdu[at + 4 : at + 4 + size]
        at += 4 + size
        if not tag:
            break
    comments, options = [], 20 + captured + -captured % 4
    while options < len(body):
        code, size = struct.unpack_from("<HH", body, options)
        text = body[options + 4 : options + 4 + size].decode()
        comments += [text] if code == 1 else []
        options += 4 + size + -size % 4
    dissector = tags[12].rstrip(b"\0").decode()
    high, low = struct.unpack_from("<II", body, 4)
    us = high << 32 | low
    return Packet(dissector, tags[35] == b"\0\0\0\1", pdu[at:], tuple(comments), us)


def _packets_wanted(row: TraceRow) -> Iterator[Packet]:
    said = "the bytes 00 at the end of this packet stand for a secret that was not recorded"
    if isinstance(row, Reset) and row.atr:
        yield Packet("iso7816.atr", True, reveal(row.atr), ())
    if isinstance(row, Exchanged | Torn):
        hidden = (said,) if "xx" in row.command else ()
        means = (row.means[:1_000],) if row.means else ()
        yield Packet("iso7816", False, reveal(row.command), means + hidden)
    if isinstance(row, Exchanged) and row.answer is not UNSET:
        hidden = (said,) if "xx" in row.answer else ()
        yield Packet("iso7816", True, reveal(row.answer), hidden)


def _row(op: int, when: int, text: str = "") -> bytes:
    body = bytes.fromhex(text)
    return bytes((op, when, len(body))) + body


def _seeds() -> Sequence[bytes]:
    return (
        b"".join((
            _row(0, 1, "686f6d652e63617264"), _row(5, 0, "3b00"),
            _row(8, 0, "00a40000023f00 9000"), _row(9, 4, "0020000104 37383136 6283 00000000 9000"),
            _row(8, 0, "ffb10000 07010203"), _row(6, 0, "00b0810008"), _row(7, 0, "00d6810001ff"),
            _row(7, 3, "00d6810001ff"), _row(4, 2), _row(2, 17, "01"), _row(3, 0), _row(1, 33),
        )),
    )  # fmt: skip


_GET: Final = _row(8, 0, "00c0000004 010203049000")  # a secret, where what it fetches is one
_FETCHED: Final = b"".join((
    _row(8, 0, "00ca000000 6108"), _GET, _GET, _row(8, 0, "00b0810004 6104"), _GET, _GET,
    _row(6, 0, "80a4040008 a000000003000000"),
))  # fmt: skip

TARGETS: Final = (
    Target(
        id="recorded",
        asks="what a recorder is given: cards, resets, commands, answers, failures, torn writes",
        oracles="read as it was recorded; secrets hidden, and they alone; every packet captured",
        reaches=(
            "insert", "remove", "reset", "off", "exchange", "torn", "done", "end", "hidden",
            "shown", "writing_us 0", "writing_us",
        ),
        size_max=512,
        check=_check,
        drawn=True,
        seeds=lambda: (*_seeds(), _FETCHED),
        words=(b"\x00\x20\x00\x01\x04", b"\xff\x20\x00\x00\x03", b"\xff\xb1\x00\x00\x04",
               b"\x00\xc0\x00\x00\x04"),
    ),
    Target(
        id="replayed",
        asks="a recorded dialogue played again, and once more with one bit of a command flipped",
        oracles="the recorded answers; a flipped bit that is seen is a difference at its line",
        reaches=("answered again", "failed again", "a hidden bit", "a bit that is seen"),
        size_max=512,
        check=_replayed,
        drawn=True,
        seeds=lambda: (*(bytes((which, 7)) + _seeds()[0] for which in range(4)),
                       b"\x01\x38" + _seeds()[0]),
        words=(b"\x00\x20\x00\x01\x04", b"\xff\x20\x00\x00\x03"),
    ),
)  # fmt: skip

"""A recorder's way and back: rows drawn from bytes, written, read again, and made a capture file.

A row is a byte that says which, one that says when and for how long, a size, and so many bytes: a
command up to half of them, and its answer.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import Final, NamedTuple

from msgspec import UNSET

from card_protocol.errors import LinkError, LinkErrorKind
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
from meter_emu.fuzz.reach import must, note
from meter_emu.fuzz.scratch import scratch_file
from meter_emu.fuzz.target import Target

_ROWS_MAX: Final = 24
_CLOCKS: Final = (None, "2020-03-23 14:50", "2000-01-01 00:00:00", "0001-01-01 00:00", "--:--")
_WRITING_STEP_US: Final = 235_000  # 255 of them are under a minute
_TRUE_US: Final = (0, 1, 1_584_972_600_000_000, 4_102_444_799_999_999)
_FAILURE: Final = LinkError(LinkErrorKind.CARD_GONE, "pulled out")


class _Drawn(NamedTuple):
    """What was given to the recorder: a row's type and its bytes; `None` where it has none."""

    row: type
    command: bytes | None = None
    answer: bytes | None = None
    atr: bytes | None = None
    us: int | None = None


def _record(data: bytes, recorder: Recorder) -> Iterator[_Drawn]:
    """Record what the bytes draw, and yield it."""
    at = 0
    for _ in range(_ROWS_MAX):
        if at + 3 > len(data):
            return
        op, when, size = data[at : at + 3]
        body = data[at + 3 : at + 3 + size]
        at += 3 + size
        yield _one(recorder, op % 10, when, body)


def _one(recorder: Recorder, op: int, when: int, body: bytes) -> _Drawn:
    clock: Callable[[], str | None] = lambda: _CLOCKS[when % len(_CLOCKS)]  # noqa: E731
    us = _TRUE_US[when // 16 % 4] if when & 1 else None
    command, answer = body[: -(-len(body) // 2)], body[-(-len(body) // 2) :]
    if op == 0:
        recorder.inserted(body.decode("latin-1"), clock=clock, us=us)
        return _Drawn(Inserted, us=us)
    if op == 1:
        recorder.removed(clock=clock, us=us)
        return _Drawn(Removed, us=us)
    if op == 2:
        recorder.done(body.hex(), when, clock=clock, us=us or 0)
        return _Drawn(Done, us=us or 0)
    if op == 3:
        recorder.unpowered(clock=clock)
        return _Drawn(Unpowered)
    if op == 4:
        recorder.reset(b"", _FAILURE, clock=clock)
        return _Drawn(Reset, atr=b"")
    if op == 5:
        recorder.reset(body, clock=clock)
        return _Drawn(Reset, atr=body)
    if op == 6:
        recorder.exchanged(body, _FAILURE, clock=clock)
        return _Drawn(Exchanged, body)
    if op == 7:
        recorder.torn(body, clock=clock, writing_us=when * _WRITING_STEP_US)
        note("writing_us 0" if when == 0 else "writing_us")
        return _Drawn(Torn, body)
    recorder.exchanged(command, answer, clock=clock, writing_us=when * _WRITING_STEP_US)
    return _Drawn(Exchanged, command, answer)


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
    for one, row in zip_longest(drawn, rows):
        must(one is not None and row is not None, "there are as many rows as were recorded")
        _same(one, row)
    packets = list(packets_of(b"".join(capture(rows))))
    want = [packet for row in rows for packet in _packets_wanted(row)]
    must(packets == want, "a capture has each reset, command and answer", moved=bool(want))


def _same(one: _Drawn, row: TraceRow) -> None:
    must(type(row) is one.row, "a row is read as it was recorded")
    must(bool(row_words(row)), "every row has words")
    must(one.us is None or row.us == one.us, "and has its true time", moved=one.us is not None)
    note(row.__struct_config__.tag if isinstance(row.__struct_config__.tag, str) else "")
    for name in ("command", "answer", "atr"):
        text, raw = getattr(row, name, UNSET), getattr(one, name)
        must((text is UNSET) == (raw is None), "a row has what was recorded, and no more")
        if text is not UNSET:
            shown = [text[at : at + 2] for at in range(0, len(text), 2)]
            must(
                len(shown) == len(raw)
                and all(s in {"xx", f"{byte:02x}"} for s, byte in zip(shown, raw, strict=True)),
                "each byte is there or hidden",
                moved=bool(raw),
            )
            note("hidden" if "xx" in shown else "shown")


# A reader of capture files, which shares nothing with their writer --------------------------------


class Packet(NamedTuple):
    """One packet: its dissector, whether it came from the card, its bytes, its first comment."""

    dissector: str
    from_card: bool
    data: bytes
    comment: str


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
    comment = ""
    options = 20 + captured + -captured % 4
    if options < len(body):
        code, size = struct.unpack_from("<HH", body, options)
        comment = body[options + 4 : options + 4 + size].decode() if code == 1 else ""
    dissector = tags[12].rstrip(b"\0").decode()
    return Packet(dissector, tags[35] == b"\0\0\0\1", pdu[at:], comment)


def _packets_wanted(row: TraceRow) -> Iterator[Packet]:
    hidden = "the bytes 00 at the end of this packet stand for a secret that was not recorded"
    if isinstance(row, Reset) and row.atr:
        yield Packet("iso7816.atr", True, reveal(row.atr), "")
    if isinstance(row, Exchanged | Torn):
        yield Packet("iso7816", False, reveal(row.command), row.means[:1_000])
    if isinstance(row, Exchanged) and row.answer is not UNSET:
        text = row.answer
        yield Packet("iso7816", True, reveal(text), hidden if "xx" in text else "")


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


TARGETS: Final = (
    Target(
        id="recorded",
        asks="what a recorder is given: cards, resets, commands, answers, failures, torn writes",
        oracles="read as it was recorded, secrets hidden; its capture file has every packet",
        reaches=(
            "insert", "remove", "reset", "off", "exchange", "torn", "done", "end", "hidden",
            "shown", "writing_us 0", "writing_us",
        ),
        size_max=512,
        check=_check,
        drawn=True,
        seeds=_seeds,
        words=(b"\x00\x20\x00\x01\x04", b"\xff\x20\x00\x00\x03", b"\xff\xb1\x00\x00\x04"),
    ),
)  # fmt: skip

"""Recorded dialogues: what passed between a card and whatever it was plugged into, a row each.

A trace is JSON, one object a line (`docs/traces.md`). The first is the header; a row is written
whole the moment it happens, so a killed recorder loses at most the last line. Neither side keeps
the trace in memory.

**Secrets.** What a command and its answer carry is shown where it is known to be none: in the
commands of our own cards but VERIFY, and in those that a reader has for memory cards but the ones
with a code. All else is put down as `xx`, each byte after the header and Lc, and the answer up to
its status word: a command that nobody here knows, one that is wrapped in another or in secure
messaging, one of a class of its own. Challenges, random numbers and cryptograms stand as they were:
a CMAC under a 128-bit key shows nothing of the key, and without them a dialogue can neither be
understood nor played again.

**Time** is the terminal's clock, if it has one and it shows a date: `clock` returns it, and this
module uses no other. `us` is true time if known: in a simulated world, or on the machine of a real
card or terminal.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Final, TypeAlias, final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from card_protocol.apdu import HEADER_SIZE_BYTES, split_command
from card_protocol.errors import ApduError, LinkError, TraceError, UndecodedError, decoding
from card_protocol.regular_file import open_regular
from card_protocol.words import command_words, meaning

TRACE_VERSION: Final = 1
LINE_SIZE_MAX: Final = 1 << 20  # ours: the longest command and answer are half of it in hex

# INS of commands that carry no secret, in classes 00 to 03 (a logical channel, in clear): EXTERNAL
# AUTHENTICATE, GET CHALLENGE, INTERNAL AUTHENTICATE, SELECT, READ BINARY, GET RESPONSE, UPDATE
# BINARY. In class FF: SELECT CARD TYPE, READ, the error counter (whose answer has a code in it),
# the protection bits, GET DATA, WRITE, WRITE PROTECTION, UPDATE BINARY.
_SHOWN: Final = frozenset({0x82, 0x84, 0x88, 0xA4, 0xB0, 0xC0, 0xD6})
_SHOWN_OF_READER: Final = frozenset({0xA4, 0xB0, 0xB1, 0xB2, 0xCA, 0xD0, 0xD1, 0xD6})
_CHANNELS: Final = range(4)
_READER_CLASS: Final = 0xFF
_GET_RESPONSE: Final = 0xC0
_READ_ERROR_COUNTER: Final = 0xB1  # an SLE4442 shows its code behind the counter once it is known
_HEX: Final = re.compile(r"(?:[0-9a-f]{2}|xx)*")

_YEAR_2100_US: Final = 4_102_444_800_000_000  # the end of the clock chips' range
_WRITING: Final = Meta(ge=0, le=60_000_000)  # ours: no card writes for a minute

Origin: TypeAlias = Mapping[str, str | int]
ClockText: TypeAlias = Callable[[], str | None]


class _Row(msgspec.Struct, tag_field="row", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`at` is the terminal's clock, `us` true microseconds since 1970, below 2100."""

    at: str | None = None
    us: Annotated[int, Meta(ge=0, lt=_YEAR_2100_US)] | UnsetType = UNSET


@final
class Header(msgspec.Struct, tag_field="row", tag="trace", frozen=True, forbid_unknown_fields=True):
    """The first line. `origin` is what was recorded, and for a meter its starting state."""

    version: int
    origin: dict[str, str | int]


@final
class Inserted(_Row, tag="insert", frozen=True, kw_only=True):
    """A card was put in; `card` is its name for people, of a file or a reader."""

    card: str


@final
class Removed(_Row, tag="remove", frozen=True, kw_only=True):
    """The card was pulled out."""


@final
class Reset(_Row, tag="reset", frozen=True, kw_only=True):
    """The card was powered and answered `atr`; an empty one is no answer."""

    atr: str
    failure: str | UnsetType = UNSET


@final
class Unpowered(_Row, tag="off", frozen=True, kw_only=True):
    """The terminal cut the power."""


@final
class Exchanged(_Row, tag="exchange", frozen=True, kw_only=True):
    """One command and its answer, or the failure of the connection.

    `writing_us` is for how long a power cut would have caught the card writing.
    """

    command: str
    answer: str | UnsetType = UNSET
    failure: str | UnsetType = UNSET
    writing_us: Annotated[int, _WRITING] | UnsetType = UNSET
    means: str


@final
class Torn(_Row, tag="torn", frozen=True, kw_only=True):
    """The supply failed while the card was writing for `command`."""

    command: str
    writing_us: Annotated[int, _WRITING]
    means: str


@final
class Done(_Row, tag="done", frozen=True, kw_only=True):
    """Another act at the terminal: a button, the supply, the load."""

    what: str
    value: int | UnsetType = UNSET


@final
class Ended(_Row, tag="end", frozen=True, kw_only=True):
    """The recorder stopped on purpose; a trace without this row was cut off."""


TraceRow: TypeAlias = Inserted | Removed | Reset | Unpowered | Exchanged | Torn | Done | Ended


def row_words(row: TraceRow) -> str:
    """Return a row in words, without its time."""
    return _row_words(row) or "no words"


def _row_words(row: TraceRow) -> str:
    match row:
        case Inserted():
            return f"card put in: {row.card}"
        case Removed():
            return "card pulled out"
        case Reset():
            return f"reset: {row.failure}" if row.failure else f"reset: ATR {row.atr or 'none'}"
        case Unpowered():
            return "power off"
        case Done():
            return row.what if row.value is UNSET else f"{row.what} ({row.value})"
        case Ended():
            return "end of the recording"
        case Exchanged() | Torn():
            return row.means


def hide(command: bytes, answer: bytes = b"", *, answers: bytes = b"") -> tuple[str, str]:
    """Return command and answer in hexadecimal, `xx` for each byte that may be secret.

    `answers` is the command that a GET RESPONSE fetches the answer of.
    """
    known = _is_known(command)
    shown = len(command) if known else _public_size(command)
    given = len(answer) if known and (not answers or _is_known(answers)) else 0
    if known and command[0] == _READER_CLASS and command[1] == _READ_ERROR_COUNTER:
        given = 1
    return _masked(command, shown), _masked(answer, given, tail=2)


def _is_known(command: bytes) -> bool:
    """Whether a command is one of which neither data nor answer are secret."""
    cla, ins = (*command[:2], 0xFF, 0xFF)[:2]
    if cla == _READER_CLASS:
        return ins in _SHOWN_OF_READER
    return cla in _CHANNELS and ins in _SHOWN


def fetches(command: bytes) -> bool:
    """Whether a command only fetches what another one left: GET RESPONSE."""
    return len(command) > 1 and command[0] in _CHANNELS and command[1] == _GET_RESPONSE


def _public_size(command: bytes) -> int:
    """Return the number of leading bytes, before the secret ones, of a command."""
    try:
        data = split_command(command)[4]
    except ApduError:
        return HEADER_SIZE_BYTES
    return HEADER_SIZE_BYTES + 1 if data else len(command)


def _masked(raw: bytes, shown: int, tail: int = 0) -> str:
    hidden = max(0, len(raw) - tail - shown)
    return raw[:shown].hex() + "xx" * hidden + raw[shown + hidden :].hex()


def reveal(text: str) -> bytes:
    """Return the bytes of a row's hexadecimal, 00 for each that was hidden."""
    return bytes.fromhex(text.replace("xx", "00"))


@final
class Recorder:
    """Writes one trace, a row at a time.

    Args:
        write: Takes a whole line; what it raises passes through.
        origin: What is recorded, such as the build and the meter's number; it goes into the header.
        true_us: Returns true time in µs since 1970-01-01 UTC, for rows whose caller does not give
            it.
    """

    def __init__(
        self,
        write: Callable[[bytes], object],
        origin: Origin,
        *,
        true_us: Callable[[], int] | None = None,
    ) -> None:
        self._write: Final = write
        self._true_us: Final = true_us
        self._answers = b""  # the last command that was no GET RESPONSE
        self._line(Header(TRACE_VERSION, dict(origin)))

    def inserted(self, name: str, *, clock: ClockText, us: int | None = None) -> None:
        """Record that a card was put in.

        Args:
            name: What people call the card.
            clock: Returns what the terminal's own clock says, as text.
            us: True time in µs since 1970-01-01 UTC; by default `true_us` is asked.
        """
        self._put(Inserted(at=clock(), us=_known(us), card=name))

    def removed(self, *, clock: ClockText, us: int | None = None) -> None:
        """Record that the card was pulled out, at `clock` of the terminal and `us` of true time."""
        self._put(Removed(at=clock(), us=_known(us)))

    def done(self, what: str, value: int | None = None, *, clock: ClockText, us: int) -> None:
        """Record an act at a meter, such as a button.

        Args:
            what: The act in words.
            value: Its amount, if it has one.
            clock: Returns what the terminal's own clock says, as text.
            us: True time in µs since 1970-01-01 UTC.
        """
        self._put(Done(at=clock(), us=us, what=what, value=_known(value)))

    def ended(self, *, clock: ClockText, us: int | None = None) -> None:
        """Record the deliberate end, at `clock` of the terminal and `us` of true time."""
        self._put(Ended(at=clock(), us=_known(us)))

    def reset(self, atr: bytes, failure: LinkError | None = None, *, clock: ClockText) -> None:
        """Record a reset and its result.

        Args:
            atr: What the card answered; empty for nothing.
            failure: Why there was no answer, if the link failed.
            clock: Returns what the terminal's own clock says, as text.
        """
        why = UNSET if failure is None else str(failure)
        self._put(Reset(at=clock(), atr=atr.hex(), failure=why))

    def unpowered(self, *, clock: ClockText) -> None:
        """Record that the card lost its power, at `clock` of the terminal."""
        self._put(Unpowered(at=clock()))

    def exchanged(
        self, command: bytes, answer: bytes | LinkError, *, clock: ClockText, writing_us: int = 0
    ) -> None:
        """Record a command and its answer, or the failure that came instead.

        Keys, PINs and other secrets are written as `xx`.

        Args:
            command: The C-APDU.
            answer: The R-APDU, or why the link failed.
            clock: Returns what the terminal's own clock says, as text.
            writing_us: For how long, in µs, a power cut would have found the card writing.
        """
        if isinstance(answer, LinkError):
            asked, _ = hide(command)
            means = f"{command_words(command)}: {answer}"
            row = Exchanged(at=clock(), command=asked, failure=str(answer), means=means)
        else:
            fetched = fetches(command)
            asked, said = hide(command, answer, answers=self._answers if fetched else b"")
            self._answers = self._answers if fetched else command
            row = Exchanged(
                at=clock(),
                command=asked,
                answer=said,
                writing_us=writing_us or UNSET,
                means=meaning(command, answer),
            )
        self._put(row)

    def torn(self, command: bytes, *, clock: ClockText, writing_us: int) -> None:
        """Record that a card lost power while it was writing.

        Args:
            command: The C-APDU that ordered the write.
            clock: Returns what the terminal's own clock says, as text.
            writing_us: For how long, in µs, it would have been writing.
        """
        means = f"{command_words(command)}: power lost while the card was writing"
        asked, _ = hide(command)
        self._put(Torn(at=clock(), command=asked, writing_us=writing_us, means=means))

    def _put(self, row: TraceRow) -> None:
        if self._true_us is not None and row.us is UNSET:
            row = msgspec.structs.replace(row, us=self._true_us())
        self._line(row)

    def _line(self, row: Header | TraceRow) -> None:
        self._write(msgspec.json.encode(row) + b"\n")


def _known(value: int | None) -> int | UnsetType:
    return UNSET if value is None else value


def no_clock() -> None:
    """Return the reading of a terminal without a clock: nothing."""
    return


@final
class Trace:
    """A recorded dialogue, read row by row. Close it, or use it as a context.

    `header` is its first line: the version, and what was recorded. `cut` tells, once all rows were
    read, whether the recording ended in the middle of a line or without an end.

    Args:
        path: The file.
        wait: Follow a growing file: after each call of `wait` it is read again, until the recording
            has ended.

    Raises:
        TraceError: The file cannot be read, or its first line is no header.
    """

    def __init__(self, path: Path, wait: Callable[[], object] | None = None) -> None:
        self._path: Final = path
        self._begun = b""
        self._number = 0
        self.cut = True
        try:
            self._file: Final = open_regular(path)
        except OSError as error:
            raise TraceError(str(path), f"cannot be read: {error.strerror}") from None
        self._wait: Final = wait
        with ExitStack() as closing:
            closing.callback(self._file.close)
            self.header: Final = self._header()
            closing.pop_all()

    def __enter__(self) -> "Trace":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def rows(self) -> Iterator[TraceRow]:
        """Yield the rows in order.

        Raises:
            TraceError: A line is no row, or does not follow from those before it; path and line are
                named.
        """
        while (line := self._line()) is not None:
            try:
                with decoding():
                    row = _ROWS.decode(line)
            except UndecodedError as error:
                raise self._wrong(str(error)) from None
            self._check(row)
            if isinstance(row, Ended):
                self.cut = False
            yield row
            if self._wait is not None and not self.cut:
                return

    def _header(self) -> Header:
        line = self._line()
        if line is None:
            raise TraceError(
                str(self._path), "is empty or its first line is cut off, expected a trace"
            )
        try:
            with decoding():
                header = _HEADER.decode(line)
        except UndecodedError:
            raise self._wrong('expected a trace, which begins with {"row":"trace"') from None
        if header.version != TRACE_VERSION:
            raise self._wrong(f"expected format version {TRACE_VERSION}, got {header.version}")
        return header

    def _line(self) -> bytes | None:
        """Return the next whole line, `None` at the end or for one that was cut off."""
        self._number += 1
        while not (line := self._read()).endswith(b"\n"):
            if self._wait is None:
                return None
            self._begun = line
            self._wait()
            if os.fstat(self._file.fileno()).st_size < self._file.tell():
                raise self._wrong("the recording was begun anew")
        self._begun = b""
        return line

    def _read(self) -> bytes:
        """Return the rest of a line, joined with the part read earlier."""
        room = LINE_SIZE_MAX + 1 - len(self._begun)
        try:
            line = self._begun + self._file.readline(room)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise TraceError(str(self._path), f"cannot be read: {why}") from None
        if len(line) > LINE_SIZE_MAX:
            raise self._wrong(f"expected at most {LINE_SIZE_MAX} bytes a line")
        return line

    def _check(self, row: TraceRow) -> None:
        for name in ("atr", "command", "answer"):
            text = getattr(row, name, UNSET)
            if text is not UNSET and _HEX.fullmatch(text) is None:
                raise self._wrong(f"{name}: expected hexadecimal digits or xx, got {text[:40]!r}")
        if isinstance(row, Exchanged) and (row.answer is UNSET) == (row.failure is UNSET):
            raise self._wrong("an exchange has an answer or a failure")

    def _wrong(self, why: str) -> TraceError:
        return TraceError(str(self._path), f"line {self._number}: {why}")


_HEADER: Final = msgspec.json.Decoder(Header)
_ROWS: Final = msgspec.json.Decoder(TraceRow)

"""A card that gives its recorded answers: the other end of a recorded dialogue, without any card.

The terminal must send the recorded commands. The first difference is kept in words, and from there
on the card is gone: its answer would be unknown.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple, final

from msgspec import UNSET

from card_protocol.apdu import HEADER_SIZE_BYTES, split_command
from card_protocol.card.commands import Fate
from card_protocol.errors import ApduError, LinkError, LinkErrorKind
from card_protocol.formats.differences import record_differences
from card_protocol.layout import Layout
from card_protocol.trace import (
    Exchanged,
    Reset,
    Torn,
    TraceRow,
    Unpowered,
    hide,
    reveal,
    row_words,
)
from card_protocol.words import command_words

_DATA_AT: Final = HEADER_SIZE_BYTES + 1  # of a short command, as all are that write records
_BEFORE_DATA: Final = {2: "P1", 3: "P2", 4: "its length byte"}  # behind CLA and INS
_NAME_DIGITS: Final = 4  # hexadecimal, of CLA and INS, which say which command it is
_UPDATE_BINARY: Final = 0xD6
_SFI_FLAG: Final = 0x80  # of P1: the file is named there, and the record is in one command
_FIRST_ROW: Final = 2  # line 1 of a trace is its header


@final
class Playback:
    """The `rows` of a trace, one after another, and the first `difference` from them.

    `next` is the row that is compared next, `None` at the end.

    `exchanges` counts the commands that matched. `over` is whether the rows ran out, as at the end
    of a cut recording: later commands are no difference. A differing record of one of the `layouts`
    is described by its fields.
    """

    def __init__(self, rows: Iterator[TraceRow], layouts: Iterable[Layout[Any]] = ()) -> None:
        self._rows: Final = rows
        self.layouts: Final = tuple(layouts)
        self._line = _FIRST_ROW - 1
        self.next: TraceRow | None = None
        self.difference: str | None = None
        self.exchanges = 0
        self._advance()

    @property
    def over(self) -> bool:
        """Whether there is no row left."""
        return self.next is None

    def take(self) -> TraceRow:
        """Return the next row and go on to the one after it."""
        row = self.next
        assert row is not None, "somebody has looked whether there is one"
        self._advance()
        return row

    def differs(self, now: str) -> None:
        """Record the first mismatch: what the trace expected, and `now`, what came, in words."""
        if self.difference is None and self.next is not None:
            at = f" ({self.next.at})" if self.next.at else ""
            recorded = row_words(self.next)
            self.difference = f"line {self._line}{at}: recorded: {recorded}; now: {now}"

    def _advance(self) -> None:
        self.next = next(self._rows, None)
        self._line += 1


@final
class ReplayCard:
    """A card for a `DirectLink` or a meter's slot; its answers are those of `playback`."""

    def __init__(self, playback: Playback) -> None:
        self._playback: Final = playback
        self._written: Final = _Written()

    def power_on(self) -> bytes:
        """Return the recorded ATR; nothing after a difference."""
        row = self._playback.next
        if not isinstance(row, Reset) or self._playback.difference is not None:
            self._playback.differs("reset")
            return b""
        self._playback.take()
        if row.failure is not UNSET:
            return b""
        return reveal(row.atr)

    def power_off(self) -> None:
        """Lose power, any number of times."""
        if isinstance(self._playback.next, Unpowered):
            self._playback.take()

    def writing_us(self, command: bytes) -> int:
        """Return for how long, in µs, the recorded card was writing for `command`."""
        row = self._playback.next
        if isinstance(row, Exchanged | Torn) and row.command == hide(command)[0]:
            return 0 if row.writing_us is UNSET else row.writing_us
        return 0

    def tear(self, command: bytes, fate: Fate) -> None:  # noqa: ARG002  there are no cells
        """Lose power during `command` as the recorded card did; `fate` is not asked."""
        row = self._playback.next
        if isinstance(row, Torn) and row.command == hide(command)[0]:
            self._playback.take()
        else:
            self._playback.differs(f"{command_words(command)}: power lost while the card writes")
        self.power_off()

    def transmit(self, command: bytes) -> bytes:
        """Return the recorded answer to `command`.

        Raises:
            LinkError: The recorded failure, or CARD_GONE for a command that differs from the
                recorded one.
        """
        playback = self._playback
        row = playback.next
        if playback.difference is not None or row is None:
            raise LinkError(LinkErrorKind.CARD_GONE, "the recording knows no answer")
        asked, _ = hide(command)
        if not isinstance(row, Exchanged) or row.command != asked:
            before = self._written.before(command)
            playback.differs(_compared(row, asked, command, before, playback.layouts))
            raise LinkError(LinkErrorKind.CARD_GONE, "the recording knows no answer")
        playback.take()
        playback.exchanges += 1
        self._written.add(command)
        if row.answer is not UNSET:
            return reveal(row.answer)
        assert row.failure is not UNSET, "an exchange has an answer or a failure"
        raise _failure(row.failure)


@final
class _Written:
    """The last record written: on a plain card it takes several commands."""

    def __init__(self) -> None:
        self._data = b""
        self._end = 0

    def before(self, command: bytes) -> bytes:
        """Return the data right in front of those of a writing command."""
        part = _part(command)
        return self._data if part is not None and part.at == self._end else b""

    def add(self, command: bytes) -> None:
        """Continue with a writing command; any other ends the record."""
        part = _part(command)
        self._data = b"" if part is None else self.before(command) + part.data
        self._end = 0 if part is None else part.at + len(part.data)


class _Part(NamedTuple):
    """The data of one command, and their offset in the current file."""

    at: int
    data: bytes


def _part(command: bytes) -> _Part | None:
    try:
        _, ins, p1, p2, data, _ = split_command(command)
    except ApduError:
        return None
    writes = ins == _UPDATE_BINARY and not p1 & _SFI_FLAG
    return _Part(p1 << 8 | p2, data) if writes else None


def _compared(
    row: TraceRow, asked: str, command: bytes, before: bytes, layouts: Iterable[Layout[Any]]
) -> str:
    """Return the command sent, and how it differs if it has the same instruction.

    `before` are the data written right in front of this command's.
    """
    now = command_words(command)
    if not isinstance(row, Exchanged) or row.command[:_NAME_DIGITS] != asked[:_NAME_DIGITS]:
        return now
    then, said = reveal(row.command), reveal(asked)
    pairs = enumerate(zip(then, said, strict=False))
    at = next((at for at, (old, new) in pairs if old != new), None)
    if at is None:
        return f"{now}, but {len(said)} bytes in all instead of {len(then)}"
    where = _BEFORE_DATA.get(at) or f"byte {at - _DATA_AT} of its data"
    byte = f"{where} is {said[at]:02x} instead of {then[at]:02x}"
    then, said = before + then[_DATA_AT:], before + said[_DATA_AT:]
    fields = record_differences(then, said, layouts) if at >= _DATA_AT else ()
    return f"{now}, but {'; '.join(fields) or byte}"


def _failure(text: str) -> LinkError:
    kind, _, detail = text.partition(": ")
    known = {kind.value: kind for kind in LinkErrorKind}
    return LinkError(known.get(kind, LinkErrorKind.OTHER), detail)

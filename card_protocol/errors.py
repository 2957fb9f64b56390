"""The exceptions of this package, one root for callers who want to catch them all.

A card's *answer* is a value (a status word); an exception here means that an operator, a file, a
cable or the other side of the dialogue got something wrong. `decoding` turns the exceptions of JSON
and TOML readers into one of them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, unique
from typing import final

from card_protocol.one_line import one_line


class CardProtocolError(Exception):
    """Root of all exceptions of `card_protocol`."""


class LayoutError(CardProtocolError, ValueError):
    """Bytes that do not fit a fixed layout.

    Args:
        what: Name of the layout.
        offset: Where, in bytes from the beginning of what was read.
        expected: What belongs there, in words.
        got: What was found there, in words.
    """

    def __init__(self, what: str, *, offset: int, expected: str, got: str) -> None:
        super().__init__(f"{what}: at offset {offset} expected {expected}, got {got}")
        self.offset = offset
        self.expected = expected
        self.got = got


class TimestampError(CardProtocolError, ValueError):
    """Bytes that are no date and time in the encoding at hand."""


class TokenError(CardProtocolError, ValueError):
    """A refused token.

    Args:
        check: Name of the check that failed, such as `CRC`.
        why: What it checked, and what it expected.
    """

    def __init__(self, check: str, why: str) -> None:
        super().__init__(f"{check}: {why}")
        self.check = check


class CipherError(CardProtocolError):
    """A cipher library that is wrong: nothing it makes may reach a card."""


class MacError(CardProtocolError):
    """A record whose MAC does not match under its key."""


class AtrError(CardProtocolError, ValueError):
    """An answer to reset that cannot be parsed, and why."""


class TlvError(CardProtocolError, ValueError):
    """Bytes that are no list of BER-TLV data objects, or objects that cannot be encoded."""


class UndecodedError(CardProtocolError, ValueError):
    """Bytes that are not JSON or TOML of the expected kind, and why."""


class TraceError(CardProtocolError):
    """A file that is no recorded dialogue.

    Args:
        path: The file, as it was given.
        why: The line with the mistake, and what was expected there.
    """

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path


class ApduError(CardProtocolError):
    """Bytes that are no APDU, or a status word on which the terminal cannot continue.

    Args:
        message: What went wrong, in one line.
        sw: The status word, 0 to FFFFh; `None` for bytes that are no APDU.
    """

    def __init__(self, message: str, *, sw: int | None = None) -> None:
        super().__init__(message)
        self.sw = sw


class NotGenuineError(ApduError):
    """A card that should know a secret of this operator and meter, and does not."""


@final
@unique
class LinkErrorKind(Enum):
    """Why a link to a card failed; every link maps its own errors to one of these.

    `NO_READER`: none has that name. `NO_CARD`: the reader is empty. `CARD_GONE`: the card was taken
    out during the dialogue. `IN_USE`: another program holds the reader. `TIMED_OUT`: no answer came
    in time. `BROKEN`: the connection to the reader or to its service is down. `REFUSED`: the
    command was not sent, because it could change a real card. `OTHER`: anything else.
    """

    NO_READER = "no reader"
    NO_CARD = "no card"
    CARD_GONE = "card removed"
    IN_USE = "reader in use by another program"
    TIMED_OUT = "timed out"
    BROKEN = "broken link"
    REFUSED = "not sent"
    OTHER = "other"


class LinkError(CardProtocolError):
    """The connection to the card failed.

    Args:
        kind: The failure in terms that generic code can act on.
        detail: What the reader or its service said, if anything.
    """

    def __init__(self, kind: LinkErrorKind, detail: str = "") -> None:
        super().__init__(one_line(f"{kind.value}: {detail}") if detail else kind.value)
        self.kind = kind


@contextmanager
def decoding() -> Iterator[None]:
    """Raise `UndecodedError`, with the reason, for bytes that the block cannot decode."""
    import msgspec  # here, because `--help` names errors and must load nothing heavy

    try:
        yield
    except RecursionError:
        raise UndecodedError("it is nested too deep") from None
    except UnicodeDecodeError as error:
        raise UndecodedError(f"it is not UTF-8 text (byte {error.start})") from None
    except (msgspec.MsgspecError, ValueError) as error:  # json's and tomllib's are ValueErrors
        long = "digits" in str(error)  # Python turns no more than 4,300 into a number
        raise UndecodedError("a number is too long" if long else one_line(str(error))) from None

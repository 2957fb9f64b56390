"""One guard around all that decodes a file: whatever JSON and TOML readers raise becomes one line.

They raise errors of their own kinds for what is no text, no JSON, no TOML or not of the type
wanted, and Python's for what is nested too deep or has numbers too long.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from card_protocol.errors import UndecodedError


@contextmanager
def decoding() -> Iterator[None]:
    """Raise `UndecodedError`, which says why, for bytes that the block cannot decode."""
    try:
        yield
    except RecursionError:
        raise UndecodedError("it is nested too deep") from None
    except UnicodeDecodeError as error:
        raise UndecodedError(f"it is not UTF-8 text (byte {error.start})") from None
    except (msgspec.MsgspecError, ValueError) as error:  # json's and tomllib's are ValueErrors
        long = "digits" in str(error)  # Python turns no more than 4,300 into a number
        raise UndecodedError("a number is too long" if long else str(error)) from None

"""The head of a ledger: how many sales it has, and their digest, in a file next to it.

The counts inside a ledger show that a line in its middle is lost, and not that the last ones are: a
copy from before them is as whole as it was then. What is outside says how far it had come. A copy
of both files passes for the true ones.
"""

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from meter_emu.cli.output import echo, write_atomically
from meter_emu.errors import ConfigError, OutputError
from meter_emu.resources import read_file

if TYPE_CHECKING:
    from meter_emu.world.households.ledger_file import LedgerFile

_SUFFIX: Final = ".head"


def see_head(book: "LedgerFile[Any]") -> None:
    """Raise `ConfigError` where a ledger lacks sales that its head has, or sales have no head."""
    path = _path(book)
    try:
        text = read_file(path).decode("ascii", "replace").strip()
    except FileNotFoundError:
        if not book.sold:
            return
        why = f"{len(book.sold)} sold, and no {path} says that this is all: if it is, write there"
        raise ConfigError(book.path, "", f"{why} {_head(book, len(book.sold))!r}") from None
    except OSError as error:
        raise ConfigError(str(path), "", f"cannot be read: {error.strerror}") from None
    number, _, _ = text.partition(" ")
    count = int(number) if number.isdecimal() and len(number) < 10 else -1
    if count > len(book.sold):
        lost = count - len(book.sold)
        why = f"lacks the last {lost} of {count} sales that {path} has: what it sells was sold"
        raise ConfigError(book.path, "", f"{why}; put the newest copy back")
    if text != _head(book, count):
        raise ConfigError(book.path, "", f"its sales are others than those that {path} has")


def leave_head(book: "LedgerFile[Any]") -> None:
    """Write how far a ledger has come, after the ledger: a head that is behind refuses nothing."""
    try:
        write_atomically(_path(book), f"{_head(book, len(book.sold))}\n".encode())
    except OutputError as error:
        echo(f"meter-emu: {error}: a copy from before this sale would sell it again", err=True)


def _path(book: "LedgerFile[Any]") -> Path:
    there = Path(book.path).resolve()  # a link to a ledger has the head of what it means
    return there.with_name(there.name + _SUFFIX)


def _head(book: "LedgerFile[Any]", count: int) -> str:
    lines = (line for raw_line in book.sold[: max(0, count)] for line in book.line_toml(raw_line))
    return f"{count} {sha256(chr(10).join(lines).encode()).hexdigest()}"

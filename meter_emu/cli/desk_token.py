"""`meter-emu desk token`: the office that sells OpenPAYGO tokens, from a ledger of what it sold.

The ledger is written before the digits are shown: a count that was handed out is never sold again.
What was not shown is in the ledger, and `list` shows it.
"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import click

from meter_emu.cli.app import CliGroup, examples
from meter_emu.cli.held import HeldFile
from meter_emu.cli.names import (
    FILE,
    issued_at_min,
    issued_at_option,
    master_key_option,
    read_master_key,
)
from meter_emu.cli.output import echo

if TYPE_CHECKING:
    from card_protocol.tokens.openpaygo.counter import PaygoKind
    from meter_emu.world.households.ledger_file import LedgerFile, RawLine

_LEDGER: Final = "an office's ledger"
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_DEVICE: Final = "--device-id 541000000123"
_ledger_argument: Final = click.argument("ledger", type=FILE, metavar="LEDGER")
_device_option: Final = click.option(
    "--device-id", type=click.IntRange(1), required=True, metavar="N", help="The device's number."
)
_days_option: Final = click.option(
    "--days", required=True, metavar="DAYS", help="Such as 7, 0.5 or 1/7, as the device counts."
)


@click.group(cls=CliGroup, no_args_is_help=False)
def token() -> None:
    """Sell OpenPAYGO tokens from a ledger."""


@examples(
    f"desk token sell shop.toml {_DEVICE} --days 7",
    f"desk token sell shop.toml {_DEVICE} --days 0.5 --issued-at '2024-03-01 09:00'",
    f"desk token sell shop.toml {_DEVICE} --days 30 --master-key office.key",
)
@token.command()
@_ledger_argument
@_device_option
@_days_option
@master_key_option
@issued_at_option
def sell(
    ledger: str, device_id: int, days: str, key_file: str | None, issued_at: str | None
) -> None:
    """Sell time, which is added to what is left."""
    from card_protocol.tokens.openpaygo.counter import PaygoKind

    _sold(ledger, device_id, PaygoKind.ADD_TIME, days, key_file, issued_at)


@examples(
    f"desk token set shop.toml {_DEVICE} --days 3",
    f"desk token set shop.toml {_DEVICE} --days 0",
    f"desk token set shop.toml {_DEVICE} --days 14 --issued-at '2024-03-01 09:00'",
)
@token.command("set")
@_ledger_argument
@_device_option
@_days_option
@master_key_option
@issued_at_option
def set_time(
    ledger: str, device_id: int, days: str, key_file: str | None, issued_at: str | None
) -> None:
    """Set the time that is left, 0 for none; it closes every token before it."""
    from card_protocol.tokens.openpaygo.counter import PaygoKind

    _sold(ledger, device_id, PaygoKind.SET_TIME, days, key_file, issued_at)


@examples(
    f"desk token disable shop.toml {_DEVICE}",
    f"desk token disable shop.toml {_DEVICE} --issued-at '2024-03-01 09:00'",
    f"desk token disable shop.toml {_DEVICE} --master-key office.key",
)
@token.command()
@_ledger_argument
@_device_option
@master_key_option
@issued_at_option
def disable(ledger: str, device_id: int, key_file: str | None, issued_at: str | None) -> None:
    """End the payments: the device is unlocked for good, and is sold no more."""
    from card_protocol.tokens.openpaygo.counter import PaygoKind

    _sold(ledger, device_id, PaygoKind.DISABLE, None, key_file, issued_at)


@examples(
    "desk token list shop.toml",
    f"desk token list shop.toml {_DEVICE}",
    "desk token list shop.toml --master-key office.key",
)
@token.command("list")
@_ledger_argument
@click.option("--device-id", type=click.IntRange(1), metavar="N", help="This device's alone.")
@master_key_option
def list_sold(ledger: str, device_id: int | None, key_file: str | None) -> None:
    """Show what was sold, and its digits once more."""
    from meter_emu.world.households.ledger_file import LedgerFile

    book, master = LedgerFile(ledger), read_master_key(key_file)
    lines = [line for line in book.sold if device_id in (None, line.device)]
    for line in lines:
        echo(f"{_line_out(book, line, book.digits(line, master))}, sold {line.sold:%Y-%m-%d %H:%M}")
    if not lines:
        echo(f"{ledger}: nothing was sold")


def _sold(
    path: str,
    device_id: int,
    kind: "PaygoKind",
    days: str | None,
    key_file: str | None,
    issued_at: str | None,
) -> None:
    """Sell a token: its line in the ledger first, then its digits."""
    from meter_emu.world.households.ledger import units_in
    from meter_emu.world.households.ledger_file import LedgerFile, line_toml

    master = read_master_key(key_file)
    with HeldFile(path, _LEDGER) as held:
        book = LedgerFile(path)
        value = None if days is None else units_in(days, book.model, kind)
        minute = issued_at_min(issued_at, book.model.zone)
        line = book.next_line(device_id, kind, value, _EPOCH + timedelta(minutes=minute))
        digits = book.digits(line, master)
        before = held.content if held.content.endswith(b"\n") else held.content + b"\n"
        held.write(before + "\n".join(("", *line_toml(line), "")).encode("ascii"))
    echo(f"{_line_out(book, line, digits)}: in {path}")


def _line_out(book: "LedgerFile", line: "RawLine", digits: str) -> str:
    from meter_emu.world.households.ledger import token_words
    from meter_emu.world.households.ledger_file import kind_sold, units_sold

    spaced = " ".join(digits[at : at + 3] for at in range(0, len(digits), 3))
    does = token_words(kind_sold(line), units_sold(line), book.model)
    return f"{spaced}  {does}, device {line.device}, count {line.count}"

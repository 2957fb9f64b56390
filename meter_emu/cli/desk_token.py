"""`meter-emu desk token`: the office that sells tokens, from a ledger of what it sold.

The ledger is written before the digits are shown: what was handed out is never sold again. What was
not shown is in the ledger, and `list` shows it. How far it had come is in a file next to it
(`ledger_head`), so that an older copy sells nothing.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import click

from meter_emu.cli.answers import so_many
from meter_emu.cli.app import CliGroup, examples
from meter_emu.cli.held import HeldFile
from meter_emu.cli.ledger_head import leave_head, see_head
from meter_emu.cli.names import FILE, OneOf, issued_at_min, issued_at_option, json_option
from meter_emu.cli.output import STDOUT, echo, note_done, print_json
from meter_emu.cli.token_keys import read_key_file

if TYPE_CHECKING:
    from meter_emu.world.households.ledger_file import HandedOut, LedgerFile, Purchase

_Command: TypeAlias = Callable[..., Any]

_LEDGER: Final = "an office's ledger"
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_DEVICE: Final = "--device-id 541000000123"
_ledger_argument: Final = click.argument("ledger", type=FILE, metavar="LEDGER")
_key_option: Final = click.option(
    "--office-key", "key_file", type=FILE, metavar="FILE",
    help="OpenPAYGO: the master key, 32 hex digits. STS: the vending key, 16 or 40. "
    "Default: that of the bench.",
)  # fmt: skip


def _selling(command: _Command) -> _Command:
    """Add what every sale has: ledger, device, key, time and JSON."""
    for one in (json_option, issued_at_option, _key_option):
        command = one(command)
    device = click.option(
        "--device-id", type=click.IntRange(1), required=True, metavar="N",
        help="The device's number.",
    )  # fmt: skip
    return _ledger_argument(device(command))


def _one_of(**given: object) -> "Purchase":
    """Return what one option says; raise `click.UsageError` for none of them, or two."""
    from meter_emu.world.households.ledger_file import Purchase

    said = {name: value for name, value in given.items() if value is not None}
    if len(said) != 1:
        names = ", ".join(
            f"--{name.replace('days_left', 'days').replace('_', '-')}" for name in given
        )
        raise click.UsageError(f"expected one of {names}")
    return Purchase(**said)  # type: ignore[arg-type]


@click.group(cls=CliGroup, no_args_is_help=False)
def token() -> None:
    """Sell OpenPAYGO or STS tokens from a ledger."""


@examples(
    f"desk token sell shop.toml {_DEVICE} --days 7",
    f"desk token sell shop.toml {_DEVICE} --days 0.5 --issued-at '2024-03-01 09:00' --json -",
    f"desk token sell power.toml {_DEVICE} --kwh 25.6 --office-key vending.key",
)
@token.command()
@_selling
@click.option("--days", metavar="DAYS", help="Time, added to what is left: 7, 0.5 or 1/7.")
@click.option("--kwh", metavar="KWH", help="Energy, such as 25.6.")
def sell(
    ledger: str, device_id: int, days: str | None, kwh: str | None, **more: str | None
) -> None:
    """Sell time, or energy."""
    _sold(ledger, device_id, _one_of(days=days, kwh=kwh), **more)


@examples(
    f"desk token set shop.toml {_DEVICE} --days 0",
    f"desk token set power.toml {_DEVICE} --limit-w 2500",
    f"desk token set power.toml {_DEVICE} --clear credit",
)
@token.command("set")
@_selling
@click.option(
    "--days",
    metavar="DAYS",
    help="The time that is left, 0 for none; it closes every token before it.",
)
@click.option(
    "--limit-w", type=click.IntRange(0, 16_383), metavar="W", help="The most that may be drawn."
)
@click.option("--clear", type=OneOf(["credit", "tamper"]), metavar="credit|tamper",
              help="Clear all credit, or the sign that a cover was open.")  # fmt: skip
def set_token(
    ledger: str,
    device_id: int,
    days: str | None,
    limit_w: int | None,
    clear: Literal["credit", "tamper"] | None,
    **more: str | None,
) -> None:
    """Set the time that is left, or a limit, or clear something."""
    _sold(ledger, device_id, _one_of(days_left=days, limit_w=limit_w, clear=clear), **more)


@examples(
    f"desk token disable shop.toml {_DEVICE}",
    f"desk token disable shop.toml {_DEVICE} --issued-at '2024-03-01 09:00'",
    f"desk token disable shop.toml {_DEVICE} --office-key office.key",
)
@token.command()
@_selling
def disable(ledger: str, device_id: int, **more: str | None) -> None:
    """End the payments: the device is unlocked for good, and is sold no more."""
    _sold(ledger, device_id, _one_of(unlock=True), **more)


@examples(
    f"desk token key-change power.toml {_DEVICE} --new-base 2014 --new-key-revision 2",
    f"desk token key-change power.toml {_DEVICE} --new-tariff-index 2",
    f"desk token key-change power.toml {_DEVICE} --new-key-revision 3 --expiry 200",
)
@token.command("key-change")
@_selling
@click.option(
    "--new-base",
    type=OneOf(["1993", "2014", "2035"]),
    help="Another base date, with the roll-over bit.",
)
@click.option("--new-key-revision", type=click.IntRange(1, 9))
@click.option("--new-tariff-index", type=click.IntRange(0, 99))
@click.option("--expiry", type=click.IntRange(0, 255), help="The key expiry number; 255 is never.")
@click.option("--rollover", is_flag=True, help="The roll-over bit where the base date stays.")
def key_change(
    ledger: str,
    device_id: int,
    *,
    new_base: str | None,
    new_key_revision: int | None,
    new_tariff_index: int | None,
    expiry: int | None,
    rollover: bool,
    **more: str | None,
) -> None:  # fmt: skip
    """Sell the tokens that bring an STS meter another key; what is not new stays as it is.

    From then on tokens are sold under the new key. Hand a set out once: halves of two sets make a
    meter deaf to every token.
    """
    from meter_emu.world.households.ledger_file import NewKey

    new = NewKey(
        base=None if new_base is None else int(new_base),
        revision=new_key_revision,
        tariff_index=new_tariff_index,
        ken=expiry,
        rollover=rollover,
    )
    _sold(ledger, device_id, _one_of(new_key=new), **more)


@examples(
    "desk token list shop.toml",
    f"desk token list shop.toml {_DEVICE}",
    "desk token list shop.toml --office-key office.key --json sold.json",
)
@token.command("list")
@_ledger_argument
@click.option("--device-id", type=click.IntRange(1), metavar="N", help="This device's alone.")
@_key_option
@json_option
def list_sold(
    ledger: str, device_id: int | None, key_file: str | None, json_file: str | None
) -> None:
    """Show what was sold, and its digits once more."""
    from meter_emu.world.households.ledger_files import open_ledger

    book = open_ledger(ledger)
    lines = [line for line in book.sold if device_id in (None, line.device)]
    tokens = [token for line in lines for token in _tokens(book, line, key_file)]
    _print_tokens(ledger, tokens, json_file)
    if json_file != STDOUT:
        echo(f"{ledger}: {so_many(len(lines), 'sale', 'sales')}")
        for token in tokens:
            echo(f"{_handed_out(book, token)}, sold {token.sold:%Y-%m-%d %H:%M}")


def _sold(
    path: str,
    device_id: int,
    purchase: "Purchase",
    *,
    key_file: str | None,
    issued_at: str | None,
    json_file: str | None,
) -> None:
    """Sell something: its line in the ledger first, then its digits."""
    from meter_emu.world.households.ledger_files import open_ledger

    with HeldFile(path, _LEDGER) as held:
        book = open_ledger(path)
        see_head(book)
        minute = issued_at_min(issued_at, book.model.zone)
        line = book.sell(device_id, purchase, _EPOCH + timedelta(minutes=minute))
        tokens = _tokens(book, line, key_file)
        before = held.content if held.content.endswith(b"\n") else held.content + b"\n"
        held.write(before + "\n".join(("", *book.line_toml(line), "")).encode("ascii"))
        leave_head(book)
    note_done(f"meter-emu desk token list {path} shows the digits")
    _print_tokens(path, tokens, json_file)
    if json_file != STDOUT:
        for token in tokens:
            echo(f"{_handed_out(book, token)}: in {path}")


def _tokens(book: "LedgerFile[Any]", raw_line: object, key_file: str | None) -> list["HandedOut"]:
    key = None if key_file is None else read_key_file(key_file, book.KEY_SIZES)
    return list(book.tokens(raw_line, key))


def _handed_out(book: "LedgerFile[Any]", token: "HandedOut") -> str:
    groups = range(0, len(token.digits), book.GROUP)
    spaced = " ".join(token.digits[at : at + book.GROUP] for at in groups)
    return f"{spaced}  {token.does}, device {token.device_id}, {token.which}"


def _print_tokens(path: str, tokens: list["HandedOut"], json_file: str | None) -> None:
    if json_file is None:
        return
    from msgspec import UNSET

    from meter_emu.cli.printed.tokens import DeskTokensJson, HandedOutJson

    rows = tuple(
        HandedOutJson(
            token=token.digits,
            does=token.does,
            device_id=token.device_id,
            sold=token.sold.isoformat(timespec="seconds"),
            count=UNSET if token.count is None else token.count,
            tid=UNSET if token.tid is None else token.tid,
            section=UNSET if token.section is None else token.section,
        )
        for token in tokens
    )
    print_json(DeskTokensJson(ledger=path, tokens=rows), json_file)

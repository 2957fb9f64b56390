"""`meter-emu card send`: commands to a card, as bytes, and what each and its answer mean.

A card in a file is the file: it is written when a command has changed the card, and nobody else's
meanwhile. To a card in a reader go commands that read, and with a word those of an office.
"""

from typing import TYPE_CHECKING, Final, final

import click

from meter_emu.cli.app import examples
from meter_emu.cli.held import CARD_IMAGE, HeldFile, image_in, in_process, read_image
from meter_emu.cli.names import json_option
from meter_emu.cli.output import STDOUT, echo, print_json
from meter_emu.cli.place import (
    CardCommand,
    CardReader,
    check_sure,
    file_argument,
    reader_option,
    sure_option,
    wait_option,
)
from meter_emu.cli.tracing import trace_option

if TYPE_CHECKING:
    from meter_emu.cli.printed.card_results import ExchangedJson
    from meter_emu.desk.desk import Exchange

APDU_BYTES_MIN: Final = 4  # bytes: CLA INS P1 P2 (ISO/IEC 7816-4)
APDU_BYTES_MAX: Final = 65_544  # the longest command with extended lengths: 4 + 3 + 65,535 + 2
APDUS_MAX: Final = 1_000  # ours: what is longer is a program, and wants a link of its own


@final
class Apdu(click.ParamType[bytes]):
    """A C-APDU in hexadecimal digits, with spaces or colons between bytes if somebody likes."""

    name = "apdu"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> bytes:
        """Return its bytes."""
        assert isinstance(value, str), "a command line is text"
        digits = value.replace(":", " ")
        try:
            command = bytes.fromhex(digits)
        except ValueError:
            self.fail(f"{value[:40]!r}: expected hexadecimal digits, two a byte", param, ctx)
        if not APDU_BYTES_MIN <= len(command) <= APDU_BYTES_MAX:
            want = f"expected {APDU_BYTES_MIN} to {APDU_BYTES_MAX:,} bytes"
            self.fail(f"{value[:40]!r}: {want}, got {len(command):,}", param, ctx)
        return command


@examples(
    "card send home.card 00A4000C02BE01 00B000000A",
    "card send home.card '00 20 00 01 04 37 38 31 36' 00:D6:00:00:01:00 --json -",
    "card send --reader ACR 00A40004023F00 --trace dialogue.jsonl",
)
@click.command(cls=CardCommand)
@file_argument("file")
@click.argument("commands", metavar="APDU...", nargs=-1, required=True, type=Apdu())
@reader_option(required=False)
@wait_option
@sure_option
@trace_option
@json_option
def send(
    file: str | None,
    commands: tuple[bytes, ...],
    reader: str | None,
    wait_s: int,
    sure: bool,
    trace_to: str | None,
    json_file: str | None,
) -> None:
    """Send commands to the card in FILE or in a reader, freshly powered, and show each answer.

    APDU is hexadecimal: 00A4000C023F00, or with spaces or colons. FILE is saved when a command has
    changed the card. To a real card only commands that read are sent, unless --yes-write-hardware
    is given, and then those of an office.
    """
    if len(commands) > APDUS_MAX:
        raise click.UsageError(f"expected at most {APDUS_MAX:,} commands, got {len(commands):,}")
    heard = _Heard(commands, at_once=reader is not None and json_file != STDOUT)
    if reader is not None:
        card, saved = CardReader(reader, wait_s, trace_to), False
        if not _reads(commands):
            check_sure(sure)
        card.session(heard.all_of_it) if sure else card.read(heard.all_of_it)
    else:
        assert file is not None, "click asks for one of the two"
        saved = _send_to_file(file, heard, trace_to)
        if json_file != STDOUT:  # now that the file holds what was answered
            for one in heard.exchanges:
                _say(one)
    if json_file is not None:
        from meter_emu.cli.printed.card_results import CardSentJson

        sent = CardSentJson(
            card=reader or file or "", saved=saved, exchanges=tuple(heard.exchanges)
        )
        print_json(sent, json_file)


@final
class _Heard:
    """The dialogue, said `at_once` or later. What is secret in it is not shown."""

    def __init__(self, commands: tuple[bytes, ...], *, at_once: bool) -> None:
        self.commands: Final = commands
        self._at_once: Final = at_once
        self.exchanges: list[ExchangedJson] = []

    def all_of_it(self, exchange: "Exchange") -> None:
        """Send every command."""
        from card_protocol.trace import hide
        from card_protocol.words import meaning
        from meter_emu.cli.printed.card_results import ExchangedJson

        self.exchanges.clear()
        for command in self.commands:
            answer = exchange(command)
            asked, said = hide(command, answer)
            means = meaning(command, answer)
            self.exchanges.append(ExchangedJson(command=asked, answer=said, means=means))
            if self._at_once:
                _say(self.exchanges[-1])


def _say(exchange: "ExchangedJson") -> None:
    echo(f"{exchange.means}\n  > {exchange.command}\n  < {exchange.answer}")


def _reads(commands: tuple[bytes, ...]) -> bool:
    """Whether commands do nothing but read: no card is changed by them."""
    from card_protocol.link.guarded import READS

    return all((command[0], command[1]) in READS for command in commands)


def _send_to_file(file: str, heard: _Heard, trace_to: str | None) -> bool:
    """Send them to the card in a file; return whether that has changed it."""
    if _reads(heard.commands):
        in_process(file, read_image(file), heard.all_of_it, trace_to)
        return False
    with HeldFile(file, CARD_IMAGE) as held:
        before = image_in(file, held.content)
        _, after = in_process(file, before, heard.all_of_it, trace_to)
        changed = after.to_bytes() != held.content
        if changed:
            held.write(after.to_bytes())
    return changed

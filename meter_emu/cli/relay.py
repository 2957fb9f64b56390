"""`meter-emu card relay`: a real card of one reader in another one, where its dialogue is recorded.

A terminal that is studied finds the card in a slot of vpcd. What it asks goes to the real card, and
the answer back, byte for byte. Only commands that read reach the card unless somebody said that all
may: any other is answered 6900 here, and said.
"""

from typing import TYPE_CHECKING, Final, final

import click

from meter_emu.cli.app import CliCommand, examples
from meter_emu.cli.names import json_option
from meter_emu.cli.output import print_json
from meter_emu.cli.place import reader_option
from meter_emu.cli.plugging import Plugging, heard_meanwhile, plug_until_ended, say, slot_options
from meter_emu.cli.tracing import recording, trace_option

if TYPE_CHECKING:
    from card_protocol.link.link import Link, Slotted
    from card_protocol.link.pcsc import PcscLink
    from card_protocol.trace import Recorder

NOT_SENT: Final = b"\x69\x00"  # command not allowed, no information given (ISO/IEC 7816-4)


@examples(
    "card relay --reader ACR --trace fielded.trace",
    "card relay --reader ACR --port 35964 --wait-s 30 --json -",
    "card relay --reader ACR --yes-write-hardware --trace fielded.trace",
)
@click.command(cls=CliCommand)
@reader_option(required=True)
@slot_options
@click.option(
    "--yes-write-hardware", "sure", is_flag=True, help="Let every command reach the real card."
)
@trace_option
@json_option
def relay(
    reader: str,
    port: int,
    host: str,
    out: bool,
    wait_s: int | None,
    sure: bool,
    trace_to: str | None,
    json_file: str | None,
) -> int:
    """Pass the real card in a reader on to a terminal, through a slot of vpcd.

    Only commands that read are passed on; any other is answered 6900. Commands on standard input
    are those of card serve.
    """
    from card_protocol.link.pcsc import PcscLink
    from card_protocol.trace import no_clock

    with (
        heard_meanwhile(json_file),
        recording(trace_to, {"kind": "relay"}, real=True) as recorder,
        PcscLink(reader) as link,
    ):
        card = _RealCard(reader, link, sure=sure, recorder=recorder)
        plugging = Plugging(card, (host, port), wait_s)
        status, by = plug_until_ended(plugging, out=out, last="removed")
        if recorder is not None:
            recorder.ended(clock=no_clock)
    if json_file is not None:
        from meter_emu.cli.printed.card_results import CardRelayedJson

        relayed = CardRelayedJson(
            reader=reader,
            insertions=plugging.insertions,
            commands=card.commands,
            not_sent=card.not_sent,
            ended_by=by,
        )
        print_json(relayed, json_file)
    return status


@final
class _RealCard:
    """The card in a reader as a `Plug`, and as the other reader sees it; it may leave at any time.

    `commands` came from the terminal, and `not_sent` of them did not reach the card.
    """

    watched: Final = True

    def __init__(
        self, reader: str, link: "PcscLink", *, sure: bool, recorder: "Recorder | None"
    ) -> None:
        from card_protocol.link.guarded import READS, GuardedLink

        self._reader: Final = reader
        self._pcsc: Final = link
        self._way: Final[Link] = link if sure else GuardedLink(link, READS)
        self._link: Link = self._way
        self._recorder: Final = recorder
        self._powered = False
        self._shown: Final[set[str]] = set()
        self.commands = self.not_sent = 0
        say(f"{reader}: {'every command' if sure else 'what reads'} is passed on")

    def take(self) -> None:
        """See `Plug`. Others have the card as long as nobody asks it."""

    def card(self) -> "Slotted":
        """See `Plug`."""
        from card_protocol.link.recorded import RecordedLink
        from card_protocol.trace import no_clock

        if self._recorder is not None:
            self._recorder.inserted(self._reader, clock=no_clock)
            self._link = RecordedLink(self._way, self._recorder)
        return self

    def keep(self) -> None:
        """See `Plug`. A real card keeps itself."""

    def check(self) -> None:
        """See `Plug`."""
        from card_protocol.errors import LinkError, LinkErrorKind

        if not self._pcsc.wait(present=True, wait_ms=0):
            raise LinkError(LinkErrorKind.NO_CARD, self._reader)

    def pulled(self) -> None:
        """See `Plug`."""
        from card_protocol.trace import no_clock

        self._powered = False
        if self._recorder is not None:
            self._recorder.removed(clock=no_clock)

    def again(self) -> bool:
        """See `Plug`: it is looked for."""
        return True

    def release(self) -> None:
        """See `Plug`."""

    def power_on(self) -> bytes:
        """See `Slotted`; a `LinkError` passes."""
        self._powered = False
        atr = self._link.connect()
        self._powered = True
        return atr

    def power_off(self) -> None:
        """See `Slotted`."""
        self._powered = False
        self._link.disconnect()

    def transmit(self, command: bytes) -> bytes:
        """See `Slotted`; the `LinkError` of a card that is gone or silent passes."""
        from card_protocol.errors import LinkError, LinkErrorKind

        if not self._powered:
            return b""
        self.commands += 1
        try:
            return self._link.exchange(command)
        except LinkError as error:
            if error.kind is not LinkErrorKind.REFUSED:
                raise
            self.not_sent += 1
            self._say_once(str(error))
            return NOT_SENT

    def _say_once(self, text: str) -> None:
        if text not in self._shown:
            self._shown.add(text)
            say(text)

"""`meter-emu card serve`: a virtual card in a reader of PC/SC, for programs that know only cards.

The file is the card: it is written after each change and before the terminal hears of it, read
again at each insertion, and nobody else's to change (`held`) until the card is out.
"""

from typing import TYPE_CHECKING, Final, final

import click

from meter_emu.cli.app import CliCommand, examples
from meter_emu.cli.held import CARD_IMAGE, HeldFile, image_in, read_image
from meter_emu.cli.names import FILE, json_option
from meter_emu.cli.output import print_json
from meter_emu.cli.plugging import Plugging, heard_meanwhile, plug_until_ended, say, slot_options
from meter_emu.cli.tracing import recording, trace_option
from meter_emu.errors import ImageError

if TYPE_CHECKING:
    from card_protocol.card.virtual import AnyImage, VirtualCard
    from card_protocol.link.link import Slotted
    from card_protocol.trace import Recorder


@examples(
    "card serve home.card",
    "card serve home.card --out --trace dialogue.jsonl",
    "card serve home.card --port 35964 --t0 --wait-s 30",
)
@click.command(cls=CliCommand)
@click.argument("file", type=FILE)
@slot_options
@click.option("--t0", is_flag=True, help="Speak T=0: a terminal fetches each answer.")
@trace_option
@json_option
def serve(
    file: str,
    port: int,
    host: str,
    t0: bool,
    out: bool,
    wait_s: int | None,
    trace_to: str | None,
    json_file: str | None,
) -> int:
    """Plug the card in FILE into PC/SC through vpcd.

    Commands on standard input: insert, remove, quit. The end of the input ends it too, except that
    of /dev/null: then it goes on until SIGTERM. FILE is saved after each change.
    """
    from card_protocol.trace import no_clock

    with (
        heard_meanwhile(json_file),
        recording(trace_to, {"kind": "serve"}, real=True) as recorder,
    ):
        card = _FileCard(file, t0=t0, recorder=recorder)
        plugging = Plugging(card, (host, port), wait_s)
        status, by = plug_until_ended(plugging, out=out, last="removed, the file is saved")
        if recorder is not None:
            recorder.ended(clock=no_clock)
    if json_file is not None:
        from meter_emu.cli.printed.card_results import CardServedJson

        served = CardServedJson(
            file=file, insertions=plugging.insertions, changes=card.changes, ended_by=by
        )
        print_json(served, json_file)
    return status


def _answers(card: "VirtualCard") -> bool:
    """Whether a card answers to a reset: without that no reader takes it for one."""
    atr = card.power_on()
    card.power_off()
    return bool(atr)


def _spoken(image: "AnyImage", *, t0: bool) -> str:
    """Say which card it is, and what it speaks: a memory card is spoken for by its reader."""
    from card_protocol.card.sle4442 import MemoryImage

    if isinstance(image, MemoryImage):
        return "memory card, commands of an ACS reader"
    return f"{image.kind.name.lower()} card, T={0 if t0 else 1}"


@final
class _FileCard:
    """The card of a file as a `Plug`: held while it is in, and written with each change."""

    watched: Final = False

    def __init__(self, file: str, *, t0: bool, recorder: "Recorder | None") -> None:
        self._file: Final = file
        self._t0: Final = t0
        self._recorder: Final = recorder
        self._card = self._card_in(read_image(file))
        self._stored = self._card.image
        self._held: HeldFile | None = None
        self.changes = 0
        say(f"{file}: {_spoken(self._stored, t0=t0)}")

    def _card_in(self, image: "AnyImage") -> "VirtualCard":
        from secrets import token_bytes

        from card_protocol.card.virtual import card_of

        card = card_of(image, token_bytes, t0=self._t0)
        if not _answers(card):
            raise ImageError(self._file, "this card does not answer to a reset")
        return card

    def take(self) -> None:
        """See `Plug`: the file as it is now."""
        held = HeldFile(self._file, CARD_IMAGE)
        try:
            self._card = self._card_in(image_in(self._file, held.content))
        except BaseException:
            held.release()
            raise
        self._held, self._stored = held, self._card.image

    def card(self) -> "Slotted":
        """See `Plug`: recorded or not."""
        from card_protocol.link.recorded import RecordedCard
        from card_protocol.trace import no_clock

        if self._recorder is None:
            return self._card
        self._recorder.inserted(self._file, clock=no_clock)
        return RecordedCard(self._card, self._recorder)

    def keep(self) -> None:
        """See `Plug`: store the card if it has changed."""
        image = self._card.image
        if image is self._stored:
            return
        raw, before = image.to_bytes(), self._stored.to_bytes()
        self._stored = image
        if raw == before:
            return
        assert self._held is not None, "a card in the reader is held"
        self._held.write(raw)
        self.changes += 1
        say(f"saved: change {self.changes}")

    def check(self) -> None:
        """See `Plug`. A file does not leave."""

    def pulled(self) -> None:
        """See `Plug`."""
        from card_protocol.trace import no_clock

        if self._recorder is not None:
            self._recorder.removed(clock=no_clock)

    def again(self) -> bool:
        """See `Plug`: not one that was ruined in the reader, because no other will take it."""
        return _answers(self._card)

    def release(self) -> None:
        """See `Plug`."""
        if self._held is not None:
            self._held.release()
            self._held = None

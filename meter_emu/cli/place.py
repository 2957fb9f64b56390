"""The card that a command works on: an image in FILE, or a real card in a reader.

What is written on a real card stays, also where a test or a typing mistake wrote it, so that takes
a word more than writing a file. Over a reader only the commands of an office are sent, and after
one failed proof no other (`link.guarded`).
"""

from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, final

import click

from meter_emu.cli.app import CliCommand
from meter_emu.cli.held import CARD_IMAGE, HeldFile, at_the_desk, image_in, open_desk, read_image
from meter_emu.cli.names import FILE, CommandT
from meter_emu.cli.output import echo, note_done
from meter_emu.cli.tracing import trace_option, traced
from meter_emu.errors import CardError, OutputError

if TYPE_CHECKING:
    from card_protocol.card.virtual import AnyImage
    from card_protocol.keys import Key
    from card_protocol.link.link import Link
    from card_protocol.link.pcsc import PcscLink
    from meter_emu.desk.desk import Desk, Exchange

_DoneT = TypeVar("_DoneT")

WAIT_S_DEFAULT: Final = 30  # ours: for taking a card out of a wallet
WAIT_S_MAX: Final = 3_600
_READER: Final = "--reader"
_SURE: Final = "--yes-write-hardware"
_IN_READER: Final = f"{__name__}.in_reader"  # whether the command line has --reader
_IN_READER_HELP: Final = "The card in this reader, or part of its name, not FILE."
_WRITES: Final = frozenset({0xD0, 0xD2, 0xD6})  # a memory card's WRITE and CHANGE CODE, UPDATE

sure_option: Final = click.option(_SURE, "sure", is_flag=True, help="Do write on a real card.")
wait_option: Final = click.option(
    "--wait-s",
    type=click.IntRange(0, WAIT_S_MAX),
    default=WAIT_S_DEFAULT,
    show_default=True,
    help="How long to wait for a card in the reader, in seconds.",
)


def reader_option(*, required: bool) -> Callable[[CommandT], CommandT]:
    """Return the option that names a reader; where it is not required, a file may be named."""
    text = "The reader, or part of its name." if required else _IN_READER_HELP
    return click.option(_READER, required=required, metavar="NAME", help=text)


def check_sure(sure: bool) -> None:
    """Refuse to write on a real card without the word."""
    if not sure:
        raise click.UsageError(f"this may write on a real card: say so with {_SURE}")


class Place(Protocol):
    """A card at the desk."""

    @property
    def name(self) -> str:
        """What a person calls it."""
        ...

    def serve(
        self, key: "Key", do: "Callable[[Desk, Exchange], _DoneT]", *, writes: bool = False
    ) -> _DoneT:
        """Have a desk with the master key do something with the card, and keep what it wrote."""
        ...


@final
class CardFile:
    """A virtual card whose image is a file."""

    def __init__(self, file: str, trace_to: str | None) -> None:
        self.name = file
        self._trace_to: Final = trace_to

    def serve(
        self, key: "Key", do: "Callable[[Desk, Exchange], _DoneT]", *, writes: bool = False
    ) -> _DoneT:
        """See `Place`: the image is saved whole when everything is done, or not at all."""
        if not writes:
            return at_the_desk(self.name, read_image(self.name), key, do, self._trace_to)[0]
        open_desk()  # before the file is held, and others have to wait
        with HeldFile(self.name, CARD_IMAGE) as held:
            image = image_in(self.name, held.content)
            done, image = at_the_desk(self.name, image, key, do, self._trace_to)
            held.write(image.to_bytes())
        return done


@final
class CardReader:
    """A real card in a reader that PC/SC knows, waited for when it is not there yet."""

    def __init__(self, name: str, wait_s: int, trace_to: str | None) -> None:
        self.name = name
        self._wait_s: Final = wait_s
        self._trace_to: Final = trace_to

    def serve(
        self,
        key: "Key",
        do: "Callable[[Desk, Exchange], _DoneT]",
        *,
        writes: bool = False,  # noqa: ARG002  a real card keeps what it was given
    ) -> _DoneT:
        """See `Place`. Raise `CardError`."""
        from meter_emu.desk.desk import Desk

        return self.session(lambda exchange: do(Desk(key), exchange))

    def session(
        self,
        do: "Callable[[Exchange], _DoneT]",
        guard: "Callable[[Link], Link] | None" = None,
        *,
        if_cut: str = "see desk account",
    ) -> _DoneT:
        """Do something with the card in the reader, by itself and powered afresh.

        `guard` wraps the link, the usual guard when it is not given; `if_cut` tells the user what
        to do when the session broke off after a write.
        """
        from card_protocol.errors import CardProtocolError, LinkError
        from card_protocol.link.guarded import GuardedLink
        from card_protocol.link.pcsc import PcscLink

        writing = False

        def exchange(command: bytes) -> bytes:
            nonlocal writing
            writing |= command[1] in _WRITES
            return link.exchange(command)

        try:
            with PcscLink(self.name) as reader:
                self._await_card(reader)
                with traced((guard or GuardedLink)(reader), self.name, self._trace_to) as link:
                    link.connect()
                    done = do(exchange)
                    link.disconnect()
        except (LinkError, OutputError) as error:  # the reader, or the trace that has no room
            perhaps = f"; it may have been written: {if_cut}" if writing else ""
            raise CardError(f"{error}{perhaps}") from error
        except CardProtocolError as error:
            raise CardError(f"{self.name}: {error}") from error
        if writing:
            note_done(f"wrote the card in {self.name}: {if_cut}")
        return done

    def read(self, do: "Callable[[Exchange], _DoneT]") -> _DoneT:
        """Do something that needs nothing but commands that read: no other is sent."""
        from card_protocol.link.guarded import READS, GuardedLink

        return self.session(do, partial(GuardedLink, allowed=READS))

    def copy(self) -> "AnyImage":
        """Return what anyone may read on the card as an image."""
        from card_protocol.carrier.copied import copied
        from card_protocol.terminal import Terminal

        return self.read(lambda exchange: copied(Terminal(exchange)))

    def _await_card(self, reader: "PcscLink") -> None:
        if reader.wait(present=True, wait_ms=0) or not self._wait_s:
            return
        echo(f"{self.name}: put the card in; waiting {self._wait_s} s", err=True)
        reader.wait(present=True, wait_ms=self._wait_s * 1_000)


class CardCommand(CliCommand):
    """A command whose FILE is not on its command line when `--reader` is."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Look for `--reader` first: it decides what the arguments are."""
        own = args[: args.index("--")] if "--" in args else args
        ctx.meta[_IN_READER] = any(arg.partition("=")[0] == _READER for arg in own)
        return super().parse_args(ctx, args)


class FileArgument(click.Argument):
    """The FILE of a `CardCommand`."""

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:  # noqa: ANN401 - click's own
        """Take an argument, unless the card is in a reader."""
        if not ctx.meta[_IN_READER]:
            super().add_to_parser(parser, ctx)

    def process_value(self, ctx: click.Context, value: Any) -> Any:  # noqa: ANN401 - click's own
        """Do not ask for what is not wanted."""
        return None if ctx.meta[_IN_READER] else super().process_value(ctx, value)


def file_argument(name: str, metavar: str = "FILE") -> Callable[[CommandT], CommandT]:
    """Return the argument of a `CardCommand` that is not given when `--reader` is."""
    return click.argument(name, cls=FileArgument, metavar=metavar, type=FILE)


def with_card(*, writes: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a `CardCommand` its card as `place`, from FILE or from the options for a reader."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def command(
            file: str | None,
            reader: str | None,
            wait_s: int,
            trace_to: str | None,
            sure: bool = False,
            **own: Any,  # noqa: ANN401 - whatever the command's options are
        ) -> Any:  # noqa: ANN401 - likewise
            if reader is None:
                assert file is not None, "click asks for one of the two"
                return function(place=CardFile(file, trace_to), **own)
            if writes:
                check_sure(sure)
            return function(place=CardReader(reader, wait_s, trace_to), **own)

        if writes:
            command = sure_option(command)
        command = wait_option(trace_option(command))
        command = reader_option(required=False)(command)
        return file_argument("file")(command)

    return decorate

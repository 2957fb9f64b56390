"""`meter-emu card serve`: a virtual card in a reader of PC/SC, for programs that know only cards.

One loop waits for whatever comes first: the reader, a command on standard input, a signal, or the
time to look again for a reader that was not there. The file is the card: it is written after each
change and before the terminal hears of it, read again at each insertion, and nobody else's to
change (`held`) until the card is out.
"""

import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final, final

import click

from meter_emu.cli.card_file import CARD_IMAGE, image_in, read_image
from meter_emu.cli.exits import EXIT_OK, EXIT_SIGNAL
from meter_emu.cli.held import HeldFile
from meter_emu.cli.names import FILE
from meter_emu.cli.tracing import recording, trace_option
from meter_emu.cli.verbs import Verb
from meter_emu.errors import ImageError

if TYPE_CHECKING:
    from card_protocol.card.make import AnyImage, VirtualCard
    from card_protocol.link.link import Slotted
    from card_protocol.serve.vpcd import VpcdLine
    from card_protocol.trace import Recorder

DEFAULT_PORT: Final = 35_963  # the packaged driver's slot 0; slot 1 is the next port
# pcscd looks for cards every 0.4 s, and 2.3.3 misses for good one that is back before it has looked
# if a session was open: measured. A daemon that comes back is found as fast as a person looks up.
RETRY_S: Final = 0.6
GREETING_S: Final = 2.0  # ours: the driver asks a new card for its ATR within half a second
COMMAND_SIZE_MAX: Final = 1024  # ours: a line on standard input
_STOPPING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command(cls=Verb)
@click.argument("file", type=FILE)
@click.option(
    "--port",
    type=click.IntRange(1, 0xFFFF),
    default=DEFAULT_PORT,
    show_default=True,
    envvar="METER_EMU_VPCD_PORT",
    help="The slot of the vpcd driver: its CHANNELID, or that plus one.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where pcscd runs.")
@click.option("--t0", is_flag=True, help="Speak T=0, where a terminal fetches what the card has.")
@click.option("--out", is_flag=True, help="Begin with the card beside the reader.")
@click.option(
    "--wait-s",
    metavar="SECONDS",
    type=click.IntRange(0, 86_400),
    help="Give up when there was no reader for so long. Default: never.",
)
@trace_option
def serve(
    file: str,
    port: int,
    host: str,
    t0: bool,
    out: bool,
    wait_s: int | None,
    trace_to: str | None,
) -> int:
    """Plug the card in FILE into PC/SC through vpcd.

    Commands on standard input: insert, remove, quit. The end of the input ends it too, except that
    of /dev/null: then it goes on until SIGTERM. FILE is saved after each change.
    """
    from card_protocol.trace import no_clock

    with recording(trace_to, {"kind": "serve"}, real=True) as recorder, _stop_signals() as stopped:
        served = _Served(file, (host, port), t0=t0, wait_s=wait_s, recorder=recorder)
        try:
            if not out:
                served.put_in()
            status = _Loop(served, stopped).run()
        finally:
            served.leave()
        if recorder is not None:
            recorder.ended(clock=no_clock)
        return status


def _answers(card: "VirtualCard") -> bool:
    """Whether a card answers to a reset: without that no reader takes it for one."""
    atr = card.power_on()
    card.power_off()
    return bool(atr)


def _spoken(image: "AnyImage", *, t0: bool) -> str:
    """Say which card it is, and what it speaks: a memory card is spoken for by its reader."""
    from card_protocol.card.memory_image import MemoryImage

    if isinstance(image, MemoryImage):
        return "memory card, commands of an ACS reader"
    return f"{image.kind.name.lower()} card, T={0 if t0 else 1}"


@final
class _Served:
    """The card, in the reader or next to it. `line` is its connection while it is in.

    `due` is when to look for a reader again, `None` while the card is in or next to it.
    """

    def __init__(
        self,
        file: str,
        where: tuple[str, int],
        *,
        t0: bool,
        wait_s: int | None,
        recorder: "Recorder | None",
    ) -> None:
        self._file: Final = file
        self._recorder: Final = recorder
        self._where: Final = where
        self._t0: Final = t0
        self._wait_s: Final = wait_s
        self._card = self._card_in(read_image(file))
        self._stored = self._card.image
        self._held: HeldFile | None = None
        self._changes = 0
        self._said = ""
        self._given_up_at: float | None = None
        self._out_since = monotonic() - RETRY_S
        self.line: VpcdLine | None = None
        self.greeted = False
        self._unpowered_count = 0
        self.due: float | None = None
        _say(f"{file}: {_spoken(self._stored, t0=t0)}")

    def _card_in(self, image: "AnyImage") -> "VirtualCard":
        from secrets import token_bytes

        from card_protocol.card.make import card_of

        card = card_of(image, token_bytes, t0=self._t0)
        if not _answers(card):
            raise ImageError(self._file, "this card does not answer to a reset")
        return card

    def insert(self) -> None:
        """Take the card as the file has it now, and look for the reader."""
        if self.line is not None or self.due is not None:
            _say("the card is in already")
            return
        try:
            self.put_in()
        except ImageError as error:
            _say(f"not inserted: {error}")

    def put_in(self) -> None:
        """Do that; raise `ImageError` where the file is no card, or not ours to change."""
        held = HeldFile(self._file, CARD_IMAGE)
        try:
            self._card = self._card_in(image_in(self._file, held.content))
        except BaseException:
            held.release()
            raise
        self._held, self._stored = held, self._card.image
        self._look_again(max(monotonic(), self._out_since + RETRY_S))

    def remove(self) -> None:
        """Pull the card out."""
        if self.line is None and self.due is None:
            _say("the card is out already")
            return
        self.leave()
        _say("removed")

    def leave(self) -> None:
        """Be out, whatever it was."""
        if self.line is not None:
            self._unplug(self.line)
            self._out_since = monotonic()
        if self._held is not None:
            self._held.release()
            self._held = None
        self.line = self.due = self._given_up_at = None
        self._said = ""

    def look(self, now: float) -> None:
        """Do what is due: look for the reader, wonder why it says nothing, or give it up."""
        if self.line is not None and self.line.due is not None and now >= self.line.due:
            self.turn()
        if self.due is None or now < self.due:
            return
        if self.line is None:
            self._connect(now)
        else:
            self._wonder(now)

    def _connect(self, now: float) -> None:
        from card_protocol.errors import LinkError, LinkErrorKind
        from card_protocol.serve.vpcd import VpcdLine, connect

        try:
            self.line = VpcdLine(connect(*self._where), self._plugged(), self._keep)
        except LinkError as error:
            if self._given_up(now):
                raise
            hint = "; is pcscd running, with the vpcd driver?"
            where = hint if error.kind is LinkErrorKind.NO_READER else ""
            self._say_once(f"waiting: {error}{where}")
            self.due = monotonic() + RETRY_S
            return
        self.greeted = False
        self._unpowered_count = 0
        self.due = monotonic() + GREETING_S

    def _plugged(self) -> "Slotted":
        """Return what the reader gets to see: the card, recorded or not."""
        from card_protocol.link.recorded import RecordedCard
        from card_protocol.trace import no_clock

        if self._recorder is None:
            return self._card
        self._recorder.inserted(self._file, clock=no_clock)
        return RecordedCard(self._card, self._recorder)

    def _unplug(self, line: "VpcdLine") -> None:
        from card_protocol.trace import no_clock

        line.close()
        if self._recorder is not None:
            self._recorder.removed(clock=no_clock)

    def _wonder(self, now: float) -> None:
        """Somebody has taken the connection and asks nothing: the driver has another card in."""
        from card_protocol.errors import LinkError, LinkErrorKind

        why = "connected, but the reader asks nothing: is another card in its slot?"
        if self._given_up(now):
            raise LinkError(LinkErrorKind.TIMED_OUT, why)
        self._say_once(why)
        self.due = self._given_up_at

    def _given_up(self, now: float) -> bool:
        return self._given_up_at is not None and now >= self._given_up_at

    def turn(self) -> None:
        """Answer the reader once, or see that it has gone."""
        from card_protocol.errors import LinkError

        assert self.line is not None, "only a card that is in is asked"
        try:
            stays = self.line.turn()
        except LinkError as error:
            self._lost(str(error))
            return
        if self.line.unpowered_count > self._unpowered_count:
            if not self._unpowered_count:
                _say("no power: the reader sent a command without a reset before, answered 6F00")
            self._unpowered_count = self.line.unpowered_count
        if not stays:
            self._lost("the reader has gone")
        elif not self.greeted:
            self.greeted, self.due, self._given_up_at = True, None, None
            self._said = ""
            _say(f"inserted: {self._where[0]} port {self._where[1]}")

    def _lost(self, why: str) -> None:
        assert self.line is not None, "only what was there is lost"
        self._unplug(self.line)
        self.line = None
        if not _answers(self._card):  # it was ruined in the reader, and no other will take it
            self.leave()
            _say(f"out: {why}; the card does not answer to a reset any more")
            return
        self._say_once(f"out: {why}; looking for it again")
        self._look_again(monotonic() + RETRY_S)

    def _look_again(self, at: float) -> None:
        self.due = at
        if self._wait_s is not None and self._given_up_at is None:
            self._given_up_at = monotonic() + self._wait_s

    def _keep(self) -> None:
        """Store the card if it has changed; the terminal has not been answered yet."""
        image = self._card.image
        if image is self._stored:
            return
        raw, before = image.to_bytes(), self._stored.to_bytes()
        self._stored = image
        if raw == before:
            return
        assert self._held is not None, "a card in the reader is held"
        self._held.write(raw)
        self._changes += 1
        _say(f"saved: change {self._changes}")

    def _say_once(self, text: str) -> None:
        """Say why it is not in, once for as long as the reason is the same."""
        if text != self._said:
            self._said = text
            _say(text)


@final
class _Loop:
    """Waits for the reader, for commands and for signals, and for none of them alone."""

    def __init__(self, served: _Served, stopped: socket.socket) -> None:
        self._served: Final = served
        self._stopped: Final = stopped
        self._typed = b""
        self._status: int | None = None
        self._commands: Final[dict[str, Callable[[], None]]] = {
            "insert": served.insert,
            "remove": served.remove,
            "quit": lambda: self._end(EXIT_OK),
        }

    def run(self) -> int:
        """Serve until a command, the end of the input or a signal ends it; return the status."""
        # Not epoll: standard input may be a file, and epoll refuses those.
        poll = select.poll()
        heard: dict[int, Callable[[], None]] = {self._stopped.fileno(): self._hear_signal}
        if _commands_come():
            heard[sys.stdin.fileno()] = self._hear_command
        for handle in heard:
            poll.register(handle, select.POLLIN)
        line: VpcdLine | None = None
        handle = -1
        while self._status is None:
            self._served.look(monotonic())
            if line is not self._served.line:
                if line is not None:
                    poll.unregister(handle)
                    del heard[handle]
                line = self._served.line
                if line is not None:
                    handle = line.fileno()
                    heard[handle] = self._served.turn
            if line is not None:
                poll.register(handle, select.POLLOUT if line.held_up else select.POLLIN)
            dues = [one for one in (self._served.due, line and line.due) if one is not None]
            left_ms = max(0.0, min(dues) - monotonic()) * 1_000 if dues else None
            for ready, _ in poll.poll(left_ms):
                if ready != handle or line is self._served.line:
                    heard[ready]()
        return self._status

    def _end(self, status: int) -> None:
        self._status = status

    def _hear_signal(self) -> None:
        number = self._stopped.recv(1)[0]
        _say(f"{signal.Signals(number).name}: removed, the file is saved")
        self._end(EXIT_SIGNAL + number)

    def _hear_command(self) -> None:
        typed = os.read(sys.stdin.fileno(), COMMAND_SIZE_MAX)
        *lines, self._typed = (self._typed + typed).split(b"\n")
        if not typed or len(self._typed) > COMMAND_SIZE_MAX:
            lines.append(self._typed)
            self._typed = b""
        for line in lines:
            self._obey(line.decode("utf-8", "replace").strip())
        if not typed:
            self._end(EXIT_OK)

    def _obey(self, command: str) -> None:
        if self._status is not None or not command:
            return
        known = self._commands.get(command)
        if known is None:
            _say(f"{command[:40]!r} is no command: insert, remove or quit")
        else:
            known()


@contextmanager
def _stop_signals() -> Iterator[socket.socket]:
    """Turn the signals that end a program into bytes to read, so that no change is cut short."""
    here, there = socket.socketpair()
    with here, there:
        there.setblocking(False)
        heeded = [one for one in _STOPPING if signal.getsignal(one) is not signal.SIG_IGN]
        before = [(one, signal.signal(one, lambda *_: None)) for one in heeded]  # not under nohup
        wakeup = signal.set_wakeup_fd(there.fileno())
        try:
            yield here
        finally:
            signal.set_wakeup_fd(wakeup)
            for one, handler in before:
                signal.signal(one, handler)


def _commands_come() -> bool:
    """Whether anybody can command us: not where the input is closed or /dev/null."""
    try:
        here = os.fstat(sys.stdin.fileno())
    except (AttributeError, OSError, ValueError):
        return False
    return here.st_rdev != Path(os.devnull).stat().st_rdev


def _say(text: str) -> None:
    click.echo(text)
    sys.stdout.flush()

"""A card plugged into a slot of vpcd until somebody ends it: what `card serve` and `relay` share.

One loop waits for whatever comes first: the reader, a command on standard input, a signal, or the
time to look again for a reader or a card that was not there.
"""

import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final, Protocol, TypeVar, final

import click

from meter_emu.cli.exits import EXIT_OK, EXIT_SIGNAL
from meter_emu.cli.output import STDOUT, echo
from meter_emu.errors import ImageError

if TYPE_CHECKING:
    from card_protocol.link.link import Slotted
    from card_protocol.serve.vpcd import VpcdLine

_CommandT = TypeVar("_CommandT", bound=Callable[..., object])

DEFAULT_PORT: Final = 35_963  # the packaged driver's slot 0; slot 1 is the next port
# pcscd looks for cards every 0.4 s, and 2.3.3 misses for good one that is back before it has looked
# if a session was open: measured. A daemon that comes back is found as fast as a person looks up.
RETRY_S: Final = 0.6
GREETING_S: Final = 2.0  # ours: the driver asks a new card for its ATR within half a second
COMMAND_SIZE_MAX: Final = 1024  # ours: a line on standard input
_STOPPING: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
_OPTIONS: Final = (
    click.option(
        "--port",
        type=click.IntRange(1, 0xFFFF),
        default=DEFAULT_PORT,
        show_default=True,
        envvar="METER_EMU_VPCD_PORT",
        help="The slot of the vpcd driver: its CHANNELID, or that plus one.",
    ),
    click.option("--host", default="127.0.0.1", show_default=True, help="Where pcscd runs."),
    click.option("--out", is_flag=True, help="Begin with the card out of the reader."),
    click.option(
        "--wait-s",
        metavar="SECONDS",
        type=click.IntRange(0, 86_400),
        help="Give up after so long without a reader or a card. Default: never.",
    ),
)


def slot_options(command: _CommandT) -> _CommandT:
    """Give a command the options for the slot, and for how long to look for it."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


class Plug(Protocol):
    """What is put in: the card of a file, or a real one in another reader."""

    @property
    def watched(self) -> bool:
        """Whether it may leave by itself, so that `check` is asked between commands."""
        ...

    def take(self) -> None:
        """Have the card, for as long as it is in; raise `ImageError` where it cannot be had."""
        ...

    def card(self) -> "Slotted":
        """Return what the reader gets to see from now on."""
        ...

    def keep(self) -> None:
        """Keep what a command has changed; the terminal has not been answered yet."""
        ...

    def check(self) -> None:
        """Raise `LinkError` when the card is not there, or not any more."""
        ...

    def pulled(self) -> None:
        """Hear that the reader has it no more."""
        ...

    def again(self) -> bool:
        """Whether it can be put in again as it is."""
        ...

    def release(self) -> None:
        """Let others have the card, if it was taken."""
        ...


@final
class Plugging:
    """A card in the reader or next to it. `line` is its connection while it is in.

    `due` is when to look for reader and card again, `None` while there is nothing to look for.
    """

    def __init__(self, plug: Plug, where: tuple[str, int], wait_s: int | None) -> None:
        self._plug: Final = plug
        self._where: Final = where
        self._wait_s: Final = wait_s
        self._said = ""
        self._given_up_at: float | None = None
        self._out_since = monotonic() - RETRY_S
        self.line: VpcdLine | None = None
        self._greeted = False
        self._unpowered_count = 0
        self.due: float | None = None
        self.insertions = 0

    def insert(self) -> None:
        """Take the card as it is now, and look for the reader."""
        if self._in:
            say("the card is in already")
            return
        try:
            self.put_in()
        except ImageError as error:
            say(f"not inserted: {error}")

    def put_in(self) -> None:
        """Do that; raise `ImageError` where the card cannot be had."""
        self._plug.take()
        self._look_again(max(monotonic(), self._out_since + RETRY_S))

    def remove(self) -> None:
        """Pull the card out."""
        if not self._in:
            say("the card is out already")
            return
        self.leave()
        say("removed")

    def leave(self) -> None:
        """Be out, whatever it was."""
        if self.line is not None:
            self._unplug(self.line)
            self._out_since = monotonic()
        self._plug.release()
        self.line = self.due = self._given_up_at = None
        self._said = ""

    @property
    def _in(self) -> bool:
        return self.line is not None or self.due is not None

    def look(self, now: float) -> None:
        """Do what is due: look for reader or card, wonder why it says nothing, or give it up."""
        if self.line is not None and self.line.due is not None and now >= self.line.due:
            self.turn()
        if self.due is None or now < self.due:
            return
        if self.line is None:
            self._connect(now)
        elif not self._greeted:
            self._wonder(now)
        else:
            self._watch(now)

    def _connect(self, now: float) -> None:
        from card_protocol.errors import LinkError, LinkErrorKind

        try:
            self._plug.check()
            self.line = self._plugged_in()
        except LinkError as error:
            never = error.kind is LinkErrorKind.OTHER and not self.insertions  # nothing will come
            if never or self._given_up(now):
                raise
            self._say_once(f"waiting: {error}")
            self.due = monotonic() + RETRY_S
            return
        self._greeted = False
        self._unpowered_count = 0
        self.due = monotonic() + GREETING_S

    def _plugged_in(self) -> "VpcdLine":
        from card_protocol.serve.vpcd import VpcdLine

        connected = self._connected()
        try:
            return VpcdLine(connected, self._plug.card(), self._plug.keep)
        except BaseException:
            connected.close()
            self._plug.pulled()
            raise

    def _connected(self) -> socket.socket:
        from card_protocol.errors import LinkError, LinkErrorKind
        from card_protocol.serve.vpcd import connect

        try:
            return connect(*self._where)
        except LinkError as error:
            if error.kind is not LinkErrorKind.NO_READER:
                raise
            why = str(error).removeprefix(f"{error.kind.value}: ")
            raise LinkError(error.kind, f"{why}; is pcscd running, with the vpcd driver?") from None

    def _unplug(self, line: "VpcdLine") -> None:
        line.close()
        self._plug.pulled()

    def _wonder(self, now: float) -> None:
        """Somebody has taken the connection and asks nothing: the driver has another card in."""
        from card_protocol.errors import LinkError, LinkErrorKind

        why = "connected, but the reader asks nothing: is another card in its slot?"
        if self._given_up(now):
            raise LinkError(LinkErrorKind.TIMED_OUT, why)
        self._say_once(why)
        self.due = self._given_up_at

    def _watch(self, now: float) -> None:
        from card_protocol.errors import LinkError

        try:
            self._plug.check()
        except LinkError as error:
            self._lost(str(error))
        else:
            self.due = now + RETRY_S

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
                say("no power: the reader sent a command without a reset before, answered 6F00")
            self._unpowered_count = self.line.unpowered_count
        if not stays:
            self._lost("the reader has gone")
        elif not self._greeted:
            self._greeted, self._given_up_at, self._said = True, None, ""
            self.due = monotonic() + RETRY_S if self._plug.watched else None
            self.insertions += 1
            say(f"inserted: {self._where[0]} port {self._where[1]}")

    def _lost(self, why: str) -> None:
        assert self.line is not None, "only what was there is lost"
        self._unplug(self.line)
        self.line = None
        if not self._plug.again():
            self.leave()
            say(f"out: {why}; the card does not answer to a reset any more")
            return
        self._say_once(f"out: {why}; looking for it again")
        self._look_again(monotonic() + RETRY_S)

    def _look_again(self, at: float) -> None:
        self.due = at
        if self._wait_s is not None and self._given_up_at is None:
            self._given_up_at = monotonic() + self._wait_s

    def _say_once(self, text: str) -> None:
        """Say why it is not in, once for as long as the reason is the same."""
        if text != self._said:
            self._said = text
            say(text)


def plug_until_ended(plugging: Plugging, *, out: bool, last: str) -> tuple[int, str]:
    """Have the card in, or begin with it `out`, until a command or a signal.

    Return the exit status, and what ended it; `last` is what a signal makes of it, for people.
    """
    with _stop_signals() as stopped:
        try:
            if not out:
                plugging.put_in()
            loop = _Loop(plugging, stopped, last)
            return loop.run(), loop.ended_by
        finally:
            plugging.leave()


@final
class _Loop:
    """Waits for the reader, for commands and for signals, and for none of them alone."""

    def __init__(self, plugging: Plugging, stopped: socket.socket, last: str) -> None:
        self._plugging: Final = plugging
        self._stopped: Final = stopped
        self._last: Final = last
        self._typed = b""
        self._status: int | None = None
        self.ended_by = ""
        self._commands: Final[dict[str, Callable[[], None]]] = {
            "insert": plugging.insert,
            "remove": plugging.remove,
            "quit": lambda: self._end(EXIT_OK, "quit"),
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
            self._plugging.look(monotonic())
            if line is not self._plugging.line:
                if line is not None:
                    poll.unregister(handle)
                    del heard[handle]
                line = self._plugging.line
                if line is not None:
                    handle = line.fileno()
                    heard[handle] = self._plugging.turn
            if line is not None:
                poll.register(handle, select.POLLOUT if line.held_up else select.POLLIN)
            dues = [one for one in (self._plugging.due, line and line.due) if one is not None]
            left_ms = max(0.0, min(dues) - monotonic()) * 1_000 if dues else None
            for ready, _ in poll.poll(left_ms):
                if ready != handle or line is self._plugging.line:
                    heard[ready]()
        return self._status

    def _end(self, status: int, by: str) -> None:
        self._status, self.ended_by = status, by

    def _hear_signal(self) -> None:
        number = self._stopped.recv(1)[0]
        name = signal.Signals(number).name
        say(f"{name}: {self._last}")
        self._end(EXIT_SIGNAL + number, name)

    def _hear_command(self) -> None:
        typed = os.read(sys.stdin.fileno(), COMMAND_SIZE_MAX)
        *lines, self._typed = (self._typed + typed).split(b"\n")
        if not typed or len(self._typed) > COMMAND_SIZE_MAX:
            lines.append(self._typed)
            self._typed = b""
        for line in lines:
            self._obey(line.decode("utf-8", "replace").strip())
        if not typed and self._status is None:
            self._end(EXIT_OK, "end of input")

    def _obey(self, command: str) -> None:
        if self._status is not None or not command:
            return
        known = self._commands.get(command)
        if known is None:
            say(f"{command[:40]!r} is no command: insert, remove or quit")
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


def heard_meanwhile(json_file: str | None) -> AbstractContextManager[object]:
    """Send messages to standard error when standard output carries the result."""
    return redirect_stdout(sys.stderr) if json_file == STDOUT else nullcontext()


def say(text: str) -> None:
    """Say what has happened, at once."""
    echo(text)
    sys.stdout.flush()

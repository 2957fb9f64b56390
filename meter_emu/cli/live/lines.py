"""A sitting at a meter without a terminal: a command a line in, an event a line out.

This is what scripts and tests use. With the rate `max` nothing depends on the wall: the same lines
in give the same lines and the same images out.
"""

import sys
from collections.abc import Callable
from typing import Final, Protocol, TextIO, final

from meter_emu.cli.live.shell import Source
from meter_emu.cli.output import escaped, stdout_refused
from meter_emu.sitting.commands import LINE_CHARS_MAX
from meter_emu.sitting.sitting import Sitting

_LOOK_NS: Final = 50_000_000  # ours: an event is at most so late, a card in a reader seen so soon


@final
class Printer:
    """Prints for anyone who reads along: what could not be done to the error output.

    A reader that has gone away is noted, not raised: what the meter is doing must not suffer.
    """

    def __init__(self, *, data_only: bool = False) -> None:
        self.gone = False
        self._data_only = data_only  # whether standard output is for `put` alone

    def say(self, line: str) -> None:
        """Print a line."""
        aside = self._data_only or line.startswith("!")
        self._write((sys.stderr if aside else sys.stdout), f"{escaped(line)}\n")

    def put(self, data: bytes) -> None:
        """Write data to standard output."""
        self._write(sys.stdout, data.decode())

    def _write(self, stream: TextIO, text: str) -> None:
        try:
            stream.write(text)
            stream.flush()
        except BrokenPipeError:
            self.gone = True
        except OSError as error:
            raise stdout_refused(error) from error


class WhoReads(Protocol):
    """Where lines go; whether who reads them has gone away."""

    gone: bool


@final
class Lines:
    """Reads commands from an input as they are asked for, and calls `show` in between.

    With `at_once` a line is taken by that, also in a jump: a person can stop one, a script waits.
    """

    def __init__(
        self,
        sitting: Sitting,
        source: Source,
        printer: WhoReads,
        show: Callable[[], None] = lambda: None,
        at_once: Callable[[str], None] | None = None,
    ) -> None:
        self.heard = 0  # how many lines have been taken
        self._show = show
        self._obey = at_once or sitting.type_in
        self._in_jumps = at_once is not None
        self._sitting = sitting
        self._source = source
        self._printer = printer
        self._rest = b""
        sitting.wait = self._wait

    def run(self) -> None:
        """Run commands until `quit`, the end of the input, or a signal."""
        sitting = self._sitting
        while not sitting.done:
            sitting.turn()
            self._show()
            if sitting.jumping and not self._in_jumps:
                self._heed()
            elif sitting.jumping:
                self._wait(0)
            else:
                self._wait(_LOOK_NS)
                if self._source.ended and not self._rest and not sitting.jumping:
                    sitting.leave()

    @property
    def caught(self) -> int | None:
        """The signal that ended it, if one did."""
        return self._source.caught

    @property
    def gone(self) -> bool:
        """Whether the reader of the output has gone."""
        return self._printer.gone

    def _wait(self, wait_ns: int) -> None:
        """Wait for a line at most so long, and do what it asks."""
        line = self._line()
        if line is None:
            self._rest += self._source.read(min(wait_ns, _LOOK_NS))
            line = self._line()
        if line is not None:
            self.heard += 1
            self._obey(line)
        self._show()
        self._heed()

    def _line(self) -> str | None:
        """Return the next line that has been read, or what the input ended with.

        One that is far too long is taken in pieces, none of which will be a command.
        """
        line, newline, rest = self._rest.partition(b"\n")
        if newline or (self._source.ended and line) or len(line) > LINE_CHARS_MAX:
            self._rest = rest
            return line.decode("utf-8", "replace")
        return None

    def _heed(self) -> None:
        if self._source.caught is not None or self.gone:
            self._sitting.leave()

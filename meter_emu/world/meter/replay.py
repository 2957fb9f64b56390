"""Plays a recorded dialogue again, against a meter that stands as it did: the first difference.

People do what they did, at the true instants they did it, in the middle of a poll if need be; the
card answers what it answered. What is left is the program, and whether it says the same.
"""

from collections.abc import Callable, Iterator
from typing import Final, final

from msgspec import UNSET

from card_protocol.errors import TraceError
from card_protocol.link.replay import Playback, ReplayCard
from card_protocol.trace import Done, Inserted, Removed, TraceRow
from meter_emu.families import card_layouts
from meter_emu.world.meter.acts import LIT, PRESSED, SHUT, SUPPLIED
from meter_emu.world.meter.bench import Bench


@final
class Replay:
    """One trace on one bench, from where the recording began; `path` is its name in mistakes."""

    def __init__(self, bench: Bench, rows: Iterator[TraceRow], path: str) -> None:
        self._path: Final = path
        self._bench: Final = bench
        self._playback: Final = Playback(rows, card_layouts())

    @property
    def difference(self) -> str | None:
        """What was said otherwise first, in words; `None` when nothing was."""
        return self._playback.difference

    @property
    def exchanges(self) -> int:
        """How many commands were the recorded ones."""
        return self._playback.exchanges

    def run(self) -> None:
        """Play all rows, or up to the first difference.

        Raise `TraceError` for what no meter lets itself be done to.
        """
        self._bench.board.meanwhile = self._meanwhile
        playback = self._playback
        while playback.difference is None and (row := playback.next) is not None:
            if row.us is UNSET:
                playback.differs("nothing, the meter is done")
                return
            self._bench.run_until(row.us)
            if playback.next is row and playback.difference is None:
                self._do()

    def _meanwhile(self) -> None:
        """Do what was done while the program was at it; a cut supply ends that at once."""
        board = self._bench.board
        while self._bench.polling and board.fails_at_us > board.now_us:
            row = self._playback.next
            if row is None or row.us is UNSET or row.us > board.now_us:
                return
            self._do()

    def _do(self) -> None:
        row = self._playback.take()
        if isinstance(row, Inserted):
            self._bench.insert(ReplayCard(self._playback))
        elif isinstance(row, Removed):
            self._bench.remove()
        elif isinstance(row, Done):
            deed = _DEEDS.get(row.what)
            if deed is None:
                raise TraceError(self._path, f"done: want {', '.join(_DEEDS)}, got {row.what!r}")
            deed(self._bench, 0 if row.value is UNSET else row.value)


_Deed = Callable[[Bench, int], None]


def _press(what: str) -> _Deed:
    return lambda bench, held_ms: bench.press(PRESSED[what], held_ms)


_DEEDS: Final[dict[str, _Deed]] = {
    **{what: _press(what) for what in PRESSED},
    SUPPLIED[True]: lambda bench, _: bench.restore_supply(),
    SUPPLIED[False]: lambda bench, _: bench.cut_supply(),
    SHUT: lambda bench, until_us: bench.shut_appliances(until_us or None),
    LIT: lambda bench, _: bench.light_appliances(),
}

"""Replays a recorded dialogue against a meter in its recorded state: the first difference.

People act at the recorded true instants, even in the middle of a poll; the card gives its recorded
answers. The program is the only variable: it must send the same commands.
"""

from collections.abc import Iterator
from typing import Final, final

from msgspec import UNSET

from card_protocol.errors import TraceError
from card_protocol.link.replay import Playback, ReplayCard
from card_protocol.trace import Done, Inserted, Removed, TraceRow
from meter_emu.families import card_layouts
from meter_emu.world.meter.acts import OF_TRACE
from meter_emu.world.meter.bench import Bench


@final
class Replay:
    """One trace on one bench, from the start of the recording; error messages name it by `path`."""

    def __init__(self, bench: Bench, rows: Iterator[TraceRow], path: str) -> None:
        self._path: Final = path
        self._bench: Final = bench
        self._playback: Final = Playback(rows, card_layouts())

    @property
    def difference(self) -> str | None:
        """The first difference, in words; `None` if there is none."""
        return self._playback.difference

    @property
    def exchanges(self) -> int:
        """The number of commands that matched."""
        return self._playback.exchanges

    def run(self) -> None:
        """Play all rows, or up to the first difference.

        Raise `TraceError` for an act that is impossible at this meter.
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
        """Do what people did while the program ran; a cut supply ends that at once."""
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
            act = OF_TRACE.get(row.what)
            if act is None:
                raise TraceError(
                    self._path, f"done: expected {', '.join(OF_TRACE)}, got {row.what!r}"
                )
            self._bench.do(act.recorded(row.what, 0 if row.value is UNSET else row.value))

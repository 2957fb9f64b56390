"""How far long work is: a bar in a terminal, elsewhere lines, both on standard error.

Both say the share that is done and the time that is left: by what is to be done, or by the time
that was given. The first line comes as soon as it shows that the work takes longer than a few
seconds, the others once a minute. Ctrl-C ends work with a line that says how far it came, and which
files are not written.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

import click

from meter_emu.languages.speech import said

if TYPE_CHECKING:
    from rich.progress import Progress

EVERY_S: Final = 60.0  # ours: how often a line goes to a log
_LONG_S: Final = 10.0  # ours: what takes longer is said beforehand
_LOOK_S: Final = 1.0  # ours: so much of the work is what is told from
_BAR_WIDTH: Final = 12  # ours: columns, of 80

Clock = Callable[[], float]
HearCount: TypeAlias = Callable[[int, int | None], object]  # how much is done, and of how much

_hearing: Final[list[HearCount]] = []


def heard_by(listener: HearCount) -> None:
    """Have this hear of all long work, where there is no terminal to draw a bar in."""
    _hearing[:] = [listener]


class ProgressLine:
    """Says where the work is: how long it will take if that is long, then once a minute."""

    def __init__(self, now: Clock = time.monotonic, *, time_s: int | None = None) -> None:
        self._now: Final = now
        self._time_s: Final = time_s
        self._began_s = self._said_s = now()
        self._first: tuple[float, float] | None = None  # the time and share that it is told from
        self._estimated = False

    def share(self, of_work: float | None = None) -> float | None:
        """Return the share that is done of the work, or of the time if more of that is over."""
        of_time = self._time_s and (self._now() - self._began_s) / self._time_s
        return min(1.0, max(of_work or 0.0, of_time or 0.0)) if of_work or of_time else of_work

    def say(self, where: str, share: float | None = None) -> None:
        """Say it, if it shows now that it is long, or a minute has passed since the last time."""
        now_s, left_s = self._now(), None
        if share is not None:
            if self._first is None or share < self._first[1]:  # another step of the work
                self._first, self._estimated = (now_s, share), False
            from_s, begun = self._first
            if share > begun:
                left_s = (now_s - from_s) * (1 - share) / (share - begun)
            seen_s = now_s - from_s
            if not self._estimated and left_s is not None and seen_s >= _LOOK_S:
                self._estimated = True
                if seen_s + left_s > _LONG_S:
                    self._said_s = now_s - EVERY_S
        if now_s - self._said_s >= EVERY_S:
            self._said_s = now_s
            if share is not None and left_s is not None:
                left = str(timedelta(seconds=round(left_s)))
                percent = round(100 * share)
                where = said(
                    "{where}; {percent} %, {left} left", where=where, percent=percent, left=left
                )
            click.echo(f"meter-emu: {where}", err=True)


class HearDone(Protocol):
    """Takes how much is done and where the work is, in words."""

    def __call__(
        self,
        count: int,
        where: str,
        beside_bar: str | None = None,
        /,
        of: int | None = None,
        at_once: str = "",
    ) -> None:
        """Say so, in a terminal `beside_bar` if it is given; `of` if this step has its own.

        A line `at_once` is said in any case.
        """


@contextmanager
def watched(
    *, total: int | None, shown: bool, time_s: int | None = None, files: Sequence[str] = ()
) -> Iterator[HearDone]:
    """Give what takes how much is done, where the work is in words, and words for the bar if other.

    In a terminal a bar is drawn if `shown`: where standard output goes to the same terminal as it
    comes, a bar would be in its way. The `files` are those to come of the work.
    """
    terminal = sys.stderr.isatty()  # FORCE_COLOR makes no terminal of a log
    line = ProgressLine(time_s=time_s)
    last = "nothing done yet"
    bar = _bar(ends=total is not None or time_s is not None) if shown and terminal else None
    with bar or nullcontext():
        task = None if bar is None else bar.add_task("", total=None)

        def done(
            count: int,
            where: str,
            beside_bar: str | None = None,
            /,
            of: int | None = None,
            at_once: str = "",
        ) -> None:
            nonlocal last
            last, whole = where, of or total
            if at_once:
                if bar is None:
                    click.echo(f"meter-emu: {at_once}", err=True)
                else:  # above the bar
                    bar.console.out(f"meter-emu: {at_once}", highlight=False)
            share = line.share(whole and count / whole)
            if bar is not None and task is not None:
                bar.update(
                    task, total=None if share is None else 1.0, completed=share or 0.0,
                    description=beside_bar or where,
                )  # fmt: skip
            for listener in _hearing:
                listener(count, whole)
            if not terminal:
                line.say(where, share)

        try:
            yield done
        except (KeyboardInterrupt, SystemExit):  # SIGTERM too
            if bar is not None:
                bar.stop()
            lost = f"; {' and '.join(files)} not written" if files else ""
            click.echo(f"meter-emu: interrupted: {last}{lost}", err=True)
            raise


def _bar(*, ends: bool) -> "Progress":
    """Return what draws in a terminal: without an end, the time that has passed."""
    from rich import progress
    from rich.console import Console

    return progress.Progress(
        progress.TextColumn("{task.description}"),
        *((progress.BarColumn(_BAR_WIDTH),) if ends else ()),
        progress.TaskProgressColumn(),
        progress.TimeRemainingColumn() if ends else progress.TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )

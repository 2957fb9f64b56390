"""How far long work is: a bar in a terminal, elsewhere a line a minute, both on standard error.

Ctrl-C ends it with a line that says how far it came, and which files are not written.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Protocol, TypeAlias

import click
from rich.console import Console
from rich.progress import Progress, ProgressColumn

EVERY_S: Final = 60.0  # ours: how often a line goes to a log

Clock = Callable[[], float]
HearCount: TypeAlias = Callable[[int, int | None], object]  # how much is done, and of how much

_hearing: Final[list[HearCount]] = []


def heard_by(listener: HearCount) -> None:
    """Have this hear of all long work, where there is no terminal to draw a bar in."""
    _hearing[:] = [listener]


class MinuteLine:
    """Says where the work is, once a minute of the machine's clock, when it is asked to."""

    def __init__(self, now: Clock = time.monotonic) -> None:
        self._now = now
        self._said_s = now()

    def say(self, where: str) -> None:
        """Say it, if a minute has passed since the last time or the beginning."""
        if self._now() - self._said_s >= EVERY_S:
            self._said_s = self._now()
            click.echo(f"meter-emu: {where}", err=True)


class HearDone(Protocol):
    """Takes how much is done and where the work is, in words."""

    def __call__(self, count: int, where: str, beside_bar: str | None = None, /) -> None:
        """Say so, in a terminal `beside_bar` if it is given."""


@contextmanager
def watched(
    *columns: ProgressColumn, total: int | None, shown: bool, files: Sequence[str] = ()
) -> Iterator[HearDone]:
    """Give what takes how much is done, where the work is in words, and words for the bar if other.

    In a terminal the columns are drawn if `shown`: where standard output goes to the same terminal
    as it comes, a bar would be in its way. The `files` are those to come of the work.
    """
    console = Console(stderr=True)
    line = MinuteLine()
    last = "nothing done yet"
    with Progress(
        *columns, console=console, transient=True, disable=not (shown and console.is_terminal)
    ) as progress:
        task = progress.add_task("", total=total)

        def done(count: int, where: str, beside_bar: str | None = None) -> None:
            nonlocal last
            last = where
            progress.update(task, completed=count, description=beside_bar or where)
            for listener in _hearing:
                listener(count, total)
            if not console.is_terminal:
                line.say(where)

        try:
            yield done
        except KeyboardInterrupt:
            progress.stop()
            lost = f"; {' and '.join(files)} not written" if files else ""
            click.echo(f"meter-emu: interrupted: {last}{lost}", err=True)
            raise

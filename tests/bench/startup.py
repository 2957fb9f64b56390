"""How soon the command answers, against the least that any click program costs."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Final

from tests.bench.row import Row, best_s

RATIO_MAX: Final = 3


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield the row of `--help`."""
    rounds = 2 if quick else 15
    ours_s = _spent_s("-m", "meter_emu", "--help", rounds=rounds)
    click_s = _spent_s("-c", "import click", rounds=rounds)
    ratio = ours_s / click_s
    yield Row(
        what="meter-emu --help / python -c 'import click'",
        measured=f"{ratio:.2f} ({1000 * ours_s:.0f} / {1000 * click_s:.0f} ms)",
        target=f"<= {RATIO_MAX}",
        met=ratio <= RATIO_MAX,
    )


def _spent_s(*arguments: str, rounds: int) -> float:
    def job() -> None:
        subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)

    job()  # the first fills the file cache
    return best_s(job, rounds=rounds)

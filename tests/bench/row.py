"""One line of the report, and the clock it is measured with."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`met` is whether the target is reached, `None` where there is nothing to compare."""

    what: str
    measured: str
    target: str = ""
    met: bool | None = None


def best_s(
    job: Callable[[], object], *, rounds: int, clock: Callable[[], float] = perf_counter
) -> float:
    """Return the shortest of some runs: what the machine can do, with the least noise.

    With `process_time` as the clock, what others do on the machine at the same time counts less.
    """
    times = []
    for _ in range(rounds):
        began = clock()
        job()
        times.append(clock() - began)
    return min(times)


def rate(call: Callable[[], object], *, count: int, rounds: int) -> float:
    """Return calls a second."""

    def batch() -> None:
        for _ in range(count):
            call()

    return count / best_s(batch, rounds=rounds)

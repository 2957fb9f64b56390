"""One input tried: bounded in time, and whatever the target raises is the answer."""

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Final, final

CASE_S: Final = 20  # ours: an input that takes longer hangs


@final
class Trying:
    """A context in which an input is tried; `error` is what did not hold, `None` where all did.

    The time is bounded where signals arrive: in a main thread.
    """

    def __init__(self) -> None:
        self.error: Exception | None = None
        self._before: Callable[[int, FrameType | None], object] | int | None = None

    def __enter__(self) -> "Trying":
        self._before = signal.signal(signal.SIGALRM, _hang)
        signal.setitimer(signal.ITIMER_REAL, CASE_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._before)
        if isinstance(error, Exception):
            self.error = error
        return isinstance(error, Exception)


def _hang(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"no answer within {CASE_S} s")

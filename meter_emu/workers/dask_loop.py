"""An event loop in a thread of its own, in which what Dask has is made and closed, in bounded time.

Dask's synchronous constructors connect, and may raise: nobody holds what is half made then, and it
closes itself wherever the collector of garbage finds it. Here an object is made first and awaited
then, so that who made it closes it. While this loop runs, calls from other threads are answered as
those of a synchronous client are.
"""

import asyncio
import gc
from collections.abc import Awaitable, Coroutine, Generator, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from multiprocessing import resource_tracker
from threading import Thread
from typing import Any, Final, Protocol, Self, TypeVar, final

from meter_emu.workers.leash import interrupts_wait

_BEGIN_S: Final = 60.0  # ours: a thread that has not begun by then never will
_CLOSE_S: Final = 60.0  # ours: ends a hang; a busy machine takes ten to end its workers
_CLOSES: Final = 3  # ours: times, as what a part of it raises ends a closing half-way
_SLACK_S: Final = 5.0  # ours: for the loop to tell that a time is up
_ResultT = TypeVar("_ResultT")


class _Closes(Protocol):
    """A client or a cluster: it has begun when it was awaited."""

    def __await__(self) -> Generator[Any, Any, Any]: ...

    def close(self) -> Awaitable[None]: ...


_MadeT = TypeVar("_MadeT", bound=_Closes)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold back interrupts and the collector of garbage, for a block that always ends.

    A client that somebody else forgot closes itself where it is collected, and takes a lock that
    each client takes as it begins: both in one thread wait for each other for ever.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        with interrupts_wait():
            yield
    finally:
        if collects:
            gc.enable()


@final
class Loop:
    """The loop, for a `with` block; what it still does at the end of the block is cancelled."""

    def __init__(self) -> None:
        self._begun: Final[Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]]] = Future()
        self._thread: Final = Thread(target=self._live, name="cluster", daemon=True)

    def _live(self) -> None:
        async def until_ended() -> None:
            ended = asyncio.Event()
            self._begun.set_result((asyncio.get_running_loop(), ended))
            await ended.wait()

        asyncio.run(until_ended())

    def __enter__(self) -> Self:
        resource_tracker.ensure_running()  # it would let interrupts through while it starts
        with _undisturbed():
            self._thread.start()
            self._begun.result(_BEGIN_S)
        return self

    def __exit__(self, *_raised: object) -> None:
        loop, ended = self._begun.result(0)
        with _undisturbed():
            loop.call_soon_threadsafe(ended.set)
            self._thread.join(_CLOSE_S)

    def begin(self, doing: Coroutine[Any, Any, _ResultT]) -> Future[_ResultT]:
        """Have the loop do it meanwhile."""
        loop, _ = self._begun.result(0)
        return asyncio.run_coroutine_threadsafe(doing, loop)

    def run(self, doing: Awaitable[_ResultT], limit_s: float) -> _ResultT:
        """Return what comes of it; raise `TimeoutError` where that takes longer."""
        loop, _ = self._begun.result(0)
        with _undisturbed():
            waited = asyncio.wait_for(doing, limit_s)
            return asyncio.run_coroutine_threadsafe(waited, loop).result(limit_s + _SLACK_S)

    def make(self, kind: type[_MadeT], stack: ExitStack, limit_s: float, **how: object) -> _MadeT:
        """Make one and wait until it has begun; close it with the stack, or where it fails."""

        async def made() -> _MadeT:
            one = kind.__new__(kind)  # apart: what its constructor leaves half made is closed too
            try:
                kind.__init__(one, asynchronous=True, **how)  # type: ignore[call-arg]
                await asyncio.wait_for(one, limit_s)
            except asyncio.CancelledError:  # by Dask: this is cancelled only as the loop ends
                await closed(one)
                raise RuntimeError("it was cancelled half-way") from None
            except BaseException:
                await closed(one)
                raise
            return one

        async def closed(one: _MadeT) -> None:
            for _ in range(_CLOSES):
                try:
                    await asyncio.wait_for(one.close(), _CLOSE_S)
                except TimeoutError:
                    return
                except (Exception, asyncio.CancelledError):  # noqa: BLE001, S112  of one part
                    continue
                return

        one = self.run(made(), limit_s + _CLOSE_S)
        stack.callback(lambda: self.run(closed(one), _CLOSE_S + _SLACK_S))
        return one

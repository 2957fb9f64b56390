"""Workers of a `dask.distributed` cluster, on this machine or on many: the other engine.

A task travels once, as text; then ranges of it, as text, and results come back as JSON. Dask is
handed one function of the installed package and no object of ours. A worker that is lost costs
time: what it was at runs again on another, and the result is the same. What Dask has to say of
that is for its own logs; what ends the work is one line of ours.
"""

import logging
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator
from concurrent.futures import CancelledError, wait
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from importlib import import_module
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any, Final, NamedTuple, cast, final

import dask
import msgspec
from distributed import Client, Future, KilledWorker, LocalCluster
from distributed.client import ClosedClientError
from distributed.core import Status
from distributed.security import Security

from card_protocol import __version__
from card_protocol.errors import CardProtocolError
from meter_emu.errors import ConfigError, MeterEmuError, WorkerError
from meter_emu.workers.dask_loop import Loop
from meter_emu.workers.work import LEAD_PER_WORKER, ResultT, Task, TextTask, UnitT

LOCAL: Final = "local:"
LOCAL_MAX: Final = 256  # ours: processes of one machine
_CONNECT_S: Final = 10  # ours: a scheduler that does not answer by then is not there
_START_S: Final = 120.0  # ours: a process that has not imported Dask by then never will
_LOOK_S: Final = 1.0  # ours: how often somebody looks whether there is still a cluster
_ALONE_S: Final = 60.0  # ours: so long a cluster may be without a worker
_LEAD_MIN: Final = 8  # ours: for a cluster whose workers have yet to join
_SAFE: Final = ("tls://", "ucxx+tls://", LOCAL)
_QUIET: Final = {
    "distributed.worker.daemon": False,  # somebody else's program runs in a process below
    "distributed.worker.profile.enabled": False,  # it looks at the work 100 times a second
    "distributed.comm.timeouts.connect": f"{_CONNECT_S}s",
    # Dask's web servers cannot be left out, and ask nobody: they have no page.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "logging": {"distributed": "critical", "distributed.nanny": "critical"},
}


class _Sent(NamedTuple):
    """What a worker is to do, and the version of the package that says so."""

    version: str
    kind: str  # MODULE:CLASS of a task
    text: str


def is_in_clear(address: str) -> bool:
    """Whether what goes to a cluster passes in clear on the way."""
    return not address.startswith(_SAFE)


@contextmanager
def cluster(address: str) -> Iterator["Cluster"]:
    """Give the engine at an address, `local:N` for N processes that end with the block.

    Raise `ConfigError` for an address that is none, and `WorkerError` where nothing answers.
    """
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("distributed"):  # each has a handler of its own
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    with ExitStack() as stack:
        own = TemporaryDirectory(prefix="meter-emu-cluster-", ignore_cleanup_errors=True)
        folder = stack.enter_context(own)
        stack.enter_context(dask.config.set({**_QUIET, "temporary-directory": folder}))
        loop = stack.enter_context(Loop())
        here = _here(address, loop, stack) if address.startswith(LOCAL) else None
        client = _client(address, here, loop, stack)
        yield Cluster(client, address, loop)


def _count(address: str) -> int:
    digits = address.removeprefix(LOCAL)
    if not (digits.isascii() and digits.isdigit() and 1 <= int(digits) <= LOCAL_MAX):
        raise ConfigError(
            "--cluster", "", f"expected local:1 to local:{LOCAL_MAX}, got {address!r}"
        )
    return int(digits)


@final
class _Closing(LocalCluster):  # type: ignore[misc]
    """One that can be closed again where its closing ended half-way: Dask's own waits for ever."""

    status: Status

    def close(self, timeout: float | None = None) -> Awaitable[None] | None:
        """Begin to close it, or begin anew."""
        if self.status == Status.closing:
            self.status = Status.failed
        closing: Awaitable[None] | None = super().close(timeout)
        return closing


def _here(address: str, loop: Loop, stack: ExitStack) -> LocalCluster:
    """Start workers on this machine, which end with the stack.

    Anybody who reaches a scheduler or a worker of Dask runs programs there, and on loopback that is
    every user of the machine: so each asks for a certificate that only these processes have.
    """
    how = {
        "protocol": "tls",
        "security": Security.temporary(),
        "n_workers": _count(address),
        "threads_per_worker": 1,
        "memory_limit": 0,
        "dashboard_address": "127.0.0.1:0",  # not 8787, which another may have
        "scheduler_kwargs": {"dashboard": False},
        "silence_logs": logging.CRITICAL,
    }
    try:
        return loop.make(_Closing, stack, _START_S, **how)
    except Exception as error:  # whatever a module raises that somebody's settings load
        why = str(error) if isinstance(error, OSError | RuntimeError | ImportError) else repr(error)
        if isinstance(error, TimeoutError):
            why = f"none answers within {_START_S:.0f} s"
        line = f"--cluster {address}: no worker starts here: {why or type(error).__name__}"
        raise WorkerError(line) from error


def _client(address: str, here: LocalCluster | None, loop: Loop, stack: ExitStack) -> Client:
    try:
        at = address if here is None else here
        return loop.make(Client, stack, 2 * _CONNECT_S, address=at, timeout=_CONNECT_S)
    except (OSError, TimeoutError):
        why = f"nothing answers within {_CONNECT_S} s; expected a scheduler, as tcp://HOST:8786"
        raise WorkerError(f"--cluster {address}: {why}") from None
    except (ValueError, TypeError, ImportError, RuntimeError) as error:
        raise ConfigError("--cluster", "", f"{address!r} cannot be used: {error}") from None


@final
class Cluster:
    """The engine on a client's cluster."""

    def __init__(self, client: Client, address: str, loop: Loop) -> None:
        self._client: Final = client
        self._address: Final = address
        self._loop: Final = loop
        self._seen_s = monotonic()

    def results(
        self, task: Task[UnitT, ResultT], units: Iterable[UnitT]
    ) -> Generator[ResultT, None, None]:
        """See `Engine`."""
        assert isinstance(task, TextTask), "it can travel"
        kind = f"{type(task).__module__}:{type(task).__qualname__}"
        sent = _Sent(__version__, kind, task.as_text())
        # A task of its own, so that it is made again where the worker that had it is lost.
        given = self._client.submit(tuple, sent, pure=False)
        waiting: deque[Future] = deque()
        left = iter(units)
        try:
            while True:
                while len(waiting) < self._lead():
                    unit = next(left, None)
                    if unit is None:
                        break
                    text = msgspec.json.encode(unit).decode()
                    waiting.append(self._client.submit(run_there, given, text, pure=False))
                if not waiting:
                    return
                reply = self._result(waiting.popleft())
                mistake, data = reply
                if mistake is not None:
                    raise MeterEmuError(mistake)
                yield cast("ResultT", msgspec.json.decode(data, type=task.result_type))
        except ClosedClientError:
            raise self._lost("the scheduler has gone") from None
        finally:
            with suppress(ClosedClientError):
                left_over = [*waiting, given]
                cancelling = self._client.cancel(left_over, asynchronous=True, force=True)
                self._loop.run(cancelling, _CONNECT_S)

    def _lead(self) -> int:
        return max(_LEAD_MIN, LEAD_PER_WORKER * self._workers())

    def _workers(self) -> int:
        known = self._client.scheduler_info(n_workers=-1)
        return len(known.get("workers", ()))  # nothing is known of a scheduler that has gone

    def _result(self, future: Future) -> tuple[str | None, bytes]:
        """Wait for a result as long as somebody works.

        One call waits for it: a wait that is given up and begun again would never end where a
        result takes longer to come than that.
        """

        async def came() -> tuple[str | None, bytes]:
            reply: tuple[str | None, bytes] = await future
            return reply

        coming = self._loop.begin(came())
        while not wait([coming], _LOOK_S).done:
            self._look()
        try:
            reply = coming.result()
        except CancelledError:
            raise self._lost("the scheduler has gone") from None
        except KilledWorker:
            why = "the same households or stories ended several workers: look at their memory"
            raise self._lost(why) from None
        except (OSError, ImportError) as error:
            raise self._lost(f"a worker: {error}") from None
        self._seen_s = monotonic()
        return reply

    def _look(self) -> None:
        """Raise `WorkerError` where nobody works any more."""
        if self._client.status != "running":  # it may come back; what it had to do does not
            raise self._lost("the scheduler has gone")
        if self._workers():
            self._seen_s = monotonic()
        elif monotonic() - self._seen_s > _ALONE_S:
            raise self._lost(f"no worker for {_ALONE_S:.0f} s")

    def _lost(self, why: str) -> WorkerError:
        return WorkerError(f"--cluster {self._address}: {why}")


def run_there(sent: tuple[str, str, str], unit: str) -> tuple[str | None, bytes]:
    """Do a unit in a worker of a cluster: return a mistake in words, or the result as JSON."""
    wanted, kind, text = sent
    have = __version__
    if have != wanted:
        return f"a worker has meter-emu {have}, and this is {wanted}: install the same", b""
    try:
        task = _task(kind, text)
    except MeterEmuError as error:
        return f"a worker of the cluster: {error}; it needs what is needed here", b""
    try:
        done = task.run_there(msgspec.json.decode(unit, type=task.unit_type))
    except (CardProtocolError, MeterEmuError) as error:
        return str(error), b""
    return None, msgspec.json.encode(done)


@cache
def _task(kind: str, text: str) -> TextTask[Any, Any]:
    """Return the task that was sent: made once in each worker."""
    module_name, _, name = kind.partition(":")
    made: Callable[[str], TextTask[Any, Any]] = getattr(import_module(module_name), name).of_text
    return made(text)

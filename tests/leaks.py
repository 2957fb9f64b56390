"""What a test leaves behind is named in that test, and not in the one where the collector finds it.

Threads, child processes, open sockets, blocked signals and changed handlers are counted before and
after each test; garbage is collected only where the counts differ. `make test-leaks` collects after
each test, with ALWAYS=1 at every fifty new objects too, where some mistakes show. What a fixture of
a wider scope made may stay as long as that fixture.
"""

import gc
import os
import signal
import stat
import threading
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import pytest

WHEN: Final = os.environ.get("METER_EMU_LEAKS")  # garbage is collected: after `each` test, `always`
ENDS_S: Final = 10.0  # ours: for a thread that is about to end; only a leak takes as long
# What is made once and ends with this process: words of its name or command line, and why.
STAY: Final = {
    "multiprocessing.resource_tracker": "one for all workers that are ever started",
    "tests.forked": "imports once what all forked command lines need",
    "--meter-bench": "a program under test, ready for its next household",
    "Dask-Offload": "the one thread in which Dask packs what is large",
}
HANDLED: Final = (
    signal.SIGALRM, signal.SIGCHLD, signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGTERM,
    signal.SIGWINCH,
)  # fmt: skip
_ALWAYS: Final = (50, 1, 1)  # ours: objects, and turns of the younger generations
_BEFORE = pytest.StashKey["Held"]()
_OWNED: Final[set[object]] = set()  # by fixtures of a wider scope


class Held(NamedTuple):
    """What this process has."""

    threads: frozenset[threading.Thread]
    children: frozenset[int]
    sockets: frozenset[tuple[int, int]]  # handle and inode
    blocked: frozenset[int]
    handlers: tuple[Any, ...]

    @classmethod
    def now(cls) -> Self:
        """Look."""
        return cls(
            frozenset(threading.enumerate()),
            frozenset(_children()),
            frozenset(_sockets()),
            frozenset(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
            tuple(map(signal.getsignal, HANDLED)),
        )


def pytest_sessionstart() -> None:
    """Have the collector come at every turn, where that is asked for."""
    if WHEN == "always":
        gc.set_threshold(*_ALWAYS)


def _children() -> Iterator[int]:
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # the thread has ended
            yield from map(int, (task / "children").read_bytes().split())


def _sockets() -> Iterator[tuple[int, int]]:
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  10,000 times a run
        with suppress(OSError):  # it was for listing them
            about = os.fstat(int(name))
            if stat.S_ISSOCK(about.st_mode):
                yield int(name), about.st_ino


def left(before: Held) -> list[str]:
    """Return what is there that was not, in words, once what is about to end has ended."""
    now = Held.now()
    if now == before:
        return []
    gc.collect()
    for thread in Held.now().threads - before.threads - _OWNED:
        thread.join(ENDS_S)
    now = Held.now()
    found = [f"thread {one.name}" for one in now.threads - before.threads - _OWNED]
    children = {one: f"child {_words(one)}" for one in now.children - before.children - _OWNED}
    found += children.values()
    standing = sum(any(name in words for name in STAY) for words in children.values())
    sockets = sorted(now.sockets - before.sockets - _OWNED)
    found += [f"socket {handle}" for handle, _ in sockets[standing:]]  # one goes to each of them
    found += [f"signal {number} is blocked" for number in now.blocked ^ before.blocked]
    pairs = zip(HANDLED, before.handlers, now.handlers, strict=True)
    found += [f"handler of {number.name}: {new!r}" for number, old, new in pairs if new != old]
    return sorted(one for one in found if not any(name in one for name in STAY))


def _words(child: int) -> str:
    line = b""
    with suppress(OSError):
        line = Path(f"/proc/{child}/cmdline").read_bytes()
    return line.replace(b"\0", b" ").decode(errors="replace") or f"{child}, which nobody waited for"


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Note what a fixture that outlives its test has made."""
    if fixturedef.scope == "function":
        return (yield)
    before = Held.now()
    made = yield
    _settle(request.config, before)
    return made


@pytest.hookimpl(wrapper=True)
def pytest_fixture_post_finalizer(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None]:
    """Note that what a fixture has changed is as it was."""
    yield
    if fixturedef.scope != "function" and _BEFORE in request.config.stash:
        now, before = Held.now(), request.config.stash[_BEFORE]
        request.config.stash[_BEFORE] = before._replace(blocked=now.blocked, handlers=now.handlers)


def _settle(config: pytest.Config, before: Held) -> None:
    now = Held.now()
    _OWNED.update(now.threads - before.threads, now.children - before.children)
    _OWNED.update(now.sockets - before.sockets)
    if _BEFORE in config.stash:
        whole = config.stash[_BEFORE]
        config.stash[_BEFORE] = whole._replace(blocked=now.blocked, handlers=now.handlers)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Look before any fixture is made."""
    item.config.stash[_BEFORE] = Held.now()
    yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Fail the test that leaves something."""
    yield
    if WHEN:
        gc.collect()
    if item.config.getoption("meter_card_link", "direct") != "direct":
        return  # the run has one link, whose process begins with the first test that needs it
    if found := left(item.config.stash[_BEFORE]):
        pytest.fail("left behind by this test:\n" + "\n".join(found), pytrace=False)

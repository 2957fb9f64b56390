"""Every system call of the writing path fails with every errno: before the file has its new name
nothing has happened and one line says why; after it all has happened, and the exit status is 0.

The calls are those of `os`, `io` and `fcntl` that name the folder, or a file in it.
"""

import errno
import fcntl
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from tests.cli.outcome import Outcome, runner
from tests.kills.command_lines import AT, METER

WHOLE: Final = "METER_EMU_KILLS" in os.environ
ERRNOS: Final = (
    [getattr(errno, name) for name in (
        "EIO", "ENOSPC", "EACCES", "EPERM", "EROFS", "EDQUOT", "EMFILE", "ENFILE", "ENOMEM",
        "EBUSY", "ENOENT", "EEXIST", "ESTALE", "ENOLCK", "ENOSYS", "EOPNOTSUPP", "EMLINK", "EINTR",
        "EINVAL", "EFBIG", "ELOOP", "ENAMETOOLONG", "ETIMEDOUT", "EXDEV", "EBADF",
    )]
    if WHOLE
    else [errno.EIO, errno.ENOSYS]
)  # fmt: skip
NEW: Final = ("card", "new", "a.card", "--meter-id", METER, *AT)
# Command, what is run before it, and whether a file system without the call is as good as any.
VERBS: Final[dict[str, tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]]] = {
    "desk load": (("desk", "load", "a.card", "--eur", "5", *AT), (NEW,)),
    "card new": (NEW, ()),
    "card new --force": ((*NEW, "--carrier", "plain", "--force"), (NEW,)),
}
# What a file system may do without: then the work is done all the same.
OPTIONAL: Final = {
    "flock": {errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK},
    "link": {errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.EMLINK},
}
NAMING: Final = ("rename", "replace", "link")  # the call by which a file gets its name
OF_PATHS: Final = ("stat", "lstat", "open", "rename", "replace", "link", "unlink", "access",
                   "listdir", "scandir")  # fmt: skip
OF_FILES: Final = ("fstat", "fsync", "fchmod", "close", "dup")


class Failing:
    """Fails the n-th call that concerns a folder, and remembers all of them by name."""

    def __init__(self, folder: Path, at: int, number: int) -> None:
        self.calls: list[str] = []
        self._folder, self._at, self._number = str(folder), at, number

    def _concerns(self, subject: Any) -> bool:
        if isinstance(subject, int):
            try:
                subject = READLINK(f"/proc/self/fd/{subject}")
            except OSError:
                return False
        path = os.fspath(subject) if isinstance(subject, str | os.PathLike) else ""
        return str(Path(path).absolute()).startswith(self._folder)

    def call(self, name: str, real: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """Do a call, or fail it; what closes is closed all the same, as the kernel does."""
        if args and self._concerns(args[0]):
            self.calls.append(name)
            if len(self.calls) - 1 == self._at:
                if name == "close":
                    real(*args, **more)
                raise OSError(self._number, os.strerror(self._number))
        return real(*args, **more)


READLINK: Final = os.readlink


@contextmanager
def failing(folder: Path, at: int, number: int) -> Iterator[Failing]:
    shim = Failing(folder, at, number)
    with pytest.MonkeyPatch.context() as patch:
        for name in (*OF_PATHS, *OF_FILES):
            patch.setattr(os, name, partial(shim.call, name, getattr(os, name)))
        patch.setattr(io, "open", partial(shim.call, "io.open", io.open))
        patch.setattr(fcntl, "flock", partial(shim.call, "flock", fcntl.flock))
        yield shim


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith(".part")
    }


@pytest.fixture
def emu(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    return runner(monkeypatch, capsys)


def tried(
    emu: Callable[..., Outcome], folder: Path, verb: str, at: int, number: int
) -> tuple[list[str], str]:
    """Run a verb with one call failing; return the calls, and what is wrong with its end."""
    argv, before = VERBS[verb]
    for path in folder.iterdir():
        path.unlink()
    for words in before:
        assert emu(*words).code == 0
    there = files_in(folder)
    with failing(folder, at, number) as shim:
        try:
            done = emu(*argv)
        except io.UnsupportedOperation:  # it takes it for standard output's, which has no number
            done = Outcome(2, "", "standard output cannot be written\n" * 2)
    calls = shim.calls
    return calls, _wrong(done, files_in(folder), there, calls, at, number)


def _wrong(
    done: Outcome, now: dict[str, bytes], there: dict[str, bytes], calls: list[str], at: int,
    number: int,
) -> str:  # fmt: skip
    failed = calls[at] if at < len(calls) else ""
    named = next((n for n, name in enumerate(calls) if name in NAMING and n != at), len(calls))
    has_to = number in OPTIONAL.get(failed, ()) or not failed or at > named
    wanted = 0 if has_to else done.code  # else nothing, or all of it
    if done.code != wanted or done.code not in {0, 2}:
        return f"ended with {done.code}: {done.err}"
    if done.code == 0:
        return "" if now != there and "a.card" in now else "it said that it was done"
    if now != there:
        return f"it said that it was not done: {done.err}"
    one_line = done.err.count("\n") == 1 and "Traceback" not in done.err
    return "" if one_line else f"not one line: {done.err}"


@pytest.mark.parametrize("verb", VERBS)
def test_whatever_call_fails_it_is_done_or_it_is_not(verb, emu, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    calls, wrong = tried(emu, tmp_path, verb, 10_000, 0)
    assert wrong == ""
    assert {"flock", "fsync"} <= set(calls)
    assert set(calls) & set(NAMING)
    found = []
    for at in range(len(calls)):
        for number in ERRNOS:
            _, wrong = tried(emu, tmp_path, verb, at, number)
            if wrong:
                found.append(f"{at} {calls[at]} {errno.errorcode[number]}: {wrong}")
    assert found == []


def test_a_writer_that_fails_after_the_name_is_taken_is_found(emu, tmp_path, monkeypatch):
    """The check can fail: the old end, which removed the part without suppressing anything."""
    from meter_emu.cli import output

    monkeypatch.chdir(tmp_path)
    calls, _ = tried(emu, tmp_path, "card new", 10_000, 0)

    def sync(folder: Path) -> None:
        os.close(os.open(folder, os.O_RDONLY))

    monkeypatch.setattr(output, "_sync_folder", sync)
    last = [
        tried(emu, tmp_path, "card new", at, errno.EIO)[1]
        for at in range(len(calls) - 6, len(calls))
    ]
    assert any("ended with" in wrong for wrong in last)


def test_a_name_with_a_zero_byte_is_one_line(emu, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for argv in ((*NEW[:2], "\0x", *NEW[3:]), ("desk", "account", "\0x")):
        assert "embedded null" in emu(*argv).complains()

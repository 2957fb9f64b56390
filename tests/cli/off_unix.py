"""Runs commands as on a system that is no Unix: without its modules, signals and flags.

A child of tests/cli/test_off_unix.py; each line of standard input is a command.
"""

import os
import select
import shlex
import signal
import socket
import sys
from importlib.machinery import ModuleSpec
from typing import Any

# What CPython's documentation gives "Availability: Unix", of what this package uses anywhere.
MODULES = {"fcntl", "grp", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty"}
OF_UNIX = {
    signal: {
        "SIGALRM", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGPROF", "SIGUSR1", "SIGUSR2", "SIGWINCH",
        "SIGXCPU", "ITIMER_PROF", "ITIMER_REAL", "pthread_sigmask", "setitimer", "sigwait",
    },
    os: {
        "O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "chown", "fchmod", "fork",
        "geteuid", "getuid", "killpg", "openpty", "setsid", "wait4",
    },
    select: {"poll", "epoll"},
    socket: {"AF_UNIX", "SOCK_SEQPACKET"},
}  # fmt: skip


class WithoutThem:
    """A finder of modules that finds none of Unix."""

    def __init__(self, finder: Any) -> None:
        self._finder = finder

    def find_spec(self, name: str, *more: Any) -> ModuleSpec | None:
        if name.partition(".")[0] in MODULES:
            return None
        found: ModuleSpec | None = self._finder.find_spec(name, *more)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._finder, name)


def main() -> None:
    """Take everything away, then run the lines; say each status."""
    for name in MODULES:
        sys.modules.pop(name, None)
    sys.meta_path[:] = [WithoutThem(finder) for finder in sys.meta_path]
    for module, names in OF_UNIX.items():
        for name in names & set(vars(module)):
            delattr(module, name)
    os.supports_fd.discard(os.chmod)

    from meter_emu.cli import app

    for line in sys.stdin.read().splitlines():
        sys.argv = ["meter-emu", *shlex.split(line)]
        status = app.run()
        sys.stdout.write(f"status {status}\n")


if __name__ == "__main__":
    main()

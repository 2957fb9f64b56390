"""A pcscd of our own with the packaged virtual reader, in a network namespace of its own.

The virtual reader's driver listens for its card on every interface, on a fixed port: in a
namespace of its own nobody else can be the card, and any number of daemons run at once. Clients
come in by a Unix socket, which crosses namespaces: the daemon's own path for it is fixed, but it
takes a listening socket by the systemd protocol (fd 3, LISTEN_FDS, LISTEN_PID), and clients find
it by PCSCLITE_CSOCK_NAME, which they read before their first call and never again. So the path is
the same for as long as a `PrivatePcscd` lives, whatever happens to the daemon behind it.

In its own mount namespace the daemon sees an empty /run, so that its pid file is its own, and no
drivers but a copy of the one it is given, so that it leaves real readers alone.
"""

import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Self, TypeVar

from tests.pcsc import keeper

T = TypeVar("T")

DRIVERS: Final = Path("/usr/lib/pcsc/drivers")
DRIVER: Final = DRIVERS / "serial" / "libifdvpcd.so"
SOCKET_VARIABLE: Final = "PCSCLITE_CSOCK_NAME"
# The driver's own default, and safe to use always: each namespace has its own ports. One reader
# of the driver has two slots, on this port and the next, and PC/SC shows them as two readers.
PORTS: Final = (0x8C7B, 0x8C7C)
READERS: Final = ("Virtual PCD 00 00", "Virtual PCD 00 01")
_LISTEN: Final = "0A"  # the state in /proc/net/tcp, linux/net/tcp_states.h
BOUND_S: Final = 10.0  # ours: much longer than anything here takes, short enough to watch

# Run by sh in the namespace: the listening socket comes as standard input and leaves as fd 3.
# pdeathsig: a daemon must not outlive a test run that was killed.
_START: Final = f"""
mount -t tmpfs none /run && mount -t tmpfs none {DRIVERS} && exec 3<&0 </dev/null || exit
export LISTEN_FDS=1 LISTEN_PID=$$ PATH="$PATH:/usr/sbin"
exec setpriv --pdeathsig KILL pcscd --foreground --config "$0" "$@"
"""
_READER_CONF: Final = f"""FRIENDLYNAME "Virtual PCD"
DEVICENAME /dev/null:{PORTS[0]:#06x}
LIBPATH {{driver}}
CHANNELID {PORTS[0]:#06x}
"""


class PrivatePcscd:
    """One namespace and the daemon in it, which can be killed and started again.

    `folder` is the caller's, empty, and short: a Unix socket's path has 107 bytes at most. With
    `polkit` the daemon asks it who may come in, and it is not there to be asked.
    """

    def __init__(self, folder: Path, *, polkit: bool = False) -> None:
        self.folder: Final = folder
        self.socket_path: Final = folder / "pcscd.comm"
        self._daemon: subprocess.Popen[bytes] | None = None
        shutil.copy(DRIVER.resolve(), folder / "driver.so")
        self._conf: Final = str(folder / "reader.conf")
        self._flags: Final = () if polkit else ("--disable-polkit",)
        entry = _READER_CONF.format(driver=folder / "driver.so")
        Path(self._conf).write_text(entry, encoding="utf-8")
        self._ask, theirs = socket.socketpair()
        self._ask.settimeout(BOUND_S)
        with theirs:
            self._keeper: Final = subprocess.Popen(
                [*unshare(), sys.executable, "-IS", keeper.__file__], stdin=theirs.fileno()
            )
        assert self._ask.recv(1) == keeper.CONNECTED, "the namespace did not come up"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._ask.close()
        self._keeper.wait(BOUND_S)

    @property
    def environment(self) -> Mapping[str, str]:
        """Return what a program needs in its environment to find this daemon."""
        return {**os.environ, SOCKET_VARIABLE: str(self.socket_path)}

    @property
    def log(self) -> str:
        """Return what the daemon has said since it was started."""
        return (self.folder / "log").read_text("utf-8", "replace")

    def start(self) -> None:
        """Start the daemon and wait until its readers take cards. Both are then empty."""
        assert self._daemon is None, "it was not killed yet"
        self.socket_path.unlink(missing_ok=True)
        # Ours is closed at once: when the daemon has gone, nobody listens, as with any daemon.
        with socket.socket(socket.AF_UNIX) as listening, (self.folder / "log").open("wb") as log:
            listening.bind(str(self.socket_path))
            listening.listen()
            self._daemon = subprocess.Popen(
                self.inside(["unshare", "--mount", "sh", "-c", _START, self._conf, *self._flags]),
                stdin=listening.fileno(), stdout=log, stderr=log,
            )  # fmt: skip
        until(self._listens, lambda: self.log)

    def kill(self) -> None:
        """End the daemon as a crash does. Its socket goes with it, as with a stopped service."""
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon.wait(BOUND_S)
            self._daemon = None

    def signal(self, number: signal.Signals) -> None:
        """Send the daemon a signal: it can be frozen, and go on.

        It is frozen on return. A thread of it that has not heard yet would still answer.
        """
        assert self._daemon is not None, "it was not started"
        self._daemon.send_signal(number)
        if number is signal.SIGSTOP:
            os.waitid(os.P_PID, self._daemon.pid, os.WSTOPPED)

    def plug(self, port: int = PORTS[0]) -> socket.socket:
        """Return a socket connected to a slot, as a card's is: to the reader this is insertion."""
        self._ask.sendall(struct.pack("!H", port))
        answer, handles, _, _ = socket.recv_fds(self._ask, 1, 1)
        assert answer == keeper.CONNECTED, f"nothing listens on port {port}: {self.log}"
        return socket.socket(fileno=handles[0])

    def _listens(self) -> bool | None:
        """Whether the driver waits for cards, seen without being one; `None` for not yet."""
        assert self._daemon is not None, "it was not started"
        assert self._daemon.poll() is None, f"pcscd has ended: {self.log}"
        rows = Path(f"/proc/{self._keeper.pid}/net/tcp").read_text("ascii").splitlines()[1:]
        fields = [row.split() for row in rows]
        waiting = {int(at[1].partition(":")[2], 16) for at in fields if at[3] == _LISTEN}
        return waiting.issuperset(PORTS) or None

    def inside(self, command: Sequence[str]) -> list[str]:
        """Return the command that runs `command` in the namespace, where the cards' ports are."""
        user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        return ["nsenter", "--target", str(self._keeper.pid), "--net", *user, *command]


def unshare() -> list[str]:
    """Return the command that makes a network namespace, as root or as anybody."""
    return ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]


def until(
    look: Callable[[], T | None], say: Callable[[], object] = str, bound_s: float = BOUND_S
) -> T:
    """Return the first thing `look` finds, asked again and again; an `AssertionError` if none."""
    deadline = time.monotonic() + bound_s
    while (found := look()) is None:
        assert time.monotonic() < deadline, f"not within {bound_s:.0f} s: {say()}"
        time.sleep(0.005)  # between two looks, not instead of one
    return found

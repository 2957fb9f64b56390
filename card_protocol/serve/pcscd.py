"""A private pcscd with the packaged virtual reader.

The service that all programs share is left alone, and so are real readers: this one has a socket,
two ports and a configuration of its own, and programs started with its `environment` find it.

- The path of a daemon's socket is fixed, but it takes a listening one by the systemd protocol (fd
  3, LISTEN_FDS, LISTEN_PID), and clients find it by PCSCLITE_CSOCK_NAME, which they read before
  their first call and never again. So the path is the same for as long as a `PrivatePcscd` lives,
  whatever happens to the daemon behind it.
- The virtual reader's driver listens for its card on every interface. In a network namespace of its
  own nobody else can be the card; the clients' socket crosses namespaces. If none can be made, as
  in a plain container, the daemon has two ports of its own, and anyone who reaches them can be the
  card: serve no card there that must not be confused with another.
- PCSCLITE_HP_DROPDIR is where drivers of real readers are looked for: an empty folder.
"""

import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from functools import cache
from pathlib import Path
from typing import Final, Self, TypeVar, final

from card_protocol.errors import LinkError, LinkErrorKind
from card_protocol.serve import keeper
from card_protocol.serve.vpcd import HOST, PORT, connect

_Found = TypeVar("_Found")

DRIVER: Final = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
PACKAGES: Final[Mapping[str, str]] = {"pcscd": "pcscd", str(DRIVER): "vsmartcard-vpcd"}  # Debian's
SOCKET_VARIABLE: Final = "PCSCLITE_CSOCK_NAME"
PORT_VARIABLE: Final = "METER_EMU_VPCD_PORT"  # ours: the first slot, as `card serve` expects it
VPCD_READERS: Final = (
    "Virtual PCD 00 00",
    "Virtual PCD 00 01",
)  # one reader of the driver: two slots
_WITHOUT_POLKIT: Final = "--disable-polkit"  # pcsc-lite 2.0; 1.9.9, Debian 12's, has it not
BOUND_S: Final = 10.0  # ours: much longer than anything here takes, short enough to watch

_PORTS: Final = (PORT, PORT + 1)  # each namespace has its own
_SOCKET_PATH_BYTES_MAX: Final = 107  # unix(7): sun_path, and a zero byte behind it
_DRAWS_MAX: Final = 100  # ours: of two neighbouring ports that are free; one in a hundred fails
_LISTEN: Final = "0A"  # the state in /proc/net/tcp, linux/net/tcp_states.h

# The listening socket comes as standard input and leaves as fd 3. pdeathsig: a daemon must not
# outlive this process.
_START: Final = """
exec 3<&0 </dev/null || exit
export LISTEN_FDS=1 LISTEN_PID=$$ PATH="$PATH:/usr/sbin"
exec setpriv --pdeathsig KILL pcscd --foreground --config "$0" "$@"
"""
_START_APART: Final = f"mount -t tmpfs none /run || exit\n{_START}"
_READER_CONF: Final = f"""FRIENDLYNAME "Virtual PCD"
DEVICENAME /dev/null:{{port:#06x}}
LIBPATH {DRIVER}
CHANNELID {{port:#06x}}
"""


@cache
def can_go_without_polkit() -> bool:
    """Whether the installed daemon has the option not to ask polkit; an older one lets root in."""
    program = shutil.which("pcscd", path=_path())
    if program is None:
        return False
    command = [program, "--help"]
    said = subprocess.run(command, capture_output=True, timeout=BOUND_S, check=False)  # noqa: S603
    return _WITHOUT_POLKIT.encode() in said.stdout + said.stderr


@final
class PrivatePcscd:
    """A PC/SC daemon of its own in a folder; it can be killed and started again.

    `socket_path` is where clients reach it, `ports` are those of its virtual readers.

    Args:
        folder: The caller's, empty, and short: a Unix socket's path has 107 bytes at most.
        polkit: Let the daemon ask polkit for access rights, as an installed one does.
        apart: Give it a namespace of its own; by default where that is possible.

    Raises:
        LinkError: OTHER, with the names of the programs that are missing.
    """

    def __init__(self, folder: Path, *, polkit: bool = False, apart: bool | None = None) -> None:
        check_installed()
        self.folder: Final = folder
        self.socket_path: Final = folder / "pcscd.comm"
        if len(os.fsencode(self.socket_path)) > _SOCKET_PATH_BYTES_MAX:
            raise LinkError(LinkErrorKind.OTHER, f"{self.socket_path}: too long for a socket")
        self.apart: Final = can_be_apart() if apart is None else apart
        self._daemon: subprocess.Popen[bytes] | None = None
        self._conf: Final = str(folder / "reader.conf")
        self._flags: Final = () if polkit or not can_go_without_polkit() else (_WITHOUT_POLKIT,)
        (folder / "none").mkdir()
        with ExitStack() as undo:
            self._where: Final = undo.enter_context(closing(_Apart() if self.apart else _Here()))
            self.ports: Final = self._where.ports
            Path(self._conf).write_text(_READER_CONF.format(port=self.ports[0]), encoding="utf-8")
            undo.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._where.close()

    @property
    def variables(self) -> Mapping[str, str]:
        """Return the environment variables by which a program finds this daemon."""
        return {SOCKET_VARIABLE: str(self.socket_path), PORT_VARIABLE: str(self.ports[0])}

    @property
    def environment(self) -> Mapping[str, str]:
        """Return the environment of this program with `variables`."""
        return {**os.environ, **self.variables}

    @property
    def log(self) -> str:
        """Return the daemon's output since its start."""
        return (self.folder / "log").read_text("utf-8", "replace")

    @property
    def pid(self) -> int:
        """Return the daemon's process."""
        assert self._daemon is not None, "it was not started"
        return self._daemon.pid

    def start(self) -> None:
        """Start the daemon and wait until its readers take cards. Both are then empty.

        Raises:
            LinkError: BROKEN, with the daemon's output, if it does not come up.
        """
        assert self._daemon is None, "it was not killed yet"
        self.socket_path.unlink(missing_ok=True)
        # Ours is closed at once: when the daemon has gone, nobody listens, as with any daemon.
        with socket.socket(socket.AF_UNIX) as listening, (self.folder / "log").open("wb") as log:
            listening.bind(str(self.socket_path))
            listening.listen()
            self._daemon = subprocess.Popen(  # noqa: S603  a service of the system
                self._where.starting(self._conf, *self._flags),
                stdin=listening.fileno(), stdout=log, stderr=log,
                process_group=0,  # Ctrl-C is for who started us, and he ends the daemon
                env={**os.environ, "PCSCLITE_HP_DROPDIR": str(self.folder / "none")},
            )  # fmt: skip
        try:
            until(self._listens, lambda: self.log)
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """End the daemon as a crash does. Its socket goes with it, as with a stopped service."""
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon.wait(BOUND_S)
            self._daemon = None

    def plug(self, slot: int = 0) -> socket.socket:
        """Return a socket connected to reader `slot` (0 or 1): to the reader a card was put in."""
        return self._where.plug(self.ports[slot])

    def inside(self, command: Sequence[str]) -> list[str]:
        """Return a command that runs `command` where the slots are 127.0.0.1 and `ports`.

        It finds the daemon, and `card serve` the first slot.
        """
        said = [f"{name}={value}" for name, value in self.variables.items()]
        return ["env", *said, *self._where.inside, *command]

    def _listens(self) -> bool | None:
        """Whether the driver waits for cards, checked without connecting; `None` for not yet."""
        assert self._daemon is not None, "it was not started"
        if self._daemon.poll() is not None:
            raise LinkError(LinkErrorKind.BROKEN, f"pcscd has ended: {self.log.strip()}")
        rows = Path(f"/proc/{self._where.pid}/net/tcp").read_text("ascii").splitlines()[1:]
        fields = [row.split() for row in rows]
        waiting = {int(at[1].partition(":")[2], 16) for at in fields if at[3] == _LISTEN}
        return waiting.issuperset(self.ports) or None


@final
class _Apart:
    """A network namespace of its own, as long as the keeper in it lives."""

    ports: Final = _PORTS

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with ExitStack() as undo:
            self._ask: Final = undo.enter_context(ours)
            self._ask.settimeout(BOUND_S)
            with theirs:
                self._keeper: Final = subprocess.Popen(  # noqa: S603  our own program
                    [*_unshare(), sys.executable, "-IS", keeper.__file__],
                    stdin=theirs.fileno(),
                    process_group=0,  # as above
                )
            undo.callback(self.close)
            if self._ask.recv(1) != keeper.CONNECTED:
                raise LinkError(LinkErrorKind.OTHER, "no network namespace can be made")
            undo.pop_all()
        self.pid: Final = self._keeper.pid
        user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        self.inside: Final = ["nsenter", "--target", str(self.pid), "--net", *user]

    def starting(self, *options: str) -> list[str]:
        return [*self.inside, "unshare", "--mount", "sh", "-c", _START_APART, *options]

    def plug(self, port: int) -> socket.socket:
        self._ask.sendall(struct.pack("!H", port))
        answer, handles, _, _ = socket.recv_fds(self._ask, 1, 1)
        if answer != keeper.CONNECTED:
            raise LinkError(LinkErrorKind.NO_READER, f"nothing listens on port {port}")
        return socket.socket(fileno=handles[0])

    def close(self) -> None:
        self._ask.close()
        self._keeper.wait(BOUND_S)


@final
class _Here:
    """The shared network, and two ports reserved for us: bound, and not listening.

    The driver can still listen on them, because both sides set SO_REUSEADDR.
    """

    inside: Final[Sequence[str]] = ()

    def __init__(self) -> None:
        self.pid: Final = os.getpid()
        self._held: Final = _neighbours()
        for one in self._held:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        first = self._held[0].getsockname()[1]
        self.ports: Final = (first, first + 1)

    def starting(self, *options: str) -> list[str]:
        return ["sh", "-c", _START, *options]

    def plug(self, port: int) -> socket.socket:
        return connect(HOST, port)

    def close(self) -> None:
        for one in self._held:
            one.close()


def _neighbours() -> tuple[socket.socket, socket.socket]:
    """Return two sockets on two free neighbouring ports."""
    for _ in range(_DRAWS_MAX):
        with ExitStack() as undo, suppress(OSError, OverflowError):  # taken, or there is no next
            first = undo.enter_context(socket.socket())
            first.bind(("", 0))
            second = undo.enter_context(socket.socket())
            second.bind(("", first.getsockname()[1] + 1))
            undo.pop_all()
            return first, second
    raise LinkError(LinkErrorKind.OTHER, "no two ports for the virtual reader are free")


def _path() -> str:
    """Return where programs are looked for, as `_START` does: services are in /usr/sbin."""
    return f"{os.environ.get('PATH', '')}:/usr/sbin"


def check_installed() -> None:
    """Raise `LinkError` OTHER with the line that installs the programs a private daemon needs."""
    path = _path()
    missing = [name for one, name in PACKAGES.items() if shutil.which(one, os.F_OK, path) is None]
    if missing:
        why = f"not installed; as root: apt-get install {' '.join(missing)}"
        raise LinkError(LinkErrorKind.OTHER, why)


def can_be_apart() -> bool:
    """Whether a network namespace and a mount namespace can be made here."""
    if not (shutil.which("unshare") and shutil.which("nsenter")):
        return False
    tried = [*_unshare(), "--mount", "mount", "-t", "tmpfs", "none", "/run"]
    done = subprocess.run(tried, capture_output=True, check=False)  # noqa: S603  as it stands
    return done.returncode == 0


def _unshare() -> list[str]:
    """Return the command that makes a network namespace, as root or any user."""
    return ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]


def until(
    look: Callable[[], _Found | None], say: Callable[[], object] = str, bound_s: float = BOUND_S
) -> _Found:
    """Return the first result of `look`, called again and again; raise `LinkError` if none."""
    deadline = time.monotonic() + bound_s
    while (found := look()) is None:
        if time.monotonic() >= deadline:
            raise LinkError(LinkErrorKind.TIMED_OUT, f"not within {bound_s:.0f} s: {say()}")
        time.sleep(0.005)  # between two looks, not instead of one
    return found

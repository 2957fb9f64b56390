"""A front panel in another process, and a page of it without a browser."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.bounds import HANG_S
from tests.cli.sitting import environment
from tests.forked import PROGRAM, Forked

IN_PSEUDO = (sys.executable, "-c", "from tests.languages.pseudo import main; main()")
NEVER_BACK = ("ores-2020-07", "--household", "never-back")
WRONG = ("--build", "reference+end-exclusive")
GAS = (
    "gas-pcf8563-battery", "--start", "2020-06-29 07:00", "--load-dm3-per-h", "500",
    "--script", "before.txt",
)  # fmt: skip
OUT_OF_CREDIT = "until 2020-06-29 12:00\n"


@contextmanager
def panel(*args: str | Path, cwd: Path, rate: str = "max") -> Iterator[str]:
    """Run one, give its address, and end it as a person does: with Ctrl-C."""
    with heard_panel(*args, cwd=cwd, rate=rate) as (address, _):
        yield address


@contextmanager
def heard_panel(
    *args: str | Path, cwd: Path, rate: str = "max", pseudo: bool = False
) -> Iterator[tuple[str, list[str]]]:
    """Run one; what it has said after its address is there at the end.

    `pseudo`: it speaks the pseudo-language.
    """
    program = IN_PSEUDO if pseudo else PROGRAM
    begin = subprocess.Popen[Any] if pseudo else Forked
    process = begin(
        [*program, "run", *map(str, args), "--rate", rate, "--web"], cwd=cwd, env=environment(),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        found = re.search(r"http://\S+", said)
        assert found, said + process.stdout.read()
        yield found[0], (heard := [])
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=HANG_S)[0]
        heard.append(rest)
        assert process.returncode == 130, rest
        assert "Traceback" not in rest
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


class Page:
    """What a page has been shown so far."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.shown: dict[str, Any] = {}
        self.log: list[str] = []
        self.refused: list[dict[str, str]] = []

    def do(self, *lines: str) -> None:
        for line in lines:
            self.socket.send(json.dumps({"do": line}))

    def ask(self, **form: Any) -> dict[str, Any]:
        """Send a form, and return what became of it."""
        number = self.shown.get("answer", {}).get("form", 0) + 1
        self.socket.send(json.dumps({**form, "form": number}))
        self.until(lambda page: page.shown.get("answer", {}).get("form") == number)
        answer: dict[str, Any] = self.shown["answer"]
        return answer

    def until(self, wanted: Callable[["Page"], bool]) -> None:
        """Read until it is so."""
        while not wanted(self):
            message = json.loads(self.socket.recv(timeout=HANG_S))
            self.log += message.pop("log", [])
            if "refused" in message:
                self.refused.append(message)
            else:
                self.shown |= message

    def heard(self, count: int) -> None:
        """Read until so many lines were taken and nothing is under way any more."""
        self.until(lambda page: page.now.get("heard", 0) >= count and not page.now["jumping"])

    @property
    def now(self) -> dict[str, Any]:
        now: dict[str, Any] = self.shown.get("now", {})
        return now


@contextmanager
def page(address: str) -> Iterator[Page]:
    place = urlsplit(address)
    origin = Origin(f"http://{place.netloc}")
    with connect(f"ws://{place.netloc}{place.path}socket", origin=origin, proxy=None) as socket:
        yield Page(socket)

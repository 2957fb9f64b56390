"""APDU through pcscd and the virtual reader: ours, a card that does nothing, and vicc.

Each card is a process of its own in one slot of the same daemon, and the client another one, so the
rounds of two cards can take turns: what the machine does meanwhile happens to both. Many short
rounds, so that some of each are left alone.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from card_protocol.serve.pcscd import VPCD_READERS, PrivatePcscd
from meter_emu.desk.desk import Desk
from meter_emu.desk.published_key import TEST_MASTER_KEY
from tests.bench import vicc
from tests.bench.row import Row
from tests.bench.vicc import vicc_absent
from tests.pcsc.needs import DAEMON, absent, pyscard_absent

ROOT: Final = Path(__file__).parents[2]
RATIO_MIN: Final = 0.9
TARGET: Final = f">= {RATIO_MIN:.0%}"
SERVED: Final = 0  # the slot of ours; the peer has the other one
WHAT: Final = "GET CHALLENGE through pcscd and vpcd"
BESIDE_NULL: Final = "  through pcscd and vpcd: ours / null responder"
BESIDE_VICC: Final = "  through pcscd and vpcd: ours / packaged vicc"

# GET CHALLENGE, so many times; prints seconds for the lot. Straight at the library's own calls.
CLIENT: Final = """
import sys, time
from smartcard import scard
reader, count = sys.argv[1], int(sys.argv[2])
_, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
deadline = time.monotonic() + 20
while True:
    code, card, protocol = scard.SCardConnect(context, reader, scard.SCARD_SHARE_SHARED, 3)
    if code == scard.SCARD_S_SUCCESS or time.monotonic() > deadline:
        break
    time.sleep(0.05)
assert code == scard.SCARD_S_SUCCESS, scard.SCardGetErrorMessage(code)
command = [0, 0x84, 0, 0, 8]
pci = scard.SCARD_PCI_T1 if protocol == scard.SCARD_PROTOCOL_T1 else scard.SCARD_PCI_T0
began = time.perf_counter()
for _ in range(count):
    code, answer = scard.SCardTransmit(card, pci, command)
took_s = time.perf_counter() - began
assert code == scard.SCARD_S_SUCCESS and answer[8:] == [0x90, 0], answer
print(took_s)
"""

# The least a card can be: reads a message, answers the ATR or ten bytes. With the socket as ours.
NULL_CARD: Final = r"""
import socket, sys
ATR = bytes.fromhex("3b80800101")
line = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
received = b""
while True:
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
    part = line.recv(65537)
    if not part:
        break
    received += part
    while len(received) >= 2 and len(received) >= (end := 2 + int.from_bytes(received[:2], "big")):
        message, received = received[2:end], received[end:]
        if message == b"\4":
            line.sendall(len(ATR).to_bytes(2, "big") + ATR)
        elif len(message) > 1:
            line.sendall(b"\0\x0a12345678\x90\0")
"""


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield the rows over PC/SC; without what they need, rows that say so."""
    if why := absent(*DAEMON) or pyscard_absent():
        yield Row(what=BESIDE_NULL, measured=why, target=TARGET)
        yield Row(what=BESIDE_VICC, measured=why)
        return
    count, rounds = (20, 1) if quick else (1_000, 25)
    with TemporaryDirectory(prefix="pcsc-") as folder:
        path = Path(folder, "the.card")
        path.write_bytes(
            Desk(TEST_MASTER_KEY, challenge=bytes).issue(1, issued_at_min=0).to_bytes()
        )
        ours = _python("-m", "meter_emu", "card", "serve", str(path))
        null = _python("-c", NULL_CARD)
        rates = _rates(Path(folder), {SERVED: ours, 1 - SERVED: null}, count, rounds)
    yield Row(what=WHAT, measured=f"{rates[SERVED]:,.0f}/s")
    ratio = rates[SERVED] / rates[1 - SERVED]
    yield Row(
        what=BESIDE_NULL,
        measured=f"{ratio:.0%} ({rates[1 - SERVED]:,.0f}/s)",
        target=TARGET,
        met=ratio >= RATIO_MIN,
    )
    yield _beside_vicc(rates[SERVED], 2 if quick else 40)


def _beside_vicc(ours: float, count: int) -> Row:
    if why := vicc_absent():
        return Row(what=BESIDE_VICC, measured=why)
    command = _python(str(vicc.PROGRAM), "--type", "iso7816", "--hostname", "127.0.0.1")
    with TemporaryDirectory(prefix="pcsc-") as folder:
        rate = _rates(Path(folder), {1 - SERVED: command}, count, 1)[1 - SERVED]
    return Row(what=BESIDE_VICC, measured=f"{ours / rate:,.0f} ({rate:,.1f}/s)")


def _rates(
    folder: Path, cards: Mapping[int, Sequence[str]], count: int, rounds: int
) -> dict[int, float]:
    """Return the best commands a second of each card, by its slot; they take turns."""
    fastest_s: dict[int, float] = {}
    private = folder / "daemon"
    private.mkdir()
    with PrivatePcscd(private) as pcscd, ExitStack() as ending:
        pcscd.start()
        for slot, command in cards.items():
            serving = subprocess.Popen(
                pcscd.inside([*command, "--port", str(pcscd.ports[slot])]),
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=_with_vicc(pcscd.environment), cwd=ROOT,
            )  # fmt: skip
            ending.callback(_end, serving)
        for _ in range(rounds):
            for slot in cards:
                done = subprocess.run(
                    _python("-c", CLIENT, VPCD_READERS[slot], str(count)),
                    env=pcscd.environment, capture_output=True, check=True, timeout=120,
                )  # fmt: skip
                fastest_s[slot] = min(float(done.stdout), fastest_s.get(slot, inf))
    return {slot: count / best_s for slot, best_s in fastest_s.items()}


def _python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def _with_vicc(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which Python finds vicc, installed where it does not look."""
    path = environment.get("PYTHONPATH")
    return {**environment, "PYTHONPATH": f"{path}:{vicc.MODULES}" if path else vicc.MODULES}


def _end(serving: "subprocess.Popen[bytes]") -> None:
    serving.kill()
    serving.communicate()

"""The command line in a page: a worker gives its words, and gets status and output, as JSON."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper
from typing import Final, TypeAlias

from card_protocol import ciphers
from meter_emu.cli.app import run
from meter_emu.cli.exits import EXIT_BAD_INPUT
from meter_emu.cli.live.start import serve_by
from meter_emu.cli.progress import heard_by
from meter_emu.inpage.panel import Show, Wait, in_page
from meter_emu.inpage.refused import why_not

EVERY_NS: Final = 100_000_000  # ours: a bar is seen to move

HexCmac: TypeAlias = Callable[[str, str], str]  # of a key and a message, in hexadecimal


def take_cipher(cmac: HexCmac) -> None:
    """Take the page's cipher; raise `CipherError` if it is wrong."""
    ciphers.use(lambda key, data: bytes.fromhex(cmac(key.hex(), data.hex())))


def command(words: Sequence[str], far: Callable[[int, int], object]) -> str:
    """Run a command; `far` hears how much of long work is done, and of how much."""
    next_ns = 0

    def count(done: int, total: int | None) -> None:
        nonlocal next_ns
        if time.monotonic_ns() >= next_ns:
            next_ns = time.monotonic_ns() + EVERY_NS
            far(done, total or 0)

    heard_by(count)
    return _told([*words])


def sit_in_page(words: Sequence[str], wait: Wait, show: Show) -> str:
    """Run a sitting at a meter: `wait` gives what its panel asks, `show` what it is shown."""
    serve_by(in_page(wait, show))
    return _told([*words, "--web"], at_meter=True)


def _told(words: list[str], *, at_meter: bool = False) -> str:
    why = why_not(words, at_meter=at_meter)
    if why is not None:
        return json.dumps({"status": EXIT_BAD_INPUT, "out": "", "err": f"meter-emu: {why}\n"})
    out, err = (TextIOWrapper(BytesIO(), "utf-8", write_through=True) for _ in range(2))
    sys.argv = ["meter-emu", *words]
    with redirect_stdout(out), redirect_stderr(err):
        status = run()
    said = {name: _read_back(stream) for name, stream in (("out", out), ("err", err))}
    return json.dumps({"status": status, **said})


def _read_back(stream: TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()

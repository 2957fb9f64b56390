"""The command line in a page: a worker gives its words, and gets status and output, as JSON."""

import json
import shlex
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Final, TypeAlias

from card_protocol import ciphers
from meter_emu.cli.app import run
from meter_emu.cli.exits import EXIT_BAD_INPUT
from meter_emu.cli.live.start import serve_by
from meter_emu.cli.progress import heard_by
from meter_emu.cli.scene import Scene, link_of, scene_of
from meter_emu.errors import CommandError
from meter_emu.inpage.panel import Show, Wait, in_page
from meter_emu.inpage.refused import why_not

EVERY_NS: Final = 100_000_000  # ours: a bar is seen to move

HexCmac: TypeAlias = Callable[[str, str], str]  # of a key and a message, in hexadecimal


def take_cipher(cmac: HexCmac) -> None:
    """Take the page's cipher; raise `CipherError` if it is wrong."""
    ciphers.use(lambda key, data: bytes.fromhex(cmac(key.hex(), data.hex())))


def command(words: Sequence[str], outputs: Sequence[str], far: Callable[[int, int], object]) -> str:
    """Run a command, and give the link to it; `outputs` are words on what to leave in files.

    `far` hears how much of long work is done, and of how much.
    """
    next_ns = 0

    def count(done: int, total: int | None) -> None:
        nonlocal next_ns
        if time.monotonic_ns() >= next_ns:
            next_ns = time.monotonic_ns() + EVERY_NS
            far(done, total or 0)

    heard_by(count)
    files = {word: Path(word).read_bytes() for word in words if Path(word).is_file()}
    link = link_of(Scene(tuple(words), files))
    return json.dumps({**_told([*words, *outputs]), "link": link})


def opened(link: str) -> str:
    """Return the words and files of a link and what was typed at its meter, or `err`."""
    try:
        words, files, acts = scene_of(link)
    except CommandError as error:
        return json.dumps({"err": f"{error}."})
    put = {name: b64encode(data).decode() for name, data in files.items()}
    return json.dumps({"words": words, "line": shlex.join(words), "put": put, "acts": acts})


def sit_in_page(words: Sequence[str], wait: Wait, show: Show) -> str:
    """Run a sitting at a meter: `wait` gives what its panel asks, `show` what it is shown."""
    serve_by(in_page(wait, show))
    return json.dumps(_told([*words, "--web"], at_meter=True))


def _told(words: list[str], *, at_meter: bool = False) -> dict[str, object]:
    why = why_not(words, at_meter=at_meter)
    if why is not None:
        return {"status": EXIT_BAD_INPUT, "out": "", "err": f"meter-emu: {why}\n"}
    out, err = (TextIOWrapper(BytesIO(), "utf-8", write_through=True) for _ in range(2))
    sys.argv = ["meter-emu", *words]
    with redirect_stdout(out), redirect_stderr(err):
        status = run()
    said = {name: _read_back(stream) for name, stream in (("out", out), ("err", err))}
    return {"status": status, **said}


def _read_back(stream: TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()

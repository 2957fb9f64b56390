"""A sitting at a meter in a browser: a page's lines come through a pipe, as a script's do."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from meter_emu.cli.live.asked import obeying
from meter_emu.cli.live.lines import Lines
from meter_emu.cli.live.link import LinkOf
from meter_emu.cli.live.screen import Log
from meter_emu.cli.live.served import Served, serving_at
from meter_emu.cli.live.shell import listening
from meter_emu.cli.live.state import PageState
from meter_emu.cli.live.twin import Twin
from meter_emu.cli.output import echo
from meter_emu.sitting.sitting import Sitting
from meter_emu.world.rehearsal.by_hand import LivedByHand

PIPE_SIZE_BYTES: Final = 1 << 20  # ours: some thousands of acts that wait for the meter


@contextmanager
def serving(
    sitting: Sitting,
    log: Log,
    title: str,
    lived: LivedByHand | None,
    twin: Twin | None,
    port: int,
    link: LinkOf,
) -> Iterator[Lines]:
    """Serve the front panel for a block, and give the shell that takes what its pages ask."""
    # One packet is one line: a packet is taken whole, or not at all when the pipe is full.
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def send_line(line: str) -> bool:
        try:
            far.send(line.encode("utf-8", "replace") + b"\n")
        except OSError:  # it is full, or the sitting has ended
            return False
        return True

    with near, far:
        far.setblocking(False)
        far.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, PIPE_SIZE_BYTES)
        served = Served(send_line)
        state = PageState(sitting, log, served, title, lived, twin, link)
        with listening(near.fileno()) as source, serving_at(served, port) as address:
            echo(f"The front panel is at {address}\nCtrl-C ends the sitting.")
            ends_us = 0 if lived is None else lived.campaign.end_us
            obey = obeying(sitting, ends_us, state.answer)
            lines = Lines(sitting, source, log, lambda: state.show(lines.heard), at_once=obey)
            yield lines
            state.show(lines.heard, ended=True)

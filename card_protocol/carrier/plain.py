"""Records on a plain card: one transparent file with two copies of a container.

The card proves nothing and is asked nothing: anyone who has it can read, copy and put back what is
on it, and the records' own MACs and numbers are all that stands between. The PIN is a *transport*
PIN, the same on every card and sent in clear: it keeps a stray terminal from writing, not a thief.
"""

from collections.abc import Mapping
from typing import Final, final

from card_protocol.carrier.carrier import Credentials
from card_protocol.errors import ApduError
from card_protocol.formats.container import (
    SLOT_BYTES,
    SLOT_COUNT,
    TRANSPORT_PIN,
    Container,
    in_force,
)
from card_protocol.terminal import Terminal


def put_file(terminal: Terminal, fid: int, content: bytes) -> None:
    """Give a card its first content: all of the file `fid` in its MF, which must be there.

    Nothing of what the file held counts any more. Raise `ApduError` for a card without the file,
    with another PIN or a smaller file, and for one that does not hold afterwards what it was given.
    """
    terminal.select(fid)
    terminal.verify(TRANSPORT_PIN)
    terminal.update_current(0, content)
    if terminal.read_current(0, len(content)) != content:
        raise ApduError(f"file {fid:04X} does not hold what was written into it")


@final
class PlainCarrier:
    """A plain card whose file is selected. What was read stays known for the session."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal: Final = terminal
        self._slot = 0
        self._container: Container | None = None
        self._verified = False

    def read(self, sfi: int, size: int) -> bytes:
        """See `Carrier`. The first call reads the copy in force; `LayoutError` when none is."""
        return self._in_force().record(sfi, size)

    def authenticate(self, credentials: Credentials, terminal_random: bytes) -> None:
        """See `Carrier`. There is no key on the card, so there is nothing to prove."""

    def write(self, records: Mapping[int, bytes]) -> None:
        """See `Carrier`. All records go into the next copy, so here a cut leaves all or none."""
        following = self._in_force().after(records)
        raw = following.to_bytes()
        if not self._verified:
            self._terminal.verify(TRANSPORT_PIN)
            self._verified = True
        slot = (self._slot + 1) % SLOT_COUNT
        self._terminal.update_current(slot * SLOT_BYTES, raw)
        self._slot, self._container = slot, following

    def _in_force(self) -> Container:
        if self._container is None:
            self._slot, self._container = in_force(self._terminal.read_current)
        return self._container

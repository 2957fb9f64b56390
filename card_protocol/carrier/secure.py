"""Records on a secure card: a file each, behind mutual authentication, each write atomic."""

from collections.abc import Mapping
from typing import Final, final

from card_protocol.carrier.carrier import Credentials
from card_protocol.terminal import Terminal


@final
class SecureCarrier:
    """A secure card whose DF is selected."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal: Final = terminal

    def read(self, sfi: int, size: int) -> bytes:
        """See `Carrier`: one READ BINARY."""
        return self._terminal.read_binary(sfi, size)

    def authenticate(self, credentials: Credentials, terminal_random: bytes) -> None:
        """See `Carrier`: the terminal proves itself, then the card."""
        self._terminal.authenticate(*credentials, terminal_random)

    def write(self, records: Mapping[int, bytes]) -> None:
        """See `Carrier`: one UPDATE BINARY a record, each whole or not at all."""
        for sfi, raw in records.items():
            self._terminal.update_binary(sfi, raw)

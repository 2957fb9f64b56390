"""A link that gives a terminal the answers that no good card gives."""

from collections.abc import Sequence
from typing import Final, final

from card_protocol.errors import LinkError, LinkErrorKind

ScriptStep = tuple[bytes, bytes | LinkErrorKind]
ATR: Final = b"\x3b\x00"  # the shortest one: no interface and no historical bytes


@final
class ScriptedLink:
    """Expects the commands of `script` in order and gives each its response or its failure.

    Another command, or one past the end, is an `AssertionError` that says which step: the test
    that wrote the script is wrong, or the terminal is, and neither is a failing link.
    """

    def __init__(self, script: Sequence[ScriptStep], *, atr: bytes = ATR) -> None:
        self._script: Final = tuple(script)
        self._atr: Final = atr
        self._at = 0

    def connect(self) -> bytes:
        """Return the ATR; the script continues at its current step."""
        return self._atr

    def exchange(self, command: bytes) -> bytes:
        """Return the response of this step, or raise its `LinkError`."""
        assert self._at < len(self._script), f"past the end of the script: {command.hex()}"
        want, response = self._script[self._at]
        assert command == want, f"step {self._at}: expected {want.hex()}, got {command.hex()}"
        self._at += 1
        if isinstance(response, LinkErrorKind):
            raise LinkError(response)
        return response

    def disconnect(self) -> None:
        """Do nothing: a script has no power."""

    @property
    def finished(self) -> bool:
        """Whether every step was played."""
        return self._at == len(self._script)

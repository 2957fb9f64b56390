"""How long a test waits for somebody else: a bound ends a hang, and measures nothing.

What is waited for is an event that the test can name: a line that is said, a process that has
ended, a caller that is blocked. On a busy machine each takes as long as it takes.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from card_protocol.serve import pcscd

HANG_S: Final = 180.0  # ours: no minute of two cores that thirty processes want is enough
HANG_MS: Final = 180_000

_Found = TypeVar("_Found")


def until(
    look: Callable[[], _Found | None],
    say: Callable[[], object] = str,
    bound_s: float = HANG_S,
) -> _Found:
    """Return the first result of `look`, called again and again, as the product waits."""
    return pcscd.until(look, say, bound_s)

"""The known word nearest to one that does not exist."""

from collections.abc import Iterable
from difflib import get_close_matches


def hint(word: str, known: Iterable[str]) -> str:
    """Return `, did you mean 'this'?` for the known word that is nearest, or nothing."""
    near = get_close_matches(word, tuple(known), n=1)
    return f", did you mean {near[0]!r}?" if near else ""

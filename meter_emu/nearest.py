"""The known word nearest to one that does not exist."""

from collections.abc import Iterable
from difflib import get_close_matches

from meter_emu.languages.speech import said


def hint(word: str, known: Iterable[str]) -> str:
    """Return `, did you mean 'this'?` for the known word that is nearest, or nothing."""
    near = get_close_matches(word, tuple(known), n=1)
    return said(", did you mean {near}?", near=repr(near[0])) if near else ""

"""The words of a target's format and the values of its fields, as a dictionary of libFuzzer."""

from collections.abc import Iterator
from typing import Final

from meter_emu.fuzz.target import Target

_WORDS_MAX: Final = 200  # ours: libFuzzer picks one at random, and too many are as good as none
_SIZE_MAX: Final = 64  # bytes of a word, as libFuzzer takes them


def dictionary(target: Target) -> str:
    """Return the words of a target and the values its fields may have, one a line."""
    words = dict.fromkeys((*target.words, *_values(target)))
    lines = "".join(f'"{_escaped(word)}"\n' for word in list(words)[:_WORDS_MAX] if word)
    return f"# words of {target.id}\n{lines}"  # libFuzzer takes no empty file


def _values(target: Target) -> Iterator[bytes]:
    for slot in target.slots(target.seeds()[0]):
        yield from (value for value in slot.values if 1 < len(value) <= _SIZE_MAX)


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)

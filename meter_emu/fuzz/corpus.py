"""What a target begins with: its inputs, under the names libFuzzer gives them, and its words.

An input is named by its SHA-1. Besides the target's seeds these are the files of
`fixtures/corpus/`. One named as a target has inputs that a run kept; any other is a find that was
mended, in the form of every find.
"""

from collections.abc import Iterator
from functools import cache
from hashlib import sha1
from typing import Final, final

import msgspec

from meter_emu.fuzz.finds import FoundInput, load_find
from meter_emu.fuzz.target import Target
from meter_emu.fuzz.targets import targets
from meter_emu.resources import built_in, read_toml


@final
class KeptInputs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a run kept of a target, in hex; `origin` says of which run."""

    origin: str
    inputs: tuple[str, ...]


_KIND: Final = "corpus"


@cache
def kept_inputs() -> dict[str, tuple[bytes, ...]]:
    """Return what runs kept, by target."""
    return {
        name: tuple(bytes.fromhex(one) for one in read_toml(path, KeptInputs).inputs)
        for name, path in built_in(_KIND).items()
        if name in targets()
    }


@cache
def mended() -> dict[str, FoundInput]:
    """Return the finds that were mended, by their names."""
    return {n: load_find(path) for n, path in built_in(_KIND).items() if n not in targets()}


def begins_with(target: Target) -> dict[str, bytes]:
    """Return the inputs of a new corpus by their names."""
    found = (one.data for one in mended().values() if one.target == target.id)
    inputs = (*target.seeds(), *kept_inputs().get(target.id, ()), *found)
    return {sha1(data).hexdigest(): data for data in inputs}  # noqa: S324 - libFuzzer's names


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

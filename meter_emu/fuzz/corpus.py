"""The inputs that a target begins with, each under the name that libFuzzer gives it: its SHA-1.

Besides the target's seeds these are the files of `fixtures/corpus/`. One named as a target has
inputs that a run kept; any other is a find that was mended, in the form of every find.
"""

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

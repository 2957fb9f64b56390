"""A find: input, target, build and what did not hold, in one TOML file that plays again."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Final, final

import msgspec

from meter_emu.errors import ConfigError
from meter_emu.fuzz.target import Target, Trying
from meter_emu.fuzz.targets import targets
from meter_emu.nearest import hint
from meter_emu.resources import read_toml

_TRIES_MAX: Final = 2_000  # ours: what is left then is small enough to read
_WHY_MAX: Final = 300  # characters: one line


@final
class FoundInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a find's file holds; `input` is in hex."""

    target: str
    build: str
    input: str
    why: str

    @property
    def data(self) -> bytes:
        """The input."""
        return bytes.fromhex(self.input)

    @property
    def name(self) -> str:
        """A file name that equal finds share."""
        return f"{self.target}-{sha256(self.data).hexdigest()[:8]}.toml"

    def to_toml(self) -> str:
        """Return the file's text."""
        rows = msgspec.structs.asdict(self).items()
        return "".join(f"{name} = {json.dumps(value)}\n" for name, value in rows)


def load_find(path: Path) -> FoundInput:
    """Return the find in a file; raise `ConfigError` for what is none."""
    found = read_toml(path, FoundInput)
    target_of(found.target, str(path))
    try:
        bytes.fromhex(found.input)
    except ValueError as error:
        raise ConfigError(str(path), "input", f"want hexadecimal digits: {error}") from None
    return found


def target_of(target_id: str, path: str = "fuzz") -> Target:
    """Return the target of this id; raise `ConfigError`, with the nearest, for none."""
    known = targets()
    if target_id not in known:
        why = f"no target {target_id!r}{hint(target_id, known)}; there are {', '.join(known)}"
        raise ConfigError(path, "target", why)
    return known[target_id]


def failure(target: Target, data: bytes, build: str) -> str | None:
    """Return in one line what does not hold of an input, `None` where all does."""
    with Trying() as trying:
        target.check(data, build)
    if trying.error is None:
        return None
    said = " ".join(str(trying.error).split())
    return f"{type(trying.error).__name__}: {said}"[:_WHY_MAX]


def minimized(target: Target, data: bytes, build: str) -> bytes:
    """Return an input that is no longer and fails still: stretches left out, then made zero."""
    best, tries = data, 0
    for smaller in (_shorter, _zeroed):
        step = max(1, len(best) // 2)
        while step:
            at = 0
            while at < len(best) and tries < _TRIES_MAX:
                tried = smaller(best, at, step)
                tries += tried != best
                if tried != best and failure(target, tried, build) is not None:
                    best = tried
                    at += step if len(tried) == len(data) else 0
                else:
                    at += step
            step //= 2
    return best


def find_of(target: Target, data: bytes, build: str) -> FoundInput:
    """Return the find that an input is, made small; one that passes when tried again says so."""
    why = failure(target, data, build)
    if why is None:
        why = "it held when it was tried again: the worker ran out of time or memory"
    else:
        data = minimized(target, data, build)
        why = failure(target, data, build) or why
    return FoundInput(target=target.id, build=build, input=data.hex(), why=why)


def _shorter(data: bytes, at: int, step: int) -> bytes:
    return data[:at] + data[at + step :]


def _zeroed(data: bytes, at: int, step: int) -> bytes:
    return data[:at] + bytes(len(data[at : at + step])) + data[at + step :]

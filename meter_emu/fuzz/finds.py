"""A find: input, target, build and what did not hold, in one TOML file that plays again.

It is named by the innermost frame of ours in which it failed: two inputs that fail there are one
find, and one that is known does not stop a run.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from traceback import walk_tb
from typing import Final, NamedTuple, final

import msgspec

from meter_emu.errors import ConfigError
from meter_emu.fuzz.reach import OracleError
from meter_emu.fuzz.target import Target, Trying
from meter_emu.fuzz.targets import targets
from meter_emu.nearest import hint
from meter_emu.resources import read_toml

_TRIES_MAX: Final = 2_000  # ours: what is left then is small enough to read
_WHY_MAX: Final = 300  # characters: one line
_OURS: Final = frozenset({"card_protocol", "meter_emu"})
_NOT_A_PLACE: Final = "meter_emu.fuzz.reach"  # where every oracle raises


@final
class FoundInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a find's file holds; `input` is in hex, `at` the frame in which it failed.

    `at` is empty where there is none: a worker ran out of time or memory.
    """

    target: str
    build: str
    input: str
    why: str
    at: str = ""

    @property
    def data(self) -> bytes:
        """The input."""
        return bytes.fromhex(self.input)

    @property
    def name(self) -> str:
        """A file name that equal finds share."""
        where = re.sub(r"[^a-z0-9]+", "-", self.at.lower()).strip("-")
        return f"{self.target}-{where or 'no-frame'}.toml"

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
        raise ConfigError(str(path), "input", f"expected hexadecimal digits: {error}") from None
    return found


def target_of(target_id: str, path: str = "fuzz") -> Target:
    """Return the target of this id; raise `ConfigError`, with the nearest, for none."""
    known = targets()
    if target_id not in known:
        why = f"no target {target_id!r}{hint(target_id, known)}; there are {', '.join(known)}"
        raise ConfigError(path, "target", why)
    return known[target_id]


class InputFailure(NamedTuple):
    """What does not hold of an input, in one line, and at which frame: `MODULE:LINE FUNCTION`."""

    why: str
    at: str


def failure_of(error: BaseException) -> InputFailure:
    """Return what an error says, and the innermost frame of ours that it came through.

    Oracles that share a line, as laws do, are distinguished by what they check.
    """
    at = ""
    for frame, line in walk_tb(error.__traceback__):
        name = str(frame.f_globals.get("__name__", ""))
        ours = name.partition(".")[0] in _OURS and name != _NOT_A_PLACE
        if ours or not at:
            at = f"{name}:{line} {frame.f_code.co_name}"
    if isinstance(error, OracleError):
        at = f"{at} {error.what}"
    said = " ".join(str(error).split())
    return InputFailure(f"{type(error).__name__}: {said}"[:_WHY_MAX], at)


def failure(target: Target, data: bytes, build: str) -> InputFailure | None:
    """Try an input; return what does not hold of it, `None` where all does."""
    with Trying() as trying:
        target.check(data, build)
    return None if trying.error is None else failure_of(trying.error)


def minimized(
    target: Target, data: bytes, build: str, ends: Callable[[], bool] = lambda: False
) -> bytes:
    """Return an input that is no longer and fails at the same frame: left out, then made zero.

    `ends` is asked before each try, and ends the search.
    """
    first = failure(target, data, build)
    assert first is not None, "it fails"
    best, tries = data, 0
    for smaller in (_shorter, _zeroed):
        step = max(1, len(best) // 2)
        while step:
            at = 0
            while at < len(best) and tries < _TRIES_MAX and not ends():
                tried = smaller(best, at, step)
                tries += tried != best
                if tried != best and _fails_there(target, tried, build, first.at):
                    best = tried
                    at += step if len(tried) == len(data) else 0
                else:
                    at += step
            step //= 2
    return best


def _fails_there(target: Target, data: bytes, build: str, at: str) -> bool:
    found = failure(target, data, build)
    return found is not None and found.at == at


def find_of(target: Target, data: bytes, build: str, *, until_s: float | None = None) -> FoundInput:
    """Return the find that an input is, made small; one that passes when tried again says so.

    `until_s` is when to stop making it small, by `monotonic`.
    """
    first = failure(target, data, build)
    if first is None:
        why = "it held when it was tried again: the worker ran out of time or memory"
        return FoundInput(target=target.id, build=build, input=data.hex(), why=why)
    data = minimized(target, data, build, lambda: until_s is not None and monotonic() > until_s)
    last = failure(target, data, build) or first
    return FoundInput(target=target.id, build=build, input=data.hex(), why=last.why, at=last.at)


def _shorter(data: bytes, at: int, step: int) -> bytes:
    return data[:at] + data[at + step :]


def _zeroed(data: bytes, at: int, step: int) -> bytes:
    return data[:at] + bytes(len(data[at : at + step])) + data[at + step :]

"""What the command line cannot do in a browser page, and why: one table."""

from collections.abc import Mapping, Sequence
from typing import Final

_PROCESSES: Final = "a page starts no programs, and this needs them"
_KEY: Final = "a page is no place for an operator's key: it has the published test keys"
_READER: Final = "a page reaches no card reader of this machine"
NOT_HERE: Final[Mapping[str, str]] = {  # the first words of a command
    "card get": _READER,
    "card put": _READER,
    "card readers": _READER,
    "card relay": _READER,
    "card serve": _READER,
    "diagnose": "it runs thousands of households, which wants all processors of a machine",
    "explore": "it runs millions of steps, which wants all processors of a machine",
    "firmware": _PROCESSES,
    "fuzz": "fuzzing runs for hours, and wants a tool that measures coverage",
    "run": "an interactive meter is in the room The meter",
    "verify": "its laws run thousands of households, which wants all processors of a machine",
}
NO_OPTIONS: Final[Mapping[str, str]] = {
    "--cluster": "a page has no cluster",
    "--key": _KEY,
    "--master-key": _KEY,
    "--new-key": _KEY,
    "--reader": _READER,
    "--vending-key": _KEY,
}


def why_not(words: Sequence[str], *, at_meter: bool = False) -> str | None:
    """Return why a command does not run in a page, `None` if it does; `run` is of that room."""
    for option, why in NO_OPTIONS.items():
        if any(word == option or word.startswith(f"{option}=") for word in words):
            return f"{option} does not work here: {why}"
    for first, why in NOT_HERE.items():
        asked = f"{' '.join(words)} ".startswith(f"{first} ")
        if asked and not at_meter and not {"-h", "--help"} & set(words):
            return f"{first} does not run here: {why}"
    if any(word.startswith("./") or word.endswith(":program") for word in words):
        return f"no program of yours runs here: {_PROCESSES}"
    return None

"""The inputs that a target begins with, each under the name that libFuzzer gives it: its SHA-1."""

from hashlib import sha1

from meter_emu.fuzz.target import Target


def begins_with(target: Target) -> dict[str, bytes]:
    """Return the inputs of a new corpus by their names."""
    return {sha1(data).hexdigest(): data for data in target.seeds()}  # noqa: S324 - no secret

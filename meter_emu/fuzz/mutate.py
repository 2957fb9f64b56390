"""How an input becomes another: bytes changed blindly, fields set to their edges, seals put right.

The draws come from one seeded generator, so a run without coverage can be repeated. With coverage
the blind part is libFuzzer's own, and this module adds fields and seals.
"""

from collections.abc import Callable, Sequence
from functools import cache
from random import Random
from typing import Final

from meter_emu.fuzz.target import Target

_BLIND: Final = 1  # of two mutations, where there are fields
_UNSEALED: Final = 32  # one mutation of so many keeps its wrong seals: refusing is tried as well
_FORGED: Final = 1  # and one of as many has one byte wrong of a check value that was right
_LONGER: Final = 8  # one mutation of so many draws more
_EDGES: Final = (0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF)
_STEPS_MAX: Final = 4

Blind = Callable[[bytes], bytes]


def mutated(target: Target, data: bytes, random: Random, blind: Blind) -> bytes:
    """Return `data` changed: `blind` does what knows no fields.

    What has not the size of a fixed format makes room for an input that is right: so a corpus may
    be empty at first.
    """
    if target.drawn and random.randrange(_LONGER) == 0:  # what is not there draws the simplest
        data += random.randbytes(random.randrange(max(0, target.size_max - len(data)) + 1))
    if target.fixed and len(data) not in {len(one) for one in _right(target)}:
        data = random.choice(_right(target))
    slots = target.slots(data)
    if slots and random.randrange(_BLIND + 1) == 0:
        changed = bytearray(data)
        for _ in range(1 + random.randrange(2)):
            slot = random.choice(slots)
            value = random.choice(slot.values)
            changed[slot.at : slot.at + slot.size_bytes] = value
        return _sealed(target, bytes(changed), random)
    changed_blindly = blind(data)
    if target.fixed:
        changed_blindly = changed_blindly[: len(data)].ljust(len(data), b"\x00")
    return _sealed(target, changed_blindly, random)


def crossed(target: Target, one: bytes, other: bytes, random: Random) -> bytes:
    """Return one input with a field, or a stretch, of another."""
    slots = target.slots(one)
    if slots:
        slot = random.choice(slots)
        taken = other[slot.at : slot.at + slot.size_bytes]
        joined = one[: slot.at] + taken + one[slot.at + len(taken) :]
    else:
        joined = one[: random.randrange(len(one) + 1)] + other[random.randrange(len(other) + 1) :]
    return _sealed(target, joined[: target.size_max], random)


def _sealed(target: Target, data: bytes, random: Random) -> bytes:
    data = data[: target.size_max]
    if target.seal is None:
        return data
    kept = random.randrange(_UNSEALED)
    if kept == 0:
        return data
    sealed = target.seal(data)
    tags = [tag for tag in target.tags(sealed) if tag.stop <= len(sealed)]
    if kept > _FORGED or not tags:
        return sealed
    tag = random.choice(tags)
    last = random.randrange(2) == 0  # who compares one byte too few never looks at it
    at = tag.stop - 1 if last else random.randrange(tag.start, tag.stop)
    return sealed[:at] + bytes((sealed[at] ^ 1 << random.randrange(8),)) + sealed[at + 1 :]


@cache
def _right(target: Target) -> tuple[bytes, ...]:
    """Return the inputs of a target that are right."""
    return tuple(target.seeds())


def blindly(data: bytes, words: Sequence[bytes], size_max: int, random: Random) -> bytes:
    """Return `data` with one to four blind changes: what a fuzzer without coverage does."""
    changed = bytearray(data)
    for _ in range(1 + random.randrange(_STEPS_MAX)):
        _step(changed, words, random)
    return bytes(changed[:size_max])


def _step(data: bytearray, words: Sequence[bytes], random: Random) -> None:
    at = random.randrange(len(data) + 1)
    kind = random.randrange(7)
    if kind == 0:  # insert
        data[at:at] = random.randbytes(1 + random.randrange(8))
    elif kind == 1:  # a word of the format
        word = random.choice(words) if words else bytes((random.choice(_EDGES),))
        data[at : at + random.choice((0, len(word)))] = word
    elif at == len(data):
        data.append(random.randrange(256))
    elif kind == 2:  # leave out
        del data[at : at + 1 + random.randrange(8)]
    elif kind == 3:  # twice
        data[at:at] = data[at : at + 1 + random.randrange(16)]
    elif kind == 4:
        data[at] ^= 1 << random.randrange(8)
    elif kind == 5:
        data[at] = random.choice(_EDGES)
    else:
        data[at] = (data[at] + random.choice((-1, 1))) & 0xFF

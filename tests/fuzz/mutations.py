"""Mutations of a target's right inputs, as a run without coverage makes them."""

from collections.abc import Iterator
from random import Random

from meter_emu.fuzz.mutate import blindly, crossed, mutated
from meter_emu.fuzz.target import Target


def mutations(target: Target, count: int, seed: int) -> Iterator[bytes]:
    random, seeds = Random(seed), list(target.seeds())

    def blind(data: bytes) -> bytes:
        return blindly(data, target.words, target.size_max, random)

    for _ in range(count):
        one = random.choice(seeds)
        if random.randrange(8):
            yield mutated(target, one, random, blind)
        else:
            yield crossed(target, one, random.choice(seeds), random)

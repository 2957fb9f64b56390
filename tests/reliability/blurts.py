"""What a reader may send that is none; as a process, one reader after another at a card's slot.

python -m tests.reliability.blurts READERS SEED
"""

import struct
import sys
from collections.abc import Callable
from random import Random
from typing import Final

import click

from tests.cli.serving import POWER_ON, Driver

SELECT_MASTER_FILE: Final = bytes.fromhex("00a4000c023f00")


def _framed(message: bytes) -> bytes:
    return len(message).to_bytes(2, "big") + message


def _framed_many(chance: Random, size_max: int) -> bytes:
    sizes = [chance.randint(0, size_max) for _ in range(chance.randint(1, 50))]
    return b"".join(_framed(chance.randbytes(size)) for size in sizes)


BLURTS: Final[tuple[Callable[[Random], bytes], ...]] = (
    lambda _chance: b"",
    lambda chance: chance.randbytes(chance.choice((1, 2, 3, 100, 70_000))),
    lambda chance: struct.pack(">H", chance.randint(1, 65_535)),
    lambda chance: b"\xff\xff" + chance.randbytes(65_534),
    lambda _chance: _framed(b""),
    lambda chance: _framed(bytes([chance.randrange(256)])),
    lambda chance: b"".join(_framed(bytes([chance.randrange(5)])) for _ in range(2_000)),
    lambda chance: _framed(POWER_ON) + _framed_many(chance, 6),
    lambda chance: _framed(POWER_ON) + _framed_many(chance, 300),
    lambda _chance: _framed(POWER_ON) + 20_000 * _framed(bytes.fromhex("00b0000000")),
)


def blurt(driver: Driver, number: int, seed: int) -> None:
    """Wait for the card, send what one reader may send, and go."""
    assert driver.take(), "it has an answer to reset"
    driver.blurt(BLURTS[number % len(BLURTS)](Random(f"{seed} {number}")))


def answer(driver: Driver) -> bytes:
    """Return what the card answers to a reader that is one."""
    driver.take()
    driver.send(POWER_ON)
    return driver.ask(SELECT_MASTER_FILE)


if __name__ == "__main__":
    slot, (readers, chosen) = Driver(), map(int, sys.argv[1:])
    click.echo(slot.port)
    for one in range(readers):
        blurt(slot, one, chosen)
    click.echo(answer(slot).hex())
    sys.stdin.read()  # until nobody holds it any more: who goes sooner ends the card with it
    slot.stop()

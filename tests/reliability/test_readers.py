"""Readers that are no readers: `card serve` goes on, and its card is whole and as it was."""

import random
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Final

import pytest

from card_protocol.card.image import CardImage, CardKind
from meter_emu.cli.output import write_atomically
from meter_emu.desk.desk import Desk
from meter_emu.desk.published_key import TEST_MASTER_KEY
from tests.cli.serving import POWER_ON, Driver, Serving
from tests.kills.command_lines import METER
from tests.reliability.hostile import EACH
from tests.reliability.tally import Tried

pytestmark = pytest.mark.loopback


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


@pytest.mark.slow("waits for a process", short=1)
@pytest.mark.parametrize("kind", [CardKind.PLAIN, CardKind.SECURE], ids=["plain", "secure"])
def test_a_card_outlives_readers_that_talk_nonsense(
    kind: CardKind, tmp_path: Path, tried: Tried
) -> None:
    path, driver = tmp_path / "the.card", Driver()
    image = Desk(TEST_MASTER_KEY, challenge=bytes).issue(
        int(METER), issued_at_min=10_000_000, card_kind=kind
    )
    assert isinstance(image, CardImage)
    write_atomically(path, image.to_bytes())
    seed = random.randrange(2**32)
    with Serving(path, "--port", str(driver.port)) as serving:
        for number in range(EACH):
            raw = BLURTS[number % len(BLURTS)](Random(f"{seed} {number}"))
            with tried.one("hostile readers of a served card", (seed, number)):
                assert driver.take(), "it comes back, and has an answer to reset"
                driver.blurt(raw)
        driver.take()
        driver.send(POWER_ON)
        assert driver.ask(bytes.fromhex("00a4000c023f00")) == b"\x90\x00"
        assert serving.end() == 0
        assert "Traceback" not in serving.complaint
    driver.stop()
    left = CardImage.from_bytes(path.read_bytes())
    assert replace(left, tries_left=image.tries_left) == image

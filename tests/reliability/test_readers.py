"""Readers that are no readers: `card serve` goes on, and its card is whole and as it was."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from card_protocol.card.image import CardImage, CardKind
from meter_emu.cli.output import write_atomically
from meter_emu.desk.desk import Desk
from meter_emu.desk.published_key import TEST_MASTER_KEY
from tests.cli.serving import Driver, Serving
from tests.kills.command_lines import METER
from tests.reliability.blurts import answer, blurt
from tests.reliability.hostile import EACH
from tests.reliability.tally import Tried

pytestmark = pytest.mark.loopback


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
            with tried.one("hostile readers of a served card", (seed, number)):
                blurt(driver, number, seed)
        assert answer(driver) == b"\x90\x00"
        assert serving.end() == 0
        assert "Traceback" not in serving.complaint
    driver.stop()
    left = CardImage.from_bytes(path.read_bytes())
    assert replace(left, tries_left=image.tries_left) == image

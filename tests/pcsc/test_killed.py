"""`card put` and `card get` killed at random moments over PC/SC: the next one makes it good."""

import os
import subprocess
from contextlib import suppress
from pathlib import Path
from random import Random
from time import monotonic

import pytest

from card_protocol.card.image import CardKind
from card_protocol.card.memory_card import MemoryCard
from card_protocol.card.virtual import card_of
from card_protocol.link.pcsc import PcscLink
from card_protocol.serve.pcscd import VPCD_READERS, PrivatePcscd
from tests.bounds import HANG_S
from tests.cards import file_card, memory_card
from tests.cli.serving import ROOT
from tests.firmware.meters import Rig
from tests.forked import PROGRAM, Forked
from tests.pcsc.needs import pyscard_absent, refuse
from tests.pcsc.slots import card_in
from tests.pcsc.test_desk_reader import blank, link
from tests.rigs import counted

__all__ = ["link"]  # a fixture

READER = VPCD_READERS[0]
ASKED = int(os.environ.get("METER_EMU_KILLS", "0"))
KILLS = max(1, ASKED // 20)  # of each of the four below; the suite has one of two


def carriers(short: CardKind) -> pytest.MarkDecorator:
    chosen = [CardKind.PLAIN, CardKind.MEMORY] if ASKED else [short]
    return pytest.mark.parametrize("carrier", chosen, ids=lambda kind: kind.name.lower())


@pytest.fixture(autouse=True)
def _client() -> None:
    if why := pyscard_absent():
        refuse(why)


def card(pcscd: PrivatePcscd, *words: object, kill_s: float | None = None) -> int:
    """Run `card` with these words at the reader, or kill it after so long; return its status."""
    process = Forked(
        [*PROGRAM, "card", *map(str, words), "--reader", READER],
        cwd=ROOT, env=pcscd.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    with suppress(subprocess.TimeoutExpired):
        process.wait(HANG_S if kill_s is None else kill_s)
    process.kill()
    _, said = process.communicate(timeout=HANG_S)
    assert process.returncode in {0, -9}, said
    return process.returncode


def issued(carrier: CardKind, folder: Path) -> tuple[Rig, Path]:
    rig, path = Rig(carrier=carrier), folder / "first.card"
    path.write_bytes(rig.card.image.to_bytes())
    return rig, path


@pytest.mark.slow("a reader service of its own")
@carriers(short=CardKind.MEMORY)
def test_a_put_that_was_killed_is_put_again(
    pcscd: PrivatePcscd, link: PcscLink, tmp_path: Path, carrier: CardKind
) -> None:
    rig, path = issued(carrier, tmp_path)
    own, chance, took_s = rig.card.image, Random(7), 0.0
    for number in range(KILLS + 1):
        if carrier is CardKind.MEMORY:
            rig.card = MemoryCard(blank(rig))
        else:
            erased = b"\xff" * len(file_card(own).contents[0])
            rig.card = card_of(file_card(own).with_part(0, 0, erased), counted())
        with card_in(pcscd, link, rig.card):
            began = monotonic()
            if number:
                card(pcscd, "put", path, "--yes-write-hardware",
                     kill_s=chance.uniform(0.4, 1) * took_s)  # fmt: skip
            assert card(pcscd, "put", path, "--yes-write-hardware") == 0
            took_s = took_s or monotonic() - began
        assert rig.card.image == own
    if carrier is CardKind.MEMORY:
        assert memory_card(rig.card.image).tries_left == 3
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.slow("a reader service of its own")
@carriers(short=CardKind.PLAIN)
def test_a_get_that_was_killed_leaves_a_whole_file_or_none(
    pcscd: PrivatePcscd, link: PcscLink, tmp_path: Path, carrier: CardKind
) -> None:
    rig, _ = issued(carrier, tmp_path)
    got, chance, took_s, whole = tmp_path / "got.card", Random(7), 0.0, b""
    with card_in(pcscd, link, rig.card):
        for number in range(KILLS + 1):
            began = monotonic()
            if number:
                kill_s = chance.uniform(0.4, 1) * took_s
                card(pcscd, "get", got, kill_s=kill_s)
                assert not got.exists() or got.read_bytes() == whole
            assert card(pcscd, "get", got, "--force") == 0
            took_s = took_s or monotonic() - began
            whole = got.read_bytes()
            assert sorted(one.name for one in tmp_path.iterdir()) == ["first.card", "got.card"]
            got.unlink()
    assert rig.card.image.kind is carrier

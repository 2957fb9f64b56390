"""Targets hold on what is right, mutations get past the first check, and mistakes are found."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from card_protocol.card.virtual import parse_image
from card_protocol.errors import CardProtocolError
from card_protocol.formats.container import parse_container
from meter_emu.domain import Result
from meter_emu.firmware.layouts import STATE, STATE_AT, crc_holds
from meter_emu.fuzz.bench import FuzzedMeter
from meter_emu.fuzz.finds import failure
from meter_emu.fuzz.target import Target
from meter_emu.fuzz.targets import targets
from tests.fuzz.mutations import mutations

MUTATIONS = 200


def test_every_target_holds_on_its_seeds_and_on_some_mutations():
    wrong = []
    for target in targets().values():
        if target.canary:
            continue
        seeds = target.seeds()
        assert seeds, target.id
        for data in (*seeds, *mutations(target, 12, seed=1)):
            assert len(data) <= target.size_max, target.id
            why = failure(target, data, "reference")
            if why is not None:
                wrong.append(f"{target.id}: {why}: {data.hex()}")
    assert wrong == []


def memory_holds(data: bytes) -> bool:
    return all(crc_holds(data[1 + at : 1 + at + STATE.size_bytes]) for at in (0, *STATE_AT))


def mac_holds(data: bytes) -> bool:
    """Whether a meter finds nothing wrong with the MAC of any record."""
    heard: list[Result] = []
    insert = FuzzedMeter.insert

    def listening(bench, card):
        heard.append(insert(bench, card))
        return heard[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FuzzedMeter, "insert", listening)
        targets()["card-records"].check(data, "reference")
    return bool(heard) and heard[0] not in {Result.BAD_MAC, Result.OTHER_TARIFF}


@pytest.mark.parametrize(
    ("target_id", "passes"),
    [
        ("record-state", crc_holds),
        ("record-factory", crc_holds),
        ("memory", memory_holds),
        ("container", lambda data: "CRC-32" not in why_not(parse_container, data)),
        ("card-image", lambda data: "CRC-32" not in why_not(parse_image, data)),
        ("card-records", mac_holds),
    ],
)
def test_nine_of_ten_mutations_pass_the_first_check(target_id, passes):
    target = targets()[target_id]
    tried = [passes(data) for data in mutations(target, MUTATIONS, seed=2)]
    assert sum(tried) >= 0.9 * len(tried)
    unsealed = [passes(data) for data in mutations(without_seal(target), MUTATIONS // 4, seed=2)]
    assert sum(unsealed) < 0.8 * len(unsealed), "the seal makes the difference"


def why_not(decode: Callable[[bytes], object], data: bytes) -> str:
    try:
        decode(data)
    except CardProtocolError as error:
        return str(error).replace(",", " ")
    return ""


def without_seal(target: Target) -> Target:
    return replace(target, seal=None)

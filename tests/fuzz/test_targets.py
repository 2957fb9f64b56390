"""Targets hold on what is right, mutations get past the first check, and mistakes are found."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import msgspec
import pytest

from card_protocol.apdu import split_command
from card_protocol.card.make import parse_image
from card_protocol.errors import CardProtocolError
from card_protocol.formats.container import parse_container
from card_protocol.link import pcsc_process
from card_protocol.link.pcsc_answer import PcscAnswer
from meter_emu.domain import Result
from meter_emu.firmware import memory
from meter_emu.firmware.layouts import STATE, STATE_AT, crc_holds
from meter_emu.fuzz.bench import FuzzedMeter
from meter_emu.fuzz.finds import failure
from meter_emu.fuzz.mutate import blindly, crossed, mutated
from meter_emu.fuzz.target import Target
from meter_emu.fuzz.targets import targets

MUTATIONS = 200


def mutations(target: Target, count: int, seed: int):
    random, seeds = Random(seed), list(target.seeds())

    def blind(data: bytes) -> bytes:
        return blindly(data, target.words, target.size_max, random)

    for _ in range(count):
        one = random.choice(seeds)
        if random.randrange(8):
            yield mutated(target, one, random, blind)
        else:
            yield crossed(target, one, random.choice(seeds), random)


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
    unsealed = [passes(data) for data in mutations(without_seal(target), MUTATIONS, seed=2)]
    assert sum(unsealed) < 0.8 * len(unsealed), "the seal makes the difference"


def why_not(decode: Callable[[bytes], object], data: bytes) -> str:
    try:
        decode(data)
    except CardProtocolError as error:
        return str(error).replace(",", " ")
    return ""


def without_seal(target: Target) -> Target:
    return replace(target, seal=None)


# Mistakes put in on purpose, found without coverage -----------------------------------------------


def found(target_id: str, build: str = "reference", *, tries: int, seed: int) -> bool:
    target = targets()[target_id]
    return any(failure(target, data, build) is not None for data in mutations(target, tries, seed))


SEEDS = pytest.mark.parametrize("seed", [1, 2, 3])


@SEEDS
def test_a_length_that_is_one_off_is_found(seed, monkeypatch):
    def one_off(raw: bytes):
        *header, data, ne = split_command(raw)
        return (*header, data[:-1] if len(data) == 7 else data, ne)

    monkeypatch.setattr("card_protocol.apdu.split_command", one_off)
    assert found("c-apdu", tries=3_000, seed=seed)


@SEEDS
def test_an_order_older_than_the_last_is_found(seed):
    assert found("card-records", "reference+stale-order-accepted", tries=1_000, seed=seed)


@SEEDS
def test_an_enum_from_the_memory_that_nobody_checks_is_found(seed, monkeypatch):
    monkeypatch.setattr(memory, "possible", lambda *_: True)
    assert found("memory", tries=400, seed=seed)


@SEEDS
def test_a_wallet_that_may_go_back_is_found(seed, monkeypatch):
    monkeypatch.setattr("meter_emu.firmware.ledger.Ledger.judge_wallet", lambda *_: Result.EXECUTED)
    assert found("card-records", tries=1_000, seed=seed)


@SEEDS
def test_what_a_readers_process_says_unchecked_is_found(seed, monkeypatch):
    believing = msgspec.json.Decoder(PcscAnswer[Any])
    monkeypatch.setattr(pcsc_process, "parse_answer", lambda _do, line: believing.decode(line))
    assert found("pcsc-child", tries=400, seed=seed)


@SEEDS
def test_a_size_in_more_bytes_than_it_needs_is_found(seed, monkeypatch):
    monkeypatch.setattr("card_protocol.tlv._build_length", lambda value: bytes((0x81, len(value))))
    assert found("tlv", tries=10, seed=seed)


def test_what_holds_is_not_found():
    assert not found("c-apdu", tries=3_000, seed=1)

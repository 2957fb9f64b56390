"""Targets in tokens: mutations get past the CRC, and a broken check is found."""

from dataclasses import replace

import pytest

from card_protocol.tokens.openpaygo.counter import PaygoCounter
from card_protocol.tokens.sts import codec
from card_protocol.tokens.sts.crc import crc_of
from card_protocol.tokens.sts.meter_pan import MeterPan
from meter_emu.fuzz.finds import failure
from meter_emu.fuzz.targets import targets
from meter_emu.fuzz.targets import tokens as module
from tests.fuzz.mutations import mutations


def crc_holds(data: bytes) -> bool:
    return data[7:] == crc_of(data[0] & 3, int.from_bytes(data[1:7], "big")).to_bytes(2, "big")


def test_nine_of_ten_blocks_pass_the_crc_and_without_the_seal_few_do():
    target = targets()["sts-block"]
    tried = [crc_holds(data) for data in mutations(target, 400, seed=2)]
    assert sum(tried) >= 0.9 * len(tried)
    unsealed = [crc_holds(data) for data in mutations(replace(target, seal=None), 400, seed=2)]
    assert sum(unsealed) < 0.5 * len(unsealed)


def found(target_id: str) -> bool:
    target = targets()[target_id]
    return any(
        failure(target, data, "reference") is not None
        for data in (*target.seeds(), *mutations(target, 300, seed=3))
    )


def test_a_crc_that_is_not_looked_at_is_found(monkeypatch):
    assert not found("sts-block")
    monkeypatch.setattr(codec, "compare_digest", lambda *_: True)
    assert found("sts-block")


@pytest.mark.slow("fuzzes in processes of its own")
def test_a_counter_that_forgets_is_found(monkeypatch):
    assert not found("openpaygo-token")
    monkeypatch.setattr(PaygoCounter, "after", lambda self, *_: PaygoCounter(self.count))
    assert found("openpaygo-token")


def test_a_check_digit_that_is_not_looked_at_is_found(monkeypatch):
    assert not found("sts-meter-pan")
    monkeypatch.setattr(module, "parse_pan", lambda text: MeterPan(text[:6], text[6:-1], text[-1]))
    assert found("sts-meter-pan")

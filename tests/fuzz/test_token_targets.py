"""Targets in tokens: their seeds reach both sides of each check, and a broken check is found."""

from dataclasses import replace
from typing import Any

import pytest

from card_protocol.errors import TokenError
from card_protocol.tokens.openpaygo.counter import PaygoCounter
from card_protocol.tokens.openpaygo.decode import decode_openpaygo
from card_protocol.tokens.openpaygo.keypad import read_digits
from card_protocol.tokens.sts import codec
from card_protocol.tokens.sts.crc import crc_of
from card_protocol.tokens.sts.key_change import join_sections
from card_protocol.tokens.sts.meter_pan import MeterPan, parse_pan
from meter_emu.fuzz.finds import failure
from meter_emu.fuzz.targets import targets
from meter_emu.fuzz.targets import tokens as module
from tests.fuzz.mutations import mutations

REACHED = {
    "sts-digits": {"taken", "digits", "range", "CRC"},
    "sts-block": {"taken", "CRC", "class", "subclass", "register", "padding"},
    "sts-key-change": {"taken", "sections", "key type", "tariff index"},
    "sts-meter-pan": {"taken", "MeterPAN"},
    "openpaygo-digits": {"TAKEN", "range"},
    "openpaygo-token": {"TAKEN", "USED", "INVALID", "RESERVED"},
}


@pytest.mark.parametrize("target_id", REACHED)
def test_seeds_reach_both_sides_of_each_check(target_id, monkeypatch):
    """What the target's calls answer to its seeds: records, outcomes, or the check that failed."""
    met: set[str] = set()

    def watched(call: Any) -> Any:
        def watching(*args, **kwargs):
            try:
                found = call(*args, **kwargs)
            except TokenError as error:
                met.add(error.check)
                raise
            met.add(found.outcome.name if hasattr(found, "outcome") else "taken")
            return found

        return watching

    for name, call in (
        ("decode_sts", codec.decode_sts), ("join_sections", join_sections),
        ("parse_pan", parse_pan), ("decode_openpaygo", decode_openpaygo),
        ("read_digits", read_digits),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, watched(call))
    target = targets()[target_id]
    for data in target.seeds():
        target.check(data, "reference")
    assert met - {"taken"} >= REACHED[target_id] - {"taken"}, met
    assert "taken" in met or "TAKEN" in met


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
    monkeypatch.setattr(codec, "bytes_eq", lambda *_: True)
    assert found("sts-block")


def test_a_counter_that_forgets_is_found(monkeypatch):
    assert not found("openpaygo-token")
    monkeypatch.setattr(PaygoCounter, "after", lambda self, *_: PaygoCounter(self.count))
    assert found("openpaygo-token")


def test_a_check_digit_that_is_not_looked_at_is_found(monkeypatch):
    assert not found("sts-meter-pan")
    monkeypatch.setattr(module, "parse_pan", lambda text: MeterPan(text[:6], text[6:-1], text[-1]))
    assert found("sts-meter-pan")

"""An input that takes far longer than its target's median is a find."""

from dataclasses import replace
from time import process_time

import pytest

from meter_emu.fuzz.reach import OracleError
from meter_emu.fuzz.targets import targets
from meter_emu.fuzz.watched import SLOWER, Watched

QUICK, SLOW = b"quick", b"slow"


def spinning(data: bytes, _build: str) -> None:
    """Use the processor: for what is slow."""
    until_s = process_time() + (0.06 if data == SLOW else 0.0)
    while process_time() < until_s:
        pass


@pytest.fixture
def tried(monkeypatch):
    monkeypatch.setattr("meter_emu.fuzz.watched._SLOW_S", 0.02)
    target = replace(targets()["canary"], check=spinning)
    return Watched(target, "reference", None).trying()


def test_a_slow_input_is_a_find(tried):
    for _ in range(20):
        tried(QUICK)
    with pytest.raises(OracleError, match=f"no more than {SLOWER} times"):
        tried(SLOW)


def test_where_nothing_is_known_yet_nothing_is_slow(tried):
    tried(SLOW)

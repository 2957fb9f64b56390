"""Each fault is found without coverage too, from the inputs that are right; nothing is without one.

The guided runs from an empty corpus take minutes: `python -m tests.fuzz.faults`.
"""

from random import Random

import pytest

from meter_emu.domain import Result
from meter_emu.fuzz.finds import failure
from meter_emu.fuzz.mutate import blindly, mutated
from meter_emu.fuzz.targets import targets
from tests.fuzz.faults import CANARIES, FAULTS, FROM_SEEDS
from tests.fuzz.mutations import mutations

TRIES, SEED = 2_000, 3


def found(target_id: str, build: str = "reference") -> bool:
    target = targets()[target_id]
    return any(failure(target, data, build) is not None for data in mutations(target, TRIES, SEED))


@pytest.mark.parametrize("fault_id", [*FAULTS, *FROM_SEEDS])
def test_a_fault_is_found(fault_id, monkeypatch):
    fault = {**FAULTS, **FROM_SEEDS}[fault_id]
    fault.apply(monkeypatch.setattr)
    assert found(fault.target, fault.build)


@pytest.mark.parametrize("target_id", ["c-apdu", "terminal"])
def test_what_holds_is_not_found(target_id):
    assert not found(target_id)


def test_a_wallet_that_may_go_back_is_found(monkeypatch):
    monkeypatch.setattr("meter_emu.firmware.ledger.Ledger.judge_wallet", lambda *_: Result.EXECUTED)
    assert found("card-records")


def test_every_target_of_events_has_a_canary():
    of_events = {target.id for target in targets().values() if target.events}
    assert of_events == {fault.target for fault in CANARIES.values()}


def test_an_empty_corpus_becomes_inputs_of_the_format():
    random = Random(1)
    for target in targets().values():
        made = mutated(target, b"", random, lambda raw: blindly(raw, (), 8, random))
        sizes = {len(one) for one in target.seeds()}
        assert len(made) in sizes or not target.fixed, target.id

"""Three faults and the canaries are found without coverage too; nothing is without a fault.

All of them, guided and from an empty corpus, take minutes: `make faults`.
"""

from random import Random

import pytest

from meter_emu.domain import Result
from meter_emu.fuzz.finds import failure
from meter_emu.fuzz.mutate import blindly, mutated
from meter_emu.fuzz.targets import targets
from tests.fuzz.faults import CANARIES, FAULTS
from tests.fuzz.mutations import mutations
from tests.fuzz.planted import PLANTED

TRIES, SEED = 2_000, 3


def found(target_id: str, build: str = "reference") -> bool:
    target = targets()[target_id]
    return any(failure(target, data, build) is not None for data in mutations(target, TRIES, SEED))


IN_THE_GATE = ("le-00-as-255", "response-loses-a-byte", "mac-of-seven-bytes", *CANARIES)


@pytest.mark.slow("fuzzes in processes of its own")
@pytest.mark.parametrize("fault_id", IN_THE_GATE)
def test_a_fault_is_found(fault_id, monkeypatch):
    fault = FAULTS[fault_id]
    fault.apply(monkeypatch.setattr)
    assert found(fault.target, fault.build)


@pytest.mark.parametrize("target_id", ["c-apdu", "terminal"])
def test_what_holds_is_not_found(target_id):
    assert not found(target_id)


@pytest.mark.slow("tries a mistake for each sentence of what must hold", short=8)
@pytest.mark.parametrize("fault_id", PLANTED)
def test_a_mistake_is_found_from_the_seeds(fault_id, monkeypatch):
    fault = PLANTED[fault_id]
    target = targets()[fault.target]
    inputs = (*target.seeds(), *mutations(target, TRIES, SEED))
    fault.apply(monkeypatch.setattr)
    assert any(failure(target, data, fault.build) is not None for data in inputs)


def test_each_sentence_of_what_must_hold_has_its_mistake():
    sentences = {
        sentence
        for target in targets().values()
        if not target.canary
        for sentence in target.oracles.split("; ")
    }
    assert sentences == {fault.holds for fault in FAULTS.values()}


def test_a_mistake_breaks_a_sentence_of_its_own_target():
    for fault in FAULTS.values():
        assert fault.holds in targets()[fault.target].oracles.split("; "), fault


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

"""Workers side by side: whatever ends them, corpus and figures are whole."""

import os
import signal
from hashlib import sha1
from importlib.util import find_spec
from pathlib import Path

import pytest

from meter_emu.fuzz.side_by_side import SideBySide
from meter_emu.fuzz.targets import place_of, target_at, targets

GUIDED = find_spec("atheris") is not None


def side_by_side(*ids: str, corpus: Path, **how) -> SideBySide:
    for target_id in ids:
        (corpus / target_id).mkdir()
    how = {"time_s": 600, "jobs": 2, **how}
    chosen = [targets()[target_id] for target_id in ids]
    return SideBySide(chosen, build="reference", seed=1, corpus=corpus, **how)


@pytest.mark.slow("fuzzes in processes of its own", short=1)
@pytest.mark.parametrize("guided", [False, True] if GUIDED else [False], ids=str)
def test_an_interrupt_leaves_figures_and_a_corpus_of_whole_inputs(tmp_path, guided, monkeypatch):
    monkeypatch.setattr("meter_emu.fuzz.side_by_side._TICK_S", 0.05)
    together = side_by_side("timestamp", "record-state", "tlv", corpus=tmp_path, guided=guided)
    *at_work, waiting = together.figures

    def tick() -> None:
        if all(one.executions > 200 for one in at_work):
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        together.run(tick)
    for one in at_work:
        assert one.over, one.target.id
        assert one.executions > 200, one.target.id
        assert one.per_cpu_s > 100, one.target.id
        assert (one.found, one.failed, one.guided) == ({}, "", guided)
    assert not waiting.begun, "no target begins after it"
    inputs = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert bool(inputs) is guided, "a seeded run keeps its inputs in memory"
    assert [path for path in inputs if sha1(path.read_bytes()).hexdigest() != path.name] == []


@pytest.mark.slow("fuzzes in processes of its own")
@pytest.mark.parametrize(("seeded", "why"), [
    (True, "what its seeds reach was not reached: records; no record"), (False, ""),
])  # fmt: skip
def test_a_program_that_refuses_whatever_is_right_has_failed(tmp_path, seeded, why):
    """No input of this corpus is a container, as none is to a program that refuses all."""
    how = {"seeded": seeded, "runs": 300, "guided": False}
    together = side_by_side("container", corpus=tmp_path, **how)
    (tmp_path / "container" / "wrong").write_bytes(bytes(512))
    together.run()
    assert together.figures[0].failed == why


def test_a_worker_that_fails_by_itself_is_no_find(tmp_path):
    (tmp_path / "tlv").write_text("no folder")
    chosen = [targets()["tlv"]]
    together = SideBySide(
        chosen, build="reference", time_s=9, seed=1, jobs=1, corpus=tmp_path, guided=False
    )
    together.run()
    (one,) = together.figures
    assert one.found == {}
    assert one.failed.startswith("the worker ended with status 1: NotADirectoryError"), one.failed


def test_a_target_is_found_where_it_is_said_to_be():
    assert place_of(targets()["tlv"]) == "wire:tlv"
    assert all(target_at(place_of(target)) is target for target in targets().values())

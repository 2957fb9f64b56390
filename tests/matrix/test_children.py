"""Jobs in processes: what they return, and what becomes of those that do not."""

import os
import signal

import pytest

from tests.matrix.children import CRASHED, DEADLINE_S, HUNG, in_children


def job(item: str) -> str:
    if item == "ends":
        os._exit(3)
    while item == "hangs":
        pass
    while item == "waits":
        signal.pause()
    if item == "raises":
        raise ValueError(item)
    return item.upper()


@pytest.mark.slow("starts processes, of which one works until a second is over")
def test_each_job_is_told_apart():
    items = ["a", "ends", "hangs", "b"]
    found = list(in_children(job, items, jobs=2, processor_s=0.25))
    assert {done.item: done.result or done.failed for done in found} == {
        "a": "A",
        "b": "B",
        "ends": CRASHED,
        "hangs": HUNG,
    }
    assert max(done.took_s for done in found) < DEADLINE_S, "it was ended by its processor time"


@pytest.mark.slow("starts a process")
def test_a_job_that_waits_for_ever_is_ended_by_the_clock():
    (found,) = in_children(job, ["waits"], jobs=1, processor_s=60.0, deadline_s=0.1)
    assert found.failed == HUNG


@pytest.mark.slow("starts a process")
def test_a_mistake_of_ours_is_no_finding():
    with pytest.raises(AssertionError, match="ValueError: raises"):
        list(in_children(job, ["raises"], jobs=1, processor_s=60.0))

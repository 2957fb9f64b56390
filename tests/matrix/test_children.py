"""Jobs in processes: what they return, and what becomes of those that do not."""

import os

import pytest

from tests.matrix.children import CRASHED, HUNG, in_children


def job(item: str) -> str:
    if item == "ends":
        os._exit(3)
    while item == "hangs":
        pass
    if item == "raises":
        raise ValueError(item)
    return item.upper()


@pytest.mark.slow("lives the stories of a law")
def test_each_job_is_told_apart():
    found = list(in_children(job, ["a", "ends", "hangs", "b"], jobs=2, deadline_s=2.0))
    assert {done.item: done.result or done.failed for done in found} == {
        "a": "A",
        "b": "B",
        "ends": CRASHED,
        "hangs": HUNG,
    }


def test_a_mistake_of_ours_is_no_finding():
    with pytest.raises(AssertionError, match="ValueError: raises"):
        list(in_children(job, ["raises"], jobs=1, deadline_s=60.0))

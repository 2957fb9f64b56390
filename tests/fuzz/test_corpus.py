"""The kept corpus: what runs found and kept is tried again, each mended find by its name."""

import pytest

from meter_emu.fuzz.corpus import begins_with, kept_inputs, mended
from meter_emu.fuzz.finds import failure, target_of
from meter_emu.fuzz.targets import targets

BYTES_MAX = 300_000


@pytest.mark.parametrize("name", mended())
def test_a_find_that_was_mended_holds(name):
    found = mended()[name]
    assert failure(target_of(found.target), found.data, found.build) is None
    assert found.why, "a find says what it was"


@pytest.mark.slow("asks a target of all that was kept")
@pytest.mark.parametrize("target_id", kept_inputs())
def test_what_a_run_kept_holds(target_id):
    target = targets()[target_id]
    kept = kept_inputs()[target_id]
    assert kept, "an empty file keeps nothing"
    assert len(set(kept)) == len(kept)
    assert not set(kept) & set(target.seeds()), "a seed is not kept twice"
    for data in kept:
        assert len(data) <= target.size_max
        assert failure(target, data, "reference") is None, data.hex()
        assert data in begins_with(target).values()


def test_the_corpus_is_small():
    kept = sum(len(data) for inputs in kept_inputs().values() for data in inputs)
    assert 1_000 < kept < BYTES_MAX


def test_a_find_is_an_input_its_target_begins_with():
    for found in mended().values():
        assert found.data in begins_with(target_of(found.target)).values()

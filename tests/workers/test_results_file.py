"""What holds of a file of results is what was written, or the beginning of it."""

from pathlib import Path
from random import Random

import pytest

from meter_emu.errors import OutputError
from meter_emu.workers.results_file import ResultsFile, source_digest
from tests.spoiled import spoiled

RESULTS = [[number, number * number] for number in range(12)]


def file_at(path: Path, key: str = "key") -> ResultsFile[list[int]]:
    return ResultsFile(path, key, list[int])


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "results"
    file = file_at(path)
    for result in RESULTS:
        file.add(result)
    return path


def test_what_was_added_is_there_for_who_has_the_key(written):
    assert list(file_at(written).held()) == RESULTS
    assert list(file_at(written, "another").held()) == []


def test_who_goes_on_adds_after_what_holds(written):
    whole = written.read_bytes()
    written.write_bytes(whole[:-3])
    again = file_at(written)
    assert list(again.held()) == RESULTS[:-1]
    again.add(RESULTS[-1])
    assert written.read_bytes() == whole


def test_another_key_begins_anew(written):
    other = file_at(written, "another")
    assert list(other.held()) == []
    other.add([7])
    assert list(file_at(written, "another").held()) == [[7]]
    assert list(file_at(written).held()) == []


def test_two_that_write_at_once_lose_time_and_mix_nothing(written):
    one, other = file_at(written), file_at(written)
    assert list(one.held()) == list(other.held()) == RESULTS
    for file, result in ((one, [1]), (other, [2]), (other, [3]), (one, [4])):
        file.add(result)
        found = list(file_at(written).held())[len(RESULTS) :]
        assert found in ([[1]], [[2]], [[2], [3]])


def test_a_result_of_another_type_ends_what_counts(written):
    ResultsFile(written, "key", dict[str, int]).add({"of": 1})
    assert list(file_at(written).held()) == []


@pytest.mark.slow("spoils a file 10,000 times", short=1)
@pytest.mark.parametrize("seed", range(10))
def test_a_spoiled_file_holds_a_beginning(written, seed):
    whole, chance, seen = written.read_bytes(), Random(seed), set[int]()
    for _ in range(1_000):
        written.write_bytes(spoiled(whole, chance))
        found = list(file_at(written).held())
        assert found == RESULTS[: len(found)]
        seen.add(len(found))
    assert seen == set(range(len(RESULTS) + 1))


def test_where_it_cannot_be_written_one_line_says_so(tmp_path):
    file = file_at(tmp_path / "none" / "results")
    assert list(file.held()) == []
    with pytest.raises(OutputError, match="no such file"):
        file.add([1])


def test_the_digest_is_of_the_modules_that_count():
    every, none = source_digest(), source_digest(lambda _path: False)
    assert len({every, none, source_digest(lambda path: path.name != "zones.py")}) == 3

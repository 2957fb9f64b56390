"""Processes of this machine: results in order, a bounded lead, a clean end however it comes."""

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from meter_emu.errors import MeterEmuError, WorkerError
from meter_emu.workers.processes import Processes
from meter_emu.workers.work import LEAD_PER_WORKER, Calling, Here

ROOT = Path(__file__).parents[2]
LOOPING = """
from meter_emu.workers.processes import Processes
from meter_emu.workers.work import Calling
from tests.workers.test_processes import forever
next(Processes(1).results(Calling(forever), [0]))
"""


def square(number: int) -> int:
    if number == 13:
        raise MeterEmuError("13 has no square here")
    if number == 19:
        os._exit(7)
    return number * number


def forever(_unit: int) -> None:
    sys.stdout.write(f"{os.getpid()}\n")
    sys.stdout.flush()
    while True:
        pass


@pytest.mark.slow("starts workers")
def test_any_engine_yields_the_same_results_in_order_and_takes_no_more_units_than_it_may():
    taken = [0]

    def units() -> Iterator[int]:
        for number in count():
            taken[0] = number + 1
            yield number % 7

    want = [(number % 7) ** 2 for number in range(40)]
    for engine, lead in ((Here(), 1), (Processes(2), 2 * LEAD_PER_WORKER)):
        with closing(engine.results(Calling(square), units())) as results:
            for number in range(40):
                assert next(results) == want[number]
                assert taken[0] <= number + lead, "more ahead than there may be"
    with closing(Processes(2).results(Calling(square), [3])) as results:
        assert list(results) == [9]
    assert list(Processes(2).results(Calling(square), [])) == []


@pytest.mark.slow("starts workers")
def test_what_goes_wrong_comes_after_the_results_before_it():
    for wrong, error, words in (
        (13, MeterEmuError, "13 has no square here"),
        (19, WorkerError, "a worker process ended with status 7 before its work was done"),
    ):
        results = Processes(1).results(Calling(square), [1, 2, wrong, 3])
        assert [next(results), next(results)] == [1, 4]
        with pytest.raises(error, match=words):
            next(results)


@pytest.mark.slow("starts a worker")
def test_workers_that_stay_answer_what_they_are_asked_last():
    with Processes(1).standing(Calling(square)) as results:
        with closing(results([1, 2, 3])) as unheard:
            assert next(unheard) == 1
        assert list(results([4, 5])) == [16, 25], "and not 4, which nobody waits for"


def test_a_worker_in_the_middle_of_a_unit_ends_with_its_leader():
    with subprocess.Popen([sys.executable, "-c", LOOPING], cwd=ROOT, stdout=subprocess.PIPE) as one:
        assert one.stdout is not None
        worker = os.pidfd_open(int(one.stdout.readline()))
        one.kill()
        assert select.select([worker], [], [], 10)[0] == [worker]
        os.close(worker)

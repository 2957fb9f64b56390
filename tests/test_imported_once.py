"""The workers of a run import once for all of them, and are to a test what started ones are."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.forked import ROOT

IMPORTED = Path("imported.txt")
PLANTED = """
import multiprocessing, os, signal, sys, tempfile
from pathlib import Path

with open("imported.txt", "a") as note:
    note.write("planted ")

def test_it_is_as_a_worker_that_is_started():
    assert sys.argv == ["-c"]
    assert os.environ["PYTEST_XDIST_WORKER"] in {"gw0", "gw1", "gw2"}
    assert Path(tempfile.gettempdir()) == Path(os.environ["TMPDIR"])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert os.read(0, 1) == b""

def test_what_it_spawns_does_not_run_its_main_module():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(os.getpid) != os.getpid()

def test_a_worker_that_dies_has_another_in_its_place():
    os._exit(3)
"""
REFUSED = """
import pytest

with open("imported.txt", "a") as note:
    note.write("refused ")
pytest.skip("not for this machine", allow_module_level=True)
"""


def ran(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, **file: str) -> Any:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makepyfile(**file, test_planted=PLANTED)
    ran = pytester.runpytest_subprocess(
        "-p", "xdist", "-p", "tests.left_over", "-p", "tests.imported_once",
        "-n", "2", "-q", "--import-mode=importlib",
    )  # fmt: skip
    ran.stdout.fnmatch_lines(["FAILED test_planted.py::test_a_worker_that_dies_has_*"])
    return ran, Counter(IMPORTED.read_text().split())


@pytest.mark.slow("runs pytest with workers in processes of its own")
def test_workers_import_once_for_all_and_each_for_itself_what_was_refused(pytester, monkeypatch):
    done, imported = ran(pytester, monkeypatch, test_refused=REFUSED)
    done.assert_outcomes(passed=2, failed=1, skipped=1)
    assert imported == {"planted": 1, "refused": 1 + 3}


@pytest.mark.slow("runs pytest with workers in processes of its own")
def test_where_a_file_cannot_be_imported_workers_are_started_and_say_why(pytester, monkeypatch):
    done, imported = ran(pytester, monkeypatch, test_broken="import no_such_module")
    done.assert_outcomes(passed=2, failed=1, errors=1)
    done.stdout.fnmatch_lines(["*No module named 'no_such_module'*"])
    assert imported == {"planted": 1 + 3}

"""What a test leaves behind fails that test by name, and a red run says how to draw it again."""

from pathlib import Path

import pytest

from tests.seed import said

PLANTED = """
import os, signal, socket, subprocess, sys, threading
import pytest

KEPT = []

def test_clean():
    with socket.socket():
        pass

def test_thread():
    KEPT.append(threading.Event())
    threading.Thread(target=KEPT[-1].wait, name="planted", daemon=True).start()

def test_child():
    KEPT.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))

def test_unreaped():
    os.posix_spawn(sys.executable, [sys.executable, "-c", ""], {})

def test_socket():
    KEPT.append(socket.socket())

def test_bare_handle():
    socket.socket().detach()

def test_mask():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})

def test_handler():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)

@pytest.fixture(scope="module")
def shared():
    with socket.socket() as held:
        yield held

def test_of_a_wider_scope(shared):
    assert shared
"""
NAMED = {
    "test_thread": "thread planted",
    "test_child": "child *input()",
    "test_unreaped": "child ",
    "test_socket": "socket ",
    "test_bare_handle": "socket ",
    "test_mask": "signal 12 is blocked",
    "test_handler": "handler of SIGTERM: ",
}


@pytest.mark.slow("runs pytest in a process of its own, which is left with what was planted")
def test_a_leak_of_each_kind_is_named_in_its_own_test(pytester, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    pytester.makepyfile(PLANTED)
    options = ["-p", "tests.leaks", "-p", "tests.seed", "-p", "no:xdist", "-q", "--randomly-seed=5"]
    ran = pytester.runpytest_subprocess(*options)
    ran.assert_outcomes(passed=len(NAMED) + 2, errors=len(NAMED))
    for name, words in NAMED.items():
        ran.stdout.fnmatch_lines([f"*ERROR at teardown of {name} *", "*left behind*", f"*{words}*"])
    assert ran.outlines[0].startswith("seed 5, load ")
    assert "SEED=5" in ran.outlines[-2]


def test_a_red_run_says_how_to_repeat_it_alone_and_whole():
    lines = said(5, ["tests/test_units.py::test_it"], "make test")
    assert (
        ".venv/bin/python -m pytest -n 0 --randomly-seed=5 'tests/test_units.py::test_it'"
        in lines[0]
    )
    assert lines[-1].startswith("the same draws again: make test SEED=5 (load now: ")
    assert len(said(5, [], "make test")) == 1

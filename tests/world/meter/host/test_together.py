"""Bench and program on one processor: afterwards the thread is where the system wants it."""

import os
import subprocess
import sys

import pytest

from meter_emu.world.meter.host.process import Together


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="Linux keeps a thread somewhere")
def test_two_meters_at_once_leave_the_thread_as_they_found_it():
    before = os.sched_getaffinity(0)
    command = [sys.executable, "-S", "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as child:
        one, other = Together(child.pid), Together(child.pid)
        assert len(os.sched_getaffinity(0)) == 1
        one.end()
        other.end()
        child.communicate(b"\n")
    assert os.sched_getaffinity(0) == before

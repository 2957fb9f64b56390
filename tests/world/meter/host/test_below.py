"""What is below a process, while it starts and ends others all the time."""

import subprocess
import sys

import pytest

from meter_emu.world.meter.host.below import below, end_below, excess
from tests.bounds import HANG_S

# Two deep, so that who is asked for its own may have ended since it was named.
BUSY = """
i=0
while [ $i -lt 300 ]; do
  ( ( : ) & ( : ) ; wait )
  i=$((i + 1))
done
"""


@pytest.mark.slow("starts some hundred processes")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux says what is below")
def test_processes_that_end_while_they_are_counted_are_no_error():
    seen = 0
    with subprocess.Popen(["sh", "-c", BUSY]) as parent:
        while parent.poll() is None:
            seen += len(below(parent.pid))
            assert excess(parent.pid) is None
    assert seen, "some were seen"


def test_what_is_below_one_that_has_ended_is_nothing():
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait(HANG_S)
    assert below(ended.pid) == []
    end_below(ended.pid)

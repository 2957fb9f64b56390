"""Ctrl-C next to a private pcscd: the program that started it decides, and nobody else speaks."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bounds import HANG_S
from tests.pcsc.needs import DAEMON, absent, refuse

STARTS = """
import sys
from pathlib import Path
from card_protocol.serve.pcscd import PrivatePcscd
with PrivatePcscd(Path(sys.argv[1])) as private:
    private.start()
    try:
        print(private.pid, flush=True)
        sys.stdin.read()
    except KeyboardInterrupt:
        os_there = Path(f"/proc/{private.pid}").exists()
        print("there" if os_there else "gone", flush=True)
"""


@pytest.mark.slow("a daemon is started")
def test_an_interrupt_of_the_group_reaches_its_starter_alone(tmp_path):
    if why := absent(*DAEMON):
        refuse(why)
    with subprocess.Popen(
        [sys.executable, "-c", STARTS, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        assert running.stdout is not None
        daemon = running.stdout.readline().strip()
        assert daemon.isdecimal(), running.communicate()
        os.killpg(running.pid, signal.SIGINT)
        out, err = running.communicate(timeout=HANG_S)
    assert (running.returncode, out, err) == (0, "there\n", "")
    assert not Path(f"/proc/{daemon}").exists(), "it ends with its starter"

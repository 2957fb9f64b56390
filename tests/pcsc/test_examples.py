"""The examples run unchanged over PC/SC, and a test leaves the same bytes on every link."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pcsc.needs import pyscard_absent, refuse
from tests.pcsc.private import PrivatePcscd

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "tests" / "examples"
BOUND_S = 120
PROBE = """
from hashlib import sha256
from pathlib import Path

import pytest


@pytest.mark.parametrize("carrier", [
    pytest.param(name, marks=pytest.mark.meter(carrier=name)) for name in ("secure", "plain")
])
def test_bytes(meter, card, desk, world, carrier, request):
    desk.load(card, 50)
    desk.arm(card, defer_until="2020-07-03 23:01", cut_at="2020-07-03 23:01")
    meter.insert(card, pulled_after=6)
    world.advance(hours=1)
    meter.insert(card)
    meter.remove()
    written = desk.read_back(card)
    card.save(f"{carrier}.card")
    print("bytes", carrier, sha256(meter.image + card.image + repr(written).encode()).hexdigest())
"""


@pytest.fixture(autouse=True)
def _client() -> None:
    if why := pyscard_absent():
        refuse(why)


def run(pcscd: PrivatePcscd, cwd: Path, *options: str) -> str:
    """Run pytest where the cards' ports are, and return what it says."""
    command = [
        sys.executable, "-m", "pytest", "-q", "-s", "-p", "meter_emu.pytest_plugin",
        "-p", "no:randomly", "-p", "no:cacheprovider", "-W", "error", *options,
    ]  # fmt: skip
    env = {**pcscd.environment, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        pcscd.inside(command), env=env, cwd=cwd, capture_output=True, text=True,
        timeout=BOUND_S, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def left(output: str) -> list[str]:
    found = re.findall(r"^\.*(bytes \w+ \w+)$", output, re.MULTILINE)
    assert len(found) == 2, output
    return found


def test_the_examples_pass_over_pcsc_and_leave_the_same_bytes(
    pcscd: PrivatePcscd, tmp_path: Path
) -> None:
    (tmp_path / "test_probe.py").write_text(PROBE, encoding="utf-8")
    over_pcsc = run(pcscd, tmp_path, "--meter-card-link", "vpcd", str(EXAMPLES), "test_probe.py")
    assert re.search(r"\b11 passed in", over_pcsc), over_pcsc
    directly = run(pcscd, tmp_path, "test_probe.py")
    assert left(over_pcsc) == left(directly)


def test_without_a_daemon_each_test_fails_with_a_line_and_none_hangs(
    pcscd: PrivatePcscd, tmp_path: Path
) -> None:
    (tmp_path / "test_probe.py").write_text(PROBE, encoding="utf-8")
    pcscd.kill()
    said = run(pcscd, tmp_path, "--meter-card-link", "vpcd", "test_probe.py")
    assert re.search(r"\b2 failed in", said), said
    assert "want a running pcscd with the vpcd driver" in said

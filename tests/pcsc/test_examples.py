"""The examples run unchanged over PC/SC, and a test leaves the same bytes on every link."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from card_protocol.card.image import PIN_TRIES_MAX, CardKind
from card_protocol.card.virtual import FileCard, card_of
from card_protocol.link.pcsc import PcscLink
from card_protocol.serve.pcscd import VPCD_READERS, PrivatePcscd
from meter_emu.desk.desk import Desk
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.testing.hardware import hardware
from tests.bounds import HANG_S
from tests.cards import file_card
from tests.pcsc.needs import pyscard_absent, refuse
from tests.pcsc.slots import Odd, card_in

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "tests" / "examples"
PROBE = """
from hashlib import sha256
from pathlib import Path

import pytest


@pytest.mark.parametrize("carrier", [
    pytest.param(name, marks=pytest.mark.meter(carrier=name))
    for name in ("secure", "plain", "memory")
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


def run(cwd: Path, *options: str, pcscd: PrivatePcscd | None = None) -> str:
    """Run pytest, maybe where another pcscd is found, and return what it says."""
    command = [
        sys.executable, "-m", "pytest", "-q", "-s", "-p", "meter_emu.pytest_plugin",
        "-p", "no:randomly", "-p", "no:cacheprovider", "-W", "error", *options,
    ]  # fmt: skip
    done = subprocess.run(
        pcscd.inside(command) if pcscd else command,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=cwd, capture_output=True, text=True,
        timeout=10 * HANG_S, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def left(output: str) -> list[str]:
    found = re.findall(r"^\.*(bytes \w+ \w+)$", output, re.MULTILINE)
    assert len(found) == 3, output
    return found


@pytest.mark.slow("a reader service of its own")
def test_the_examples_pass_over_pcsc_and_leave_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "test_probe.py").write_text(PROBE, encoding="utf-8")
    over_pcsc = run(tmp_path, "--meter-card-link", "vpcd", str(EXAMPLES), "test_probe.py")
    assert re.search(r"\b12 passed in", over_pcsc), over_pcsc
    directly = run(tmp_path, "test_probe.py")
    assert left(over_pcsc) == left(directly)


@pytest.fixture
def real(pcscd: PrivatePcscd) -> Iterator[FileCard]:
    """A card in the reader that the bench knows nothing of: plain, T=0, of another meter, used."""
    image = Desk(TEST_MASTER_KEY).issue(7, issued_at_min=0, card_kind=CardKind.PLAIN)
    card = card_of(file_card(image), bytes, t0=True)
    with PcscLink(VPCD_READERS[0]) as link, card_in(pcscd, link, card):
        yield card


REAL = ("--meter-card-link", "pcsc", "--meter-reader", "virtual pcd 00 00")
SURE = "--meter-yes-write-hardware"


def run_real(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    """Run pytest here: the daemon's socket crosses namespaces."""
    own = ("-p", "meter_emu.pytest_plugin", "--disable-plugin-autoload", "-p", "no:cacheprovider")
    return pytester.runpytest_inprocess("-W", "error", *own, *REAL, *options)


@pytest.mark.slow("a reader service of its own")
def test_the_examples_pass_on_a_card_that_was_in_the_reader(
    real: FileCard, pytester: pytest.Pytester
) -> None:
    before = real.image.to_bytes()
    run_real(pytester, SURE, str(EXAMPLES)).assert_outcomes(passed=9)
    after = real.image
    assert after.to_bytes() != before
    assert after.tries_left[0] == PIN_TRIES_MAX


def test_a_real_card_is_not_touched_without_the_word(
    real: FileCard, pytester: pytest.Pytester
) -> None:
    before = real.image.to_bytes()
    said = run_real(pytester, str(EXAMPLES))
    said.assert_outcomes(errors=9)
    said.stdout.fnmatch_lines([f"*--meter-card-link pcsc: *: say so with {SURE}"])
    said.stdout.no_fnmatch_line("*Traceback*")
    assert real.image.to_bytes() == before


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("card.image", "*nobody can look into a real card*"),
        ("desk.replace(card); meter.insert(card)", "*there is one card*"),
        ("assert 0", "*VERIFY secret 1, 4 bytes not shown: success *04xxxxxxxx > 9000*"),
    ],
)
def test_what_a_real_card_is_not_for_is_one_line(
    real: FileCard, pytester: pytest.Pytester, body: str, why: str
) -> None:
    pytester.makepyfile(f"def test_it(meter, card, desk):\n    desk.load(card, 50)\n    {body}\n")
    said = run_real(pytester, SURE)
    said.assert_outcomes(failed=1)
    said.stdout.fnmatch_lines([why])


@pytest.mark.parametrize("kind", ["secure", "memory"])
def test_a_card_of_another_kind_is_no_real_one(
    real: FileCard, pytester: pytest.Pytester, kind: str
) -> None:
    marked = f"import pytest\n@pytest.mark.meter(carrier='{kind}')\ndef test_it(card):\n    pass\n"
    pytester.makepyfile(marked)
    said = run_real(pytester, SURE)
    said.assert_outcomes(errors=1)
    said.stdout.fnmatch_lines([f"*carrier: expected plain on this link: a {kind} card would be *"])


@pytest.mark.slow("starts pytest over PC/SC")
def test_a_card_that_is_none_of_ours_is_one_line(
    pcscd: PrivatePcscd, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile("def test_it(card):\n    pass\n")
    run_real(pytester, SURE).stdout.fnmatch_lines(["*pcsc: no card: Virtual PCD 00 00*"])
    with PcscLink(VPCD_READERS[0]) as link, card_in(pcscd, link, Odd(lambda _: b"\x6a\x82")):
        want = ["*expected a card with file BE01 of 1024 bytes*"]
        run_real(pytester, SURE).stdout.fnmatch_lines(want)


def test_a_real_card_at_its_last_try_keeps_it(real: FileCard, pytester: pytest.Pytester) -> None:
    for _ in range(PIN_TRIES_MAX - 1):
        real.power_on()
        real.transmit(bytes.fromhex("002000010439393939"))
    real.power_off()
    before = real.image
    assert before.tries_left[0] == 1
    pytester.makepyfile("def test_it(card):\n    pass\n")
    said = run_real(pytester, SURE)
    said.stdout.fnmatch_lines(["*not sent: PIN not presented, tries left: 1*"])
    assert real.image == before


@pytest.mark.slow("a reader service of its own")
def test_a_second_run_at_the_same_reader_is_told_so_and_writes_nothing(
    real: FileCard, pytester: pytest.Pytester
) -> None:
    before = real.image.to_bytes()
    with hardware(VPCD_READERS[0], sure=True):
        said = run_real(pytester, SURE, str(EXAMPLES))
    said.assert_outcomes(errors=9)
    said.stdout.fnmatch_lines(["*another run of tests has the reader 'Virtual PCD 00 00': wait *"])
    said.stdout.no_fnmatch_line("*Traceback*")
    assert real.image.to_bytes() == before
    run_real(pytester, SURE, str(EXAMPLES)).assert_outcomes(passed=9)

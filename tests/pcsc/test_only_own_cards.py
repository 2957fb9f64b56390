"""A test over the virtual reader writes on cards that a test made, and on no other."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest

from card_protocol.card.image import CardImage
from card_protocol.card.virtual import card_of
from card_protocol.link.pcsc import PcscLink
from card_protocol.serve import pcscd as private
from card_protocol.serve.pcscd import VPCD_READERS, PrivatePcscd
from meter_emu.cli import app
from meter_emu.cli.output import write_atomically
from meter_emu.desk.desk import Desk
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.errors import ConfigError
from meter_emu.testing.vpcd import Vpcd, vpcd
from tests.bounds import HANG_MS, HANG_S
from tests.cards import file_card
from tests.cli.serving import Serving
from tests.pcsc.needs import pyscard_absent, refuse
from tests.pcsc.slots import card_in
from tests.pcsc.test_examples import EXAMPLES, run

BOTH = """
import os
from pathlib import Path

from card_protocol.serve.pcscd import until


def test_both(meter, card, desk):
    desk.load(card, 50)
    meter.insert(card)
    Path(f"{os.getpid()}.here").touch()
    until(lambda: len([*Path().glob("*.here")]) == 2 or None, bound_s=60)
    desk_has = meter.balance_cents
    meter.remove()
    assert desk_has == 7_000
"""
SELECT_BY_NAME = bytes.fromhex("00a4040010")


@pytest.fixture(autouse=True)
def _client() -> None:
    if why := pyscard_absent():
        refuse(why)


def image_of(meter: int) -> CardImage:
    return file_card(Desk(TEST_MASTER_KEY, challenge=bytes).issue(meter, issued_at_min=0))


class Heard:
    """A foreign card that notes what is said to it."""

    def __init__(self) -> None:
        self.card = card_of(image_of(7), bytes)
        self.power_on, self.power_off = self.card.power_on, self.card.power_off
        self.commands: list[bytes] = []

    def transmit(self, command: bytes) -> bytes:
        self.commands.append(command)
        return self.card.transmit(command)


@pytest.fixture
def link(pcscd: PrivatePcscd) -> Iterator[PcscLink]:
    with PcscLink(VPCD_READERS[0]) as link:
        yield link


@pytest.fixture
def reach(pcscd: PrivatePcscd, link: PcscLink) -> Iterator[Vpcd]:
    made = Vpcd(pcscd, link)
    yield made
    made.close()


def test_a_card_that_is_in_the_slot_already_hears_nothing(pcscd, link, reach) -> None:
    heard, ours = Heard(), reach.card(image_of(1), Random(1).randbytes)
    before = heard.card.image
    why = f"a card that no test made is in {VPCD_READERS[0]}"
    with card_in(pcscd, link, heard), pytest.raises(ConfigError, match=why):
        ours.power_on()
    assert heard.commands == []
    assert heard.card.image == before
    assert ours.power_on(), "and an empty slot takes ours"


def test_a_card_of_our_kind_that_came_instead_of_ours_hears_one_harmless_question(
    pcscd, link, reach
) -> None:
    """The same ATR: only the mark is missing."""
    heard, ours = Heard(), reach.card(image_of(1), Random(1).randbytes)
    before = heard.card.image
    assert ours.power_on() == heard.power_on()
    ours.power_off()
    reach._plugged.pull()
    with card_in(pcscd, link, heard), pytest.raises(ConfigError, match="it is left alone"):
        ours.power_on()
    (asked,) = heard.commands
    assert asked.startswith(SELECT_BY_NAME)
    assert heard.card.image == before


def test_a_card_with_another_atr_is_asked_nothing(pcscd, link, reach) -> None:
    heard, ours = Heard(), reach.card(image_of(1), Random(1).randbytes)
    ours.power_on()
    ours.power_off()
    reach._plugged.pull()
    heard.power_on = lambda: bytes.fromhex("3b80800101")
    with card_in(pcscd, link, heard), pytest.raises(ConfigError, match="it is left alone"):
        ours.power_on()
    assert heard.commands == []


def test_each_run_has_a_mark_of_its_own(pcscd, link, reach) -> None:
    assert Vpcd(pcscd, link)._mark.question != reach._mark.question
    assert Vpcd(pcscd, link)._mark.answer != reach._mark.answer


def test_the_card_itself_never_sees_the_question(reach) -> None:
    cards = reach.card(image_of(1), Random(1).randbytes), card_of(image_of(1), Random(1).randbytes)
    for card in cards:
        card.power_on()
    for command in (bytes.fromhex("00a4000c023f00"), bytes.fromhex("0084000008")):
        over_pcsc, alone = (card.transmit(command) for card in cards)
        assert over_pcsc == alone


@pytest.mark.slow("a reader service of its own")
def test_a_card_being_served_to_the_same_user_is_not_written(
    pcscd: PrivatePcscd, link: PcscLink, tmp_path: Path
) -> None:
    """Also where the environment names another pcscd: it has its own."""
    file = tmp_path / "the.card"
    write_atomically(file, image_of(7).to_bytes())
    with Serving(file, command=pcscd.inside([])) as serving:
        serving.says("inserted")
        assert link.wait(present=True, wait_ms=HANG_MS)
        options = ("--meter-card-link", "vpcd", str(EXAMPLES), "-k", "not_before")
        said = run(tmp_path, *options, pcscd=pcscd)
        assert re.search(r"\b1 passed, ", said), said
        assert link.wait(present=True, wait_ms=0)
    assert file.read_bytes() == image_of(7).to_bytes()


@pytest.mark.slow("a reader service of its own")
def test_two_runs_at_once_have_a_reader_each(tmp_path: Path) -> None:
    """Neither can end before both have a card in: each waits for the other's file."""
    (tmp_path / "test_both.py").write_text(BOTH, encoding="utf-8")
    with ThreadPoolExecutor() as pool:
        said = [*pool.map(lambda _: run(tmp_path, "--meter-card-link", "vpcd"), range(2))]
    assert all(re.search(r"\b1 passed in", one) for one in said), said
    assert len([*tmp_path.glob("*.here")]) == 2


def test_the_environment_leads_to_the_run_s_own_daemon_while_it_lasts(monkeypatch) -> None:
    monkeypatch.delenv(private.PORT_VARIABLE, raising=False)
    listed = ["opensc-tool", "--list-readers"]
    with vpcd() as way:
        way.card(image_of(1), bytes).power_on()
        done = subprocess.run(listed, capture_output=True, text=True, timeout=HANG_S, check=True)
        assert re.search(r"^0 +Yes +Virtual PCD 00 00$", done.stdout, re.MULTILINE), done.stdout
        assert private.PORT_VARIABLE in os.environ
    assert private.PORT_VARIABLE not in os.environ


def test_what_is_not_installed_is_one_line(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private, "PACKAGES", {"no-such-command": "a-package"})
    own = ("-p", "meter_emu.pytest_plugin", "--disable-plugin-autoload", "-p", "no:cacheprovider")
    said = pytester.runpytest_inprocess(
        "-W", "error", *own, "--meter-card-link", "vpcd", str(EXAMPLES)
    )
    said.assert_outcomes(errors=9)
    want = "*--meter-card-link vpcd: other: not installed; as root: apt-get install a-package"
    said.stdout.fnmatch_lines([want])
    said.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.slow("a reader service of its own")
def test_a_missing_pyscard_is_one_line_before_any_test(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also where a relay would wait for ever: it will not come by waiting."""
    pytester.makepyfile(smartcard="raise ImportError('no pyscard here')")
    pytester.makepyfile("def test_it(card):\n    pass\n")
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    own = ("-p", "meter_emu.pytest_plugin", "--disable-plugin-autoload", "-p", "no:cacheprovider")
    said = pytester.runpytest_inprocess("-W", "error", *own, "--meter-card-link", "vpcd")
    said.assert_outcomes(errors=1)
    said.stdout.fnmatch_lines(["*--meter-card-link vpcd: other: *: no pyscard here (*"])
    said.stdout.no_fnmatch_line("*Traceback*")
    words = ["meter-emu", "card", "relay", "--reader", "any", "--wait-s", "20"]
    monkeypatch.setattr(sys, "argv", words)
    assert app.run() == 2
    assert "waiting" not in capsys.readouterr().out

"""`card.plugged()`: a card in a stranger's terminal. His mistakes: tests/packaging."""

import shutil
from pathlib import Path

import pytest

from card_protocol.errors import LinkError
from meter_emu.errors import ConfigError
from meter_emu.testing import Circumstances, Direct, MeterSetup
from meter_emu.testing.links import OverT0, Reach

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "tests" / "examples"
OPTIONS = (
    "-W",
    "error",
    "-p",
    "meter_emu.pytest_plugin",
    "--disable-plugin-autoload",
    "-p",
    "no:cacheprovider",
)
SELECT_MF = bytes.fromhex("00a4000c023f00")


@pytest.mark.slow("runs all examples over T=0")
def test_all_examples_hold_over_t0(pytester: pytest.Pytester) -> None:
    for example in EXAMPLES.glob("test_*.py"):
        shutil.copy(example, pytester.path)
    pytester.runpytest_inprocess(*OPTIONS, "--meter-card-link", "t0").assert_outcomes(passed=9)


@pytest.mark.parametrize("reach", [Direct(), OverT0()])
def test_a_card_in_a_terminal_is_a_link_and_nobody_else_s(reach: Reach) -> None:
    setup = MeterSetup(Circumstances(), build="reference", seed=0, reach=reach)
    with setup.card.plugged() as terminal:
        with pytest.raises(LinkError, match="not connected"):
            terminal.exchange(SELECT_MF)
        assert terminal.transmit(SELECT_MF) == b""
        assert terminal.connect() == terminal.power_on() != b""
        assert terminal.exchange(SELECT_MF) == b"\x90\0"
        for other in (
            lambda: setup.desk.load(setup.card, 50),
            lambda: setup.meter.insert(setup.card),
        ):
            with pytest.raises(ConfigError, match="it is in a terminal"):
                other()
        terminal.disconnect()
        assert terminal.transmit(SELECT_MF) == b""
    setup.desk.load(setup.card, 50)
    setup.meter.insert(setup.card)
    with pytest.raises(ConfigError, match="it is in the meter"), setup.card.plugged():
        pass


def test_over_t0_every_byte_passes_the_contact() -> None:
    reach = OverT0()
    setup = MeterSetup(Circumstances(), build="reference", seed=0, reach=reach)
    with setup.card.plugged() as terminal:
        terminal.connect()
        wire = setup.card._held
        before = wire.line.characters  # type: ignore[attr-defined]
        terminal.exchange(SELECT_MF)
        # Five of the header, the procedure byte, two of data, two of the status word.
        assert wire.line.characters - before == 10  # type: ignore[attr-defined]

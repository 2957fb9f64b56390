"""pytest fixtures `meter`, `card`, `desk` and `world`: an emulated meter on the bench of a test.

Every pytest run in an environment that has meter-emu installed imports this module, so it imports
nothing but pytest; the bench is made when a test asks for one. `docs/testing-with-pytest.md`.
"""

import sys
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from meter_emu.testing import Card, Desk, Meter, MeterSetup, World
    from meter_emu.testing.links import Reach

_HARDWARE: Final = "pcsc"
LINK_NAMES: Final = ("direct", "t0", "vpcd", _HARDWARE)
_REFERENCE: Final = "reference"
_STORIES: Final = 100  # ours: seconds a law
_SETUP: "Final[pytest.StashKey[MeterSetup]]" = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the bench."""
    group = parser.getgroup("meter-emu", "an emulated prepayment meter, its card and its desk")
    group.addoption(
        "--meter-card-link",
        choices=LINK_NAMES,
        default=LINK_NAMES[0],
        help="How cards are reached.",
    )
    group.addoption("--meter-reader", metavar="NAME", help="The PC/SC reader, or part of its name.")
    group.addoption(
        "--meter-yes-write-hardware",
        action="store_true",
        help="Let tests write on the real card in --meter-reader.",
    )
    group.addoption(
        "--meter-firmware",
        metavar="BUILD",
        default=_REFERENCE,
        help="reference[+DEFECT...] (default), or MODULE:FACTORY of your own program.",
    )
    group.addoption(
        "--meter-stories",
        type=int,
        default=_STORIES,
        metavar="N",
        help=f"Stories that meter_emu.pytest_laws asks each law of (default: {_STORIES}).",
    )
    group.addoption(
        "--meter-seed", type=int, default=0, metavar="N", help="What chance does (default: 0)."
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; refuse options that cannot be before any test runs."""
    config.addinivalue_line(
        "markers",
        "meter(model, start, balance_eur, load_per_hour, clock_error_s, drift_ppb, carrier,"
        " generation, prepayment, limiter): the circumstances of the meter-emu fixtures",
    )
    option = config.getoption
    link = option("--meter-card-link")
    if link == _HARDWARE and option("dist", "no") != "no":
        raise pytest.UsageError(
            f"--meter-card-link {link} has one card for all tests: run them in one process, -n 0"
        )
    for name in ("--meter-reader", "--meter-yes-write-hardware"):
        if option(name) and link != _HARDWARE:
            raise pytest.UsageError(f"{name} is for a real card: --meter-card-link {_HARDWARE}")
    if option("--meter-firmware") != _REFERENCE:
        from card_protocol.one_line import one_line
        from meter_emu.errors import ConfigError
        from meter_emu.world.meter.build import parse_build

        here = str(config.invocation_params.dir)
        if here not in sys.path:
            sys.path.append(here)  # where a person's own MODULE:FACTORY lies, after all else
        try:
            parse_build(option("--meter-firmware"))
        except ConfigError as error:
            raise pytest.UsageError(one_line(str(error))) from None


@contextmanager
def mistakes_in_one_line() -> Iterator[None]:
    """Fail a test whose options, marker or card are at fault without a traceback of ours."""
    from card_protocol.one_line import one_line
    from meter_emu.errors import MeterEmuError

    try:
        yield
    except MeterEmuError as error:
        raise pytest.fail.Exception(one_line(str(error)), pytrace=False) from None


@pytest.fixture(scope="session")
def _meter_reach(pytestconfig: pytest.Config) -> "Iterator[Reach]":
    """Make the way to the cards of the whole run."""
    from meter_emu.testing.links import LINKS, LinkOptions

    option = pytestconfig.getoption
    reader, sure = option("--meter-reader"), option("--meter-yes-write-hardware")
    with ExitStack() as ending:
        with mistakes_in_one_line():
            way = LINKS[option("--meter-card-link")](LinkOptions(reader=reader, sure=sure))
            reach = ending.enter_context(way)
        yield reach


@pytest.fixture
def _meter_setup(request: pytest.FixtureRequest, _meter_reach: "Reach") -> "Iterator[MeterSetup]":
    """Make the bench of one test from its markers, the nearest first, and from the options."""
    from meter_emu.testing import MeterSetup
    from meter_emu.testing.circumstances import circumstances_of

    option = request.config.getoption
    build, seed = option("--meter-firmware"), option("--meter-seed")
    with mistakes_in_one_line():
        setting = circumstances_of(request.node.iter_markers("meter"))
        setup = MeterSetup(setting, build=build, seed=seed, reach=_meter_reach)
    request.node.stash[_SETUP] = setup
    yield setup
    setup.close()


@pytest.fixture
def world(_meter_setup: "MeterSetup") -> "World":
    """True time, and how it passes."""
    return _meter_setup.world


@pytest.fixture
def meter(_meter_setup: "MeterSetup") -> "Meter":
    """One running meter."""
    return _meter_setup.meter


@pytest.fixture
def desk(_meter_setup: "MeterSetup") -> "Desk":
    """The office, which writes on cards."""
    return _meter_setup.desk


@pytest.fixture
def card(_meter_setup: "MeterSetup") -> "Card":
    """The household's card, as newly issued."""
    with mistakes_in_one_line():
        return _meter_setup.card


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to a failed test's report: seed, the meter's events, what the cards said."""
    report = yield
    setup = item.stash.get(_SETUP, None)
    if setup is not None and report.failed:
        from meter_emu.testing.failure_report import failure_text

        names = ("--meter-seed", "--meter-firmware", "--meter-card-link", "--meter-reader")
        options = {name: item.config.getoption(name) for name in names}
        report.sections.append(("meter-emu", failure_text(setup, options)))
    return report

"""The plugin as a newcomer meets it: in a run of its own, on a copy of the examples."""

import shutil
import sys
from pathlib import Path

import pytest

import meter_emu.testing.failure_report
from meter_emu import pytest_plugin
from meter_emu.laws import laws
from meter_emu.testing.links import LINKS

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "tests" / "examples" / "test_budget_meter.py"
ALWAYS_ON = """
from meter_emu.ports import Sleep

class AlwaysOn:
    def __init__(self, ports):
        self._ports = ports

    def poll(self):
        self._ports.display("ON")
        return Sleep(86_400)
"""


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    """Run the tests in the folder, with our plugin and without what this run brings along."""
    own = ("-p", "meter_emu.pytest_plugin", "--disable-plugin-autoload", "-p", "no:cacheprovider")
    return pytester.runpytest_inprocess("-W", "error", "--strict-markers", *own, *options)


@pytest.fixture
def examples(pytester: pytest.Pytester) -> pytest.Pytester:
    shutil.copy(EXAMPLES, pytester.path)
    return pytester


def failed(result: pytest.RunResult) -> set[str]:
    reports = result.reprec.getfailures()  # type: ignore[attr-defined]
    return {report.nodeid.partition("::")[2].partition("[")[0] for report in reports}


# The laws as tests --------------------------------------------------------------------------------

LAWS = "from meter_emu.pytest_laws import test_law\n"


@pytest.mark.slow("starts pytest")
def test_each_law_is_a_test_of_somebody_elses_build(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_laws=LAWS)
    result = run(pytester, "--meter-stories", "10", "-k", "never-early or answers or set-back")
    result.assert_outcomes(passed=3, deselected=len(laws()) - 3)


def test_a_broken_law_fails_with_its_story_and_file(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_laws=LAWS)
    build = ("--meter-firmware", "reference+end-exclusive", "-k", "never-early")
    result = run(pytester, *build, "--meter-stories", "20")
    result.assert_outcomes(failed=1, deselected=len(laws()) - 1)
    result.stdout.fnmatch_lines(["*never-early: an armed household *", "*disconnected *"])


def test_a_law_that_says_nothing_is_skipped_and_a_program_that_obeys_no_card_fails(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(test_laws=LAWS, my_meter=ALWAYS_ON)
    pytester.syspathinsert()
    foreign = ("--meter-firmware", "my_meter:AlwaysOn", "--meter-stories", "1")
    result = run(pytester, *foreign, "-k", "never-early")
    result.assert_outcomes(failed=1, deselected=len(laws()) - 1)
    result.stdout.fnmatch_lines(["*obeys no card on any meter*"])


# The examples find what is wrong with a firmware --------------------------------------------------


@pytest.mark.slow("runs pytest on the examples")
@pytest.mark.parametrize(
    ("build", "found"),
    [
        ("reference", set()),
        (
            "reference+end-exclusive",
            {
                "test_an_armed_meter_cuts_at_the_time_and_not_before",
                "test_a_fast_clock_never_cuts_early",
            },
        ),
        ("reference+reactivation-clears-one", {"test_who_reactivates_in_time_is_not_cut"}),
    ],
)
def test_the_examples_find_the_defect(
    examples: pytest.Pytester, build: str, found: set[str]
) -> None:
    result = run(examples, "--meter-firmware", build)
    assert failed(result) == found


def test_each_example_fails_with_a_program_that_does_nothing(examples: pytest.Pytester) -> None:
    examples.makepyfile(my_meter=ALWAYS_ON)
    examples.syspathinsert()
    result = run(examples, "--meter-firmware", "my_meter:AlwaysOn")
    outcomes = result.parseoutcomes()
    assert set(outcomes) == {"failed"}, outcomes


@pytest.mark.slow("runs the examples in a pytest of its own")
def test_a_failed_test_tells_seed_events_and_dialogue(examples: pytest.Pytester) -> None:
    only = "test_an_armed_meter_cuts_at_the_time_and_not_before"
    options = ("--meter-seed", "7", "--meter-firmware", "reference+end-exclusive")
    result = run(examples, *options, "-k", only)
    result.stdout.fnmatch_lines(
        [
            "*- meter-emu -*",
            "repeat with: --meter-seed 7 --meter-firmware reference+end-exclusive *link direct",
            "the last * of * events:",
            "  2020-03-18T12:00:00+01:00 * EUR  desk defer until 2020-07-03 23:01, cut at *",
            "  2020-07-02T23:*+02:00   20.00 EUR  supply off [[]OFF: CUT AS OF 2020-07-02 23:01[]]",
            "the meter's own journal:",
            "  2020-03-18 12:00 legal, 11:00 UTC: order executed number 1",
            "  2020-07-02 23:10 legal, 21:10 UTC: cut programmed",
            "the last * of * steps between card and reader:",
            "  2020-03-18T12:00:00+01:00  desk, card 1",
            "    reset: ATR 3b*",
            "    UPDATE BINARY file 2 from 0, 64 bytes sent: success [[]00d682* > 9000[]]",
            "  2020-03-18T12:00:00+01:00  meter, card 1",
            "    EXTERNAL AUTHENTICATE with key 1*: success [[]00820001* > 9000[]]",
            "    UPDATE BINARY file 3 from 0, 154 bytes sent: success [[]00d683* > 9000[]]",
        ]
    )


def test_the_transport_pin_is_not_told(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.meter(carrier="plain")
        def test_it(meter, card, desk):
            desk.load(card, 50)
            assert False
        """
    )
    result = run(pytester)
    result.stdout.fnmatch_lines(
        ["    VERIFY secret *, 4 bytes not shown: success [[]0020*04xxxxxxxx > 9000[]]"]
    )
    from card_protocol.formats.container import TRANSPORT_PIN

    assert TRANSPORT_PIN.encode().hex() not in result.stdout.str()


def test_the_same_seed_gives_the_same_bytes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from pathlib import Path

        def test_it(meter, card, desk, world, request):
            desk.load(card, 50)
            meter.insert(card)
            world.advance(days=3)
            seed = request.config.getoption("--meter-seed")
            path = Path(f"{seed}.bytes")
            now = meter.image + card.image
            if path.exists():
                assert path.read_bytes() == now
            path.write_bytes(now)
        """
    )
    for seed in ("1", "2", "1", "2"):
        run(pytester, "--meter-seed", seed).assert_outcomes(passed=1)
    one, two = (pytester.path / f"{seed}.bytes" for seed in (1, 2))
    assert one.read_bytes() != two.read_bytes()


# Markers and options ------------------------------------------------------------------------------


def test_the_nearest_marker_wins_and_the_others_stay(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        pytestmark = pytest.mark.meter(balance_eur=7, load_per_hour=0, start="2020-06-01 08:00")

        @pytest.mark.meter(balance_eur="12.50", model="gas-pcf8563-battery")
        def test_it(meter, world):
            assert meter.balance_cents == 1250
            assert meter.model.energy == "gas"
            assert f"{world.now:%Y-%m-%d %H:%M %z}" == "2020-06-01 08:00 +0200"

        def test_the_other(meter):
            assert meter.balance_cents == 700
            assert meter.model.energy == "electricity"
        """
    )
    run(pytester).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("marks", "why"),
    [
        ("balance=1", "@pytest.mark.meter: balance: unknown key, did you mean 'balance_eur'?"),
        ("'gas'", "@pytest.mark.meter: expected key=value, got 'gas'"),
        ("balance_eur=12.5", "@pytest.mark.meter: balance_eur: *got a number with a point*"),
        ("balance_eur='much'", "@pytest.mark.meter: balance_eur: expected whole euro, or text *"),
        ("start='2020-02-30 10:00'", "@pytest.mark.meter: start: expected a time such as *"),
        ("start='2020-03-29 02:30'", "*start: 2020-03-29 02:30:00 does not exist in *"),
        ("start='1999-01-01 10:00'", "*start: expected 2000 to 2099*"),
        ("model='steam'", "steam: no such file, and none of the built-in meters: *"),
        ("carrier='paper'", "@pytest.mark.meter: carrier: *"),
        (
            "clock_error_s=-10**9",
            "*clock_error_s: expected a clock that shows a day of 2000 to 2099",
        ),
        ("model='gas-pcf8563-battery', limiter=True", "*limiter: a gas-pcf8563-battery has none"),
    ],
)
def test_a_wrong_marker_is_one_clear_line(pytester: pytest.Pytester, marks: str, why: str) -> None:
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.mark.meter({marks})
        def test_it(meter):
            pass
        """
    )
    result = run(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([why.replace("`", "")])
    result.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (
            ("--meter-firmware", "reference+nothing"),
            "*reference+nothing: build: expected a defect of*",
        ),
        (("--meter-firmware", "nowhere:Meter"), "*build: cannot import nowhere: *"),
        (("--meter-firmware", "json:Meter"), "*build: json has no Meter to call"),
        (("--meter-firmware", "json:loads+end-exclusive"), "*is a defect of our own program*"),
        (
            ("--meter-firmware", "other"),
            "*expected reference or plain, MODULE:FACTORY or ./PROGRAM, *",
        ),
        (("--meter-card-link", "radio"), "*invalid choice: 'radio'*"),
        (("-p", "xdist", "--meter-card-link", "pcsc", "-n2"), "*pcsc has one card for all tests*"),
        (("--meter-card-link", "vpcd", "--meter-reader", "ACR"), "*--meter-reader is for a real *"),
        (("--meter-yes-write-hardware",), "*--meter-yes-write-hardware is for a real card: *"),
        (("--meter-seed", "luck"), "*invalid int value: 'luck'*"),
    ],
)
def test_a_wrong_option_ends_the_run_with_one_line(
    examples: pytest.Pytester, options: tuple[str, ...], why: str
) -> None:
    result = run(examples, *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([why])


def test_the_options_name_every_link() -> None:
    assert tuple(LINKS) == pytest_plugin.LINK_NAMES


# A project of somebody else ----------------------------------------------------------------------

STEERS = "x\x1b[2J\x1b]0;t\x07\u202e"
THEIRS = f"""
STEERS = {STEERS!r}

class Shows:
    def __init__(self, ports):
        self._ports = ports

    def poll(self):
        self._ports.display(STEERS)
        raise RuntimeError(STEERS)
"""
HOSTILE_TESTS = f"""
import pytest

STEERS = {STEERS!r}

@pytest.mark.meter(model=STEERS)
def test_model(meter):
    pass

@pytest.mark.meter(**{{STEERS: 1}})
def test_marker(meter):
    pass

@pytest.mark.meter(carrier=STEERS, balance_eur=STEERS)
def test_values(meter):
    pass

def test_failing(meter, world):
    world.advance(60)
    assert False
"""


@pytest.mark.slow("starts pytest")
@pytest.mark.parametrize("build", ["theirs:Shows", STEERS, f"reference+{STEERS}", f"{STEERS}:a"])
def test_a_hostile_project_steers_no_terminal(
    pytester: pytest.Pytester, build: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(pytester.path)
    pytester.makepyfile(theirs=THEIRS, test_theirs=HOSTILE_TESTS)
    result = run(pytester, "--meter-firmware", build, "--tb=line", "--color=no")
    said = result.stdout.str() + result.stderr.str()
    assert {char for char in said if not char.isprintable()} <= {"\n"}
    assert "INTERNALERROR" not in said
    assert "x\\x1b[2J" in said


# A run that wants none of it ----------------------------------------------------------------------


@pytest.fixture
def apart(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder whose processes find this checkout, installed or not."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return pytester


def test_importing_the_plugin_imports_nothing_else(apart: pytest.Pytester) -> None:
    question = """
import sys, pytest
before = set(sys.modules)
import meter_emu.pytest_plugin
print(*sorted(set(sys.modules) - before))
"""
    done = apart.run(sys.executable, "-c", question)
    assert done.outlines == ["card_protocol card_protocol.late meter_emu meter_emu.pytest_plugin"]


@pytest.mark.slow("starts pytest")
def test_a_run_without_our_fixtures_imports_no_bench(apart: pytest.Pytester) -> None:
    apart.makepyfile(
        """
        import sys

        def test_it():
            ours = {name for name in sys.modules if name.startswith(("meter_emu", "card_"))}
            assert ours - {"card_protocol.late"} == {
                "card_protocol", "meter_emu", "meter_emu.pytest_plugin"
            }
            assert False
        """
    )
    done = apart.runpytest_subprocess("-p", "meter_emu.pytest_plugin", "-W", "error")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*assert False*"])
    done.stdout.no_fnmatch_line("*- meter-emu -*")


def test_told_is_imported_before_the_inner_runs() -> None:
    """What an inner run imports first it forgets at its end, and some libraries load only once."""
    assert meter_emu.testing.failure_report.__name__

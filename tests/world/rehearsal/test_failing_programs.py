"""A program that fails is the verdict of its home, and of no other."""

import signal
from pathlib import Path

import pytest

from meter_emu.errors import ConfigError, ProgramError
from meter_emu.firmware.program import Program
from meter_emu.ports import Sleep
from meter_emu.testing import Circumstances, Direct, MeterSetup
from meter_emu.units import DAY_US, HOUR_US, MINUTE_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import Verdict
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.failure import (
    PULSE_SIZE,
    Alarm,
    CallLog,
    FailureKind,
    FeltPulse,
    SharedPulse,
)
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import POLLS_MAX, run_meter
from meter_emu.world.rehearsal.fleet import rehearse_all
from tests.campaigns import head
from tests.world.rehearsal import failing
from tests.world.rehearsal.failing import GOOD_POLLS

HEAD = head("programs", "2020-06-01T00:00:00", "2020-06-03T00:00:00", announced=None)
HOME = """
[[household]]
id = "{id}"
kind = "{id}"
build = "{build}"
balance_eur = 50
load_w = {load}
poll_phase_us = 0
"""


def campaign_file(folder: Path, *programs: str, more: str = "") -> Path:
    households = "".join(
        HOME.format(id=name, build=f"tests.world.rehearsal.failing:{name}", load=0)
        for name in programs
    )
    ours = HOME.format(id="ours", build="reference", load=100)
    path = folder / "programs.toml"
    path.write_text(HEAD + more + households + ours, "utf-8")
    return path


def campaign(folder: Path, *programs: str, more: str = "") -> Campaign:
    return load_campaign(campaign_file(folder, *programs, more=more))


def last_of(folder: Path, program: str) -> Event:
    """Return the last event of a program run in this process."""
    whole = campaign(folder, program)
    return run_meter(whole.households[0], whole)[-1]


@pytest.mark.parametrize(
    ("program", "kind", "why"),
    [
        ("Raises", FailureKind.CRASHED, r"RuntimeError: boom\x1b[31m red (failing.py, line "),
        ("Returns", FailureKind.CRASHED, "a poll returned 42, expected Sleep or None"),
        (
            "Zero",
            FailureKind.CRASHED,
            "until_second=0, until_units=None): expected until_second from",
        ),
        ("PastMidnight", FailureKind.CRASHED, "expected until_second from 1 to 86400"),
        ("NoSecond", FailureKind.CRASHED, "expected until_second from 1 to 86400"),
        ("PastTheRegister", FailureKind.CRASHED, "until_units None or 0 to 4294967295"),
        ("Misuses", FailureKind.CRASHED, "TypeError"),
        ("CallsNothing", FailureKind.HUNG, "a poll called no port"),
        ("CallsForEver", FailureKind.HUNG, "a poll took more calls than any meter needs"),
        ("WaitsForEver", FailureKind.HUNG, "a poll took more time than any meter needs"),
        ("GoesOnAfterItsEnd", FailureKind.HUNG, "a poll took more calls than any meter needs"),
        ("IsNotBuilt", FailureKind.CRASHED, "ValueError: no such meter (failing.py, line "),
    ],
)
def test_a_failure_says_what_and_when_by_true_time_and_by_the_meters_clock(
    tmp_path, program, kind, why
):
    event = last_of(tmp_path, program)
    failure = event.failure
    assert failure is not None
    assert (failure.kind, event.what.value, event.at_us) == (kind, kind.value, failure.at_us)
    assert why in failure.why
    assert failure.why.isprintable()
    start_us = campaign(tmp_path, program).start_us
    good = 0 if program in {"CallsNothing", "IsNotBuilt"} else GOOD_POLLS
    into_us = failure.at_us - start_us - good * MINUTE_US
    assert 0 <= into_us < (MINUTE_US if program != "WaitsForEver" else 3 * HOUR_US)
    assert failure.clock is not None
    if program != "WaitsForEver":
        shown = "2020-05-31 23:00" if good else "2020-05-31 22:00"  # the chip counts UTC
        assert failure.clock.startswith(shown)


@pytest.mark.parametrize(
    ("program", "calls"),
    [
        ("Raises", ("rtc_read(2, 7)", "display('HELLO')") * 4),
        ("Misuses", ("display('HELLO')", "rtc_read('two', 7)")),
        ("CallsForEver", ("card_present()",) * 8),
        ("CallsNothing", ()),
    ],
)
def test_a_failure_names_the_last_calls(tmp_path, program, calls):
    failure = last_of(tmp_path, program).failure
    assert failure is not None
    assert failure.calls[len(failure.calls) - len(calls) :] == calls


@pytest.mark.slow("lives and judges many homes")
def test_how_many_processes_work_makes_no_difference_to_failures(tmp_path):
    whole = campaign(tmp_path, "Raises", "Exits")
    one, two = (list(rehearse_all(whole, jobs=jobs, events=True)) for jobs in (1, 2))
    assert one == two
    assert [run.outcome.verdict.value for run in one] == [
        "crashed", "crashed", "kept",
    ]  # fmt: skip


def test_our_own_program_tells_its_last_calls_too(tmp_path, monkeypatch):
    """A part of the reference with a mistake: it fails, runs again, and fails the same way."""
    poll = Program.poll

    def failing_at_noon(self: Program) -> Sleep | None:
        hint = poll(self)
        if self._ports.metrology_units() > 1_200:
            raise KeyError("noon")
        return hint

    monkeypatch.setattr(Program, "poll", failing_at_noon)
    whole = campaign(tmp_path)
    events = run_meter(whole.households[0], whole)
    failure = events[-1].failure
    assert failure is not None
    assert failure.why.startswith("KeyError: 'noon'")
    assert failure.calls[-1] == "metrology_units()"
    assert len(failure.calls) == 8
    assert judge(whole.households[0], whole, events).verdict is Verdict.CRASHED


def test_a_graver_end_is_not_hidden_by_polls_that_are_spent(tmp_path):
    whole = campaign(tmp_path, more="polls_max = 2\n")
    (household,) = whole.households
    events = run_meter(household, whole)
    failure = events[-1].failure
    assert failure is not None
    assert (events[-1].what, failure.why) == (What.UNSEEN, "the meter has had its 2 polls")
    outcome = judge(household, whole, events)
    assert (outcome.verdict, outcome.failure) == (Verdict.NOT_SEEN, failure)
    opened = Event(at_us=whole.start_us + MINUTE_US, what=What.OPENED)
    cut = judge(household, whole, [events[0], opened, events[-1]])
    assert (cut.verdict, cut.failure) == (Verdict.WRONGLY_CUT, failure)


@pytest.mark.slow("polls to its bound in a process")
def test_a_clock_that_shows_no_time_is_polled_until_its_polls_are_spent(tmp_path):
    whole = campaign(tmp_path, "Healthy", more="polls_max = 100\n")
    polled, ours = list(rehearse_all(whole, jobs=1, events=False))
    assert (polled.outcome.verdict, ours.outcome.verdict) == (Verdict.NOT_SEEN, Verdict.KEPT)
    assert POLLS_MAX * 60 > 10 * DAY_US // 1_000_000, "days of polls every minute"


def test_a_program_that_hangs_under_pytest_is_ended_by_an_alarm():
    setup = MeterSetup(Circumstances(), build="reference", seed=0, reach=Direct())
    board = setup.rig.board
    log = CallLog(board, Alarm(silence_s=0.2))
    program = failing.Healthy(log.ports)

    def never_back() -> Sleep | None:
        while True:
            pass

    program.act = never_back  # type: ignore[method-assign]
    bench = Bench(board, lambda _ports: program, poll_us=MINUTE_US, log=log)
    with pytest.raises(ProgramError, match=r"the program hung: no port was called for 0\.2 s"):
        bench.run_until(board.now_us + DAY_US)
    assert log.calls[-2:] == ("rtc_read(2, 7)", "display('HELLO')")
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_an_alarm_that_somebody_else_uses_is_left_alone():
    board = MeterSetup(Circumstances(), build="reference", seed=0, reach=Direct()).rig.board
    before = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    try:
        log = CallLog(board, Alarm(silence_s=0.2))
        with log.poll():
            log.ports.rtc_read(0, 1)
            assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
        assert signal.getsignal(signal.SIGALRM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_pulse_is_seen_from_outside():
    board = MeterSetup(Circumstances(), build="reference", seed=0, reach=Direct()).rig.board
    memory = memoryview(bytearray(PULSE_SIZE))
    log = CallLog(board, SharedPulse(memory))
    assert FeltPulse(memory).names == ()
    shown = board.rtc.to_bytes(board.now_us)
    with log.poll():
        for _ in range(9):
            log.ports.rtc_read(0, 1)
        log.ports.switch_on()
        felt = FeltPulse(memory)
        assert (felt.in_poll, felt.polls, felt.calls) == (True, 1, 10)
        assert felt.names == (*("rtc_read",) * 7, "switch_on")
        assert felt.now_us <= board.now_us
        assert felt.clock == shown
    assert not FeltPulse(memory).in_poll


def test_what_was_sent_is_not_in_the_calls():
    board = MeterSetup(Circumstances(), build="reference", seed=0, reach=Direct()).rig.board
    log = CallLog(board, SharedPulse(memoryview(bytearray(PULSE_SIZE))))
    with log.poll():
        log.ports.eeprom_write(0x40, data=b"\x01secret-secret-se")
    assert log.calls == ("eeprom_write(64, 17 bytes)",)


@pytest.mark.parametrize(
    ("body", "want"),
    [
        ("raise RuntimeError('at import')", "cannot import broken: RuntimeError('at import')"),
        ("exit(3)", "cannot import broken: SystemExit(3)"),
        ("import no_such_module", "cannot import broken: No module named 'no_such_module'"),
        ("def", "cannot import broken: SyntaxError"),
        ("", "broken has no Meter to call"),
    ],
)
def test_a_module_that_cannot_be_imported_is_the_operators_mistake(
    tmp_path, monkeypatch, body, want
):
    (tmp_path / "broken.py").write_text(body, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "broken", raising=False)
    with pytest.raises(ConfigError, match="build: ") as caught:
        parse_build("broken:Meter")
    assert want in str(caught.value)

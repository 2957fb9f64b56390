"""Programs in executables: whatever they do, the bench lives, and a line says what it was."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from card_protocol.errors import LinkError
from meter_emu.errors import ConfigError
from meter_emu.laws.law import Trial
from meter_emu.stories.chooser import Replayed
from meter_emu.stories.story import armed_household, on_build, own_models
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.failure import FailureKind
from meter_emu.world.meter.host import below, hosted
from meter_emu.world.meter.host.process import as_written, hosts_of
from meter_emu.world.rehearsal.fleet import rehearsed
from tests.bounds import until
from tests.forked import PROGRAM, Forked
from tests.world.meter.host.compiling import C, compiler, linked, run

HERE = Path(__file__).parent
(KIT,) = (kit for kit in own_models() if kit.model_name == "electricity-pcf8563-utc")
LEFT_S = 10.0  # within which nothing of a program is there any more
MUCH_MB = 64  # in one poll: all that is allowed takes 2 s of processor where memory is slow
CRASHED, HUNG = FailureKind.CRASHED, FailureKind.HUNG
TORTURES = {
    "segfault": (CRASHED, "ended by SIGSEGV (Segmentation fault)"),
    "stack_overflow": (CRASHED, "ended by SIGSEGV"),
    "wild_write": (CRASHED, "ended by SIGSEGV"),
    "aborts": (CRASHED, "ended by SIGABRT (Aborted)"),
    "loops": (HUNG, "a poll took 2 s of processor time"),
    "loops_in_system_calls": (HUNG, "a poll took 2 s of processor time"),
    "loops_with_calls": (HUNG, "a poll took more calls than any meter needs"),
    "million_calls": (HUNG, "a poll took more calls than any meter needs"),
    "calls_nothing": (HUNG, "a poll called no port"),
    "dies_at_first_call": (CRASHED, "ended with status 7"),
    "ignores_its_bound": (HUNG, "a poll took 2 s of processor time"),
    "sleeps": (HUNG, "no port was called for 1 s"),
    "closes": (CRASHED, "ended with status 0"),
    "prints_without_end": (CRASHED, "it printed more than 64 MB"),
    "fifty_away": (CRASHED, "it starts more than 16 processes"),
    "eats_memory": (CRASHED, f"it takes more than {MUCH_MB} MB of memory"),
    "eats_in_children": (CRASHED, f"it takes more than {MUCH_MB} MB of memory"),
    "leaks_in_each_poll": (CRASHED, "it takes more than 1024 MB of memory"),
    "stops_its_parent": (CRASHED, "its host process does not answer: it was stopped"),
    "ends_its_parent": (CRASHED, "its host process was ended from outside"),
    "real_time_signal": (CRASHED, "ended by signal 37 (Real-time signal 3)"),
    "threads": (CRASHED, "it starts threads, and a meter has none"),
    "closes_and_waits": (CRASHED, "ended by SIGKILL (Killed)"),
    "sends_nonsense": (CRASHED, "it sent what is no call of a port"),
    "ignores_signals": (HUNG, "no port was called for 1 s"),
    "stops_itself": (HUNG, "no port was called for 1 s"),
    "is_traced": (HUNG, "no port was called for 1 s"),
    "writes_a_file": (CRASHED, "it printed more than 64 MB, or wrote so much to a file"),
    "becomes_another": (HUNG, "no port was called for 1 s"),
    "ends_its_group": (CRASHED, "its host process was ended from outside"),
    "complains_without_end": (CRASHED, "it printed more than 64 MB"),
    "small_room": (CRASHED, "card_exchange: 10 bytes for room of 4"),
    "long_display": (CRASHED, "display: more than 64 characters"),
    "sleep_90000": (CRASHED, "expected until_second from 1 to 86400"),
}
RIGHT = ("forks", "forks_away", "stops_and_goes_on", "sleep_0", "prints", "opens_all_files")
LONG = {
    "ignores_its_bound",
    "prints_without_end",
    "loops_in_system_calls",
    "loops",
    "stack_overflow",
    "million_calls",
    "loops_with_calls",
    "complains_without_end",
    "writes_a_file",
}
ALL = bool(os.environ.get("METER_EMU_TORTURES"))


@pytest.fixture(scope="module")
def tortured(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    folder = tmp_path_factory.mktemp("tortures")
    made = linked([HERE / "tortures.c"], folder / "tortures", "-w")

    def of(name: str) -> str:
        path = folder / name
        if not path.exists():
            path.hardlink_to(made)
        return str(path)

    return of


def last_event(build: str) -> Event:
    return Trial(armed_household(Replayed([]), [KIT]), build).run.events[-1]


def running(path: str) -> list[int]:
    """Return the processes of an executable."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if words[0].decode() == path and (entry / "stat").read_text().split()[2] != "Z":
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.fixture
def leaves_nothing(tmp_path, monkeypatch) -> Callable[[str], None]:
    """Check that no process, memory or file is left of a program's end, within ten seconds."""
    ours, its = tmp_path / "ours", tmp_path / "its"
    ours.mkdir()
    its.mkdir()
    monkeypatch.chdir(its)
    monkeypatch.setattr(tempfile, "tempdir", str(ours))
    before = held()

    def check(path: str) -> None:
        def left() -> list[object]:
            return [*left_of(path), *(held() - before), *ours.iterdir()]

        until(lambda: not left_of(path) or None, left, LEFT_S)
        hosts_of(path, as_written(path)).close()
        until(lambda: not (left() or running(path)) or None, left, LEFT_S)

    return check


def held() -> set[str]:
    """Return what this process has open, or mapped from a file: memory counts as well."""
    found = set()
    for one in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the folder itself is open while it is read
            found.add(str(one.readlink()))
    maps = (line.split(maxsplit=5) for line in Path("/proc/self/maps").read_text().splitlines())
    return found | {f"{words[4]} {words[5]}" for words in maps if words[-1].endswith("(deleted)")}


@pytest.mark.parametrize("name", [name for name in TORTURES if ALL or name not in LONG])
def test_a_program_that_runs_wild_is_a_verdict_with_its_last_calls(
    name, tortured, monkeypatch, leaves_nothing
):
    monkeypatch.setattr(hosted, "SILENT_S", 1)
    kind, words = TORTURES[name]
    if str(MUCH_MB) in words:
        monkeypatch.setattr(below, "MEMORY_MAX_MB", MUCH_MB)
    failure = last_event(tortured(name)).failure
    assert failure is not None
    assert failure.kind is kind
    assert words in failure.why
    assert "\n" not in failure.why
    assert len(failure.calls) <= 8
    leaves_nothing(tortured(name))
    if name not in {"calls_nothing", "dies_at_first_call", "sends_nonsense"}:
        assert failure.calls[0] == "display('ON')" or len(failure.calls) == 8


@pytest.mark.parametrize("name", RIGHT)
def test_what_no_meter_sees_of_a_program_is_no_matter(name, tortured, leaves_nothing):
    path = tortured(name)
    assert last_event(path).what is What.ENDED
    assert last_event(path).what is What.ENDED, "nor of the one that comes after"
    leaves_nothing(path)


def test_who_waits_for_what_it_has_started_is_not_silent(tortured, monkeypatch):
    monkeypatch.setattr(hosted, "SILENT_S", 0.2)
    assert last_event(tortured("waits_for_its_child")).what is What.ENDED
    assert last_event(tortured("sleeps")).what is What.HUNG


def test_what_a_meter_leaves_is_found(tortured, leaves_nothing, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "LEFT_S", 0.1)
    with tempfile.TemporaryFile(), pytest.raises(LinkError, match="deleted"):
        leaves_nothing(tortured("sleep_0"))
    leaves_nothing(tortured("sleep_0"))


def left_of(path: str) -> list[int]:
    """Return what runs of a program apart from its hosts, which wait for another meter."""
    return [pid for pid in running(path) if parent_of(pid) != os.getpid()]


def parent_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return os.getpid()  # it has gone


def test_a_program_that_reads_a_clock_is_not_reproducible(tortured):
    campaign = on_build(armed_household(Replayed([]), [KIT]), tortured("reads_the_clock"))
    _, seen = rehearsed(campaign.households[0], campaign, events=True)
    failure = seen[-1].failure
    assert failure is not None
    assert failure.kind is FailureKind.UNSTEADY
    assert "reads a clock" in failure.why


def test_a_host_that_somebody_ended_is_started_anew(tortured, tmp_path):
    path = str(tmp_path / "sleep_0")
    Path(path).hardlink_to(tortured("sleep_0"))
    for _ in range(2):
        assert last_event(path).what is What.ENDED
        host = min(running(path))  # the others are forked from it
        os.kill(host, signal.SIGKILL)
        os.waitid(os.P_PID, host, os.WEXITED | os.WNOWAIT)
    assert last_event(path).what is What.ENDED


def test_a_program_without_symbols_is_as_good(tortured, tmp_path):
    run("strip", "-o", str(tmp_path / "sleep_0"), tortured("sleep_0"))
    assert last_event(str(tmp_path / "sleep_0")).what is What.ENDED


def test_a_port_that_is_called_by_a_constructor_is_one_line(tortured):
    with pytest.raises(ConfigError, match="called before the meter has power: in a constructor"):
        parse_build(tortured("early"))


def test_what_is_no_program_of_a_meter_is_one_line_that_says_what_to_do(tmp_path):
    (tmp_path / "text").write_text("hello\n")
    (tmp_path / "other").write_bytes(
        b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\0\xf7\0" + bytes(99)
    )
    (tmp_path / "other").chmod(0o755)
    for path, said in (
        ("/bin/true", "exits with status 0: link your program with meter_host.c"),
        ("/bin/echo", "saying '--meter-bench"),
        (str(tmp_path / "text"), "is not executable: chmod +x"),
        (str(tmp_path / "other"), "is no program for this machine"),
        (str(tmp_path / "none"), "no such file"),
        (str(tmp_path), "no such file"),
    ):
        with pytest.raises(ConfigError) as caught:
            parse_build(path)
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.slow("compiles")
def test_another_version_of_the_ports_and_traits_of_no_meter_are_one_line(tmp_path):
    (tmp_path / "own.c").write_text(
        '#include "meter_ports.h"\n'
        "#ifdef WORDS\nconst char meter_traits[] = WORDS;\n#endif\n"
        "void meter_poll(meter_sleep *hint) { (void)hint; }\n"
    )
    text = (C / "meter_host.c").read_text()
    later = tmp_path / "later.c"
    later.write_text(text.replace("METER_PORTS_VERSION,", "7,"))
    run(
        compiler(), "-I", str(C), str(tmp_path / "own.c"), str(later), "-o", str(tmp_path / "later")
    )
    with pytest.raises(ConfigError, match="speaks version 7 of the ports, expected 3"):
        parse_build(str(tmp_path / "later"))
    for words, said in (("chips=pcf8653", "did you mean 'pcf8563'"), ("hello", "got 'hello'")):
        made = linked([tmp_path / "own.c"], tmp_path / words, f'-DWORDS="{words}"')
        with pytest.raises(ConfigError, match=said):
            parse_build(made)


@pytest.mark.slow("builds and runs a program in C")
def test_nobody_is_left_when_the_bench_is_killed(tortured, tmp_path):
    path = str(tmp_path / "loops")  # a name of its own: this process has hosts of the other one
    Path(path).hardlink_to(tortured("loops"))
    words = [*PROGRAM, "rehearse", "ores-2020-07", "--build", path]
    with Forked(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as bench:
        until(lambda: len(running(path)) >= 2 or None)
        bench.send_signal(signal.SIGKILL)
    until(lambda: not running(path) or None, lambda: running(path))

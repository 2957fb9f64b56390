"""Files of others, of every kind that is read: one line, a bound, and nothing else changes."""

import random
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from meter_emu.resources import built_in
from tests.campaigns import STREET
from tests.cli.outcome import runner
from tests.cli.test_hostile_text import ends, steering
from tests.diagnosis import small
from tests.kills.command_lines import FIND, IMAGE, MODEL, NEW, SET
from tests.kills.folders import files_in
from tests.reliability.hostile import BOMBS, CHANGES, EACH
from tests.reliability.tally import Tried

WHOLE: Final = len(CHANGES) < EACH  # each change, and each bomb
LINES_MAX: Final = 3  # of a mistake in a file, with the line it is in and carets
MORE_BYTES: Final = 1 << 30  # ours: of address space, for a file of 64 MB that is parsed
CPU_S: Final = 40.0  # ours: the largest file takes a quarter of it
WAIT_S: Final = 20 * CPU_S  # on a machine that has others to run as well
DRIVER: Final = ("--driver", "tests.driver_bench.drivers.ours:Ours")
DUMP: Final = "state-grid-order"


@dataclass(frozen=True)
class Kind:
    """One kind of file: its name, how a genuine one is made, and the commands that read it."""

    file: str
    made: tuple[tuple[str, ...], ...]
    reads: tuple[tuple[str, ...], ...]


def _card(*carrier: str) -> Kind:
    file = "a.card"
    return Kind(file, ((*NEW, *carrier), ("desk", "load", file, "--eur", "5", *SET_AT)), (
        ("card", "show", file), ("card", "layout", file), ("desk", "account", file),
        ("desk", "load", file, "--eur", "5", *SET_AT), ("card", "send", file, "00:20:00:01"),
    ))  # fmt: skip


SET_AT: Final = ("--issued-at", "2020-06-03 10:15")
REHEARSED: Final = ("rehearse", "street.toml", "--jobs", "1")
KINDS: Final[dict[str, Kind]] = {
    "campaign": Kind("street.toml", (), (REHEARSED,)),
    "campaign as story": Kind(
        "street.toml", (),
        (("verify", "reference", "--story", "street.toml", "--law", "never-early"),),
    ),
    "model": Kind("model.toml", (), ((*REHEARSED, "--model", "model.toml"),)),
    "incident": Kind(
        "incident.toml", (),
        (("diagnose", "incident.toml", "--only", "end-exclusive", "--singles", "--jobs", "1",
          "--kept", "kept"),),
    ),
    "layout": Kind("layout.toml", (), (("card", "show", "dump", "--layout", "layout.toml"),)),
    "dump": Kind("dump", (), (("card", "show", "dump", "--layout", DUMP),)),
    "secure card": _card(),
    "plain card": _card("--carrier", "plain"),
    "memory card": _card("--carrier", "memory"),
    "meter image": Kind(
        "m.image", ((*IMAGE, *SET),),
        (("image", "show", "m.image"), ("image", "layout", "m.image"),
         ("run", "--image", "m.image", "--rate", "max", "--lines")),
    ),
    "trace": Kind(
        "t.jsonl", ((*REHEARSED, "--trace", "t.jsonl"),),
        (("trace", "show", "t.jsonl"), ("trace", "replay", "t.jsonl"),
         ("trace", "export", "t.jsonl", "--pcapng", "t.pcapng")),
    ),
    "find of the fuzzer": Kind("find.toml", (), (("fuzz", "replay", "find.toml"),)),
    "case of a driver": Kind(
        "counterexamples/torn-get-1.json",
        (("verify", *DRIVER, "--examples", "10", "--law", "torn-get"),),
        (("verify", *DRIVER, "--again", "counterexamples/torn-get-1.json"),),
    ),
    "master key": Kind("m.key", (), (("card", "show", "a.card", "--master-key", "m.key"),)),
}  # fmt: skip
TOML_READS: Final = (
    *(read for kind in ("campaign", "model", "incident", "layout", "find of the fuzzer")
      for read in KINDS[kind].reads),
    ("explore", "reference", "--scope", "street.toml"),
)  # fmt: skip


def given(folder: Path) -> None:
    """Write what no command makes."""
    for name, text in (
        ("street.toml", STREET.encode()),
        ("model.toml", built_in("meters")[MODEL].read_bytes()),
        ("incident.toml", small.text().encode()),
        ("layout.toml", built_in("layouts")[DUMP].read_bytes()),
        ("dump", (built_in("layouts")[DUMP].parents[1] / f"dumps/{DUMP}.bin").read_bytes()),
        ("find.toml", FIND),
        ("m.key", b"00112233445566778899aabbccddeeff\n"),
    ):
        (folder / name).write_bytes(text)


@pytest.fixture
def emu(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the command line in this process."""
    return runner(monkeypatch, capsys)


@pytest.fixture
def reads(emu: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run a command on a hostile file, within bounds; return its exit status."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLANTED", "9")
    typed = tmp_path / "typed"
    given(tmp_path)
    typed.write_text("advance 1h\nquit\n")

    def read(*words: str) -> int:
        before = files_in(tmp_path)
        with (
            ends(" ".join(words), WAIT_S),
            within(MORE_BYTES, CPU_S),
            typed.open() as lines,
        ):
            monkeypatch.setattr("sys.stdin", lines)
            done = emu(*words)
        assert done.code in {0, 1, 2}, (done.code, done.err)
        assert "Traceback" not in done.out + done.err
        assert not steering(done.out + done.err)
        if done.code == 2:
            assert done.err.startswith("meter-emu: "), done.err
            assert done.err.count("\n") <= LINES_MAX, done.err
            assert files_in(tmp_path) == before
        return int(done.code)

    return read


@contextmanager
def within(more_bytes: int, cpu_s: float) -> Iterator[None]:
    """Let this process take so much more address space and processor time, and no more."""

    def fail(_number: int, _frame: object) -> None:
        pytest.fail(f"it takes {cpu_s} s of processor time")

    handled = signal.signal(signal.SIGPROF, fail)
    signal.setitimer(signal.ITIMER_PROF, cpu_s, cpu_s)  # again: a finaliser drops an error
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + more_bytes, hard))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, handled)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.slow("reads files of every kind", short=4)
@pytest.mark.parametrize("name", KINDS)
def test_a_hostile_file_is_a_line_and_changes_nothing(
    name, reads, emu, tmp_path, tried: Tried
) -> None:
    kind = KINDS[name]
    for words in (NEW, *kind.made):
        assert emu(*words, *(("--force",) if words[1] == "new" else ())).code in {0, 1}
    file = tmp_path / kind.file
    genuine, seed = file.read_bytes(), random.randrange(2**32)
    assert 2 not in [reads(*words) for words in kind.reads], "a genuine one is read"
    file.write_bytes(genuine)
    there, refused = files_in(tmp_path), 0
    for number in range(EACH):
        chance = Random(f"{seed} {number}")
        hostile = CHANGES[number % len(CHANGES)](genuine, chance)
        with tried.one("hostile files", (name, number, hostile[:200])):
            for words in kind.reads:
                file.write_bytes(hostile)
                refused += reads(*words) == 2
    assert refused or not WHOLE
    assert files_in(tmp_path).keys() - there.keys() <= {"kept", "t.pcapng"}


@pytest.mark.slow("parses files of megabytes")
def test_a_bomb_of_toml_is_a_line(reads, tmp_path, tried: Tried) -> None:
    names = list(BOMBS) if WHOLE else ["quotes that are not closed", random.choice(list(BOMBS))]
    for name in names:
        text = BOMBS[name]()
        for words in TOML_READS if WHOLE else TOML_READS[:1]:
            given(tmp_path)
            file = next(word for word in reversed(words) if word.endswith(".toml"))
            (tmp_path / file).write_text(text)
            with tried.one("bombs of TOML", (name, *words)):
                assert reads(*words) == 2

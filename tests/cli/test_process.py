"""What surrounds the command line: closed and full streams, locales, signals, files named twice."""

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bounds import HANG_S
from tests.campaigns import head
from tests.cli.outcome import runner

ROOT = Path(__file__).parents[2]
EMU = (sys.executable, "-m", "meter_emu")
CAMPAIGN = (
    head("short", "2020-06-01T08:00:00", "2020-06-02T08:00:00", announced=None)
    + """[[household]]
id = "a"
kind = "a home"
balance_eur = 5
load_w = 100
"""
)
ENDS_IN_A_FINALISER = """
import os

class Leaves:
    def __del__(self):
        os.kill(os.getpid(), int(os.environ["NUMBER"]))
        sum(range(10))

class Ends:
    def __init__(self, ports):
        self.ports = ports
        Leaves()

    def poll(self):
        while True:
            self.ports.ticks_ms()
"""


def emu(line: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell in which `emu` is the command line, from the checkout."""
    return subprocess.run(
        ["sh", "-c", line.replace("emu ", shlex.join(EMU) + " ")],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | env,
        capture_output=True,
        text=True,
        errors="replace",
    )


@pytest.mark.slow("starts the command as a process", short=1)
@pytest.mark.parametrize(
    "line",
    [
        "emu --help",
        "emu rehearse a.toml",
        "emu rehearse a.toml --json -",
        "emu card new a.card --meter-id 1",
        "echo show | emu run electricity-pcf8563-utc --rate max --json m.json",
    ],
)
def test_an_answer_that_a_full_disk_or_a_closed_output_took_is_a_line_and_no_success(
    line, tmp_path
):
    """By an interpreter that starts; `test_streams.py` has all commands, forked."""
    (tmp_path / "a.toml").write_text(CAMPAIGN)
    for where, why in ((">/dev/full", "no space left on device"), (">&-", "bad file descriptor")):
        found = emu(f"{line} {where}", tmp_path)
        writes = next((name for name in ("a.card", "m.json") if (tmp_path / name).exists()), "")
        done = f"; done all the same: wrote {writes}" if writes else ""
        assert found.returncode == (3 if writes else 2), found.stderr
        assert found.stderr.endswith(f"standard output: cannot be written: {why}{done}\n")
        assert "Traceback" not in found.stderr
        (tmp_path / (writes or "none")).unlink(missing_ok=True)


@pytest.mark.slow("starts the command as a process")
def test_a_locale_that_lacks_a_character_costs_no_answer(tmp_path):
    line = "echo show | emu run gas-pcf8563-battery --rate max"
    done = emu(line, tmp_path, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 dm\\xb3/h" in done.stdout
    named = emu(
        "emu card new \"$(printf '\\377')\" --meter-id 1",
        tmp_path,
        PYTHONUTF8="1",
        LC_ALL="C.UTF-8",
    )
    assert (named.returncode, named.stderr) == (0, "")


@pytest.mark.slow("starts the command as a process", short=1)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_file_that_was_there_and_nothing_beside_it(number, tmp_path):
    out = tmp_path / "out.json"
    out.write_text("old")
    command = [*EMU, "rehearse", "ores-fleet", "--jobs", "1", "--json", str(out)]
    before = signal.signal(number, signal.SIG_DFL)  # `nohup make test` ignores one of them
    try:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    finally:
        signal.signal(number, before)
    with process:
        try:
            while len(list(tmp_path.iterdir())) < 2:  # until the new file is there and not whole
                assert process.poll() is None
            process.send_signal(number)
            assert process.wait(timeout=HANG_S) == 128 + number
        finally:
            process.kill()
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]
    assert out.read_text() == "old"


@pytest.mark.slow("starts the command as a process", short=1)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_a_finaliser_ends_the_command_without_a_traceback(number, tmp_path):
    (tmp_path / "ending.py").write_text(ENDS_IN_A_FINALISER)
    done = emu("emu verify ending:Ends --jobs 1 --examples 1", tmp_path, NUMBER=str(int(number)))
    assert done.returncode == 128 + number, done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def here(monkeypatch, capsys, tmp_path):
    """Run the command line in this process, in the folder of the test."""
    monkeypatch.chdir(tmp_path)
    return runner(monkeypatch, capsys)


@pytest.mark.parametrize(
    "line",
    [
        "card serve a.card --trace a.card",
        "card show --json ./a.card a.card",
        "desk load a.card --eur 5 --trace a.card",
        "card show a.card --json link",
        "card show link --json a.card",
        "rehearse a.toml --trace a.toml",
        "rehearse a.toml --json new --trace ./new",
        "run --image a.card --json a.card",
    ],
)
def test_a_file_named_twice_is_not_overwritten(here, line, tmp_path):
    (tmp_path / "a.toml").write_text(CAMPAIGN)
    (tmp_path / "a.card").write_bytes(b"a card")
    (tmp_path / "link").symlink_to("a.card")
    assert "is named twice, and would be overwritten" in here(*line.split()).complains()
    assert (tmp_path / "a.toml").read_text() == CAMPAIGN
    assert (tmp_path / "a.card").read_bytes() == b"a card"
    assert not (tmp_path / "new").exists()


def test_what_is_no_regular_file_may_be_named_twice(here, tmp_path):
    (tmp_path / "a.toml").write_text(CAMPAIGN)
    assert here(*["rehearse", "a.toml", "--json", "/dev/null", "--trace", "/dev/null"]).code == 0


@pytest.mark.parametrize("option", ["--json", "--report", "--trace", "--build", "--model"])
def test_an_empty_name_is_no_name(here, option, tmp_path):
    (tmp_path / "a.toml").write_text(CAMPAIGN)
    assert f"'{option}': is empty" in here("rehearse", "a.toml", option, "").complains()
    assert [path.name for path in tmp_path.iterdir()] == ["a.toml"]


@pytest.mark.parametrize(
    ("campaign", "why"),
    [
        ("/dev/zero", "cannot be read: it is a device, expected a regular file"),
        ("n" * 300, "cannot be read: File name too long"),
        ("a=" + "[" * 3_000, "it is nested too deep"),
        ("seed=" + "9" * 5_000, "a number is too long"),
        ('[[household]]\nimage = "a\\u0000b"', "is not valid TOML: text with the character U+0000"),
    ],
    ids=["endless", "long", "deep", "digits", "zero byte"],
)
def test_a_campaign_that_is_none_is_one_line(here, campaign, why, tmp_path):
    text = CAMPAIGN + campaign.removeprefix("[[household]]") if "image" in campaign else campaign
    (tmp_path / "a.toml").write_text(text)
    name = campaign if campaign.startswith(("/", "n")) else "a.toml"
    assert why in here("rehearse", name).complains()


@pytest.mark.slow("a process of its own")
def test_a_program_of_ones_own_is_found_in_the_working_directory(tmp_path):
    """The installed command, not `python -m`, which looks there by itself."""
    (tmp_path / "own.py").write_text("def factory(ports):\n    raise RuntimeError('mine')\n")
    script = Path(sys.executable).with_name("meter-emu")
    assert script.exists(), "the package is installed where the tests run"
    done = subprocess.run(
        [script, "rehearse", "ores-2020-07", "--build", "own:nothing"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert "own has no nothing to call" in done.stderr

"""The built page's program, run in Node as its worker runs it: the answers are CPython's."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from meter_emu.inpage.refused import NOT_HERE
from meter_emu.resources import built_in
from tests.campaigns import FLEETS
from tests.docs.pages import ROOT

NODE = shutil.which("node")
PAGE = ROOT / ".stamps" / "page"
BUILT = pytest.mark.skipif(
    not (os.environ.get("METER_EMU_PAGE") and NODE), reason="make test-page builds it, with node"
)
SIZE_MAX = 8.5e6  # bytes over the network, compressed by Brotli
HANG_S = 1_800.0
SMALL = sorted(set(built_in("campaigns")) - FLEETS)
WRONG = ["ores-2020-07", "--build", "reference+end-exclusive"]
SEAT = ["run", "ores-2020-07", "--household", "never-back", "--rate", "max"]
ACTS = [
    "until 2020-06-30 12:00", "office reactivate", "insert", "remove", "until 2020-07-05 12:00",
    "back 2020-07-03 23:30", "no such word", "remove", "office load 12.50", "insert", "quit",
]  # fmt: skip
DECODED = [
    ["timestamp", "decode", "2007032301", "--around", "2020-07-03"],
    ["timestamp", "encode", "2020-07-03 23:01"],
    ["sts", "decode", "29054347139309851356"],
    ["sts", "key", "--meter-pan", "600727000000000009", "--supply-group", "123456"],
    ["openpaygo", "decode", "662486790", "927706818"],
    ["show", "defect", "end-exclusive"],
    ["rehearse", "ores-2021-07"],
]


def in_node(commands: list[dict[str, Any]], *more: str) -> list[dict[str, Any]]:
    argv = [str(NODE), str(ROOT / "tests" / "page" / "node.mjs"), str(PAGE), *more]
    done = subprocess.run(
        argv, input=json.dumps(commands), capture_output=True, text=True, timeout=HANG_S
    )
    assert done.returncode in {0, 3}, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def in_cpython(*argv: str, cwd: Path = ROOT, said: str = "") -> subprocess.CompletedProcess[str]:
    env = os.environ | {"COLUMNS": "80", "NO_COLOR": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "meter_emu", *argv]
    return subprocess.run(
        command, cwd=cwd, env=env, input=said, capture_output=True, text=True, timeout=HANG_S
    )


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@cache
def answers() -> list[dict[str, Any]]:
    """Return what one run of the program in Node says to all that is asked here."""
    rehearsals = [[name] for name in SMALL] + [WRONG]
    asked: list[dict[str, Any]] = [
        {"argv": ["rehearse", *argv, "--json", "-"], "hashed": True} for argv in rehearsals
    ]
    files = ["result.json", "out/index.html"]
    page = ["--json", files[0], "--report", "out"]
    asked.append({"argv": ["rehearse", *WRONG, *page], "take": files, "fresh": True})
    asked += [{"argv": argv} for argv in DECODED]
    asked.append({"argv": SEAT, "acts": ACTS})
    return in_node(asked)[1:]


@BUILT
def test_each_small_campaign_has_the_bytes_of_cpython() -> None:
    for argv, answer in zip([[name] for name in SMALL] + [WRONG], answers(), strict=False):
        done = in_cpython("rehearse", *argv, "--json", "-")
        assert (answer["status"], answer["err"]) == (done.returncode, done.stderr), argv
        assert answer["out"] == sha256(done.stdout.encode()), argv


@BUILT
def test_the_report_has_the_bytes_of_cpython(tmp_path: Path) -> None:
    answer = answers()[len(SMALL) + 1]
    in_cpython("rehearse", *WRONG, "--json", "result.json", "--report", "out", cwd=tmp_path)
    for name in ("result.json", "out/index.html"):
        assert answer["files"][name] == sha256((tmp_path / name).read_bytes())


@BUILT
def test_what_is_decoded_is_said_in_the_same_words() -> None:
    for argv, answer in zip(DECODED, answers()[len(SMALL) + 2 :], strict=False):
        done = in_cpython(*argv)
        assert (answer["status"], answer["out"], answer["err"]) == (
            done.returncode, done.stdout, done.stderr,
        ), argv  # fmt: skip


@BUILT
def test_a_panel_in_the_page_says_what_lines_say(tmp_path: Path) -> None:
    answer = answers()[-1]
    acts = "".join(f"{line}\n" for line in ACTS)
    done = in_cpython(*SEAT, "--lines", cwd=tmp_path, said=acts)
    said = [line for line in done.stdout.splitlines() if line]
    wrong = [line for line in done.stderr.splitlines() if line]
    assert [line for line in answer["log"] if line and not line.startswith("!")] == said
    assert [line for line in answer["log"] if line.startswith("!")] == wrong
    assert [line for line in said if "reactivate" in line]
    assert answer["shown"]["now"]["heard"] == len(ACTS)
    assert answer["shown"]["now"]["ended"]


@BUILT
def test_a_wrong_cipher_stops_the_page() -> None:
    (said,) = in_node([], "wrong")
    assert "AES-CMAC of 0 bytes differs from NIST SP 800-38B" in said["failed"]


@BUILT
def test_it_is_small_enough_and_its_list_of_hashes_is_of_its_bytes() -> None:
    script = (
        "const {readFileSync} = require('fs'), {brotliCompressSync} = require('zlib');"
        "console.log(process.argv.slice(1).reduce((sum, name) =>"
        "sum + brotliCompressSync(readFileSync(name)).length, 0))"
    )
    lines = (PAGE / "SHA256SUMS").read_text("utf-8").splitlines()
    listed = {name: sha for sha, name in (line.split("  ") for line in lines)}
    found = {path.relative_to(PAGE).as_posix(): path for path in PAGE.rglob("*") if path.is_file()}
    found.pop("SHA256SUMS")
    assert {name: sha256(path.read_bytes()) for name, path in found.items()} == listed
    sized = [str(path) for name, path in found.items() if name != "NOTICES.txt"]
    done = subprocess.run([str(NODE), "-e", script, *sized], capture_output=True, text=True)
    size_bytes = int(done.stdout)
    sys.stdout.write(f"{size_bytes:,} bytes by Brotli\n")
    assert size_bytes <= SIZE_MAX


def test_each_command_that_is_refused_is_one_there_is() -> None:
    from click import Context, Group

    from meter_emu.cli.app import cli

    for words in NOT_HERE:
        command: Any = cli
        for word in words.split():
            assert isinstance(command, Group)
            command = command.get_command(Context(command), word)
        assert command is not None, words


def test_the_lock_has_no_address_and_a_hash_for_each_package() -> None:
    text = (ROOT / "docs" / "try" / "package-lock.json").read_text("utf-8")
    lock = json.loads(text)["packages"]
    asked = json.loads((ROOT / "docs" / "try" / "package.json").read_text("utf-8"))["dependencies"]
    assert lock.pop("")["dependencies"] == asked
    assert all(re.fullmatch(r"[\d.]+", version) for version in asked.values())
    assert all(one["integrity"].startswith("sha512-") for one in lock.values())
    assert [one for one in lock.values() if "resolved" in one] == []

"""What each command imports: nothing heavy before what was typed is in order, then what it uses."""

import json
import subprocess
import sys

import pytest

from tests.bounds import HANG_S

# What a mistake of typing need not wait for: meters, laws, cards and tables.
HEAVY = (
    "construct", "cryptography", "rich", "multiprocessing", "meter_emu.world.meter.bench",
    "meter_emu.firmware", "meter_emu.world.rehearsal", "meter_emu.world.judge", "meter_emu.laws",
    "meter_emu.stories", "card_protocol.card", "importlib.metadata", "email",
)  # fmt: skip
# Each with a mistake behind it; one process tries all, and says after which something came.
GUESSED = """
import io, json, sys
from contextlib import redirect_stderr
from meter_emu.cli.app import PROGRAM_COMMANDS, run
import click
found, heavy = {}, tuple(sys.argv.pop().split())
def tried(*words):
    sys.argv = ["meter-emu", *words, "--nope"]
    with redirect_stderr(io.StringIO()) as said:
        assert run() == 2, words
    assert "option" in said.getvalue(), (words, said.getvalue())
    came = [one for one in sys.modules if one.startswith(heavy)]
    if came and not found:
        found[" ".join(words)] = came
for name, row in PROGRAM_COMMANDS.items():
    tried(name)
    module, _, function = row.place.partition(":")
    command = getattr(sys.modules[module], function)
    for one in command.commands if isinstance(command, click.Group) else ():
        tried(name, one)
print(json.dumps(found))
"""
# A household is rehearsed, and no more: no bar, no page, no explanation, no live meter, no worker.
UNUSED = (
    "rich.progress", "rich.table", "jinja2", "multiprocessing", "xml.etree", "importlib.metadata",
    "email", "meter_emu.explain", "meter_emu.cli.live", "meter_emu.laws", "meter_emu.stories",
    "meter_emu.report.page", "meter_emu.defects.",
)  # fmt: skip
REHEARSED = """
import json, os, sys
from meter_emu.cli.app import run
unused, there = tuple(sys.argv.pop().split()), sys.stdout
sys.argv = ["meter-emu", "rehearse", "ores-2020-07", "--household", "never-back"]
sys.stdout = open(os.devnull, "w")
assert run() == 0
assert "meter_emu.firmware.program" in sys.modules, "it was rehearsed"
print(json.dumps([one for one in sys.modules if one.startswith(unused)]), file=there)
"""


def said_by(program: str, names: tuple[str, ...]) -> object:
    done = subprocess.run(
        [sys.executable, "-c", program, " ".join(names)],
        capture_output=True, text=True, check=False, timeout=HANG_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow("starts an interpreter, which imports every command's declaration")
def test_a_usage_error_is_found_before_anything_heavy_is_imported() -> None:
    assert said_by(GUESSED, HEAVY) == {}
    assert said_by(GUESSED, ("meter_emu.cli.verify",)) != {}, "what comes is found"


@pytest.mark.slow("starts an interpreter, and rehearses a household")
def test_rehearse_imports_what_it_uses() -> None:
    assert said_by(REHEARSED, UNUSED) == []

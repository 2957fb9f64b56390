"""How many files and functions run along eight walks: `python -m tests.docs.walks` prints them.

A file counts when a function in it runs between the beginning and the end of the walk. What runs
because a module is imported does not count, nor does a class that is only named. Each walk has a
forked process of its own, so nothing is left from the one before, and goes through the command that
a person types. The walk from a reader needs a daemon: `tests/pcsc` counts it where there is one.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout, suppress
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Thread
from types import FrameType
from typing import Final, TypeAlias

import click
from click.testing import CliRunner

from card_protocol.card.virtual import card_of
from meter_emu.cli.app import cli
from meter_emu.desk.desk import Desk
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.explore.scope import scope_of
from meter_emu.explore.search import Exploring, From
from meter_emu.resources import built_in
from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import lived, on_build, story
from meter_emu.world.rehearsal.campaign import load_campaign
from tests.campaigns import head
from tests.firmware.meters import Rig
from tests.web.seat import page

ROOT: Final = Path(__file__).parents[2]
READER_WALK: Final = "records of a card in a PC/SC reader, by `desk account`"
_OURS: Final = tuple(f"{ROOT / name}/" for name in ("card_protocol", "meter_emu"))
_SITTING: Final = ("electricity-pcf8563-utc", "--start", "2020-06-29 07:00", "--rate", "max")
_T2: Final = "2020-07-03 23:01"
CAMPAIGN: Final = (
    head("one", "2020-06-02T08:00:00", "2020-07-05T00:00:00")
    + """[[household]]
id = "home"
kind = "armed"
balance_eur = 20
load_w = 100
visits = [
  { at = 2020-06-03T10:00:00, desk = ["defer", "cut"] },
  { at = 2020-06-03T18:00:00, insert = true },
]
"""
)


Walked: TypeAlias = dict[str, list[str]]  # the functions that ran, by the file of each


def walked(job: Callable[[], object]) -> Walked:
    """Return what runs of both packages during `job`; a lambda is a function, no comprehension."""
    seen: dict[str, set[str]] = {}
    importing: Counter[int] = Counter()  # how deep each thread is in imports

    def note(frame: FrameType, event: str, _argument: object) -> None:
        path, thread = frame.f_code.co_filename, threading.get_ident()
        module = frame.f_code.co_name == "<module>"
        if event == "call" and module:
            importing[thread] += 1
        elif event == "return" and module:
            importing[thread] -= 1
        elif event == "call" and not importing[thread] and path.startswith(_OURS):
            name = frame.f_code.co_qualname
            names = seen.setdefault(str(Path(path).relative_to(ROOT)), set())
            if not name.endswith(("comp>", "<genexpr>")):
                names.add(name)

    before = sys.getprofile(), threading.getprofile()
    sys.setprofile(note)
    threading.setprofile(note)
    try:
        job()
    finally:
        sys.setprofile(before[0])
        threading.setprofile(before[1])
    return {file: sorted(names) for file, names in sorted(seen.items())}


def _verb(*arguments: str | Path) -> Callable[[], None]:
    def run() -> None:
        done = CliRunner().invoke(cli, [str(one) for one in arguments])
        assert done.exit_code == 0, done.output

    return run


def _rehearsed(folder: Path) -> Callable[[], None]:
    path = folder / "one.toml"
    path.write_text(CAMPAIGN, "utf-8")
    return _verb("rehearse", path)


def _armed(folder: Path) -> Callable[[], None]:
    file = folder / "card.bin"
    file.write_bytes(Desk(TEST_MASTER_KEY).issue(1, issued_at_min=1).to_bytes())
    ends = ("--defer-until", _T2, "--cut-at", _T2)
    return _verb("desk", "arm", file, *ends, "--issued-at", "2020-06-02 10:15")


def _an_apdu(_folder: Path) -> Callable[[], object]:
    card = card_of(Desk(TEST_MASTER_KEY).issue(1, issued_at_min=1), Random(1).randbytes)
    card.power_on()
    assert card.transmit(bytes.fromhex("00a4000c02df01")) == b"\x90\x00"
    return partial(card.transmit, bytes.fromhex("00b0810010"))


def _a_poll(_folder: Path) -> Callable[[], object]:
    rig = Rig()
    rig.run(60)
    firmware = rig.bench._firmware
    assert firmware is not None, "the meter has power"
    return firmware.poll


def _a_story(_folder: Path) -> Callable[[], object]:
    return lambda: lived(on_build(story(seeded(1)), "reference"))


def _a_transition(_folder: Path) -> Callable[[], object]:
    scope = scope_of(load_campaign(built_in("scopes")["new"]), "reference")
    exploring = Exploring(scope)
    return lambda: exploring.run(From(((),), range(1)))


def _over_the_web(_folder: Path) -> Callable[[], None]:
    """Sit down at a meter in this process, press a button on its page, and press Ctrl-C."""
    said, saying = os.pipe()

    def person() -> None:
        with os.fdopen(said) as lines:
            address = next(lines).split()[-1]
            with page(address) as panel:
                panel.do("press blue")
                panel.heard(1)
            os.kill(os.getpid(), signal.SIGINT)
            lines.read()

    def run() -> None:
        sitting = Thread(target=person)
        sitting.start()
        arguments = ["run", *_SITTING, "--web"]
        with os.fdopen(saying, "w") as told, redirect_stdout(told), suppress(KeyboardInterrupt):
            cli.main(arguments, standalone_mode=False)
        sitting.join()

    return run


WALKS: Final[Mapping[str, Callable[[Path], Callable[[], object]]]] = {
    "T2, from `rehearse` to contactor and verdict": _rehearsed,
    "an APDU": _an_apdu,
    "bytes on a card, by `desk arm`": _armed,
    "one poll": _a_poll,
    "one story, drawn, lived and judged": _a_story,
    "one transition of `explore`": _a_transition,
    "an act over the web, by `run --web`": _over_the_web,
}


def walks() -> dict[str, Walked]:
    """Return each walk."""
    command = [sys.executable, "-m", "tests.docs.walks", "json"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    found: dict[str, Walked] = json.loads(done.stdout)
    return found


def functions(files: Walked) -> int:
    """Return how many functions a walk has."""
    return sum(map(len, files.values()))


def _apart(name: str) -> Walked:
    """Return a walk, in a process that has imported and walked nothing before."""
    said, saying = os.pipe()
    child = os.fork()
    if child == 0:
        with TemporaryDirectory() as folder, os.fdopen(saying, "w") as told:
            json.dump(walked(WALKS[name](Path(folder))), told)
        os._exit(0)
    os.close(saying)
    with os.fdopen(said) as heard:
        files: Walked = json.load(heard)
    os.waitpid(child, 0)
    return files


def read_at(reader: str) -> set[str]:
    """Return the files of the walk from a reader with a card in it, its own process among them."""
    files = set(walked(_verb("desk", "account", "--reader", reader)))
    return files | {"card_protocol/link/pcsc_child.py"}


if __name__ == "__main__":
    if len(sys.argv) > 1:
        click.echo(json.dumps({name: _apart(name) for name in WALKS}))
    else:
        for name, files in walks().items():
            counts = f"{len(files):3} files, {functions(files):4} functions: {name}"
            click.echo("\n    ".join([counts, *files]))

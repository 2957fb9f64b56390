"""Every path that any command takes, to what is no regular file: a line at once, and no waiting."""

import re
import shlex
import shutil
import threading
from itertools import product
from pathlib import Path

import pytest

from tests.bounds import HANG_S
from tests.cells import each_cell
from tests.cli.every_command import TakenPath, furnish, lines, make_special, paths
from tests.forked import ran

KINDS = ("pipe", "socket", "loop", "folder", "empty", "endless device", "full device", "growing")
SECRET = "Hunter2Secret"
ANOTHERS = {  # what people keep in files that are none of ours
    "passwords": f"root:{SECRET}:19000:0:99999:7:::\ndaemon:{SECRET}:19000::::::\n",
    "variables": f'KEY={SECRET}\nOTHER="{SECRET}"\n',
    "table": f"{SECRET};1\n{SECRET};2\n",
    "object": f'{{"{SECRET}": "{SECRET}"}}\n',
    "settings": f"[account]\ntoken = '{SECRET}'\n",  # names of keys are shown, values are not
}
SHOWS = {"show campaign", "show layout", "show model", "show plan"}  # a file, as it is


def line_with(taken: TakenPath, path: Path) -> list[str]:
    """Return a line of the command in which that parameter is this path."""
    words = shlex.split(lines()[taken.command])
    if taken.option:
        return [*taken.command.split(), *words, taken.option, str(path)]
    at = next((at for at, word in enumerate(words) if not word.startswith("-")), 0)
    return [*taken.command.split(), *words[:at], str(path), *words[at + 1 :]]


@pytest.fixture(scope="module")
def furnished(tmp_path_factory) -> Path:
    """A folder that has what the lines name."""
    folder: Path = tmp_path_factory.mktemp("paths") / "there"
    folder.mkdir()
    furnish(folder)
    return folder


def test_there_are_as_many_paths_as_people_can_name():
    assert len(paths()) > 180
    assert len(lines()) > 60


@pytest.mark.slow("runs command lines to their ends")
@each_cell(("taken", "kind"), lambda: list(product(paths(), KINDS)), short=16)
def test_no_path_is_waited_for_and_none_is_a_traceback(furnished, taken, kind):
    folder = furnished.with_name("one")
    shutil.copytree(furnished, folder)
    over = threading.Event()
    grows = folder / "growing"
    grows.write_bytes(b"#" * 4_096 + b"\n")

    def grow() -> None:
        with grows.open("ab", buffering=0) as file:
            while not over.is_set() and file.tell() < 1 << 27:
                file.write(b"#" * 65_535 + b"\n")

    writer = threading.Thread(target=grow)
    try:
        special = make_special(folder) | {"growing": grows}
        if kind == "growing" and not taken.left:
            writer.start()
        words = line_with(taken, special[kind])
        with (folder / "nothing").open("wb+") as nothing:
            done = ran(*words, cwd=folder, stdin=nothing, timeout=HANG_S)
    finally:
        over.set()
        if writer.ident is not None:
            writer.join()
        shutil.rmtree(folder)
    said = done.stderr.decode()
    assert done.returncode in {0, 1, 2, 3}, said
    assert "Traceback" not in said
    if done.returncode == 2:
        assert said.startswith("meter-emu: ") or "\nmeter-emu: " in said, said
    if kind in {"pipe", "socket", "loop", "endless device"} and not taken.left:
        assert done.returncode == 2, (words, said)


@pytest.mark.slow("runs command lines to their ends")
@each_cell(
    ("taken", "name"),
    lambda: list(product([one for one in paths() if not one.left], ANOTHERS)),
    short=12,
)
def test_nothing_of_anothers_file_is_shown_unless_a_command_shows_files(furnished, taken, name):
    folder = furnished.with_name("anothers")
    shutil.copytree(furnished, folder)
    try:
        (folder / "secret").write_text(ANOTHERS[name])
        with (folder / "nothing").open("wb+") as nothing:
            words = line_with(taken, folder / "secret")
            done = ran(*words, cwd=folder, stdin=nothing, timeout=HANG_S)
    finally:
        shutil.rmtree(folder)
    shown = SECRET.encode() in done.stdout + done.stderr
    assert shown == (taken.command in SHOWS), done.stdout + done.stderr


@each_cell("name", list(ANOTHERS))
def test_nothing_is_shown_of_a_file_that_a_plan_or_a_ledger_names(furnished, name):
    (furnished / "town/secret").write_text(ANOTHERS[name])
    plan = (furnished / "town/plan.toml").read_text()
    names = re.sub("^file = .*", 'file = "secret"', plan, count=1, flags=re.MULTILINE)
    (furnished / "town/names.toml").write_text(names)
    (furnished / "names.toml").write_text('model = "town/secret"\n\n[[device]]\nid = 1\n')
    for words in (("plan", "check", "town/names.toml"), ("desk", "token", "list", "names.toml")):
        done = ran(*words, cwd=furnished)
        assert done.returncode == 2
        assert b"secret" in done.stderr
        assert SECRET.encode() not in done.stdout + done.stderr

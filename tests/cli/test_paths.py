"""Every path that any command takes, to what is no regular file: a line at once, and no waiting."""

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

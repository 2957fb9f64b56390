"""A cheap line of every command, in a folder that has what it names; and the paths each takes."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple, cast

import click

from meter_emu.cli.app import CliCommand, cli
from meter_emu.cli.names import FileName
from tests.campaigns import head
from tests.forked import ran
from tests.planner.sheets import town

CAMPAIGN: Final = (
    head("short", "2020-06-01T08:00:00", "2020-06-02T08:00:00", announced=None)
    + """[[household]]
id = "a"
kind = "a home"
balance_eur = 5
load_w = 100
"""
)
FIND: Final = """target = "canary"
build = "reference"
input = "00"
why = "a find of a test"
"""
_DEVICE: Final = "--device-id 541000000123"
_AT: Final = "--issued-at '2020-06-01 10:00'"
# Where the first example of a command is dear, or wants what a test has not.
_CHEAPER: Final = {
    "rehearse": "a.toml --jobs 1",
    "plan check": "town/plan.toml",
    "plan run": "town/plan.toml --jobs 1",
    "plan show": "town/plan.toml 3",
    "verify": "reference+end-exclusive --examples 2 --jobs 1",
    "explore": "reference --depth 0 --jobs 1",
    "distinguish": "reference reference+end-exclusive --examples 2",
    "diagnose": "nowhere",
    "firmware debug": "a.toml --build ./nobody --household a",
    "firmware new": "my_meter",
    "fuzz export": "nowhere/out",
    "fuzz minimize": "find.toml --time 1",
    "fuzz replay": "find.toml",
    "fuzz run": "card-records --time 1",
    "run": "electricity-pcf8563-utc --rate max",
    "card get": "new.card --reader nobody",
    "card put": "home.card --reader nobody --yes-write-hardware",
    "card relay": "--reader nobody --trace new.trace --wait-s 0",
    "card serve": "home.card",
    "card clock": "new.card --meter-id 541000000001",
    "card new": "new.card --meter-id 541000000001",
    "card reissue": "home.card new.card",
    "card diff": "home.card other.card",
    "card send": "home.card 00B000000A",
    "image new": "new.image --model electricity-pcf8563-utc --meter-id 541000000001",
    "image diff": "home.image other.image",
    "timestamp scan": "home.image --from 2020-01-01 --to 2021-01-01",
    "trace export": "dialogue.jsonl --pcapng new.pcapng",
    "desk token key-change": f"power.toml {_DEVICE} --new-key-revision 2 {_AT}",
    "desk token sell": f"shop.toml {_DEVICE} --days 7 {_AT}",
    "desk token set": f"shop.toml {_DEVICE} --days 0 {_AT}",
    "desk token disable": f"shop.toml {_DEVICE} {_AT}",
}


class TakenPath(NamedTuple):
    """A parameter of a command that takes a path: the words before it, and whether it is left."""

    command: str
    option: str
    left: bool

    @property
    def id(self) -> str:
        """What it is called in a test."""
        return f"{self.command} {self.option}"


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its words."""
    waiting: list[tuple[str, click.Command]] = [("", cli)]
    context = click.Context(cli)
    while waiting:
        words, one = waiting.pop()
        if isinstance(one, click.Group):
            for name in one.list_commands(context):
                found = one.get_command(context, name)
                assert found is not None
                waiting.append((f"{words} {name}".strip(), found))
        else:
            yield words, one


def lines() -> dict[str, str]:
    """Return a line of every command, without its own words."""
    found = {}
    for words, one in commands():
        example = cast("CliCommand", one).examples[0]
        found[words] = _CHEAPER.get(words, example.removeprefix(words).strip())
    return dict(sorted(found.items()))


def paths() -> list[TakenPath]:
    """Return every parameter of every command that takes a path."""
    return sorted(
        [
            TakenPath("explore", "--scope", left=False),  # a name of one of three kinds
            *(
                TakenPath(
                    words,
                    param.opts[0] if isinstance(param, click.Option) else "",
                    param.type._left,
                )
                for words, one in commands()
                for param in one.params
                if isinstance(param.type, FileName)
            ),
        ]
    )


def furnish(folder: Path) -> None:
    """Make what the lines name."""
    (folder / "a.toml").write_text(CAMPAIGN)
    (folder / "find.toml").write_text(FIND)
    (folder / "town").mkdir()
    town(folder / "town", 6)
    for model, name in (("openpaygo", "shop.toml"), ("sts", "power.toml")):
        (folder / name).write_text(f'model = "{model}"\n\n[[device]]\nid = 541000000123\n')
    card, image = ("card", "new"), ("image", "new")
    for line in (
        (*card, "home.card", "--meter-id", "541000000001"),
        (*card, "other.card", "--meter-id", "541000000002"),
        (*image, "home.image", "--model", "electricity-pcf8563-utc", "--meter-id", "541000000001"),
        (*image, "other.image", "--model", "electricity-pcf8563-utc", "--meter-id", "541000000002"),
        ("desk", "token", "sell", "shop.toml", "--device-id", "541000000123", "--days", "1"),
        ("card", "send", "home.card", "00B000000A", "--trace", "dialogue.jsonl"),
    ):
        done = ran(*line, cwd=folder)
        assert done.returncode == 0, done.stderr


def make_special(folder: Path) -> dict[str, Path]:
    """Make what is no regular file, and return it by its kind; `/dev` has the rest."""
    fifo, bound, loop, inside = (folder / one for one in ("fifo", "socket", "loop", "dir"))
    os.mkfifo(fifo)
    with socket.socket(socket.AF_UNIX) as one:
        here = Path.cwd()
        os.chdir(folder)  # a name of a socket has 108 bytes at most
        try:
            one.bind("socket")
        finally:
            os.chdir(here)
    loop.symlink_to("loop")
    inside.mkdir()
    (folder / "empty").touch()
    return {
        "pipe": fifo, "socket": bound, "loop": loop, "folder": inside, "empty": folder / "empty",
        "endless device": Path("/dev/zero"), "full device": Path("/dev/full"),
    }  # fmt: skip

"""How many files a newcomer reads along four walks: `python -m tests.docs.walks` prints them.

A file counts when a function in it runs between the beginning and the end of the walk. What runs
because a module is imported does not count, nor does a class that is only named.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Final

import click
from click.testing import CliRunner

from card_protocol.card.make import card_of
from meter_emu.cli.app import cli
from meter_emu.desk.bench_key import BENCH_MASTER_KEY
from meter_emu.desk.desk import Desk
from meter_emu.world.meter.events import What
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import run_meter
from tests.firmware.meters import Home

ROOT: Final = Path(__file__).parents[2]
_OURS: Final = tuple(str(ROOT / name) + os.sep for name in ("card_protocol", "meter_emu"))
# The card's own side of `desk arm`: the bytes have left the office when they get there.
_CARD: Final = ("card_protocol/card/", "card_protocol/link/")
_CAMPAIGN: Final = """
name = "one"
zone = "Europe/Brussels"
start = 2020-06-02T08:00:00
end = 2020-07-05T00:00:00
model = "electricity-pcf8563-utc"
[announced]
defer_until = 2020-07-03T23:01:00
cut_at = 2020-07-03T23:01:00
[[household]]
id = "home"
kind = "armed"
balance_eur = 20
load_w = 100
visits = [
  { at = 2020-06-03T10:00:00, desk = ["defer", "cut"] },
  { at = 2020-06-03T18:00:00, insert = true },
]
"""


def walked(job: Callable[[], object]) -> set[str]:
    """Return the files of both packages in which a function runs during `job`."""
    seen: set[str] = set()
    importing = 0

    def note(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal importing
        module = frame.f_code.co_name == "<module>"
        if event == "call" and module:
            importing += 1
        elif event == "return" and module:
            importing -= 1
        elif event == "call" and not importing and frame.f_code.co_filename.startswith(_OURS):
            seen.add(str(Path(frame.f_code.co_filename).relative_to(ROOT)))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        job()
    finally:
        sys.setprofile(before)
    return seen


def walks() -> dict[str, set[str]]:
    """Return the files of each walk."""
    with TemporaryDirectory() as folder:
        path, file = Path(folder) / "one.toml", Path(folder) / "card.bin"
        path.write_text(_CAMPAIGN, "utf-8")
        image = Desk(BENCH_MASTER_KEY).issue(1, issued_at_min=1)
        file.write_bytes(image.to_bytes())
        return {
            "T2, from campaign file to contactor": walked(lambda: _until_it_opens(path)),
            "an APDU": walked(_an_apdu()),
            "`desk arm`, to the bytes for the card": {
                name for name in walked(lambda: _arm(file)) if not name.startswith(_CARD)
            },
            "one poll": walked(_a_poll()),
        }


def _until_it_opens(path: Path) -> None:
    campaign = load_campaign(path)
    events = run_meter(campaign.households[0], campaign)
    assert any(event.what is What.OPENED for event in events), "the cut is on the way"


def _an_apdu() -> Callable[[], object]:
    card = card_of(Desk(BENCH_MASTER_KEY).issue(1, issued_at_min=1), Random(1).randbytes)
    card.power_on()
    assert card.transmit(bytes.fromhex("00a4000c02df01")) == b"\x90\x00"
    return lambda: card.transmit(bytes.fromhex("00b0810010"))


def _arm(file: Path) -> None:
    t2 = "2020-07-03 23:01"
    arguments = ["desk", "arm", str(file), "--defer-until", t2, "--cut-at", t2]
    done = CliRunner().invoke(cli, [*arguments, "--issued-at", "2020-06-02 10:15"])
    assert done.exit_code == 0, done.output


def _a_poll() -> Callable[[], object]:
    home = Home()
    home.run(60)
    firmware = home.bench._firmware
    assert firmware is not None, "the meter has power"
    return firmware.poll


if __name__ == "__main__":
    for name, files in walks().items():
        click.echo("\n    ".join([f"{len(files):3} {name}", *sorted(files)]))

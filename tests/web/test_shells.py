"""Lines, screen and page are shells over one sitting: the same acts leave the same bytes."""

import random
from pathlib import Path

import pytest

from meter_emu.desk.desk import Work
from meter_emu.world.meter.acts import OF_WORD
from tests.cells import each_cell
from tests.cli.sitting import JUNE, MODEL, Sitting
from tests.rigs import rig_of
from tests.web.seat import page, panel

START_US = 1_593_406_800_000_000  # 29 June 2020 07:00 in Brussels

ACTS = (
    *OF_WORD, "blue 4", "insert home.card", "insert", "remove", "appliances shut 7m",
    "office home.card load 5, cut at 1 July 10:00", "office reactivate", "office read", "next",
    "advance 90m", "advance 1d", "until 23:01", "back", "back 2h", "forth",
    "office new", "office b.card new", "show", "no such word",
)  # fmt: skip
RIG = (MODEL, *JUNE, "--balance-eur", "2", "--load-w", "300", "--rate", "max")
SCRIPT = ("--script", "first.txt")


def list_of_acts(seed: int) -> list[str]:
    drawn = random.Random(seed)
    return ["insert home.card", "remove", *drawn.choices(ACTS, k=24), "save m.image"]


def folder_of(tmp: Path, acts: list[str]) -> Path:
    rig = rig_of(start_us=START_US)
    card = rig.first_card(issued_at_min=10_741_440)
    rig.serve(card, Work(load_cents=600), 10_741_440)
    (tmp / "home.card").write_bytes(card.image.to_bytes())
    (tmp / "first.txt").write_text("\n".join(acts[:8]), "utf-8")
    return tmp


def left(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.iterdir() if one.name != "first.txt"}


@pytest.mark.slow("serves a page to a client")
@each_cell("seed", range(20), short=1)
def test_a_list_of_acts_leaves_the_same_bytes_in_each_shell(seed, tmp_path_factory):
    acts = list_of_acts(random.randrange(2**32) + seed)
    typed = acts[8:]
    lines, screen, web = (folder_of(tmp_path_factory.mktemp("seat"), acts) for _ in range(3))
    with Sitting(*RIG, *SCRIPT, "--lines", cwd=lines) as sitting:
        sitting.type("\n".join(typed) + "\nquit\n")
        assert sitting.end() in {0, 2}
    with Sitting(*RIG, *SCRIPT, cwd=screen, terminal=True) as sitting:
        for line in typed:
            sitting.type(f":{line}\r")
        sitting.wait_for("saved m.image")
        sitting.type("qq")
        assert sitting.end() == 0
    with panel(*RIG, *SCRIPT, cwd=web) as address, page(address) as seen:
        seen.do(*typed)
        seen.heard(len(typed))
        seen.until(lambda page: "saved m.image" in page.log)
    want = left(lines)
    assert want.keys() >= {"home.card", "m.image"}
    assert left(screen) == want, acts
    assert left(web) == want, acts

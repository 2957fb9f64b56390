"""Rows of programs in executables: the starter in C and the reference side by side."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from tempfile import TemporaryDirectory
from typing import Final

from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import lived, on_build, own_models, story
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.host.hosted import HostedProgram
from meter_emu.world.meter.host.starter import make_starter
from tests.bench.row import Row
from tests.world.meter.host.compiling import run

SHARE_MIN: Final = 0.6  # of the reference's stories a second
MODEL: Final = "electricity-pcf8563-utc"


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield stories a second of processor time, the program's own included."""
    if shutil.which("cc") is None or shutil.which("make") is None:
        yield Row(what="a program in C", measured="no cc and make here")
        return
    with TemporaryDirectory() as folder:
        make_starter(Path(folder))
        run("make", "-s", "-C", folder)
        count = 20 if quick else 200
        ours, theirs = (_pace(build, count) for build in ("reference", f"{folder}/my_meter"))
    yield Row(
        what="stories of the starter in C, of the reference next to it",
        measured=f"{theirs:.0f} and {ours:.0f} a second: {theirs / ours:.2f}",
        target=f">= {SHARE_MIN}",
        met=theirs / ours >= SHARE_MIN,
    )


def _pace(name: str, count: int) -> float:
    """Return stories a second of processor time of this process and its children."""
    kit = next(kit for kit in own_models() if kit.model_name == MODEL)
    kits = [kit._replace(cards=kit.cards[:4])]  # the starter reads no memory cards
    campaigns = [on_build(story(seeded(f"{n}"), kits), name) for n in range(count)]
    began_s = _cpu_s()
    for campaign in campaigns:
        lived(campaign)
    factory = parse_build(name).factory
    if isinstance(factory, HostedProgram):
        factory.close()  # what a child has used is counted when it has ended
    return count / (_cpu_s() - began_s)


def _cpu_s() -> float:
    used = getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN)
    return sum(each.ru_utime + each.ru_stime for each in used)

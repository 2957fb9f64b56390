"""Rows of programs in executables: the starter in C and the reference side by side."""

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from tempfile import TemporaryDirectory
from typing import Final

from meter_emu.stories.chooser import Replayed, seeded
from meter_emu.stories.story import (
    ModelAndCards,
    armed_household,
    lived,
    on_build,
    own_models,
    story,
)
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.board import NEVER_US, Board
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.host.hosted import HostedProgram, hosted
from meter_emu.world.meter.host.starter import make_starter
from meter_emu.world.rehearsal.engine import rig_of, run_meter
from tests.bench.meters import year
from tests.bench.row import Row
from tests.world.meter.host.compiling import linked, run

# ours: of the reference's stories a second; its polls cost a tenth less than when this was 0.6.
SHARE_MIN: Final = 0.5
MODEL: Final = "electricity-pcf8563-utc"
CALLS: Final = 1_000  # in a poll
# A contactor's position is foretold, a flow is asked for in a round trip.
PROGRAM: Final = """
#include "meter_ports.h"
void meter_poll(meter_sleep *hint) {
    int n;
    for (n = 0; n < 1000; n++) CALL();
    hint->until_second = 86400;
}
"""


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield costs in processor time, the program's own included."""
    if shutil.which("cc") is None or shutil.which("make") is None:
        yield Row(what="a program in C", measured="no cc and make here")
        return
    with TemporaryDirectory() as folder:
        make_starter(Path(folder))
        run("make", "-s", "-C", folder)
        builds = "reference", f"{folder}/my_meter"
        yield from _calls(Path(folder), 2 if quick else 20)
        ours, theirs = (_idle_us(build) for build in builds)
        yield Row(
            what="an idle poll of the starter in C, of the reference",
            measured=f"{theirs:.0f} and {ours:.0f} us",
        )
        ours, theirs = (_year_s(build, Path(folder), 0.05 if quick else 1) for build in builds)
        yield Row(
            what="a meter-year of the starter in C, of the reference",
            measured=f"{theirs:.3f} and {ours:.3f} s",
        )
        ours, theirs = (_pace(build, 2 if quick else 200) for build in builds)
    yield Row(
        what="stories of the starter in C, of the reference",
        measured=f"{theirs:.0f} and {ours:.0f} a second: {theirs / ours:.2f}",
        target=f">= {SHARE_MIN}",
        met=theirs / ours >= SHARE_MIN,
    )


def _calls(folder: Path, polls: int) -> Iterator[Row]:
    (folder / "calls.c").write_text(PROGRAM)
    campaign = armed_household(Replayed([]), [_kit()])
    board = rig_of(campaign.households[0], campaign).board
    board.calls_left = NEVER_US
    found = []
    for call in ("meter_switch_on", "meter_flowing"):
        path = linked([folder / "calls.c"], folder / call, f"-DCALL={call}")
        found.append(_used_s(path, partial(_polled, path, board, polls)))
    found.append(_cpu_of(lambda: [board.switch_on() for _ in range(CALLS * polls)]))
    foretold, asked, inside = (1e6 * each / CALLS / polls for each in found)
    yield Row(
        what="a port call from C: foretold, a round trip; from Python",
        measured=f"{foretold:.1f}, {asked:.1f}; {inside:.1f} us",
    )


def _polled(path: str, board: Board, polls: int) -> None:
    program = hosted(path)(board)
    for _ in range(polls):
        program.poll()
    program.close()


def _idle_us(name: str) -> float:
    """Return what a poll costs at which nothing is due: a day of them, no hint obeyed."""
    campaign = on_build(armed_household(Replayed([]), [_kit()]), name)
    seen: list[Bench] = []

    def each_poll(bench: Bench) -> None:
        bench.obey_hints = False
        seen.append(bench)

    def lives() -> None:
        run_meter(campaign.households[0], campaign, prepare=each_poll)

    return 1e6 * _used_s(name, lives) / seen[-1].polls


def _year_s(name: str, folder: Path, years: float) -> float:
    campaign = on_build(year(folder, years), name)
    return _used_s(name, lambda: run_meter(campaign.households[0], campaign))


def _pace(name: str, count: int) -> float:
    """Return stories a second of processor time of this process and its children."""
    kits = [_kit()._replace(cards=_kit().cards[:4])]  # the starter reads no memory cards
    campaigns = [on_build(story(seeded(f"{n}"), kits), name) for n in range(count)]
    return count / _used_s(name, lambda: [lived(campaign) for campaign in campaigns])


def _kit() -> ModelAndCards:
    return next(kit for kit in own_models() if kit.model_name == MODEL)


def _used_s(name: str, job: Callable[[], object]) -> float:
    """Return the processor time of a job with a build, its processes included."""

    def whole() -> None:
        job()
        factory = parse_build(name).factory
        if isinstance(factory, HostedProgram):
            factory.close()  # what a child has used is counted when it has ended

    return _cpu_of(whole)


def _cpu_of(job: Callable[[], object]) -> float:
    began_s = _cpu_s()
    job()
    return _cpu_s() - began_s


def _cpu_s() -> float:
    used = getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN)
    return sum(each.ru_utime + each.ru_stime for each in used)

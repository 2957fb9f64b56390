"""The starter in C, and programs in other languages: they keep every law, mistakes are caught.

`make test-firmware` asks more: 2,000 stories, all ten mistakes, sanitizers, coverage.
"""

import gc
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from meter_emu.cli.printed.verified import verified
from meter_emu.fuzz.bench import FuzzedMeter
from meter_emu.laws.judged import promises
from meter_emu.laws.law import Broken, Trial
from meter_emu.resources import find
from meter_emu.stories.chooser import Replayed, seeded
from meter_emu.stories.story import armed_household, lived, on_build, own_models, story
from meter_emu.testing.circumstances import Circumstances
from meter_emu.testing.failure_report import failure_text
from meter_emu.testing.links import Direct
from meter_emu.testing.setup import MeterSetup
from meter_emu.verify.run import verify
from meter_emu.world.judge.verdicts import Verdict
from meter_emu.world.meter.acts import Power
from meter_emu.world.meter.board import NEVER_US, Board
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.events import What
from meter_emu.world.meter.host.forecast import Shared
from meter_emu.world.meter.host.hosted import hosted
from meter_emu.world.meter.host.starter import STARTERS, make_starter
from meter_emu.world.meter.host.starter import starter as files_of
from meter_emu.world.meter.plan import insight
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import rig_of
from meter_emu.world.rehearsal.fleet import rehearsed
from tests.world.meter.host.compiling import C, compiler, linked, run, starter

HERE = Path(__file__).parent
DOCS = HERE.parents[3] / "docs"
SEEN_AND_LOST = HERE.parents[1] / "judge" / "seen-and-lost.toml"
MODEL = "electricity-pcf8563-utc"
KIT = next(kit for kit in own_models() if kit.model_name == MODEL)
LONG = bool(os.environ.get("METER_EMU_FIRMWARE"))
READERS = {"observer": "newest", "plan": "Memory"}
MISTAKES = (
    "END_EXCLUSIVE", "REACTIVATION_CLEARS_ONE", "UNCERTAINTY_FORGOTTEN", "LEAP_OF_BCD_YEAR",
    "NO_SUMMER_TIME", "FOURTH_SUNDAY", "MONTH_WITHOUT_TENS", "TORN_READ", "FRIDAY_AND_SATURDAY",
    "LOADS_IN_16_BITS",
)  # fmt: skip


@pytest.mark.slow("builds and runs a program in C")
def test_the_starter_keeps_every_law(tmp_path):
    report = verify(starter(tmp_path), models=[MODEL], examples=2000 if LONG else 1, seed=4)
    assert [(e.law.id, e.broken.words, e.broken.text) for e in report.examined if e.broken] == []
    assert "gas" in report.not_covered
    assert "clock card" in report.not_covered


def test_answers_that_were_foretold_are_those_of_the_ports(tmp_path, monkeypatch):
    build = starter(tmp_path)
    kits = [KIT._replace(cards=KIT.cards[:4])]
    campaigns = [on_build(story(seeded(f"{n}"), kits), build) for n in range(200 if LONG else 5)]
    foretell, ordinary = Shared.foretell, [lived(campaign) for campaign in campaigns]
    monkeypatch.setattr(
        Shared, "foretell", lambda shared, _, cells: foretell(shared, None, cells=cells)
    )
    assert [lived(campaign) for campaign in campaigns] == ordinary


def test_an_answer_that_was_foretold_wrongly_is_noticed(tmp_path, monkeypatch):
    foretell, build = Shared.foretell, starter(tmp_path)

    def other_switch(board: Board) -> None:
        board.switch.on = not board.switch.on

    def other_cell(board: Board) -> None:
        board.eeprom.cells[0x20] ^= 1

    for other in (other_switch, other_cell):

        def wrongly(shared: Shared, board: Board, *, cells: bool, other=other) -> None:
            other(board)
            foretell(shared, board, cells=cells)
            other(board)

        monkeypatch.setattr(Shared, "foretell", wrongly)
        failure = Trial(armed_household(Replayed([]), [KIT]), build).run.events[-1].failure
        assert failure is not None, other
        assert "is its memory spoiled?" in failure.why, other


@pytest.mark.slow("builds and runs a program in C", short=1)
@pytest.mark.parametrize("mistake", MISTAKES if LONG else MISTAKES[:2])
def test_a_mistake_in_its_c_is_caught(mistake, tmp_path, record_property):
    build = starter(tmp_path, "-O1", f"-DMISTAKE_{mistake}", name=mistake)
    if LONG:
        for examples in (20, 100, 1000):  # a report goes on after the first find: the fewest first
            report = verify(build, models=[MODEL], examples=examples)
            caught = {e.law.id: e.broken.number for e in report.examined if e.broken}
            if caught:
                break
        record_property(mistake, f"story {min(caught.values(), default=None)}: {sorted(caught)}")
        assert caught
    else:
        kit = [KIT._replace(cards=KIT.cards[:4])]
        trials = (Trial(story(seeded(f"{n}"), kit), build) for n in range(20))
        assert any(isinstance(promises(trial), Broken) for trial in trials)


def test_each_mistake_stands_in_its_source_and_on_the_page():
    pages = "".join((DOCS / name).read_text() for name in ("firmware-in-c.md", "c-reference.md"))
    planted = set()
    for device in STARTERS:
        text = b"".join(files_of(device).values()).decode()
        planted |= set(re.findall(r"(?:#ifn?def|defined) MISTAKE_(\w+)", text))
    assert planted >= set(MISTAKES)
    assert planted == set(re.findall(r"`MISTAKE_(\w+)`", pages))


@pytest.mark.slow("builds and runs a program in C")
def test_nobody_reads_the_memory_of_another_program(tmp_path, monkeypatch):
    for place in ("observer", "plan"):  # what they would read it with
        monkeypatch.setattr(f"meter_emu.world.meter.{place}.{READERS[place]}", read_by_nobody)
    build = starter(tmp_path)
    setup = MeterSetup(Circumstances(), build=build, seed=0, reach=Direct())
    setup.desk.arm(setup.card, defer_until="2020-07-03 23:01", cut_at="2020-07-03 23:01")
    setup.meter.insert(setup.card)
    setup.world.run_until("2020-07-04 00:00")
    assert not setup.meter.supply_on
    assert {event.balance_ueur for event in setup.meter.events} == {None}
    assert "its memory is the program's own" in failure_text(setup, {})
    assert insight(setup.rig.board, setup.meter.model, setup.rig.build) is None
    setup.close()
    fuzzed = FuzzedMeter(0, build)
    assert fuzzed.state() is None
    fuzzed.live.do(Power(on=False))


def read_by_nobody(*_args: object) -> None:
    raise AssertionError("another's memory")


@pytest.mark.slow("compiles")
def test_a_household_alone_that_it_declares_outside_is_not_covered(tmp_path):
    whole = load_campaign(find("campaigns", "ores-2020-07"), build=starter(tmp_path))
    alone = whole.households.alone("shown-twice")
    assert alone is not None
    outcome, _ = rehearsed(alone[0], replace(whole, households=alone), events=False)
    assert outcome.verdict is Verdict.NOT_COVERED


@pytest.mark.slow("the starter in C is compiled")
def test_an_end_that_was_seen_stays_so_though_the_clock_is_lost(tmp_path):
    campaign = load_campaign(SEEN_AND_LOST, build=starter(tmp_path))
    outcome, _ = rehearsed(campaign.households[0], campaign, events=False)
    assert (outcome.verdict, outcome.findings) == (Verdict.KEPT, ())


@pytest.fixture(params=[None, (50, 1, 1)], ids=["seldom", "always"])
def collector(request):
    """Have garbage collected as it is, or so often that a ring is looked at in another order."""
    before = gc.get_threshold()
    gc.set_threshold(*(request.param or before))
    yield
    gc.set_threshold(*before)


@pytest.mark.slow("builds and runs a program in C")
@pytest.mark.usefixtures("collector")
def test_a_program_that_is_found_as_garbage_gives_its_host_back(tmp_path):
    program = hosted(starter(tmp_path))
    board = rig_of((campaign := armed_household(Replayed([]), [KIT])).households[0], campaign).board
    board.calls_left = NEVER_US
    children = set()
    for _ in range(2):
        ring: list[object] = [program(board)]
        ring[0].poll()  # type: ignore[attr-defined]
        children.add(ring[0].child)  # type: ignore[attr-defined]
        ring.append(ring)
        del ring
        gc.collect()
    assert len(children) == 2


@pytest.mark.slow("compiles", short=1)
@pytest.mark.parametrize("device", STARTERS)
def test_firmware_new_makes_what_make_builds(device, tmp_path):
    made = make_starter(tmp_path / "mine", device)
    assert {"my_meter.c", "meter_host.c", "meter_ports.h", "Makefile"} <= set(made)
    with pytest.raises(FileExistsError):
        make_starter(tmp_path / "mine", device)
    compiler()
    run("make", "-s", "-C", str(tmp_path / "mine"), "CFLAGS=-O0 -Wall -Wextra -Werror")
    build = parse_build(str(tmp_path / "mine" / "my_meter"))
    assert build.covers is not None
    assert build.covers.chips == ({"pcf8563"} if "pcf8563.c" in made else None)  # or no clock
    assert (build.covers.devices or {"budget"}) == {device}


@pytest.mark.slow("builds and runs a program in C")
def test_a_program_in_cpp_has_its_objects_anew_at_every_power_up(tmp_path):
    host = tmp_path / "host.o"
    run(compiler(), "-O1", "-c", str(C / "meter_host.c"), "-o", str(host))
    flags = ("-O1", "-std=c++17", "-I", str(C))
    run(compiler("g++"), *flags, str(HERE / "always_on.cpp"), str(host), "-o", str(tmp_path / "on"))
    campaign = armed_household(Replayed([]), [KIT])
    events = Trial(campaign, str(tmp_path / "on")).run.events
    assert events[-1].what is What.ENDED
    assert not any(event.what is What.OPENED for event in events)
    assert " POLLS" in events[-1].shown


@pytest.mark.slow("compiles")
def test_a_program_in_rust_is_as_good_and_its_panic_is_the_verdict(tmp_path):
    rustc = shutil.which("rustc", path=f"{os.environ['PATH']}:{Path.home()}/.cargo/bin")
    if rustc is None:
        pytest.skip("no rustc here")
    source, library = str(HERE / "always_on.rs"), str(tmp_path / "libon.a")
    run(rustc, "-O", "--edition=2021", "--crate-type=staticlib", source, "-o", library)
    made = str(tmp_path / "on"), str(tmp_path / "panics")
    run(compiler(), str(C / "meter_host.c"), library, "-lpthread", "-ldl", "-lm", "-o", made[0])
    shutil.copy2(*made)
    campaign = armed_household(Replayed([]), [KIT])
    last = [Trial(campaign, build).run.events[-1] for build in made]
    assert last[0].what is What.ENDED
    assert " POLLS" in last[0].shown
    failure = last[1].failure
    assert failure is not None
    assert "panicked at" in failure.why


@pytest.mark.skipif(not LONG, reason="make test-firmware")
def test_under_sanitizers_it_says_nothing_and_a_report_reaches_the_verdict(tmp_path):
    flags = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined")
    report = verify(starter(tmp_path, *flags), models=[MODEL], examples=200, seed=5)
    assert [(e.law.id, e.broken.words) for e in report.examined if e.broken] == []
    (tmp_path / "wrong.c").write_text(
        '#include "meter_ports.h"\nstatic int four[4];\nstatic volatile int five = 4;\n'
        "void meter_poll(meter_sleep *hint) { meter_lamps(0); hint->until_second = four[five]; }\n"
    )
    wrong = linked([tmp_path / "wrong.c"], tmp_path / "wrong", *flags)
    last = Trial(armed_household(Replayed([]), [KIT]), wrong).run.events[-1]
    assert last.failure is not None
    assert "out of bounds" in last.failure.why or "global-buffer-overflow" in last.failure.why


@pytest.mark.skipif(not LONG, reason="make test-firmware")
def test_coverage_of_its_lines_is_kept_over_power_cuts(tmp_path):
    make_starter(tmp_path)
    run("make", "-s", "-C", str(tmp_path), "COVERAGE=1")
    verify(str(tmp_path / "my_meter"), models=[MODEL], examples=20)
    words = [compiler("gcov"), "my_meter-my_meter.gcno"]
    said = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    covered = float(re.findall(r"Lines executed:([\d.]+)%", said)[0])
    assert covered > 80, said


@pytest.mark.skipif(not LONG, reason="make test-firmware")
def test_any_number_of_processes_gives_the_same_bytes(tmp_path):
    build = starter(tmp_path, "-DMISTAKE_END_EXCLUSIVE")
    reports = [verify(build, models=[MODEL], examples=60, jobs=jobs) for jobs in (1, 2)]
    first, second = (msgspec.json.encode(verified(report)) for report in reports)
    assert first == second

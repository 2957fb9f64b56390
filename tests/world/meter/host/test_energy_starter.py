"""The starter in C of an STS meter: it gives what was sold, once, and no more.

`make test-firmware` asks more: 2,000 households and stories, every mistake, sanitizers.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from meter_emu.verify.run import verify
from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import Verdict
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.host.starter import starter as files_of
from meter_emu.world.rehearsal.engine import run_meter
from tests.card_protocol.sts_vectors import vectors
from tests.cells import WHOLE
from tests.world.judge.sts_bench import answer, bench_of, board_of, sts_model
from tests.world.judge.sts_homes import campaign_of_home, differences, drawn
from tests.world.judge.test_sts_answers import NO_TIDS, wanted
from tests.world.judge.test_sts_cuts import (
    CELLS,
    CREDIT,
    CREDITED,
    CREDITED_AGAIN,
    DEAF,
    DOUBLED,
    ENTRY_US,
    HALF_2,
    MODEL,
    NOT_REKEYED,
    REKEYED,
    lived_by,
)
from tests.world.meter.host.compiling import starter
from tests.world.meter.host.test_token_starter import broken_in

LONG = bool(os.environ.get("METER_EMU_FIRMWARE"))
HOMES = 2000 if LONG else 3
HOMES_MAX = 150
MODELS = ["sts", "sts-2014", "sts-ea11", "sts-narrow"]
CAMPAIGNS = ("sts-rollover-2024", "sts-december-2029", "sts-rollover-2045")
CUTS = range(20, ENTRY_US, 199 if LONG else 2_999)
# What finds each: random households, or power that fails at each call of an entry.
BY_HOMES = (
    "CREDIT_CLEARED_WITH_KEY", "EMPTIED_AT_ANY_CHANGE", "HALVES_FOR_EVER", "KEN_TIMES_65535",
    "KEY_AT_FIRST_HALF", "LOCKED_FOR_GOOD", "OLDER_THAN_NEWEST", "RING", "ROLLOVER_IGNORED",
    "SIGNED_TID", "TEN_DEEP", "TID_NOT_KEPT", "WHOLE_KWH",
)  # fmt: skip
BY_CUTS = {"CREDIT_SAVED_FIRST": (CREDIT, DOUBLED), "KEY_SAVED_FIRST": (HALF_2, DEAF)}


def sts_starter(folder: Path, *flags: str) -> str:
    return starter(folder, *flags, device="sts")


def broken_homes(build: str, homes: int) -> Iterator[int]:
    """Yield the numbers of the random households that do not get what they paid for."""
    for number in range(homes):
        home = drawn(number)
        household = home.household(build)
        campaign = campaign_of_home(household, home)
        outcome = judge(household, campaign, run_meter(household, campaign))
        if outcome.verdict is not Verdict.KEPT or outcome.findings:
            yield number


def ends_of_cuts(build: str, digits: str) -> set[tuple[int, int, int]]:
    """Return the ends of an entry with power failing at each instant, and of the next ones."""
    program = parse_build(build).program(MODEL)
    return {lived_by(program, digits, (at,), settles) for at in CUTS for settles in CELLS[:2]}


@pytest.mark.slow("builds and runs a program in C")
def test_the_starter_gives_every_home_what_it_paid_for(tmp_path):
    build = sts_starter(tmp_path)
    assert list(broken_homes(build, HOMES)) == []
    assert [broken_in(name, build) for name in CAMPAIGNS] == [[], [], []]
    for number in range(HOMES):
        home = drawn(number)
        household = home.household(build)
        assert differences(home, run_meter(household, campaign_of_home(household, home))) == []


@pytest.mark.slow("builds and runs a program in C")
def test_the_starter_keeps_every_law_of_such_a_meter(tmp_path):
    report = verify(
        sts_starter(tmp_path), models=MODELS, examples=2000 if LONG else 2, jobs=2 if LONG else 1
    )
    assert [(e.law.id, e.broken.text) for e in report.examined if e.broken] == []


@pytest.mark.slow("a meter for each of 184 tokens")
def test_the_starter_answers_every_published_token_by_its_number(tmp_path):
    build = parse_build(sts_starter(tmp_path))
    for vector in vectors() if WHOLE or LONG else vectors()[::5]:
        raw = bytes.fromhex(vector["key"].get("decoder_key") or "0ABC12DEF3456789")
        model = sts_model("sts-ea11" if len(raw) == 16 else "sts")
        board = board_of(model, key=raw.ljust(16, b"\0"), tids=NO_TIDS)
        assert answer(bench_of(board, build.program(model)), vector["token"]) == wanted(vector)


@pytest.mark.slow("builds and runs a program in C")
def test_an_entry_is_taken_or_not_wherever_power_fails(tmp_path):
    build = sts_starter(tmp_path)
    assert ends_of_cuts(build, CREDIT) == {CREDITED, CREDITED_AGAIN}
    assert ends_of_cuts(build, HALF_2) == {REKEYED, NOT_REKEYED}


@pytest.mark.slow("builds and runs programs in C", short=2)
@pytest.mark.parametrize("mistake", BY_HOMES)
def test_a_mistake_in_its_c_is_caught_by_random_households(mistake, tmp_path, record_property):
    found = next(broken_homes(sts_starter(tmp_path, f"-DMISTAKE_{mistake}"), HOMES_MAX), None)
    record_property(mistake, f"household {found}")
    assert found is not None


@pytest.mark.slow("builds and runs a program in C", short=1)
@pytest.mark.parametrize("mistake", BY_CUTS)
def test_what_is_saved_in_two_is_caught_by_power_cuts(mistake, tmp_path):
    digits, wrong = BY_CUTS[mistake]
    assert wrong in ends_of_cuts(sts_starter(tmp_path, f"-DMISTAKE_{mistake}"), digits)


def test_each_of_its_mistakes_is_caught_by_one_of_these():
    text = files_of("sts")["my_meter.c"].decode()
    planted = set(re.findall(r"(?:#ifn?def|defined) MISTAKE_(\w+)", text))
    assert planted == {*BY_HOMES, *BY_CUTS}


@pytest.mark.skipif(not LONG, reason="make test-firmware")
def test_under_sanitizers_it_says_nothing(tmp_path):
    flags = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined")
    build = sts_starter(tmp_path, *flags)
    assert list(broken_homes(build, 200)) == []
    assert [broken_in(name, build) for name in CAMPAIGNS] == [[], [], []]

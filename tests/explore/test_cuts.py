"""Power cut twice in a story: what one cut leaves, and what is found that no single cut shows."""

import os

import pytest

from meter_emu.explore.cuts import CutsExplored, CutStory, PowerCut, explore_cuts
from meter_emu.explore.roots import campaign_named
from meter_emu.hardware.eeprom import BLANK, NEW, OLD
from meter_emu.resources import built_in
from meter_emu.units import MINUTE_US
from tests.explore.repairing_c import repairing

EXHAUSTIVE = "METER_EMU_EXHAUSTIVE" in os.environ
PLANTED = "tests.explore.planted:repairing"
CHIP_OF_C = ("electricity-ds3231-utc", "electricity-pcf8563-utc")


def story(build: str = "reference") -> CutStory:
    return CutStory(campaign_named("session", build), build)


def cuts_of(build: str, scope: str = "session", **how: object) -> CutsExplored:
    return explore_cuts(campaign_named(scope, build), CutsExplored(build), **how)  # type: ignore[arg-type]


@pytest.mark.slow("30 lives of one session, twice")
def test_cuts_that_leave_the_same_have_the_same_future():
    """In one session a cut leaves a few states only; each second cut ends alike from all of one."""
    one = story()
    calls = one.lived((), one.spans[0]).calls
    groups: dict[tuple[bytes, ...], list[PowerCut]] = {}
    for call in calls[:: len(calls) // 30]:
        cut = PowerCut(call.at_us + 1, OLD)
        groups.setdefault(one.lived((cut,)).left, []).append(cut)
    assert 2 <= len(groups) <= 10
    for alike in groups.values():
        seconds = [(cut, PowerCut(cut.at_us + MINUTE_US, BLANK)) for cut in (alike[0], alike[-1])]
        left, wrong = (
            [getattr(one.lived(pair), name) for pair in seconds] for name in ("left", "wrong")
        )
        assert wrong == [None, None]
        assert left[0][0] == left[1][0]


def test_what_was_being_written_is_as_its_fate_says():
    one = story()
    first, second = (
        {one.lived((PowerCut(at_us, fate),)).left for fate in (OLD, BLANK, NEW)}
        for at_us in (_last_write_us(one, span) + 3_000 for span in one.spans[:2])
    )
    assert len(first) == 2, "the first save is written over cells that are erased"
    assert len(second) == 3


def _last_write_us(one: CutStory, span: tuple[int, int]) -> int:
    return [call.at_us for call in one.lived((), span).calls if call.name == "eeprom_write"][-1]


@pytest.mark.slow("two processes are begun")
def test_what_a_cut_breaks_is_found_in_any_number_of_processes():
    one, two = (cuts_of("reference+end-exclusive", cuts=1, jobs=jobs) for jobs in (1, 2))
    assert one.wrong == two.wrong is not None
    assert one.cuts == two.cuts
    assert one.broken is not None


@pytest.mark.skipif(not EXHAUSTIVE, reason="two minutes: make test-exhaustive")
@pytest.mark.slow("every pair of cuts in one session of each program")
def test_every_pair_of_cuts_in_a_session():
    """The reference survives all; a program that mends its good copy in place, one of any cut."""
    whole = cuts_of("reference", jobs=None)
    assert whole.wrong is None
    assert whole.tried_whole == whole.groups
    assert cuts_of(PLANTED, cuts=1, jobs=None).wrong is None
    found = cuts_of(PLANTED, jobs=None)
    assert found.wrong is not None
    assert len(found.cuts) == 2


@pytest.mark.skipif(not EXHAUSTIVE, reason="20 s of processor time: make test-exhaustive")
@pytest.mark.slow("every cut in one session of a program in C, then pairs; each a life of its own")
def test_a_program_in_c_that_survives_any_cut_and_not_two_is_found(tmp_path):
    scope = tmp_path / "session.toml"
    scope.write_text(built_in("scopes")["session"].read_text("utf-8").replace(*CHIP_OF_C), "utf-8")
    build = repairing(tmp_path / "mine")
    assert cuts_of(build, str(scope), cuts=1, jobs=None).wrong is None
    found = cuts_of(build, str(scope), jobs=None)
    assert found.wrong is not None
    assert len(found.cuts) == 2

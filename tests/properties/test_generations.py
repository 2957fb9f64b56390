"""Both generations of the card lead to the same end, and two forms that disagree hurt nobody."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from typing_extensions import override

from card_protocol.formats import budget
from card_protocol.formats.budget import NO_TOKEN
from card_protocol.formats.budget.generations import AnyDeskRecord
from card_protocol.formats.budget.instants import InstantDeskRecord
from card_protocol.keys import Key
from card_protocol.timestamp import MINUTES_NONE, Civil, encode_bcd_minute
from meter_emu.desk.dates import CivilReading, DeskCodec, Written
from meter_emu.desk.desk import Desk, Work
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.domain import Result, Tariff
from meter_emu.errors import DeskError
from meter_emu.firmware.dialogues.budget import order_said
from meter_emu.firmware.layouts import State
from meter_emu.world.meter.build import parse_build
from tests.cells import each_cell
from tests.firmware.meters import METER_ID, Rig, factory, now_at, state
from tests.properties.instants import instants
from tests.properties.trials import BRUSSELS, MINUTE_US, MODEL, civil, later_instant_us, legal

PARTS = parse_build("reference").parts(MODEL)
KEY = Key(factory().key_reactivation)
DESK_KEY = Key(factory().key_desk_record)
PRICE = Tariff(number=1, price_ueur_per_wh=250, night_price_ueur_per_wh=250, mwh_per_unit=1000)
EPOCH_2000 = datetime(2000, 1, 1, tzinfo=UTC)
BUILDS = ["reference", "reference+end-exclusive", "reference+doy-common-year"]
FIRST = datetime(2000, 1, 1, tzinfo=UTC)
MINUTES = int((datetime(2099, 12, 31, 23, tzinfo=UTC) - FIRST) / timedelta(minutes=1))
minutes = st.integers(0, MINUTES - 1) | instants.map(lambda us: us // MINUTE_US - 15_778_080)


def written(work: Work, generation: int) -> AnyDeskRecord:
    """Return the order that the desk writes on a card of a generation."""
    desk = Desk(TEST_MASTER_KEY)
    rig = Rig(generation=generation)
    rig.card.power_on()
    return desk.serve(rig.card.transmit, work, issued_at_min=0).desk


def order(**changes: Any) -> InstantDeskRecord:
    fields: dict[str, Any] = {
        "magic": b"BD", "generation": 2, "flags": 1, "loaded_cents": 0, "load_count": 0,
        "order_number": 1, "defer_min": MINUTES_NONE,
        "defer_until": budget.NO_TOKEN[:5], "cut_min": MINUTES_NONE, "cut_at": budget.NO_TOKEN[:5],
        "zone_rule": 1, "token": NO_TOKEN, "tariff_number": 1, "price_ueur_per_wh": 250,
        "night_price_ueur_per_wh": 250, "mwh_per_unit": 1000, "issued_at_min": 0,
        "seen_session": 0, "reserved": b"\xff" * 9, "mac": budget.NO_MAC,
    }  # fmt: skip
    return InstantDeskRecord(**(fields | changes))


def obeyed(asked: AnyDeskRecord, build: str = "reference") -> tuple[Result, State]:
    gate, kept = parse_build(build).parts(MODEL).gate, state()
    said = order_said(asked, DESK_KEY, KEY, METER_ID)
    result = gate.judge(said, PRICE, kept, limited=True, nights=True)
    if not result.refused:
        gate.apply(said, PRICE, kept, now_at(0))
    return result, kept


def end_us(end: bytes, build: str = "reference") -> int:
    return parse_build(build).parts(MODEL).ends.instant_s(end) * 1_000_000


def us_of(minute: int) -> int:
    return (minute + 15_778_080) * MINUTE_US


@given(minutes)
@example(11_000_000)
@example(0)
@example(MINUTES - 1)
def test_every_instant_leads_to_the_same_end_on_both_generations(minute):
    """The oracle is `zoneinfo`; the earlier of two equal times exists on generation 2 only."""
    us = us_of(minute)
    fold = bool(legal(us).fold)
    work = Work(cut_at=civil(us), reading=CivilReading.LATER if fold else CivilReading.EARLIER)
    result, second = obeyed(written(work, 2))
    assert result is Result.EXECUTED
    assert end_us(second.cut_end) == us
    assert PARTS.ends.understood(second.cut_end) == civil(us)
    if later_instant_us(civil(us)) == us:
        result, first = obeyed(written(work, 1))
        assert result is Result.EXECUTED
        assert first.cut_end == second.cut_end
    else:
        with pytest.raises(DeskError, match="takes the later"):
            written(work, 1)


@pytest.mark.parametrize("build", BUILDS)
@given(minute=minutes)
def test_a_defect_that_counts_dates_does_the_same_on_both_generations(build, minute):
    us = us_of(minute)
    assume(later_instant_us(civil(us)) == us and us > us_of(2880))
    work = Work(defer_until=civil(us), cut_at=civil(us), reading=CivilReading.LATER)
    ends = [obeyed(written(work, generation), build)[1] for generation in (1, 2)]
    assert ends[0].cut_end == ends[1].cut_end
    assert ends[0].defer_end == ends[1].defer_end


shifts = (
    st.integers(-MINUTES, MINUTES)
    | st.integers(-1500, 1500)
    | st.sampled_from([-1440, -60, -1, 1, 60, 1440])
)


def moved(minute: int, by: int) -> int:
    shifted = minute + by
    assume(0 <= shifted < MINUTES)
    return shifted


@given(minutes, shifts)
def test_a_cut_whose_forms_disagree_is_refused_and_nothing_of_it_executed(minute, by):
    shown = civil(us_of(moved(minute, by)))
    assume(shown != civil(us_of(minute)))
    asked = order(cut_min=minute, cut_at=encode_bcd_minute(shown))
    before = state()
    assert obeyed(asked) == (Result.CUT_DISAGREES, before)


@given(minutes, shifts, st.booleans())
def test_a_deferral_whose_forms_disagree_holds_until_the_later_of_them(minute, by, cut_too):
    shown = civil(us_of(moved(minute, by)))
    assume(shown != civil(us_of(minute)))
    later_us = max(us_of(minute), later_instant_us(shown))
    asked = order(defer_min=minute, defer_until=encode_bcd_minute(shown))
    result, kept = obeyed(asked)
    assert result is Result.LATER_END_TAKEN
    assert end_us(kept.defer_end) == later_us
    assert later_instant_us(PARTS.ends.understood(kept.defer_end) or shown) >= later_us
    if cut_too:  # a cut in between would make one of the two promises a lie
        at = encode_bcd_minute(civil(us_of(minute)))
        result, kept = obeyed(
            order(defer_min=minute, defer_until=asked.defer_until, cut_min=minute, cut_at=at)
        )
        early = us_of(minute) < later_us
        assert result is (Result.CUT_BEFORE_DEFERRAL if early else Result.LATER_END_TAKEN)


@given(minutes, st.integers(0, 2**32 - 1), st.binary(min_size=5, max_size=5), st.integers(0, 255))
def test_whatever_two_forms_a_cut_has_it_is_never_before_either(minute, other, raw, rule):
    """Also forms that are no date, half an end, another rule: refused, or right."""
    for asked in (
        order(cut_min=other, cut_at=encode_bcd_minute(civil(us_of(minute))), zone_rule=rule),
        order(cut_min=minute, cut_at=raw, zone_rule=rule),
    ):
        result, kept = obeyed(asked)
        if result.refused:
            assert kept == state()
        elif asked.cut_min != MINUTES_NONE:
            assert end_us(kept.cut_end) == us_of(asked.cut_min)


@each_cell(
    ("changes", "result"),
    [
        ({"cut_min": 10_785_421}, Result.BAD_DATE),
        ({"cut_at": bytes.fromhex("2007032301")}, Result.BAD_DATE),
        ({"defer_min": 10_785_421}, Result.BAD_DATE),
        ({"cut_min": 10_785_421, "cut_at": bytes.fromhex("2007032301")}, Result.EXECUTED),
        (
            {"cut_min": 10_785_421, "cut_at": bytes.fromhex("2007032301"), "zone_rule": 2},
            Result.BAD_DATE,
        ),
        ({"zone_rule": 2}, Result.EXECUTED),  # no date to read with it
        ({"cut_min": 2**32 - 2, "cut_at": bytes.fromhex("2007032301")}, Result.BAD_DATE),
        ({"cut_min": MINUTES, "cut_at": bytes.fromhex("9912312359")}, Result.BAD_DATE),
        (
            {"cut_min": MINUTES - 1, "cut_at": bytes.fromhex("9912312359")},
            Result.EXECUTED,
        ),
        # 29 March 2020 02:30 exists nowhere, so no instant shows it.
        ({"cut_min": 10_646_010, "cut_at": bytes.fromhex("2003290230")}, Result.CUT_DISAGREES),
        (
            {
                "defer_min": 10_785_421,
                "defer_until": bytes.fromhex("2007032301"),
                "cut_min": 10_785_420,
                "cut_at": bytes.fromhex("2007032300"),
            },
            Result.CUT_BEFORE_DEFERRAL,
        ),
    ],
)
def test_each_order_of_instants_gets_the_answer_it_deserves(changes, result):
    assert obeyed(order(**changes))[0] is result


@pytest.mark.parametrize(("fold", "reading"), [(0, CivilReading.EARLIER), (1, CivilReading.LATER)])
def test_the_instant_says_which_of_two_equal_times_is_meant(fold, reading):
    twice = datetime(2020, 10, 25, 2, 30, fold=fold, tzinfo=BRUSSELS)
    minute = (twice.astimezone(UTC) - EPOCH_2000) // timedelta(minutes=1)
    result, kept = obeyed(written(Work(cut_at=Civil(2020, 10, 25, 2, 30), reading=reading), 2))
    assert result is Result.EXECUTED
    assert end_us(kept.cut_end) == us_of(minute)


# On a whole meter ---------------------------------------------------------------------------------


class DayEarlyCodec(DeskCodec):
    """A faulty office: the date it writes is a day early, the instant is right."""

    __slots__ = ()

    @override
    def write_time(self, when: Civil) -> bytes:
        return super().write_time(when._replace(day=when.day - 1))


@each_cell(
    ("generation", "work", "shown"),
    [
        (1, Work(cut_at=Civil(2020, 7, 3, 23, 1)), "CARD 01 EXECUTED"),  # and it cuts a day early
        (2, Work(cut_at=Civil(2020, 7, 3, 23, 1)), "CARD 1E CUT_DISAGREES"),
        (2, Work(defer_until=Civil(2020, 7, 3, 23, 1)), "CARD 04 LATER_END_TAKEN"),
    ],
)
def test_a_slip_of_the_office_is_seen_by_generation_2_alone(generation, work, shown):
    rig = Rig(generation=generation)
    rig.made.desk = Desk(TEST_MASTER_KEY, codec=DayEarlyCodec())
    rig.write(work)
    assert rig.insert().endswith(shown)
    back = rig.write_back()
    assert back is not None
    codes = back.events[4::8]
    assert (20 in codes) == ("LATER" in shown)
    if generation == 2 and work.defer_until:
        assert back.order_result == Result.LATER_END_TAKEN
        assert back.defer_until == encode_bcd_minute(work.defer_until)


def test_what_the_desk_reads_of_a_card_is_what_it_wrote():
    at = Civil(2020, 7, 3, 23, 1)
    ends = DeskCodec().read_ends(written(Work(defer_until=at, cut_at=at), 2))
    assert ends == (Written(at, 10_785_421), Written(at, 10_785_421))
    assert written(Work(defer_until=at), 2).generation == 2

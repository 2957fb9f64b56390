"""Each law finds a program that breaks it."""

from collections.abc import Sequence
from unittest.mock import patch

import pytest

from card_protocol.carrier import find
from card_protocol.carrier.replaced import whatever_lies_there
from card_protocol.formats.budget import compact
from meter_emu.desk import desk as office
from meter_emu.desk.confirmed import Doubt
from meter_emu.domain import Result
from meter_emu.firmware.layouts import EventCode
from meter_emu.firmware.rules import MeterRules
from meter_emu.laws import laws
from meter_emu.laws.board import cells, register, small_parts
from meter_emu.laws.compared import apart_us, first_difference, same_cut, shifted
from meter_emu.laws.formats import first_content, refusals
from meter_emu.laws.hazards.edge_bytes import _sealed
from meter_emu.laws.hazards.twelve_hours import hour_and_second
from meter_emu.laws.law import Aside, Broken, Trial
from meter_emu.laws.rebuilt import _rebuilding
from meter_emu.stories.around_t import around_t
from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import ModelAndCards, armed_household, models, own_models
from meter_emu.units import DAY_S, DAY_US, HOUR_S, SECOND_US
from meter_emu.world.meter.clock_chips import CLOCK_CHIPS, ClockChip
from meter_emu.world.meter.devices import DEVICES
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.zones import BELGIAN
from tests.cells import each_cell
from tests.laws import wrong, wrong_cards

HOMES = {
    kit.model_name: [kit]
    for kit in own_models()
    if kit.model_name
    in {"electricity-pcf8563-utc", "electricity-legal-time", "gas-pcf8563-battery"}
}
UTC = HOMES["electricity-pcf8563-utc"]
WRONG = f"{wrong.__name__}:"
WRONG_CARDS = f"{wrong_cards.__name__}:"
WRONG_SAVES = "tests.laws.wrong_saves:"
WRONG_RULES = "tests.laws.wrong_rules:"
DEFECT = "reference+"
# By which each law is broken, within so many stories.
BROKEN_BY = {
    "28-years": f"{WRONG}until_2040",
    "account": f"{WRONG}dear",
    "answers": f"{WRONG}Raising",
    "carrier": f"{WRONG}NoMemoryCards",
    "chip": f"{WRONG}OneDriver",
    "clock-card-at-midnight": f"{WRONG}byte_writes",
    "clock-chip": f"{DEFECT}chip-without-leap-years",
    "clock-upset": f"{DEFECT}ticks-not-compared",
    "clocks-change": f"{DEFECT}instant-not-read",
    "conserved": f"{WRONG}losing",
    "credit-edge": f"{DEFECT}friday-and-saturday",
    "credit-without-time": f"{DEFECT}doubted-clock-obeyed",
    "cut-at-step": f"{WRONG}unjournalled",
    "cut-comes": f"{WRONG}never",
    "cut-in-countdown": f"{WRONG_RULES}LeavesTheValve",
    "deferred-again": f"{WRONG}once",
    "doubt-has-an-end": f"{DEFECT}lost-clock-waits",
    "doubts": f"{WRONG}anxious",
    "edge-bytes": f"{WRONG_CARDS}AsText",
    "emergency-again": f"{DEFECT}emergency-again-and-again",
    "fails-again": f"{WRONG}stepped_again",
    "generation": f"{WRONG}hour_before",
    "hint": f"{WRONG}Oversleeper",
    "holiday": f"{DEFECT}holidays-protected",
    "in-parts": f"{DEFECT}reactivation-clears-one",
    "lost-setting": f"{DEFECT}setting-not-read-back",
    "later-cut": f"{WRONG_RULES}by_the_newest_end",
    "many-loads": f"{DEFECT}loads-in-16-bits",
    "never-early": f"{DEFECT}end-exclusive",
    "memory-lasts": f"{WRONG_CARDS}saving",
    "newest-order": f"{DEFECT}reactivation-clears-one",
    "no-look-ahead": f"{WRONG}Reborn",
    "no-orders": f"{WRONG}forgiving",
    "no-such-time": f"{WRONG}thirteen_months",
    "no-wrong-cut": f"{DEFECT}reactivation-clears-one",
    "off-over-step": f"{WRONG}steps_at_once",
    "office-limits": f"{DEFECT}office-refuses-29-february",
    "office-record": f"{DEFECT}day-and-month-swapped",
    "old-clock-card": f"{DEFECT}old-clock-card-obeyed",
    "old-setting": f"{WRONG}ageless",
    "older-copy": f"{DEFECT}stale-order-accepted",
    "order-answered": f"{WRONG}mute",
    "poll-phase": f"{WRONG}whimsical",
    "reactivation-cancels": f"{DEFECT}reactivation-clears-one",
    "record-put-back": f"{DEFECT}mac-not-checked",
    "replaced-card": f"{DEFECT}numbers-of-each-card",
    "reserve-lost": f"{WRONG}credulous",
    "restored": f"{WRONG}never_asks",
    "right-answer": f"{WRONG}miserly",
    "says-what-it-understood": f"{DEFECT}end-exclusive",
    "set-back": f"{DEFECT}freeze-after-step-back",
    "shelter-has-an-end": f"{DEFECT}shelter-without-end",
    "shown-again": f"{WRONG}whimsical",
    "slower-clock": f"{WRONG}whimsical",
    "stamp-ahead": f"{DEFECT}stamp-always-obeyed",
    "tick-inside": f"{WRONG}byte_reads",
    "sums-go-on": f"{WRONG_CARDS}uncharged",
    "ticks-wrap": f"{DEFECT}ticks-wrap-after-49-days",
    "time-base": f"{DEFECT}hour-set-back-again",
    "torn-card": f"{WRONG_SAVES}numbered_late",
    "torn-visit": f"{DEFECT}large-load-sent-twice",
    "two-offices": f"{DEFECT}stamp-always-obeyed",
    "unknown-bits": f"{WRONG_CARDS}obliging",
    "used-without-time": f"{WRONG}unannounced",
    "twelve-hours": f"{DEFECT}twelve-is-twelve",
    "visited-while-lost": f"{WRONG_RULES}leaves_it_over",
    "weeks": f"{DEFECT}doy-common-year",
    "woken": f"{WRONG}Hasty",
    "write-back": f"{WRONG_CARDS}uncharged",
    "wrong-office": f"{WRONG}trusting",
}
# It takes a clock in legal time, or an installation that is tested.
NOT_IN_UTC = dict.fromkeys(
    ("cut-at-step", "fails-again", "off-over-step"), "electricity-legal-time"
)
NOT_IN_UTC["cut-in-countdown"] = "gas-pcf8563-battery"
FOREIGN_NOT = {"rebuilt"}  # asked of our own programs alone: see the test of a forgetful one below
# Laws of parts that no build swaps: a name in a module, and what is wrong in its place.
WRONG_PARTS = {
    "card-kept": (find, "SLOT_COUNT", 1),
    "board-parts": (small_parts, "Backup", wrong.Unending),
    "first-content": (first_content, "refuse_loss", whatever_lies_there),
    "impossible-image": (refusals, "parse_container", wrong.at_the_start),
    "memory-cells": (cells, "Eeprom", wrong.Whole),
    "office-agrees": (office, "doubts", lambda *_: (Doubt("all is wrong", contradicts=True),)),
    "office-doubts": (office, "doubts", lambda *_: ()),
    "record-limits": (compact, "SESSION_MASK", 0xFF),
    "register-counts": (register, "Metrology", wrong.Generous),
}


def trials(
    law_id: str, build: str, count: int, kits: Sequence[ModelAndCards] | None = None
) -> list[Trial]:
    draw = laws()[law_id].draw
    return [Trial(draw(seeded(f"{law_id}/{n}"), kits or models()), build) for n in range(count)]


@pytest.mark.slow("lives stories under all laws")
@each_cell("law_id", list(BROKEN_BY), short=5)
def test_a_law_finds_the_program_that_breaks_it(law_id):
    build = BROKEN_BY[law_id]
    own = HOMES[NOT_IN_UTC[law_id]] if law_id in NOT_IN_UTC else UTC
    kits = own if build.startswith((WRONG, WRONG_CARDS, WRONG_RULES, WRONG_SAVES)) else None
    asked = laws()[law_id].asked
    assert any(isinstance(asked(trial), Broken) for trial in trials(law_id, build, 60, kits))


@pytest.mark.slow("draws up to 300 stories", short=1)
@pytest.mark.parametrize("fault", ["saturating", "overwriting", "numbered_late"])
def test_a_supply_that_fails_again_finds_what_is_full_forgets_or_is_numbered_twice(fault):
    asked = laws()["fails-again"].asked
    found = (asked(trial) for trial in trials("fails-again", f"{WRONG_SAVES}{fault}", 300, UTC))
    assert any(isinstance(finding, Broken) for finding in found)


@pytest.mark.slow("draws up to 400 stories")
@each_cell("fault", ["unnoted_refusals", "unnoted_sessions", "unnoted_expiry", "an_hour_on",
                     "says_nothing_of_it", "tells_nobody"], short=2)  # fmt: skip
def test_what_a_meter_does_not_note_or_tell_is_missed_on_the_card(fault):
    asked = laws()["write-back"].asked
    found = (asked(trial) for trial in trials("write-back", f"{WRONG_RULES}{fault}", 400, UTC))
    assert any(isinstance(finding, Broken) for finding in found)


def test_an_id_is_one_law_also_where_two_devices_have_it():
    says: dict[str, str] = {}
    for device in DEVICES:
        for law in laws(device).values():
            assert says.setdefault(law.id, law.says) == law.says, law.id


def test_each_law_has_its_negative():
    assert set(laws()) == set(BROKEN_BY) | FOREIGN_NOT | set(WRONG_PARTS)


@pytest.mark.slow("draws trials of each law")
@each_cell("law_id", list(WRONG_PARTS), short=3)
def test_a_law_of_parts_finds_one_that_is_wrong(law_id):
    with patch.object(*WRONG_PARTS[law_id]):
        found = [laws()[law_id].asked(trial) for trial in trials(law_id, "reference", 12)]
    assert any(isinstance(finding, Broken) for finding in found)
    assert not any(
        isinstance(laws()[law_id].asked(trial), Broken) for trial in trials(law_id, "reference", 3)
    )


def test_a_chip_without_a_sheet_written_apart_is_named_and_the_others_are_judged():
    """A fifth chip, or anybody's on a board of his own: the law cannot know how it should count."""

    class Unknown(CLOCK_CHIPS["ds1307"].chip):  # type: ignore[misc]
        NAME = "DS9999"

    row = ClockChip(Unknown, CLOCK_CHIPS["ds1307"].driver)
    with patch.dict(CLOCK_CHIPS, {"ds9999": row}):
        asked = laws()["clock-chip"].asked
        (right,) = map(asked, trials("clock-chip", "reference", 1))
        wrong = map(asked, trials("clock-chip", BROKEN_BY["clock-chip"], 60))
        assert any(isinstance(finding, Broken) for finding in wrong)
    assert right == Aside("no sheet written apart for DS9999")


def test_a_program_that_remembers_goes_on_otherwise_when_it_is_made_anew():
    build = f"{WRONG}Forgetful"
    found = []
    for number in range(12):
        trial = Trial(around_t(seeded(number), UTC), build)
        anew = trial.events(trial.household, prepare=_rebuilding)
        found.append(first_difference(trial.run.events, anew, "made anew", BELGIAN))
        assert isinstance(laws()["rebuilt"].check(trial), Aside)
    assert any(isinstance(finding, Broken) for finding in found)


# The supply goes off three seconds after somebody turned to another page.
CUT_AT_A_PAGE = """
name = "a story"
zone = "Europe/Brussels"
start = 2020-01-03T06:00:00
end = 2020-01-03T10:27:00
seed = 10828
model = "gas-pcf8563-battery"

[[household]]
id = "home"
kind = "never came back"
rtc_base = "legal"
balance_eur = 20
load_dm3_per_h = 100
visits = [
  { at = 2020-01-03T07:29:00, desk = ["defer", "cut"], \
defer_until = 2020-01-03T08:00:00, cut_at = 2020-01-03T08:00:00 },
  { at = 2020-01-03T07:59:00, insert = true },
  { at = 2020-01-03T07:59:55, press = "blue" },
  { at = 2020-01-03T08:00:00, insert = true },
  { at = 2020-01-03T08:00:00, hold = "blue" },
  { at = 2020-01-03T08:24:55, press = "blue" },
  { at = 2020-01-03T08:25:00, hold = "blue" },
]
"""


def test_a_page_stays_for_a_while_whatever_happens_meanwhile(tmp_path):
    path = tmp_path / "home.toml"
    path.write_text(CUT_AT_A_PAGE)
    trial = Trial(load_campaign(path), "reference")
    assert laws()["rebuilt"].check(trial) is None
    with patch("meter_emu.laws.rebuilt.SHOWN_S", -trial.household.model.poll_s):
        assert isinstance(laws()["rebuilt"].check(trial), Broken)


# The meter hears the card as its power comes back: a session of which not all was seen.
IN_BEFORE_POWER = """
name = "a card that is in before its power"
zone = "Europe/Brussels"
start = 2020-03-27T20:00:00
end = 2020-03-31T01:03:00
model = "electricity-bi-hourly"

[[household]]
id = "home"
kind = "cut"
balance_eur = 20
load_w = 500
clock_error_s = -45
age = { session_count = 4294967293 }
outages = [
  { from = 2020-03-27T21:49:21, to = 2020-03-28T00:00:21 },
  { from = 2020-03-28T03:00:00, to = 2020-03-28T03:10:00 },
]
visits = [
  { at = 2020-03-27T23:30:00, desk = ["defer", "cut"], defer_until = 2020-03-29T08:00:00, \
cut_at = 2020-03-29T08:00:00 },
  { at = IN, insert = true },
  { at = 2020-03-29T07:59:59, clock_card = true },
  { at = 2020-03-30T22:00:00, insert = true },
]
"""


def test_a_session_that_broke_is_no_session_in_which_an_order_was_not_journalled(tmp_path):
    path, asked = tmp_path / "home.toml", laws()["write-back"].asked

    def found(put_in: str) -> list[object]:
        path.write_text(IN_BEFORE_POWER.replace("IN", put_in))
        campaign = load_campaign(path)
        right = asked(Trial(campaign, "reference"))
        with patch.object(MeterRules, "note", unjournalled):
            return [right, asked(Trial(campaign, "reference"))]

    assert found("2020-03-28T00:00:00") == [None, None]
    right, wrong = found("2020-03-28T09:00:00")
    assert right is None
    assert isinstance(wrong, Broken)


def test_an_order_that_is_new_was_not_executed_before(tmp_path):
    path = tmp_path / "home.toml"
    path.write_text(IN_BEFORE_POWER.replace("IN", "2020-03-28T09:00:00"))
    with patch.object(MeterRules, "_take_order", executed_before):
        found = laws()["write-back"].asked(Trial(load_campaign(path), "reference"))
    assert isinstance(found, Broken)
    assert found.words == "the card says order 1 was executed before, and it is new"


def executed_before(rules, contents, *, take=MeterRules._take_order):
    result = take(rules, contents)
    return Result.ALREADY_EXECUTED if result is Result.EXECUTED else result


def unjournalled(rules, code, *detail, note=MeterRules.note):
    if code is not EventCode.ORDER_EXECUTED:
        note(rules, code, *detail)


def test_every_clock_shows_an_hour_however_long_it_has_to_midnight():
    slow_us = DAY_US * 40_000 // 10**9  # by which the slowest clock is longer on its way
    shown = [hour_and_second((DAY_S - second) * SECOND_US) for second in range(DAY_S)]
    assert shown == [divmod(second, HOUR_S) for second in range(DAY_S)]
    assert hour_and_second(DAY_US + slow_us) == (0, 0)


def test_a_record_that_is_made_to_fit_counts_money_where_it_counts_a_load():
    campaign = armed_household(seeded(3), UTC)
    assert campaign.households[0].age.loaded_cents == 0
    (household,) = _sealed(campaign, lambda _: True).households
    assert (household.age.load_count, household.age.loaded_cents) == (1, 1)


def test_two_homes_that_are_cut_at_different_times_are_found():
    trial = Trial(armed_household(seeded(3), UTC), "reference")
    later = shifted(trial.campaign, DAY_US).households[0]
    assert same_cut(trial, [("the same", trial.household)], 0) is None
    assert isinstance(same_cut(trial, [("a day later", later)], apart_us(trial.household)), Broken)


def test_the_first_thing_that_is_seen_otherwise_is_named():
    events = Trial(around_t(seeded(1), UTC), "reference").run.events
    assert first_difference(events, events, "again", BELGIAN) is None
    assert isinstance(first_difference(events, events[:-1], "again", BELGIAN), Broken)
    assert isinstance(first_difference(events, events[1:], "again", BELGIAN), Broken)


def test_a_law_says_what_it_is_and_which_property():
    for law in [law for device in DEVICES for law in laws(device).values()]:
        assert law.says[0].islower() or law.says[0].isdigit()
        assert law.presumes
        assert all(name in {f"P{number}" for number in range(1, 15)} for name in law.properties)

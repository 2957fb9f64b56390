"""Each law of a device that obeys tokens finds a program that breaks it, and none that is right.

Hazards are tested like stories: in each, what it is named for really happens, often enough.
"""

from collections import Counter
from collections.abc import Iterator

import pytest

from card_protocol.tokens.openpaygo.counter import COUNT_MAX
from card_protocol.tokens.sts.tid import TID_MAX
from meter_emu.domain import DeviceName
from meter_emu.laws import laws
from meter_emu.laws.law import Aside, Broken, Trial
from meter_emu.laws.tokens.cut import cut_in
from meter_emu.laws.tokens.entries import sold
from meter_emu.stories.chooser import seeded
from meter_emu.stories.energy import begin_energy, live_on_energy
from meter_emu.stories.story import finish, models
from meter_emu.units import SECOND_US
from meter_emu.verify.met import all_met, met
from meter_emu.verify.run import verify
from meter_emu.world.households.household import Household, VisitKind
from meter_emu.world.households.sts_ledger import StsToken, sections_of
from meter_emu.world.judge.verdicts import Lived, Verdict
from meter_emu.world.meter.devices import first_key
from meter_emu.world.meter.events import What
from tests.cells import each_cell, few

DEVICES: list[DeviceName] = ["openpaygo", "sts"]
LAWS = [(device, law_id) for device in DEVICES for law_id in laws(device)]
KITS = {device: models(device) for device in DEVICES}

DEFECT = "reference+"
WRONG = "tests.laws.wrong_tokens:"
BROKEN_BY: dict[DeviceName, dict[str, str]] = {}
BROKEN_BY["openpaygo"] = {
    "answers": f"{WRONG}Raising",
    "any-order": f"{WRONG}OrderMatters",
    "counter-edge": f"{WRONG}Signed",
    "credited-once": f"{DEFECT}used-bits-not-moved",
    "cut-in-entry": f"{DEFECT}count-before-credit",
    "ends-then": f"{DEFECT}older-left-open",
    "hint": f"{WRONG}Oversleeper",
    "many-tokens": f"{WRONG}OfEight",
    "no-look-ahead": f"{WRONG}Reborn",
    "over-stays-over": f"{WRONG}OverForgotten",
    "paid-until": f"{DEFECT}rest-thrown-away",
    "parts-of-a-day": f"{DEFECT}unit-in-whole-hours",
    "refused-entry": f"{WRONG}Punishing",
    "reserve-pulled": f"{WRONG}Costless",
    "ticks-wrap": f"{WRONG}Stopping",
    "time-shown": f"{WRONG}Generous",
    "typed-again": f"{DEFECT}used-counts-forgotten",
    "woven": f"{DEFECT}used-bits-not-moved",
}
BROKEN_BY["sts"] = {
    "answers": f"{WRONG}StsRaising",
    "cut-in-entry": f"{DEFECT}credit-before-tid",
    "energy-ends": f"{WRONG}TidForgotten",
    "energy-given": f"{DEFECT}credit-cleared-with-key",
    "energy-once": f"{DEFECT}tid-with-a-sign",
    "energy-shown": f"{WRONG}StsGenerous",
    "half-a-set": f"{DEFECT}key-at-first-half",
    "hint": f"{WRONG}StsOversleeper",
    "many-energy-tokens": f"{DEFECT}ring-by-arrival",
    "no-look-ahead": f"{WRONG}StsReborn",
    "refused-entry": f"{WRONG}StsPunishing",
    "there-and-back": f"{DEFECT}emptied-at-any-change",
    "ticks-wrap": f"{WRONG}StsStopping",
    "two-sets-mixed": f"{WRONG}KeyKept",
    "typed-again": f"{WRONG}TidForgotten",
    "woven": f"{DEFECT}key-at-first-half",
}
RIGHT = {"openpaygo": f"{WRONG}Planted", "sts": f"{WRONG}StsPlanted"}
FOREIGN_NOT = {
    "rebuilt"
}  # asked of our own programs alone: tests/laws/test_laws.py has a forgetful one


def trials(device: DeviceName, law_id: str, build: str, count: int) -> Iterator[Trial]:
    kits = KITS[device][:1] if build.startswith(WRONG) else KITS[device]
    draw = laws(device)[law_id].draw
    return (Trial(draw(seeded(f"{law_id}/{n}"), kits), build) for n in range(count))


@pytest.mark.parametrize("device", DEVICES)
def test_each_law_has_its_negative(device: DeviceName) -> None:
    assert set(laws(device)) == set(BROKEN_BY[device]) | FOREIGN_NOT


@pytest.mark.slow("lives stories under all laws")
@each_cell(("device", "law_id"), [one for one in LAWS if one[1] not in FOREIGN_NOT], short=4)
def test_a_law_finds_the_program_that_breaks_it(device: DeviceName, law_id: str) -> None:
    asked, tried = laws(device)[law_id].asked, trials(device, law_id, BROKEN_BY[device][law_id], 60)
    assert any(isinstance(asked(trial), Broken) for trial in tried)


@pytest.mark.slow("lives many wrong entries")
def test_a_keypad_that_is_locked_too_late_is_seen() -> None:
    def wrong_entries(number: int) -> Trial:
        seed, draft = begin_energy(seeded(f"patient/{number}"), KITS["sts"][:1])
        live_on_energy(draft, ("wrong entries",))
        return Trial(finish(draft, seed), f"{WRONG}StsPatient")

    asked = laws("sts")["energy-shown"].asked
    assert any(isinstance(asked(wrong_entries(number)), Broken) for number in range(200))


@pytest.mark.slow("lives stories under all laws")
@each_cell(("device", "law_id"), LAWS, short=3)
def test_a_law_finds_nothing_in_the_reference_nor_in_a_right_program_of_somebody_else(
    device: DeviceName, law_id: str
) -> None:
    asked, count = laws(device)[law_id].asked, 3 if law_id == "counter-edge" else 12
    theirs, ours = (
        [asked(trial) for trial in trials(device, law_id, build, count)]
        for build in (RIGHT[device], "reference")
    )
    assert not [finding for finding in (*theirs, *ours) if isinstance(finding, Broken)]
    assert not all(isinstance(finding, Aside) for finding in ours)


@pytest.mark.slow("lives an entry that power fails in, over and over")
@pytest.mark.parametrize(
    ("device", "defect"),
    [
        ("openpaygo", "count-before-credit"),
        ("openpaygo", "credit-before-count"),
        ("sts", "credit-before-tid"),
        ("sts", "key-before-memory"),
    ],
)
def test_power_that_fails_in_an_entry_finds_what_is_saved_in_turn(
    device: DeviceName, defect: str
) -> None:
    asked = laws(device)["cut-in-entry"].asked
    tried = trials(device, "cut-in-entry", f"reference+{defect}", 80)
    assert any(isinstance(asked(trial), Broken) for trial in tried)


@pytest.mark.slow("draws hundreds of stories")
def test_stories_are_about_all_that_is_counted() -> None:
    seen: Counter[str] = Counter()
    for name in ("answers", "hint", "over-stays-over"):
        for number in range(150):
            seen.update(met(laws("openpaygo")[name].draw(seeded(f"{name}/{number}"), ())))
    assert set(seen) == set(all_met("openpaygo"))


@pytest.mark.slow("runs each story once")
def test_the_power_fails_within_the_poll_that_serves_the_entry() -> None:
    inside = 0
    for trial in trials("openpaygo", "cut-in-entry", "reference", 20):
        placed = cut_in(trial)
        assert placed is not None
        household = placed.household
        entry_us = [one.at_us for one in household.visits if one.kind is VisitKind.KEYED_IN][-2]
        inside += any(0 <= lost_us - entry_us < SECOND_US for lost_us, _ in household.outages)
    assert inside == 20


def test_counts_come_to_the_last_one_there_is() -> None:
    lasts, edge = set(), laws("openpaygo")["counter-edge"]
    for number in range(300):
        (household,) = edge.draw(seeded(f"counts/{number}"), ()).households
        lasts.add(max(token.count for token in sold(household)))
    assert {COUNT_MAX, COUNT_MAX - 1} & lasts
    assert any(last >= 1 << 15 > last - 16 for last in lasts)


@pytest.mark.slow("verifies a program", short=1)
@pytest.mark.parametrize("device", DEVICES)
def test_a_program_that_says_what_it_is_for_is_asked_the_laws_of_its_device(
    device: DeviceName,
) -> None:
    report = verify(RIGHT[device], examples=few(2, short=1))
    assert [one.law.id for one in report.examined] == list(laws(device))
    assert not report.broken
    assert report.device == device


@pytest.mark.slow("verifies a program")
def test_a_defect_of_a_device_is_asked_its_laws_without_a_model() -> None:
    report = verify("reference+rest-thrown-away", law_ids=["paid-until"], examples=40)
    assert report.broken
    (examined,) = report.examined
    assert examined.broken is not None
    assert "token-2" in "\n".join(examined.broken.course)


# Hazards of keys ----------------------------------------------------------------------------------


def households(law_id: str, count: int) -> Iterator[Household]:
    for number in range(count):
        yield from laws("sts")[law_id].draw(seeded(f"{law_id}/{number}"), ()).households


@pytest.mark.slow("lives households whose meter is deaf")
def test_sections_of_two_sets_are_taken_and_nothing_that_is_sold_after_them() -> None:
    """A right meter falls into the trap: every rule is kept, and the household pays for nothing."""
    for trial in trials("sts", "two-sets-mixed", "reference", 12):
        outcome = trial.run.outcome
        assert (outcome.verdict, outcome.lived.verdict) == (Verdict.KEPT, Lived.PAID_NEVER_GOT)
        typed = [event for event in trial.run.events if event.what is What.TYPED]
        answers = [event.shown.split(" | ")[1].split()[0] for event in typed]
        assert trial.household.model.sts is not None
        sections = sections_of(trial.household.model.sts)
        assert answers[sections - 1] == "1"
        assert set(answers[sections:]) <= {"13", "15"}


def test_fifty_tokens_come_in_any_order_and_some_of_them_again() -> None:
    orders = set()
    for household in households("many-energy-tokens", 20):
        tids = [typed.token.token.tid for typed in household.visits]  # type: ignore[union-attr]
        if not tids or max(tids) == TID_MAX:  # an office at the end of its base date sells no more
            continue
        assert len(set(tids[:50])) == 50
        assert set(tids[56:]) <= set(tids[:56])
        orders.add(tuple(tids[:50]))
    assert len(orders) >= 15


def test_a_key_that_comes_back_is_the_one_that_was_left() -> None:
    for household in households("there-and-back", 20):
        assert household.model.sts is not None
        keys = dict.fromkeys(
            token.sale.new_key for token in household.tokens if isinstance(token, StsToken)
        )
        there, back = (key for key in keys if key is not None)
        assert back == first_key(household.model.sts) != there

"""What is bound to what: an order number to one order, a record to its carrier, a session to its
write-back. Each is broken in every way that a thief or a copy can break it.
"""

from itertools import permutations, product
from typing import Final

import pytest

from card_protocol.card.image import CardKind
from card_protocol.card.virtual import AnyImage, card_of
from card_protocol.formats import budget
from card_protocol.formats.budget import DF_OF, Sfi, compact
from card_protocol.formats.budget.making import (
    personalise_budget_card,
    personalise_plain_budget_card,
)
from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Desk, Work
from meter_emu.desk.pricing import Pricing
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.domain import Result
from meter_emu.firmware.gate import OrderGate
from meter_emu.firmware.layouts import EventCode
from meter_emu.firmware.rules import MeterRules
from tests.cards import raw_on, with_raw
from tests.firmware.meters import METER_ID, Rig
from tests.properties.trials import CARDS, METERS, ModelAndCards
from tests.reliability.stage import EXHAUSTIVE, KITS, facts, kit_name, rig_of
from tests.reliability.tally import Tried
from tests.rigs import counted

MODELS = list(METERS.values())
ON_KITS = pytest.mark.parametrize(
    "kit",
    KITS if EXHAUSTIVE else [ModelAndCards(MODELS[at], *card) for at, card in enumerate(CARDS)],
    ids=kit_name,
)
FIRST_KIT: Final = ModelAndCards(METERS["electricity-pcf8563-utc"], 1, CardKind.PLAIN)
T1, T2 = Civil(2020, 8, 1, 9, 0), Civil(2020, 9, 1, 9, 0)
ORDERS: Final = (
    Work(defer_until=T1), Work(cut_at=T1), Work(cut_at=T2), Work(defer_until=T1, cut_at=T2),
    Work(reactivate=True), Work(prepayment=False), Work(tariff=Pricing(2, 300, 300)),
)  # fmt: skip
PAIRS: Final = list(permutations(range(len(ORDERS)), 2))


def answer(rig: Rig) -> Result:
    return Result[rig.insert().rpartition(" ")[2]]


# One order number, two orders ---------------------------------------------------------------------


def reused(kit: ModelAndCards, one: int, other: int) -> str:
    """Write an order on a card and another on its copy, show both; return what is wrong."""
    rig = rig_of(kit)
    issued = rig.card.image
    rig.write(ORDERS[one])
    first = rig.card.image
    rig.card = card_of(issued, counted())
    rig.write(ORDERS[other])
    second = rig.card.image
    rig.card = card_of(first, counted())
    if answer(rig).refused:
        return ""  # a tariff that this meter cannot keep
    kept = facts(rig.state)
    rig.card = card_of(second, counted())
    said = answer(rig)
    if said is not Result.ANOTHER_ORDER or facts(rig.state) != kept:
        return f"the second was answered {said.name}"
    back = rig.write_back()
    if back is None or back.result != Result.ANOTHER_ORDER:
        return "it was not written back"
    rig.card.power_on()
    written, account = rig.desk.write_back_record(rig.card.transmit)
    assert written is not None
    found = [doubt for doubt in rig.desk.doubts(written, account) if doubt.contradicts]
    # A memory card has no room for the order's MAC, and says two orders of the same ends apart by
    # the result alone.
    ends = written.defer_until, written.cut_at
    same_ends = ends == (account.desk.defer_until, account.desk.cut_at)
    same_ends = same_ends and kit.carrier is CardKind.MEMORY
    return "" if found or same_ends else "the office does not see it"


@ON_KITS
def test_a_second_order_of_one_number_is_never_taken_for_the_first(kit, tried: Tried):
    for one, other in PAIRS if EXHAUSTIVE else PAIRS[:: len(PAIRS) // 4]:
        with tried.one("order numbers reused", (one, other)):
            assert reused(kit, one, other) == ""


# Records between carriers -------------------------------------------------------------------------


def moved(source: Rig, target: Rig, sfis: tuple[Sfi, ...]) -> AnyImage:
    """Return the target's card with these records of the source's, byte for byte."""
    image = target.card.image
    for sfi in sfis:
        raw, room = raw_on(source.card.image, sfi), len(raw_on(target.card.image, sfi))
        image = with_raw(image, sfi, raw[:room].ljust(room, b"\xff"))
    return image


SETS: Final = ((Sfi.IDENTITY,), (Sfi.DESK,), (Sfi.IDENTITY, Sfi.DESK), tuple(Sfi))
WAYS: Final = [
    (generation, one, other)
    for generation, one, other in product((1, 2), CardKind, CardKind)
    if one is not other and (generation == 1 or CardKind.MEMORY not in {one, other})
]


def obeyed_elsewhere(model, way: tuple[int, CardKind, CardKind], sfis: tuple[Sfi, ...]) -> bool:
    generation, one, other = way
    source = rig_of(ModelAndCards(model, generation, one))
    target = rig_of(ModelAndCards(model, generation, other))
    source.write(Work(load_cents=5_000, cut_at=T2))
    before = facts(target.state)
    target.card = card_of(moved(source, target, sfis), counted())
    return not answer(target).refused and facts(target.state) != before


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way[0]}-{way[1].name}-{way[2].name}")
def test_a_record_of_one_carrier_is_never_obeyed_on_another(way, tried: Tried):
    for model in MODELS if EXHAUSTIVE else MODELS[:1]:
        for sfis in SETS:
            with tried.one("records between carriers", (model.name, sfis)):
                assert not obeyed_elsewhere(model, way, sfis)


def test_what_is_heard_on_a_secure_card_is_nothing_on_a_programmed_plain_one():
    """The attack of the trial: no key, a listener, a blank card. 50 EUR on the tree before."""
    rig = Rig(carrier=CardKind.SECURE)
    rig.write(Work(load_cents=5_000))
    heard = {sfi: raw_on(rig.card.image, sfi) for sfi in Sfi}
    rig.card = card_of(personalise_plain_budget_card(heard, generation=1, df=DF_OF[1]), counted())
    assert answer(rig) is Result.BAD_MAC
    assert rig.state.accepted_cents == 0
    back = personalise_budget_card(
        TEST_MASTER_KEY, METER_ID, heard, pin="0000", generation=1, df=DF_OF[1]
    )
    rig.card = card_of(back, counted())
    assert answer(rig) is Result.EXECUTED, "the same records, where they belong"


# Write-backs put back -----------------------------------------------------------------------------

SESSIONS: Final = 4


def put_back_unseen(kit: ModelAndCards, old: int, new: int, *, seen: bool) -> str:
    """Put the write-back of session `old` where that of session `new` was; return what is wrong.

    Where the office has `seen` a session between, it finds the step back itself; else the meter
    notes at its next session that the office has not seen what it wrote.
    """
    rig = rig_of(kit)
    backs: list[bytes] = []
    for number in range(1, new + 1):
        rig.write(Work(load_cents=1_000))
        rig.insert()
        backs.append(raw_on(rig.card.image, Sfi.WRITE_BACK))
        if seen and number == new:
            rig.write(Work(load_cents=500))  # the office has the card, and sees this session
    rig.card = card_of(with_raw(rig.card.image, Sfi.WRITE_BACK, backs[old - 1]), counted())
    rig.card.power_on()
    written, account = rig.desk.write_back_record(rig.card.transmit)
    rig.card.power_off()
    assert written is not None
    noticed = any("put back" in doubt.words for doubt in rig.desk.doubts(written, account))
    wanted = account.desk.seen_session > old
    if noticed is not wanted:
        return f"the office has seen {account.desk.seen_session}, and notices {noticed}"
    if seen:
        return ""
    rig.write(Work(load_cents=500))
    before = rig.state.events.count(EventCode.SESSIONS_DISAGREE)
    rig.insert()
    codes = rig.state.events[4::8]
    return "" if EventCode.SESSIONS_DISAGREE in codes else f"the meter notes nothing, {before}"


CASES: Final = [
    (old, new, seen)
    for new in range(2, SESSIONS + 1)
    for old in range(1, new)
    for seen in (True, False)
]


@ON_KITS
def test_a_write_back_that_was_put_back_is_seen_by_the_office_or_by_the_meter(kit, tried: Tried):
    for old, new, seen in CASES if EXHAUSTIVE else CASES[::4]:
        with tried.one("write-backs put back", (old, new, seen)):
            assert put_back_unseen(kit, old, new, seen=seen) == ""


@pytest.mark.parametrize("counted_before", [0, 31_999, 65_534, 65_535, 70_000, 131_071, 2**32 - 3])
def test_an_old_write_back_is_seen_whatever_number_its_session_has(counted_before):
    """A memory card says a session in 16 bits: held at 65,535 it let each old one through."""
    rig = Rig(carrier=CardKind.MEMORY, session_count=counted_before)
    backs = []
    for _ in range(3):
        rig.write(Work(load_cents=1_000))
        rig.insert()
        backs.append(raw_on(rig.card.image, Sfi.WRITE_BACK))
    rig.write(Work(load_cents=500))  # the office has seen the third
    rig.card = card_of(with_raw(rig.card.image, Sfi.WRITE_BACK, backs[1]), counted())
    rig.card.power_on()
    written, account = rig.desk.write_back_record(rig.card.transmit)
    rig.card.power_off()
    assert written is not None
    at_office = any(doubt.contradicts for doubt in rig.desk.doubts(written, account))
    rig.insert()
    assert at_office or EventCode.SESSIONS_DISAGREE in rig.state.events[4::8][:3]


@pytest.mark.parametrize(
    ("carrier", "counted_before", "asked"),
    [
        (CardKind.MEMORY, 31_998, False),
        (CardKind.MEMORY, 31_999, True),
        (CardKind.MEMORY, 65_534, True),
        (CardKind.PLAIN, 65_534, False),  # it says all 32 bits
    ],
)
def test_an_office_asks_for_a_visit_before_half_the_sessions_of_a_memory_card_are_counted(
    carrier, counted_before, asked
):
    rig = Rig(carrier=carrier, session_count=counted_before)
    rig.insert()
    rig.card.power_on()
    written, account = rig.desk.write_back_record(rig.card.transmit)
    assert written is not None
    said = [doubt.words for doubt in rig.desk.doubts(written, account)]
    assert any("somebody has to visit it" in words for words in said) is asked


def test_1440_kwh_that_were_deferred_are_not_hidden_by_an_old_write_back():
    """The attack of the trial, on a plain card: 0 Wh read where the meter has 360 EUR deferred."""
    rig = Rig(carrier=CardKind.PLAIN, load=3_000)
    rig.write(Work(defer_until=Civil(2020, 8, 1, 0, 0)))
    rig.insert()
    first = raw_on(rig.card.image, Sfi.WRITE_BACK)
    rig.run(20 * 86_400)
    rig.insert()
    back = rig.write_back()
    assert back is not None
    assert back.deferred_wh >= 1_400_000
    rig.write(Work(load_cents=500))  # the office has seen it
    rig.card = card_of(with_raw(rig.card.image, Sfi.WRITE_BACK, first), counted())
    rig.card.power_on()
    written, account = rig.desk.write_back_record(rig.card.transmit)
    assert written is not None
    assert written.deferred_wh == 0
    (doubt,) = [one for one in rig.desk.doubts(written, account) if one.contradicts]
    assert doubt.words.endswith("an old one was put back")


def test_an_honest_household_gives_no_cause_for_doubt():
    """Each visit followed by one to the meter, the card put in twice, and nothing is noted."""
    for carrier in CardKind:
        rig = Rig(carrier=carrier)
        for work in (Work(load_cents=1_000), Work(cut_at=T2), Work(reactivate=True)):
            rig.write(work)
            rig.insert()
            rig.insert()
            rig.card.power_on()
            written, account = rig.desk.write_back_record(rig.card.transmit)
            assert written is not None
            assert rig.desk.doubts(written, account) == ()
        assert EventCode.SESSIONS_DISAGREE not in rig.state.events[4::8]


# The suite itself: each with its fault seeded -----------------------------------------------------


def test_a_program_that_compares_numbers_alone_is_found(monkeypatch):
    assert reused(FIRST_KIT, 0, 1) == ""
    monkeypatch.setattr(OrderGate, "judge_again", lambda *_: Result.ALREADY_EXECUTED)
    assert reused(FIRST_KIT, 0, 1) == "the second was answered ALREADY_EXECUTED"


def test_an_office_that_does_not_compare_orders_is_found(monkeypatch):
    monkeypatch.setattr(Desk, "doubts", lambda *_: ())
    assert reused(FIRST_KIT, 0, 1) == "the office does not see it"


def test_a_mac_that_does_not_cover_the_carrier_is_found(monkeypatch):
    way = (1, CardKind.SECURE, CardKind.PLAIN)
    assert not obeyed_elsewhere(FIRST_KIT.model, way, (Sfi.IDENTITY, Sfi.DESK))
    covered = budget.mac_text
    for module in (budget, compact):
        monkeypatch.setattr(
            module, "mac_text", lambda body, card: covered(body, card._replace(kind=CardKind.PLAIN))
        )
    assert obeyed_elsewhere(FIRST_KIT.model, way, (Sfi.IDENTITY, Sfi.DESK))


def test_an_office_that_does_not_repeat_what_it_has_seen_is_found(monkeypatch):
    assert put_back_unseen(FIRST_KIT, 1, 3, seen=True) == ""
    monkeypatch.setattr(Desk, "_seen", lambda *_: 0)
    assert put_back_unseen(FIRST_KIT, 1, 3, seen=True) == ""  # it cannot know
    rig = Rig(carrier=CardKind.PLAIN)
    for _ in range(2):
        rig.write(Work(load_cents=1_000))
        rig.insert()
    assert EventCode.SESSIONS_DISAGREE in rig.state.events[4::8], "the meter notes the office"


def test_a_meter_that_does_not_compare_sessions_is_found(monkeypatch):
    assert put_back_unseen(FIRST_KIT, 1, 3, seen=False) == ""
    monkeypatch.setattr(MeterRules, "_compare_sessions", lambda *_: None)
    assert "the meter notes nothing" in put_back_unseen(FIRST_KIT, 1, 3, seen=False)

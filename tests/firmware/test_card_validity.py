"""Temporary and replaced cards: half-open, by RTC - u, and nothing of a refused card is obeyed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.card.image import CardKind
from card_protocol.card.virtual import card_of
from card_protocol.formats import budget
from card_protocol.formats.budget import IdentityRecord, Sfi, seal
from card_protocol.formats.budget.generations import layouts
from card_protocol.keys import Purpose, derive
from card_protocol.timestamp import BCD_NONE, MINUTES_NONE, Civil, encode_bcd_minute
from meter_emu.desk.desk import Desk, Work
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.domain import Result
from meter_emu.errors import DeskError
from meter_emu.firmware.dialogues.budget import identity_said
from meter_emu.firmware.layouts import EventCode, Health
from tests.cells import each_cell
from tests.firmware.meters import METER_ID, NEIGHBOURS, PARTS, Rig, now_at, seconds, state
from tests.rigs import counted

BRUSSELS = ZoneInfo("Europe/Brussels")
EXPIRES = Civil(2020, 7, 18, 0, 0)
EXPIRES_S = seconds(datetime(2020, 7, 18, tzinfo=BRUSSELS))
BOTH = pytest.mark.parametrize("generation", [1, 2])
GENERATIONS_AND_CARRIERS = each_cell(
    ("generation", "carrier"),
    [(n, kind) for n in (1, 2) for kind in CardKind if (n, kind) != (2, CardKind.MEMORY)],
)
DESK_KEY = derive(TEST_MASTER_KEY, Purpose.DESK_RECORD, METER_ID)


def identity(generation: int, expires: Civil | None = EXPIRES) -> IdentityRecord:
    rig = Rig(generation=generation, expires=expires)
    return budget.IDENTITY.parse(rig.file(Sfi.IDENTITY))


def judged(
    card: IdentityRecord, at_s: int, *, u: int = 0, health: Health = Health.TRUSTED
) -> Result:
    return PARTS.gate.judge_card(identity_said(card), state(), now_at(at_s, u=u, health=health))


@BOTH
@pytest.mark.parametrize("u", [0, 60, 600])
def test_a_card_expires_half_open_when_rtc_minus_u_has_reached_it(generation, u):
    card = identity(generation)
    assert judged(card, EXPIRES_S + u - 1, u=u) is Result.EXECUTED
    assert judged(card, EXPIRES_S + u, u=u) is Result.CARD_EXPIRED
    assert judged(card, EXPIRES_S + u + 10**8, u=u) is Result.CARD_EXPIRED


@pytest.mark.slow("a session for each instant")
@BOTH
@given(when=st.datetimes(datetime(2000, 2, 1), datetime(2099, 12, 30)))  # noqa: DTZ001 - naive
def test_both_generations_expire_at_the_instant_zoneinfo_says(generation, when):
    try:
        card = identity(generation, Civil(*when.timetuple()[:5]))
    except DeskError:
        return  # skipped or repeated by the change of clocks
    at_s = seconds(when.replace(second=0, microsecond=0, tzinfo=BRUSSELS))
    assert judged(card, at_s - 1) is Result.EXECUTED
    assert judged(card, at_s) is Result.CARD_EXPIRED


@BOTH
def test_a_lasting_card_never_expires(generation):
    assert judged(identity(generation, None), 2**32) is Result.EXECUTED


@BOTH
@pytest.mark.parametrize(
    "health",
    [h for h in Health if h not in {Health.TRUSTED, Health.LOWER_BOUND, Health.DISPUTED}],
)
def test_a_clock_that_cannot_say_obeys_a_temporary_card(generation, health):
    assert judged(identity(generation), EXPIRES_S + 10**6, health=health) is Result.EXECUTED


@BOTH
def test_a_lower_bound_past_the_expiry_proves_it(generation):
    health = Health.LOWER_BOUND
    assert judged(identity(generation), EXPIRES_S, health=health) is Result.CARD_EXPIRED
    assert judged(identity(generation), EXPIRES_S - 1, health=health) is Result.EXECUTED


@each_cell(
    "changes",
    [
        {"expires": bytes.fromhex("2002310000")},
        {"expires": bytes.fromhex("20071a0000")},
        {"expires": BCD_NONE},
        {"expires_min": MINUTES_NONE},
        {"expires_min": MINUTES_NONE - 1},
        {"zone_rule": 2},
    ],
)
def test_an_expiry_that_is_none_refuses_the_card(changes):
    assert judged(replace(identity(2), **changes), 0) is Result.BAD_DATE


@each_cell("by_min", [-1440, -60, -1, 1, 60, 1440])
def test_of_an_expiry_whose_forms_disagree_the_later_holds(by_min):
    card = identity(2)
    card = replace(card, expires_min=card.expires_min + by_min)
    later_s = EXPIRES_S + max(0, by_min) * 60
    assert judged(card, later_s - 1) is Result.EXECUTED
    assert judged(card, later_s) is Result.CARD_EXPIRED


# On a whole meter ---------------------------------------------------------------------------------


def noted(rig: Rig) -> bytes:
    return rig.state.events[4::8]


def put_identity(rig: Rig, card: IdentityRecord) -> None:
    rig.put(Sfi.IDENTITY, seal(budget.IDENTITY, card, DESK_KEY, card.card_id(rig.card.image.kind)))


LOAD_AND_CUT = Work(load_cents=5_000, cut_at=Civil(2020, 8, 3, 23, 1))


@BOTH
def test_nothing_of_an_expired_card_is_obeyed_and_its_content_stays(generation):
    rig = Rig(generation=generation, expires=Civil(2020, 7, 1, 12, 0))  # the meter says noon
    rig.write(LOAD_AND_CUT)
    rig.run(600)
    kept = [rig.file(sfi) for sfi in Sfi if sfi is not Sfi.WRITE_BACK]
    before = rig.state
    assert rig.insert().endswith("CARD 1F CARD_EXPIRED")
    after = rig.state
    for name in ("balance_ueur", "accepted_cents", "order_number", "cut_end", "card_number"):
        assert getattr(after, name) == getattr(before, name), name
    assert [rig.file(sfi) for sfi in Sfi if sfi is not Sfi.WRITE_BACK] == kept
    back = rig.write_back()
    assert back is not None
    assert (back.generation, back.result) == (generation, Result.CARD_EXPIRED)
    assert noted(rig).count(EventCode.CARD_REFUSED) == 1


@BOTH
def test_a_temporary_card_is_obeyed_before_it_expires(generation):
    rig = Rig(generation=generation, expires=EXPIRES)
    rig.write(LOAD_AND_CUT)
    assert rig.insert().endswith("CARD 01 EXECUTED")
    assert rig.state.accepted_cents == 5_000
    assert EventCode.EXPIRY_UNCHECKED not in noted(rig)


@GENERATIONS_AND_CARRIERS
def test_a_replacement_goes_on_and_the_old_card_is_refused_from_then_on(generation, carrier):
    rig = Rig(generation=generation, carrier=carrier)
    rig.write(LOAD_AND_CUT)
    rig.insert()
    old = rig.card
    old.power_on()
    account = rig.desk.account(old.transmit)
    old.power_off()
    image = rig.desk.reissue(account, card_number=2, issued_at_min=0, card_kind=carrier)
    rig.card = card_of(image, counted())
    assert rig.state.card_number == 1
    assert rig.insert().endswith("CARD 02 ALREADY_EXECUTED")
    assert (rig.state.card_number, rig.state.accepted_cents) == (2, 5_000)
    rig.write(Work(load_cents=1_000, reactivate=True))
    assert rig.insert().endswith("CARD 01 EXECUTED")
    assert rig.state.accepted_cents == 6_000
    new, rig.card = rig.card, old
    rig.write(Work(load_cents=25_000, cut_at=Civil(2020, 8, 3, 23, 1)))
    rig.write(Work(limiter=True))
    before = rig.state
    assert rig.insert().endswith("CARD 21 CARD_REPLACED")
    assert (rig.state.accepted_cents, rig.state.order_number) == (6_000, before.order_number)
    rig.card = new
    assert rig.insert().endswith("CARD 02 ALREADY_EXECUTED")


@BOTH
def test_a_lost_card_stays_good_until_its_replacement_has_been_used(generation):
    rig = Rig(generation=generation)
    rig.insert()
    rig.write(LOAD_AND_CUT)
    assert rig.insert().endswith("CARD 01 EXECUTED")


def test_the_number_alone_says_which_card_is_newer():
    plain = identity(1, None)
    for asked, known in product(NEIGHBOURS[1:], NEIGHBOURS):
        card = replace(plain, card_number=asked)
        want = Result.CARD_REPLACED if asked < known else Result.EXECUTED
        got = PARTS.gate.judge_card(identity_said(card), state(card_number=known), now_at(0))
        assert got is want, (asked, known)


@each_cell("generation", [1, 2])
def test_a_record_of_the_other_generation_is_no_record_of_the_card(generation):
    """Sealed with the right key all the same; an order fills its file or lies at its beginning."""
    rig, other = Rig(generation=generation), Rig(generation=3 - generation)
    size = layouts(generation)[Sfi.DESK].size_bytes
    rig.put(Sfi.DESK, other.file(Sfi.DESK)[:size].ljust(size, b"\xff"))
    before = rig.state
    assert rig.insert().endswith("CARD 13 BAD_FORMAT")
    assert rig.state.order_number == before.order_number
    assert rig.write_back() is None


@BOTH
def test_an_identity_of_the_other_generation_makes_no_card_of_it(generation):
    rig = Rig(generation=generation)
    card = budget.IDENTITY.parse(rig.file(Sfi.IDENTITY))
    put_identity(rig, replace(card, generation=3 - generation))
    # A generation 2 record is longer than the file of generation 1.
    assert rig.insert().endswith(
        "CARD 10 CARD_UNREADABLE" if generation == 1 else "CARD 13 BAD_FORMAT"
    )


def test_an_expiry_whose_forms_disagree_is_noted():
    rig = Rig(generation=2, expires=EXPIRES)
    card = budget.IDENTITY.parse(rig.file(Sfi.IDENTITY))
    put_identity(rig, replace(card, expires=encode_bcd_minute(EXPIRES._replace(day=19))))
    rig.insert()
    assert EventCode.END_DISAGREES in noted(rig)


@BOTH
def test_a_meter_with_a_doubted_clock_obeys_and_notes_that_it_could_not_look(generation):
    """The backup ran out: the clock card has not come yet, and no lower bound proves the expiry."""
    off = home_us(2020, 7, 1, 12), home_us(2020, 8, 25, 12)
    rig = Rig(generation=generation, expires=EXPIRES, outages=[off])
    rig.bench.run_until(off[1] + 3_600_000_000)
    rig.insert()
    assert EventCode.EXPIRY_UNCHECKED in noted(rig)
    assert rig.state.card_number == 1


def home_us(*when: int) -> int:
    start = datetime(*when, tzinfo=UTC)  # type: ignore[misc,arg-type]
    return int((start - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))


# The office ---------------------------------------------------------------------------------------


@BOTH
def test_a_replacement_needs_a_higher_number(generation):
    rig = Rig(generation=generation, card_number=7)
    rig.card.power_on()
    account = rig.desk.account(rig.card.transmit)
    for number in (0, 6, 7):
        with pytest.raises(DeskError, match="higher number"):
            rig.desk.reissue(account, card_number=number, issued_at_min=0)


@BOTH
def test_a_replacement_of_a_temporary_card_lasts_unless_it_is_one_too(generation):
    rig = Rig(generation=generation, expires=EXPIRES)
    rig.card.power_on()
    account = rig.desk.account(rig.card.transmit)
    for expires in (None, EXPIRES._replace(day=30)):
        image = rig.desk.reissue(account, card_number=2, expires=expires, issued_at_min=0)
        card = card_of(image, counted())
        card.power_on()
        found = rig.desk.account(card.transmit).identity
        assert (found.generation, found.expires) == (generation, encode_bcd_minute(expires))


@each_cell("generation", [0, 3, 255])
def test_the_office_issues_no_generation_that_nobody_defined(generation):
    with pytest.raises(DeskError, match="generation 1 or 2"):
        Desk(TEST_MASTER_KEY).issue(METER_ID, generation=generation, issued_at_min=0)

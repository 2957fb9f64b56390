"""The bench, used as a test uses it: what a person can do, and what is said if he cannot."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.card.image import CardImage
from card_protocol.trace import Exchanged
from meter_emu.domain import Result as OnTheCard
from meter_emu.errors import ConfigError, DeskError, ImageError, MeterEmuError
from meter_emu.testing import Button, Card, Desk, Lamp, Meter, MeterSetup, Result, World
from meter_emu.testing.circumstances import circumstances_of
from meter_emu.testing.dialogue import STEPS_KEPT
from meter_emu.testing.links import Direct
from meter_emu.world.meter.acts import OF_WORD
from meter_emu.world.meter.events import What

T = "2020-07-03 23:01"


def setup(**marks: object) -> MeterSetup:
    return MeterSetup(
        circumstances_of([pytest.mark.meter(**marks).mark]),
        build="reference",
        seed=0,
        reach=Direct(),
    )


def fails(call: Callable[[], object], kind: type[MeterEmuError] = ConfigError) -> str:
    with pytest.raises(kind) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


# Time ---------------------------------------------------------------------------------------------


def test_now_is_legal_time(world: World) -> None:
    start = datetime(2020, 3, 18, 12, 0, tzinfo=ZoneInfo("Europe/Brussels"))
    assert start <= world.now < start + timedelta(seconds=1)  # the first poll has its time
    assert world.now.utcoffset() == timedelta(hours=1)
    world.advance(days=14)
    assert f"{world.now:%Y-%m-%d %H:%M %z}" == "2020-04-01 13:00 +0200"
    world.run_until(datetime(2020, 4, 1, 12, 0, tzinfo=UTC))
    assert f"{world.now:%H:%M}" == "14:00"


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ("2020-03-18 11:59", "it is 2020-03-18 12:00"),
        ("tomorrow", "expected a time such as '2020-07-03 23:01', got 'tomorrow'"),
        ("2020-10-25 02:30", "exists twice in Europe/Brussels, write 02:30"),
        ("2021-03-28 02:30", "does not exist in Europe/Brussels"),
        ("2020-10-25 02:30+05:00", "is 2020-10-24T23:30:00 in Europe/Brussels"),
        ("2100-01-01 00:00", "expected 2000 to 2099"),
    ],
)
def test_a_time_that_is_none_to_run_until_is_one_line(world: World, when: str, why: str) -> None:
    assert why in fails(lambda: world.run_until(when))


def test_a_repeated_hour_is_named_by_its_offset(world: World) -> None:
    world.run_until("2020-10-25 02:30+02:00")
    before = world.now
    world.run_until("2020-10-25 02:30+01:00")
    assert world.now.timestamp() - before.timestamp() == 3600


@pytest.mark.parametrize("parts", [{}, {"days": -1}, {"hours": 1, "minutes": -60}])
def test_time_does_not_stand_or_go_back(world: World, parts: dict[str, int]) -> None:
    assert "expected days, hours, minutes or seconds" in fails(lambda: world.advance(**parts))


@pytest.mark.slow("runs a meter in each example")
@given(st.lists(st.integers(1, 40 * 3600), min_size=1, max_size=6))
def test_in_how_many_pieces_time_passes_makes_no_difference(pieces_s: list[int]) -> None:
    whole, parted = setup(balance_eur=5), setup(balance_eur=5)
    whole.world.advance(seconds=sum(pieces_s))
    for piece_s in pieces_s:
        parted.world.advance(seconds=piece_s)
    assert whole.meter.image == parted.meter.image


# Cards --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("carrier", ["secure", "plain"])
def test_a_card_pulled_after_any_answer_loses_and_doubles_nothing(carrier: str) -> None:
    for answers in range(20):
        one = setup(carrier=carrier, balance_eur=20, load_per_hour=0)
        one.desk.load(one.card, 50)
        one.meter.insert(one.card, pulled_after=answers)
        spoken = sum(
            isinstance(step.row, Exchanged) for step in one.dialogue.steps if "meter" in step.who
        )
        assert not one.meter.insert(one.card).refused
        assert one.meter.balance_cents == 7_000
        if spoken <= answers:
            return
    pytest.fail("a session ends")


def test_a_card_is_in_one_place(meter: Meter, desk: Desk, card: Card) -> None:
    other = desk.replace(card)
    meter.insert(card)
    assert (card.in_meter, other.in_meter) == (True, False)
    assert "meter.remove() comes first" in fails(lambda: desk.load(card, 50))
    assert "meter.remove() comes first" in fails(lambda: desk.account(card))
    assert "meter.remove() comes first" in fails(lambda: desk.replace(card))
    assert "meter.remove() comes first" in fails(lambda: card.load("other.card"))
    assert "meter.remove() comes first" in fails(lambda: meter.insert(other))
    meter.remove()
    meter.remove()
    desk.load(card, 50)


def test_what_the_office_must_not_write_is_not_written(desk: Desk, card: Card) -> None:
    desk.account(card)  # a new card remembers its first terminal
    before = card.image
    assert "5.00 EUR to 250.00 EUR, got 4.00 EUR" in fails(lambda: desk.load(card, 4), DeskError)
    assert "lies before the end" in fails(
        lambda: desk.arm(card, defer_until=T, cut_at="2020-07-03 23:00"), DeskError
    )
    assert "expected whole euro" in fails(lambda: desk.load(card, "50,00"))
    assert "expected whole minutes" in fails(lambda: desk.cut(card, "2020-07-03 23:01:30"))
    assert card.image == before


def test_the_office_reads_what_the_meter_wrote(
    meter: Meter, desk: Desk, card: Card, world: World
) -> None:
    assert desk.read_back(card) is None
    desk.load(card, "12.50")
    desk.prepayment(card, on=False)
    desk.limiter(card, granted=True)
    desk.tariff(card, 2, 180, 90)
    meter.insert(card)
    meter.remove()
    written = desk.read_back(card)
    assert written is not None
    assert (written.accepted_cents, written.order_result) == (1_250, OnTheCard.EXECUTED)
    assert desk.account(card).desk.loaded_cents == 1_250
    assert [event.what for event in meter.events].count(What.DESK) == 4


def test_a_card_goes_to_a_file_and_back(
    meter: Meter, desk: Desk, card: Card, tmp_path: Path
) -> None:
    empty = card.image
    card.save(tmp_path / "empty.card")
    desk.load(card, 50)
    card.load(tmp_path / "empty.card")
    assert card.image == empty == CardImage.from_bytes(empty).to_bytes()
    meter.insert(card)
    meter.remove()
    assert "cannot be read" in fails(lambda: card.load(tmp_path / "none.card"), ImageError)
    (tmp_path / "torn.card").write_bytes(empty[:-1])
    assert "card image" in fails(lambda: card.load(tmp_path / "torn.card"), ImageError)
    assert "cannot be written" in fails(lambda: card.save(tmp_path), MeterEmuError)


# The meter ----------------------------------------------------------------------------------------


def test_a_power_cut_at_any_moment_of_a_session_loses_and_doubles_nothing() -> None:
    def loaded() -> MeterSetup:
        one = setup(balance_eur=20, load_per_hour=0)
        one.desk.load(one.card, 50)
        return one

    whole = loaded()
    began = whole.world.now
    whole.meter.insert(whole.card)
    lasts_ms = (whole.world.now - began) // timedelta(milliseconds=1)
    for at_ms in range(0, lasts_ms, 17):
        one = loaded()
        at = one.world.now + timedelta(milliseconds=at_ms)
        one.meter.plan_power_cut(at, at + timedelta(minutes=5))
        assert one.meter.insert(one.card) is Result.NONE
        assert (one.meter.powered, one.meter.display) == (False, "")
        one.world.advance(minutes=6)
        assert one.meter.powered
        one.meter.remove()
        one.meter.insert(one.card)
        assert one.meter.balance_cents == 7_000


def test_a_card_put_into_a_dark_meter_is_served_when_power_is_back(
    meter: Meter, desk: Desk, card: Card, world: World
) -> None:
    desk.arm(card, defer_until=T, cut_at=T)
    meter.plan_power_cut(world.now + timedelta(minutes=1), world.now + timedelta(hours=1))
    world.advance(minutes=2)
    assert meter.insert(card) is Result.NONE
    world.advance(minutes=58, seconds=5)
    assert "CARD 01 EXECUTED" in meter.display


def test_power_cuts_are_ahead_and_apart(meter: Meter, world: World) -> None:
    now = world.now
    hours = [now + timedelta(hours=count) for count in range(5)]
    meter.plan_power_cut(hours[3], hours[4])
    meter.plan_power_cut(hours[1], hours[2])
    for at, until in [(2, 1), (1, 2), (0, 1), (2, 3), (0, 4)]:
        why = fails(lambda at=at, until=until: meter.plan_power_cut(hours[at], hours[until]))  # type: ignore[misc]
        assert "apart from every other" in why
    assert "apart" in fails(lambda: meter.power_cut(hours=1))
    assert "ahead" in fails(lambda: meter.plan_power_cut(now - timedelta(hours=1), now))
    world.advance(hours=5)
    lost = [event.at_us for event in meter.events if event.what is What.POWER_LOST]
    assert [at_us // 10**6 for at_us in lost] == [int(hours[at].timestamp()) for at in (1, 3)]


@pytest.mark.meter(model="gas-pcf8563-battery", balance_eur="0.10", load_per_hour=800)
def test_gas_is_rearmed_by_hand(meter: Meter, desk: Desk, card: Card, world: World) -> None:
    world.advance(days=3)
    assert not meter.supply_on
    desk.load(card, 50)
    meter.insert(card)
    assert Lamp.RECONNECT in meter.lamps
    meter.shut_appliances()
    meter.hold(Button.BLUE)
    assert (len(meter.opened_at), len(meter.closed_at)) == (1, 1)
    meter.open_appliances()
    world.advance(hours=1)
    assert [event.what for event in meter.events].count(What.OPENED) == 1


def test_a_button_has_a_name(meter: Meter) -> None:
    assert "expected one of blue, red, got 'green'" in fails(lambda: meter.press("green"))
    pages = [meter.display]
    for _ in range(5):
        meter.press("blue")
        pages.append(meter.display)
    assert [page.split()[0] for page in pages] == ["CREDIT", "CLOCK", "T1", "T2", "ORDER", "CREDIT"]


def test_any_act_is_done_by_its_word(meter: Meter) -> None:
    supplied = []
    for argument in ("off", "on", "", ""):
        meter.do("power", argument)
        supplied.append(meter.powered)
    assert supplied == [False, True, False, True]
    meter.do("blue")
    assert (meter.events[-1].what, meter.events[-1].detail) == (What.KEY_PRESSED, "blue")
    meter.do("appliances", "shut 3h")
    assert meter.events[-1].what is What.SHUT
    assert f"expected one of {', '.join(OF_WORD)}, got 'kick'" in fails(lambda: meter.do("kick"))
    assert "expected lit or shut, got 'dark'" in fails(lambda: meter.do("appliances", "dark"))


@pytest.mark.meter(start="2000-06-01 12:00", clock_error_s=-30)
def test_the_latest_cut_counts_from_when_the_clock_was_set_last(
    meter: Meter, desk: Desk, world: World
) -> None:
    world.advance(days=1000)
    before = meter.latest_cut("2003-04-01 12:00")
    meter.insert(desk.clock_card())
    after = meter.latest_cut("2003-04-01 12:00")
    assert timedelta(hours=2) < before - after < timedelta(hours=3)  # 50 ppm of 1,000 days, twice


def test_a_dialogue_keeps_the_last_steps(meter: Meter, card: Card) -> None:
    one = setup()
    for _ in range(60):
        one.meter.insert(one.card)
        one.meter.remove()
    steps = one.dialogue.steps
    assert len(steps) == STEPS_KEPT
    assert one.dialogue.count > STEPS_KEPT
    assert list(accumulate((step.at_us for step in steps), max)) == [step.at_us for step in steps]

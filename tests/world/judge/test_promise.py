"""What a home was told, and when its credit lets the ordinary rules cut it.

Each number here is worked out by hand in the comment next to it: 1000 W at 0.25 EUR/kWh are 0.25
EUR an hour, 6 EUR a day, from Monday 1 June 2020, 10:00 legal.
"""

from pathlib import Path

import pytest

from meter_emu.world.judge.obligations import Must
from meter_emu.world.judge.promise import Promise, PromiseKind, promise_at
from meter_emu.world.meter.events import What
from tests.world.judge import case as hand
from tests.world.judge.case import ELECTRICITY, TEXT, Seen


@pytest.fixture
def model_text():
    path = Path(__file__).parents[3] / "fixtures/meters/electricity-pcf8563-utc.toml"
    return path.read_text("utf-8")


class Case(hand.Case):
    """A home of 1000 W."""

    def __init__(
        self,
        tmp_path: Path,
        body: str,
        *,
        model: str = ELECTRICITY,
        load: object = 1000,
        text: str = TEXT,
    ) -> None:
        super().__init__(tmp_path, body, model=model, load=load, text=text)

    def lawful(self, when: str, *seen: Seen, key: str = "red") -> bool:
        """Whether a cut for lack of credit, or 10 A in its place, is allowed."""
        return self.must(when, *seen, key=key) in {Must.EITHER, Must.LIMITED}

    def in_force(self, when: str, refused: tuple[int, ...] = ()) -> Promise:
        return promise_at(self.row(refused=refused).orders, self.us(when))

    def promise(self, when: str, refused: tuple[int, ...] = ()) -> PromiseKind:
        return self.in_force(when, refused).kind


def test_a_cut_is_lawful_when_credit_is_used_up_and_not_a_minute_before(tmp_path):
    case = Case(tmp_path, 'balance_eur = "0.50"')  # two hours: used up at 12:00
    assert not case.lawful("2020-06-01T11:59:00")
    assert case.lawful("2020-06-01T12:00:00")
    assert case.lawful("2020-06-01T15:59:59")


def test_the_non_disconnection_period_shelters_nights_and_weekends(tmp_path):
    friday = TEXT.replace("2020-06-01T10", "2020-06-05T10")  # the shelter itself ends after 96 h
    case = Case(tmp_path, "balance_eur = 0", text=friday)
    assert case.lawful("2020-06-05T15:59:59")
    assert case.lawful("2020-06-05T16:00:04")  # a look that began just before
    assert not case.lawful("2020-06-05T16:00:05")
    assert not case.lawful("2020-06-06T12:00:00")  # Saturday
    assert not case.lawful("2020-06-08T07:59:59")  # Monday morning
    assert case.lawful("2020-06-08T08:00:00")


def test_a_public_holiday_on_a_weekday_is_no_shelter(tmp_path):
    assert Case(tmp_path, "balance_eur = 0").lawful("2020-06-01T12:00:00")  # Whit Monday 2020


ARMED = """balance_eur = "0.50"
visits = [
  {at = 2020-06-01T10:30:00, desk = ["defer", "cut"]},
  {at = 2020-06-01T11:00:00, insert = true},
  {at = 2020-06-29T10:00:00, desk = ["reactivate"]},
  {at = 2020-06-29T11:00:00, insert = true},
]"""


def test_a_promise_counts_from_the_insertion_on_not_from_the_desk(tmp_path):
    case = Case(tmp_path, ARMED)
    assert case.promise("2020-06-01T10:59:59") is PromiseKind.ORDINARY
    assert case.promise("2020-06-01T11:00:00") is PromiseKind.ARMED
    assert case.promise("2020-06-29T10:59:59") is PromiseKind.ARMED
    assert case.promise("2020-06-29T11:00:00") is PromiseKind.REACTIVATED
    cut_us = case.in_force("2020-06-10T00:00:00").cut_us
    assert cut_us == case.us("2020-07-03T23:01:00")


def test_credit_stands_still_while_the_deferral_holds(tmp_path):
    # One hour at 0.25 before arming, so 0.25 is left on 29 June at 11:00: used up at 12:00.
    case = Case(tmp_path, ARMED)
    assert not case.lawful("2020-06-10T12:00:00")
    assert not case.lawful("2020-06-29T11:59:00")
    assert case.lawful("2020-06-29T12:00:00")


def test_a_meter_that_charges_through_the_deferral_runs_into_debt(tmp_path, model_text):
    model = tmp_path / "negative.toml"
    model.write_text(model_text.replace('"suspended"', '"negative"'), "utf-8")
    case = Case(tmp_path, ARMED, model=str(model))
    assert not case.lawful("2020-06-10T12:00:00")
    assert case.lawful("2020-06-29T11:00:00")


def test_a_deferral_ends_at_its_minute(tmp_path):
    body = """balance_eur = 0
    visits = [{at = 2020-06-01T10:30:00, desk = ["defer"], defer_until = 2020-06-10T12:00:00},
              {at = 2020-06-01T10:40:00, insert = true}]"""
    case = Case(tmp_path, body)
    assert not case.lawful("2020-06-10T11:59:59")
    assert case.lawful("2020-06-10T12:00:00")
    assert case.promise("2020-06-10T11:00:00") is PromiseKind.ORDINARY


def test_a_card_put_into_a_meter_without_power_does_not_count(tmp_path):
    outage = ARMED + "\noutages = [{from = 2020-06-29T10:50:00, to = 2020-06-29T11:10:00}]"
    assert Case(tmp_path, outage).promise("2020-07-01T00:00:00") is PromiseKind.ARMED


def test_a_card_shown_again_changes_nothing(tmp_path):
    again = ARMED.removesuffix("]") + "{at = 2020-07-01T10:00:00, insert = true}]"
    case = Case(tmp_path, again)
    assert len(case.row().orders) == 3


def test_energy_flows_only_while_the_supply_is_on(tmp_path):
    case = Case(tmp_path, "balance_eur = 1")  # four hours: 14:00
    assert case.lawful("2020-06-01T14:00:00")
    dark = (("2020-06-01T11:00:00", What.POWER_LOST), ("2020-06-01T12:00:00", What.POWER_BACK))
    assert not case.lawful("2020-06-01T14:30:00", *dark)
    assert case.lawful("2020-06-01T15:00:00", *dark)


EMERGENCY = """balance_eur = "0.50"
visits = [
  {at = 2020-06-04T10:00:00, load_eur = 20},
  {at = 2020-06-04T10:10:00, insert = true},
]"""
PRESS = ("2020-06-01T13:00:00", What.KEY_PRESSED)
DARK = (("2020-06-01T12:00:30", What.OPENED), PRESS, ("2020-06-01T13:00:01", What.CLOSED))


def test_emergency_credit_takes_the_shelter_away_until_it_is_repaid(tmp_path):
    # 12 EUR at 0.25 an hour are 48 hours from Monday 13:00: used up on Wednesday at 13:00.
    case = Case(tmp_path, EMERGENCY.replace("2020-06-04", "2020-06-25"))
    assert not case.lawful("2020-06-03T12:55:00", *DARK)
    assert case.lawful("2020-06-03T13:00:00", *DARK)
    assert case.lawful("2020-06-03T20:00:00", *DARK)  # inside the period, but no shelter


def test_emergency_credit_is_not_offered_while_there_is_credit(tmp_path):
    # 20 EUR are 80 hours: Thursday 4 June at 18:00, sheltered until Friday 08:00.
    body = EMERGENCY.replace('"0.50"', "20").replace("2020-06-04", "2020-06-25")
    case = Case(tmp_path, body)
    assert not case.lawful("2020-06-04T20:00:00", PRESS)
    assert case.lawful("2020-06-05T08:00:00", PRESS)


def test_with_a_limiter_there_is_no_emergency_credit_to_take(tmp_path):
    body = EMERGENCY.replace("2020-06-04", "2020-06-25")
    dark = ("2020-06-01T12:00:30", What.OPENED)
    assert Case(tmp_path, body + "\nlimiter = true").lawful("2020-06-01T14:00:00", dark, PRESS)
    assert not Case(tmp_path, body).lawful("2020-06-01T14:00:00", dark, PRESS)


def test_emergency_credit_is_taken_only_in_the_dark(tmp_path):
    body = EMERGENCY.replace("2020-06-04", "2020-06-25")
    assert Case(tmp_path, body).lawful("2020-06-01T14:00:00", PRESS)


@pytest.mark.parametrize(
    ("what", "key", "taken"),
    [
        (What.KEY_PRESSED, "red", True),
        (What.KEY_PRESSED, "blue", False),  # scrolls
        (What.KEY_HELD, "red", True),  # this model is asked by a press, and a hold ends in one
    ],
)
def test_emergency_credit_is_taken_by_the_button_that_asks_for_supply_alone(
    tmp_path, what, key, taken
):
    case = Case(tmp_path, EMERGENCY.replace("2020-06-04", "2020-06-25"))
    seen = (("2020-06-01T12:00:30", What.OPENED), ("2020-06-01T13:00:00", what))
    must = case.must("2020-06-01T14:00:00", *seen, key=key)
    assert must is (Must.ON if taken else Must.OFF)


def test_a_load_repays_the_emergency_credit_first(tmp_path):
    # Dark from Wednesday 13:00. 20 EUR on Thursday leave 8: 32 hours from 10:20, Friday 18:20.
    case = Case(tmp_path, EMERGENCY)
    again = (("2020-06-04T10:19:59", What.KEY_PRESSED), ("2020-06-04T10:20:00", What.CLOSED))
    seen = (*DARK, ("2020-06-03T13:00:30", What.OPENED), *again)
    assert not case.lawful("2020-06-05T15:00:00", *seen)
    assert not case.lawful("2020-06-05T18:30:00", *seen)  # repaid, so the period shelters again
    assert case.lawful("2020-06-08T08:00:00", *seen)


def test_the_button_only_reconnects_while_a_deferral_holds(tmp_path):
    body = """balance_eur = "0.50"
    visits = [{at = 2020-06-01T12:30:00, desk = ["defer"], defer_until = 2020-06-10T12:00:00},
              {at = 2020-06-01T12:40:00, insert = true}]"""
    assert Case(tmp_path, body).lawful("2020-06-10T12:00:00", *DARK)


def test_a_new_price_counts_from_the_insertion_on(tmp_path):
    body = """balance_eur = 1
    visits = [{at = 2020-06-01T10:30:00, tariff = {number = 2, price_ueur_per_wh = 500}},
              {at = 2020-06-01T12:00:00, insert = true}]"""
    case = Case(tmp_path, body)  # 0.50 left at 12:00, then 0.50 an hour: 13:00
    assert not case.lawful("2020-06-01T12:59:00")
    assert case.lawful("2020-06-01T13:00:00")


TWO_PRICES = "{number = 2, price_ueur_per_wh = 500, night_price_ueur_per_wh = 100}"
NIGHTS = f"""balance_eur = "%s"
    visits = [{{at = 2020-06-01T10:30:00, tariff = {TWO_PRICES}}},
              {{at = 2020-06-01T12:00:00, insert = true}}]"""


def test_a_night_price_counts_in_the_night_hours_and_at_weekends(tmp_path):
    """A Monday: 0.50 until noon, 10 hours at 0.50, 9 at 0.10 from 22:00, then 2 at 0.50."""
    case = Case(tmp_path, NIGHTS % "7.40")
    assert not case.lawful("2020-06-02T08:58:00")
    assert case.lawful("2020-06-02T09:02:00")  # the night began a poll late, by six cents an hour
    # To Friday 22:00 are 70 hours of day and 36 of night, to Monday 7:00 57 of night: 46.30 with
    # the first two hours and the last three.
    week = Case(tmp_path, NIGHTS % "46.30")
    assert not week.lawful("2020-06-08T09:54:00")  # five nights began late
    assert week.lawful("2020-06-08T10:02:00")


def test_a_meter_that_says_it_does_not_know_the_time_charges_the_night_price(tmp_path):
    case = Case(tmp_path, NIGHTS % "0.80")  # 0.30 left at noon
    doubted = ("2020-06-01T12:00:00", What.CLOCK_DOUBTED)
    assert case.lawful("2020-06-01T12:37:00")
    assert not case.lawful("2020-06-01T14:55:00", doubted)
    assert case.lawful("2020-06-01T15:00:00", doubted)
    clock_set = ("2020-06-01T13:00:00", What.CLOCK_SET)
    assert not case.lawful("2020-06-01T13:21:00", doubted, clock_set)
    assert case.lawful("2020-06-01T13:24:00", doubted, clock_set)


def test_a_model_without_night_hours_refuses_two_prices_and_keeps_its_own(tmp_path, model_text):
    (tmp_path / "own.toml").write_text(model_text.split("# Night hours")[0], "utf-8")
    case = Case(tmp_path, NIGHTS % "1", model="own.toml")  # 0.50 at noon, 0.25 an hour
    assert not case.lawful("2020-06-01T13:59:00")
    assert case.lawful("2020-06-01T14:00:00")


def test_nothing_is_cut_for_credit_while_prepayment_is_off(tmp_path):
    body = """balance_eur = "0.50"
    visits = [{at = 2020-06-01T10:30:00, desk = ["prepayment-off"]},
              {at = 2020-06-01T11:00:00, insert = true}]"""
    assert not Case(tmp_path, body).lawful("2020-06-04T12:00:00")


def test_the_load_profile_is_by_hour_of_the_utc_day(tmp_path):
    # 10:00 legal is 08:00 UTC: an hour at 0, then 4000 W, 1 EUR an hour from 11:00 legal.
    case = Case(tmp_path, "balance_eur = 1", load=str([0] * 9 + [4000] * 15))
    assert not case.lawful("2020-06-01T11:59:00")
    assert case.lawful("2020-06-01T12:00:00")


EXPIRED = """balance_eur = "0.50"
    card_generation = 2
    card_expires = 2020-06-02T12:00:00
    visits = [{at = 2020-06-01T10:00:00, desk = ["defer", "cut"]},
              {at = 2020-06-02T%s, insert = true},
              {at = 2020-06-03T10:00:00, replace_card = true},
              {at = 2020-06-03T11:00:00, insert = true}]"""


TEMPORARY = """balance_eur = 50
    visits = [{at = 2020-06-02T10:00:00, replace_card = true, card_expires = 2020-06-05T12:00:00},
              {at = 2020-06-03T10:00:00, desk = ["prepayment-off"]},
              {at = 2020-06-03T11:00:00, insert = true},
              {at = 2020-06-04T10:00:00, desk = ["defer", "cut"]},
              {at = 2020-06-05T%s, insert = true},
              {at = 2020-06-08T10:00:00, replace_card = true},
              {at = 2020-06-08T11:00:00, insert = true}]"""


@pytest.mark.parametrize(
    ("shown", "kind"), [("11:59:59", PromiseKind.ARMED), ("12:00:00", PromiseKind.ORDINARY)]
)
def test_a_temporary_replacement_counts_until_its_expiry(tmp_path, shown, kind):
    case = Case(tmp_path, TEMPORARY % shown)
    assert not case.in_force("2020-06-03T11:00:00").prepayment
    refused = (4,) if kind is PromiseKind.ORDINARY else ()
    assert case.promise(f"2020-06-05T{shown}", refused) is kind
    assert case.promise("2020-06-08T11:00:00") is PromiseKind.ARMED


def test_a_card_counts_until_its_expiry_and_its_replacement_again(tmp_path):
    late = Case(tmp_path, EXPIRED % "12:00:00")
    assert late.promise("2020-06-03T10:59:00", refused=(1,)) is PromiseKind.ORDINARY
    assert late.promise("2020-06-03T11:00:00", refused=(1,)) is PromiseKind.ARMED
    assert (
        late.promise("2020-06-03T10:59:00") is PromiseKind.ARMED
    )  # its clock was not sure: it obeyed
    early = Case(tmp_path, EXPIRED % "11:59:59")
    assert early.promise("2020-06-02T11:59:59") is PromiseKind.ARMED

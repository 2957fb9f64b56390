"""What a person asks of the office, as it is said: whose card, what to write, and which date."""

import pytest

from card_protocol.timestamp import Civil
from meter_emu.errors import CommandError, DeskError
from meter_emu.sitting.office import at_counter
from meter_emu.units import SECOND_US
from meter_emu.world.households.household import DeskOrder, NewCard
from meter_emu.zones import BELGIAN
from tests.cells import each_cell

NOW_US = 1_593_406_830 * SECOND_US  # Monday 29 June 2020 07:00:30 in Brussels
FRIDAY = Civil(2020, 7, 3, 23, 1)
FRIDAY_US = 1_593_810_060 * SECOND_US


@each_cell(
    ("said", "card", "order", "reads"),
    [
        ("reactivate", "", DeskOrder(reactivate=True), False),
        ("reactivate, load 50", "", DeskOrder(reactivate=True, load_cents=5_000), False),
        ("my home.card load 12.50 EUR", "my home.card", DeskOrder(load_cents=1_250), False),
        ("load.card read", "load.card", DeskOrder(), True),
        ("new", "", DeskOrder(new_card=NewCard()), False),
        (
            "a.card defer until friday 23:01, cut at 2020-07-03 23:01",
            "a.card",
            DeskOrder(defer_until=FRIDAY, cut_at=FRIDAY, defer_us=FRIDAY_US, cut_us=FRIDAY_US),
            False,
        ),
        ("prepayment off, limiter on", "", DeskOrder(prepayment=False, limiter=True), False),
        (
            "load 5, dated 2020-06-30 07:00",
            "",
            DeskOrder(load_cents=500, office_error_s=86_400),
            False,
        ),
    ],
)
def test_what_is_said_is_what_is_wanted(said, card, order, reads):
    wanted = at_counter(said, NOW_US, BELGIAN)
    assert (wanted.card, wanted.order, wanted.reads) == (card, order, reads)
    assert wanted.writes == (order != DeskOrder())


@each_cell(
    "said",
    ["", "home.card", "load", "load much", "cut at", "reactivate load 5", "new card", "read, x",
     "prepayment maybe", "cut at 2020-10-25 02:30", "cut at 2020-02-30 10:00", "dated soon"],
)  # fmt: skip
def test_what_no_office_does_is_refused_in_words(said):
    with pytest.raises((CommandError, DeskError)) as refused:
        at_counter(said, NOW_US, BELGIAN)
    assert "\n" not in str(refused.value)

"""`desk`: what each command writes on a card and prints, and one line for what it refuses."""

import json
from dataclasses import replace

import pytest

from card_protocol.card.image import CardImage
from card_protocol.formats import budget
from card_protocol.formats.budget import CardId, Sfi, seal
from card_protocol.formats.budget.making import record_on, with_record
from card_protocol.keys import Purpose, derive
from meter_emu.desk.published_key import TEST_MASTER_KEY
from tests.cli.budget_cards import METER, break_mac, shown, write_back
from tests.cli.outcome import checked

WRITES: dict[str, list[str]] = {
    "load": ["--eur", "50"],
    "defer": ["--defer-until", "2020-07-03 23:01"],
    "cut": ["--cut-at", "2020-07-03 23:01"],
    "arm": ["--defer-until", "2020-07-03 23:01", "--cut-at", "2020-07-03 23:01"],
    "reactivate": [],
    "prepayment": ["off"],
    "limiter": ["on"],
    "tariff": ["--number", "2", "--price-ueur-per-wh", "275"],
}
BY_COMMAND = pytest.mark.parametrize("command", WRITES)


# What it does -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "when", ["2020-05-29 10:00", "2020-05-29T10:00+02:00", "2020-05-29T08:00Z"]
)
def test_the_time_of_writing_is_legal_time_or_an_instant(emu, card, when):
    assert emu("desk", "load", card, "--eur", "5", "--issued-at", when).code == 0
    assert shown(emu, card)["desk record"]["issued_at_min"] == "2020-05-29 08:00 UTC"


def test_a_card_that_is_written_with_an_earlier_date_than_it_bears_says_so(emu, card):
    later = emu("desk", "load", card, "--eur", "5", "--issued-at", "2020-06-29 10:00")
    assert (later.code, later.err) == (0, "")
    done = emu("desk", "reactivate", card, "--issued-at", "2020-06-29 09:59")
    assert done.code == 0
    said = f"{card}: written as of 2020-06-29 09:59, before the 2020-06-29 10:00 that it bore"
    assert done.err == f"meter-emu: {said}\n"
    again = emu("desk", "reactivate", card, "--issued-at", "2020-06-29 10:00")
    assert (again.code, again.err) == (0, "")


def test_a_memory_card_bears_the_date_of_its_order_alone(emu, tmp_path):
    """Its identity has none."""
    card = tmp_path / "chip.card"
    when = ("--issued-at", "2020-06-29 10:00")
    assert emu("card", "new", card, "--meter-id", METER, "--carrier", "memory", *when).code == 0
    done = emu("desk", "reactivate", card, *when)
    assert (done.code, done.err) == (0, "")
    done = emu("desk", "reactivate", card, "--issued-at", "2020-06-29 09:59")
    assert done.code == 0
    assert done.err.endswith("2020-06-29 09:59, before the 2020-06-29 10:00 that it bore\n")


def test_the_time_of_writing_is_now_unless_said(emu, card):
    assert emu("desk", "load", card, "--eur", "5").code == 0
    assert shown(emu, card)["desk record"]["issued_at_min"] > "2025"


@pytest.mark.slow("starts commands")
def test_money_is_counted_in_cents(emu, card):
    for eur in ("50", "12.5", "12.05", "250.00"):
        assert emu("desk", "load", card, "--eur", eur).code == 0
    assert shown(emu, card)["desk record"]["loaded_cents"] == "324.55 EUR"


def test_arming_and_reactivating_show_on_the_card(emu, card):
    done = emu("desk", "arm", card, *WRITES["arm"], "--json", "-")
    assert checked(done.out)["order"]["cut_at"] == "2020-07-03 23:01"
    order = shown(emu, card)["desk record"]
    assert (order["order_number"], order["defer_until"]) == (1, "2020-07-03 23:01")
    done = emu("desk", "reactivate", card)
    assert "order 2, reactivates" in done.out
    order = shown(emu, card)["desk record"]
    assert (order["order_number"], order["defer_until"], order["cut_at"]) == (2, "none", "none")
    assert order["token"] == "reactivates"


def test_each_item_alone_leaves_the_other(emu, card):
    assert emu("desk", "cut", card, "--cut-at", "2020-07-03 23:01").code == 0
    assert emu("desk", "defer", card, "--defer-until", "2020-06-30 09:00").code == 0
    order = shown(emu, card)["desk record"]
    assert (order["defer_until"], order["cut_at"]) == ("2020-06-30 09:00", "2020-07-03 23:01")


def test_switches_and_tariff_show_on_the_card(emu, card):
    assert emu("desk", "prepayment", card, "off").code == 0
    assert emu("desk", "limiter", card, "on").code == 0
    assert shown(emu, card)["desk record"]["flags"] == "limiter granted"
    done = emu("desk", "tariff", card, *WRITES["tariff"])
    assert "limiter granted, tariff 2 at 275" in done.out
    assert shown(emu, card)["desk record"]["price_ueur_per_wh"] == "0.275 EUR/kWh"
    assert "at night" not in done.out
    nights = [*WRITES["tariff"], "--night-price-ueur-per-wh", "190"]
    done = emu("desk", "tariff", card, *nights)
    assert "tariff 2 at 275 micro-euro/Wh, at night 190" in done.out
    assert shown(emu, card)["desk record"]["night_price_ueur_per_wh"] == "0.190 EUR/kWh"


def test_a_choice_settles_a_time_that_exists_twice(emu, card):
    args = ("desk", "cut", card, "--cut-at", "2020-10-25 02:30")
    assert "exists twice" in emu(*args).complains()
    assert "a meter takes the later" in emu(*args, "--if-ambiguous", "earlier").complains()
    assert emu(*args, "--if-ambiguous", "later").code == 0


def test_json_goes_to_a_file_as_well(emu, card, tmp_path):
    where = tmp_path / "told.json"
    done = emu("desk", "load", card, "--eur", "50", "--json", where)
    assert "ever loaded 50.00 EUR in 1 load\n" in done.out
    assert json.loads(where.read_text())["loaded_cents"] == 5000


def test_a_date_that_is_none_does_not_hide_that_the_card_was_written(emu, card):
    image = CardImage.from_bytes(card.read_bytes())
    key = derive(TEST_MASTER_KEY, Purpose.DESK_RECORD, METER)
    desk = budget.DESK.parse(record_on(image, Sfi.DESK))
    odd = seal(
        budget.DESK,
        replace(desk, cut_at=b"\x20\x07\xaa\x00\x00"),
        key,
        CardId(METER, 1, image.kind),
    )
    card.write_bytes(with_record(image, Sfi.DESK, odd).to_bytes())
    done = emu("desk", "limiter", card, "on")
    assert done.code == 0
    assert "cut at 2007aa0000 (no date)" in done.out


@BY_COMMAND
def test_every_verb_that_writes_speaks_json(emu, card, command):
    done = emu("desk", command, card, *WRITES[command], "--json", "-")
    assert done.code == 0
    assert checked(done.out)["meter"] == METER


def test_read_back_shows_what_the_meter_wrote(emu, card):
    assert "no meter has written" in emu("desk", "read", card).complains()
    write_back(card)
    done = emu("desk", "read", card)
    assert done.code == 0
    assert "result              1 (executed)" in done.out
    assert checked(emu("desk", "read", card, "--json", "-").out)["mac"] == "ok"
    break_mac(card, Sfi.WRITE_BACK)
    assert "write-back: the MAC does not match" in emu("desk", "read", card).complains()


# Mistakes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--eur", "4.99"], "5.00 EUR to 250.00 EUR, got 4.99 EUR"),
        (["--eur", "250.01"], "got 250.01 EUR"),
        (["--eur", "0"], "got 0.00 EUR"),
        (["--eur", "-5"], "expected an amount"),
        (["--eur", "12.345"], "expected an amount"),
        (["--eur", "1e2"], "expected an amount"),
        (["--eur", "NaN"], "expected an amount"),
        (["--eur", "9" * 5000], "expected an amount"),
        (["--eur", "\u0665\u0660"], "expected an amount"),
        ([], "--eur"),
        (["--eur", "5", "--issued-at", "yesterday"], "2020-07-03 23:01"),
        (["--eur", "5", "--issued-at", "1999-12-31T23:59Z"], "from 2000 on"),
    ],
)
def test_a_bad_load_is_one_line(emu, card, args, says):
    before = card.read_bytes()
    assert says in emu("desk", "load", card, *args).complains()
    assert card.read_bytes() == before


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["cut", "--cut-at", "2020-02-31 12:00"], "day is out of range"),
        (["cut", "--cut-at", "soon"], "expected a legal time such as"),
        (["defer", "--defer-until", "2020-03-29 02:30"], "does not exist"),
        (["arm", "--defer-until", "2020-07-03 23:01", "--cut-at", "2020-07-02 23:01"], "before"),
        (["prepayment", "maybe"], "maybe"),
        (["tariff", "--number", "0", "--price-ueur-per-wh", "250"], "1 to 65535"),
        (["tariff", "--number", "2", "--price-ueur-per-wh", "0"], "a price is 1"),
        (
            [
                "tariff",
                "--number",
                "2",
                "--price-ueur-per-wh",
                "9",
                "--night-price-ueur-per-wh",
                "10",
            ],
            "a night price is 1 to the day's 9",
        ),
        (["nonsense"], "nonsense"),
    ],
)
def test_a_bad_order_is_one_line(emu, card, args, says):
    before = card.read_bytes()
    command, *rest = args
    assert says in emu("desk", command, card, *rest).complains()
    assert card.read_bytes() == before


@BY_COMMAND
@pytest.mark.parametrize("sfi", [Sfi.IDENTITY, Sfi.DESK])
def test_a_record_that_does_not_check_stops_the_verb(emu, card, command, sfi):
    break_mac(card, sfi)
    before = card.read_bytes()
    said = emu("desk", command, card, *WRITES[command]).complains()
    assert str(card) in said
    assert "MAC" in said
    assert card.read_bytes() == before

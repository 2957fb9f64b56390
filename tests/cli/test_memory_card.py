"""Memory cards on the command line: made, written, explained byte by byte, compared, rehearsed."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from card_protocol.card.image import CardKind
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.formats.budget import Sfi
from card_protocol.formats.budget.compact import DESK_PART, METER_PART
from card_protocol.keys import Purpose, derive
from meter_emu.desk.budget.memory_view import explain_memory_card
from meter_emu.desk.card_image import Seal
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.families import explain_card_image
from meter_emu.rows import NOT_SHOWN, differences
from tests.campaigns import head
from tests.cards import memory_card, raw_on
from tests.cli.budget_cards import METER
from tests.cli.outcome import checked
from tests.desk.test_card_format_page import CARD
from tests.desk.test_memory_card_page import worked_example, written_back

PAGE = (Path(__file__).parents[2] / "docs" / "memory-card.md").read_text("utf-8")


@pytest.fixture
def card(tmp_path: Path, emu: Any) -> Path:
    path = tmp_path / "memory.card"
    done = emu("card", "new", path, "--meter-id", METER, "--carrier", "memory")
    assert done.out == f"{path}: memory card 1 for electricity meter {METER}\n"
    return path


def the_image(path: Path) -> MemoryImage:
    return MemoryImage.from_bytes(path.read_bytes())


def served() -> MemoryImage:
    """Return the worked example after the meter has written on it."""
    return worked_example().with_main(152, written_back())


# Made and written ---------------------------------------------------------------------------------


def test_the_page_does_what_it_says(emu, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines():
        command, _, status = line.partition("  # exit status ")
        assert emu(*command.split()[1:]).code == int(status), line


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("load", "--eur", "50"), "ever loaded 50.00 EUR in 1 load"),
        (("cut", "--cut-at", "2020-07-03 23:01"), "cut at 2020-07-03 23:01"),
        (("reactivate",), "reactivates"),
        (("limiter", "on"), "limiter granted"),
        (("tariff", "--number", "2", "--price-ueur-per-wh", "275"), "tariff 2 at 275"),
    ],
)
def test_the_office_writes_on_it(emu, card, words, shown):
    before = the_image(card)
    done = emu("desk", words[0], card, *words[1:])
    assert (done.code, shown in done.out) == (0, True)
    after = the_image(card)
    assert after.main[:68] == before.main[:68]
    assert after.main[110:152] != before.main[110:152]
    assert after.tries_left == 3


def test_a_reissue_goes_on_under_another_code(emu, card, tmp_path):
    emu("desk", "load", card, "--eur", "50")
    new = tmp_path / "new.card"
    assert emu("card", "reissue", card, new).code == 0
    assert the_image(new).code != the_image(card).code
    assert emu("desk", "load", new, "--eur", "5").out.endswith("ever loaded 55.00 EUR in 2 loads\n")


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["--generation", "2"], "a memory card has no room for generation 2, only for 1"),
        (["--customer", 2**48], "room for a customer reference below 281474976710656"),
        (["--card-number", 2**16], "room for a card number below 65536"),
    ],
)
def test_what_has_no_room_is_one_line_and_no_file(emu, tmp_path, args, why):
    path = tmp_path / "no.card"
    said = emu("card", "new", path, "--meter-id", METER, "--carrier", "memory", *args).complains()
    assert why in said
    assert not path.exists()


def test_a_price_that_has_no_room_is_one_line_and_changes_nothing(emu, card):
    before = card.read_bytes()
    tariff = ("tariff", card, "--number", "2", "--price-ueur-per-wh", "65536")
    assert "price_ueur_per_wh" in emu("desk", *tariff).complains()
    assert the_image(card).main == MemoryImage.from_bytes(before).main


def test_a_blocked_card_is_one_line(emu, card):
    card.write_bytes(replace(the_image(card), counter=0).to_bytes())
    assert "tries left: 0" in emu("desk", "load", card, "--eur", "50").complains()


def test_what_the_meter_wrote_is_read_back(emu, tmp_path):
    path = tmp_path / "served.card"
    path.write_bytes(worked_example().to_bytes())
    assert "no meter has written" in emu("desk", "read", path).complains()
    path.write_bytes(served().to_bytes())
    shown = checked(emu("desk", "read", path, "--json", "-").out)
    fields = {row["field"]: row for row in shown["fields"]}
    assert (shown["place"], shown["mac"]) == ("a memory card", "ok")
    assert fields["balance_ueur"]["note"] == "48.250000 EUR"
    assert fields["shields"]["note"] == "deferral"
    assert fields["cut_at"]["note"] == "2020-07-03 23:01"
    left_out = {name for name, row in fields.items() if row["note"] == "not on a memory card"}
    assert left_out == {
        "charged_wh", "postpaid_wh", "charged_ueur", "emergency_debt_ueur", "tariff_number",
        "night_wh", "charged_night_wh", "shelter_left_min", "shelter_left_wh",
        "night_left_wh", "events", "challenge", "order_mac",
    }  # fmt: skip


# Explained ----------------------------------------------------------------------------------------


def assert_every_byte_once(image: MemoryImage) -> None:
    at = 0
    for part in explain_card_image(image, TEST_MASTER_KEY):
        for row in part.rows:
            assert row.offset == at
            at += row.size_bytes
    assert at == len(image.to_bytes())


@pytest.mark.slow("tries every byte")
def test_every_byte_is_in_one_row_and_its_changes_are_found():
    image = served()
    raw, parts = image.to_bytes(), explain_card_image(image, TEST_MASTER_KEY)
    assert_every_byte_once(image)
    for at in range(256):
        other = image.with_main(at, bytes((image.main[at] ^ 0x5A,)))
        assert_every_byte_once(other)
        changed = other.to_bytes()
        explained = explain_card_image(other, TEST_MASTER_KEY)
        found, crc = differences(parts, explained, raw, changed)
        assert found.a.offset <= 4 + at < found.a.offset + found.a.size_bytes
        assert crc.a.field == "crc"


@settings(max_examples=50)
@given(st.binary(min_size=256, max_size=256), st.integers(0, 7))
def test_any_cells_are_explained(main, counter):
    image = MemoryImage(main=main, protection=bytes(4), counter=counter, code=bytes(3))
    assert_every_byte_once(image)
    assert len(explain_memory_card(image, TEST_MASTER_KEY)) == 3


def test_the_code_is_shown_to_nobody(emu, card):
    code = the_image(card).code
    for args in (("show", card), ("show", card, "--json", "-"), ("diff", card, card)):
        assert code.hex() not in emu("card", *args).out
    (row,) = [
        row
        for part in explain_card_image(the_image(card), TEST_MASTER_KEY)
        for row in part.rows
        if row.field == "code"
    ]
    assert row.raw == NOT_SHOWN


def test_show_tells_every_byte_and_which_copy_is_in_force(emu, card):
    emu("desk", "load", card, "--eur", "50")
    shown = checked(emu("card", "show", card, "--json", "-").out)
    sizes = [record["size_bytes"] for record in shown["records"]]
    sizes += [part["size_bytes"] for part in shown["around"]]
    assert sum(sizes) == card.stat().st_size
    assert (shown["carrier"], shown["tries_left"]) == ("memory", {"code": 3})
    assert [(record["name"], record["mac"]) for record in shown["records"]] == [
        ("identity part", "ok"), ("desk part, copy 1", "ok"), ("meter part, copy 0", "empty"),
    ]  # fmt: skip
    said = emu("card", "show", card).out
    assert (
        "desk part, copy 0: from byte 68 of the file, 44 bytes, MAC ok, not the current copy"
        in said
    )


def test_a_torn_copy_is_no_fault_of_the_card_and_a_spoiled_one_is(emu, tmp_path):
    path = tmp_path / "torn.card"
    image = served()
    assert raw_on(image, Sfi.DESK) == image.main[64:108]
    path.write_bytes(image.with_main(120, b"\xff" * 20).to_bytes())  # the copy not in force
    assert emu("card", "show", path).code == 0
    path.write_bytes(image.with_main(66, b"\xff" * 86).to_bytes())  # both
    done = emu("card", "show", path)
    assert done.code == 1
    assert "WRONG: desk part: the MAC does not match this meter's key" in done.out


def test_what_is_wrong_in_a_sound_part_is_said():
    key = derive(TEST_MASTER_KEY, Purpose.DESK_RECORD, METER)

    def desk_view(**changes: Any) -> tuple[Seal, str]:
        from card_protocol.formats.budget.compact import seal_part

        part = DESK_PART.parse(raw_on(worked_example(), Sfi.DESK))
        card = CARD._replace(kind=CardKind.MEMORY)
        raw = seal_part(DESK_PART, replace(part, **changes), key, card)
        image = worked_example().with_main(64, raw).with_main(108, raw)
        _, view, _ = explain_memory_card(image, TEST_MASTER_KEY)
        return view.seal, "; ".join((*view.wrong, *(row.wrong for row in view.rows if row.wrong)))

    early, late = bytes.fromhex("2007012301"), bytes.fromhex("2007032301")
    assert desk_view() == (Seal.OK, "")
    assert "lies before the end of the deferral" in desk_view(ends=late + early)[1]
    assert "is not BCD" in desk_view(ends=b"\xaa" * 10)[1]
    assert desk_view(flags=0x81, ends=bytes(10)) == (Seal.OK, "")  # a token of any bytes
    assert "unknown bits 40" in desk_view(flags=0x41)[1]
    assert "costs more than the day" in desk_view(night_price_ueur_per_wh=300)[1]
    assert METER_PART.name == "meter part"


# Compared -----------------------------------------------------------------------------------------


def test_cards_are_compared_field_by_field(emu, card, tmp_path):
    other = tmp_path / "other.card"
    other.write_bytes(card.read_bytes())
    assert emu("card", "diff", card, other).code == 0
    emu("desk", "load", other, "--eur", "50")
    done = emu("card", "diff", card, other, "--json", "-")
    assert done.code == 1
    found = {(one["part"], one["field"]) for one in checked(done.out)["differences"]}
    assert ("desk part, copy 1", "loaded_cents") in found
    assert {part for part, _ in found} == {"desk part, copy 1", "end"}


def test_a_memory_card_and_a_file_card_have_nothing_to_compare(emu, card, tmp_path):
    plain = tmp_path / "plain.card"
    emu("card", "new", plain, "--meter-id", METER)
    for pair in ((card, plain), (plain, card)):
        assert "nothing to compare" in emu("card", "diff", *pair).complains()


def test_a_spoiled_file_is_one_line(emu, card):
    raw = bytearray(card.read_bytes())
    raw[100] ^= 1
    card.write_bytes(bytes(raw))
    assert (
        "no card image: memory card image: at offset 268" in emu("card", "show", card).complains()
    )


# Rehearsed ----------------------------------------------------------------------------------------

CAMPAIGN = (
    head("memory cards", "2020-06-01T00:00:00", "2020-07-08T00:00:00", "seed = 1")
    + """[[household]]
id = "a"
kind = "armed and reactivated"
carrier = "memory"
balance_eur = "50.00"
load_w = 100
visits = [
  {at = 2020-06-02T14:00:00, desk = ["defer", "cut"]},
  {at = 2020-06-02T15:00:00, insert = true},
  {at = 2020-06-29T10:00:00, desk = ["reactivate"], load_eur = 100},
  {at = 2020-06-29T11:00:00, insert = true},
]
[[household]]
id = "b"
kind = "never came back"
carrier = "memory"
balance_eur = "50.00"
load_w = 100
visits = [
  {at = 2020-06-02T14:00:00, desk = ["defer", "cut"]},
  {at = 2020-06-02T15:00:00, insert = true},
]
"""
)


def test_a_campaign_keeps_its_promises_on_memory_cards(emu, tmp_path):
    path = tmp_path / "memory.toml"
    path.write_text(CAMPAIGN, "utf-8")
    done = emu("rehearse", path, "--json", "-")
    assert done.code == 0, done.err
    shown = checked(done.out)
    assert {household["id"]: household["ordered"]["verdict"] for household in shown["meters"]} == {
        "a": "kept",
        "b": "on_time",
    }
    path.write_text(CAMPAIGN.replace("seed = 1", 'seed = 1\nbuild = "reference+end-exclusive"'))
    assert emu("rehearse", path, "--json", "-").code == 1


def test_a_campaign_of_generation_2_on_memory_cards_is_one_line(emu, tmp_path):
    path = tmp_path / "memory.toml"
    path.write_text(CAMPAIGN.replace("seed = 1", "seed = 1\ncard_generation = 2"), "utf-8")
    said = emu("rehearse", path).complains()
    assert "household 'a': carrier: a memory card has no room for generation 2" in said


def test_a_value_too_large_in_a_campaign_names_its_household(emu, tmp_path):
    path = tmp_path / "memory.toml"
    tariff = (
        'desk = ["reactivate"], load_eur = 100, tariff = {number = 2, price_ueur_per_wh = 70000}'
    )
    path.write_text(CAMPAIGN.replace('desk = ["reactivate"], load_eur = 100', tariff), "utf-8")
    assert "price_ueur_per_wh" in emu("rehearse", path).complains()


def test_the_worked_example_is_a_memory_card():
    assert memory_card(worked_example()).tries_left == 3

"""`--layout` at the command line: dumps shown, compared and scanned; our own images as layouts."""

from pathlib import Path
from typing import Any

import pytest

from card_protocol.timestamp.registry import CODECS
from tests.cli.budget_cards import METER

DUMPS = Path(__file__).parents[2] / "fixtures" / "dumps"
ORDER = DUMPS / "state-grid-order.bin"
BY_ORDER = ("--layout", "state-grid-order")
MODEL = "electricity-pcf8563-utc"


def fields_of(given: Any) -> dict[tuple[int, int], Any]:
    return {
        (field["offset"], field["size_bytes"]): field
        for part in given["parts"]
        for field in part["fields"]
        if field["raw"] != "not shown"
    }


@pytest.mark.parametrize("command", ["card", "image"])
def test_a_dump_is_shown_and_compared_field_by_field(emu, tmp_path, command):
    shown = emu(command, "show", ORDER, *BY_ORDER)
    assert (shown.code, "2020-07-03 23:01" in shown.out) == (0, True)
    raw = bytearray(ORDER.read_bytes())
    raw[11:13] = b"\x06\x30"
    other = tmp_path / "other.bin"
    other.write_bytes(raw)
    differ = emu(command, "diff", ORDER, other, *BY_ORDER, "--json", "-")
    assert differ.code == 1
    (only,) = differ.json()["differences"]
    assert (only["field"], only["a"]["note"], only["b"]["note"]) == (
        "tariff_switch",
        "2020-07-03 23:01",
        "2020-06-30 23:01",
    )
    wrong = emu(command, "show", other, *BY_ORDER)
    assert (wrong.code, "WRONG" in wrong.out) == (1, True)
    assert emu(command, "diff", ORDER, ORDER, *BY_ORDER).code == 0


def test_a_layout_lies_anywhere_in_a_larger_dump(emu, tmp_path):
    large = tmp_path / "eeprom.bin"
    large.write_bytes(b"\xff" * 256 + ORDER.read_bytes() + b"\xff" * 99)
    given = emu("image", "show", large, *BY_ORDER, "--at", "256", "--json", "-").json()
    assert given["sound"]
    assert given["parts"][0]["offset"] == 256
    assert emu("image", "diff", large, large, *BY_ORDER, "--at", "256").code == 0
    assert "say --at" in emu("image", "show", large, *BY_ORDER).complains()
    span = ("--from", "2020-07-01", "--to", "2020-08-01", "--codec", "bcd-yymmddhhmm")
    found = emu("timestamp", "scan", large, *span, *BY_ORDER, "--at", "256").out
    assert found.splitlines()[1].split()[-2:] == ["state-grid-order:", "tariff_switch"]


@pytest.mark.parametrize("model", [MODEL, "gas-pcf8563-battery"])
def test_a_meter_image_is_explained_alike_by_the_layout_that_it_wrote(emu, tmp_path, model):
    image, layout = tmp_path / "home.image", tmp_path / "ours.toml"
    emu("image", "new", image, "--model", model, "--meter-id", METER, "--balance-eur", "-3")
    layout.write_text(emu("image", "layout", image).out, "utf-8")
    ours = fields_of(emu("image", "show", image, "--json", "-").json())
    theirs = fields_of(emu("image", "show", image, "--layout", layout, "--json", "-").json())
    shared = ours.keys() & theirs.keys()
    assert len(shared) > 60
    dates = 0
    for place in shared:
        one, other = ours[place], theirs[place]
        assert one["raw"] == other["raw"], place
        if other["unit"] in CODECS:
            if one["note"].startswith("20"):
                assert other["note"][11:] in one["note"], (place, "the time, in UTC")
                dates += 1
        else:
            assert (one["field"], one["value"], one["unit"]) == (
                other["field"], other["value"], other["unit"],
            )  # fmt: skip
    assert dates > 1


@pytest.mark.parametrize("carrier", ["secure", "plain", "memory"])
def test_a_card_image_is_explained_alike_and_its_keys_stay_hidden(emu, tmp_path, carrier):
    card, layout = tmp_path / "home.card", tmp_path / "ours.toml"
    emu("card", "new", card, "--meter-id", METER, "--carrier", carrier)
    emu("desk", "cut", card, "--cut-at", "2020-07-03 23:01")
    layout.write_text(emu("card", "layout", card).out, "utf-8")
    shown = emu("card", "show", card, "--layout", layout, "--json", "-").json()
    fields = [field for part in shown["parts"] for field in part["fields"]]
    assert sum(field["size_bytes"] for field in fields) == len(card.read_bytes())
    notes = [field["note"] for field in fields]
    if carrier == "secure":  # the records of the others lie in copies and parts, and are bytes
        assert "2020-07-03 23:01" in notes
        assert any(field["raw"] == "not shown" for field in fields)


def test_bad_input_is_one_line(emu, tmp_path):
    image = tmp_path / "x"
    image.write_bytes(bytes(40))
    said = emu("image", "show", image, *BY_ORDER).complains()
    assert "expected 45 bytes for layout state-grid-order, got 40: cut in" in said
    assert (
        "did you mean 'state-grid-order'?"
        in emu("card", "show", image, "--layout", "state-grid-ordr").complains()
    )
    both = emu("image", "show", image, *BY_ORDER, "--model", MODEL).complains()
    assert "--model is for our own images" in both
    assert "--at is for --layout" in emu("image", "show", image, "--at", "3").complains()
    assert (
        "not for a card in a reader"
        in emu("card", "show", "--reader", "ACR", *BY_ORDER).complains()
    )
    assert "cannot be read" in emu("card", "show", tmp_path / "none", *BY_ORDER).complains()

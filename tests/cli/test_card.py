"""`card`: a budget card made, shown, compared and issued again; one line for what is none."""

from dataclasses import replace

import pytest

from card_protocol.card.image import CardImage
from card_protocol.formats import budget
from card_protocol.formats.budget import Sfi, seal
from card_protocol.formats.budget.making import record_on, with_record
from card_protocol.keys import Purpose, derive
from meter_emu.desk.published_key import TEST_MASTER_KEY
from tests.cli.budget_cards import CARRIERS, METER, break_mac, shown
from tests.cli.outcome import checked

# Made ---------------------------------------------------------------------------------------------


def test_a_new_card_shows_what_was_asked_for(emu, tmp_path):
    path = tmp_path / "card.bin"
    args = ("--meter-id", METER, "--customer", "1234567890123", "--card-number", "7")
    assert emu("card", "new", path, *args, "--issued-at", "2020-05-29T08:00Z").code == 0
    identity = shown(emu, path)["identity"]
    assert identity["meter_id"] == METER
    assert identity["customer_ref"] == 1_234_567_890_123
    assert identity["card_number"] == 7
    assert identity["issued_at_min"] == "2020-05-29 08:00 UTC"


def test_a_new_card_is_told_as_json_too(emu, tmp_path):
    done = emu("card", "new", tmp_path / "c.bin", "--meter-id", METER, "--json", "-")
    assert checked(done.out) == {
        "file": str(tmp_path / "c.bin"),
        "carrier": "secure",
        "meter": METER,
        "energy": "electricity",
        "card_number": 1,
    }


@pytest.mark.parametrize(
    ("carrier", "tries"),
    [("secure", {"pin": 3, "meter": 10, "desk": 10}), ("plain", {"pin": 3})],
)
def test_the_image_tells_which_carrier_it_is(emu, tmp_path, carrier, tries):
    path = tmp_path / "c.bin"
    done = emu("card", "new", path, "--meter-id", METER, "--carrier", carrier)
    assert done.out == f"{path}: {carrier} card 1 for electricity meter {METER}\n"
    given = checked(emu("card", "show", path, "--json", "-").out)
    assert (given["carrier"], given["tries_left"]) == (carrier, tries)
    verdict, carried, *_ = emu("card", "show", path).out.splitlines()
    assert verdict == f"{path}: T1 none, T2 none; all that is written has a right MAC"
    assert carried.startswith(f"{carrier} card, personalised; tries")


@CARRIERS
def test_a_card_of_generation_2_is_written_and_explained_like_the_first(emu, tmp_path, carrier):
    path = tmp_path / "second.bin"
    kind = ("--carrier", carrier, "--generation", "2")
    args = ("--expires", "2020-07-18 00:00", "--issued-at", "2020-07-03 10:00")
    assert emu("card", "new", path, "--meter-id", METER, *kind, *args).code == 0
    identity = shown(emu, path)["identity"]
    assert identity["expires"] == "2020-07-18 00:00"
    assert identity["expires_min"] == "2020-07-17 22:00 UTC"
    cut = ("desk", "cut", path, "--cut-at", "2020-10-25 02:30")
    assert "exists twice" in emu(*cut).complains()
    for which, instant in (("earlier", "00:30"), ("later", "01:30")):
        given = checked(emu(*cut, "--if-ambiguous", which, "--json", "-").out)
        assert (given["generation"], given["expires"]) == (2, "2020-07-18 00:00")
        order = shown(emu, path)["desk record of instants"]
        assert order["cut_at"] == "2020-10-25 02:30"
        assert order["cut_min"] == f"2020-10-25 {instant} UTC"


@CARRIERS
@pytest.mark.parametrize("generation", ["1", "2"])
def test_a_card_is_reissued_with_the_next_number_and_goes_on(emu, tmp_path, generation, carrier):
    old, new = tmp_path / "old.bin", tmp_path / "new.bin"
    kind = ("--carrier", carrier, "--generation", generation)
    assert emu("card", "new", old, "--meter-id", METER, *kind).code == 0
    assert emu("desk", "load", old, "--eur", "50").code == 0
    assert (
        emu("card", "reissue", old, new).out
        == f"{new}: {carrier} card 2 for electricity meter {METER}\n"
    )
    given = checked(emu("desk", "load", new, "--eur", "5", "--json", "-").out)
    assert (given["card_number"], given["loaded_cents"]) == (2, 5500)
    assert given["generation"] == int(generation)
    assert "--force" in emu("card", "reissue", old, new).complains()
    low = emu("card", "reissue", old, tmp_path / "low.bin", "--card-number", "1")
    assert "higher number" in low.complains()


def test_another_key_makes_other_cards(emu, card, tmp_path):
    key = tmp_path / "key"
    key.write_text("00112233445566778899aabbccddeeff\n")
    other = tmp_path / "other.bin"
    assert emu("card", "new", other, "--meter-id", METER, "--master-key", key).code == 0
    assert emu("desk", "load", other, "--eur", "5", "--master-key", key).code == 0
    assert "MAC does not match" in emu("desk", "load", other, "--eur", "5").complains()
    assert emu("card", "show", other).code == 1


# Shown and compared -------------------------------------------------------------------------------


def test_show_for_people_names_fields_and_no_key(emu, card):
    out = emu("card", "show", card).out
    assert "identity: file 1, 48 bytes, MAC ok" in out
    assert "write-back: file 3, 154 bytes, MAC empty" in out
    for purpose in Purpose:
        assert derive(TEST_MASTER_KEY, purpose, METER).raw.hex() not in out


def test_show_ends_with_1_when_something_is_wrong_and_says_it(emu, card):
    break_mac(card, Sfi.DESK)
    done = emu("card", "show", card)
    assert done.code == 1
    assert done.out.startswith(f"{card}: WRONG: MAC of the desk record; T1 none")
    assert "desk record: file 2, 64 bytes, MAC wrong" in done.out
    image = CardImage.from_bytes(card.read_bytes())
    key = derive(TEST_MASTER_KEY, Purpose.DESK_RECORD, METER)
    layout = budget.IDENTITY
    fields = layout.parse(record_on(image, Sfi.IDENTITY))
    odd = seal(layout, replace(fields, energy=9), key, fields.card_id(image.kind))
    card.write_bytes(with_record(image, Sfi.IDENTITY, odd).to_bytes())
    assert "WRONG: no such code" in emu("card", "show", card).out


def test_a_plain_card_shows_both_copies_and_its_difference(emu, tmp_path):
    old, new = tmp_path / "old.bin", tmp_path / "new.bin"
    assert emu("card", "new", old, "--meter-id", METER, "--carrier", "plain").code == 0
    new.write_bytes(old.read_bytes())
    assert emu("desk", "load", new, "--eur", "5").code == 0
    shown = emu("card", "show", old).out
    assert "a whole copy" in shown
    assert "empty or torn" in shown
    assert emu("card", "show", new).out.count("a whole copy") == 2
    assert emu("card", "diff", old, old).code == 0
    done = emu("card", "diff", old, new)
    assert done.code == 1
    assert "sequence[1]" in done.out
    assert "sequence[0]" not in done.out


# Mistakes -----------------------------------------------------------------------------------------


BAD_FILES = {
    "empty": b"",
    "text": b"this is no card\n",
    "short": None,
    "long": None,
    "flipped": None,
}


@pytest.mark.parametrize("kind", BAD_FILES)
@pytest.mark.parametrize("command", ["show", "load"])
def test_a_file_that_is_no_card_image_is_one_line(emu, card, kind, command):
    raw = card.read_bytes()
    broken = {
        "short": raw[:-1],
        "long": raw + b"\x00",
        "flipped": raw[:200] + bytes([raw[200] ^ 1]) + raw[201:],
    }.get(kind, BAD_FILES[kind])
    assert broken is not None
    card.write_bytes(broken)
    args = ["card", "show", card] if command == "show" else ["desk", "load", card, "--eur", "5"]
    said = emu(*args).complains()
    assert str(card) in said
    assert "expected" in said
    assert card.read_bytes() == broken


@pytest.mark.parametrize("where", ["missing.bin", ".", "card.bin/inside", "zero\0byte"])
def test_a_place_without_a_card_is_one_line(emu, card, where):
    for args in (["card", "show"], ["desk", "reactivate"]):
        said = emu(*args, f"{card.parent}/{where}").complains()
        assert "cannot be read" in said or "no regular file" in said


def test_a_card_of_another_kind_is_one_line(emu, tmp_path):
    from card_protocol.card.image import blank

    path = tmp_path / "blank.bin"
    path.write_bytes(blank().to_bytes())
    assert "no budget card" in emu("card", "show", path).complains()
    emu("desk", "reactivate", path).complains()


@pytest.mark.parametrize(
    "text", ["", "00", "zz" * 16, "00" * 17, "\xff" * 32, "00112233445566778899aabbccddeef "]
)
def test_a_bad_key_file_is_one_line_without_the_key(emu, card, tmp_path, text):
    key = tmp_path / "key"
    key.write_bytes(text.encode("latin-1"))
    said = emu("card", "show", card, "--master-key", key).complains()
    assert "32 hex digits" in said
    assert not text.strip() or text.strip() not in said.replace(str(tmp_path), "")
    emu("card", "show", card, "--master-key", tmp_path / "none").complains()


def test_a_card_is_not_overwritten_unless_forced(emu, card):
    before = card.read_bytes()
    assert "--force" in emu("card", "new", card, "--meter-id", "5").complains()
    assert card.read_bytes() == before
    assert emu("card", "new", card, "--meter-id", "5", "--force").code == 0
    assert card.read_bytes() != before


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["--meter-id", "0"],
        ["--meter-id", str(2**64)],
        ["--meter-id", "x"],
        ["--meter-id", "-1"],
    ],
)
def test_a_bad_meter_number_is_one_line(emu, tmp_path, args):
    assert "--meter-id" in emu("card", "new", tmp_path / "c.bin", *args).complains()
    assert list(tmp_path.iterdir()) == []


def test_an_expiry_that_is_no_time_is_refused(emu, tmp_path):
    done = emu("card", "new", tmp_path / "c", "--meter-id", METER, "--expires", "2020-02-31 00:00")
    assert "no date" in done.complains()

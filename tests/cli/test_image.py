"""Images from the command line: made, shown, compared; and the page that says how."""

import json
import re
import shlex
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

import pytest

from card_protocol.card.image import CardImage
from card_protocol.formats.budget import DF_ELECTRICITY, Sfi
from card_protocol.keys import Purpose, derive
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.resources import built_in
from tests.campaigns import head
from tests.docs.pages import page

METER = 541_000_000_001
MODEL = "electricity-pcf8563-utc"
JUNE = ("--at", "2020-06-02 10:00")


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def image(tmp_path, emu):
    path = tmp_path / "home.image"
    done = emu("image", "new", path, "--model", MODEL, "--meter-id", METER, *JUNE)
    assert (done.code, done.err) == (0, "")
    return path


@pytest.fixture
def card(tmp_path, emu):
    path = tmp_path / "home.card"
    done = emu("card", "new", path, "--meter-id", METER, "--issued-at", "2020-06-02 10:00")
    assert done.code == 0
    return path


def seal(path: Path, raw: bytes) -> Path:
    path.write_bytes(raw[:-4] + crc32(raw[:-4]).to_bytes(4, "big"))
    return path


def changed(image: Path, offset: int, data: bytes) -> Path:
    raw = image.read_bytes()
    other = image.with_name("other.image")
    return seal(other, raw[:offset] + data + raw[offset + len(data) :])


def fields(given: Any) -> dict[tuple[str, str], Any]:
    return {
        (part["name"], field["field"]): field for part in given["parts"] for field in part["fields"]
    }


# Making -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", built_in("meters"))
def test_a_new_image_of_every_model_is_sound_and_holds_what_was_asked(emu, tmp_path, model):
    path = tmp_path / "x.image"
    args = ("--balance-eur", "-12.50", "--prepayment", "off", "--limiter", "--json", "-")
    made = emu("image", "new", path, "--model", model, "--meter-id", METER, *JUNE, *args).json()
    assert made == {
        "file": str(path), "model": model, "meter": METER, "size_bytes": path.stat().st_size,
    }  # fmt: skip
    done = emu("image", "show", path, "--json", "-")
    assert done.code == 0
    given = done.json()
    assert (given["model"], given["meter"], given["sound"]) == (model, METER, True)
    found = fields(given)
    state = "state record, copy 0"
    assert found[state, "balance_ueur"]["value"] == -12_500_000
    flags = found[state, "flags"]["note"].split(", ")
    assert "limiter granted" in flags
    assert "prepayment on" not in flags
    clock = next(part["said"] for part in given["parts"] if part["name"] == "clock")
    assert clock.startswith("shows 2020-06-02 10:00:00 legal, 08:00:00 UTC")


def test_a_new_image_is_its_owners_alone_and_the_same_each_time(emu, image, tmp_path):
    assert image.stat().st_mode & 0o777 == 0o600
    again = tmp_path / "again.image"
    emu("image", "new", again, "--model", MODEL, "--meter-id", METER, *JUNE)
    assert again.read_bytes() == image.read_bytes()


def test_an_image_is_of_now_unless_said(emu, tmp_path):
    path = tmp_path / "x.image"
    emu("image", "new", path, "--model", MODEL, "--meter-id", METER)
    set_s = fields(emu("image", "show", path, "--json", "-").json())[
        "state record, copy 0", "clock_set_s"
    ]
    assert set_s["note"] > "2025"


def test_an_image_is_not_replaced_unless_forced(emu, image):
    before = image.read_bytes()
    args = ("image", "new", image, "--model", MODEL, "--meter-id", 5)
    assert "--force" in emu(*args).complains()
    assert image.read_bytes() == before
    assert emu(*args, "--force").code == 0
    assert image.read_bytes() != before


def test_another_master_key_makes_another_meter(emu, image, tmp_path):
    key, other = tmp_path / "key", tmp_path / "other.image"
    key.write_text("00112233445566778899aabbccddeeff\n")
    args = ("--model", MODEL, "--meter-id", METER, *JUNE, "--master-key", key)
    assert emu("image", "new", other, *args).code == 0
    found = emu("image", "diff", image, other, "--json", "-").json()["differences"]
    names = {one["field"] for one in found}
    assert names == {one for one in names if one.startswith("key_")} | {"crc"}
    assert len(names) == 6


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--meter-id", "1"], "--model"),
        (["--model", MODEL], "--meter-id"),
        (["--model", "none-such", "--meter-id", "1"], "built-in meters"),
        (["--model", MODEL, "--meter-id", "0"], "--meter-id"),
        (["--model", MODEL, "--meter-id", "1", "--balance-eur", "1e3"], "--balance-eur"),
        (["--model", MODEL, "--meter-id", "1", "--balance-eur", "\u0665"], "--balance-eur"),
        (["--model", MODEL, "--meter-id", "1", "--at", "soon"], "2020-07-03 23:01"),
        (["--model", MODEL, "--meter-id", "1", "--at", "2100-01-01T00:00Z"], "2000 to 2099"),
        (["--model", MODEL, "--meter-id", "1", "--at", "1999-12-31T23:59Z"], "from 2000 on"),
        (["--model", MODEL, "--meter-id", "1", "--prepayment", "maybe"], "maybe"),
    ],
)
def test_a_meter_that_cannot_be_is_one_line_and_no_file(emu, tmp_path, args, says):
    assert says in emu("image", "new", tmp_path / "x.image", *args).complains()
    assert list(tmp_path.iterdir()) == []


HOME = (
    head("one home", "2020-06-02T10:00:00", "2020-07-08T12:00:00")
    + """[[household]]
id = "gone"
kind = "never came back"
image = "home.image"
balance_eur = 10
load_w = 200
visits = [
  { at = 2020-06-02T11:00:00, desk = ["defer", "cut"] },
  { at = 2020-06-02T11:30:00, insert = true },
]
"""
)


def test_a_campaign_starts_from_an_image_that_was_made(emu, tmp_path):
    path, campaign = tmp_path / "home.image", tmp_path / "home.toml"
    emu("image", "new", path, "--model", MODEL, "--meter-id", METER, *JUNE, "--balance-eur", "10")
    campaign.write_text(HOME, "utf-8")
    done = emu("rehearse", campaign, "--json", "-")
    assert done.code == 0
    (meter,) = done.json()["meters"]
    assert meter["ordered"]["verdict"] == "on_time"
    assert meter["ordered"]["at"] >= "2020-07-03T23:01"


# Showing ------------------------------------------------------------------------------------------


def test_show_tells_every_byte_once_and_in_order(emu, image):
    given = emu("image", "show", image, "--json", "-").json()
    at = 0
    for part in given["parts"]:
        assert part["offset"] == at
        for field in part["fields"]:
            assert field["offset"] == at
            at += field["size_bytes"]
    assert at == given["size_bytes"] == image.stat().st_size


@pytest.mark.parametrize("columns", ["80", "120", "200"])
def test_show_fits_the_terminal_and_loses_nothing(emu, image, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    done = emu("image", "show", image)
    assert done.code == 0
    lines = done.out.splitlines()
    assert max(len(line.rstrip()) for line in lines[1:]) <= min(int(columns), 120)
    offsets = [int(found[1]) for line in lines if (found := re.match(r" *(\d+) +\d+ \S", line))]
    given = emu("image", "show", image, "--json", "-").json()
    assert offsets == [field["offset"] for part in given["parts"] for field in part["fields"]]
    assert lines[0] == f"{image}: nothing is out of range"


def test_show_ends_with_1_and_says_what_is_out_of_range(emu, image):
    other = changed(image, 65, b"\x07")
    done = emu("image", "show", other)
    assert done.code == 1
    assert "WRONG: unknown bits 04" in done.out
    assert done.out.splitlines()[0] == f"{other}: WRONG: switch"
    given = emu("image", "show", other, "--json", "-").json()
    assert given["sound"] is False
    assert fields(given)["switch", "position"]["wrong"] == "unknown bits 04"


def test_json_goes_to_a_file_as_well(emu, image, tmp_path):
    where = tmp_path / "told.json"
    done = emu("image", "show", image, "--json", where)
    assert "balance_ueur" in done.out
    assert json.loads(where.read_text())["meter"] == METER


def test_a_model_of_ones_own_is_said_by_its_file(emu, image, tmp_path):
    text = built_in("meters")[MODEL].read_text("utf-8")
    own, path = tmp_path / "own.toml", tmp_path / "own.image"
    own.write_text(text.replace(f'name = "{MODEL}"', 'name = "own"'), "utf-8")
    assert emu("image", "new", path, "--model", own, "--meter-id", METER).code == 0
    assert "built-in" in emu("image", "show", path).complains()
    assert emu("image", "show", path, "--model", own).code == 0
    assert "expected model own, got" in emu("image", "show", image, "--model", own).complains()
    assert "expected model electricity" in emu("image", "diff", image, path).complains()
    assert emu("image", "diff", path, path, "--model", own).code == 0


def test_a_meter_that_was_never_configured_is_shown(emu, image):
    done = emu("image", "show", changed(image, 74, b"\xff" * 256))
    assert done.code == 0
    assert "no meter yet" in done.out
    assert "NOT CONFIGURED" in done.out


@pytest.mark.slow("tries every byte")
def test_random_cells_are_shown_and_compared_without_a_word_of_python(emu, image):
    raw = image.read_bytes()
    noise = seal(image.with_name("noise.image"), raw[:32] + Random(4).randbytes(len(raw) - 32))
    done = emu("image", "show", noise)
    assert (done.code, done.err) == (1, "")
    done = emu("image", "diff", image, noise)
    assert (done.code, done.err) == (1, "")


def test_no_key_is_shown(emu, image, card, tmp_path):
    other = tmp_path / "x.card"
    emu("card", "new", other, "--meter-id", 5)
    shown = [
        emu(*args, *json_too).out.replace(" ", "").replace("\n", "")
        for json_too in ([], ["--json", "-"])
        for args in (
            ["image", "show", image],
            ["image", "diff", image, changed(image, 140, b"\0")],
            ["card", "show", card],
            ["card", "diff", card, other],
        )
    ]
    for purpose in Purpose:
        key = derive(TEST_MASTER_KEY, purpose, METER).raw.hex()
        assert not [out for out in shown if key in out or key[:16] in out]


# Comparing ----------------------------------------------------------------------------------------


def test_equal_images_are_the_same(emu, image):
    done = emu("image", "diff", image, image)
    assert done.code == 0
    assert "the same, byte for byte" in done.out
    assert emu("image", "diff", image, image, "--json", "-").json() == {
        "a": str(image), "b": str(image), "same": True, "differences": [],
    }  # fmt: skip


def test_different_images_name_the_field_both_values_and_the_offset(emu, image):
    other = changed(image, 65, b"\x00")
    done = emu("image", "diff", image, other)
    assert done.code == 1
    (line,) = [line for line in done.out.splitlines() if "position" in line]
    assert line.split()[:3] == ["65", "1", "position"]
    assert "closed: supply on" in line
    assert "open: supply off" in line
    assert "2 fields differ" in done.out
    given = emu("image", "diff", image, other, "--json", "-").json()
    first, crc = given["differences"]
    assert (given["same"], first["offset"], first["part"]) == (False, 65, "switch")
    assert (first["a"]["value"], first["b"]["value"]) == (1, 0)
    assert crc["field"] == "crc"


def test_what_the_files_say_of_a_copy_is_compared_too(emu, image):
    done = emu("image", "diff", image, changed(image, 400, b"\x01"))
    assert "A: valid, the only one: the program loads it" in done.out
    assert "B: torn or changed" in done.out


def test_equal_cards_are_the_same_and_written_ones_differ_field_by_field(emu, card, tmp_path):
    other = tmp_path / "other.card"
    other.write_bytes(card.read_bytes())
    assert emu("card", "diff", card, other).code == 0
    emu("desk", "load", other, "--eur", "50", "--issued-at", "2020-06-02 10:00")
    done = emu("card", "diff", card, other, "--json", "-")
    assert done.code == 1
    found = {(one["part"], one["field"]): one for one in done.json()["differences"]}
    assert set(found) == {
        ("card", "life_cycle"), ("desk record", "loaded_cents"), ("desk record", "load_count"),
        ("desk record", "mac"), ("end", "crc"),
    }  # fmt: skip
    loaded = found["desk record", "loaded_cents"]
    assert (loaded["a"]["note"], loaded["b"]["note"]) == ("0.00 EUR", "50.00 EUR")
    raw = other.read_bytes()
    at = loaded["offset"]
    assert int.from_bytes(raw[at : at + loaded["size_bytes"]], "big") == 5000


def test_tries_left_and_keys_of_cards_are_compared_and_keys_only_so_far(emu, card, tmp_path):
    other = tmp_path / "other.card"
    other.write_bytes(CardImage.from_bytes(card.read_bytes()).with_tries(0, 2).to_bytes())
    (tries, _crc) = emu("card", "diff", card, other, "--json", "-").json()["differences"]
    assert tries["field"] == "pin_tries_left"
    assert (tries["a"]["value"], tries["b"]["value"]) == (3, 2)
    emu("card", "new", other, "--meter-id", 5, "--force")
    done = emu("card", "diff", card, other)
    (line,) = [line for line in done.out.splitlines() if "meter_key" in line]
    assert line.split(maxsplit=3)[3].split("  ")[0] == "16 bytes, not shown"
    assert "another" in line


def test_a_record_nobody_wrote_compares_with_a_written_one(emu, card, tmp_path):
    other = tmp_path / "other.card"
    raw = CardImage.from_bytes(card.read_bytes())
    blank = raw.with_content(DF_ELECTRICITY, Sfi.DESK, b"\xff" * 64)
    other.write_bytes(blank.to_bytes())
    done = emu("card", "diff", other, card)
    assert "A: MAC empty" in done.out
    assert "never written" in done.out


def test_show_tells_every_byte_of_a_card(emu, card):
    given = emu("card", "show", card, "--json", "-").json()
    sizes = [record["size_bytes"] for record in given["records"]]
    sizes += [part["size_bytes"] for part in given["around"]]
    assert sum(sizes) == card.stat().st_size


@pytest.mark.slow("changes every byte")
def test_every_byte_of_a_card_is_in_one_row_and_its_changes_are_found(card):
    from meter_emu.families import explain_card_image
    from meter_emu.rows import differences

    raw = card.read_bytes()
    image = CardImage.from_bytes(raw)
    parts = explain_card_image(image, TEST_MASTER_KEY)
    at = 0
    for row in (row for part in parts for row in part.rows):
        assert row.offset == at
        at += row.size_bytes
    assert at == len(raw)
    for index, spec in enumerate(image.tree.specs):
        for offset in range(spec.size_bytes):
            part = bytes([image.contents[index][offset] ^ 0x5A])
            other = image.with_part(index, offset, part)
            changed = other.to_bytes()
            (where,) = [i for i in range(len(raw) - 4) if raw[i] != changed[i]]
            found, crc = differences(
                parts, explain_card_image(other, TEST_MASTER_KEY), raw, changed
            )
            assert found.a.offset <= where < found.a.offset + found.a.size_bytes
            assert crc.a.field == "crc"


# What is no image ---------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["missing", ".", "home.image/inside", "zero\0byte"])
def test_a_place_without_an_image_is_one_line(emu, image, where):
    path = f"{image.parent}/{where}"
    for args in (["show", path], ["diff", image, path], ["diff", path, image]):
        said = emu("image", *args).complains()
        assert "cannot be read" in said or "no regular file" in said


@pytest.mark.parametrize("kind", ["empty", "text", "card", "short", "long", "flipped", "version"])
def test_a_file_that_is_no_image_is_one_line(emu, image, card, kind):
    raw = image.read_bytes()
    path = image.with_name("bad.image")
    path.write_bytes(
        {
            "empty": b"",
            "text": b"this is no image\n",
            "card": card.read_bytes(),
            "short": raw[:-1],
            "long": raw + b"\0",
            "flipped": raw[:500] + bytes([raw[500] ^ 1]) + raw[501:],
            "version": raw[:4] + b"\x09" + raw[5:],
        }[kind]
    )
    for args in (["show", path], ["diff", image, path], ["diff", path, image]):
        said = emu("image", *args).complains()
        assert str(path) in said
        assert "expected" in said


def test_a_meter_image_is_no_card_and_cards_of_other_kinds_do_not_compare(
    emu, image, card, tmp_path
):
    from card_protocol.card.image import blank

    assert "is a meter image" in emu("card", "diff", card, image).complains()
    other = tmp_path / "blank.card"
    other.write_bytes(blank().to_bytes())
    assert "nothing to compare" in emu("card", "diff", card, other).complains()
    assert emu("card", "diff", other, other).code == 0


# The page -----------------------------------------------------------------------------------------

STEP = re.compile(r"^```(sh|python|text)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def assert_said(lines: list[str], output: str) -> None:
    """Each line begins a line of the output, in this order."""
    left = iter([line.rstrip() for line in output.splitlines()])
    for line in lines:
        assert any(found.startswith(line) for found in left), line


def test_the_page_does_what_it_says(tmp_path, emu, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    said, ran = "", 0
    for language, text in STEP.findall(page("docs/images.md")):
        if language == "text":
            assert_said(text.splitlines(), said)
            continue
        if language == "sh":
            program, *rest = shlex.split(text, comments=True)
            assert program == "meter-emu"
            wanted = re.search(r"# exit status (\d)$", text.strip())
            assert wanted is not None
            done = emu(*rest)
            assert done.code == int(wanted[1]), done.out + done.err
            said = done.out
        else:
            exec(compile(text, "docs/images.md", "exec"), {"__name__": "page"})
        ran += 1
    assert ran == 14

"""Layout files: what they explain of a dump, ours written out, and what is refused of them."""

import struct
from datetime import date
from pathlib import Path

import pytest

from meter_emu.errors import ConfigError, ImageError
from meter_emu.foreign.dump import cut_out, explain_dump
from meter_emu.foreign.layout_file import load_layout
from meter_emu.resources import built_in
from meter_emu.rows import NOT_SHOWN, Row
from tests.cells import each_cell

DUMPS = Path(__file__).parents[2] / "fixtures" / "dumps"
HEAD = 'name = "mine"\nsource = "a test"\nsize_bytes = 16\n'
CHECK = '[[check]]\nname = "sum"\nalgorithm = "sum8"\noffset = 3\nfirst = 0\nlast = 5\n'
RECORD = """[[record]]
name = "r"
offset = 0
size = 4
repeat = 3
[[record.field]]
name = "f"
offset = 2
size = 2
"""
DATE = '[[field]]\nname = "when"\noffset = 2\nsize = 5\ncodec = "bcd-yymmddhhmm"\n'


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(text, "utf-8")
    return str(path)


def rows(raw: bytes, layout: str) -> dict[str, Row]:
    parts = explain_dump(raw, load_layout(layout))
    return {row.field: row for part in parts for row in part.rows}


@each_cell("name", built_in("layouts"))
def test_every_byte_of_a_built_in_layout_is_in_one_field(name: str) -> None:
    layout = load_layout(name)
    at = 0
    for cell in layout.cells:
        assert cell.offset == at, cell
        assert cell.spec is not None, "the published structures leave no gap"
        at = cell.end
    assert at == layout.size_bytes
    assert "DoCard.h" in layout.source


def test_an_order_made_by_hand_is_explained() -> None:
    raw = (DUMPS / "state-grid-order.bin").read_bytes()
    order = rows(raw, "state-grid-order")
    assert order["tariff_switch"].note == "2020-07-03 23:01"
    assert order["alarm 2"].value == "00000500"
    assert order["user_type"].note == "time of use"
    assert order["update_flags"].note == "parameters"
    assert order["sum"].note == "right"
    assert not any(row.wrong for row in order.values())
    back = rows((DUMPS / "state-grid-write-back.bin").read_bytes(), "state-grid-write-back")
    assert (back["remaining"].note, back["written_at"].note) == ("125.00 CNY", "2020-07-02 22:55")


def test_a_changed_byte_is_wrong_in_its_field_and_in_the_sum() -> None:
    raw = bytearray((DUMPS / "state-grid-order.bin").read_bytes())
    for at, byte, field, said in (
        (0, 0x67, "start", "expected 68"),
        (4, 9, "user_type", "no such code"),
        (5, 0x90, "update_flags", "unknown bits 10"),
        (11, 0x13, "tariff_switch", "month 13"),
        (30, 0xA0, "meter_number", "a is no digit"),
    ):
        changed = bytes(raw[:at]) + bytes([byte]) + bytes(raw[at + 1 :])
        found = {name: row.wrong for name, row in rows(changed, "state-grid-order").items()}
        assert said in found[field], field
        assert (found["sum"] == "") == (at == 0), "the sum begins after the start mark"


def test_numbers_of_both_byte_orders_counts_and_texts(tmp_path: Path) -> None:
    text = f"""{HEAD}byte_order = "little"
[[field]]
name = "count"
offset = 0
size = 2
kind = "uint"
[[field]]
name = "debt"
offset = 2
size = 2
kind = "int"
byte_order = "big"
scale = 100
unit = "EUR"
[[field]]
name = "minute"
offset = 4
size = 3
codec = "minutes"
epoch = 2014-01-01
[[field]]
name = "code"
offset = 8
size = 1
names = {{ 0x1 = "on", 2 = "off" }}
[[field]]
name = "label"
offset = 9
size = 3
kind = "text"
[[field]]
name = "key"
offset = 12
size = 4
kind = "secret"
"""
    raw = bytes.fromhex("3412 ff9c a00500 aa 01 616200 deadbeef".replace(" ", ""))
    found = rows(raw, written(tmp_path, text))
    assert found["count"].value == 0x1234
    assert (found["debt"].value, found["debt"].note) == (-100, "-1.00 EUR")
    assert found["minute"].note == "2014-01-02 00:00"
    assert found["unknown"].raw == "aa"
    assert (found["code"].note, found["label"].note) == ("on", "ab")
    assert found["key"].raw == NOT_SHOWN
    assert "dead" not in str(found["key"])


SPLIT = """[[field]]
name = "environment"
offset = 0
size = 8
split = [
  { name = "version", bits = 6 },
  { name = "bitmap", bits = 7 },
  { name = "network", bits = 24, names = { 0x250502 = "a town" } },
  { name = "issuer", bits = 8 },
  { name = "valid_until", bits = 14, codec = "days", epoch = 1997-01-01 },
  { name = "fare", bits = 5, scale = 10, unit = "EUR" },
]
"""


def test_bits_of_a_transit_card_are_numbers_dates_and_amounts(tmp_path: Path) -> None:
    days = (date(2020, 7, 3) - date(1997, 1, 1)).days
    digits = f"{1:06b}{3:07b}{0x250502:024b}{34:08b}{days:014b}{17:05b}"
    raw = int(digits, 2).to_bytes(8, "big") + bytes(8)
    said = rows(raw, written(tmp_path, HEAD + SPLIT))["environment"]
    assert said.note == (
        "version 1; bitmap 3; network a town; issuer 34; valid_until 2020-07-03; fare 1.7 EUR"
    )
    assert not said.wrong
    raw = bytes((raw[0], raw[1] ^ 1)) + raw[2:]
    assert "network: no such code" in rows(raw, written(tmp_path, HEAD + SPLIT))[said.field].wrong


FLOAT = '[[field]]\nname = "volts"\noffset = 2\nsize = 4\nkind = "float"\nunit = "V"\n'


def test_a_float_is_ieee_754_and_no_number_is_said(tmp_path: Path) -> None:
    little = written(tmp_path, HEAD + FLOAT + 'byte_order = "little"\n')
    row = rows(bytes(2) + struct.pack("<f", 230.5) + bytes(10), little)["volts"]
    assert (row.value, row.unit, row.wrong) == ("230.5", "V", "")
    assert rows(bytes(2) + b"\0\0\xc0\x7f" + bytes(10), little)["volts"].wrong == "no number"
    double = written(tmp_path, HEAD + FLOAT.replace("= 4", "= 8"))
    assert rows(bytes(2) + struct.pack(">d", 0.1) + bytes(6), double)["volts"].value == "0.1"


def test_a_text_may_have_a_backslash_and_bits_may_share_a_mask(tmp_path: Path) -> None:
    text = written(tmp_path, HEAD + FLOAT.replace('"float"\nunit = "V"', '"text"'))
    assert rows(bytes(2) + b"a\\b\0" + bytes(10), text)["volts"].wrong == ""
    masks = 'kind = "uint"\nbits = { 3 = "both", 1 = "low" }'
    shared = written(tmp_path, HEAD + FLOAT.replace('kind = "float"\nunit = "V"', masks))
    row = rows(bytes(5) + b"\x03" + bytes(10), shared)["volts"]
    assert (row.note, row.wrong) == ("both, low", "")
    assert "unknown bits 04" in rows(bytes(5) + b"\x04" + bytes(10), shared)["volts"].wrong


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + FLOAT.replace("= 4", "= 3"), "a float has 4 or 8 bytes, not 3"),
        (HEAD + FLOAT + "scale = 10\n", "a scale is of whole numbers"),
        (HEAD + SPLIT.replace("bits = 5", "bits = 9"), "split into 68 bits, it has 64"),
        (HEAD + SPLIT + 'unit = "V"\n', "in its parts alone"),
        (HEAD + SPLIT.replace(", epoch = 1997-01-01", ""), "a codec and an epoch, or neither"),
        (HEAD + SPLIT.replace("size = 8", "size = 16").replace("= 14", "= 33"), "at most 32 bits"),
        (HEAD + SPLIT.replace("0x250502", "x"), "expected a number as a key"),
        (HEAD, "field: expected at least one field"),
        (HEAD + DATE.replace("codec", "codek"), "codek: unknown key, did you mean 'codec'?"),
        (HEAD + DATE.replace("= 5", "= 6"), "mine: when: codec bcd-yymmddhhmm has 5 bytes, not 6"),
        (HEAD + DATE.replace("bcd-", "bdc-"), "no codec 'bdc-yymmddhhmm', did you mean 'bcd-"),
        (HEAD + DATE.replace("= 2", "= 12"), "it ends with byte 16, the layout has 16 bytes"),
        (HEAD + DATE.replace("= 2", "= -1"), "offset"),
        (HEAD + DATE + DATE.replace("= 2", "= 6"), "bytes 6 to 10 overlap, mine: when has 2 to 6"),
        (HEAD + DATE + 'kind = "bcd"\n', "expected a kind or a codec, not both"),
        (HEAD + DATE + "repeat = 4\n", "it ends with byte 21"),
        (HEAD + DATE + "stride = 4\nrepeat = 2\n", "stride 4 is less than its size 5"),
        (HEAD + DATE + "epoch = 2014-01-01\n", "has an epoch of its own"),
        (HEAD + DATE + 'byte_order = "little"\n', "has a byte order of its own"),
        (HEAD + DATE.replace("bcd-yymmddhhmm", "minutes"), "counts from an epoch: which?"),
        (HEAD + DATE + 'equals = "68"\n', "equals has 1 bytes, expected 5"),
        (HEAD + DATE + "names = { x = 'y' }\n", "expected a number as a key"),
        (HEAD + DATE.replace('codec = "bcd-yymmddhhmm"', 'kind = "date"'), "expected one of bcd"),
        (HEAD.replace('source = "a test"\n', "") + DATE, "source: is missing"),
        (HEAD.replace("16", '"many"') + DATE, "size_bytes: expected a whole number, got text"),
        (HEAD + CHECK, "check 'sum': its own bytes lie in 0 to 5"),
        (HEAD + CHECK.replace("= 5", "= 99"), "last 99 is behind the 16 bytes"),
        (HEAD + CHECK.replace("first = 0", "first = 6"), "last 5 is before first 6"),
        (HEAD + CHECK.replace("sum8", "crc-16"), "expected one of crc16-arc, "),
        (HEAD + RECORD.replace("size = 2", "size = 3"), "f: it ends with byte 4, the record has 4"),
        (HEAD + RECORD.replace("= 3", "= 5"), "r 5 of 5: f: it ends with byte 19"),
        (HEAD + DATE + "repeat = 65537\n", "repeat"),
        ("name = [", "is not valid TOML"),
    ],
)  # fmt: skip
def test_a_layout_that_cannot_be_says_where_and_why(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as refused:
        load_layout(path)
    assert said in str(refused.value)
    assert str(refused.value).startswith(path)


def test_a_dump_of_another_size_says_where_it_was_cut() -> None:
    layout, raw = load_layout("state-grid-order"), (DUMPS / "state-grid-order.bin").read_bytes()
    with pytest.raises(ImageError, match=r"got 40: cut in .*: customer_number, bytes 36"):
        cut_out(raw[:40], layout, None, "x")
    with pytest.raises(ImageError, match="got 47: say --at"):
        cut_out(raw + b"\0\0", layout, None, "x")
    assert cut_out(b"\0\0" + raw + b"\0", layout, 2, "x") == (raw, 2)
    with pytest.raises(ImageError, match="from byte 9 on"):
        cut_out(raw, layout, 9, "x")
    with pytest.raises(ImageError, match="got 0"):
        cut_out(b"", layout, None, "x")

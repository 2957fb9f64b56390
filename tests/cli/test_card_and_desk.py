"""The front door: exit status, one line a mistake, and files that are whole or untouched."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest

from card_protocol.card.budget import record_on, with_record
from card_protocol.card.image import CardImage
from card_protocol.card.make import card_of
from card_protocol.formats import budget
from card_protocol.formats.budget import Sfi, seal
from card_protocol.keys import Purpose, derive
from meter_emu.cli import app, output
from meter_emu.desk.bench_key import BENCH_MASTER_KEY
from meter_emu.errors import OutputError
from meter_emu.firmware.layouts import Health
from tests.firmware.meters import METER_ID, START, Home, counted

METER = 541_000_000_001
ROOT = Path(__file__).parents[2]


class Outcome:
    """What a run left: exit status and both streams."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    def complains(self) -> str:
        """Return the one line of a run that ended with 2."""
        assert self.code == 2, (self.code, self.out, self.err)
        assert self.out == ""
        assert self.err.startswith("meter-emu: ")
        assert self.err.count("\n") == 1
        assert self.err.endswith("\n")
        assert "Traceback" not in self.err
        return self.err


@pytest.fixture
def emu(monkeypatch, capsys):
    """Run the command line in this process, through the real `run`."""

    def go(*args: str | Path) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["meter-emu", *map(str, args)])
        capsys.readouterr()
        code = app.run()
        out, err = capsys.readouterr()
        return Outcome(code, out, err)

    return go


CARRIERS = pytest.mark.parametrize("carrier", ["secure", "plain"])


@pytest.fixture(params=["secure", "plain"])
def card(tmp_path: Path, emu: Any, request: pytest.FixtureRequest) -> Path:
    path = tmp_path / "card.bin"
    kind = ("--carrier", request.param)
    done = emu("card", "new", path, "--meter", METER, *kind, "--issued-at", "2020-05-29 10:00")
    assert (done.code, done.err) == (0, "")
    return path


def shown(emu: Any, card: Path) -> dict[str, dict[str, Any]]:
    done = emu("card", "show", card, "--json", "-")
    assert done.code == 0, done.err
    records = json.loads(done.out)["records"]
    return {
        record["name"]: {
            field["field"]: field["note"] or field["value"] for field in record["fields"]
        }
        for record in records
    }


def break_mac(card: Path, sfi: Sfi) -> None:
    image = CardImage.from_bytes(card.read_bytes())
    raw = bytearray(record_on(image, sfi))
    raw[-1] ^= 1
    card.write_bytes(with_record(image, sfi, bytes(raw)).to_bytes())


WRITES: dict[str, list[str]] = {
    "load": ["--eur", "50"],
    "defer": ["--until", "2020-07-03 23:01"],
    "cut": ["--at", "2020-07-03 23:01"],
    "arm": ["--defer-until", "2020-07-03 23:01", "--cut-at", "2020-07-03 23:01"],
    "reactivate": [],
    "prepayment": ["off"],
    "limiter": ["on"],
    "tariff": ["--number", "2", "--price-ueur-per-wh", "275"],
}
BY_VERB = pytest.mark.parametrize("verb", WRITES)


# What it does -------------------------------------------------------------------------------------


def test_a_new_card_shows_what_was_asked_for(emu, tmp_path):
    path = tmp_path / "card.bin"
    args = ("--meter", METER, "--customer", "1234567890123", "--card-number", "7")
    assert emu("card", "new", path, *args, "--issued-at", "2020-05-29T08:00Z").code == 0
    identity = shown(emu, path)["identity"]
    assert identity["meter_id"] == METER
    assert identity["customer_ref"] == 1_234_567_890_123
    assert identity["card_number"] == 7
    assert identity["issued_at_min"] == "2020-05-29 08:00 UTC"


@pytest.mark.parametrize(
    "when", ["2020-05-29 10:00", "2020-05-29T10:00+02:00", "2020-05-29T08:00Z"]
)
def test_the_time_of_writing_is_legal_time_or_an_instant(emu, card, when):
    assert emu("desk", "load", card, "--eur", "5", "--issued-at", when).code == 0
    assert shown(emu, card)["wallet"]["issued_at_min"] == "2020-05-29 08:00 UTC"


def test_the_time_of_writing_is_now_unless_said(emu, card):
    assert emu("desk", "load", card, "--eur", "5").code == 0
    assert shown(emu, card)["wallet"]["issued_at_min"] > "2025"


def test_money_is_counted_in_cents(emu, card):
    for eur in ("50", "12.5", "12.05", "250.00"):
        assert emu("desk", "load", card, "--eur", eur).code == 0
    assert shown(emu, card)["wallet"]["loaded_cents"] == "324.55 EUR"


def test_arming_and_reactivating_show_on_the_card(emu, card):
    done = emu("desk", "arm", card, *WRITES["arm"], "--json", "-")
    assert json.loads(done.out)["order"]["cut_at"] == "2020-07-03 23:01"
    order = shown(emu, card)["order"]
    assert (order["number"], order["defer_until"]) == (1, "2020-07-03 23:01")
    done = emu("desk", "reactivate", card)
    assert "order 2, reactivates" in done.out
    order = shown(emu, card)["order"]
    assert (order["number"], order["defer_until"], order["cut_at"]) == (2, "none", "none")
    assert order["token"] == "reactivates"


def test_each_item_alone_leaves_the_other(emu, card):
    assert emu("desk", "cut", card, "--at", "2020-07-03 23:01").code == 0
    assert emu("desk", "defer", card, "--until", "2020-06-30 09:00").code == 0
    order = shown(emu, card)["order"]
    assert (order["defer_until"], order["cut_at"]) == ("2020-06-30 09:00", "2020-07-03 23:01")


def test_switches_and_tariff_show_on_the_card(emu, card):
    assert emu("desk", "prepayment", card, "off").code == 0
    assert emu("desk", "limiter", card, "on").code == 0
    assert shown(emu, card)["order"]["flags"] == "limiter granted"
    done = emu("desk", "tariff", card, *WRITES["tariff"])
    assert "limiter granted, tariff 2 at 275" in done.out
    assert shown(emu, card)["tariff"]["price_ueur_per_wh"] == "0.275 EUR/kWh"
    assert "at night" not in done.out
    nights = [*WRITES["tariff"], "--night-price-ueur-per-wh", "190"]
    done = emu("desk", "tariff", card, *nights)
    assert "tariff 2 at 275 micro-euro/Wh, at night 190" in done.out
    assert shown(emu, card)["tariff"]["night_price_ueur_per_wh"] == "0.190 EUR/kWh"


def test_a_choice_settles_a_time_that_exists_twice(emu, card):
    args = ("desk", "cut", card, "--at", "2020-10-25 02:30")
    assert "exists twice" in emu(*args).complains()
    assert "a meter takes the later" in emu(*args, "--if-ambiguous", "earlier").complains()
    assert emu(*args, "--if-ambiguous", "later").code == 0


def test_json_goes_to_a_file_as_well(emu, card, tmp_path):
    where = tmp_path / "told.json"
    done = emu("desk", "load", card, "--eur", "50", "--json", where)
    assert "ever loaded 50.00 EUR in 1 load\n" in done.out
    assert json.loads(where.read_text())["loaded_cents"] == 5000


def test_a_new_card_is_told_as_json_too(emu, tmp_path):
    done = emu("card", "new", tmp_path / "c.bin", "--meter", METER, "--json", "-")
    assert json.loads(done.out) == {
        "file": str(tmp_path / "c.bin"),
        "carrier": "secure",
        "meter": METER,
        "energy": "electricity",
        "card_number": 1,
    }


def test_a_date_that_is_none_does_not_hide_that_the_card_was_written(emu, card):
    image = CardImage.from_bytes(card.read_bytes())
    key = derive(BENCH_MASTER_KEY, Purpose.DESK_RECORD, METER)
    order = budget.ORDER.parse(record_on(image, Sfi.ORDER))
    odd = seal(budget.ORDER, replace(order, cut_at=b"\x20\x07\xaa\x00\x00"), key, METER)
    card.write_bytes(with_record(image, Sfi.ORDER, odd).to_bytes())
    done = emu("desk", "limiter", card, "on")
    assert done.code == 0
    assert "cut at 2007aa0000 (no date)" in done.out


@BY_VERB
def test_every_verb_that_writes_speaks_json(emu, card, verb):
    done = emu("desk", verb, card, *WRITES[verb], "--json", "-")
    assert done.code == 0
    assert json.loads(done.out)["meter"] == METER


@pytest.mark.parametrize(
    ("carrier", "tries"),
    [("secure", {"pin": 3, "meter": 10, "desk": 10}), ("plain", {"pin": 3})],
)
def test_the_image_tells_which_carrier_it_is(emu, tmp_path, carrier, tries):
    path = tmp_path / "c.bin"
    done = emu("card", "new", path, "--meter", METER, "--carrier", carrier)
    assert done.out == f"{path}: {carrier} card 1 for electricity meter {METER}\n"
    told = json.loads(emu("card", "show", path, "--json", "-").out)
    assert (told["carrier"], told["tries_left"]) == (carrier, tries)
    assert emu("card", "show", path).out.startswith(f"{path}: {carrier} card, personalised; tries")


def test_a_plain_card_shows_both_copies_and_its_difference(emu, tmp_path):
    old, new = tmp_path / "old.bin", tmp_path / "new.bin"
    assert emu("card", "new", old, "--meter", METER, "--carrier", "plain").code == 0
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


def test_a_plain_card_without_a_whole_copy_is_one_line(emu, tmp_path):
    path = tmp_path / "c.bin"
    assert emu("card", "new", path, "--meter", METER, "--carrier", "plain").code == 0
    image = CardImage.from_bytes(path.read_bytes())
    path.write_bytes(image.with_part(0, 0, b"XX").to_bytes())
    assert "want a copy that is whole" in emu("card", "show", path).complains()
    assert "want a copy that is whole" in emu("desk", "load", path, "--eur", "5").complains()


def test_show_for_people_names_fields_and_no_key(emu, card):
    out = emu("card", "show", card).out
    assert "identity: file 1, 48 bytes, MAC ok" in out
    assert "write-back: file 5, 128 bytes, MAC empty" in out
    for purpose in Purpose:
        assert derive(BENCH_MASTER_KEY, purpose, METER).raw.hex() not in out


def test_show_ends_with_1_when_something_is_wrong_and_says_it(emu, card):
    break_mac(card, Sfi.WALLET)
    done = emu("card", "show", card)
    assert done.code == 1
    assert "wallet: file 2, 32 bytes, MAC wrong" in done.out
    image = CardImage.from_bytes(card.read_bytes())
    key = derive(BENCH_MASTER_KEY, Purpose.DESK_RECORD, METER)
    layout = budget.IDENTITY
    fields = layout.parse(record_on(image, Sfi.IDENTITY))
    odd = seal(layout, replace(fields, energy=9), key, METER)
    card.write_bytes(with_record(image, Sfi.IDENTITY, odd).to_bytes())
    assert "WRONG: no such code" in emu("card", "show", card).out


def test_read_back_shows_what_the_meter_wrote(emu, card):
    assert "no meter has written" in emu("desk", "read", card).complains()
    image = CardImage.from_bytes(card.read_bytes())
    record = budget.WRITE_BACK.parse(
        b"BB\x01\x01" + METER.to_bytes(8, "big") + bytes(108) + budget.NO_MAC
    )
    raw = seal(
        budget.WRITE_BACK, record, derive(BENCH_MASTER_KEY, Purpose.METER_RECORD, METER), METER
    )
    card.write_bytes(with_record(image, Sfi.WRITE_BACK, raw).to_bytes())
    done = emu("desk", "read", card)
    assert done.code == 0
    assert "result              1 (executed)" in done.out
    assert json.loads(emu("desk", "read", card, "--json", "-").out)["mac"] == "ok"
    break_mac(card, Sfi.WRITE_BACK)
    assert "write-back: the MAC does not match" in emu("desk", "read", card).complains()


def test_another_key_makes_other_cards(emu, card, tmp_path):
    key = tmp_path / "key"
    key.write_text("00112233445566778899aabbccddeeff\n")
    other = tmp_path / "other.bin"
    assert emu("card", "new", other, "--meter", METER, "--master-key", key).code == 0
    assert emu("desk", "load", other, "--eur", "5", "--master-key", key).code == 0
    assert "MAC does not match" in emu("desk", "load", other, "--eur", "5").complains()
    assert emu("card", "show", other).code == 1


# Mistakes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--eur", "4.99"], "5.00 EUR to 250.00 EUR, got 4.99 EUR"),
        (["--eur", "250.01"], "got 250.01 EUR"),
        (["--eur", "0"], "got 0.00 EUR"),
        (["--eur", "-5"], "want an amount"),
        (["--eur", "12.345"], "want an amount"),
        (["--eur", "1e2"], "want an amount"),
        (["--eur", "NaN"], "want an amount"),
        (["--eur", "9" * 5000], "want an amount"),
        (["--eur", "\u0665\u0660"], "want an amount"),
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
        (["cut", "--at", "2020-02-31 12:00"], "day is out of range"),
        (["cut", "--at", "soon"], "want a legal time such as"),
        (["defer", "--until", "2020-03-29 02:30"], "does not exist"),
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
    verb, *rest = args
    assert says in emu("desk", verb, card, *rest).complains()
    assert card.read_bytes() == before


@BY_VERB
@pytest.mark.parametrize("sfi", [Sfi.IDENTITY, Sfi.WALLET, Sfi.ORDER, Sfi.TARIFF])
def test_a_record_that_does_not_check_stops_the_verb(emu, card, verb, sfi):
    break_mac(card, sfi)
    before = card.read_bytes()
    said = emu("desk", verb, card, *WRITES[verb]).complains()
    assert str(card) in said
    assert "MAC" in said
    assert card.read_bytes() == before


BAD_FILES = {
    "empty": b"",
    "text": b"this is no card\n",
    "short": None,
    "long": None,
    "flipped": None,
}


@pytest.mark.parametrize("kind", BAD_FILES)
@pytest.mark.parametrize("verb", ["show", "load"])
def test_a_file_that_is_no_card_image_is_one_line(emu, card, kind, verb):
    raw = card.read_bytes()
    broken = {
        "short": raw[:-1],
        "long": raw + b"\x00",
        "flipped": raw[:200] + bytes([raw[200] ^ 1]) + raw[201:],
    }.get(kind, BAD_FILES[kind])
    assert broken is not None
    card.write_bytes(broken)
    args = ["card", "show", card] if verb == "show" else ["desk", "load", card, "--eur", "5"]
    said = emu(*args).complains()
    assert str(card) in said
    assert "want" in said
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
    assert "--force" in emu("card", "new", card, "--meter", "5").complains()
    assert card.read_bytes() == before
    assert emu("card", "new", card, "--meter", "5", "--force").code == 0
    assert card.read_bytes() != before


@pytest.mark.parametrize(
    "args", [[], ["--meter", "0"], ["--meter", str(2**64)], ["--meter", "x"], ["--meter", "-1"]]
)
def test_a_bad_meter_number_is_one_line(emu, tmp_path, args):
    assert "--meter" in emu("card", "new", tmp_path / "c.bin", *args).complains()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("args", [["nonsense"], ["card"], ["desk"], ["--nonsense"], ["card", "x"]])
def test_a_verb_that_is_none_is_one_line_with_the_way_to_help(emu, args):
    assert "--help" in emu(*args).complains()


# Files, whole or untouched ------------------------------------------------------------------------


@pytest.mark.parametrize("broken", ["fsync", "write", "replace"])
def test_a_write_that_fails_leaves_the_old_card_and_nothing_beside_it(
    emu, card, monkeypatch, broken
):
    before = card.read_bytes()

    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError(28, "No space left on device")

    if broken == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    elif broken == "replace":
        monkeypatch.setattr(Path, "replace", full)
    else:
        opened = Path.open

        class Full:
            def __init__(self, file: Any) -> None:
                self.file = file

            def close(self) -> None:
                self.file.close()

            def fileno(self) -> int:
                return int(self.file.fileno())

            write = staticmethod(full)

        def open_full(self: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
            file = opened(self, mode, *args, **kwargs)
            return Full(file) if "x" in mode else file

        monkeypatch.setattr(Path, "open", open_full)
    said = emu("desk", "load", card, "--eur", "50").complains()
    assert f"{card}: cannot be written: no space left on device" in said
    assert card.read_bytes() == before
    assert list(card.parent.iterdir()) == [card]


@pytest.mark.parametrize("where", ["none/here.bin", "."])
def test_a_place_that_cannot_be_written_is_one_line(emu, tmp_path, where):
    args = ("--meter", METER, "--force")
    assert "cannot be written" in emu("card", "new", f"{tmp_path}/{where}", *args).complains()
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_file_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o444)
    monkeypatch.setattr(os, "access", lambda *args: False)  # root may write anything
    with pytest.raises(OutputError, match="read-only"):
        output.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"


def test_mode_and_symbolic_link_survive(tmp_path):
    path, link = tmp_path / "file", tmp_path / "link"
    path.write_bytes(b"old")
    path.chmod(0o640)
    link.symlink_to(path)
    output.write_atomically(link, b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_new_file_gets_the_mode_any_program_would_give_it(tmp_path):
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    output.write_atomically(tmp_path / "file", b"new")
    assert (tmp_path / "file").stat().st_mode == plain.stat().st_mode


def test_a_card_is_for_its_owner_only_since_keys_are_in_it(emu, card):
    assert card.stat().st_mode & 0o777 == 0o600
    card.chmod(0o640)
    assert emu("desk", "reactivate", card).code == 0
    assert card.stat().st_mode & 0o777 == 0o640


def test_an_error_on_the_way_leaves_the_old_file_and_passes_through_unchanged(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def half() -> None:
        with output.atomic_writer(path) as write:
            write(b"half")
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        half()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_known_before_the_work(tmp_path):
    begun = []
    writer = output.atomic_writer(tmp_path / "none" / "file")
    with pytest.raises(OutputError, match="cannot be written"), writer:
        begun.append(True)
    assert not begun


def test_a_full_disk_is_said_with_the_path():
    with pytest.raises(OutputError, match="/dev/full: cannot be written: no space left"):
        output.write_atomically("/dev/full", b"new")


def test_a_device_is_written_and_not_replaced():
    output.write_atomically("/dev/null", b"gone")
    assert Path("/dev/null").is_char_device()


# The command itself -------------------------------------------------------------------------------


def test_help_lists_every_verb_and_imports_none(emu):
    done = emu("--help")
    assert done.code == 0
    for name, verb in app.VERBS.items():
        assert name in done.out
        assert verb.help in done.out
    assert emu().out == done.out


HEAVY = {"construct", "cryptography", "hypothesis", "msgspec", "rich", "zoneinfo"}


def in_a_process(code: str, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *args, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )


def test_help_loads_nothing_heavy():
    code = (
        "import sys; sys.argv = ['meter-emu', '--help'];"
        "from meter_emu.cli import app; app.run(); print(*sorted(sys.modules))"
    )
    loaded = set(in_a_process(code).stdout.splitlines()[-1].split())
    assert "click" in loaded
    assert not loaded & HEAVY
    assert not {name for name in loaded if name.startswith("meter_emu.desk")}


def test_the_check_for_heavy_imports_can_fail():
    code = "import sys, meter_emu.desk.desk; print(*sorted(sys.modules))"
    assert set(in_a_process(code).stdout.split()) & HEAVY


@pytest.mark.parametrize("name", app.VERBS)
def test_every_verb_of_the_table_can_be_found(name):
    command = app.cli.get_command(click.Context(app.cli), name)
    assert command is not None
    assert command.name == name


def test_python_without_asserts_is_refused():
    done = in_a_process("from meter_emu.cli.app import main; main()", "-O")
    assert done.returncode == 2
    assert done.stderr.startswith("meter-emu: python -O")
    assert done.stderr.count("\n") == 1


def test_python_dash_m_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "meter_emu", "card", "show", "nowhere"],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "meter-emu: nowhere: cannot be read: no such file or directory\n"


def test_a_bug_of_ours_is_not_hidden_as_bad_input(emu, card, monkeypatch):
    def bug(*_args: object) -> None:
        raise AssertionError("a promise of ours is broken")

    monkeypatch.setattr("meter_emu.cli.card.read_image", bug)
    with pytest.raises(AssertionError):
        emu("card", "show", card)


def test_an_interrupt_is_130_without_a_traceback(emu, card, monkeypatch):
    def interrupted(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("meter_emu.cli.card.read_image", interrupted)
    done = emu("card", "show", card)
    assert done.code == 130
    assert "Traceback" not in done.err


def unread(code: str, *args: str) -> subprocess.CompletedProcess[str]:
    """Run code whose standard output nobody reads any more."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        return subprocess.run(
            [sys.executable, "-c", code, *args],
            cwd=ROOT, stdout=write_end, stderr=subprocess.PIPE, text=True, timeout=60,
        )  # fmt: skip
    finally:
        os.close(write_end)


A_VERB_OF_OURS = """
import sys
import click, rich.console
from meter_emu.cli import app

@click.command()
@click.argument("rest", nargs=-1)
def verb(rest):
    {does}

app.cli.get_command = lambda ctx, name: verb
app.main()
"""


@pytest.mark.parametrize(
    "code",
    [
        "from meter_emu.cli import app; app.main()",
        A_VERB_OF_OURS.format(does="rich.console.Console().print('a table')"),
    ],
    ids=["plain", "rich"],
)
def test_a_reader_that_goes_away_is_no_drama_and_no_broken_promise(card, code):
    done = unread(code, "card", "show", str(card))
    assert done.stderr == ""
    assert done.returncode == 128 + signal.SIGPIPE


def test_a_verb_that_exits_keeps_its_status():
    assert unread(A_VERB_OF_OURS.format(does="sys.exit(1)"), "x").returncode == 1


def test_the_version_is_the_packages(emu):
    from importlib.metadata import PackageNotFoundError, version

    try:
        want = version("meter-emu")
    except PackageNotFoundError:
        pytest.skip("the package is not installed here, only on the path")
    assert emu("--version").out == f"meter-emu, version {want}\n"


@CARRIERS
def test_a_card_of_generation_2_is_written_and_explained_like_the_first(emu, tmp_path, carrier):
    path = tmp_path / "second.bin"
    kind = ("--carrier", carrier, "--generation", "2")
    args = ("--expires", "2020-07-18 00:00", "--issued-at", "2020-07-03 10:00")
    assert emu("card", "new", path, "--meter", METER, *kind, *args).code == 0
    identity = shown(emu, path)["identity"]
    assert identity["expires"] == "2020-07-18 00:00"
    assert identity["expires_min"] == "2020-07-17 22:00 UTC"
    cut = ("desk", "cut", path, "--at", "2020-10-25 02:30")
    assert "exists twice" in emu(*cut).complains()
    for which, instant in (("earlier", "00:30"), ("later", "01:30")):
        told = json.loads(emu(*cut, "--if-ambiguous", which, "--json", "-").out)
        assert (told["generation"], told["expires"]) == (2, "2020-07-18 00:00")
        order = shown(emu, path)["order of instants"]
        assert order["cut_at"] == "2020-10-25 02:30"
        assert order["cut_min"] == f"2020-10-25 {instant} UTC"


@CARRIERS
@pytest.mark.parametrize("generation", ["1", "2"])
def test_a_card_is_reissued_with_the_next_number_and_goes_on(emu, tmp_path, generation, carrier):
    old, new = tmp_path / "old.bin", tmp_path / "new.bin"
    kind = ("--carrier", carrier, "--generation", generation)
    assert emu("card", "new", old, "--meter", METER, *kind).code == 0
    assert emu("desk", "load", old, "--eur", "50").code == 0
    assert (
        emu("card", "reissue", old, new).out
        == f"{new}: {carrier} card 2 for electricity meter {METER}\n"
    )
    told = json.loads(emu("desk", "load", new, "--eur", "5", "--json", "-").out)
    assert (told["card_number"], told["loaded_cents"]) == (2, 5500)
    assert told["generation"] == int(generation)
    assert "--force" in emu("card", "reissue", old, new).complains()
    low = emu("card", "reissue", old, tmp_path / "low.bin", "--card-number", "1")
    assert "higher number" in low.complains()


def test_an_expiry_that_is_no_time_is_refused(emu, tmp_path):
    done = emu("card", "new", tmp_path / "c", "--meter", METER, "--expires", "2020-02-31 00:00")
    assert "no date" in done.complains()


# A technician's clock card ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("set_to", "at"),
    [
        (["--set-to", "2020-06-02 10:15"], "2020-06-02 08:15:00 UTC"),
        (["--set-to", "2020-06-02T10:15:07+02:00"], "2020-06-02 08:15:07 UTC"),
        (["--set-to", "2099-12-31T23:59:59Z"], "2099-12-31 23:59:59 UTC"),
        (
            ["--set-to", "2020-10-25 02:30", "--if-ambiguous", "earlier"],
            "2020-10-25 00:30:00 UTC",
        ),
    ],
)
def test_a_clock_card_is_made_and_shown(emu, tmp_path, set_to, at):
    path = tmp_path / "clock.card"
    made = emu("card", "clock", path, "--meter", METER, *set_to)
    assert (made.code, made.err) == (0, "")
    assert made.out == f"{path}: clock card for meter {METER}: sets it to {at}, ±60 s\n"
    shown = emu("card", "show", path)
    assert shown.code == 0
    assert "clock order: file 1, 32 bytes, MAC ok" in shown.out
    assert f"s since 2000 UTC ({at})" in shown.out
    assert "set_error_s         60 s" in shown.out
    (record,) = json.loads(emu("card", "show", path, "--json", "-").out)["records"]
    assert (record["name"], record["mac"], record["wrong"]) == ("clock order", "ok", [])


def test_a_clock_card_says_now_unless_told_and_speaks_json(emu, tmp_path):
    path = tmp_path / "clock.card"
    before = datetime.now(UTC).replace(microsecond=0)
    made = emu("card", "clock", path, "--meter", METER, "--set-error-s", 5, "--json", "-")
    told = json.loads(made.out)
    said = datetime.strptime(told.pop("set_to"), "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
    assert before <= said <= datetime.now(UTC)
    assert told == {"file": str(path), "meter": METER, "set_error_s": 5}


def test_a_clock_card_brings_trust_back_to_its_meter(emu, tmp_path):
    path, home = tmp_path / "clock.card", Home()
    home.board.rtc.voltage_low()
    home.run(120)
    assert home.state.health == Health.LOW_VOLTAGE
    now = START + timedelta(seconds=120)
    emu("card", "clock", path, "--meter", METER_ID, "--set-to", now.isoformat())
    home.card = card_of(CardImage.from_bytes(path.read_bytes()), counted())
    assert home.insert().endswith("CARD 01 EXECUTED")
    assert home.state.health == Health.TRUSTED


def test_a_clock_card_of_another_key_or_torn_is_shown_with_what_is_wrong(emu, tmp_path):
    path, key = tmp_path / "clock.card", tmp_path / "key"
    key.write_text("00" * 15 + "01", "ascii")
    emu("card", "clock", path, "--meter", METER, "--master-key", key)
    shown = emu("card", "show", path)
    assert (shown.code, "MAC wrong" in shown.out) == (1, True)
    assert emu("card", "show", path, "--master-key", key).code == 0
    image = CardImage.from_bytes(path.read_bytes())
    path.write_bytes(image.with_part(0, 0, b"XX").to_bytes())
    shown = emu("card", "show", path)
    assert (shown.code, "MAC unchecked" in shown.out) == (1, True)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--set-to", "1999-12-31T23:59:59Z"], "a time of the years 2000 to 2099"),
        (["--set-to", "2100-01-01T00:00:00Z"], "a time of the years 2000 to 2099"),
        (["--set-to", "2020-10-25 02:30"], "exists twice in Europe/Brussels"),
        (["--set-to", "soon"], "want a legal time such as"),
        (["--set-error-s", "0"], "good to 1 to 3600 s, got 0"),
        (["--set-error-s", "3601"], "good to 1 to 3600 s, got 3601"),
    ],
)
def test_a_bad_clock_card_is_one_line_and_no_file(emu, tmp_path, args, says):
    path = tmp_path / "clock.card"
    assert says in emu("card", "clock", path, "--meter", METER, *args).complains()
    assert not path.exists()


def test_a_clock_card_is_not_overwritten_unless_forced_and_no_office_writes_on_it(emu, tmp_path):
    path = tmp_path / "clock.card"
    make = ("card", "clock", path, "--meter", METER)
    assert emu(*make).code == 0
    assert "--force was not given" in emu(*make).complains()
    assert emu(*make, "--force").code == 0
    emu("desk", "load", path, "--eur", "20").complains()

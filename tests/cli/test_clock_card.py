"""`card clock`: a technician's clock card made, shown, and obeyed by its meter."""

from datetime import UTC, datetime, timedelta

import pytest

from card_protocol.card.image import CardImage
from card_protocol.card.virtual import card_of
from meter_emu.firmware.layouts import Health
from tests.cli.budget_cards import METER
from tests.cli.outcome import checked
from tests.firmware.meters import METER_ID, START, Rig
from tests.rigs import counted


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
    made = emu("card", "clock", path, "--meter-id", METER, *set_to)
    assert (made.code, made.err) == (0, "")
    assert made.out == f"{path}: clock card for meter {METER}: sets it to {at}, ±60 s\n"
    shown = emu("card", "show", path)
    assert shown.code == 0
    assert "clock order: file 1, 32 bytes, MAC ok" in shown.out
    assert f"s since 2000 UTC ({at})" in shown.out
    assert "set_error_s         60 s" in shown.out
    (record,) = checked(emu("card", "show", path, "--json", "-").out)["records"]
    assert (record["name"], record["mac"], record["wrong"]) == ("clock order", "ok", [])


def test_a_clock_card_says_now_unless_told_and_speaks_json(emu, tmp_path):
    path = tmp_path / "clock.card"
    before = datetime.now(UTC).replace(microsecond=0)
    made = emu("card", "clock", path, "--meter-id", METER, "--set-error-s", 5, "--json", "-")
    given = checked(made.out)
    said = datetime.strptime(given.pop("set_to"), "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
    assert before <= said <= datetime.now(UTC)
    assert given == {"file": str(path), "meter": METER, "set_error_s": 5}


def test_a_clock_card_brings_trust_back_to_its_meter(emu, tmp_path):
    path, rig = tmp_path / "clock.card", Rig()
    rig.board.rtc.voltage_low()
    rig.run(120)
    assert rig.state.lost_by == Health.LOW_VOLTAGE
    now = START + timedelta(seconds=120)
    emu("card", "clock", path, "--meter-id", METER_ID, "--set-to", now.isoformat())
    rig.card = card_of(CardImage.from_bytes(path.read_bytes()), counted())
    assert rig.insert().endswith("CARD 01 EXECUTED")
    assert rig.state.health == Health.TRUSTED


def test_a_clock_card_of_another_key_or_torn_is_shown_with_what_is_wrong(emu, tmp_path):
    path, key = tmp_path / "clock.card", tmp_path / "key"
    key.write_text("00" * 15 + "01", "ascii")
    emu("card", "clock", path, "--meter-id", METER, "--master-key", key)
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
        (["--set-to", "soon"], "expected a legal time such as"),
        (["--set-error-s", "0"], "good to 1 to 3600 s, got 0"),
        (["--set-error-s", "3601"], "good to 1 to 3600 s, got 3601"),
    ],
)
def test_a_bad_clock_card_is_one_line_and_no_file(emu, tmp_path, args, says):
    path = tmp_path / "clock.card"
    assert says in emu("card", "clock", path, "--meter-id", METER, *args).complains()
    assert not path.exists()


def test_a_clock_card_is_not_overwritten_unless_forced_and_no_office_writes_on_it(emu, tmp_path):
    path = tmp_path / "clock.card"
    make = ("card", "clock", path, "--meter-id", METER)
    assert emu(*make).code == 0
    assert "--force was not given" in emu(*make).complains()
    assert emu(*make, "--force").code == 0
    emu("desk", "load", path, "--eur", "20").complains()

"""`card send` to a card in a file: answers are shown, and the file is written when it changed."""

from pathlib import Path

import pytest

from meter_emu.cli import held
from meter_emu.cli.held import CARD_IMAGE
from meter_emu.cli.send import APDUS_MAX
from tests.cli.outcome import checked

SELECT = "00A4000C023F00"
WRONG_PIN = "00 20 00 01 04 31 31 31 31"
CHALLENGE = "00:84:00:00:08"


def test_each_command_is_shown_with_its_answer_and_what_they_mean(emu, card):
    done = emu("card", "send", card, SELECT, "00b0000000")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[:3] == [
        "SELECT the master file: success",
        "  > 00a4000c023f00",
        "  < 9000",
    ]
    assert done.out.splitlines()[4] == "  > 00b0000000"
    asked = emu("card", "send", card, SELECT, WRONG_PIN, "--json", "-").json()
    assert (asked["card"], asked["saved"]) == (str(card), True)
    assert asked["exchanges"][1] == {
        "command": "0020000104xxxxxxxx",
        "answer": "63c2",
        "means": "VERIFY secret 1, 4 bytes not shown: refused, tries left: 2",
    }


def test_the_file_is_written_when_the_card_has_changed_and_not_else(emu, card):
    before = card.stat()
    for commands in ((SELECT, CHALLENGE), ("80D6000001AA", "00D6000001AA")):
        assert emu("card", "send", card, *commands).code == 0
        assert card.stat().st_ino == before.st_ino, "an atomic write makes a new file"
    assert emu("card", "send", card, WRONG_PIN).code == 0
    assert card.stat().st_ino != before.st_ino
    assert checked(emu("card", "show", card, "--json", "-").out)["tries_left"]["pin"] == 2


def test_a_card_in_use_is_read_and_not_written(emu, card, monkeypatch):
    monkeypatch.setattr(held, "WAIT_S", 0.0)
    raw = card.read_bytes()
    with held.HeldFile(str(card), CARD_IMAGE):
        assert emu("card", "send", card, SELECT).code == 0
        assert "is in use by process" in emu("card", "send", card, SELECT, WRONG_PIN).complains()
    assert card.read_bytes() == raw


def test_the_dialogue_is_recorded(emu, card, tmp_path):
    trace = tmp_path / "t"
    assert emu("card", "send", card, SELECT, "--trace", trace).code == 0
    assert "SELECT the master file: success" in emu("trace", "show", trace).out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["00A4"], "expected 4 to 65,544 bytes, got 2"),
        (["00A4000"], "expected hexadecimal digits, two a byte"),
        (["select"], "expected hexadecimal digits"),
        ([], "Missing argument 'APDU...'"),
        ([SELECT] * (APDUS_MAX + 1), "expected at most 1,000 commands, got 1,001"),
    ],
)
def test_mistakes_are_one_line_and_change_nothing(emu, card, words, why):
    raw = card.read_bytes()
    assert why in emu("card", "send", card, *words).complains()
    assert card.read_bytes() == raw


@pytest.mark.parametrize("raw", [b"", b"nonsense", None])
def test_what_is_no_card_is_one_line(emu, tmp_path: Path, raw):
    path = tmp_path / "it"
    if raw is not None:
        path.write_bytes(raw)
    for command in (SELECT, WRONG_PIN):
        assert str(path) in emu("card", "send", path, command).complains()

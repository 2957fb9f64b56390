"""Sixty things typed or written wrong: one line each, and the nearest name where there is one.

Each runs through the real command line in this process, in a folder with one file of every kind.
"""

import shlex
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from meter_emu.cli import names
from tests.campaigns import STREET
from tests.cli.outcome import runner

# What is typed, in a folder with home.card, home.image, street.toml, an empty file and a folder;
# what the line must say; and the name that it offers, if any is near.
TYPED: tuple[tuple[str, str, str | None], ...] = (
    ("rehearze street.toml", "no command 'rehearze'", "rehearse"),
    ("verfy reference", "no command 'verfy'", "verify"),
    ("crad show home.card", "no command 'crad'", "card"),
    ("card sohw home.card", "no command 'sohw'", "show"),
    ("desk lod home.card --eur 5", "no command 'lod'", "load"),
    ("desk reactivat home.card", "no command 'reactivat'", "reactivate"),
    ("image dif home.image home.image", "no command 'dif'", "diff"),
    ("trace reply home.card", "no command 'reply'", "replay"),
    ("show defct end-exclusive", "no command 'defct'", "defect"),
    ("rehearse street.toml --repport page", "no option --repport", "--report"),
    ("rehearse street.toml --evnts", "no option --evnts", "--events"),
    ("rehearse street.toml --houshold number-1", "no option --houshold", "--household"),
    ("rehearse street.toml --sed 3", "no option --sed", "--seed"),
    ("run --imge home.image", "no option --imge", "--image"),
    ("desk cut home.card --cut-a '2020-07-03 23:01'", "no option --cut-a", "--cut-at"),
    ("card new x.card --meterid 7", "no option --meterid", "--meter-id"),
    ("rehearse ores-2020-7", "none of the built-in campaigns", "ores-2020-07"),
    ("rehearse wintr", "none of the built-in campaigns", "winter"),
    ("show campaign ores-fleat", "none of the built-in campaigns", "ores-fleet"),
    ("show model electricity-pcf8563", "none of the built-in meters", "electricity-pcf8563-utc"),
    ("rehearse street.toml --model electricity-ds3231", "meters", "electricity-ds3231-utc"),
    ("run electricity-pcf8563-ut", "none of the built-in meters", "electricity-pcf8563-utc"),
    ("image new x.image --model gas-pcf8563 --meter-id 7", "meters", "gas-pcf8563-battery"),
    ("rehearse street.toml --household number1", "none has the id 'number1'", "number-1"),
    ("rehearse street.toml --build reference+end-exclusiv", "defect", "end-exclusive"),
    ("rehearse street.toml --build refrence", "refrence", "reference"),
    ("show defect doy-comon-year", "no defect 'doy-comon-year'", "doy-common-year"),
    ("verify reference --law never-earlyy", "never-earlyy", "never-early"),
    ("list defect", "'defect' is not one of", "defects"),
    ("rehearse no-such.toml", "no-such.toml: no such file", None),
    ("rehearse", "Missing argument 'CAMPAIGN'", None),
    ("rehearse empty", "empty", None),
    ("rehearse folder", "is a directory, expected a TOML file", None),
    ("rehearse home.card", "home.card", None),
    ("rehearse street.toml street.toml", "unexpected extra argument", None),
    ("rehearse street.toml --seed minus", "'minus' is not a valid integer", None),
    ("rehearse street.toml --jobs 0", "0 is not in the range", None),
    ("rehearse street.toml --json street.toml", "is named twice, and would be overwritten", None),
    ("rehearse street.toml --json folder", "folder: cannot be written", None),
    ("rehearse street.toml --report empty", "empty: cannot be written", None),
    ("rehearse street.toml --json ''", "is empty", None),
    ("rehearse street.toml --model gas-pcf8563-battery", "none has a meter for gas", None),
    ("card show home.image", "image show", None),
    ("image show home.card", "card show", None),
    ("card show street.toml", "street.toml", None),
    ("card show empty", "empty", None),
    ("card show no-such.card", "no-such.card", None),
    ("card diff home.card home.image", "home.image", None),
    ("card new x.card", "Missing option '--meter-id'", None),
    ("card new x.card --meter-id 0", "0 is not in the range", None),
    ("card new x.card --meter-id 7 --carrier memry", "'memry' is not one of", "memory"),
    ("desk load home.card --eur 4", "4", None),
    ("desk load home.card --eur ten", "expected an amount such as 50 or 12.50, got 'ten'", None),
    ("desk cut home.card --cut-at tomorrow", "2020-07-03 23:01", None),
    ("desk cut home.card --cut-at '2020-02-30 10:00'", "2020-02-30", None),
    ("desk cut home.card --cut-at '2020-03-29 02:30'", "02:30", None),
    ("desk arm home.card --defer-until '2020-07-03 23:01' --cut-at '2020-07-01 23:01'",
     "lies before the end of the deferral", None),
    ("desk load home.image --eur 5", "home.image", None),
    ("desk limiter home.card maybe", "'maybe' is not one of", None),
    ("desk read home.card", "no meter has written on this card yet", None),
    ("image new x.image --model electricity-pcf8563-utc", "Missing option '--meter-id'", None),
    ("run electricity-pcf8563-utc --start yesterday-ish", "yesterday-ish", None),
    ("run electricity-pcf8563-utc --rate fast", "fast", None),
    ("trace show home.card", "expected a trace", None),
)  # fmt: skip

# What is written in street.toml in place of something else.
WRITTEN: tuple[tuple[str, str, str, str | None], ...] = (
    ("balance_eur", "balanc_eur", "balanc_eur", "balance_eur"),
    ("load_w", "load_watt", "load_watt", "load_w"),
    ("load_w", '"a[0].[b"', "household 'number-1': a[0].[b: unknown key", None),
    ('zone = "Europe/Brussels"', 'zone = "Europe/Brusels"', "zone", "Europe/Brussels"),
    ('model = "electricity', 'model = "elektricity', "meters", "electricity-pcf8563-utc"),
    ('["cut"]', '["cutt"]', "cutt", "cut"),
    ("[announced]", "[anounced]", "anounced", "announced"),
    ("balance_eur = 80", 'balance_eur = "eight"', "balance_eur", None),
    ("end = 2020-07-08", "end = 2019-07-08", "expected after start", None),
    ("T11:30", "T25:30", "street.toml", None),
    ("2020-06-02T11:30", "2021-06-02T11:30", "visit 2", None),
    ("insert = true", 'insert = "yes"', "insert", None),
    ("cut_at = 2020-07-03T23:01:00", "", "expected defer_until, cut_at or both", None),
    ('id = "number-1"', 'id = ""', "id", None),
    ("[[household]]", "[household]", "household", None),
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Any:
    """Give the command line in a folder with one file of every kind."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "street.toml").write_text(STREET, "utf-8")
    (tmp_path / "empty").touch()
    (tmp_path / "folder").mkdir()
    emu = runner(monkeypatch, capsys)
    assert emu("card", "new", "home.card", "--meter-id", "7").code == 0
    image = ("--model", "electricity-pcf8563-utc", "--meter-id", "7")
    assert emu("image", "new", "home.image", *image).code == 0
    return emu


def check(said: str, want: str, near: str | None) -> None:
    assert want in said
    assert near is None or f"did you mean {near!r}?" in said, said


def test_there_are_more_than_sixty() -> None:
    assert len(TYPED) + len(WRITTEN) >= 60
    assert len({line for line, _, _ in TYPED}) == len(TYPED)


def test_what_is_typed_wrong_is_one_line_and_leaves_every_file_as_it_was(
    folder: Any, tmp_path: Path
) -> None:
    def content() -> dict[str, bytes]:
        return {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()}

    before = content()
    for line, want, near in TYPED:
        check(folder(*shlex.split(line)).complains(), want, near)
        assert content() == before, line


@pytest.mark.parametrize(("good", "bad", "want", "near"), WRITTEN)
def test_what_is_written_wrong_is_one_line_that_names_file_and_place(
    folder: Any, tmp_path: Path, good: str, bad: str, want: str, near: str | None
) -> None:
    assert STREET.count(good) == 1
    (tmp_path / "street.toml").write_text(STREET.replace(good, bad), "utf-8")
    said = folder("rehearse", "street.toml").complains()
    assert "street.toml" in said
    check(said, want, near)


def test_a_wrong_value_in_a_table_of_own_keys_names_the_table(emu, tmp_path):
    file = tmp_path / "own.toml"
    file.write_text(
        'name = "x"\nsize_bytes = 1\n[[field]]\nname = "a"\noffset = 0\nsize = 1\n'
        "bits = { 0 = 1 }\n"
    )
    said = emu("card", "show", file, "--layout", file).complains()
    assert "field 'a': bits: expected text, got a whole number" in said


def test_a_typo_in_a_file_is_shown_with_its_line_and_carets(emu, tmp_path):
    file = tmp_path / "own.toml"
    file.write_text('name = "x"\nstart = 2020-06-29 18:00\n')
    seconds = "a time has seconds too: write 2020-06-29T18:00:00"
    assert emu("rehearse", file).complains().splitlines() == [
        f"meter-emu: {file}: line 2, column 9: is not valid TOML: {seconds}",
        "  start = 2020-06-29 18:00",
        "          ^^^^^^^^^^^^^^^^",
    ]
    other = file.rename(tmp_path / "shadow")
    for command in (("rehearse",), ("plan", "check")):
        said = emu(*command, other).complains().splitlines()
        assert said == [f"meter-emu: {other}: line 2, column 9: is not valid TOML"], "no contents"


def test_what_steers_a_terminal_is_written_out_and_the_carets_stay_under_the_typo(emu, tmp_path):
    file = tmp_path / "own.toml"
    file.write_text("\u202ename\x9b2J = 3 \x1b[31m\n")
    _, line, carets = emu("rehearse", file).complains().splitlines()
    assert line == "  \\u202ename\\x9b2J = 3 \\x1b[31m"
    assert line[carets.index("^") :].startswith("\\u202e")
    file.write_text(f"{'a' * 300} = 2020-06-29 18:00\t# {'b' * 300}\n")
    _, line, carets = emu("rehearse", file).complains().splitlines()
    assert len(line) <= 80
    assert line[carets.index("^") :].startswith("2020-06-29 18:00 #")


@pytest.mark.parametrize("year", [1999, 2100])
def test_a_machine_whose_clock_is_wrong_is_told_so_and_how_to_say_when(
    emu, tmp_path, monkeypatch, year
):
    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(year, 6, 1, tzinfo=tz)

    monkeypatch.setattr(names, "datetime", Clock)
    monkeypatch.chdir(tmp_path)
    new = ("card", "new", "a.card", "--meter-id", 5)
    for line, option in (
        (new, "--issued-at"),
        (
            ("image", "new", "a.image", "--model", "electricity-pcf8563-utc", "--meter-id", 5),
            "--at",
        ),
        (("run", "electricity-pcf8563-utc", "--lines"), "--start"),
    ):
        said = emu(*line).complains()
        assert f"the clock of this machine: is at {year}-06-01, expected 2000 to 2099" in said
        assert option in said
    assert not list(tmp_path.iterdir())
    assert emu(*new, "--issued-at", "2020-03-23 10:00").code == 0

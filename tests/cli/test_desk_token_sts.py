"""`meter-emu desk token` for STS: a meter takes what it sells, and each refusal is one line."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import blocks, page
from tests.world.judge.sts_bench import answer, bench_of, board_of, shown_kwh, state_of, sts_model
from tests.world.judge.sts_homes import METER_ID

LEDGER = f'model = "sts"\n\n[[device]]\nid = {METER_ID}\n\n[[device]]\nid = 541000000200\n'
EPOCH = datetime(1993, 1, 1, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a ledger in the folder of work."""
    monkeypatch.chdir(tmp_path)
    Path("power.toml").write_text(LEDGER)
    return Path("power.toml")


def digits_in(out: str) -> list[str]:
    return [re.sub(" ", "", found) for found in re.findall(r"^((?:\d{4} ){5})", out, re.MULTILINE)]


def sell(emu: Any, at: str, *words: object, word: str = "sell", device: int = METER_ID) -> Any:
    return emu(
        "desk", "token", word, "power.toml", "--device-id", device, "--issued-at", at, *words
    )


def tids(emu: Any, shop: Path) -> list[int]:
    return [
        int(found) for found in re.findall(r"TID (\d+)", emu("desk", "token", "list", shop).out)
    ]


def minute(*when: int) -> int:
    """Return the minutes since base date 1993, by `datetime`."""
    return int((datetime(*when, tzinfo=UTC) - EPOCH).total_seconds()) // 60  # type: ignore[arg-type,misc]


@pytest.mark.usefixtures("shop")
def test_json_has_the_tid_of_a_token_and_the_section_of_a_key_change(emu: Any) -> None:
    at = "2024-11-20 09:00Z"
    (energy,) = json.loads(sell(emu, at, "--kwh", "25.6", "--json", "-").out)["tokens"]
    new = ("--new-key-revision", 2, "--json", "-")
    key = json.loads(sell(emu, at, *new, word="key-change").out)["tokens"]
    assert energy["tid"] == minute(2024, 11, 20, 9, 0)
    assert "section" not in energy
    assert [token["section"] for token in key] == list(range(1, len(key) + 1))
    assert all(re.fullmatch(r"\d{20}", token["token"]) for token in (energy, *key))


@pytest.mark.slow("a meter's bench")
def test_a_meter_takes_all_that_was_sold_across_the_roll_over(emu: Any, shop: Path) -> None:
    sell(emu, "2024-11-20 09:00Z", "--kwh", "25.6")
    sell(emu, "2024-11-20 09:00Z", "--kwh", "10")
    new = ("--new-base", 2014, "--new-key-revision", 2, "--expiry", 200)
    sell(emu, "2024-11-24 20:17Z", *new, word="key-change")
    sell(emu, "2024-11-24 20:18Z", "--kwh", "5")
    sell(emu, "2024-11-24 20:18Z", "--limit-w", 2500, word="set")
    sell(emu, "2024-11-24 20:19Z", "--clear", "tamper", word="set")
    sold = digits_in(emu("desk", "token", "list", shop).out)
    bench = bench_of(board_of(sts_model()))
    assert [answer(bench, digits) for digits in sold] == [1, 1, 2, 1, 1, 1, 1]
    assert shown_kwh(bench) == 40
    assert (state_of(bench.board).ken, state_of(bench.board).power_limit_w) == (200, 2500)
    sell(emu, "2024-11-24 20:20Z", "--clear", "credit", word="set")
    assert answer(bench, digits_in(emu("desk", "token", "list", shop).out)[-1]) == 1
    assert shown_kwh(bench) == 0


def test_every_token_of_a_meter_has_its_own_minute_and_none_is_00_01(emu: Any, shop: Path) -> None:
    for _ in range(3):
        sell(emu, "2024-11-20 00:00Z", "--kwh", 1)
    sell(emu, "2024-11-20 00:00Z", "--kwh", 1, device=541_000_000_200)
    first = minute(2024, 11, 20)
    assert tids(emu, shop) == [first, first + 2, first + 3, first]


def test_an_office_of_edition_2_sells_an_hour_of_the_wall_twice(emu: Any, shop: Path) -> None:
    """In Lisbon clocks went back on 27 October 2024 at 01:00 UTC, from 02:00 to 01:00."""
    shop.write_text(LEDGER.replace('"sts"\n', '"sts"\nedition = 2\n'))
    for at in ("2024-10-27 00:30Z", "2024-10-27 01:30Z", "2024-10-27 00:31Z", "2024-10-27 02:30Z"):
        sell(emu, at, "--kwh", 1)
    wall = minute(2024, 10, 27, 1, 30)
    assert tids(emu, shop) == [wall, wall + 1, wall + 2, wall + 60]
    shop.write_text(LEDGER)
    shop.with_name(f"{shop.name}.head").unlink()  # it is another ledger
    for at in ("2024-10-27 00:30Z", "2024-10-27 01:30Z"):
        sell(emu, at, "--kwh", 1)
    assert tids(emu, shop) == [wall - 60, wall]
    assert "exists twice" in sell(emu, "2024-10-27 01:30", "--kwh", 1).complains()


@pytest.mark.parametrize(
    ("at", "words", "said"),
    [
        ("2024-11-24 20:16Z", ("sell", "--kwh", 1), "after the last minute of base date 1993"),
        ("2024-11-20 09:00Z", ("sell", "--kwh", "0"), "expected 0.1 to 1638.3 in tenths, got '0'"),
        ("2024-11-20 09:00Z", ("sell", "--kwh", "1.25"), "in tenths, got '1.25'"),
        ("2024-11-20 09:00Z", ("sell", "--kwh", "1638.4"), "in tenths, got '1638.4'"),
        ("2024-11-20 09:00Z", ("sell", "--days", "7"), "sts: its office sells energy"),
        ("2024-11-20 09:00Z", ("set", "--days", "7"), "sts: its office sells energy"),
        ("2024-11-20 09:00Z", ("disable",), "sts: its office sells energy"),
        ("2024-11-20 09:00Z", ("sell", "--days", "7", "--kwh", "7"), "one of --days, --kwh"),
        ("2024-11-20 09:00Z", ("key-change",), "nothing is new in this key"),
        ("2024-11-20 09:00Z", ("key-change", "--rollover"), "nothing is new in this key"),
        ("2024-11-20 09:00Z", ("key-change", "--new-base", 2014, "--office-key", "dkga02.key"),
         "the new key is the one before"),
        ("2024-11-20 09:00Z", ("sell", "--kwh", 1, "--office-key", "master.key"),
         "expected a key of 16 or 40 hex digits"),
    ],
)  # fmt: skip
def test_a_refusal_is_one_line_and_the_ledger_is_as_it_was(
    emu: Any, shop: Path, at: str, words: tuple[Any, ...], said: str
) -> None:
    Path("dkga02.key").write_text("ABABABABABABABAB")
    Path("master.key").write_text("00" * 16)
    word, *more = words
    assert said in sell(emu, at, *more, word=word).complains()
    assert shop.read_text() == LEDGER


def test_a_key_that_has_expired_sells_nothing(emu: Any, shop: Path) -> None:
    sell(emu, "2021-01-01 09:00Z", "--new-key-revision", 2, "--expiry", 225, word="key-change")
    assert sell(emu, "2021-02-01 09:00Z", "--kwh", 1).code == 0
    said = sell(emu, "2024-01-01 09:00Z", "--kwh", 1).complains()
    assert "key expiry number: 225 has passed; a new key comes first" in said


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("sale = 1", "sale = 3", "token 1: has sale 3, expected 1: a line before it is missing"),
        ("tid = 16770780", "tid = 16770781", "token 1: has TID 16770781, expected 16770780"),
        ("sold = 2024-11-20T09:00", "sold = 2024-11-20T09:01", "expected 16770781: it or a line"),
        ("wh = 1000", "", "token 1: expected one of wh, new_key, limit_w, setting"),
        ("id = 541000000200", f"id = {METER_ID}", f"two have the id {METER_ID}"),
        ("device = 541", "device = 542", "has no device 542000000123, did you mean"),
    ],
)
def test_a_ledger_that_contradicts_itself_sells_nothing(
    emu: Any, shop: Path, before: str, after: str, said: str
) -> None:
    sell(emu, "2024-11-20 09:00Z", "--kwh", 1)
    assert before in shop.read_text()
    shop.write_text(shop.read_text().replace(before, after))
    text = shop.read_text()
    assert said in sell(emu, "2024-11-21 09:00Z", "--kwh", 1).complains()
    assert shop.read_text() == text


def test_the_page_sells_what_the_program_sells(emu: Any, shop: Path) -> None:
    text = page("docs/token-meters.md").partition("### Its office")[2]
    shop.write_text(blocks(text, "toml")[0])
    said = ""
    for command in blocks(text, "sh")[0].splitlines():
        words = command.partition("  #")[0].replace("'", "").split()[1:]
        at = words.index("--issued-at")
        done = emu(*words[: at + 1], " ".join(words[at + 1 :]))
        said += done.out + done.err
    shown = blocks(text, "text")[0]
    assert said[: len(shown)] == shown
    assert digits_in(emu("desk", "token", "list", shop).out) == digits_in(said)

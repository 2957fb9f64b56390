"""`meter-emu desk token`: what a device makes of what it sells, and each refusal in one line."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from card_protocol.tokens.openpaygo.counter import PaygoCounter, PaygoKind
from card_protocol.tokens.openpaygo.decode import PaygoOutcome, decode_openpaygo
from meter_emu.cli.held import HeldFile
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.resources import find
from meter_emu.world.meter.devices import paygo_seed
from meter_emu.world.meter.model import load_model
from tests.docs.pages import blocks, page

DEVICE, NEARLY = 541_000_000_123, 541_000_000_200
LEDGER = f"""# the shop at the ford
model = "openpaygo"

[[device]]
id = {DEVICE}

[[device]]
id = {NEARLY}
last_count = 65533
"""
LINE = f"\n[[token]]\ndevice = {DEVICE}\nsold = 2024-03-01T09:00:00Z\n"
AT = ("--issued-at", "2024-03-01 09:00")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a ledger in the folder of work."""
    monkeypatch.chdir(tmp_path)
    Path("shop.toml").write_text(LEDGER)
    return Path("shop.toml")


def digits_in(out: str) -> list[str]:
    return [re.sub(" ", "", found) for found in re.findall(r"^((?:\d{3} )+) ", out, re.MULTILINE)]


@pytest.mark.usefixtures("shop")
def test_a_device_takes_what_is_sold_in_any_order_as_the_codec_says(emu: Any) -> None:
    of_it = ("shop.toml", "--device-id", DEVICE, *AT)
    for words in (("sell", *of_it, "--days", 7), ("sell", *of_it, "--days", 2)):
        assert emu("desk", "token", *words).code == 0
    emu("desk", "token", "set", *of_it, "--days", 0)
    emu("desk", "token", "disable", *of_it)
    listed = emu("desk", "token", "list", "shop.toml", "--device-id", DEVICE).out
    seed = paygo_seed(load_model(find("meters", "openpaygo")), DEVICE, TEST_MASTER_KEY)
    counter, seen = PaygoCounter(1), []
    first, second, *rest = digits_in(listed)
    for digits in (second, first, *rest):
        answer = decode_openpaygo(digits, seed, counter)
        assert answer.outcome is PaygoOutcome.TAKEN
        counter = answer.after
        seen.append((answer.kind, answer.value, answer.count))
    assert seen == [
        (PaygoKind.ADD_TIME, 2, 4),
        (PaygoKind.ADD_TIME, 7, 2),
        (PaygoKind.SET_TIME, 0, 5),
        (PaygoKind.DISABLE, 998, 7),
    ]


def test_what_is_sold_goes_at_the_end_of_the_ledger_and_is_said(emu: Any, shop: Path) -> None:
    said = emu("desk", "token", "sell", shop, "--device-id", DEVICE, "--days", 7, *AT).out
    assert re.fullmatch(
        rf"\d{{3}} \d{{3}} \d{{3}}  adds 7 days, device {DEVICE}, count 2: in shop.toml\n", said
    )
    assert shop.read_text() == LEDGER + LINE + "add = 7\ncount = 2\n"
    line = said.replace(": in shop.toml", ", sold 2024-03-01 09:00")
    assert emu("desk", "token", "list", shop).out == f"{shop}: 1 sale\n{line}"


def test_json_has_the_digits_that_are_shown_and_a_line_of_the_ledger_first(
    emu: Any, shop: Path
) -> None:
    of_it = (shop, "--device-id", DEVICE, *AT, "--json")
    sold = json.loads(emu("desk", "token", "sell", *of_it, "-", "--days", 7).out)
    (token,) = sold["tokens"]
    assert sold["ledger"] == str(shop)
    assert (token["does"], token["count"], token["device_id"]) == ("adds 7 days", 2, DEVICE)
    assert token["sold"] == "2024-03-01T09:00:00+00:00"
    assert "tid" not in token
    said = emu("desk", "token", "list", shop, "--json", "all.json").out
    assert digits_in(said) == [token["token"]]
    assert json.loads(Path("all.json").read_text()) == sold


def test_parts_of_a_day_and_four_keys(emu: Any, shop: Path) -> None:
    for model, days, value in (
        ("openpaygo-part-days", "3/7", 3),
        ("openpaygo-four-keys", "0.5", 12),
    ):
        shop.write_text(LEDGER.replace('"openpaygo"', f'"{model}"'))
        Path(HEAD).unlink(missing_ok=True)  # it is another ledger
        emu("desk", "token", "sell", shop, "--device-id", DEVICE, "--days", days, *AT)
        (digits,) = digits_in(emu("desk", "token", "list", shop).out)
        own = load_model(find("meters", model))
        assert own.paygo is not None
        seed = paygo_seed(own, DEVICE, TEST_MASTER_KEY)
        answer = decode_openpaygo(digits, seed, PaygoCounter(1), restricted=own.paygo.restricted)
        assert (answer.outcome, answer.value) == (PaygoOutcome.TAKEN, value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("sell", DEVICE, "--days", "0.5"), "expected 1 to 995 in whole days, got 0.5"),
        (("sell", DEVICE, "--days", "0"), "expected 1 to 995 in whole days, got 0"),
        (("sell", DEVICE, "--days", "996"), "expected 1 to 995 in whole days, got 996"),
        (("sell", DEVICE, "--days", "1/0"), "expected days such as 7, 0.5 or 1/7, got '1/0'"),
        (("sell", DEVICE, "--days", "-3"), "expected days such as 7, 0.5 or 1/7, got '-3'"),
        (("sell", DEVICE + 1, "--days", "7"), f"has no device {DEVICE + 1}"),
        (("set", DEVICE, "--days", "7", "--issued-at", "2024-13-01 09:00"), "2024-13-01"),
    ],
)
def test_a_refusal_is_one_line_and_the_ledger_is_as_it_was(
    emu: Any, shop: Path, words: tuple[Any, ...], said: str
) -> None:
    word, device, *rest = words
    assert said in emu("desk", "token", word, shop, "--device-id", device, *rest).complains()
    assert shop.read_text() == LEDGER


@pytest.mark.slow("hashes 65,535 times")
def test_nothing_is_sold_after_the_last_count_or_the_last_instalment(emu: Any, shop: Path) -> None:
    assert emu("desk", "token", "sell", shop, "--device-id", NEARLY, "--days", 1, *AT).code == 0
    again = emu("desk", "token", "sell", shop, "--device-id", NEARLY, "--days", 1)
    assert "has had count 65534, and 65535 is the last there is" in again.complains()
    assert "count 65535" in emu("desk", "token", "disable", shop, "--device-id", NEARLY).out
    assert (
        "unlocked for good"
        in emu("desk", "token", "disable", shop, "--device-id", NEARLY).complains()
    )


@pytest.mark.parametrize(
    ("ledger", "said"),
    [
        (LEDGER.replace("openpaygo", "electricity-legal-time"), "takes no tokens"),
        (LEDGER.replace(str(NEARLY), str(DEVICE)), f"two have the id {DEVICE}"),
        (LEDGER + LINE + "add = 1\ncount = 4\n",
         "token 1: has count 4, expected 2: a line before it is missing or changed"),
        (LEDGER + LINE + "count = 2\n",
         "expected one of add, set, unlock = true"),
        (LEDGER + "[[tokens]]\n", "tokens"),
    ],
)  # fmt: skip
def test_a_ledger_that_contradicts_itself_sells_nothing(
    emu: Any, shop: Path, ledger: str, said: str
) -> None:
    shop.write_text(ledger)
    assert (
        said in emu("desk", "token", "sell", shop, "--device-id", DEVICE, "--days", 1).complains()
    )
    assert shop.read_text() == ledger


@pytest.mark.slow("waits for the other")
def test_two_who_sell_at_once_never_sell_the_same_count(emu: Any, shop: Path) -> None:
    with HeldFile(str(shop), "an office's ledger"):
        said = emu("desk", "token", "sell", shop, "--device-id", DEVICE, "--days", 1).complains()
    assert "is in use by" in said
    assert shop.read_text() == LEDGER


def test_the_page_sells_what_the_program_sells(emu: Any, shop: Path) -> None:
    text = page("docs/token-meters.md").partition("## The office sells")[2]
    shop.write_text(blocks(text, "toml")[0])
    commands = blocks(text, "sh")[0].splitlines()
    said = "".join(emu(*command.split()[1:]).out for command in commands[:3])
    assert said == blocks(text, "text")[0]
    assert emu(*commands[3].split()[1:]).out.startswith("shop.toml: 3 sales\n")


HEAD = "shop.toml.head"


def sold(emu: Any, shop: object, *days: int) -> Any:
    for one in days:
        done = emu("desk", "token", "sell", shop, "--device-id", DEVICE, "--days", one, *AT)
    return done


def test_a_copy_from_before_a_sale_sells_nothing_and_the_newest_one_does(emu, shop):
    sold(emu, shop, 7)
    before = shop.read_text()
    sold(emu, shop, 2, 3)
    newest = shop.read_text()
    for older, lost in ((before, 2), (LEDGER, 3), (newest[: newest.rindex("\n[[token]]")], 1)):
        shop.write_text(older)
        said = sold(emu, shop, 7).complains()
        assert f"lacks the last {lost} of 3 sales that {shop.resolve()}.head has" in said
        assert shop.read_text() == older
    shop.write_text(newest)
    assert "count 8" in sold(emu, shop, 1).out


def test_a_copy_that_sold_something_else_since_is_not_taken_for_the_other(emu, shop):
    sold(emu, shop, 7)
    head = Path(HEAD).read_text()
    shop.write_text(shop.read_text().replace("add = 7", "add = 70"))
    assert "its sales are others" in sold(emu, shop, 1).complains()
    for text in ("", "1", f"01 {head[2:]}", f"-1 {head[2:]}", "9" * 5_000, "\0\xff"):
        Path(HEAD).write_text(text, "latin-1")
        sold(emu, shop, 1).complains()


def test_a_ledger_that_comes_without_its_head_says_what_to_write_there(emu, shop):
    sold(emu, shop, 7, 2)
    head = Path(HEAD).read_text()
    Path(HEAD).unlink()
    said = sold(emu, shop, 1).complains()
    assert f"write there '{head.strip()}'" in said
    Path(HEAD).write_text(head.strip())
    assert sold(emu, shop, 1).code == 0
    assert Path(HEAD).read_text().startswith("3 ")


def test_what_was_sold_as_the_head_could_not_be_written_is_shown_and_sells_on(emu, shop):
    sold(emu, shop, 7)
    head = Path(HEAD).read_text()
    Path(HEAD).unlink()
    Path(HEAD).mkdir()
    assert "cannot be read: Is a directory" in sold(emu, shop, 2).complains()
    Path(HEAD).rmdir()
    Path(HEAD).write_text(head)  # killed between the two files: the head is one behind
    sold(emu, shop, 2)
    Path(HEAD).write_text(head)
    assert "count 6" in sold(emu, shop, 3).out
    assert Path(HEAD).read_text().startswith("3 ")


def test_a_link_to_a_ledger_has_the_head_of_the_ledger(emu, shop):
    Path("link.toml").symlink_to(shop)
    sold(emu, "link.toml", 7)
    assert sorted(path.name for path in Path().iterdir()) == ["link.toml", "shop.toml", HEAD]

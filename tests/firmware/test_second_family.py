"""A second card family is handed to the program as a dialogue, and nothing else is edited."""

import ast
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from card_protocol.card.make import card_of
from card_protocol.timestamp import Civil
from meter_emu.desk.bench_key import BENCH_MASTER_KEY
from meter_emu.desk.clock.clock_card import issue_clock_card
from meter_emu.desk.desk import Work
from meter_emu.domain import Result
from meter_emu.firmware.dialogues.base import MakeDialogue
from meter_emu.firmware.program import DIALOGUES, Program
from tests.firmware import second_family
from tests.firmware.meters import METER_ID, PARTS, START, Home, counted, seconds_2000
from tests.firmware.second_family import (
    NO_HOUR,
    PURCHASE,
    RETURN,
    SFI_RETURN,
    Purchase,
    PurchaseDialogue,
    card_image,
)

BOTH = (*DIALOGUES, PurchaseDialogue)
PAID = Purchase(
    magic=PURCHASE.magic,
    meter_number=METER_ID,
    key_card=1,
    purchase_number=1,
    paid_cents=2_500,
    instruction=1,
    cut_hour=bytes.fromhex("20070323"),
    cents_per_mwh=25_000,
    spare=bytes(32),
)


def home_of(dialogues: Sequence[MakeDialogue] = BOTH) -> Home:
    return Home(program=lambda ports: Program(ports, PARTS, dialogues))


def put_in(home: Home, purchase: Purchase) -> str:
    home.card = card_of(card_image(BENCH_MASTER_KEY, purchase), counted())
    return home.insert()


def test_the_card_of_a_second_family_is_obeyed_and_told() -> None:
    home = home_of()
    before = home.state
    assert put_in(home, PAID).endswith("CARD 01 EXECUTED")
    state = home.state
    assert state.balance_ueur == before.balance_ueur + 25_000_000
    assert (state.accepted_cents, state.accepted_count) == (2_500, 1)
    assert (state.order_number, state.price_ueur_per_wh) == (1, 250)
    assert PARTS.ends.understood(state.cut_end) == Civil(2020, 7, 3, 23, 0)
    told = RETURN.parse(home.card.image.contents[SFI_RETURN - 1])  # type: ignore[union-attr]
    assert (told.result, told.left_cents) == (Result.EXECUTED, 7_500)


def test_its_cut_is_the_meters_cut() -> None:
    home = home_of()
    put_in(home, PAID)
    home.run(3 * 86_400)
    assert not home.board.switch.on


@pytest.mark.parametrize(
    ("change", "result"),
    [
        ({"meter_number": METER_ID + 1}, Result.WRONG_METER),
        ({"paid_cents": 1_000_000}, Result.LOAD_TOO_LARGE),
        ({"cut_hour": bytes.fromhex("20023023")}, Result.BAD_DATE),
        ({"cut_hour": NO_HOUR, "instruction": 0}, Result.EXECUTED),
    ],
)
def test_it_is_refused_in_the_same_words(change: dict[str, int | bytes], result: Result) -> None:
    shown = put_in(home_of(), replace(PAID, **change))  # type: ignore[arg-type]
    assert shown.endswith(f"CARD {result:02X} {result.name}")


def test_without_its_dialogue_the_card_is_of_no_known_format() -> None:
    """The check can fail: DF01 alone does not make it a budget card, nor anything else."""
    home = home_of(DIALOGUES)
    assert put_in(home, PAID).endswith("CARD 13 BAD_FORMAT")
    assert home.state.accepted_cents == 0


@pytest.mark.parametrize("dialogues", [BOTH, BOTH[::-1]])
def test_each_card_finds_its_own_dialogue_whichever_is_asked_first(
    dialogues: Sequence[MakeDialogue],
) -> None:
    home = home_of(dialogues)
    home.write(Work(load_cents=1_000))
    assert home.insert().endswith("CARD 01 EXECUTED")
    assert home.state.accepted_cents == 1_000
    clock = issue_clock_card(
        BENCH_MASTER_KEY, METER_ID, set_to_s=seconds_2000(START) + 60, set_error_s=1
    )
    home.card = card_of(clock, counted())
    assert home.insert().endswith("CARD 01 EXECUTED")
    more = replace(PAID, paid_cents=3_500, purchase_number=2)
    assert put_in(home, more).endswith("CARD 01 EXECUTED")
    assert home.state.accepted_cents == 3_500


def test_the_family_forges_no_record_of_another() -> None:
    assert second_family.__file__ is not None
    tree = ast.parse(Path(second_family.__file__).read_text("utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not [name for name in imported if name and name.startswith("card_protocol.formats")]
    assert "meter_emu.domain" in imported

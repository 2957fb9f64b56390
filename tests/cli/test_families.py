"""A third family of cards is one more row: obeyed, explained, compared, offered to the fuzzer."""

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from card_protocol.card.image import CardImage
from card_protocol.card.virtual import card_of
from card_protocol.formats.differences import record_differences
from card_protocol.timestamp import Civil
from meter_emu import families
from meter_emu.desk.clock.clock_card import issue_clock_card
from meter_emu.desk.desk import Work
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.domain import Result
from meter_emu.fuzz.targets.records import record_target
from tests import toy_family
from tests.cli.outcome import checked
from tests.firmware.meters import METER_ID, PARTS, START, Rig, seconds_2000
from tests.rigs import counted
from tests.toy_family import PURCHASE, RETURN, TOY, Purchase, issue

OURS = families.FAMILIES
PAID = Purchase(
    magic=PURCHASE.magic,
    meter_number=METER_ID,
    number=1,
    paid_cents=2_500,
    cut_hour=bytes.fromhex("20070323"),
)


@pytest.fixture
def toy(monkeypatch):
    """The row, added to the table: nothing else is touched."""
    monkeypatch.setattr(families, "FAMILIES", (*OURS, TOY))


def put_in(rig: Rig, purchase: Purchase) -> str:
    rig.card = card_of(issue(TEST_MASTER_KEY, purchase), counted())
    return rig.insert()


def written_back(rig: Rig) -> toy_family.Return:
    image = rig.card.image
    assert isinstance(image, CardImage)
    return RETURN.parse(image.contents[1])


def test_its_card_is_obeyed_and_told(toy):
    rig = Rig()
    before = rig.state
    assert put_in(rig, PAID).endswith("CARD 01 EXECUTED")
    state = rig.state
    assert state.balance_ueur == before.balance_ueur + 25_000_000
    assert (state.accepted_cents, state.accepted_count) == (2_500, 1)
    assert (state.order_number, state.price_ueur_per_wh) == (1, 250)
    assert PARTS.ends.understood(state.cut_end) == Civil(2020, 7, 3, 23, 0)
    given = written_back(rig)
    assert (given.result, given.left_cents) == (Result.EXECUTED, 7_500)
    rig.run(3 * 86_400)
    assert not rig.board.switch.on


@pytest.mark.parametrize(
    ("change", "result"),
    [
        ({"meter_number": METER_ID + 1}, Result.WRONG_METER),
        ({"paid_cents": 1_000_000}, Result.LOAD_TOO_LARGE),
        ({"cut_hour": bytes.fromhex("20023023")}, Result.BAD_DATE),
        ({"cut_hour": b"\xff" * 4, "number": 9}, Result.EXECUTED),
    ],
)
def test_it_is_refused_in_the_same_words(toy, change, result):
    shown = put_in(Rig(), replace(PAID, **change))
    assert shown.endswith(f"CARD {result:02X} {result.name}")


def test_without_its_row_the_card_is_of_no_family_at_all(emu, tmp_path):
    """The tests can fail: DF01 alone does not make it a budget card, nor anything else."""
    rig, path = Rig(), tmp_path / "toy.card"
    assert put_in(rig, PAID).endswith("CARD 10 CARD_UNREADABLE")
    assert rig.state.accepted_cents == 0
    path.write_bytes(issue(TEST_MASTER_KEY, PAID).to_bytes())
    said = emu("card", "show", path).complains()
    assert "no budget card, no clock card: it has not the files of one" in said


@pytest.mark.parametrize("table", [(*OURS, TOY), (TOY, *OURS[::-1])])
def test_each_card_finds_its_own_family_whichever_is_asked_first(monkeypatch, table):
    monkeypatch.setattr(families, "FAMILIES", table)
    rig = Rig()
    rig.write(Work(load_cents=1_000))
    assert rig.insert().endswith("CARD 01 EXECUTED")
    assert rig.state.accepted_cents == 1_000
    clock = issue_clock_card(
        TEST_MASTER_KEY, METER_ID, set_to_s=seconds_2000(START) + 60, set_error_s=1
    )
    budget, rig.card = rig.card, card_of(clock, counted())
    assert rig.insert().endswith("CARD 01 EXECUTED")
    assert put_in(rig, replace(PAID, paid_cents=3_500, number=2)).endswith("CARD 01 EXECUTED")
    assert rig.state.accepted_cents == 3_500
    names = [
        [view.name for view in families.explain_card_records(image, TEST_MASTER_KEY) or ()]
        for image in (budget.image, clock, rig.card.image)
    ]
    assert [one[0] for one in names] == ["identity", "clock order", "purchase"]


def test_it_is_explained_and_compared(toy, emu, tmp_path):
    rig, before, after = Rig(), tmp_path / "before.card", tmp_path / "after.card"
    before.write_bytes(issue(TEST_MASTER_KEY, PAID).to_bytes())
    assert put_in(rig, PAID).endswith("EXECUTED")
    after.write_bytes(rig.card.image.to_bytes())
    said = emu("card", "show", after).out
    assert "purchase: file 1, 22 bytes, MAC ok" in said
    assert "paid_cents          2500 cent" in said
    given = checked(emu("card", "show", after, "--json", "-").out)
    sizes = [one["size_bytes"] for one in (*given["records"], *given["around"])]
    assert sum(sizes) == after.stat().st_size
    found = checked(emu("card", "diff", before, after, "--json", "-").out)["differences"]
    assert [one["field"] for one in found if one["part"] == "return"] == [
        "magic", "result", "left_cents",
    ]  # fmt: skip


def test_a_trace_that_is_replayed_names_its_fields(toy):
    then, now = (PURCHASE.build(replace(PAID, number=number)) for number in (1, 2))
    assert record_differences(then, now, families.card_layouts()) == (
        "purchase: number 2 instead of 1",
    )


def test_its_records_are_fuzz_targets(toy):
    offered = {target.id: target for target in map(record_target, families.card_layouts())}
    assert {"record-purchase", "record-return", "record-clock-order"} <= set(offered)
    target = offered["record-purchase"]
    assert [slot.at for slot in target.slots(b"")] == [field.offset for field in PURCHASE.fields]
    for data in (*target.seeds(), b"", PURCHASE.build(PAID)):
        target.check(data, "reference")


def test_the_family_forges_no_record_of_another():
    tree = ast.parse(Path(toy_family.__file__).read_text("utf-8"))
    imported = [
        f"{node.module}.{alias.name}" if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom | ast.Import)
        for alias in node.names
    ]
    assert not [name for name in imported if name.startswith("card_protocol.formats")]
    assert "meter_emu.domain.Contents" in imported

"""docs/iso7816.md states the procedure bytes, the cases, the costs and the example as they are."""

import re
from typing import Any

import pytest

from card_protocol import t0
from card_protocol.card.image import CardKind
from card_protocol.card.virtual import card_of
from card_protocol.errors import LinkError
from card_protocol.link.t0 import CardOverT0
from card_protocol.t0 import ProcedureStep, procedure_step
from card_protocol.terminal import Terminal
from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Work
from meter_emu.world.meter.board import CARD_BYTE_US
from tests.card_protocol.cards import budget_image
from tests.cards import file_card
from tests.cells import each_cell
from tests.docs.pages import blocks, page, table
from tests.firmware.meters import Rig
from tests.rigs import counted

PAGE = page("docs/iso7816.md")


def test_the_procedure_bytes_are_the_ones_obeyed():
    rows = [row[0] for row in table(PAGE, "procedure byte", "the interface device")]
    assert rows == ["INS", "INS complemented", "60 (NULL)", "61 to 6F, 90 to 9F", "any other"]
    shown = dict.fromkeys(range(256), "any other")
    shown |= {0xA4: "INS", 0x5B: "INS complemented", 0x60: "60 (NULL)"}
    shown |= dict.fromkeys((*range(0x61, 0x70), *range(0x90, 0xA0)), "61 to 6F, 90 to 9F")
    done = dict(
        zip(
            (
                ProcedureStep.ALL,
                ProcedureStep.ONE,
                ProcedureStep.WAIT,
                ProcedureStep.END,
                ProcedureStep.UNKNOWN,
            ),
            rows,
            strict=True,
        )
    )
    assert {byte: done[procedure_step(0xA4, byte)] for byte in range(256)} == shown


@each_cell(
    ("words", "value"),
    [
        (r"A character is (\d+) etu", t0.CHARACTER_ETU),
        (r"and (\d+) etu lie between two", t0.TURN_ETU),
        (r"given up after ([\d,]+) etu", t0.WAITING_ETU),
        (r"at most (\d+) in a row", t0.NULLS_MAX),
    ],
)
def test_each_number_is_the_one_used(words, value):
    found = re.search(words, PAGE)
    assert found is not None
    assert int(found[1].replace(",", "")) == value


def test_the_example_counts_and_pulls():
    names: dict[str, Any] = {}
    exec(blocks(PAGE, "python")[0], names)
    link, wire = names["contact"](budget_image())
    link.connect()
    terminal = Terminal(link.exchange)
    terminal.select(0xDF01)
    with pytest.raises(LinkError, match="pulled out"):
        terminal.read_binary(1, 48)
    assert wire.line.characters == 100


@pytest.mark.parametrize("kind", [CardKind.SECURE, CardKind.PLAIN])
def test_the_meter_is_charged_as_much_too_little_as_it_says(kind):
    rig = Rig(carrier=kind)
    shown = Civil(2020, 7, 3, 23, 1)
    rig.write(Work(load_cents=500, defer_until=shown, cut_at=shown))
    wire = CardOverT0(card_of(file_card(rig.card.image), counted(), t0=True))
    passed = []
    transmit = wire.transmit

    def counting(command: bytes) -> bytes:
        answer = transmit(command)
        passed.append(len(command) + len(answer))
        return answer

    wire.transmit = counting  # type: ignore[method-assign]
    rig.bench.insert(wire)
    assert rig.board.panel.text.endswith("EXECUTED")
    charged_s = sum(passed) * CARD_BYTE_US / 1_000_000
    taken_s = wire.line.etu / 9_600
    known = "a secure card" if kind is CardKind.SECURE else "a plain one"
    words = rf"(\d+) %\s+on {known} \((\d\.\d+) s instead of (\d\.\d+) s\)"
    found = re.search(words, PAGE)
    assert found is not None
    assert found.groups() == (
        f"{(taken_s - charged_s) / taken_s * 100:.0f}",
        f"{charged_s:.3f}",
        f"{taken_s:.3f}",
    )

"""docs/hardware-in-the-loop.md: its commands, messages and APDUs are the program's."""

import re
import shlex

import click
import pytest

from card_protocol.errors import LinkErrorKind
from card_protocol.formats.budget import DF_OF
from card_protocol.formats.budget.making import plain_tree
from card_protocol.formats.container import TRANSPORT_PIN
from card_protocol.keys import PIN_REFERENCE
from card_protocol.link.guarded import FAILURES_MAX, FAILURES_MAX_PUT, OURS, PUT, READS
from card_protocol.link.pcsc import ANSWER_MS, CALL_MS, MEANINGS
from meter_emu.cli import app
from meter_emu.cli.relay import NOT_SENT
from meter_emu.energies import ENERGIES, Energy
from tests.cells import each_cell
from tests.docs.pages import blocks, page, table

PAGE = page("docs/hardware-in-the-loop.md")


def test_every_kind_of_failure_is_in_the_table() -> None:
    rows = table(PAGE, "begins with", "means", "do")
    assert {row[0] for row in rows} == {kind.value for kind in LinkErrorKind}


def test_the_list_of_what_is_sent_is_the_guards() -> None:
    always, for_put = (
        {
            (int(row[0].strip("`"), 16), int(ins, 16))
            for row in table(PAGE, "class", "instructions", "and in `card put` of a memory card")
            for ins in re.findall(r"\b[0-9A-F]{2}\b", row[column])
        }
        for column in (1, 2)
    )
    assert always == set(OURS)
    assert for_put == set(PUT) - set(OURS)
    assert (FAILURES_MAX, FAILURES_MAX_PUT) == (1, 2)


def test_what_a_relay_passes_on_is_what_reads() -> None:
    shown = {
        (int(row[0].strip("`"), 16), int(ins, 16))
        for row in table(PAGE, "class", "instructions that read")
        for ins in re.findall(r"\b[0-9A-F]{2}\b", row[1])
    }
    assert shown == set(READS)
    assert f"answered {NOT_SENT.hex()}," in PAGE


def test_the_time_limits_are_those_of_the_link() -> None:
    head = ("what", "`DirectLink`, in process", "`PcscLink`, a reader")
    rows = {row[0]: row[2] for row in table(PAGE, *head)}
    assert rows["silent"] == (
        f"let go after {ANSWER_MS // 1_000} s (`answer_ms`), {CALL_MS // 1_000} s for a reset"
    )


@pytest.mark.parametrize("energy", ENERGIES.values(), ids=list(ENERGIES))
def test_the_file_a_plain_card_must_have_is_ours(energy: Energy) -> None:
    (spec,) = plain_tree(DF_OF[energy.code]).specs
    needs = {row[0]: row[1] for row in table(PAGE, "card", "what it must have", "so")}
    said = needs["ISO/IEC 7816-4 card with files"]
    assert f"`{spec.fid:04X}` ({energy.name})" in said
    assert f"{spec.size_bytes} bytes" in said
    assert f"reference `{PIN_REFERENCE:02X}` and PIN `{TRANSPORT_PIN}`" in said


def test_the_page_names_the_messages_of_the_service() -> None:
    said = re.findall(r"\*The (PC/SC service .+?)\*", PAGE.replace("\n", " "))
    of_the_service = {meaning.words for meaning in MEANINGS.values() if "service" in meaning.words}
    assert {f"the {words}" for words in said} == of_the_service


LINES = [
    line
    for block in blocks(PAGE, "sh")
    for line in block.splitlines()
    if line.startswith("meter-emu ")
]


@each_cell("line", LINES)
def test_what_is_typed_is_understood(line: str) -> None:
    args = shlex.split(line, comments=True)[1:]
    command: click.Command = app.cli
    context = click.Context(command)
    while isinstance(command, click.Group):
        found = command.get_command(context, args.pop(0))
        assert found is not None, line
        command = found
    command.make_context("x", args)


def test_there_are_lines_to_type() -> None:
    assert len(LINES) >= 6

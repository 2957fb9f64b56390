"""docs/traces.md lists every row with its fields, and its example records and replays."""

import re
from pathlib import Path
from typing import Any, get_args

import msgspec

from card_protocol import trace
from card_protocol.card.virtual import SecureCard
from card_protocol.link.link import DirectLink, Link
from card_protocol.terminal import Terminal
from meter_emu.cli.live.origin import LiveOrigin
from meter_emu.cli.replayed import Rehearsal
from tests.card_protocol.cards import budget_image, counting_rng
from tests.docs.pages import blocks, page, table

PAGE = page("docs/traces.md")
COMMON = {"at", "us"}


def test_every_row_is_listed_with_its_fields():
    shown = {
        row[0]: {field.strip(" `") for field in row[1].split(",")} - {""}
        for row in table(PAGE, "row", "fields", "when")
    }
    kinds = (trace.Header, *get_args(trace.TraceRow))
    infos = [msgspec.inspect.type_info(kind) for kind in kinds]
    rows = {
        info.tag: {field.name for field in info.fields} - COMMON
        for info in infos
        if isinstance(info, msgspec.inspect.StructType)
    }
    assert shown == rows


def test_version_and_length_are_as_said():
    assert f"the version is {trace.TRACE_VERSION} |" in PAGE
    assert trace.LINE_SIZE_MAX == 1 << 20
    assert "at most 1 MiB" in PAGE


def test_the_example_records_and_plays(tmp_path: Path):
    names: dict[str, Any] = {}
    exec(blocks(PAGE, "python")[0], names)

    def terminal(link: Link) -> None:
        link.connect()
        Terminal(link.exchange).select(0xDF01)

    lines: list[bytes] = []
    card = SecureCard(budget_image(), counting_rng())
    terminal(names["recorded_card"](card, lines))
    again: list[bytes] = []
    terminal(names["recorded_link"](DirectLink(card), again))
    assert again == lines
    path = tmp_path / "bench.trace"
    path.write_bytes(b"".join(lines))
    assert names["first_difference"](path, terminal) is None


def test_every_origin_is_listed_with_what_it_says():
    rows = table(PAGE, "origin", "says", "the meter is")
    shown = {row[0]: set(re.findall(r"\w+", row[1])) for row in rows}
    asides = {"of", "its", "file", "or", "and", "a", "new"}
    assert shown["rehearsal"] - asides == fields(Rehearsal)
    assert shown["run"] - asides == fields(LiveOrigin)
    assert list(shown) == ["rehearsal", "run", "desk, `serve`, `relay`"]


def fields(origin: type[msgspec.Struct]) -> set[str]:
    """Return the names of an origin's fields; what the clock counts stands with the times."""
    return {field.name for field in msgspec.structs.fields(origin)} - {"clock"}

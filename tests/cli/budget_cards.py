"""Budget cards as the command line makes and shows them, and how one goes wrong."""

from pathlib import Path
from typing import Any

import pytest

from card_protocol.card.image import CardImage
from card_protocol.formats.budget import Sfi
from card_protocol.formats.budget.making import record_on, with_record
from tests.cli.outcome import checked

METER = 541_000_000_001
CARRIERS = pytest.mark.parametrize("carrier", ["secure", "plain"])


def shown(emu: Any, card: Path) -> dict[str, dict[str, Any]]:
    done = emu("card", "show", card, "--json", "-")
    assert done.code == 0, done.err
    records = checked(done.out)["records"]
    return {
        record["name"]: {
            field["field"]: field["note"] or field["value"] for field in record["fields"]
        }
        for record in records
    }


def break_mac(card: Path, sfi: Sfi) -> None:
    image = CardImage.from_bytes(card.read_bytes())
    raw = bytearray(record_on(image, sfi))
    raw[-1] ^= 1
    card.write_bytes(with_record(image, sfi, bytes(raw)).to_bytes())

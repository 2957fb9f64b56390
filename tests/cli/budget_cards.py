"""Budget cards as the command line makes and shows them, and how one goes wrong."""

from pathlib import Path
from typing import Any

import pytest

from card_protocol.card.image import CardImage
from card_protocol.formats import budget
from card_protocol.formats.budget import CardId, Sfi, seal
from card_protocol.formats.budget.making import record_on, with_record
from card_protocol.keys import Purpose, derive
from meter_emu.desk.published_key import TEST_MASTER_KEY
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


def write_back(card: Path) -> None:
    """Have the meter write on a card that it executed the last order."""
    image = CardImage.from_bytes(card.read_bytes())
    record = budget.WRITE_BACK.parse(
        b"BB\x01\x01" + METER.to_bytes(8, "big") + bytes(134) + budget.NO_MAC
    )
    raw = seal(
        budget.WRITE_BACK,
        record,
        derive(TEST_MASTER_KEY, Purpose.METER_RECORD, METER),
        CardId(METER, 1, image.kind),
    )
    card.write_bytes(with_record(image, Sfi.WRITE_BACK, raw).to_bytes())


def break_mac(card: Path, sfi: Sfi) -> None:
    image = CardImage.from_bytes(card.read_bytes())
    raw = bytearray(record_on(image, sfi))
    raw[-1] ^= 1
    card.write_bytes(with_record(image, sfi, bytes(raw)).to_bytes())

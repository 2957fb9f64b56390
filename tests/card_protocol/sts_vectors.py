"""The published STS tokens, each with the key and the fields that its source gives."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from card_protocol.tokens.sts.keys import (
    DecoderKey,
    KeyParameters,
    KeyType,
    TokenCipher,
    VendingKey,
)
from card_protocol.tokens.sts.meter_pan import parse_pan
from card_protocol.tokens.sts.tid import BaseDate

FILE = Path(__file__).parents[2] / "fixtures/vectors/sts-tokens.json"
PAN_A = "600727000000000009"
PAN_B = "000001000000000082"
VENDING_64 = VendingKey(bytes.fromhex("ABABABABABABABAB"))
VENDING_160 = VendingKey(bytes.fromhex("ABABABABABABABAB949494949494949401234567"))


@cache
def vectors() -> tuple[dict[str, Any], ...]:
    return tuple(json.loads(FILE.read_text())["vectors"])


@cache
def key_of(raw_hex: str) -> DecoderKey:
    return DecoderKey(bytes.fromhex(raw_hex))


def decoder_key(vector: dict[str, Any]) -> DecoderKey | None:
    raw = vector["key"].get("decoder_key")
    return None if raw is None else key_of(raw)


def parameters(key: dict[str, Any]) -> KeyParameters:
    return KeyParameters(
        pan=parse_pan(key["meter_pan"]),
        supply_group=key["supply_group_code"],
        tariff_index=int(key["tariff_index"]),
        revision=key["key_revision"],
        key_type=KeyType(key["key_type"]),
        base=BaseDate(key["base_year"]),
        cipher=TokenCipher[key["cipher"]],
    )

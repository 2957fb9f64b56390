"""Which layout each file of a budget card has, by the generation that its identity states."""

import struct
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from card_protocol.errors import LayoutError
from card_protocol.formats import budget
from card_protocol.formats.budget import (
    IDENTITY,
    NO_ZONE_RULE,
    WRITE_BACK,
    DeskRecord,
    IdentityRecord,
    Sfi,
    instants,
)
from card_protocol.formats.budget.instants import InstantDeskRecord
from card_protocol.keys import Key
from card_protocol.layout import Layout
from card_protocol.timestamp import MINUTES_NONE

AnyDeskRecord: TypeAlias = DeskRecord | InstantDeskRecord


class CardRecords(NamedTuple):
    """What a card carries from the desk to the meter, each record checked."""

    identity: IdentityRecord
    desk: AnyDeskRecord


DESK_RECORDS: Final[Mapping[int, Layout[Any]]] = MappingProxyType(
    {
        budget.GENERATION: budget.DESK,
        instants.GENERATION: instants.DESK,
    }
)


def layouts(generation: int) -> Mapping[Sfi, Layout[Any]]:
    """Return the layout of every file of a card of `generation` (a key of `DESK_RECORDS`)."""
    return {
        Sfi.IDENTITY: IDENTITY,
        Sfi.DESK: DESK_RECORDS[generation],
        Sfi.WRITE_BACK: WRITE_BACK,
    }


def parse_identity(raw: bytes) -> IdentityRecord:
    """Return the identity in `raw`, of a known generation; its MAC is not checked here.

    Raise `LayoutError` for a wrong size or magic, and for a generation nobody has defined.
    """
    identity = IDENTITY.parse(raw)
    if identity.generation not in DESK_RECORDS:
        wanted = " or ".join(str(generation) for generation in DESK_RECORDS)
        raise LayoutError(
            IDENTITY.name, offset=2, expected=f"generation {wanted}", got=str(identity.generation)
        )
    return identity


# Meter id, "order", number, flags, T1 in both forms, T2 likewise, zone rule, token; then the
# tariff: number, prices, factor.
_ORDER_TEXT: Final = struct.Struct(">Q5sIB5sI5sIB8sHIIH")


def order_mac(key: Key, meter_id: int, record: AnyDeskRecord) -> bytes:
    """Return eight bytes that name an order with its tariff, and no other, whatever it lies on.

    `key` is that of the desk's records. Card number, carrier, money and date of issue are not in
    it: a load, or a replacement card, leaves an order what it was.
    """
    defer_min, cut_min, zone_rule = MINUTES_NONE, MINUTES_NONE, NO_ZONE_RULE
    if isinstance(record, InstantDeskRecord):
        defer_min, cut_min, zone_rule = record.defer_min, record.cut_min, record.zone_rule
    text = _ORDER_TEXT.pack(
        meter_id, b"order", record.order_number, record.flags,
        record.defer_until, defer_min, record.cut_at, cut_min, zone_rule, record.token,
        record.tariff_number, record.price_ueur_per_wh, record.night_price_ueur_per_wh,
        record.mwh_per_unit,
    )  # fmt: skip
    return key.mac(text)

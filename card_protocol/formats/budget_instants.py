"""The budget card, generation 2: an order whose ends are instants, the announced time beside them.

Generation 1's civil time has no zone, so an hour that the change of clocks repeats cannot be told
apart, and a slip of the office in date or zone is obeyed as it stands. Here each end is carried
twice, as minutes since 2000-01-01 00:00 UTC and as the civil time that was announced under the
zone rule named, so that a meter can see the two disagree. All other records are generation 1's
(`budget`) with another generation byte. An invention like it: `docs/card-format.md`.
"""

from dataclasses import dataclass
from typing import Final

import construct as c

from card_protocol.keys import MAC_SIZE_BYTES
from card_protocol.layout import Layout
from card_protocol.timestamp import BCD_MINUTE_SIZE_BYTES

GENERATION: Final = 2


@dataclass(frozen=True, slots=True)
class InstantOrder:
    """The order record of generation 2: as `budget.Order`, each end with its instant.

    `defer_min` and `cut_min` are minutes since 2000-01-01 00:00 UTC or `MINUTES_NONE`; an end has
    both forms or neither. `zone_rule` is a `budget.ZoneRule`.
    """

    magic: bytes
    generation: int
    flags: int
    number: int
    defer_min: int
    defer_until: bytes
    cut_min: int
    cut_at: bytes
    zone_rule: int
    tariff_number: int
    issued_at_min: int
    token: bytes
    reserved: bytes
    mac: bytes


_U8, _U16, _U32 = c.Int8ub, c.Int16ub, c.Int32ub

ORDER: Final = Layout(
    "order of instants",
    c.Struct(
        "magic" / c.Bytes(2),
        "generation" / _U8,
        "flags" / _U8,
        "number" / _U32,
        "defer_min" / _U32,
        "defer_until" / c.Bytes(BCD_MINUTE_SIZE_BYTES),
        "cut_min" / _U32,
        "cut_at" / c.Bytes(BCD_MINUTE_SIZE_BYTES),
        "zone_rule" / _U8,
        "tariff_number" / _U16,
        "issued_at_min" / _U32,
        "token" / c.Bytes(8),
        "reserved" / c.Bytes(15),
        "mac" / c.Bytes(MAC_SIZE_BYTES),
    ),
    InstantOrder,
    magic=b"BO",
)
assert ORDER.size_bytes == 64, "layout drifted"

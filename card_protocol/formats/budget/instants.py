"""The budget card, generation 2: an order whose ends are instants, the announced time next to them.

Generation 1's civil time has no zone, so an hour that the change of clocks repeats is ambiguous,
and an office's mistake in date or zone is obeyed. Here each end is carried twice, as minutes since
2000-01-01 00:00 UTC and as the civil time that was announced under the zone rule named, so that a
meter can see the two disagree. All other records are generation 1's (`budget`) with another
generation byte. An invention like it: `docs/card-format.md`.
"""

from dataclasses import dataclass
from typing import Annotated, Final

import construct as c

from card_protocol.formats.budget import CivilField, MacField, MinuteField
from card_protocol.layout import U8, U16, U32, Layout, Magic

GENERATION: Final = 2


@dataclass(frozen=True, slots=True)
class InstantDeskRecord:
    """The desk record of generation 2: as `budget.DeskRecord`, each end with its instant.

    `defer_min` and `cut_min` are minutes since 2000-01-01 00:00 UTC or `MINUTES_NONE`; an end has
    both forms or neither. `zone_rule` is the code of the zone whose legal time was announced.
    """

    magic: Magic
    generation: U8
    flags: Annotated[U8, "bits"]
    loaded_cents: Annotated[U32, "cent"]
    load_count: Annotated[U32, "loads"]
    order_number: U32
    defer_min: MinuteField
    defer_until: CivilField
    cut_min: MinuteField
    cut_at: CivilField
    zone_rule: U8
    token: MacField
    tariff_number: U16
    price_ueur_per_wh: Annotated[U32, "micro-euro/Wh"]
    night_price_ueur_per_wh: Annotated[U32, "micro-euro/Wh"]
    mwh_per_unit: Annotated[U16, "mWh/unit"]
    issued_at_min: MinuteField
    seen_session: Annotated[U32, "sessions"]
    reserved: Annotated[bytes, c.Bytes(9)]
    mac: MacField


DESK: Final = Layout("desk record of instants", InstantDeskRecord, magic=b"BD")
assert DESK.size_bytes == 80, "layout drifted"

"""A key of an STS meter as it stands in a file, a campaign's or an office's."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from card_protocol.tokens.sts.tid import KEN_NEVER, BaseDate
from meter_emu.desk.vending import MeterKey
from meter_emu.resources import means


class RawMeterKey(Struct, forbid_unknown_fields=True, kw_only=True):
    """What a key of an STS meter is derived from."""

    base: Annotated[Literal[1993, 2014, 2035], means("the base date of its TIDs")]
    revision: Annotated[int, Meta(ge=1, le=9), means("key revision")]
    tariff_index: Annotated[int, Meta(ge=0, le=99), means("tariff index")] = 1
    key_type: Annotated[Literal["default", "unique", "common"], means("whose it is")] = "unique"
    ken: Annotated[int, Meta(ge=0, le=255), means("expiry number; 255 never")] = KEN_NEVER


def meter_key(raw_key: RawMeterKey | None) -> MeterKey | None:
    """Return the key that a file says."""
    if raw_key is None:
        return None
    return MeterKey(
        base=BaseDate(raw_key.base),
        revision=raw_key.revision,
        tariff_index=raw_key.tariff_index,
        key_type=raw_key.key_type,
        ken=raw_key.ken,
    )

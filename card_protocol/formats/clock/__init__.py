"""The technician's clock card: one record that sets the clock of one meter, once.

Ours, like the budget card. It is written at the meter, moments before it is put in, so the accuracy
of its time depends on the technician's tool and pace: `set_error_s` bounds the error. Its time is
also its number: a meter obeys a clock card only when it is newer than the last one.
"""

from dataclasses import dataclass
from typing import Annotated, Final

import construct as c

from card_protocol.errors import LayoutError, MacError
from card_protocol.keys import MAC_SIZE_BYTES, Key
from card_protocol.layout import U8, U16, U32, U64, Layout, Magic

DF_SERVICE: Final = 0xDF0E  # ours: next to the energies' DF01, DF02, DF03
SFI_CLOCK: Final = 1
CLOCK_GENERATION: Final = 1  # ours: the only one


@dataclass(frozen=True, slots=True)
class ClockOrder:
    """Set the clock to `set_to_s`, seconds since 2000-01-01 UTC, true to `set_error_s` seconds."""

    magic: Magic
    generation: U8
    pad: U8
    meter_id: U64
    set_to_s: Annotated[U32, "s since 2000 UTC"]
    set_error_s: Annotated[U16, "s"]
    reserved: Annotated[bytes, c.Bytes(6)]
    mac: Annotated[bytes, c.Bytes(MAC_SIZE_BYTES)]


CLOCK: Final = Layout("clock order", ClockOrder, magic=b"CC")
assert CLOCK.size_bytes == 32, "layout drifted"


def seal_clock_order(key: Key, *, meter_id: int, set_to_s: int, set_error_s: int) -> bytes:
    """Return the sealed record; the meter's number is in it, and under the MAC."""
    unsealed = ClockOrder(
        CLOCK.magic,
        CLOCK_GENERATION,
        0,
        meter_id,
        set_to_s,
        set_error_s,
        CLOCK.erased("reserved"),
        bytes(MAC_SIZE_BYTES),
    )
    body = CLOCK.build(unsealed)[:-MAC_SIZE_BYTES]
    return body + key.mac(body)


def open_clock_order(raw: bytes, key: Key) -> ClockOrder:
    """Return the record; raise `LayoutError` for a foreign one, `MacError` for a forged one."""
    order = CLOCK.parse(raw)
    if order.generation != CLOCK_GENERATION:
        raise LayoutError(
            CLOCK.name, offset=2, expected=str(CLOCK_GENERATION), got=str(order.generation)
        )
    if not key.verify(raw[:-MAC_SIZE_BYTES], order.mac):
        raise MacError("clock order: the MAC does not match this meter's key")
    return order

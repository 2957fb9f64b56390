"""The technician's clock card: one record that sets the clock of one meter, once.

Ours, like the budget card. It is written at the meter, moments before it is put in, so the time on
it is as good as the technician's tool and his pace: `set_error_s` says how good. Its time is also
its number: a meter obeys a clock card only when it is newer than the last one.
"""

from dataclasses import dataclass
from typing import Final

import construct as c

from card_protocol.errors import LayoutError, MacError
from card_protocol.formats.budget import GENERATION
from card_protocol.keys import MAC_SIZE_BYTES, Key
from card_protocol.layout import Layout

DF_SERVICE: Final = 0xDF0E  # ours: beside the energies' DF01, DF02, DF03
SFI_CLOCK: Final = 1
SET_ERROR_S_MAX: Final = 3600  # ours: a tool that is worse sets no clock


@dataclass(frozen=True, slots=True)
class ClockOrder:
    """Set the clock to `set_to_s`, seconds since 2000-01-01 UTC, true to `set_error_s` seconds."""

    magic: bytes
    generation: int
    pad: int
    meter_id: int
    set_to_s: int
    set_error_s: int
    reserved: bytes
    mac: bytes


CLOCK: Final = Layout(
    "clock order",
    c.Struct(
        "magic" / c.Bytes(2),
        "generation" / c.Int8ub,
        "pad" / c.Int8ub,
        "meter_id" / c.Int64ub,
        "set_to_s" / c.Int32ub,
        "set_error_s" / c.Int16ub,
        "reserved" / c.Bytes(6),
        "mac" / c.Bytes(MAC_SIZE_BYTES),
    ),
    ClockOrder,
    magic=b"CC",
)
assert CLOCK.size_bytes == 32, "layout drifted"


def seal_clock_order(key: Key, *, meter_id: int, set_to_s: int, set_error_s: int) -> bytes:
    """Return the sealed record; the meter's number is in it, and under the MAC."""
    unsealed = ClockOrder(
        CLOCK.magic,
        GENERATION,
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
    if order.generation != GENERATION:
        raise LayoutError(CLOCK.name, offset=2, want=str(GENERATION), got=str(order.generation))
    if not key.verify(raw[:-MAC_SIZE_BYTES], order.mac):
        raise MacError("clock order: the MAC does not match this meter's key")
    return order

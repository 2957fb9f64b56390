"""Where a pay-as-you-go device keeps what it must remember: its factory record, and its state.

`docs/token-meters.md` has the same for readers. Big-endian, no gaps, CRC-32 in the last four bytes
over all before it. All of it is ours: what fielded devices keep where is their makers' affair.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

import construct as c

from card_protocol.keys import KEY_SIZE_BYTES
from card_protocol.layout import U8, U16, U32, U64, Layout, Magic
from card_protocol.tokens.openpaygo.chain import STARTING_CODE_MAX
from meter_emu.firmware.layouts import Health, RtcBase
from meter_emu.firmware.token.kept_records import Records

_CENTURY_S: Final = 36_525 * 86_400
_HEALTHS: Final = frozenset(Health)


class PaygoFlags:
    """Bits of a device's state: masks over its integer."""

    OVER: Final = 0x01  # the paid time is over: no clock that is set back brings it again
    UNLOCKED: Final = 0x02  # a token has ended the payments: supplied for good


@dataclass(frozen=True, slots=True)
class PaygoFactory:
    """What the factory wrote: the device's secret, its divider, and the bounds of its clock."""

    magic: Magic
    version: U8
    time_divider: Annotated[U8, "parts of a day"]
    device_id: U64
    drift_bound_ppb: Annotated[U32, "ppb"]
    outage_max_days: Annotated[U16, "d"]
    restricted: Annotated[U8, "1: keys 1 to 4"]
    starting_code: U32
    key: Annotated[bytes, c.Bytes(KEY_SIZE_BYTES)]
    reserved: Annotated[bytes, c.Bytes(21)]
    crc: U32

    # A clock that only durations are read from: its setting never gets too old.
    rtc_base: ClassVar[int] = RtcBase.UTC
    trust_max_days: ClassVar[int] = 0xFFFF

    def __repr__(self) -> str:
        return f"PaygoFactory(device_id={self.device_id}, key=***)"


@dataclass(slots=True)
class PaygoState:
    """The working copy of everything that changes. Saved whole or not at all."""

    magic: Magic
    version: U8
    flags: Annotated[U8, "bits"]
    sequence: U32
    last_time_s: Annotated[U32, "s since 2000"]
    last_ticks_ms: Annotated[U32, "ms"]
    paid_until_s: Annotated[U32, "s since 2000"]
    last_count: U16
    used: Annotated[U32, "bit n: n below the last count"]
    health: U8
    lost_starts: U8
    crc: U32

    # Durations by one clock: what it was set to, and how wrongly, is nobody's affair.
    set_error_s: ClassVar[int] = 0

    @property
    def clock_set_s(self) -> int:
        """Since when the clock counts what is counted: since the journal's last entry."""
        return self.last_time_s


def _possible_factory(factory: PaygoFactory) -> bool:
    """Whether a factory can have written a record."""
    return (
        factory.time_divider > 0
        and factory.device_id > 0
        and factory.restricted <= 1
        and factory.starting_code <= STARTING_CODE_MAX
        and factory.drift_bound_ppb <= 1_000_000
    )


def _possible_state(state: PaygoState) -> bool:
    """Whether the program can have written a record."""
    return state.health in _HEALTHS and state.last_time_s < _CENTURY_S


PAYGO: Final = Records(
    version=1,
    factory=Layout("device record", PaygoFactory, magic=b"TF"),
    factory_at=0x0000,
    possible_factory=_possible_factory,
    state=Layout("paid record", PaygoState, magic=b"TS"),
    state_at=(0x0040, 0x0080),  # two copies, a page each
    possible_state=_possible_state,
)
assert PAYGO.factory.size_bytes == 64, "device record drifted"
assert PAYGO.state.size_bytes <= 64, "paid record drifted"

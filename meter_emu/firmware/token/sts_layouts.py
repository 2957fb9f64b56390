"""Where an STS meter keeps what it must remember: its factory record, and its state.

`docs/token-meters.md` has the same for readers. Big-endian, no gaps, CRC-32 in the last four bytes
over all before it. All of it is ours: what fielded meters keep where is their makers' affair.
"""

from dataclasses import dataclass
from typing import Annotated, Final

import construct as c

from card_protocol.layout import U8, U16, U32, U64, Layout, Magic
from card_protocol.tokens.sts.keys import KeyType, TokenCipher
from card_protocol.tokens.sts.tid import TID_MAX
from meter_emu.firmware.token.kept_records import Records

TIDS: Final = 50  # docs/sts.md: the depth that is known; the standard's own number was not read
TID_SIZE_BYTES: Final = 3
SECTION_SIZE_BYTES: Final = 6  # 12 bits of fields in two bytes, four of the key
SECTIONS: Final = 4
LONG_KEY_BYTES: Final = 16
DITK: Final = 0  # the key type of a factory, which no token brings
_KEY_TYPES: Final = frozenset({DITK, *KeyType})


@dataclass(frozen=True, slots=True)
class StsFactory:
    """What the factory wrote: the numbers that makers choose."""

    magic: Magic
    version: U8
    cipher: Annotated[U8, "7: EA07, 11: EA11"]
    meter_id: U64
    maker: Annotated[U16, "code of the manufacturer"]
    half_s: Annotated[U16, "s"]
    tries: Annotated[U8, "wrong entries"]
    lock_first_s: Annotated[U16, "s"]
    lock_most_s: Annotated[U16, "s"]
    credit_most_wh: Annotated[U32, "Wh"]
    checks_ken: Annotated[U8, "1: keys expire"]
    reserved: Annotated[bytes, c.Bytes(34)]
    crc: U32

    @property
    def long_key(self) -> bool:
        """Whether its keys are of 16 bytes, and come in four sections."""
        return self.cipher == int(TokenCipher.EA11.value)


@dataclass(slots=True)
class StsState:
    """The working copy of everything that changes. Saved whole or not at all.

    The credit is `limit_units` minus the register: supply ends when the register gets there. So
    nothing is saved while energy is used. Of a key of 8 bytes the rest is zeros.
    """

    magic: Magic
    version: U8
    key_type: U8
    sequence: U32
    limit_units: Annotated[U32, "Wh of the register"]
    revision: U8
    tariff_index: U8
    ken: U8
    tries: Annotated[U8, "wrong entries, one after the other"]
    locked: Annotated[U8, "1: no entry is read"]
    waiting: Annotated[U8, "bit n: section n + 1 of a new key"]
    since_ms: Annotated[U32, "ms, of the lock"]
    waiting_ms: Annotated[U32, "ms, of the sections"]
    supply_group: U32
    power_limit_w: Annotated[U32, "W"]
    key: Annotated[bytes, c.Bytes(LONG_KEY_BYTES)]
    sections: Annotated[bytes, c.Bytes(SECTIONS * SECTION_SIZE_BYTES)]
    tids: Annotated[bytes, c.Bytes(TIDS * TID_SIZE_BYTES)]
    crc: U32


def tids_in(raw: bytes) -> tuple[int, ...]:
    """Return the TIDs in a state's bytes, in their order there."""
    return tuple(
        int.from_bytes(raw[at : at + TID_SIZE_BYTES], "big")
        for at in range(0, len(raw), TID_SIZE_BYTES)
    )


def tid_bytes(tids: tuple[int, ...]) -> bytes:
    """Return the bytes of TIDs."""
    assert len(tids) == TIDS, "so many are kept"
    assert all(0 <= tid <= TID_MAX for tid in tids), "a TID has 24 bits"
    return b"".join(tid.to_bytes(TID_SIZE_BYTES, "big") for tid in tids)


def _possible_factory(factory: StsFactory) -> bool:
    """Whether a factory can have written a record."""
    ciphers = {int(cipher.value) for cipher in TokenCipher}
    times = factory.half_s > 0 and 0 < factory.lock_first_s <= factory.lock_most_s
    return factory.cipher in ciphers and times and factory.tries > 0 and factory.checks_ken <= 1


def _possible_state(state: StsState) -> bool:
    """Whether the program can have written a record."""
    flags = state.locked <= 1 and state.waiting < 1 << SECTIONS
    return state.key_type in _KEY_TYPES and flags


STS: Final = Records(
    version=1,
    factory=Layout("meter record", StsFactory, magic=b"SF"),
    factory_at=0x0000,
    possible_factory=_possible_factory,
    state=Layout("credit record", StsState, magic=b"SS"),
    state_at=(0x0100, 0x0200),  # two copies, page-aligned
    possible_state=_possible_state,
)
assert STS.factory.size_bytes == 64, "meter record drifted"
assert STS.state.size_bytes <= 256, "credit record drifted"

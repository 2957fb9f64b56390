"""What an STS token says, class by class: records between the 48 upper bits of a block and people.

Each record packs itself into those bits and is unpacked from them; what the public sources leave
open (currency credit, extended and proprietary tokens) is refused by name.
"""

from collections.abc import Mapping
from enum import IntEnum, unique
from hmac import compare_digest
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias, final

from card_protocol.errors import TokenError
from card_protocol.tokens.secret import TokenSecret
from card_protocol.tokens.sts.amount import amount_of
from card_protocol.tokens.sts.tid import TID_MAX

REGISTER_ALL: Final = 0xFFFF
_REGISTER_MAX: Final = 7
_MAKER_BITS: Final[Mapping[int, int]] = MappingProxyType({0: 8, 1: 16})  # 2 or 4 digits
_PART_BYTES: Final = 4


@final
@unique
class CreditKind(IntEnum):
    """What is sold: subclasses of class 0.

    `ELECTRICITY` is counted in tenths of a kWh, `WATER` and `GAS` in tenths of a cubic metre,
    `TIME` in tenths of a minute.
    """

    ELECTRICITY = 0
    WATER = 1
    GAS = 2
    TIME = 3


@final
@unique
class SettingKind(IntEnum):
    """What is set or cleared in the meter: subclasses of class 2 that carry a TID."""

    POWER_LIMIT = 0  # watts, as an amount code
    CLEAR_CREDIT = 1  # of a register
    TARIFF_RATE = 2
    CLEAR_TAMPER = 5
    PHASE_UNBALANCE = 6  # watts, as an amount code
    WATER_FACTOR = 7


_AMOUNTS: Final = frozenset({SettingKind.POWER_LIMIT, SettingKind.PHASE_UNBALANCE})
_SECTIONS: Final[Mapping[int, int]] = MappingProxyType({3: 1, 4: 2, 8: 3, 9: 4})
_SUBCLASS_OF: Final[Mapping[int, int]] = MappingProxyType({n: s for s, n in _SECTIONS.items()})


class StsCredit(NamedTuple):
    """Class 0: an amount of energy, water or time. `code` is its amount code, 16 bits.

    `kind` is what is sold, `rnd` four random bits, `tid` the minutes from the base date to the
    issue, 24 bits.
    """

    kind: CreditKind
    rnd: int
    tid: int
    code: int

    @property
    def amount(self) -> int:
        """The amount in tenths."""
        return amount_of(self.code)


class StsSetting(NamedTuple):
    """Class 2 with a TID: a limit, a rate, a factor, or something to clear, in 16 bits."""

    kind: SettingKind
    rnd: int
    tid: int
    value: int

    @property
    def amount(self) -> int | None:
        """The limit in watts; `None` for a kind that is no limit."""
        return amount_of(self.value) if self.kind in _AMOUNTS else None


class StsMeterTest(NamedTuple):
    """Class 1: tests and displays to start, one a bit of `control`, for a maker or (0) for all."""

    subclass: int
    control: int
    maker: int


@final
class KeyPart(TokenSecret):
    """Four bytes of a new decoder key."""

    __slots__ = ()

    def __init__(self, raw: bytes) -> None:
        super().__init__(raw, (_PART_BYTES,))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeyPart) and compare_digest(self.raw, other.raw)

    def __hash__(self) -> int:
        return hash(self.raw)


class StsKeySection(NamedTuple):
    """Class 2, a key-change token: its number 1 to 4, 12 bits of fields, a part of the key."""

    number: int
    head: int
    part: KeyPart


StsRecord: TypeAlias = StsCredit | StsSetting | StsMeterTest | StsKeySection


def class_of(record: StsRecord) -> int:
    """Return the class of a record."""
    return {StsCredit: 0, StsMeterTest: 1}.get(type(record), 2)


def unpack(token_class: int, upper: int) -> StsRecord:
    """Return the record in the upper 48 bits of a clear block.

    Raise `TokenError` for a class, subclass or value without a published meaning.
    """
    subclass = upper >> 44
    if token_class == 0:
        if subclass in CREDIT_KINDS:
            kind, (rnd, tid, value) = CREDIT_KINDS[subclass], _three(upper)
            return StsCredit(kind, rnd, tid, value)
        currency = 4 <= subclass < 8
        why = "is currency credit, whose layout is not public" if currency else "is reserved"
        raise TokenError("subclass", f"{subclass} of class 0 {why}")
    if token_class == 1:
        if subclass not in _MAKER_BITS:
            raise TokenError("subclass", f"{subclass} of class 1 is reserved or a maker's own")
        bits = _MAKER_BITS[subclass]
        payload = upper & (1 << 44) - 1
        return StsMeterTest(subclass, payload >> bits, payload & (1 << bits) - 1)
    if token_class == 2:
        return _unpack_class_2(subclass, upper)
    raise TokenError("class", "3 is reserved")


def _unpack_class_2(subclass: int, upper: int) -> StsRecord:
    if subclass in _SECTIONS:
        part = KeyPart((upper & 0xFFFF_FFFF).to_bytes(_PART_BYTES, "big"))
        return StsKeySection(_SECTIONS[subclass], upper >> 32 & 0xFFF, part)
    if subclass not in SETTING_KINDS:
        raise TokenError("subclass", f"{subclass} of class 2 is extended or a maker's own")
    setting = StsSetting(SETTING_KINDS[subclass], *_three(upper))
    _check_setting(setting)
    return setting


def pack(record: StsRecord) -> int:
    """Return the upper 48 bits of a record's clear block.

    Raise `TokenError` for a field that is outside its bits.
    """
    if isinstance(record, StsMeterTest):
        if record.subclass not in _MAKER_BITS:
            raise TokenError(
                "subclass", f"{record.subclass} of class 1 is reserved, expected 0 or 1"
            )
        bits = _MAKER_BITS[record.subclass]
        _in_range("control", record.control, (1 << 44 - bits) - 1)
        _in_range("manufacturer", record.maker, (1 << bits) - 1)
        return record.subclass << 44 | record.control << bits | record.maker
    if isinstance(record, StsKeySection):
        _in_range("fields of a key section", record.head, 0xFFF)
        head = _SUBCLASS_OF[record.number] << 12 | record.head
        return head << 32 | int.from_bytes(record.part.raw, "big")
    kind, rnd, tid, value = record
    _in_range("random number", rnd, 15)
    _in_range("TID", tid, TID_MAX)
    _in_range("value", value, 0xFFFF)
    if isinstance(record, StsSetting):
        _check_setting(record)
    return kind << 44 | rnd << 40 | tid << 16 | value


def _check_setting(setting: StsSetting) -> None:
    value = setting.value
    if setting.kind is SettingKind.CLEAR_CREDIT and _REGISTER_MAX < value < REGISTER_ALL:
        raise TokenError(
            "register", f"{value} is not 0 to {_REGISTER_MAX}, nor {REGISTER_ALL}: all"
        )
    if setting.kind is SettingKind.CLEAR_TAMPER and value:
        raise TokenError("padding", f"{value:04X} after a tamper token, expected 0000")


def _three(upper: int) -> tuple[int, int, int]:
    return upper >> 40 & 15, upper >> 16 & TID_MAX, upper & 0xFFFF


def _in_range(what: str, value: int, high: int) -> None:
    if not 0 <= value <= high:
        raise TokenError(what, f"{value} is outside 0 to {high}")


CREDIT_KINDS: Final[Mapping[int, CreditKind]] = MappingProxyType({k.value: k for k in CreditKind})
SETTING_KINDS: Final[Mapping[int, SettingKind]] = MappingProxyType(
    {k.value: k for k in SettingKind}
)

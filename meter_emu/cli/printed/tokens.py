"""What `sts` and `openpaygo` print as JSON."""

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, UnsetType, field

from meter_emu.cli.printed.base import IsoInstant, Printed, Shape
from meter_emu.resources import means

OutcomeName: TypeAlias = Literal["taken", "used", "invalid", "reserved"]
_Key: TypeAlias = Annotated[str, means("which key it is, in words")]
_StsToken: TypeAlias = Annotated[str, means("20 digits")]


class StsTokenShownJson(Shape):
    """An STS token; which fields it has depends on its class."""

    token: _StsToken
    kind: Annotated[str, means("in words")]
    token_class: Annotated[int, means("0 credit, 1 test or display, 2 management")] = field(
        name="class"
    )
    subclass: int | UnsetType = UNSET
    control: Annotated[int | UnsetType, means("the bits of a meter test")] = UNSET
    maker: Annotated[int | UnsetType, means("of a meter test; 0 is any")] = UNSET
    section: Annotated[int | UnsetType, means("of a key change, from 1")] = UNSET
    head: Annotated[str | UnsetType, means("of a key change section, three hex digits")] = UNSET
    key_part: Annotated[str | UnsetType | None, means("hex; null if not to be shown")] = UNSET
    random: int | UnsetType = UNSET
    tid: Annotated[int | UnsetType, means("minutes since the base date")] = UNSET
    value: Annotated[int | UnsetType, means("the field as it is coded")] = field(
        name="field", default=UNSET
    )
    amount: Annotated[int | UnsetType | None, means("tenths of the unit; watts")] = UNSET
    issued_by_base: Annotated[
        dict[str, str] | UnsetType, means("the date that the TID is under each base date")
    ] = UNSET


class KeyChangeJson(Shape):
    """What key-change tokens bring together, in words."""

    kind: str
    key_type: str
    key_revision: str
    tariff_index: str
    expiry: str
    rollover: str
    supply_group: Annotated[str | UnsetType, means("of a key of 16 bytes")] = UNSET
    key: Annotated[str | UnsetType, means("hex, if it is to be shown")] = UNSET


class StsDecodedJson(Printed, tag="sts-decode/1"):
    """What STS tokens say."""

    key: _Key
    tokens: tuple[StsTokenShownJson, ...]
    key_change: KeyChangeJson | None


class StsEncodedJson(Printed, tag="sts-encode/1"):
    """An STS token that was made."""

    token: _StsToken
    remark: str


class StsKeyJson(Printed, tag="sts-key/1"):
    """A decoder key that was derived."""

    cipher: str
    derivation: Annotated[str, means("how, in words")]
    key: Annotated[str | None, means("hex; null if it was written to a file")]


class StsKeyChangedJson(Printed, KeyChangeJson, kw_only=True, tag="sts-keychange/1"):
    """Tokens that bring a meter another key."""

    tokens: tuple[_StsToken, ...]


class PaygoTokenShownJson(Shape):
    """What a device answers to an OpenPAYGO token."""

    token: Annotated[str, means("9 or 12 digits")]
    outcome: OutcomeName
    kind: Annotated[str | None, means("null if no count gives the token")]
    value: int | None
    seconds: Annotated[int | None, means("of a token that adds or sets time")]
    count: int | None


class PaygoCounterShownJson(Shape):
    """A device's memory of tokens."""

    count: Annotated[int, means("the last one that it took")]
    used: Annotated[tuple[int, ...], means("older ones that it took")]


class PaygoDecodedJson(Printed, tag="openpaygo-decode/1"):
    """What a device answers to OpenPAYGO tokens, one after the other."""

    key: _Key
    tokens: tuple[PaygoTokenShownJson, ...]
    after: PaygoCounterShownJson


class HandedOutJson(Shape):
    """A token that an office sold; it has a count, a TID, or the number of its section."""

    token: Annotated[str, means("9, 12, 15 or 20 digits")]
    does: Annotated[str, means("in words")]
    device_id: int
    sold: Annotated[IsoInstant, means("when")]
    count: Annotated[int | UnsetType, means("of an OpenPAYGO token")] = UNSET
    tid: Annotated[int | UnsetType, means("of an STS token: minutes since the base date")] = UNSET
    section: Annotated[int | UnsetType, means("of a key change, from 1")] = UNSET


class DeskTokensJson(Printed, tag="desk-tokens/1"):
    """Tokens of a ledger: those of this sale, or all that were asked for."""

    ledger: Annotated[str, means("its file")]
    tokens: tuple[HandedOutJson, ...]


class PaygoEncodedJson(Printed, tag="openpaygo-encode/1"):
    """An OpenPAYGO token that was made."""

    token: Annotated[str, means("9 or 12 digits")]
    count: Annotated[int, means("to give as --count for the next one")]
    key: _Key

"""What `timestamp` prints as JSON."""

from typing import Annotated, Literal, TypeAlias

from msgspec import field

from card_protocol.timestamp.encoding import Basis, EndKind
from meter_emu.cli.printed.base import HexText, Printed, Shape
from meter_emu.resources import means

RankName: TypeAlias = Literal["likely", "possible", "unlikely", "partial", "special", "refused"]
_Codec: TypeAlias = Annotated[str, means("its name: `list codecs` has all")]
_Zone: TypeAlias = Annotated[str, means("whose legal time is meant")]
_AsWritten: TypeAlias = Annotated[str, means("the date on the codec's own clock")]
_Basis: TypeAlias = Annotated[Basis, means("the clock that the codec counts on")]


class ReadingJson(Shape):
    """What the bytes mean under a codec."""

    codec: _Codec
    rank: Annotated[RankName, means("how plausible it is")]
    as_written: _AsWritten
    why: Annotated[str, means("why it is no date, else empty")]
    basis: _Basis
    offset_min: Annotated[int | None, means("minutes that the bytes say the clock is off UTC")]
    summer: Annotated[bool | None, means("whether the bytes say summer time")]
    extras: Annotated[dict[str, int], means("marks and spare bits by name")]
    by_chance: Annotated[float, means("the share of random bytes that are a likely date")]
    legal: str
    utc: str
    remarks: tuple[str, ...]


class DecodedJson(Printed, tag="timestamp-decode/1"):
    """What bytes mean as a date, the most plausible reading first."""

    raw: HexText = field(name="bytes")
    zone: _Zone
    readings: tuple[ReadingJson, ...]


class WrittenDateJson(Shape, kw_only=True):
    """How a codec writes a date, or why it cannot."""

    codec: _Codec
    raw: Annotated[HexText, means("empty if it cannot")] = field(name="bytes", default="")
    as_written: _AsWritten = ""
    basis: _Basis
    why: Annotated[str, means("why it cannot, else empty")] = ""
    remark: str = ""


class EncodedJson(Printed, tag="timestamp-encode/1"):
    """How each codec writes a date."""

    instant: Annotated[str, means("ISO 8601, UTC")]
    zone: _Zone
    written: tuple[WrittenDateJson, ...]


class EndShownJson(Shape):
    """Where an encoding ends."""

    at: Annotated[str, means("the first moment that it cannot say")]
    codec: _Codec
    kind: Annotated[EndKind, means("sign bit: for who reads the count as signed")]
    last: Annotated[str, means("the last moment that it can say")]
    then: Annotated[str, means("what it says next")]


class EndsJson(Printed, tag="timestamp-ends/1"):
    """When encodings end, the next one first."""

    ends: tuple[EndShownJson, ...]


class DateFoundJson(Shape):
    """A date in a dump."""

    offset: Annotated[int, means("where it begins, in bytes")]
    codec: _Codec
    raw: HexText = field(name="bytes")
    date: str
    field: Annotated[str, means("of the layout, empty without one")]


class ScannedJson(Printed, tag="timestamp-scan/1"):
    """The dates of a range in a dump."""

    file: str
    size_bytes: int
    dates: tuple[DateFoundJson, ...]
    by_chance: Annotated[float, means("how many random bytes of this size would show")]

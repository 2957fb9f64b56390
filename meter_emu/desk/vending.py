"""The vending office of STS meters: under which key and with which TID it sells a token.

No meter tells it anything: it has a record of each meter's key, a clock, and the TIDs that it gave.
The minutes of a TID are those of UTC by edition 3 of IEC 62055-41, and of the clock on the wall by
what edition 2 implies (from a transcription of clause 6.3.5, not from the standard).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, final

from typing_extensions import override

from card_protocol.errors import TokenError
from card_protocol.tokens.sts.tid import TID_MAX, BaseDate, is_expired, is_reserved, tid_of

KeyTypeName: TypeAlias = Literal["initial", "default", "unique", "common"]
Edition: TypeAlias = Literal[2, 3]
OfficeName: TypeAlias = Literal[
    "right", "always-1993", "wraps", "local-time", "ken-times-65535", "group-key", "forgetful"
]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MeterKey:
    """What a meter's key is derived from, as an office has it on record."""

    base: BaseDate
    revision: int
    tariff_index: int
    key_type: KeyTypeName = "unique"
    ken: int = 255


class Vending:
    """A right office."""

    __slots__ = ()

    def ahead_min(self, wall_ahead_min: int, edition: Edition) -> int:
        """Return how far the clock of TIDs is ahead of UTC, where the wall's is so far."""
        return 0 if edition == 3 else wall_ahead_min

    def tid(self, utc_min: int, ahead_min: int, base: BaseDate, given: Collection[int]) -> int:
        """Return the TID of a token sold now, another than those given to this meter before.

        Raise `TokenError` before the base date, and after its last minute.
        """
        tid = tid_of(utc_min, base, offset_min=ahead_min)
        while tid in given or is_reserved(tid):
            tid += 1
            if tid > TID_MAX:
                raise TokenError("TID", f"no minute of base date {base.value} is left")
        return tid

    def expired(self, tid: int, ken: int) -> bool:
        """Whether a key may not be used any more for a token with a TID."""
        return is_expired(tid, ken)

    def key(self, record: MeterKey) -> MeterKey:
        """Return the key that a token is encrypted under."""
        return record


class Always1993(Vending):
    """Counts the minutes from 1993, whatever base date a key is for."""

    __slots__ = ()

    @override
    def tid(self, utc_min: int, ahead_min: int, base: BaseDate, given: Collection[int]) -> int:
        return super().tid(utc_min, ahead_min, BaseDate.Y1993, given)


class Wraps(Vending):
    """Goes on from zero after the last minute, in place of refusing."""

    __slots__ = ()

    @override
    def tid(self, utc_min: int, ahead_min: int, base: BaseDate, given: Collection[int]) -> int:
        return utc_min + ahead_min - base.epoch_min & TID_MAX


class LocalTime(Vending):
    """Counts the minutes of the wall, where the edition says UTC."""

    __slots__ = ()

    @override
    def ahead_min(self, wall_ahead_min: int, edition: Edition) -> int:
        return wall_ahead_min


class KenTimes65535(Vending):
    """Ends a key 45 days early, by the rule of one public library (docs/sts.md)."""

    __slots__ = ()

    @override
    def expired(self, tid: int, ken: int) -> bool:
        return tid > ken * 65_535


class KeyOfTheGroup(Vending):
    """Takes the key of the supply group in place of the meter's own."""

    __slots__ = ()

    @override
    def key(self, record: MeterKey) -> MeterKey:
        return replace(record, key_type="common")


class Forgetful(Vending):
    """Does not remember which TIDs it gave: two tokens of a minute, and those of 00:01 and 00:02,
    are one.
    """

    __slots__ = ()

    @override
    def tid(self, utc_min: int, ahead_min: int, base: BaseDate, given: Collection[int]) -> int:
        return super().tid(utc_min, ahead_min, base, ())


OFFICES: Final[Mapping[OfficeName, Vending]] = MappingProxyType({
    "right": Vending(),
    "always-1993": Always1993(),
    "wraps": Wraps(),
    "local-time": LocalTime(),
    "ken-times-65535": KenTimes65535(),
    "group-key": KeyOfTheGroup(),
    "forgetful": Forgetful(),
})  # fmt: skip

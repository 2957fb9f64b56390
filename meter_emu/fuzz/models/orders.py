"""What a desk's record orders, by docs/card-format.md and the time zone of Brussels."""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, final
from zoneinfo import ZoneInfo

from meter_emu.fuzz.models.record_fields import civil_of, fields_of_record

_ZONE: Final = ZoneInfo("Europe/Brussels")
_2000: Final = datetime(2000, 1, 1, tzinfo=UTC)
_1970_MIN: Final = 15_778_080  # minutes from 1970 to 2000
_NONE: Final = b"\xff" * 12


@final
class SaidOrder(NamedTuple):
    """An order and its money; `ends` as a meter keeps them, `None` for one it must not keep."""

    flags: int
    money: tuple[int, int]
    number: int
    ends: tuple[bytes | None, bytes | None]
    token: bytes
    tariff: tuple[int, ...]

    @property
    def barred(self) -> bool:
        """Whether no meter obeys it: its flags, its prices, a cut that is no date, or too early."""
        number, price, night, per_unit = self.tariff
        first, last = self.ends
        early = first is not None and last is not None and _NONE not in self.ends and (
            last[5:9] < first[5:9])  # fmt: skip
        priced = number > 0 and 0 < night <= price and per_unit > 0
        return self.flags > 3 or not priced or last is None or early

    @property
    def plain(self) -> bool:
        """Whether any meter can keep it: no token, no limiter, one price, dates that are right."""
        _, price, night, _ = self.tariff
        return (
            self.flags < 2
            and price == night
            and self.token == b"\xff" * 8
            and None not in self.ends
        )


def order_of(raw: bytes, generation: int) -> SaidOrder | None:
    """Return what a desk record says, `None` where the bytes are none of this generation."""
    name = "desk record" if generation == 1 else "desk record of instants"
    found = fields_of_record(name, raw)
    if found is None or found[1] != generation:
        return None
    flags, loaded, count, number = found[2:6]
    if generation == 1:
        ends, rest = tuple(_as_stored(civil) for civil in found[6:8]), found[8:]
    else:
        zone = found[10]
        pairs = ((found[7], found[6]), (found[9], found[8]))
        ends, rest = tuple(_as_stored(civil, minute, zone) for civil, minute in pairs), found[11:]
    return SaidOrder(flags, (loaded, count), number, (ends[0], ends[1]), rest[0], rest[1:5])


def _as_stored(civil: bytes, minute: int | None = None, zone: int = 1) -> bytes | None:
    """Return an end's twelve bytes: of one time, or of two that agree; `None` for any other."""
    if civil == b"\xff" * 5 and minute in {None, 0xFFFFFFFF}:
        return _NONE
    parts = civil_of(civil)
    try:
        when = datetime(*parts) if parts else None  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError:
        when = None
    if when is None or zone != 1:
        return None
    readings = [
        int((when.replace(tzinfo=_ZONE, fold=fold).astimezone(UTC) - _2000) / timedelta(minutes=1))
        for fold in (0, 1)
    ]
    if minute is not None and minute not in readings:
        return None
    kept = max(readings) if minute is None else minute
    return civil + (_1970_MIN + kept).to_bytes(4, "big") + b"\xff" * 3


def lasting(raw: bytes, generation: int, energy: int) -> int | None:
    """Return the number of a card that never expires, by its identity; `None` for any other."""
    found = fields_of_record("identity", raw)
    if found is None or found[1:3] != (generation, energy):
        return None
    expires, minute = found[7:9]
    forever = expires == b"\xff" * 5 and minute == 0xFFFFFFFF
    return found[5] if forever and found[5] else None

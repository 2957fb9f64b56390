"""A timestamp that was read, on the clocks of a zone and of UTC, side by side.

Here the calendar of Python and the zone's own rules are used, not ours: a timestamp is looked at,
never obeyed.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, final

from card_protocol.timestamp.encoding import Basis, Codec
from card_protocol.timestamp.stamp import Stamp, stamp_at

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FORMAT: Final = "%Y-%m-%d %H:%M:%S"


@final
@dataclass(frozen=True, slots=True)
class BothClocks:
    """Legal time and UTC as text, empty where the bytes do not decide it, and what is odd."""

    legal: str = ""
    utc: str = ""
    remarks: tuple[str, ...] = ()


def both_clocks(stamp: Stamp, basis: Basis, zone: tzinfo) -> BothClocks:
    """Return what a whole date with its time means in a zone and in UTC.

    A date alone is a day of its own clock. A wall-clock time that exists twice gives both instants,
    unless the summer-time bit decides; one that was skipped gives none.
    """
    if not stamp.whole or stamp.hour is None:
        return BothClocks()
    try:
        at = _EPOCH + timedelta(milliseconds=stamp.total_ms)
        if basis is Basis.UTC:
            return BothClocks(_text(at.astimezone(zone), stamp), _text(at, stamp))
        if stamp.offset_min is not None:
            return _with_offset(at, stamp, zone)
        return _on_the_wall(at.replace(tzinfo=None), stamp, zone)
    except OverflowError:
        return BothClocks(remarks=("outside the years 1 to 9999: no zone is known",))


def _with_offset(at: datetime, stamp: Stamp, zone: tzinfo) -> BothClocks:
    assert stamp.offset_min is not None, "the caller knows"
    utc = at - timedelta(minutes=stamp.offset_min)
    legal = utc.astimezone(zone)
    written = f"written at {stamp.offset_min:+d} min from UTC"
    remarks = () if legal.replace(tzinfo=UTC) == at else (written,)
    return BothClocks(_text(legal, stamp), _text(utc, stamp), remarks)


def _on_the_wall(naive: datetime, stamp: Stamp, zone: tzinfo) -> BothClocks:
    readings = [naive.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
    instants = [reading.astimezone(UTC) for reading in readings]
    there = [utc for utc in instants if utc.astimezone(zone).replace(tzinfo=None) == naive]
    if not there:
        return BothClocks(_text(naive, stamp), "", ("skipped by the change of clocks",))
    remarks: tuple[str, ...] = ()
    if stamp.summer is not None:
        meant = [u for u in there if bool(u.astimezone(zone).dst()) == stamp.summer]
        if meant:
            there = meant
        else:
            says = "summer" if stamp.summer else "standard"
            remarks = (f"its bit says {says} time, the zone does not",)
    texts = list(dict.fromkeys(_text(utc, stamp) for utc in there))
    if len(texts) > 1:
        remarks = ("exists twice",)
    return BothClocks(_text(naive, stamp), " or ".join(texts), remarks)


def _text(at: datetime, stamp: Stamp) -> str:
    """Return an instant as finely as it was written."""
    text = at.strftime(_FORMAT)
    text = text.rjust(len("2020-07-03 23:01:00"), "0")  # a year below 1000 has no zeros
    if stamp.second is None:
        return text[:-3]
    return text if stamp.millisecond is None else f"{text}.{at.microsecond // 1000:03}"


def stamp_for(codec: Codec, instant: datetime, zone: tzinfo) -> Stamp:
    """Return an instant as this codec says it; raise `TimestampError` where it would lose some.

    A codec of UTC gets UTC, the others the wall clock of the zone, with what they have room for.
    """
    at = instant if codec.basis is Basis.UTC else instant.astimezone(zone)
    offset = at.utcoffset() or timedelta()
    ms = (at.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
    whole = replace(
        stamp_at(ms, 1),
        offset_min=offset // timedelta(minutes=1),
        summer=bool(at.dst()),
    )
    return codec.fitted(whole)

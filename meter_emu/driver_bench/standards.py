"""Laws of routines that write and read the bytes of a standard: `encode`, `decode`."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Final

from card_protocol.errors import TimestampError
from card_protocol.timestamp.encoding import Codec
from card_protocol.timestamp.registry import CODECS
from card_protocol.timestamp.stamp import SECOND_MS, stamp_at
from meter_emu.driver_bench import draws
from meter_emu.driver_bench.driver import Argument, Said
from meter_emu.driver_bench.law import (
    ONE_SECOND,
    Case,
    ClockLaw,
    DriverRig,
    LawBreach,
    Sweep,
    compared,
)

# Ours: offsets of zones that there are, west and east, with halves and quarters of an hour.
_OFFSETS_MIN: Final = (0, 60, 120, -300, 330, -210, 345, -60, 720)
_YEAR_ZERO: Final = datetime(1970, 1, 1)


def _no_standard(rig: DriverRig) -> str:
    if not rig.declared.standard:
        return "no standard is declared"
    known = any(_encoded(rig, day) is not None for day in draws.every_day(rig.declared))
    return "" if known else f"{rig.declared.standard} has no day of these years"


def _encoded(rig: DriverRig, t: datetime) -> tuple[bytes, datetime] | None:
    """Return a moment's bytes in the standard, and what they say of it; `None` past its end."""
    codec = CODECS[rig.declared.standard]
    total_ms = (t - _YEAR_ZERO) // ONE_SECOND * SECOND_MS
    step_s = max(1, codec.step_ms // SECOND_MS)
    kept = t - (total_ms // SECOND_MS % step_s) * ONE_SECOND
    for offset_min in (None, 0) if "offset_min" in codec.carries else (None,):
        try:
            return _stamped(codec, kept, offset_min), kept
        except TimestampError:  # past its end, or it has to say an offset
            continue
    return None


def _stamped(codec: Codec, t: datetime, offset_min: int | None) -> bytes:
    stamp = stamp_at((t - _YEAR_ZERO) // ONE_SECOND * SECOND_MS, codec.step_ms)
    summer = None if offset_min is None else False  # who says an offset says this as well
    return codec.encode(codec.fitted(replace(stamp, offset_min=offset_min, summer=summer)))


def _draw_standard(rig: DriverRig, random: Random, number: int) -> Case:
    for _ in range(100):
        t = draws.counted(random, rig.declared, number)
        if (found := _encoded(rig, t)) is not None:
            return Case(found[1], (found[0].hex(),))
    return next(_standard_days(rig))  # there is one, else the law is not checked


def _standard_days(rig: DriverRig) -> Iterator[Case]:
    for day in draws.every_day(rig.declared):
        if (found := _encoded(rig, day)) is not None:
            yield Case(found[1], (found[0].hex(),))


def _judge_encoded(rig: DriverRig, case: Case, answer: Said) -> LawBreach | None:
    """Compare with the standard's bytes; a weekday or an offset is the driver's own to say."""
    want = bytes.fromhex(str(case.more[0]))
    if answer == want or (isinstance(answer, bytes) and _says(rig, answer, case.t)):
        return None
    got = answer.hex() if isinstance(answer, bytes) else answer
    return LawBreach(
        ("bytes",), f"encode of {case.t:%Y-%m-%d %H:%M:%S}: expected {want.hex()}, got {got}"
    )


def _bytes_args(case: Case) -> tuple[Argument, ...]:
    return (bytes.fromhex(str(case.more[0])),)


def _says(rig: DriverRig, raw: bytes, t: datetime) -> bool:
    """Whether bytes say a civil time."""
    codec = CODECS[rig.declared.standard]
    if not codec.carries:  # one time has one form
        return False
    try:
        stamp = codec.decode(raw)
    except TimestampError:
        return False
    return stamp.whole and stamp.total_ms == (t - _YEAR_ZERO) // ONE_SECOND * SECOND_MS


def _draw_decoded(rig: DriverRig, random: Random, number: int) -> Case:
    case = _draw_standard(rig, random, number)
    offset_min = _OFFSETS_MIN[number // 2 % len(_OFFSETS_MIN)] if number % 2 else 0
    return _with_offset(rig, case, offset_min)


def _with_offset(rig: DriverRig, case: Case, offset_min: int) -> Case:
    """Return it with bytes that say an offset from UTC, where the standard has room for one."""
    codec = CODECS[rig.declared.standard]
    if not offset_min or "offset_min" not in codec.carries:
        return Case(case.t, (*case.more, 0))
    return Case(case.t, (_stamped(codec, case.t, offset_min).hex(), offset_min))


def _decoded_days(rig: DriverRig) -> Iterator[Case]:
    for number, case in enumerate(_standard_days(rig)):
        yield _with_offset(rig, case, _OFFSETS_MIN[number % len(_OFFSETS_MIN)])


def _judge_decoded(rig: DriverRig, case: Case, answer: Said) -> LawBreach | None:
    """Compare with the time that the bytes say, or with UTC where the driver says that."""
    offset_min = int(case.more[1])
    where = f"decode of {case.more[0]}"
    if not offset_min:
        return compared(case.t, answer, where)
    t = case.t - timedelta(minutes=offset_min) if _decodes_to_utc(rig) else case.t
    finding = compared(t, answer, f"{where}, {offset_min:+} min from UTC")
    return finding and finding._replace(differs=("offset", *finding.differs))


def _decodes_to_utc(rig: DriverRig) -> bool:
    """Whether decode counts the offset in: found out from one time, the others have to agree."""
    if "decodes to UTC" not in rig.memo:
        case = _with_offset(rig, Case(rig.known_day, ("known",)), 60)
        answer = rig.driver.call("decode", *_bytes_args(case))
        rig.memo["decodes to UTC"] = compared(case.t, answer, "") is not None
    return bool(rig.memo["decodes to UTC"])


_ENCODE: Final = Sweep("encode", _standard_days, lambda case: (case.t,), _judge_encoded)
_DECODE: Final = Sweep("decode", _decoded_days, _bytes_args, _judge_decoded)
STANDARDS_LAWS: Final = (
    ClockLaw(id="encode", says="encode gives the standard's bytes", needs=("encode",),
        draw=_draw_standard, check=_ENCODE.check, lacks=_no_standard, sweep=_ENCODE, shrinks=False),
    ClockLaw(id="decode", says="decode reads the standard's bytes", needs=("decode",),
        draw=_draw_decoded, check=_DECODE.check, lacks=_no_standard, sweep=_DECODE, shrinks=False),
)  # fmt: skip

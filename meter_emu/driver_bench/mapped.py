"""A look-alike that a driver declares by its register map, where no chip of the bench has it.

`registers="second=2 minute=3 hour=4 day=5 weekday=6 month=7 year=8 weekdays=0..6 doubt=2.80"`:
numbers are hexadecimal; `doubt` and `still` are a register and a mask (`!` before the mask: said by
being clear), and without them the chip says no such thing; `twelve` and `pm` are masks in the
hours, `century` one in the month; `alarm_second` to `alarm_weekday` are registers, each off while
its bit 7 is set; `size` is how many registers there are.
"""

import re
from functools import cache
from typing import Final

from meter_emu.driver_bench.chips import TIME_COUNTERS, LookAlike, time_table
from meter_emu.hardware.rtc.alarms import field
from meter_emu.hardware.rtc.calendar_chip import (
    TAIL_BYTES,
    BcdCounter,
    Bits,
    BitsKind,
    Counter,
    Sign,
    masks,
)

MAP: Final = "map"  # the chip's name in a declaration
_TIME: Final = ("second", "minute", "hour", "weekday", "day", "month", "year")
_MASKS: Final = {"second": 0x7F, "minute": 0x7F, "hour": 0x3F, "day": 0x3F, "weekday": 0x07}
_SIGN: Final = re.compile(r"([0-9A-Fa-f]+)\.(!?)([0-9A-Fa-f]{1,2})")
_SIZE_MAX: Final = 256


@cache
def mapped_chip(text: str) -> type[LookAlike]:
    """Return the chip of a register map; raise `ValueError` for what is none."""
    words = dict(word.partition("=")[::2] for word in text.replace(",", " ").split())
    first = {what: _hex(words.pop(what, "")) for what in _TIME}
    alarm = {what: _hex(words.pop(f"alarm_{what}")) for what in _MASKS if f"alarm_{what}" in words}
    most = max(*first.values(), *alarm.values())
    size = _hex(words.pop("size", f"{most + 1:x}"))
    doubt = _sign(words.pop("doubt")) if "doubt" in words else Sign(first["second"], 0)
    still = _sign(words.pop("still")) if "still" in words else None
    twelve, pm = _hex(words.pop("twelve", "0")), _hex(words.pop("pm", "20"))
    century = _hex(words.pop("century", "0"))
    low, _, high = words.pop("weekdays", "1..7").partition("..")
    if words:
        raise ValueError(f"no word {min(words)!r} in a register map")
    weekdays = Counter(_hex(low), _hex(high), "weekday")
    if not max(first.values()) < size <= _SIZE_MAX or len(set(first.values())) < len(first):
        raise ValueError("expected a register of its own for each field, within the size")
    last = max((*alarm.values(), doubt.register, still.register if still else 0))
    if last >= size:
        raise ValueError(f"register {last:02X}h is outside the map: expected size={last + 1:x}")
    if max(twelve, pm, century) > 0xFF:
        raise ValueError("expected masks of one byte for twelve, pm and century")
    flags = {(sign.register, sign.mask) for sign in (doubt, still) if sign is not None}
    flags |= {(first["hour"], twelve), (first["month"], century)}
    table = time_table([first[what] for what in TIME_COUNTERS], size, tuple(
        Bits(at, bit, bit, "flag", BitsKind.FLAG, "of the declared map", "a flag")
        for at, mask in sorted(flags) for bit in range(8) if mask >> bit & 1
    ))  # fmt: skip
    reset = bytearray(size)
    reset[first["day"]] = reset[first["month"]] = 1
    reset[first["weekday"]] = weekdays.first
    reset[doubt.register] = doubt.put(reset[doubt.register], given=True)
    names = {register: what.capitalize() for what, register in first.items()}
    used = [field(what, at, _MASKS[what]) for what, at in alarm.items()]
    for one in used:
        reset[one.register] = 0x80
    return type("Mapped", (LookAlike,), {
        "NAME": "register map", "TABLE": table, "__slots__": (),
        "REGISTER_NAMES": tuple(names.get(at, f"Register_{at:02X}h") for at in range(size)),
        "DOUBT": doubt, "STILL": () if still is None else (still,), "STOPPED": (),
        "RESET": bytes(reset), "NEVER_SET": masks(table, BitsKind.UNUSED, count=size),
        "IMAGE_BYTES": size + TAIL_BYTES, "GARBAGE_BYTES": 0,
        "SECONDS": first["second"], "MINUTES": first["minute"], "HOURS": first["hour"],
        "WEEKDAY": first["weekday"], "DAY": first["day"], "MONTH": first["month"],
        "YEAR": first["year"], "WEEKDAYS": weekdays,
        "WEEKDAY_COUNTER": BcdCounter(0x07, weekdays.first, weekdays.last),
        "TWELVE_HOUR": twelve, "PM": pm, "CENTURY": century,
        "ALARMS": (tuple(used),) if used else (),
    })  # fmt: skip


def _hex(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError:
        raise ValueError(f"expected a hexadecimal number for each of {', '.join(_TIME)}") from None


def _sign(text: str) -> Sign:
    found = _SIGN.fullmatch(text)
    if found is None:
        raise ValueError(f"expected a register and a mask, as 2.80, got {text!r}")
    return Sign(int(found[1], 16), int(found[3], 16), when_set=not found[2])

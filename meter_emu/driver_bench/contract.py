"""Laws of the contract: what data sheets advise and many drivers that are right do without.

A finding here is a note. It says what a program that uses the driver has to see to by itself.
"""

from datetime import datetime
from random import Random
from typing import Final

from meter_emu.driver_bench.draws import draw_moment
from meter_emu.driver_bench.driver import Reading, RefusedError
from meter_emu.driver_bench.law import Case, ClockLaw, DriverRig, FindingRank, LawBreach
from meter_emu.driver_bench.setting import any_moment, no_doubt
from meter_emu.hardware.rtc.calendar_chip import BitsKind

_NOTE: Final = FindingRank.CONTRACT


def _says_valid(rig: DriverRig) -> bool:
    """Whether the driver says that the time is valid, by get and by stopped."""
    try:
        stopped = rig.driver.call("stopped") if "stopped" in rig.offers else False
        said = rig.driver.call("get") if "get" in rig.offers else True
    except RefusedError:
        return False
    return not stopped and said is not None


def _doubt(rig: DriverRig, case: Case) -> LawBreach | None:
    rig.place(case.t)
    rig.anew()
    if "stopped" in rig.offers and rig.driver.call("stopped"):
        return LawBreach(("doubted",), f"stopped at {case.t:%Y-%m-%d %H:%M:%S}, but nothing was")
    rig.face.doubt(given=True)
    rig.anew()
    if _says_valid(rig):
        return LawBreach(("not reported",), "the chip says not to believe it, the driver does not")
    return None


def _doubt_kept(rig: DriverRig, case: Case) -> LawBreach | None:
    rig.place(case.t)
    rig.face.doubt(given=True)
    rig.anew()
    _says_valid(rig)
    if rig.face.doubted():
        return None
    return LawBreach(
        ("cleared",), "begin or a read clears the chip's doubt, so a lost time looks set"
    )


def _doubted_time(rig: DriverRig, case: Case) -> LawBreach | None:
    rig.place(case.t)
    rig.face.doubt(given=True)
    rig.anew()
    try:
        said = rig.driver.call("get")
    except RefusedError:
        return None
    if said is None:
        return None
    finding = rig.compared(case.t, said, "get of a doubted clock")
    return finding if finding and not _later(case.t, said) else None


def _later(t: datetime, said: object) -> bool:
    """Whether it is the moment but for its seconds: the clock may have run meanwhile."""
    return isinstance(said, Reading) and said[:5] == (t.year, t.month, t.day, t.hour, t.minute)


_GARBAGE: Final = (  # a field, and bits of its register that are no value of it
    ("month", 0x00), ("month", 0x13), ("day", 0x00), ("day", 0x32), ("hour", 0x24),
    ("minute", 0x60), ("second", 0x60), ("minute", 0x5F), ("second", 0x0F),
)  # fmt: skip


def _draw_garbage(rig: DriverRig, random: Random, number: int) -> Case:
    what, byte = _GARBAGE[number % len(_GARBAGE)]
    return Case(draw_moment(random, rig.declared, number // len(_GARBAGE)), (what, byte))


def _garbage(rig: DriverRig, case: Case) -> LawBreach | None:
    chip = rig.bench.chip
    registers = {"month": chip.MONTH, "day": chip.DAY, "hour": chip.HOURS, "minute": chip.MINUTES,
                 "second": chip.SECONDS}  # fmt: skip
    rig.place(case.t)
    at = registers[str(case.more[0])]
    byte = int(case.more[1])
    kept = chip.registers[at] & 0x80 if case.more[0] == "second" else 0
    rig.face.put(at, kept | byte)
    try:
        said = rig.driver.call("get")
    except RefusedError:
        return None
    if not isinstance(said, Reading) or not _exists(said):
        return None
    words = f"{case.more[0]} register {byte:02X}h, which is no {case.more[0]}: get says {said}"
    return LawBreach((str(case.more[0]),), words)


def _exists(said: Reading) -> bool:
    try:
        datetime(*said[:6])
    except (ValueError, OverflowError):
        return False
    return True


def _noise(rig: DriverRig, case: Case) -> LawBreach | None:
    rig.place(case.t)
    rig.bench.noise = rig.face.unused
    said = rig.driver.call("get")
    rig.bench.quiet()
    return rig.compared(case.t, said, "get where unused bits read 1")


def _kept_masks(rig: DriverRig) -> dict[int, int]:
    """Return the bits that are no business of a set, register by register."""
    chip, found = rig.bench.chip, dict[int, int]()
    signs = [(sign.register, sign.mask) for sign in (*chip.STILL, chip.DOUBT)]
    hours = [(chip.HOURS, chip.TWELVE_HOUR), (chip.MONTH, chip.CENTURY)]
    apart: dict[int, int] = {}
    for register, mask in (*signs, *hours):
        apart[register] = apart.get(register, 0) | mask
    for bits in chip.TABLE:
        in_time = bits.register in {chip.SECONDS, chip.MINUTES, chip.HOURS, chip.WEEKDAY, chip.DAY,
                                    chip.MONTH, chip.YEAR}  # fmt: skip
        own = bits.kind is BitsKind.NOT_MODELLED or (bits.kind is BitsKind.FLAG and in_time)
        mask = bits.mask & ~apart.get(bits.register, 0) & ~chip.NEVER_SET[bits.register]
        if own and mask:
            found[bits.register] = found.get(bits.register, 0) | mask
    return found


def _kept(rig: DriverRig, case: Case) -> LawBreach | None:
    rig.place(rig.known_day)
    masks = _kept_masks(rig)
    for register, mask in masks.items():
        held = rig.bench.chip.registers[register]
        rig.face.put(register, held & ~mask | 0x5A & mask)
    before = rig.face.registers
    rig.driver.call("set", case.t)
    after = rig.face.registers
    lost = [
        register for register, mask in masks.items() if (before[register] ^ after[register]) & mask
    ]
    if not lost:
        return None
    names = [rig.bench.chip.REGISTER_NAMES[register] for register in lost]
    said = ", ".join(
        f"{name} {before[at]:02X}h becomes {after[at]:02X}h"
        for name, at in zip(names[:4], lost[:4], strict=True)
    )
    return LawBreach(tuple(names[:4]), f"a set changes what is not the time: {said}")


def _draw_outside(rig: DriverRig, random: Random, number: int) -> Case:
    first, last = rig.declared.years
    year = last + 1 if number % 2 and last < 9999 else first - 1
    return Case(draw_moment(random, rig.declared, number).replace(day=28, year=max(1, year)))


def _outside(rig: DriverRig, case: Case) -> LawBreach | None:
    if rig.declared.first <= case.t <= rig.declared.last:
        return None
    rig.place(rig.known_day)
    try:
        rig.driver.call("set", case.t)
    except RefusedError:
        return None
    after = rig.face.shown()
    if rig.compared(rig.known_day, after, "") is None:
        return None
    side = "before" if case.t < rig.declared.first else "after"
    words = f"a set of {case.t:%Y-%m-%d}, {side} its years, is not refused: registers say {after}"
    return LawBreach((f"year {side} its years",), words)


def _dead(rig: DriverRig, case: Case, *, short: bool) -> LawBreach | None:
    rig.place(case.t)
    if short:
        rig.bench.short = True
    else:
        rig.bench.silent = True
    what = "a bus that answers short" if short else "a dead bus"
    try:
        said = rig.driver.call("get")
    except RefusedError:
        return None
    finally:
        rig.bench.quiet()
    if not isinstance(said, Reading) or not _exists(said):
        return None
    if said[:6] == case.t.timetuple()[:6]:
        return None
    return LawBreach(("not reported",), f"get says {said} on {what}")


def _dead_set(rig: DriverRig, case: Case) -> LawBreach | None:
    rig.place(rig.known_day)
    rig.bench.silent = True
    try:
        rig.driver.call("set", case.t)
    except RefusedError:
        return None
    finally:
        rig.bench.quiet()
    return LawBreach(("not reported",), "a set on a dead bus is not refused")


def _century_bit(rig: DriverRig) -> str:
    unused = rig.bench.chip.CENTURY and rig.declared.century is None
    return "" if unused else "the chip has no century bit, or it is declared"


def _century(rig: DriverRig, case: Case) -> LawBreach | None:
    chip = rig.bench.chip
    rig.place(case.t)
    rig.face.put(chip.MONTH, chip.registers[chip.MONTH] | chip.CENTURY)
    said = rig.driver.call("get")
    if isinstance(said, Reading):
        said = said._replace(
            year=case.t.year if said.year % 100 == case.t.year % 100 else said.year
        )
    return rig.compared(case.t, said, "get with the century bit set")


def _on_a_bus(rig: DriverRig) -> str:
    return "" if rig.bench.chip.ADDRESS or rig.bench.address else "its clock is on no bus"


CONTRACT_LAWS: Final = (
    ClockLaw(id="doubt-reported", says="a chip that is not to be believed is reported, no other is",
        needs=("get",), draw=any_moment, check=_doubt, rank=_NOTE, lacks=no_doubt),
    ClockLaw(id="doubt-kept", says="the chip's doubt stays until a set",
        needs=("get",), draw=any_moment, check=_doubt_kept, rank=_NOTE, lacks=no_doubt),
    ClockLaw(id="doubt-apart", says="the chip's sign of doubt is not taken for a part of the time",
        needs=("get",), draw=any_moment, check=_doubted_time, lacks=no_doubt),
    ClockLaw(id="garbage-reported", says="registers that are no time give no date",
        needs=("get",), draw=_draw_garbage, check=_garbage, rank=_NOTE),
    ClockLaw(id="unused-bits", says="get ignores unused bits, whatever they read",
        needs=("get",), draw=any_moment, check=_noise, rank=_NOTE),
    ClockLaw(id="others-kept", says="a set leaves alone what is not the time",
        needs=("set",), draw=any_moment, check=_kept, rank=_NOTE),
    ClockLaw(id="range-ends", says="a set outside its years is refused",
        needs=("set",), draw=_draw_outside, check=_outside, rank=_NOTE),
    ClockLaw(id="century-apart", says="a century bit is not taken for a part of the month",
        needs=("get",), draw=any_moment, check=_century, rank=_NOTE, lacks=_century_bit),
    ClockLaw(id="dead-bus-get", says="get on a dead bus gives no date",
        needs=("get",), draw=any_moment, check=lambda rig, case: _dead(rig, case, short=False),
        rank=_NOTE, lacks=_on_a_bus),
    ClockLaw(id="short-answer", says="get gives no date where the answer is short",
        needs=("get",), draw=any_moment, check=lambda rig, case: _dead(rig, case, short=True),
        rank=_NOTE, lacks=_on_a_bus),
    ClockLaw(id="dead-bus-set", says="a set on a dead bus is refused",
        needs=("set",), draw=any_moment, check=_dead_set, rank=_NOTE, lacks=_on_a_bus),
)  # fmt: skip

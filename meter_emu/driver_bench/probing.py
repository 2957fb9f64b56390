"""What a declaration gets wrong, found out before any law is checked: one line, and its mend.

A law would accuse the driver of each of these. What need not be a mistake of the declaration is
left to the laws: a year that is off in `get` alone is a mistake in `get`.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from meter_emu.driver_bench.chips import BENCH_CHIPS
from meter_emu.driver_bench.clock_bench import BusAccess, NoEndError
from meter_emu.driver_bench.driver import Reading, RefusedError, Said
from meter_emu.driver_bench.examine import bound_call, limited
from meter_emu.driver_bench.face import Shown
from meter_emu.driver_bench.law import DriverRig
from meter_emu.errors import ConfigError

_HUNDRED: Final = 100
_WHOLE_YEAR: Final = 1_000  # ours: who is off by as much says years without their century
_UNITS_S: Final = {60: "minutes", 3_600: "hours", 86_400: "days"}
_AFTERS: Final = (2, 3)


def probe(rig: DriverRig) -> None:
    """Raise `ConfigError` where what a driver does shows that its declaration is wrong."""
    with limited(), suppress(NoEndError, RefusedError):  # a verdict of the laws
        bound_call()
        if rig.declared.chip:
            _probe_bus(rig)
            if off := _years_off(rig):
                raise ConfigError(rig.declared.name, *_year_words(rig, off))
        else:
            rig.start()
        _probe_due(rig)


def _probe_bus(rig: DriverRig) -> None:
    """Raise `ConfigError` where every access goes to an address at which there is nothing."""
    log: list[BusAccess] = []
    rig.bench.log = log
    acts: dict[str, Callable[[], object]] = {"begin": rig.start}
    for routine, args in (("get", ()), ("set", (rig.known_day,)), ("now", ())):
        if routine in rig.offers:
            acts[routine] = lambda routine=routine, args=args: rig.driver.call(routine, *args)  # type: ignore[misc]
    for act in acts.values():
        try:
            act()
        except RefusedError:
            continue
        finally:
            rig.bench.accesses = 0
    rig.bench.log = None
    asked = Counter(access.address for access in log if access.address >= 0)
    if not asked or rig.bench.address in asked:
        return
    ((where, _),) = asked.most_common(1)
    declared = rig.declared
    why = f"nothing answers at {where:02X}h, where the driver looks"
    said = declared.address
    if said is not None and f"{said}" == f"{where:x}":
        raise ConfigError(declared.name, "address", f"{why}: {said} is decimal, expected 0x{said}")
    there = [name for name, row in BENCH_CHIPS.items() if row.address == where]
    mend = f"expected address = 0x{where:02x}" + (
        f", or chip {' or '.join(there[:3])}" * bool(there)
    )
    why += f": {declared.chip} is at {rig.bench.address:02X}h"
    raise ConfigError(declared.name, "address", f"{why}; {mend}")


def _years_off(rig: DriverRig) -> int:
    """Return by how much each year is off, in `get` and in `set` alike; 0 where it is not so."""
    first, last = rig.declared.years
    years = sorted({first + 1, (first + last) // 2, max(first, last - 1)})
    read, written = set[int | None](), set[int | None]()
    for year in years:
        t = datetime(year, 6, 15, 12, 34, 56)
        rig.place(t)
        if "get" in rig.offers:
            read.add(_year_off(t, rig.driver.call("get")))
        if "set" in rig.offers:
            rig.driver.call("set", t)
            off = _year_off(t, rig.face.shown())
            written.add(None if off is None else (off + 50) % _HUNDRED - 50)  # of two digits
    if {None} & (read | written) or len(read) > 1 or len(written) > 1:
        return 0
    got = next((off for off in read if off is not None), None)
    put = next((-off for off in written if off is not None), None)
    if got is None or put is None:
        return got or put or 0
    return got if (got - put) % _HUNDRED == 0 else 0


def _year_off(t: datetime, said: Shown | Said) -> int | None:
    """Return how far the year alone is off; `None` where something else is."""
    if not isinstance(said, Reading | Shown) or not isinstance(said.year, int):
        return None
    same = said[1:5] == (t.month, t.day, t.hour, t.minute)
    return said.year - t.year if same else None


def _year_words(rig: DriverRig, off: int) -> tuple[str, str]:
    declared = rig.declared
    why = f"every year is off by {off:+,}"
    if abs(off) >= _WHOLE_YEAR:
        return "get", f"{why}: a moment has its whole year, add {-off:,}"
    if off % _HUNDRED == 0 and rig.bench.chip.CENTURY:
        clear = (declared.century or declared.years[0] // _HUNDRED * _HUNDRED) + off
        return "century", f"{why}: expected century = {clear}, what a clear century bit means"
    first, last = (year + off for year in declared.years)
    if off % _HUNDRED == 0:
        return "years", f"{why}: expected years = {first}..{last}, with year_base = {first}"
    base = declared.year_base + off
    return "year_base", f"{why}: expected year_base = {base}, the year whose register holds 00"


def _probe_due(rig: DriverRig) -> None:
    """Raise `ConfigError` where `due` counts in another unit than is declared."""
    if "due" not in rig.offers or rig.declared.due_most < max(_AFTERS):
        return
    known = rig.known_day
    units = {_unit_of(known, many, rig.driver.call("due", known, many)) for many in _AFTERS}
    (found,) = units if len(units) == 1 else (None,)
    if found is not None and found != rig.declared.due_unit:
        why = f"it counts in {_UNITS_S.get(found, 'seconds')}: expected due_unit = {found}"
        raise ConfigError(rig.declared.name, "due", why)


def _unit_of(t: datetime, units: int, said: Said) -> int | None:
    """Return the unit of which a moment is so many after another."""
    for unit_s in (1, *_UNITS_S):
        due = t + timedelta(seconds=units * unit_s)
        if isinstance(said, Reading) and said[:6] == due.timetuple()[:6]:
            return unit_s
    return None

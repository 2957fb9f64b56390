"""The program's parts that hold no state, assembled; a build with defects has other classes."""

from dataclasses import dataclass
from typing import Protocol, TypeVar

from meter_emu.domain import ZoneRule
from meter_emu.firmware.calendar import Calendar, Zone
from meter_emu.firmware.ends import EndStore, Nights, WeekTable, Windows
from meter_emu.firmware.favours import Favours
from meter_emu.firmware.gate import OrderGate, RecordCodec
from meter_emu.firmware.ledger import Ledger
from meter_emu.firmware.rtc.driver import FieldCodec, RtcDriver
from meter_emu.firmware.trust import ClockBase, ClockTrust

_PartT = TypeVar("_PartT")


@dataclass(frozen=True, slots=True)
class Parts:
    """One instance of each part. They hold no state of a meter, so meters of a build share them."""

    calendar: Calendar
    zone: Zone
    fields: FieldCodec
    rtc: RtcDriver
    base: ClockBase
    trust: ClockTrust
    ends: EndStore
    week: WeekTable
    windows: Windows
    nights: Nights
    codec: RecordCodec
    gate: OrderGate
    ledger: Ledger
    favours: Favours


class Fit(Protocol):
    """Returns the class to build for a part."""

    def __call__(self, part: type[_PartT], /) -> type[_PartT]:
        """Return `part` itself or a subclass of it."""
        ...


def assemble(fit: Fit, driver: type[RtcDriver], rule: ZoneRule) -> Parts:
    """Return the parts, each of the class that `fit` gives for it.

    They are built for one clock chip, by its driver, and for the zone of one rule.
    """
    calendar = fit(Calendar)()
    zone = fit(Zone)(calendar, rule)
    fields = fit(FieldCodec)()
    base = fit(ClockBase)(zone)
    ends = fit(EndStore)(calendar, zone)
    codec = fit(RecordCodec)(rule.code)
    week = fit(WeekTable)()
    ledger = fit(Ledger)()
    return Parts(
        calendar=calendar,
        zone=zone,
        fields=fields,
        rtc=fit(driver)(fields),
        base=base,
        trust=fit(ClockTrust)(calendar, base),
        ends=ends,
        week=week,
        windows=fit(Windows)(calendar, zone, week),
        nights=fit(Nights)(calendar, zone, week),
        codec=codec,
        gate=fit(OrderGate)(codec, ends),
        ledger=ledger,
        favours=fit(Favours)(ledger),
    )

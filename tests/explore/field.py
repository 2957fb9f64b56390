"""Twenty defects of field reports that are not in the catalogue: does explore find them?

Each is written from its report alone, in the meter's terms, without a look at the scopes.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, catalogue
from meter_emu.domain import Result
from meter_emu.firmware.calendar import Calendar, Zone
from meter_emu.firmware.ends import EndStore, WeekTable
from meter_emu.firmware.gate import OrderGate
from meter_emu.firmware.trust import ClockTrust
from meter_emu.world.meter.build import parse_build
from tests.explore import figures

_TENTHS: Final = 1 << 32
_SINCE_2000_S: Final = 946_684_800
_FIRMWARE_ENDS_S: Final = 1_653_350_400  # 24 May 2022


class Report(NamedTuple):
    """A report from the field, and what it makes of a part."""

    part: type
    name: str
    routine: Callable[..., Any]
    seen: str


def exists_but_9_february(self: Calendar, when: Civil) -> bool:
    typo = when.month == 2 and when.day == 9 and self.is_leap(when.year)
    return not typo and Calendar.exists(self, when)


def civil_but_2_december(self: Calendar, minutes: int) -> Civil:
    civil = Calendar.civil(self, minutes)
    if (civil.month, civil.day) == (12, 2):
        raise ZeroDivisionError
    return civil


def signature_ended(self: OrderGate, identity: Any, state: Any, now: Any) -> Result:
    if now.utc_s >= _FIRMWARE_ENDS_S:
        return Result.BAD_FORMAT
    return OrderGate.judge_card(self, identity, state, now)


def whole_hours(self: Zone, utc_min: int) -> int:
    return Zone.offset_min(self, utc_min) // 60 * 60


def in_no_gap(self: EndStore, end: bytes, now: Any) -> bool:
    """An end in the hour that does not exist never comes."""
    there = self.zone.to_legal(self.instant_s(end) // 60) == self.understood(end)
    return there and EndStore.due(self, end, now)


def looks_for_the_hour(self: EndStore, civil: Civil, now: Any, utc_min: int | None) -> int:
    at_min = EndStore.convert(self, civil, now, utc_min)
    while self.zone.to_legal(at_min) != civil:
        at_min += 1
    return at_min


def silent_in_the_repeated_hour(self: EndStore, end: bytes, now: Any) -> bool:
    legal_min = self.zone.to_legal_min(now.utc_s // 60)
    again = self.zone.to_utc_later(legal_min) * 60 - now.utc_s
    return abs(again) < 3600 and EndStore.due(self, end, now)


def stuck_on_1_january(self: EndStore, end: bytes, now: Any) -> bool:
    civil = self.understood(end)
    new_year = civil is not None and (civil.month, civil.day) == (1, 1)
    return not new_year and EndStore.due(self, end, now)


def one_shot_not_on_1_january(self: EndStore, end: bytes, now: Any) -> bool:
    today = self.zone.to_legal(now.utc_s // 60)
    return (today.month, today.day) not in ((1, 1), (1, 2)) and EndStore.due(self, end, now)


def strictly_after(self: EndStore, end: bytes, now: Any) -> bool:
    return self.now_s(now) > self.instant_s(end)


def in_its_second(self: EndStore, end: bytes, now: Any) -> bool:
    return self.now_s(now) == self.instant_s(end)


def a_second_early(self: EndStore, end: bytes, now: Any) -> bool:
    return self.now_s(now) + 1 >= self.instant_s(end)


def tenths_since_2000(self: EndStore, end: bytes, now: Any) -> bool:
    at, end_at = (
        (us - _SINCE_2000_S) * 10 % _TENTHS for us in (self.now_s(now), self.instant_s(end))
    )
    return end_at <= at


def days_left_rounded(self: EndStore, end: bytes) -> Civil | None:
    civil = EndStore.understood(self, end)
    if civil is None or civil.day == 1:
        return civil
    return civil._replace(day=civil.day - 1) if civil.hour < 12 else civil


def no_first_summer_telegram(self: Zone, utc_min: int) -> int:
    offset = Zone.offset_min(self, utc_min)
    if offset == self.summer_min and Zone.offset_min(self, utc_min - 1440) != offset:
        raise KeyError("S")
    return offset


def yesterday_branch(self: WeekTable, hours: Any, weekday: int, minute: int) -> bool:
    yesterday = hours._replace(end_minute=hours.start_minute if hours.end_minute < 720 else 0)
    return WeekTable.inside(self, yesterday if minute < 720 else hours, weekday, minute)


def a_year_on(self: OrderGate, identity: Any, state: Any, now: Any) -> Result:
    today = self._ends.zone.to_legal(now.utc_s // 60)
    if (today.month, today.day) == (2, 29):
        return Result.BAD_DATE
    return OrderGate.judge_card(self, identity, state, now)


def grossly_in_the_future(self: Calendar, when: Civil) -> bool:
    return not 10 <= when.year % 100 <= 99 and Calendar.exists(self, when)


def overflow_after_71_minutes(
    self: ClockTrust, since_journal_s: int, ticks_ms: int, state: Any, factory: Any
) -> bool:
    ticked_ms = (ticks_ms - state.last_ticks_ms) % (1 << 32)
    short_ms = state.last_ticks_ms + ticked_ms % 4_294_967
    return ClockTrust.ticks_disagree(self, since_journal_s, short_ms, state, factory)


def century_of_the_chip(self: Calendar, when: Civil) -> bool:
    return when.year < 2099 and Calendar.exists(self, when)


REPORTS: Final = {
    "nine-for-twenty-nine": Report(
        Calendar, "exists", exists_but_9_february, "megaboyexe/GBA_RTCRead#1"
    ),
    "second-of-december": Report(
        Calendar, "civil", civil_but_2_december, "iOS 11.1, 2 December 2017"
    ),
    "signature-ended": Report(
        OrderGate, "judge_card", signature_ended, "Verifone H5000, 24 May 2022"
    ),
    "whole-hours": Report(Zone, "offset_min", whole_hours, "BitMaker-hub/NerdMiner_v2#738"),
    "gap-skipped": Report(EndStore, "due", in_no_gap, "systemd/systemd#5595"),
    "gap-endless": Report(EndStore, "convert", looks_for_the_hour, "domoticz/domoticz#1199"),
    "fold-silent": Report(EndStore, "due", silent_in_the_repeated_hour, "OpenCCU/OpenCCU#450"),
    "new-year-stuck": Report(EndStore, "due", stuck_on_1_january, "Wang OS, 1 January 1984"),
    "one-shot-new-year": Report(
        EndStore, "due", one_shot_not_on_1_january, "iOS alarms, January 2011"
    ),
    "strictly-after": Report(EndStore, "due", strictly_after, "domoticz/domoticz#2027"),
    "in-its-second": Report(EndStore, "due", in_its_second, "openshwprojects/OpenBK7231T_App#798"),
    "leap-second-early": Report(EndStore, "due", a_second_early, "Linux timers, 30 June 2012"),
    "tenths-since-2000": Report(EndStore, "due", tenths_since_2000, "Deep Impact, 11 August 2013"),
    "days-left-rounded": Report(
        EndStore, "understood", days_left_rounded, "AdguardForWindows#3544"
    ),
    "season-letter": Report(
        Zone, "offset_min", no_first_summer_telegram, "dsmrreader/dsmr-reader#104"
    ),
    "yesterday-branch": Report(
        WeekTable, "inside", yesterday_branch, "tagyoureit/nodejs-poolController"
    ),
    "a-year-on": Report(OrderGate, "judge_card", a_year_on, "Azure guest agent, 29 February 2012"),
    "grossly-in-the-future": Report(
        Calendar, "exists", grossly_in_the_future, "SpamAssassin, 2010"
    ),
    "overflow-71-min": Report(
        ClockTrust, "ticks_disagree", overflow_after_71_minutes, "device-os#2501"
    ),
    "century-of-the-chip": Report(Calendar, "exists", century_of_the_chip, "tianocore/edk2#8512"),
}


@contextmanager
def entered(reports: Mapping[str, Report]) -> Iterator[None]:
    """Have them in the catalogue of this process, so that `reference+ID` is a build."""
    for name, report in reports.items():
        body = {
            report.name: report.routine,
            "__slots__": (),
            "__module__": f"{__name__}.{name.replace('-', '_')}",
        }
        catalogue()[name] = Defect(
            mechanism=report.routine.__name__,
            effect=Effect.NEVER,
            law="cut-comes",
            blind="",
            seen=report.seen,
            avoid="",
        )
        catalogue()[name](type(name.title().replace("-", ""), (report.part,), body))
    try:
        yield
    finally:
        for name in reports:
            del catalogue()[name]
        parse_build.cache_clear()


def looked(unit: tuple[str, tuple[figures.Step, ...], float]) -> figures.Looked:
    """Look for one of them."""
    with entered(REPORTS):
        return figures.looked(unit)

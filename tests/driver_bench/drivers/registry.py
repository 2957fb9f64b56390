"""Drivers as a registry has them, each with the few lines that declare it."""

import adafruit_ds1307
import adafruit_ds3231
import urtc
from adafruit_pcf8563.pcf8563 import PCF8563


def kind_of(fields):
    words = fields.split()
    return "monthly" if "day" in words else "weekly" if "weekday" in words else "daily"


class Set:
    get = lambda self: self.rtc.datetime
    stopped = lambda self: self.rtc.lost_power

    def set(self, t):
        self.rtc.datetime = t.timetuple()


FIELDS = {"monthly": "day hour minute", "weekly": "weekday hour minute", "daily": "hour minute"}


class Ds3231(Set):
    chip = "ds3231"
    alarm_fields = tuple(f"second {words}" for words in FIELDS.values())

    def begin(self, bus):
        self.rtc = adafruit_ds3231.DS3231(bus)

    def alarm_set(self, t, fields):
        self.rtc.alarm1 = (t.timetuple(), kind_of(fields))

    def alarm_get(self):
        when, kind = self.rtc.alarm1
        return when, f"second {FIELDS.get(kind, 'minute')}"


class Ds1307(Set):
    chip = "ds1307"
    stopped = lambda self: self.rtc.disable_oscillator

    def begin(self, bus):
        self.rtc = adafruit_ds1307.DS1307(bus)


class Pcf8563(Set):
    chip = "pcf8563"
    alarm_fields = tuple(FIELDS.values())

    def begin(self, bus):
        self.rtc = PCF8563(bus)

    def alarm_set(self, t, fields):
        self.rtc.alarm = (t.timetuple(), kind_of(fields))

    def alarm_get(self):
        when, kind = self.rtc.alarm
        return when, FIELDS.get(kind, "minute")


class Urtc:
    bus = "micropython"

    def set(self, t):
        weekday = t.isoweekday() % 7 + self._first
        self.rtc.datetime((t.year, t.month, t.day, weekday, t.hour, t.minute, t.second, 0))

    def get(self):
        t = self.rtc.datetime()
        return t.year, t.month, t.day, t.hour, t.minute, t.second, t.weekday


class UrtcDs1307(Urtc):
    chip = "ds1307"
    _first = 1
    stopped = lambda self: self.rtc.stop()

    def begin(self, bus):
        self.rtc = urtc.DS1307(bus)


class UrtcDs3231(Urtc):
    chip = "ds3231"
    _first = 1
    stopped = lambda self: self.rtc.lost_power()

    def begin(self, bus):
        self.rtc = urtc.DS3231(bus)


class UrtcPcf8523(Urtc):
    chip = "pcf8523"
    alarm_fields = "minute", "minute hour", "minute hour day", "minute hour weekday"
    _first = 0
    stopped = lambda self: self.rtc.stop()

    def begin(self, bus):
        self.rtc = urtc.PCF8523(bus)

    def alarm_set(self, t, fields):
        words = fields.split()
        self.rtc.alarm_time(
            (
                0,
                0,
                t.day if "day" in words else None,
                t.isoweekday() % 7 if "weekday" in words else None,
                t.hour if "hour" in words else None,
                t.minute,
            )
        )

    def alarm_get(self):
        t = self.rtc.alarm_time()
        return 2000, 1, t.day or 0, t.hour or 0, t.minute or 0, 0, t.weekday

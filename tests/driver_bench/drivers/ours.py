"""An MCP7940N driver for MicroPython, with its 12-hour mode and alarm 0. PLANTED=n is mistake n."""

import os

from micropython import const

ADDRESS = const(0x6F)
ST, TWELVE, PM = const(0x80), const(0x40), const(0x20)
KEPT = const(0x18)  # VBATEN and PWRFAIL next to the weekday
MASKS = {"second": 0, "minute": 1, "hour": 2, "weekday": 3, "day": 4}
ALL = const(7)


def planted(n):
    return os.environ.get("PLANTED") == str(n)


def bcd(value):
    return value // 10 << 4 | value % 10


def value(byte, first, last):
    found = (byte >> 4) * 10 + (byte & 15)
    if byte & 15 > 9 or not first <= found <= last:
        raise ValueError("no value")
    return found


def month_days(year, month):
    leap = year % 4 == 0 if not planted(1) else (year - 2) % 4 == 0  # A14
    return 28 + leap if month == 2 else 30 if month in (4, 6, 9, 11) else 31


class MCP7940N:
    def __init__(self, i2c):
        self.i2c = i2c

    def hour(self, byte):
        if not byte & TWELVE:
            return value(byte & (0x1F if planted(2) else 0x3F), 0, 23)  # C62
        hour = value(byte & 0x1F, 1, 12)
        if planted(3):
            return hour + (12 if byte & PM else 0)  # C65
        return hour % 12 + (12 if byte & PM else 0)

    def hour_register(self, hour, twelve):
        if not twelve:
            return bcd(hour)
        if planted(4):
            return TWELVE | (PM if hour > 12 else 0) | bcd(hour % 12 or 12)  # C65: noon is AM
        return TWELVE | (PM if hour >= 12 else 0) | bcd(hour % 12 or 12)

    def twelve(self):
        return bool(self.i2c.readfrom_mem(ADDRESS, 2, 1)[0] & TWELVE)

    def set(self, t):
        if not 2000 <= t.year <= 2099:
            raise ValueError("year")
        hours, weekday = self.i2c.readfrom_mem(ADDRESS, 2, 2)
        out = bytearray(
            (
                bcd(t.second) | ST,
                bcd(t.minute),
                self.hour_register(t.hour, hours & TWELVE),
                weekday & KEPT | t.isoweekday(),
                bcd(t.day),
                bcd(t.month),
                bcd(t.year % 100),
            )
        )
        if planted(5):
            out[0] = bcd(t.second)  # C: never started
        if planted(6):
            out[3] = t.isoweekday()  # C: the battery is switched off
        if planted(7):
            out[6] = t.year % 100  # B44: binary year
        if planted(8):  # C72: time, then date
            self.i2c.writeto_mem(ADDRESS, 0, out[:3])
            out = out[3:]
            self.i2c.writeto_mem(ADDRESS, 3, out)
            return
        self.i2c.writeto_mem(ADDRESS, 0, out)

    def get(self):
        if planted(9):  # C72: date, then time
            date = self.i2c.readfrom_mem(ADDRESS, 3, 4)
            held = self.i2c.readfrom_mem(ADDRESS, 0, 3) + date
        else:
            held = self.i2c.readfrom_mem(ADDRESS, 0, 7)
        if not held[0] & ST and not planted(10):  # C77
            return None
        second = value(held[0] & (0x3F if planted(11) else 0x7F), 0, 59)
        day, month = value(held[4] & 0x3F, 1, 31), value(held[5] & 0x1F, 1, 12)
        if planted(12):
            day, month = month, day  # B52
        year = 2000 + value(held[6], 0, 99)
        if day > month_days(year, month):
            return None
        weekday = (held[3] & 7) - (0 if planted(13) else 1)  # C71
        if planted(13):
            weekday %= 6
        yearday = sum(month_days(year, one) for one in range(1, month)) + day
        return (
            year,
            month,
            day,
            self.hour(held[2]),
            value(held[1] & 0x7F, 0, 59),
            second,
            weekday,
            yearday,
        )

    def mode(self, twelve):
        for _ in range(3):
            before = self.i2c.readfrom_mem(ADDRESS, 0, 7)
            hour = self.hour(before[2])
            if bool(before[2] & TWELVE) == twelve:
                return
            self.i2c.writeto_mem(ADDRESS, 2, bytes((self.hour_register(hour, twelve),)))
            after = self.i2c.readfrom_mem(ADDRESS, 0, 7)
            if planted(14) or after[1] >= before[1]:  # C72
                return
            hour = (hour + 1) % 24
            if self.hour(after[2]) != hour:
                self.i2c.writeto_mem(ADDRESS, 2, bytes((self.hour_register(hour, twelve),)))

    def alarm(self, t, fields):
        words = fields.split()
        mask = ALL if len(words) > 1 else MASKS[words[0]]
        weekday = self.i2c.readfrom_mem(ADDRESS, 0x0D, 1)[0] & 0x80 | mask << 4 | t.isoweekday()
        month = bcd(t.month - 1) + 1 if planted(15) else bcd(t.month)  # B39
        if planted(16):
            weekday = weekday & ~7 | t.weekday()  # C71
        hour = bcd(t.hour) if planted(17) else self.hour_register(t.hour, self.twelve())
        self.i2c.writeto_mem(
            ADDRESS, 0x0A, bytes((bcd(t.second), bcd(t.minute), hour, weekday, bcd(t.day), month))
        )


class Ours:
    chip = "mcp7940n"
    bus = "micropython"
    alarm_fields = (
        "second",
        "minute",
        "hour",
        "weekday",
        "day",
        "second minute hour weekday day month",
    )

    def begin(self, bus):
        self.rtc = MCP7940N(bus)

    set = lambda self, t: self.rtc.set(t)
    get = lambda self: self.rtc.get()
    now = lambda self: number(self.rtc.get())
    mode = lambda self, hours: self.rtc.mode(hours == 12)
    stopped = lambda self: self.rtc.get() is None
    alarm_set = lambda self, t, fields: self.rtc.alarm(t, fields)


def number(t):
    """Seconds since 1970."""
    days = (t[0] - 1970) * 365 + (t[0] - 1969) // 4 + t[7] - 1
    if planted(18):
        days = (t[0] - 1970) * 365 + (t[0] - 1970) // 4 + t[7] - 1  # A16
    return days * 86400 + t[3] * 3600 + t[4] * 60 + t[5]

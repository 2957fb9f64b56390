"""Drivers that are right, whose declaration is not: a line each, before any law."""

from datetime import timedelta

from tests.driver_bench.drivers.right import Whole, bcd, plain

MAP = "second=0 minute=1 hour=2 day=4 month=5 weekday=3 year=6"


class OtherChip(Whole):
    """A DS1307 at 68h that is said to be a PCF8563 at 51h."""

    chip = "pcf8563"


class BeginsElsewhere(OtherChip):
    """It looks for its chip first, and refuses to begin without."""

    def begin(self, bench):
        super().begin(bench)
        bench.transfer(0x68, b"\0", 1)


class DecimalAddress(Whole):
    chip, registers, address = "map", MAP, 68


class SignOutside(Whole):
    chip, registers = "map", f"{MAP} still=0.80 doubt=F.80"


class AlarmOutside(Whole):
    chip, registers = "map", f"{MAP} size=8 alarm_minute=B"


class SinceOther(Whole):
    """Its register holds the years since 2004."""

    def get(self):
        year, *rest = super().get()
        return (year + 4, *rest)

    def set(self, t):
        super().set(t.replace(year=t.year - 4))


class LastCentury(Whole):
    def get(self):
        year, *rest = super().get()
        return (year - 100, *rest)

    def set(self, t):
        super().set(t.replace(year=t.year + 100))


class TwoDigits(Whole):
    def get(self):
        year, *rest = super().get()
        return (year % 100, *rest)


class DueInMinutes:
    due = lambda self, now, after: now + timedelta(minutes=after)


class DueDeclared(DueInMinutes):
    due_unit = 60


class OffInGet(Whole):
    """A mistake of its own: `get` alone is a year ahead."""

    def get(self):
        year, *rest = super().get()
        return (year + 1, *rest)


class NoDoubt(Whole):
    """Bit 7 of the seconds is the driver's own: its chip has no sign of doubt."""

    chip, registers = "map", MAP


class WordsInOrder(Whole):
    """It takes the words of an alarm as it declares them."""

    chip = "pcf8563"
    alarm_fields = "day hour minute", "hour minute"

    def begin(self, bench):
        self._bench = bench

    def set(self, t):
        weekday = t.isoweekday() % 7
        out = (t.second, t.minute, t.hour, t.day, weekday, t.month, t.year % 100)
        self._bench.transfer(0x51, bytes((2, *map(bcd, out))), 0)

    def get(self):
        second, minute, hour, day, _, month, year = self._bench.transfer(0x51, b"\2", 7)
        fields = (month & 0x1F, day & 0x3F, hour & 0x3F, minute & 0x7F, second & 0x7F)
        return (2000 + plain(year), *map(plain, fields))

    def alarm_set(self, t, fields):
        day = {"day hour minute": bcd(t.day), "hour minute": 0x80}[fields]
        self._bench.transfer(0x51, bytes((9, bcd(t.minute), bcd(t.hour), day, 0x80)), 0)


class Cannot(WordsInOrder):
    """It has no alarm by the day, and says so."""

    def alarm_set(self, t, fields):
        raise NotImplementedError("no alarm on this board")


class Mode12(Whole):
    """A DS1307 that knows both modes."""

    def begin(self, bench):
        self._bench = bench

    def _hours(self):
        return self._bench.transfer(0x68, b"\2", 1)[0]

    @staticmethod
    def _packed(hour, *, twelve):
        return 0x40 | (0x20 if hour >= 12 else 0) | bcd(hour % 12 or 12) if twelve else bcd(hour)

    @staticmethod
    def _hour(byte):
        if not byte & 0x40:
            return plain(byte & 0x3F)
        return plain(byte & 0x1F) % 12 + (12 if byte & 0x20 else 0)

    def mode(self, hours):
        byte = self._packed(self._hour(self._hours()), twelve=hours == 12)
        self._bench.transfer(0x68, bytes((2, byte)), 0)

    def set(self, t):
        super().set(t)

    def get(self):
        second, minute, hour, _, day, month, year = self._bench.transfer(0x68, b"\0", 7)
        date = (2000 + plain(year), plain(month), plain(day))
        return (*date, self._hour(hour), plain(minute), plain(second & 0x7F))


class BothWaysWrong(Mode12):
    """Noon becomes midnight one way, and the evening is lost the other way."""

    def mode(self, hours):
        hour = self._hour(self._hours())
        if hours == 12:
            byte = 0x40 | (0x20 if hour > 12 else 0) | bcd(hour % 12 or 12)
        else:
            byte = bcd(hour % 12)
        self._bench.transfer(0x68, bytes((2, byte)), 0)


class DecodesBackwards:
    """UTC is local time minus its offset, not plus."""

    standard = "cosem-date-time"
    _sign = 1

    def decode(self, raw):
        year, month, day = int.from_bytes(raw[:2], "big"), raw[2], raw[3]
        deviation = int.from_bytes(raw[9:11], "big", signed=True)
        if deviation == -0x8000:
            deviation = 0
        from datetime import datetime

        t = datetime(year, month, day, raw[5], raw[6], raw[7])
        return t - self._sign * timedelta(minutes=deviation)


class DecodesToUtc(DecodesBackwards):
    _sign = -1


class DecodesLocal(DecodesBackwards):
    _sign = 0

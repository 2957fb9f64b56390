"""Drivers that misbehave: they hang, wait for ever, raise, write elsewhere, end the process."""

import os
from contextlib import suppress


class Good:
    chip, bus, years = "ds1307", "transfer", (2000, 2099)

    def begin(self, bench):
        self.bench = bench

    def set(self, t):
        out = (t.second, t.minute, t.hour, t.isoweekday(), t.day, t.month, t.year % 100)
        self.bench.transfer(0x68, bytes((0, *(n // 10 << 4 | n % 10 for n in out))), 0)

    def get(self):
        held = [(n >> 4) * 10 + (n & 15) for n in self.bench.transfer(0x68, b"\0", 7)]
        return 2000 + held[6], held[5], held[4], held[2], held[1], held[0] % 80


class Hangs(Good):
    def get(self):
        while True:
            pass


class Drops(Good):
    """As where the bound meets a finaliser, which drops what is raised in it."""

    def get(self):
        with suppress(BaseException):
            while True:
                pass
        while True:
            pass


class Waits(Good):
    def get(self):
        while self.bench.transfer(0x68, b"\7", 1)[0] & 0x80 == 0:  # a bit that never comes
            pass


class Swallows(Good):
    def get(self):
        while True:
            with suppress(Exception):
                self.bench.transfer(0x68, b"\0", 7)


class Raises(Good):
    def get(self):
        raise RuntimeError("no time")


class Elsewhere(Good):
    def set(self, t):
        self.bench.transfer(0x50, b"\0\0", 0)


class Ends(Good):
    def get(self):
        os._exit(7)


class Falls(Good):
    def get(self):
        os.kill(os.getpid(), 11)


class Nonsense(Good):
    get = lambda self: "noon"


class DoesNotBegin(Good):
    def begin(self, bench):
        raise OSError("no such bus")


class Unknown:
    chop = "ds1307"


class NoChip:
    chip = "ds1309"


class NoRoutine:
    chip = "ds1307"
    gett = lambda self: None


class Zone:
    zone = "Europe/Bruxelles"
    local = lambda self, t: t


class TwoOfOne(Good):
    second_instance = True
    _shared = None

    def begin(self, bench):
        type(self)._shared = bench

    bench = property(lambda self: self._shared)


class Two(Good):
    second_instance = True


class Local:
    """A zone by a rule that forgot that southern summers end in the next year."""

    zone, years = "Australia/Sydney", (2010, 2030)

    def is_summer(self, t):
        return 4 <= t.month < 10


class Mapped(Good):
    """A DS1302 as its bytes come: the mode is bit 7 of the hours, the weekday after the month."""

    chip, address = "map", 0x68
    registers = (
        "second=0 minute=1 hour=2 day=3 month=4 weekday=5 year=6 size=9 twelve=80 pm=20"
        " doubt=0.80 still=0.80"
    )

    def set(self, t):
        out = (t.second, t.minute, t.hour, t.day, t.month, t.isoweekday(), t.year % 100)
        self.bench.transfer(0x68, bytes((0, *(n // 10 << 4 | n % 10 for n in out))), 0)

    def get(self):
        s, mi, h, d, mo, _, y = self.bench.transfer(0x68, b"\0", 7)
        hour = self._plain(h & 0x1F) % 12 + (12 if h & 0x20 else 0) if h & 0x80 else self._plain(h)
        return (
            2000 + self._plain(y),
            self._plain(mo),
            self._plain(d),
            hour,
            self._plain(mi),
            (self._plain(s & 0x7F)),
        )

    @staticmethod
    def _plain(n):
        return (n >> 4) * 10 + (n & 15)


class MaskedTwelve(Mapped):
    """It reads 12 AM as noon."""

    def get(self):
        s, mi, h, d, mo, _, y = self.bench.transfer(0x68, b"\0", 7)
        hour = self._plain(h & 0x1F) + (12 if h & 0x20 else 0) if h & 0x80 else self._plain(h)
        return (
            2000 + self._plain(y),
            self._plain(mo),
            self._plain(d),
            hour,
            self._plain(mi),
            (self._plain(s & 0x7F)),
        )


class NoMap(Good):
    chip, registers = "map", "second=0 minute=1"

"""Drivers that are right, in ways that a bench may take for wrong."""

import time


def bcd(n):
    return n // 10 << 4 | n % 10


def plain(n):
    return (n >> 4) * 10 + (n & 15)


class Words:
    """A clock inside a microcontroller."""

    chip, bus = "words-bcd", "transfer"

    def begin(self, bench):
        self._bench = bench

    def set(self, t):
        date = bcd(t.year % 100) << 16 | t.isoweekday() << 13 | bcd(t.month) << 8 | bcd(t.day)
        self._bench.poke(0, 0)
        self._bench.poke(1, date)
        self._bench.poke(0, bcd(t.hour) << 16 | bcd(t.minute) << 8 | bcd(t.second))

    def _read(self):
        date, now = self._bench.peek(1), self._bench.peek(0)
        return (
            2000 + plain(date >> 16 & 0xFF),
            plain(date >> 8 & 0x1F),
            plain(date & 0x3F),
            plain(now >> 16 & 0x3F),
            plain(now >> 8 & 0x7F),
            plain(now & 0x7F),
        )


class PartOfSecond(Words):
    """It reads the part of the second before and after: smaller means that a second ended."""

    def get(self):
        while True:
            before = self._bench.peek(2)
            read = self._read()
            if self._bench.peek(2) >= before:
                return read


class SamePart(Words):
    """It reads until the part of the second has not changed meanwhile, or by one step."""

    def get(self):
        while True:
            before = self._bench.peek(2)
            read = self._read()
            if self._bench.peek(2) - before in (0, 1):
                return read


class Announced:
    """A clock of a PC: where UIP is clear, no second ends for 244 µs, which is enough."""

    chip, bus = "mc146818", "transfer"

    def begin(self, bench):
        self._bench = bench

    def _cmos(self, register):
        return self._bench.transfer(0x70, bytes((register,)), 1)[0]

    def get(self):
        while self._cmos(0x0A) & 0x80:
            pass
        second, minute, hour, day, month, year = map(self._cmos, (0, 2, 4, 7, 8, 9))
        return (2000 + plain(year), *map(plain, (month, day, hour, minute, second)))

    def set(self, t):
        self._put(0x0B, self._cmos(0x0B) | 0x80)
        values = (t.second, t.minute, t.hour, t.isoweekday(), t.day, t.month, t.year % 100)
        for register, value in zip((0, 2, 4, 6, 7, 8, 9), values, strict=True):
            self._put(register, bcd(value))
        self._put(0x0B, self._cmos(0x0B) & 0x7F)

    def _put(self, register, byte):
        self._bench.transfer(0x70, bytes((register, byte)), 0)


class Whole:
    """A DS1307 that reads and writes in one access."""

    chip, bus = "ds1307", "transfer"

    def begin(self, bench):
        self._bench = bench

    def set(self, t):
        out = (t.second, t.minute, t.hour, t.isoweekday(), t.day, t.month, t.year % 100)
        self._bench.transfer(0x68, bytes((0, *map(bcd, out))), 0)

    def get(self):
        second, minute, hour, _, day, month, year = self._bench.transfer(0x68, b"\0", 7)
        fields = (month, day, hour & 0x3F, minute, second & 0x7F)
        return (2000 + plain(year), *map(plain, fields))


class Slow(Whole):
    """It waits a quarter of an hour before it reads, and for 0.7 s after it has set."""

    def get(self):
        time.sleep(900)
        return super().get()

    def set(self, t):
        super().set(t)
        time.sleep(0.7)


class Patient(Whole):
    """It gives a chip up to 300 ms to answer, by the clock of its own machine."""

    def get(self):
        began_s = time.monotonic()
        while time.monotonic() - began_s < 0.3:
            pass
        return super().get()


RIGHT = (PartOfSecond, SamePart, Announced, Whole, Slow, Patient)

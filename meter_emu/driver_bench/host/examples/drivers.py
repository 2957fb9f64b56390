"""A DS1307 on three buses of Python's, each with what declares it: a line a routine."""


def bcd(n):
    return n // 10 << 4 | n % 10


def plain(n):
    return (n >> 4) * 10 + (n & 15)


def packed(t):
    return bytes(
        map(bcd, (t.second, t.minute, t.hour, t.isoweekday(), t.day, t.month, t.year % 100))
    )


def moment(held):
    second, minute, hour, weekday, day, month, year = (plain(byte) for byte in held)
    return 2000 + year, month, day, hour, minute, second, weekday - 1


class MicroPython:
    chip, bus = "ds1307", "micropython"

    def begin(self, i2c):
        self.i2c = i2c

    set = lambda self, t: self.i2c.writeto_mem(0x68, 0, packed(t))
    get = lambda self: moment(self.i2c.readfrom_mem(0x68, 0, 7))


class Smbus:
    chip, bus = "ds1307", "smbus"

    def begin(self, smbus):
        self.smbus = smbus

    set = lambda self, t: self.smbus.write_i2c_block_data(0x68, 0, list(packed(t)))
    get = lambda self: moment(self.smbus.read_i2c_block_data(0x68, 0, 7))


class CircuitPython:
    chip, bus = "ds1307", "circuitpython"

    def begin(self, i2c):
        self.i2c = i2c

    set = lambda self, t: self.i2c.writeto(0x68, b"\0" + packed(t))

    def get(self):
        held = bytearray(7)
        self.i2c.writeto_then_readfrom(0x68, b"\0", held)
        return moment(held)

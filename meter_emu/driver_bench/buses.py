"""The bench as the buses that Python drivers are written for: a few lines each."""

from collections.abc import Sequence
from typing import Final, final

from meter_emu.driver_bench.clock_bench import ClockBench


def _whole(answer: bytes, count: int) -> bytes:
    """Return an answer that is complete; a bus of Python's has no other."""
    if len(answer) < count:
        raise OSError(5, f"{len(answer)} of {count} bytes were read")  # EIO
    return answer


@final
class CircuitPythonI2C:
    """CircuitPython's `busio.I2C`, which `adafruit_bus_device` and its drivers use."""

    def __init__(self, bench: ClockBench) -> None:
        self._bench: Final = bench
        self._locked = False

    def try_lock(self) -> bool:
        """Take the bus; whether it was free."""
        free = not self._locked
        self._locked = True
        return free

    def unlock(self) -> None:
        """Give the bus back."""
        self._locked = False

    def scan(self) -> list[int]:
        """Return the addresses that answer."""
        return [] if self._bench.silent else [self._bench.address]

    def writeto(
        self, address: int, buffer: bytes | bytearray, *, start: int = 0, end: int | None = None
    ) -> None:
        """Write in one access: the first byte is the register, the others go there and on."""
        self._bench.transfer(address, bytes(buffer[start:end]), 0)

    def readfrom_into(
        self, address: int, buffer: bytearray, *, start: int = 0, end: int | None = None
    ) -> None:
        """Fill the buffer in one access, from the register where the last access ended."""
        self.writeto_then_readfrom(address, b"", buffer, in_start=start, in_end=end)

    def writeto_then_readfrom(
        self,
        address: int,
        out_buffer: bytes | bytearray,
        in_buffer: bytearray,
        *,
        out_start: int = 0,
        out_end: int | None = None,
        in_start: int = 0,
        in_end: int | None = None,
    ) -> None:
        """Write the register and read from it in one access, with a repeated START between."""
        wanted = range(len(in_buffer))[in_start:in_end]
        answer = self._bench.transfer(address, bytes(out_buffer[out_start:out_end]), len(wanted))
        in_buffer[wanted.start : wanted.stop] = _whole(answer, len(wanted))


@final
class MicroPythonI2C:
    """MicroPython's `machine.I2C`."""

    def __init__(self, bench: ClockBench) -> None:
        self._bench: Final = bench

    def scan(self) -> list[int]:
        """Return the addresses that answer."""
        return [] if self._bench.silent else [self._bench.address]

    def writeto(self, addr: int, buf: bytes | bytearray, stop: bool = True) -> int:  # noqa: ARG002
        """Write in one access; return how many bytes were acknowledged."""
        self._bench.transfer(addr, bytes(buf), 0)
        return len(buf)

    def writevto(self, addr: int, vector: Sequence[bytes | bytearray], stop: bool = True) -> int:
        """Write several buffers in one access."""
        return self.writeto(addr, b"".join(bytes(one) for one in vector), stop)

    def readfrom(self, addr: int, nbytes: int, stop: bool = True) -> bytes:  # noqa: ARG002
        """Read in one access, from the register where the last one ended."""
        return _whole(self._bench.transfer(addr, b"", nbytes), nbytes)

    def readfrom_into(self, addr: int, buf: bytearray, stop: bool = True) -> None:
        """Fill a buffer in one access."""
        buf[:] = self.readfrom(addr, len(buf), stop)

    def readfrom_mem(self, addr: int, memaddr: int, nbytes: int, *, addrsize: int = 8) -> bytes:
        """Read registers in one access."""
        assert addrsize == 8, "registers of these chips have one byte"
        return _whole(self._bench.transfer(addr, bytes((memaddr,)), nbytes), nbytes)

    def readfrom_mem_into(
        self, addr: int, memaddr: int, buf: bytearray, *, addrsize: int = 8
    ) -> None:
        """Fill a buffer from registers in one access."""
        buf[:] = self.readfrom_mem(addr, memaddr, len(buf), addrsize=addrsize)

    def writeto_mem(
        self, addr: int, memaddr: int, buf: bytes | bytearray, *, addrsize: int = 8
    ) -> None:
        """Write registers in one access."""
        assert addrsize == 8, "registers of these chips have one byte"
        self._bench.transfer(addr, bytes((memaddr,)) + bytes(buf), 0)


@final
class Smbus:
    """`smbus2.SMBus`, as programs on Linux use it: the calls of SMBus and of I²C blocks."""

    def __init__(self, bench: ClockBench) -> None:
        self._bench: Final = bench

    def __enter__(self) -> "Smbus":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close nothing."""

    def write_quick(self, i2c_addr: int, force: bool | None = None) -> None:  # noqa: ARG002
        """Write no byte."""
        self._bench.transfer(i2c_addr, b"", 0)

    def read_byte(self, i2c_addr: int, force: bool | None = None) -> int:  # noqa: ARG002
        """Read a byte from where the last access ended."""
        return _whole(self._bench.transfer(i2c_addr, b"", 1), 1)[0]

    def write_byte(self, i2c_addr: int, value: int, force: bool | None = None) -> None:  # noqa: ARG002
        """Write a byte: the register of the next access."""
        self._bench.transfer(i2c_addr, bytes((value,)), 0)

    def read_byte_data(self, i2c_addr: int, register: int, force: bool | None = None) -> int:
        """Read a register."""
        return self.read_i2c_block_data(i2c_addr, register, 1, force)[0]

    def write_byte_data(
        self, i2c_addr: int, register: int, value: int, force: bool | None = None
    ) -> None:
        """Write a register."""
        self.write_i2c_block_data(i2c_addr, register, [value], force)

    def read_word_data(self, i2c_addr: int, register: int, force: bool | None = None) -> int:
        """Read two registers, the lower one first."""
        low, high = self.read_i2c_block_data(i2c_addr, register, 2, force)
        return high << 8 | low

    def write_word_data(
        self, i2c_addr: int, register: int, value: int, force: bool | None = None
    ) -> None:
        """Write two registers, the lower one first."""
        self.write_i2c_block_data(i2c_addr, register, [value & 0xFF, value >> 8 & 0xFF], force)

    def read_i2c_block_data(
        self,
        i2c_addr: int,
        register: int,
        length: int,
        force: bool | None = None,  # noqa: ARG002
    ) -> list[int]:
        """Read registers in one access; 32 at most, as Linux does."""
        if not 0 < length <= 32:
            raise ValueError(f"expected 1 to 32 bytes, got {length}")
        return list(_whole(self._bench.transfer(i2c_addr, bytes((register,)), length), length))

    def write_i2c_block_data(
        self,
        i2c_addr: int,
        register: int,
        data: Sequence[int],
        force: bool | None = None,  # noqa: ARG002
    ) -> None:
        """Write registers in one access; 32 at most."""
        if len(data) > 32:
            raise ValueError(f"expected 32 bytes at most, got {len(data)}")
        self._bench.transfer(i2c_addr, bytes((register, *data)), 0)


def bus_for(kind: str, bench: ClockBench) -> object:
    """Return what the `begin` of a Python driver is given."""
    match kind:
        case "circuitpython":
            return CircuitPythonI2C(bench)
        case "micropython":
            return MicroPythonI2C(bench)
        case "smbus":
            return Smbus(bench)
    return bench

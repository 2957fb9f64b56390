"""One clock chip on a bench: a bus with one primitive, and one clock that every byte advances.

`transfer` is what any bus comes down to: bytes out, then bytes in, in one chip access. `peek` and
`poke` are for clocks inside a microcontroller, a word each. Before each access the `hook` is
called: a law lets the chip's second end there. A chip can be `silent`, or answer `short`.

Nothing in it is at a round instant, since nothing on a board is: a second ends a part of one after
a routine began, and the program sees it a part of one later.
"""

import errno
from collections.abc import Callable
from typing import Final, NamedTuple, final

from meter_emu.driver_bench.chips import BENCH_CHIPS, ChipRow, WordClock
from meter_emu.errors import ConfigError
from meter_emu.hardware.oscillator import Oscillator
from meter_emu.hardware.rtc.calendar_chip import CalendarChip, ChipCalendar
from meter_emu.nearest import hint

_COUNT_MAX: Final = 4_096  # ours: bytes of one access; no clock has as many registers
LOOK_US: Final = 10  # ours: a look at the time takes some itself, so a loop of them ends
_BOOT_US: Final = 3_141_593  # ours: a program has run for a while when its clock is first asked
_LATE: Final = 3  # ours: a program is late by a third of the part of the second that it has seen
ACCESSES_MAX: Final = 20_000  # ours: in one call; a driver that waits for longer waits for ever


class NoEndError(BaseException):
    """A driver goes on and on; no `except Exception` of its own can swallow this."""


class GoneError(NoEndError):
    """A driver in a program of its own ended with it."""


class BenchFaultError(BaseException):
    """A mistake of the bench: no driver can swallow it, and none is accused of it."""


@final
class BusAccess(NamedTuple):
    """One access as it was: bytes for a transfer, a register and a word for a peek or a poke."""

    at_us: int
    address: int  # -1 for a word
    register: int
    out: bytes
    answer: bytes | None  # None: nobody answered
    ticked: bool  # whether a second ended just before


@final
class ClockBench:
    """A clock chip on an I²C bus, for a driver alone; all times are true microseconds.

    `chip` is the chip, `now_us` true time since the bench began, `pointer` the chip's register
    pointer. Faults are set from outside: `silent`, it does not acknowledge; `short`, it sends half
    of what is read; `noise`, bits that reads show besides, register by register; `hook` is called
    at each access. `accesses` counts them in a call of the driver, which is `bounded` where it may
    have no end; `log`, if it is a list, has each.

    Args:
        name: The chip's name, as `meter-emu verify --driver` takes it, or its row.
        address: Its seven bits on the bus, if other than the usual ones.
        byte_us: How long a byte takes on the bus, in µs, if other than the usual.

    Raises:
        ConfigError: No chip has that name.
    """

    def __init__(
        self, name: str | ChipRow, address: int | None = None, *, byte_us: int | None = None
    ) -> None:
        if isinstance(name, str) and name not in BENCH_CHIPS:
            why = f"no chip {name!r}{hint(name, BENCH_CHIPS)}; there are {', '.join(BENCH_CHIPS)}"
            raise ConfigError("driver", "chip", why)
        row = BENCH_CHIPS[name] if isinstance(name, str) else name
        self.chip: Final[CalendarChip] = row.chip(ChipCalendar(), Oscillator())
        self.address: Final = row.address if address is None else address
        self.byte_us: Final = row.byte_us if byte_us is None else byte_us
        self.now_us = _BOOT_US
        self._promise: Final = row.promise
        self._calm_until_us = 0
        self._marked_us = _BOOT_US
        self.pointer = 0
        self.silent = False
        self.short = False
        self.noise = b""  # bits that reads show besides, register by register
        self.hook: Callable[[], None] | None = None
        self.accesses = 0
        self.bounded = False  # in a call of a driver that may have no end
        self.log: list[BusAccess] | None = None
        self._ticked = False

    def transfer(self, address: int, out: bytes, count: int) -> bytes:
        """Write to the chip, then read from it, in one access; return what was read.

        Fewer bytes come back where the chip answers short.

        Args:
            address: Seven bits of the bus address.
            out: Bytes to send; the first is the number of a register.
            count: How many bytes to read afterwards, 0 for none.

        Raises:
            OSError: Nobody answers at that address, or more bytes are wanted than one access
                carries.
            NoEndError: The driver has made more accesses in one call than any has use for.
            BenchFaultError: The emulated chip failed: a mistake of ours, or a hook that raised.
        """
        sent = bytes(out)
        if len(sent) > _COUNT_MAX or not 0 <= count <= _COUNT_MAX:
            raise OSError(errno.EINVAL, f"expected at most {_COUNT_MAX} bytes in one access")
        self._access()
        if sent and address == self.address:
            self.pointer = sent[0]
        register, start_us = self.pointer, self.now_us
        self.now_us += (1 + len(sent) + (count + 1 if count else 0)) * self.byte_us
        try:
            answer = self._answer(sent, count, start_us) if address == self.address else None
        except Exception as error:
            raise BenchFaultError(f"{type(error).__name__}: {error}") from error
        self._note(address, register, sent, answer)
        if answer is None:
            raise OSError(errno.ENODEV, f"no chip answers at address {address:02X}h")
        return answer

    def peek(self, register: int) -> int:
        """Return the word at `register` of a clock inside a microcontroller, read in one access.

        Raises:
            OSError: The chip is none of a microcontroller.
            NoEndError: The driver has made more accesses in one call than any has use for.
        """
        clock = self._words()
        self._access()
        self.now_us += self.byte_us
        clock.advance(self.now_us)
        word = clock.peek(register)
        self._note(-1, register, b"", word.to_bytes(4, "big"))
        return word

    def poke(self, register: int, word: int) -> None:
        """Write the 32-bit `word` to `register` of a clock inside a microcontroller, in one access.

        Raises:
            OSError: The chip is none of a microcontroller.
            NoEndError: The driver has made more accesses in one call than any has use for.
        """
        clock = self._words()
        self._access()
        self.now_us += self.byte_us
        clock.advance(self.now_us)
        clock.poke(register, word & 0xFFFF_FFFF)
        self._note(-1, register, (word & 0xFFFF_FFFF).to_bytes(4, "big"), b"")

    def tick(self) -> None:
        """Go past the moment at which the chip's own next second begins, if it counts.

        That is by less than a second, so a part of the second that was read before says so; and no
        chip is passed over that has just promised to stay as it is.
        """
        self.chip.advance(self.now_us)
        wait_us = self.chip.oscillator.us_until(1)
        if wait_us is not None and self.now_us >= self._calm_until_us:
            self.now_us += wait_us + self.phase_us // _LATE
            self.chip.advance(self.now_us)
            self._ticked = True

    @property
    def phase_us(self) -> int:
        """The part of the chip's second that has passed as of its last access, in µs."""
        return self.chip.oscillator.phase // 10**9

    def mark(self) -> None:
        """Count the chip's seconds from here."""
        self._marked_us = self.now_us - self.phase_us

    @property
    def ended(self) -> int:
        """How many of the chip's seconds have ended since the mark, or fewer after a set."""
        return (self.now_us - self._marked_us) // 1_000_000

    def wait(self, us: int) -> None:
        """Let `us` microseconds of true time pass."""
        self.now_us += max(0, us)
        self.chip.advance(self.now_us)

    def quiet(self) -> None:
        """Answer as a chip does, call no hook, count a call's accesses from 0, up to the bound."""
        self.bounded = True
        self.silent = self.short = False
        self.noise = b""
        self.hook = None
        self.accesses = 0
        self._ticked = False

    def forget(self) -> None:
        """Forget the accesses that were noted so far: what follows is the case itself."""
        if self.log is not None:
            self.log.clear()

    def _answer(self, sent: bytes, count: int, start_us: int) -> bytes | None:
        if self.silent:
            return None
        if len(sent) > 1:
            turn_us = start_us + (1 + len(sent)) * self.byte_us
            self.chip.write(self.pointer, sent[1:], start_us, turn_us)
            self._move(len(sent) - 1)
            start_us = turn_us
        if not count:
            return b""
        got = self.chip.read(self.pointer, count, start_us, self.now_us)
        at = self._promise.register - self.pointer
        if 0 <= at < count and not got[at] & self._promise.mask:
            self._calm_until_us = self.now_us + self._promise.before_us
        if self.noise:
            held = len(self.noise)
            got = bytes(
                byte | self.noise[(self.pointer + at) % held] for at, byte in enumerate(got)
            )
        if self.short:
            return got[: count // 2]
        self._move(count)
        return got

    def _access(self) -> None:
        self.accesses += 1
        if self.bounded and self.accesses > ACCESSES_MAX:
            raise NoEndError(f"more than {ACCESSES_MAX:,} accesses in one call")
        if self.hook is not None:
            self.hook()
        self.chip.advance(self.now_us)

    def _words(self) -> WordClock:
        if not isinstance(self.chip, WordClock):
            raise OSError(errno.ENODEV, "this chip is on a bus: it has no words to peek at")
        return self.chip

    def _move(self, count: int) -> None:
        self.pointer = (self.pointer + count) % len(self.chip.registers)

    def _note(self, address: int, register: int, out: bytes, answer: bytes | None) -> None:
        if self.log is not None:
            self.log.append(BusAccess(self.now_us, address, register, out, answer, self._ticked))
        self._ticked = False

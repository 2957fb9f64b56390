"""What passes between a program and its memory, clock chip and card, for who looks on.

A `BusLog` stands between the program and its ports (`Bench.overhear`) and hands every call on. It
keeps the accesses of the last poll, and of the memory every write, with the command to the card
that came before it in the same poll: so from a wrong byte one finds who brought it.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import dropwhile, takewhile
from typing import Any, Final, cast, final

from card_protocol.trace import hide
from meter_emu.ports import Ports
from meter_emu.world.meter.bench import Bench

OVERHEARD_MAX: Final = 2_000  # ours: a card session makes some 300
WRITES_MAX: Final = 20_000  # ours: years of a quiet meter
COMMANDS_MAX: Final = 5_000


@final
@dataclass(frozen=True, slots=True)
class HeardAccess:
    """Bytes of the clock chip or the memory that were read or written at a true instant.

    `exchange` is the number of the last command to the card in this poll, `None` before any.
    """

    at_us: int
    poll: int
    chip: str
    at: int
    data: bytes
    writes: bool
    exchange: int | None = None


@final
@dataclass(frozen=True, slots=True)
class CardExchange:
    """A command to the card and its answer, with its number in the sitting."""

    number: int
    at_us: int
    poll: int
    command: bytes
    answer: bytes

    @property
    def shown(self) -> tuple[str, str]:
        """Command and answer in hexadecimal, without what may be secret."""
        return hide(self.command, self.answer)


@final
class BusLog:
    """The accesses of one bench's program."""

    def __init__(self, bench: Bench) -> None:
        self._bench: Final = bench
        self._accesses: deque[HeardAccess] = deque(maxlen=OVERHEARD_MAX)
        self._writes: deque[HeardAccess] = deque(maxlen=WRITES_MAX)
        self._exchanges: deque[CardExchange] = deque(maxlen=COMMANDS_MAX)
        self._count = 0

    def between(self, ports: Ports) -> Ports:
        """Return ports that are these, overheard."""
        return cast("Ports", _Overheard(ports, self))

    def accessed(self, chip: str, at: int, data: bytes, *, writes: bool) -> None:
        """Record an access."""
        last = self._exchanges[-1] if self._exchanges else None
        poll, now_us = self._bench.polls, self._bench.board.now_us
        brought = last.number if last is not None and last.poll == poll else None
        if self._accesses and now_us < self._accesses[-1].at_us:
            return  # it is known: time has gone back, and this happens again
        access = HeardAccess(now_us, poll, chip, at, data, writes, brought)
        self._accesses.append(access)
        if writes and chip == "eeprom":
            self._writes.append(access)

    def exchanged(self, command: bytes, answer: bytes) -> None:
        """Record a command to the card and its answer."""
        self._count += 1
        bench = self._bench
        if self._exchanges and bench.board.now_us < self._exchanges[-1].at_us:
            return
        self._exchanges.append(
            CardExchange(self._count, bench.board.now_us, bench.polls, command, answer)
        )

    def last_poll(self) -> list[HeardAccess]:
        """Return the accesses of the last poll up to the present that had any, in order."""
        now_us = self._bench.board.now_us
        so_far = dropwhile(lambda one: one.at_us > now_us, reversed(self._accesses))
        last = next(so_far, None)
        if last is None:
            return []
        return [last, *takewhile(lambda one: one.poll == last.poll, so_far)][::-1]

    def exchanges_of(self, poll: int) -> list[CardExchange]:
        """Return the commands to the card in one poll, in order."""
        return [one for one in self._exchanges if one.poll == poll]

    def writer_of(
        self, places: Sequence[int], size_bytes: int, until_us: int
    ) -> HeardAccess | None:
        """Return the write that stored what a field of the memory holds at an instant.

        A record may have copies at several places and be written whole: writes that left the field
        as it was are passed over.
        """
        stored: HeardAccess | None = None
        value = b""
        for write, written in self._into(places, size_bytes, until_us):
            if stored is not None and written != value:
                break
            stored, value = write, written
        return stored

    def _into(
        self, places: Sequence[int], size_bytes: int, until_us: int
    ) -> Iterator[tuple[HeardAccess, bytes]]:
        """Yield the writes of a whole field and what they wrote there, the newest first."""
        for one in reversed(self._writes):
            for at in places:
                offset = at - one.at
                if one.at_us <= until_us and 0 <= offset <= len(one.data) - size_bytes:
                    yield one, one.data[offset : offset + size_bytes]

    def forget_what_is_ahead(self) -> None:
        """Forget what came after the present: time has gone back, and something else happens."""
        now_us = self._bench.board.now_us
        for kept in (self._accesses, self._writes, self._exchanges):
            while kept and kept[-1].at_us > now_us:
                kept.pop()


@final
class _Overheard:
    """Ports that tell a `BusLog` what passes, and are otherwise those they stand for."""

    def __init__(self, ports: Ports, log: BusLog) -> None:
        self._ports: Final = ports
        self._log: Final = log

    def rtc_read(self, at: int, count: int) -> bytes | None:
        """See `Ports`."""
        raw = self._ports.rtc_read(at, count)
        if raw is not None:
            self._log.accessed("rtc", at, raw, writes=False)
        return raw

    def rtc_write(self, at: int, data: bytes) -> None:
        """See `Ports`."""
        self._log.accessed("rtc", at, bytes(data), writes=True)
        self._ports.rtc_write(at, data)

    def eeprom_read(self, at: int, count: int) -> bytes | None:
        """See `Ports`."""
        raw = self._ports.eeprom_read(at, count)
        if raw is not None:
            self._log.accessed("eeprom", at, raw, writes=False)
        return raw

    def eeprom_write(self, at: int, data: bytes) -> bool:
        """See `Ports`."""
        taken = self._ports.eeprom_write(at, data)
        if taken:
            self._log.accessed("eeprom", at, bytes(data), writes=True)
        return taken

    def card_exchange(self, command: bytes) -> bytes:
        """See `Ports`."""
        answer = self._ports.card_exchange(command)
        self._log.exchanged(bytes(command), answer)
        return answer

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else a port is
        return getattr(self._ports, name)

"""What was found: as data, as the dialogue of a bus with each byte explained."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, final

from meter_emu.driver_bench.chips import WordClock
from meter_emu.driver_bench.clock_bench import BusAccess
from meter_emu.driver_bench.declared import Declared
from meter_emu.driver_bench.examine import Found, LawResult
from meter_emu.driver_bench.law import FindingRank
from meter_emu.hardware.rtc.calendar_chip import BitsKind, CalendarChip, counters

_WRONG: Final = FindingRank.WRONG_DATE
_SHOWN_MAX: Final = 16  # ours: bytes of one access that are explained


@final
@dataclass(frozen=True)
class DriverReport:
    """The laws, in order, and what each found."""

    driver: str
    declared: Declared
    seed: int
    examined: tuple[LawResult, ...]

    def of_rank(self, rank: FindingRank) -> list[tuple[LawResult, Found]]:
        """Return the findings of one rank."""
        return [(one, found) for one in self.examined for found in one.found if found.rank is rank]

    @property
    def wrong(self) -> bool:
        """Whether any law of the first rank is broken."""
        return bool(self.of_rank(FindingRank.WRONG_DATE))

    @property
    def nothing_checked(self) -> str | None:
        """Why no law was tried, if none was: the first reason."""
        tried = any(one.tries or one.found for one in self.examined)
        return None if tried else next((one.lacks for one in self.examined if one.lacks), "no try")

    def lines(self) -> str:
        """Return the wrong dates, a line each."""
        return "\n".join(f"{one.law_id}: {found.words}" for one, found in self.of_rank(_WRONG))


def dialogue(declared: Declared, found: Found) -> Iterator[str]:
    """Yield the lines of a dialogue, each byte with what it means."""
    if not declared.chip:
        return
    chip = declared.row.chip
    began_us = found.log[0].at_us if found.log else 0
    for access in found.log:
        if access.ticked:
            yield "-- a second ends --"
        yield from _explained(chip, access, access.at_us - began_us)


def _explained(chip: type[CalendarChip], access: BusAccess, at_us: int) -> Iterator[str]:
    at = f"{at_us / 1_000_000:12.6f} s"
    if access.address < 0:
        names = chip.WORD_NAMES if issubclass(chip, WordClock) else ()
        name = names[access.register] if access.register < len(names) else "no such word"
        arrow, word = ("<-", access.out) if access.out else ("->", access.answer or b"")
        yield f"{at}  word {access.register} ({name}) {arrow} {word.hex()}h"
        return
    said = f"{at}  {access.address:02X}h"
    if access.answer is None:
        yield f"{said}  {access.out.hex(' ') or 'no bytes'}: nobody answers"
        return
    yield f"{said}  register {access.register:02X}h"
    for arrow, data in (("<-", access.out[1:]), ("->", access.answer)):
        for place, byte in enumerate(data[:_SHOWN_MAX]):
            register = (access.register + place) % len(chip.RESET)
            yield f"{'':14}    {arrow} {byte:02x}  {byte_meaning(chip, register, byte)}"


def byte_meaning(chip: type[CalendarChip], register: int, byte: int) -> str:
    """Return what a byte of a register says: its counter, its flags that are set."""
    words = []
    counted = counters(chip).get(register)
    if counted is not None:
        mask, counter = counted
        bits = byte & mask
        if register == chip.HOURS and byte & chip.TWELVE_HOUR:
            bits &= ~chip.PM
            words.append("PM" if byte & chip.PM else "AM")
        name = "" if not counter.names or bits >= len(counter.names) else f" {counter.names[bits]}"
        words.insert(0, f"{counter.unit} {bits:02x}{name}")
    for bits_ in chip.TABLE:
        if bits_.register == register and byte & bits_.mask and bits_.kind is not BitsKind.UNUSED:
            if bits_.kind is BitsKind.FLAG:
                words.append(f"{bits_.symbol}: {bits_.says}")
            elif counted is None or bits_.kind is BitsKind.NOT_MODELLED:
                value = (byte & bits_.mask) >> bits_.low
                words.append(f"{bits_.symbol} {value:x}h")
    return f"{chip.REGISTER_NAMES[register]}: {', '.join(words) or 'all bits 0'}"

"""What a meter's program may touch: the board as an interface of blocking calls.

Any program that speaks these calls can be the device under test. It never receives a time: it has
an RTC to read over I²C and a tick counter that starts anywhere and wraps. Each call takes its
stated time on the board and may raise `PowerLost`; a part's *answer* (a NACK, an absent card) is a
value. `docs/ports.md` has the same list for C.
"""

from dataclasses import dataclass
from enum import IntEnum, IntFlag, unique
from typing import Final, Protocol, final

TICKS_WRAP: Final = 2**32  # what `ticks_ms` counts to


@final
class Button(IntFlag):
    """The buttons on the panel; a bit is set when its button was pressed since the last look."""

    BLUE = 0x01  # scrolls the display (domain: ORES brochure, "bouton bleu"); held, re-arms gas
    RED = 0x02  # electricity: emergency credit, reconnection (domain: synonyme-du-mot.com)


@final
class Lamp(IntFlag):
    """The lamps and the flashing triangle."""

    CREDIT_EXHAUSTED = 0x01  # the flashing triangle
    RECONNECT = 0x02  # ours: a person may reconnect now, by the button the display names
    FAULT = 0x04
    CLOCK_DOUBTED = 0x08  # ours: the meter does not trust its clock; dated orders wait


@final
@unique
class ResetCause(IntEnum):
    """Why the program last started; read once, then `NONE`, as a reset-status register reads."""

    NONE = 0
    POWER_ON = 1


@final
@dataclass(frozen=True, slots=True)
class Sleep:
    """A program's hint: polls before this moment would do nothing.

    `until_second` is a second of the *RTC's* day, 1 to 86400 (86400 is its next midnight), so no
    calendar is in it; it lies after the second the program read in this poll. `until_units` is a
    reading of the register, or `None`. Whichever comes first ends the sleep; so do a card and a
    key.
    """

    until_second: int
    until_units: int | None = None


SECONDS_A_DAY: Final = 86_400


class Ports(Protocol):
    """The calls. Integers are unsigned unless said; sizes and addresses are in bytes.

    The *switch* is the contactor of an electricity meter or the valve of a gas meter; *on* means
    that energy can pass. A *unit* is a watt-hour of electricity or a cubic decimetre of gas.
    """

    def rtc_read(self, at: int, count: int) -> bytes:
        """Read `count` registers from `at` in one I²C access: latched inside, torn between."""
        ...

    def rtc_write(self, at: int, data: bytes) -> None:
        """Write registers from `at` in one I²C access; a cut inside leaves the first ones new."""
        ...

    def eeprom_read(self, at: int, count: int) -> bytes | None:
        """Read cells; `None` is a NACK: the part is still busy with its last write."""
        ...

    def eeprom_write(self, at: int, data: bytes) -> bool:
        """Send one page write and return at its STOP; `False` is a NACK: busy, nothing was taken.

        The self-timed cycle starts at STOP. An address running past the page wraps inside it.
        """
        ...

    def card_present(self) -> bool:
        """Whether a card was put in and has not been served yet (see `card_done`)."""
        ...

    def card_power(self, on: bool) -> bytes:
        """Power the card contacts; the ATR, or empty when off or when nothing answers."""
        ...

    def card_exchange(self, command: bytes) -> bytes:
        """Send one C-APDU and return the R-APDU, at least two bytes.

        Raise `card_protocol.errors.LinkError` when the card is gone or does not answer.
        """
        ...

    def card_done(self) -> None:
        """Clear the insertion latch: one session an insertion. Power-up with a card in sets it."""
        ...

    def switch_drive(self, on: bool) -> None:
        """Drive the latching switch. A cut inside leaves either position; a valve, or between."""
        ...

    def switch_on(self) -> bool:
        """The *actual* position: whether energy can pass. A valve between its ends is on."""
        ...

    def limiter_set(self, ampere: int) -> None:
        """Set the current limiter; 0 is no limit. Volatile: off after a reset. A valve has none."""
        ...

    def metrology_units(self) -> int:
        """The register in Wh or dm³: non-volatile, free-running, 32 bits, wraps."""
        ...

    def flowing(self) -> bool:
        """Whether anything flows through the switch at this moment."""
        ...

    def buttons(self) -> Button:
        """The buttons pressed since the last call; reading clears."""
        ...

    def button_held_ms(self, button: Button) -> int:
        """How long a button was held when it was last pressed; 0 after a reset."""
        ...

    def wait_ms(self, duration_ms: int) -> None:
        """Rest for a time; return early when something begins to flow or a button is pressed."""
        ...

    def display(self, text: str) -> None:
        """Show up to 64 ASCII characters until the next call; survives nothing."""
        ...

    def lamps(self, lamps: Lamp) -> None:
        """Set all lamps."""
        ...

    def beep(self, duration_ms: int) -> None:
        """Sound the buzzer; returns at once."""
        ...

    def ticks_ms(self) -> int:
        """Milliseconds since some moment before reset, 32 bits, wraps after 49.7 days."""
        ...

    def reset_cause(self) -> ResetCause:
        """Why the program started; the first read after a reset says it, later ones are `NONE`."""
        ...


class Firmware(Protocol):
    """A meter's program. Everything it must remember between polls lies in the EEPROM and RTC."""

    def poll(self) -> Sleep | None:
        """Run once: see what is due, serve a waiting card and keys, drive the outputs, return.

        `None` asks to be polled again at the model's cadence.
        """
        ...

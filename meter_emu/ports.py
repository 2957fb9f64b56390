"""What a meter's program may touch: the board as an interface of blocking calls.

Any program that speaks these calls can be the device under test. It never receives a time: it has
an RTC to read over I²C and a tick counter that starts anywhere and wraps. Each call takes its
stated time on the board and may raise `PowerLost`; a part's *answer* (a NACK, an absent card) is a
value.

`Ports` is the one table of the calls: each is a method, with its row above it for C, for the frames
that carry it, and for its cost. `meter_ports.h`, what `hosted` does and the tables of
`docs/ports.md` are made from it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntFlag
from typing import Final, Literal, Protocol, TypeAlias, TypeVar, final

VERSION: Final = 3  # of the calls and their frames: METER_PORTS_VERSION of meter_ports.h
TICKS_WRAP: Final = 2**32  # what `ticks_ms` counts to


@final
class Button(IntFlag):
    """The buttons on the panel; a bit is set when its button was pressed since the last look.

    `BLUE` scrolls the display; held, it re-arms a gas meter. `RED` asks for emergency credit and
    for reconnection.
    """

    BLUE = 0x01  # scrolls the display (domain: ORES brochure, "bouton bleu"); held, re-arms gas
    RED = 0x02  # electricity: emergency credit, reconnection (domain: synonyme-du-mot.com)


ButtonName: TypeAlias = Literal["red", "blue"]  # as files name them: a test has them all


@final
class Lamp(IntFlag):
    """The lamps and the flashing triangle.

    `CREDIT_EXHAUSTED` is the triangle. `RECONNECT`: a person may reconnect now, by the button that
    the display names. `FAULT`: the meter is faulty. `CLOCK_DOUBTED`: it does not trust its clock,
    and dated orders wait.
    """

    CREDIT_EXHAUSTED = 0x01  # the flashing triangle
    RECONNECT = 0x02  # ours: a person may reconnect now, by the button the display names
    FAULT = 0x04
    CLOCK_DOUBTED = 0x08  # ours: the meter does not trust its clock; dated orders wait


@final
class ResetCause(IntFlag):
    """Why the program started: a bit for each cause, as in a reset-status register.

    Several may be set. Reading clears all, so a program that finds one has just been started. A
    board of ours gives `POWER_ON` alone; a program does well to treat every cause alike.
    `BROWN_OUT` is a supply that sagged, `WATCHDOG` a program that did not come back, `PIN` the
    reset pin, `SOFTWARE` the program's own wish.
    """

    POWER_ON = 0x01
    BROWN_OUT = 0x02  # the supply sagged, and RAM may be lost
    WATCHDOG = 0x04
    PIN = 0x08  # the reset pin
    SOFTWARE = 0x10


@final
@dataclass(frozen=True, slots=True)
class Sleep:
    """A program's hint: polls before this moment would do nothing.

    `until_second` is a second of the *RTC's* day, 1 to 86400 (86400 is its next midnight), so no
    calendar is in it; it lies after the second the program read in this poll. `None` is for a
    program that reads no clock. `until_units` is a reading of the register, in Wh or dm³, or
    `None`. Whichever comes first ends the sleep; so do a card and a key.
    """

    until_second: int | None
    until_units: int | None = None


SECONDS_A_DAY: Final = 86_400


@final
@dataclass(frozen=True, slots=True)
class PortCall:
    """What a call is besides its method: its frame, its form in C and its cost.

    `number` names it in frames, for ever. `sends` and `answers` are the words of a frame's data and
    of its answer: `u8`, `u16`, `u32` (little-endian), `flag` (a byte, 0 or 1), and `bytes` or
    `text`, which is the rest. `answers` is `None` for a call without an answer: it travels with the
    next that has one. After `flag bytes` of 0 comes nothing: `None`, or a `LinkError`. `c` is the
    result and the parameters in C, `note` what who writes C has to know. `cost` is in µs, over the
    parameters, the `answer` and the constants of `docs/ports-costs.md`.
    """

    number: int
    sends: str
    answers: str | None
    c: str
    cost: str
    note: str


_MethodT = TypeVar("_MethodT", bound=Callable[..., object])
_calls: Final[dict[str, PortCall]] = {}


def _row(
    number: int,
    sends: str,
    answers: str | None,
    c: str,
    *,
    cost: str = "REGISTER_US",
    note: str = "",
) -> Callable[[_MethodT], _MethodT]:
    """Make a method of `Ports` a row of the table."""

    def marked(method: _MethodT) -> _MethodT:
        assert number not in {call.number for call in _calls.values()}, "a number is one call's"
        _calls[method.__name__] = PortCall(number, sends, answers, c, cost, note)
        return method

    return marked


class Ports(Protocol):
    """The calls. Integers are unsigned unless said; sizes and addresses are in bytes.

    The *switch* is the contactor of an electricity meter or the valve of a gas meter; *on* means
    that energy can pass. A *unit* is a watt-hour of electricity or a cubic decimetre of gas.
    """

    @_row(
        1, "u8 u8", "flag bytes", "bool (uint8_t at, uint8_t *data, uint8_t count)",
        cost="(3 + count) * RTC_BYTE_US",
        note="false: NACK, and data as it was",
    )  # fmt: skip
    def rtc_read(self, at: int, count: int) -> bytes | None:
        """Return `count` registers from `at` on, read in one I²C access.

        They are latched inside one access, and torn between two. `None` is a NACK.
        """
        ...

    @_row(
        2, "u8 bytes", None, "void (uint8_t at, const uint8_t *data, uint8_t count)",
        cost="(2 + len(data)) * RTC_BYTE_US",
    )  # fmt: skip
    def rtc_write(self, at: int, data: bytes) -> None:
        """Write `data` to registers from `at` on, in one I²C access.

        A cut inside leaves the first ones new.
        """
        ...

    @_row(
        3, "u32 u16", "flag bytes", "bool (uint32_t at, uint8_t *data, uint16_t count)",
        cost="(4 + count) * EEPROM_BYTE_US",
        note="false: NACK, busy; at most 1,023 bytes",
    )  # fmt: skip
    def eeprom_read(self, at: int, count: int) -> bytes | None:
        """Return `count` cells from `at` on; `None` is a NACK: busy with the last write."""
        ...

    @_row(
        4, "u32 bytes", "flag", "bool (uint32_t at, const uint8_t *data, uint16_t count)",
        cost="(3 + len(data)) * EEPROM_BYTE_US",
        note="false: NACK, busy; at most 1,023 bytes",
    )  # fmt: skip
    def eeprom_write(self, at: int, data: bytes) -> bool:
        """Send one page write of `data` from `at` on and return at its STOP.

        `False` is a NACK: busy, nothing was taken. The self-timed cycle starts at STOP. An address
        running past the page wraps inside it.
        """
        ...

    @_row(5, "", "flag", "bool (void)")
    def card_present(self) -> bool:
        """Whether a card was put in and has not been served yet (see `card_done`)."""
        ...

    @_row(
        6, "flag", "bytes", "int (bool on, uint8_t *atr, int room)",
        cost="CARD_RESET_US if on else REGISTER_US",
        note="bytes of the ATR, at most 33, or 0; atr may be NULL",
    )  # fmt: skip
    def card_power(self, on: bool) -> bytes:
        """Power the card contacts, `on` or off, and return the ATR.

        It is empty when off or when nothing answers.
        """
        ...

    @_row(
        7, "bytes", "flag bytes",
        "int (const uint8_t *command, int size, uint8_t *answer, int room)",
        cost="(len(command) + len(answer)) * CARD_BYTE_US",
        note="bytes, or METER_NO_CARD; 258 are room for any short APDU",
    )  # fmt: skip
    def card_exchange(self, command: bytes) -> bytes:
        """Send `command`, one C-APDU, and return the R-APDU, at least two bytes.

        The board raises `card_protocol.LinkError` when the card is gone or does not answer.
        """
        ...

    @_row(8, "", None, "void (void)")
    def card_done(self) -> None:
        """Clear the insertion latch: one session an insertion. Power-up with a card in sets it."""
        ...

    @_row(9, "flag", None, "void (bool on)", cost="drive_us")
    def switch_drive(self, on: bool) -> None:
        """Drive the latching switch, `on` or off.

        A cut inside leaves either position; a valve, or one between.
        """
        ...

    @_row(10, "", "flag", "bool (void)")
    def switch_on(self) -> bool:
        """The *actual* position: whether energy can pass. A valve between its ends is on."""
        ...

    @_row(11, "u8", None, "void (uint8_t ampere)")
    def limiter_set(self, ampere: int) -> None:
        """Set the current limiter to `ampere`; 0 is no limit.

        It is volatile: off after a reset. A valve has none.
        """
        ...

    @_row(12, "", "u32", "uint32_t (void)")
    def metrology_units(self) -> int:
        """Return the register in Wh or dm³: non-volatile, free-running, 32 bits, wraps."""
        ...

    @_row(13, "", "flag", "bool (void)")
    def flowing(self) -> bool:
        """Whether anything flows through the switch at this moment."""
        ...

    @_row(14, "", "u8", "uint8_t (void)", note="bits, METER_BUTTON_…")
    def buttons(self) -> Button:
        """Return the buttons pressed since the last call; reading clears."""
        ...

    @_row(15, "u8", "u32", "uint32_t (uint8_t button)")
    def button_held_ms(self, button: Button) -> int:
        """Return how long `button` was held when it was last pressed, in ms; 0 after a reset."""
        ...

    @_row(16, "u32", "", "void (uint32_t duration_ms)", cost="duration_ms * 1000")
    def wait_ms(self, duration_ms: int) -> None:
        """Rest for `duration_ms`; return early when something flows or a button is pressed."""
        ...

    @_row(17, "text", None, "void (const char *text)", note="at most 64 before its 0")
    def display(self, text: str) -> None:
        """Show `text`, up to 64 ASCII characters, any other as `?`, until the next call.

        It is volatile.
        """
        ...

    @_row(18, "u8", None, "void (uint8_t lamps)", note="bits, METER_LAMP_…")
    def lamps(self, lamps: Lamp) -> None:
        """Light those of the `lamps` that are set, and put out the others."""
        ...

    @_row(19, "u16", None, "void (uint16_t duration_ms)")
    def beep(self, duration_ms: int) -> None:
        """Sound the buzzer for `duration_ms`; the call comes back at once."""
        ...

    @_row(20, "", "u32", "uint32_t (void)")
    def ticks_ms(self) -> int:
        """Return the milliseconds since some moment before reset.

        32 bits: it wraps after 49.7 days.
        """
        ...

    @_row(21, "", "u8", "uint8_t (void)", note="bits, METER_RESET_…")
    def reset_cause(self) -> ResetCause:
        """Return why the program started: the causes since the last call; reading clears."""
        ...

    @_row(
        22, "", "bytes", "int (uint8_t *keys, int room)",
        note="characters, at most 32, or 0; no 0 after them",
    )  # fmt: skip
    def keys(self) -> bytes:
        """Return the digits that were keyed in and entered, ASCII; empty if none wait."""
        ...

    @_row(23, "", None, "void (void)")
    def keys_done(self) -> None:
        """Clear the entry, so that the keypad takes another; what is keyed before that is lost."""
        ...


CALLS: Final[Mapping[str, PortCall]] = _calls


class Firmware(Protocol):
    """A meter's program. Everything it must remember between polls lies in the EEPROM and RTC."""

    def poll(self) -> Sleep | None:
        """Run once: see what is due, serve a waiting card and keys, drive the outputs, return.

        `None` asks to be polled again at the model's cadence.
        """
        ...

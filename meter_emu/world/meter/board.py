"""The board: chips wired to the ports, true time moving by what each call costs.

It owns the true instant of everything the program does. A call whose time runs past the moment the
supply fails stops there with `PowerLost`, and leaves the half-done access in the state that the
chip's data sheet describes. `docs/ports-costs.md` lists the costs.
"""

from collections.abc import Callable
from random import Random
from typing import Final, Protocol

from card_protocol.errors import LinkError, LinkErrorKind
from meter_emu.errors import PollOverrun, PowerLost
from meter_emu.hardware.eeprom import Eeprom
from meter_emu.hardware.metrology import Metrology
from meter_emu.hardware.oscillator import Backup
from meter_emu.hardware.panel import Panel
from meter_emu.hardware.rtc.calendar_chip import CalendarChip
from meter_emu.ports import TICKS_WRAP, Button, Lamp, ResetCause

RTC_BYTE_US: Final = 90  # I²C at 100 kHz: nine bits a byte (PCF8563 data sheet, characteristics)
RTC_ADDRESS_BYTES: Final = 2  # slave address, register address
EEPROM_BYTE_US: Final = 23  # I²C at 400 kHz (AT24C256 data sheet, AC characteristics)
EEPROM_ADDRESS_BYTES: Final = 3  # slave address, cell address
I2C_TURN_BYTES: Final = 1  # a read repeats the slave address after its repeated START
EEPROM_NACK_US: Final = 5_000  # ours: the driver sleeps a write cycle before it asks again
CARD_BYTE_US: Final = 1_250  # ISO/IEC 7816-3: 12 etu at 9,600 baud
CARD_EXCHANGE_MAX_US: Final = 5_000_000  # ours: a command to the last byte of its answer
CARD_RESET_US: Final = 40_000  # ours: activation, 40,000 cycles at most until the ATR, its bytes
REGISTER_US: Final = 10  # ours: everything inside the microcontroller
NEVER_US: Final = 2**63
_NOT_RESET: Final = ResetCause(0)


class Switch(Protocol):
    """The load switch: a contactor or a valve. `on` means energy can pass."""

    on: bool
    stuck: bool
    limiter_a: int

    @property
    def drive_us(self) -> int:
        """How long a drive takes, in µs."""
        ...

    @property
    def needs_mains(self) -> bool:
        """Whether energy passes only while the meter has power."""
        ...

    def drive(self, on: bool, start_us: int, stop_us: int) -> None:
        """Drive it to a position."""
        ...

    def cut_during_drive(self, on: bool, fate: Callable[[], int]) -> None:
        """Simulate a supply failure inside a drive."""
        ...

    def limit(self, ampere: int) -> None:
        """Set the limiter, if there is one."""
        ...

    def limit_rate(self) -> int | None:
        """Return the most that flows, in units an hour, or `None` without a limit."""
        ...

    def lose_power(self) -> None:
        """Forget what is volatile."""
        ...

    def to_bytes(self) -> bytes:
        """Return its part of a meter image."""
        ...


class SlotCard(Protocol):
    """A device for the slot: a virtual card, or a real one behind a link."""

    def power_on(self) -> bytes:
        """Return the ATR."""
        ...

    def power_off(self) -> None:
        """Take the power away."""
        ...

    def writing_us(self, command: bytes) -> int:
        """Return for how long a power cut would catch the card writing for `command`, in µs."""
        ...

    def tear(self, command: bytes, fate: Callable[[], int]) -> None:
        """Lose power in that time; `fate` gives 0 to 255 and decides the cells' contents."""
        ...

    def transmit(self, command: bytes) -> bytes:
        """Return the R-APDU."""
        ...


class Board:
    """One meter's hardware (`meter_emu.ports.Ports`); `fate` decides half-done accesses.

    `ticks_from_us` is when the tick counter stood at 0, for a program that has been running;
    without it the meter is being powered up now. `meanwhile` is called at the start of whatever
    takes long (a rest, a reset of a card, an APDU): there people can see the panel and act, or the
    caller lets time pass.
    """

    def __init__(
        self,
        *,
        now_us: int,
        rtc: CalendarChip,
        backup: Backup,
        eeprom: Eeprom,
        switch: Switch,
        metrology: Metrology,
        fate: Random,
        ticks_from_us: int | None = None,
    ) -> None:
        self.now_us = now_us
        self.fails_at_us = NEVER_US
        self.calls_left = NEVER_US  # more calls than this before a poll: it never ends
        self.overrun_us = NEVER_US  # likewise in true time; only a rest takes long
        self.overran = ""  # which bound was exceeded
        self.rtc_writes = 0
        self.rtc_bytes_written = 0
        self.rtc_deaf = False  # whether the chip takes nothing that is written
        self.rtc_nacks = 0  # how many reads from now on the chip does not acknowledge
        self.rtc = rtc
        self.backup = backup
        self.eeprom = eeprom
        self.switch = switch
        self.metrology = metrology
        self.panel = Panel()
        self.powered = True
        self.moves: list[tuple[int, bool]] = []  # when the switch really moved, and where to
        self._fate = fate  # one stream, drawn in the order of accesses: a replay draws the same
        self.cause = ResetCause.POWER_ON if ticks_from_us is None else _NOT_RESET
        self.ticks_from_us = self._restarted_us() if ticks_from_us is None else ticks_from_us
        self._card: SlotCard | None = None
        self.card_waiting = False  # put in, and not served yet
        self.settles: int | None = None  # what half-done writes leave, in place of chance
        self.meanwhile: Callable[[], None] = _nothing
        self._flow()

    @property
    def card(self) -> SlotCard | None:
        """The card in the slot."""
        return self._card

    @property
    def starting(self) -> bool:
        """Whether the program has not run since power came: its ticks are not meaningful yet."""
        return self.cause is not _NOT_RESET

    def settle(self) -> None:
        """Bring clock, reserve and register up to now, which nobody can notice."""
        self.rtc.advance(self.now_us)
        self.backup.advance(self.now_us)
        self._flow()

    # Acts of people ------------------------------------------------------------------------------

    def insert(self, card: SlotCard) -> None:
        """Put a card into the slot; the mechanical switch latches it."""
        self._card = card
        self.card_waiting = True

    def remove(self) -> None:
        """Pull the card out, at any moment."""
        if self._card is not None:
            self._card.power_off()
        self._card = None
        self.card_waiting = False

    def shut_appliances(self, until_us: int = NEVER_US) -> None:
        """Shut everything that uses energy, from now until a moment."""
        self.metrology.shut_until(self.now_us, until_us)

    def open_appliances(self) -> None:
        """Let the ordinary load flow from now on."""
        self.metrology.shut_until(self.now_us, self.now_us)

    # Supply --------------------------------------------------------------------------------------

    def lose_power(self) -> None:
        """Cut the supply now: volatile state is lost, half-done accesses settle."""
        self.powered = False
        self.eeprom.lose_power(self.now_us, self._byte)
        self.switch.lose_power()
        self.panel.lose_power()
        self.backup.lose_power(self.now_us)
        self.rtc.lose_power(self.now_us)
        if self._card is not None:
            self._card.power_off()
        self._flow()

    def regain_power(self) -> None:
        """Restore the supply now; the next program to run finds a power-on reset."""
        self.rtc.regain_power(self.now_us)
        if not self.backup.regain_power(self.now_us):
            self.rtc.power_on_reset(self._fate.randbytes(self.rtc.GARBAGE_BYTES), self.now_us)
        self.powered = True
        # Doubt: every reset here is a loss of power. What a brown-out or a watchdog leaves of
        # ticks, limiter and display is the microcontroller's, and not modelled.
        self.cause = ResetCause.POWER_ON
        self.ticks_from_us = self._restarted_us()
        self.card_waiting = self._card is not None
        self._flow()

    def _restarted_us(self) -> int:
        """Return when the ticks were 0, for a counter that starts anywhere now."""
        return self.now_us - self._fate.randrange(TICKS_WRAP) * 1_000

    def _flow(self) -> None:
        switch = self.switch
        flowing = switch.on and (self.powered or not switch.needs_mains)
        self.metrology.set_flow(self.now_us, flowing=flowing, limit_rate=switch.limit_rate())

    def _byte(self) -> int:
        return self._fate.randrange(256) if self.settles is None else self.settles

    # Doubt: an idle poll costs eight times a loop written by hand over the same bytes (`make
    # bench`), and no line of it is dear: what is left is the price of a call in Python, here some
    # twelve times a poll. Fewer wakes help, cleverer lines do not.
    def _spend(self, cost_us: int) -> int:
        """Let a call take its time and return when it began; raise if the supply fails in it."""
        start_us = self.now_us
        end_us = start_us + cost_us
        self.calls_left -= 1
        if end_us >= self.fails_at_us:
            self.now_us = max(start_us, self.fails_at_us)
            raise PowerLost
        if self.calls_left < 0:
            raise self._overrun("calls")
        self.now_us = end_us
        return start_us

    def _overrun(self, what: str) -> PollOverrun:
        self.overran = what
        return PollOverrun(f"a poll took more {what} than any meter needs")

    # The ports -----------------------------------------------------------------------------------

    def rtc_read(self, at: int, count: int) -> bytes | None:
        """See `Ports`."""
        # Doubt: when a clock chip does not acknowledge is in no data sheet, and no board of ours
        # leaves a read unanswered by itself. That programs read again is tried by tests alone.
        if self.rtc_nacks:
            self.rtc_nacks -= 1
            self._spend(RTC_BYTE_US)  # its address
            return None
        start_us = self._spend((RTC_ADDRESS_BYTES + I2C_TURN_BYTES + count) * RTC_BYTE_US)
        return self.rtc.read(at, count, start_us, self.now_us)

    def rtc_write(self, at: int, data: bytes) -> None:
        """See `Ports`. Cut inside, the registers sent so far are new."""
        start_us = self.now_us
        self.rtc_writes += 1
        if self.rtc_deaf:
            self._spend((RTC_ADDRESS_BYTES + len(data)) * RTC_BYTE_US)
            return
        self.rtc_bytes_written += len(data)
        try:
            self._spend((RTC_ADDRESS_BYTES + len(data)) * RTC_BYTE_US)
        except PowerLost:
            sent = max(0, (self.now_us - start_us) // RTC_BYTE_US - RTC_ADDRESS_BYTES)
            self.rtc.write(at, data[:sent], start_us, self.now_us)
            raise
        self.rtc.write(at, data, start_us, self.now_us)

    def eeprom_read(self, at: int, count: int) -> bytes | None:
        """See `Ports`."""
        raw = self.eeprom.read(at, count, self.now_us)
        sent_bytes = EEPROM_ADDRESS_BYTES + I2C_TURN_BYTES + count
        self._spend(EEPROM_NACK_US if raw is None else sent_bytes * EEPROM_BYTE_US)
        return raw

    def eeprom_write(self, at: int, data: bytes) -> bool:
        """See `Ports`. Cut before STOP nothing happened; cut in the cycle is `lose_power`'s."""
        if self.now_us < self.eeprom.busy_until_us:
            self._spend(EEPROM_NACK_US)
            return False
        self._spend((EEPROM_ADDRESS_BYTES + len(data)) * EEPROM_BYTE_US)
        return self.eeprom.write(at, data, self.now_us)

    def card_present(self) -> bool:
        """See `Ports`."""
        self._spend(REGISTER_US)
        return self.card_waiting

    def card_power(self, on: bool) -> bytes:
        """See `Ports`."""
        if on:
            self.meanwhile()
        self._spend(CARD_RESET_US if on else REGISTER_US)
        if self._card is None:
            return b""
        if on:
            return self._card.power_on()
        self._card.power_off()
        return b""

    def card_exchange(self, command: bytes) -> bytes:
        """See `Ports`. Cut in the command: the card never got it; in the answer: it has obeyed.

        In between a plain card writes: cut there, fate decides what it keeps. No answer in time is
        a `LinkError`, whatever the card does with the command.
        """
        self.meanwhile()
        end_us = self.now_us + CARD_EXCHANGE_MAX_US
        self._spend(len(command) * CARD_BYTE_US)
        card = self._card
        if card is None:
            raise LinkError(LinkErrorKind.CARD_GONE)
        try:
            writing_us = card.writing_us(command)
            self._spend(min(writing_us, end_us - self.now_us))
        except PowerLost:
            card.tear(command, self._byte)
            raise
        answer = card.transmit(command)
        answering_us = len(answer) * CARD_BYTE_US
        if self.now_us + answering_us > end_us or writing_us > CARD_EXCHANGE_MAX_US:
            self._spend(end_us - self.now_us)
            raise LinkError(LinkErrorKind.TIMED_OUT)
        self._spend(answering_us)
        return answer

    def card_done(self) -> None:
        """See `Ports`."""
        self._spend(REGISTER_US)
        self.card_waiting = False

    def switch_drive(self, on: bool) -> None:
        """See `Ports`."""
        before = self.switch.on
        start_us = self.now_us
        try:
            self._spend(self.switch.drive_us)
        except PowerLost:
            self.switch.cut_during_drive(on, self._byte)
            self._moved(before)
            raise
        self.switch.drive(on, start_us, self.now_us)
        self._moved(before)

    def _moved(self, before: bool) -> None:
        if self.switch.on != before:
            self.moves.append((self.now_us, self.switch.on))
            self._flow()

    def switch_on(self) -> bool:
        """See `Ports`."""
        self._spend(REGISTER_US)
        return self.switch.on

    def limiter_set(self, ampere: int) -> None:
        """See `Ports`."""
        self._spend(REGISTER_US)
        if ampere != self.switch.limiter_a:
            self.switch.limit(ampere)
            self._flow()

    def metrology_units(self) -> int:
        """See `Ports`."""
        self._spend(REGISTER_US)
        return self.metrology.read_units(self.now_us)

    def flowing(self) -> bool:
        """See `Ports`."""
        self._spend(REGISTER_US)
        return self.metrology.rate(self.now_us) > 0

    def buttons(self) -> Button:
        """See `Ports`."""
        self._spend(REGISTER_US)
        return self.panel.take_keys()

    def button_held_ms(self, button: Button) -> int:
        """See `Ports`."""
        self._spend(REGISTER_US)
        return self.panel.held_ms(button)

    def wait_ms(self, duration_ms: int) -> None:
        """See `Ports`. Buttons are pressed at its start or not at all."""
        self.meanwhile()
        flow_us = 0 if self.panel.pressed else self.metrology.us_until_flow(self.now_us)
        rest_us = duration_ms * 1_000
        rests_us = rest_us if flow_us is None else min(rest_us, flow_us + REGISTER_US)
        if self.now_us + rests_us > self.overrun_us and self.overrun_us < self.fails_at_us:
            raise self._overrun("time")
        self._spend(rests_us)

    def display(self, text: str) -> None:
        """See `Ports`."""
        self._spend(REGISTER_US)
        self.panel.show(text)

    def lamps(self, lamps: Lamp) -> None:
        """See `Ports`."""
        self._spend(REGISTER_US)
        self.panel.lamps = lamps

    def beep(self, duration_ms: int) -> None:  # noqa: ARG002  the port's signature
        """See `Ports`. How long it sounds is not modelled: it is counted."""
        self._spend(REGISTER_US)
        self.panel.beep()

    def ticks_ms(self) -> int:
        """See `Ports`."""
        self._spend(REGISTER_US)
        return (self.now_us - self.ticks_from_us) // 1_000 % TICKS_WRAP

    def reset_cause(self) -> ResetCause:
        """See `Ports`."""
        self._spend(REGISTER_US)
        cause, self.cause = self.cause, _NOT_RESET
        return cause

    def keys(self) -> bytes:
        """See `Ports`."""
        self._spend(REGISTER_US)
        return self.panel.entry

    def keys_done(self) -> None:
        """See `Ports`."""
        self._spend(REGISTER_US)
        self.panel.entry = b""


def _nothing() -> None:
    """Do nothing."""

"""Programs that are wrong in one thing each, for the laws to find; our own otherwise."""

from collections.abc import Callable
from functools import partial
from typing import Any

from typing_extensions import override

from card_protocol.card.memory_card import ATR_HEADER
from card_protocol.errors import LayoutError
from card_protocol.formats.container import Container, parse_container
from card_protocol.timestamp import Civil
from meter_emu.domain import Order, Result, Tariff, Wallet
from meter_emu.energies import ENERGIES
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.gate import OrderGate, StatedEnd
from meter_emu.firmware.layouts import NO_END, Factory, Health, State, StateFlags
from meter_emu.firmware.ledger import Ledger
from meter_emu.firmware.memory import Memory
from meter_emu.firmware.parts import assemble
from meter_emu.firmware.program import Program
from meter_emu.firmware.rtc.driver import FieldCodec, RtcReading
from meter_emu.firmware.rtc.pcf8563 import Pcf8563Driver
from meter_emu.firmware.rules import MeterRules
from meter_emu.firmware.trust import ClockBase, ClockTrust, Now
from meter_emu.hardware.eeprom import Eeprom
from meter_emu.hardware.metrology import Metrology
from meter_emu.hardware.oscillator import Backup
from meter_emu.ports import Button, Lamp, Ports, Sleep
from meter_emu.world.meter.build import dialogues
from meter_emu.world.meter.clock_chips import CLOCK_CHIPS
from meter_emu.world.meter.covers import CARRIERS, GENERATIONS, TIME_BASES, Covers
from meter_emu.zones import BELGIAN

DAY_S = 86_400
FROM_2000_S = 946_684_800
FROM_2040_S = 2_208_988_800


class Wrapped:
    """Our program on ports that may be wrong, with one part that may be wrong."""

    def __init__(self, ports: Ports, swap: type | None = None) -> None:
        def fit(part: Any) -> Any:
            return swap if swap is not None and issubclass(swap, part) else part

        parts = assemble(fit, Pcf8563Driver, BELGIAN.rule)
        self._program = Program(
            ports, parts, dialogues(), memory=fit(Memory), rules=fit(MeterRules)
        )

    def poll(self) -> Sleep | None:
        return self._program.poll()


EVERYTHING = Covers(energies=ENERGIES, chips=CLOCK_CHIPS, time_bases=TIME_BASES,
                    generations=GENERATIONS, carriers=CARRIERS, clock_cards=True)  # fmt: skip


class OneDriver(Wrapped):
    """Declares that it covers every chip, and has the driver of one."""

    covers = EVERYTHING


class Oversleeper(Wrapped):
    """Its hints are an hour too long."""

    @override
    def poll(self) -> Sleep | None:
        hint = super().poll()
        if hint is None or hint.until_second is None:
            return hint
        return Sleep(min(DAY_S, hint.until_second + 3_600), hint.until_units)


class Raising(Wrapped):
    """Raises in its ninth poll."""

    polls = 0

    @override
    def poll(self) -> Sleep | None:
        self.polls += 1
        return Sleep(1 // max(0, 9 - self.polls), None) if self.polls == 9 else super().poll()


class Forgetful(Wrapped):
    """Looks at its card in every second poll, and keeps in its head which one this is."""

    polls = 0

    @override
    def poll(self) -> Sleep | None:
        self.polls += 1
        return super().poll() if self.polls % 3 == 1 else None


class _Ports:
    def __init__(self, ports: Ports) -> None:
        self.ports = ports

    def __getattr__(self, name: str) -> object:
        return getattr(self.ports, name)


class _NoMemoryCards(_Ports):
    def card_power(self, on: bool) -> bytes:
        atr = self.ports.card_power(on)
        return b"" if atr.endswith(ATR_HEADER) else atr


class _NeverAsks(_Ports):
    def lamps(self, lamps: Lamp) -> None:
        self.ports.lamps(lamps & ~Lamp.RECONNECT)


class NoMemoryCards(Wrapped):
    """Declares that it covers memory cards, and reads none."""

    covers = EVERYTHING

    def __init__(self, ports: Ports) -> None:
        super().__init__(_NoMemoryCards(ports))  # type: ignore[arg-type]


def never_asks(ports: Ports) -> Wrapped:
    return Wrapped(_NeverAsks(ports))  # type: ignore[arg-type]


class _Never(EndStore):
    @override
    def due(self, end: bytes, now: Now) -> bool:
        return False


class _Whimsical(EndStore):
    """A day early, if it looks in the first third of a minute."""

    @override
    def due(self, end: bytes, now: Now) -> bool:
        return super().due(end, now._replace(utc_s=now.utc_s + DAY_S * (now.utc_s % 60 < 20)))

    @override
    def wait_s(self, end: bytes, now: Now) -> int:
        return super().wait_s(end, now) - DAY_S


class _Until2040(EndStore):
    @override
    def instant_s(self, end: bytes) -> int:
        instant_s = super().instant_s(end)
        return instant_s - 3_600 * (instant_s > FROM_2040_S)


def never(ports: Ports) -> Wrapped:
    return Wrapped(ports, _Never)


def whimsical(ports: Ports) -> Wrapped:
    return Wrapped(ports, _Whimsical)


def until_2040(ports: Ports) -> Wrapped:
    return Wrapped(ports, _Until2040)


# Accounts, orders, clocks -------------------------------------------------------------------------


class _Dear(Ledger):
    """Charges by half more, and says the right energy."""

    @override
    def price_ueur_per_wh(self, state: State) -> int:
        return super().price_ueur_per_wh(state) * 3 // 2


class _Miserly(Ledger):
    """Says of each load that it is too large."""

    @override
    def judge_wallet(self, state: State, factory: Factory, wallet: Wallet) -> Result:
        result = super().judge_wallet(state, factory, wallet)
        return Result.LOAD_TOO_LARGE if result is Result.EXECUTED else result


class _Losing(Ledger):
    """Loses a micro-euro with each booking."""

    @override
    def book(self, state: State, register_units: int) -> None:
        super().book(state, register_units)
        state.balance_ueur -= 1


class _Untold(Ledger):
    """Counts nothing apart."""

    @override
    def untimed_wh(self, state: State, register_units: int) -> int:
        return state.untimed_wh


class _Forgiving(Ledger):
    """Takes a load for a reactivation."""

    @override
    def load(self, state: State, wallet: Wallet) -> int:
        state.cut_end = state.defer_end = NO_END
        return super().load(state, wallet)


class _Mute(OrderGate):
    """Obeys an order, and does not say which."""

    @override
    def apply(self, order: Order, tariff: Tariff, state: State, now: Now) -> None:
        number = state.order_number
        super().apply(order, tariff, state, now)
        state.order_number = number


class _Trusting(OrderGate):
    """Believes the instant on a card, whatever date stands next to it."""

    @override
    def agrees(self, end: StatedEnd) -> bool:
        return True


class _Once(OrderGate):
    """Grants one deferral in its life."""

    @override
    def apply(self, order: Order, tariff: Tariff, state: State, now: Now) -> None:
        over = state.flags & StateFlags.DEFERRAL_OVER
        super().apply(order, tariff, state, now)
        state.flags |= over


class _Anxious(ClockTrust):
    """Doubts a clock that was set a month ago."""

    @override
    def suspicion(self, *read: Any, **named: Any) -> Health:
        _, utc_s, _, state, _ = read
        if utc_s - FROM_2000_S - state.clock_set_s > 30 * DAY_S:
            return Health.SET_TOO_LONG_AGO
        return super().suspicion(*read, **named)


class Credulous(ClockTrust):
    """Believes whatever a calendar has."""

    @override
    def possible(self, reading: RtcReading) -> bool:
        return super().possible(reading._replace(low_voltage=False))

    @override
    def suspicion(self, *_: Any, **__: Any) -> Health:
        return Health.TRUSTED


class _StepsAtOnce(ClockBase):
    """Steps the clock over midnight, and leaves its day."""

    @override
    def step_hours(self, utc_s: int, second_of_day: int, state: State, factory: Factory) -> int:
        return super().step_hours(utc_s, DAY_S // 2, state, factory)


class _Thirteen(FieldCodec):
    """Takes the thirteenth month for the twelfth."""

    @override
    def month(self, byte: int) -> int | None:
        return super().month(0x12 if byte == 0x13 else byte)


class _Unjournalled(ClockBase):
    """Takes a step that was begun for one that was not done."""

    @override
    def resolve_step(self, since_journal_s: int, state: State) -> bool:
        state.flags &= ~StateFlags.STEP_PENDING
        return False


class _SteppedAgain(ClockBase):
    """Adds an hour for a step that may have been done, and leaves it to do."""

    @override
    def resolve_step(self, since_journal_s: int, state: State) -> bool:
        summer = state.flags & StateFlags.SUMMER
        doubted = super().resolve_step(since_journal_s, state)
        if doubted:
            state.flags = state.flags & ~StateFlags.SUMMER | summer
        return doubted


class _HourBefore(EndStore):
    """Takes the instants of a card for another zone's."""

    @override
    def accept(self, civil: Civil | None, now: Now, utc_min: int | None = None) -> bytes:
        return super().accept(civil, now, utc_min and utc_min - 60)


def dear(ports: Ports) -> Wrapped:
    return Wrapped(ports, _Dear)


def miserly(ports: Ports) -> Wrapped:
    return Wrapped(ports, _Miserly)


def losing(ports: Ports) -> Wrapped:
    return Wrapped(ports, _Losing)


def unannounced(ports: Ports) -> Wrapped:
    return Wrapped(ports, _Untold)


def forgiving(ports: Ports) -> Wrapped:
    return Wrapped(ports, _Forgiving)


def mute(ports: Ports) -> Wrapped:
    return Wrapped(ports, _Mute)


def trusting(ports: Ports) -> Wrapped:
    return Wrapped(ports, _Trusting)


def once(ports: Ports) -> Wrapped:
    return Wrapped(ports, _Once)


class _Ageless(ClockTrust):
    """A trust that believes a setting of any age."""

    __slots__ = ()

    @override
    def suspicion(self, *read: Any, **named: Any) -> Health:
        found = super().suspicion(*read, **named)
        return Health.TRUSTED if found is Health.SET_TOO_LONG_AGO else found


def ageless(ports: Ports) -> Wrapped:
    return Wrapped(ports, _Ageless)


def anxious(ports: Ports) -> Wrapped:
    return Wrapped(ports, _Anxious)


def credulous(ports: Ports) -> Wrapped:
    return Wrapped(ports, Credulous)


def steps_at_once(ports: Ports) -> Wrapped:
    return Wrapped(ports, _StepsAtOnce)


def thirteen_months(ports: Ports) -> Wrapped:
    return Wrapped(ports, _Thirteen)


def unjournalled(ports: Ports) -> Wrapped:
    return Wrapped(ports, _Unjournalled)


stepped_again = partial(Wrapped, swap=_SteppedAgain)


def hour_before(ports: Ports) -> Wrapped:
    return Wrapped(ports, _HourBefore)


class Reborn(Oversleeper):
    """Oversleeps in every second meter that it is in: it remembers what no meter can."""

    meters = 0

    def __init__(self, ports: Ports) -> None:
        super().__init__(ports)
        Reborn.meters += 1
        self.sleepy = Reborn.meters % 2

    @override
    def poll(self) -> Sleep | None:
        return super().poll() if self.sleepy else self._program.poll()


# Clocks byte by byte, buttons ---------------------------------------------------------------------


class _ByteReads(_Ports):
    def rtc_read(self, at: int, count: int) -> bytes:
        return b"".join(self.ports.rtc_read(at + n, 1) or b"\0" for n in range(count))


class _ByteWrites(_Ports):
    def rtc_write(self, at: int, data: bytes) -> None:
        for n in reversed(range(len(data))):
            self.ports.rtc_write(at + n, data[n : n + 1])


class _Pressed(_Ports):
    """Knows whether a button woke the program."""

    pressed = False

    def buttons(self) -> Button:
        keys = self.ports.buttons()
        self.pressed = bool(keys)
        return keys


class Hasty(Wrapped):
    """Believes its clock to the second while somebody presses a button."""

    def __init__(self, ports: Ports) -> None:
        heard = _Pressed(ports)

        class Ends(EndStore):
            @override
            def due(self, end: bytes, now: Now) -> bool:
                off_s = -60 if heard.pressed else now.uncertainty_s
                return super().due(end, now._replace(uncertainty_s=off_s))

        super().__init__(heard, Ends)  # type: ignore[arg-type]


def byte_reads(ports: Ports) -> Wrapped:
    return Wrapped(_ByteReads(ports))  # type: ignore[arg-type]


def byte_writes(ports: Ports) -> Wrapped:
    return Wrapped(_ByteWrites(ports))  # type: ignore[arg-type]


# Parts of a board, and a reader of copies, for the laws of parts.


class Unending(Backup):
    """A reserve that never runs empty."""

    @override
    def regain_power(self, now_us: int) -> bool:
        super().regain_power(now_us)
        return True


class Whole(Eeprom):
    """A memory in which a write that loses its power is whole."""

    @override
    def lose_power(self, now_us: int, fate: Callable[[], int]) -> None:
        """Let the cycle end."""


class Generous(Metrology):
    """A register that shows a unit more than has flowed."""

    @override
    def read_units(self, now_us: int) -> int:
        return super().read_units(now_us) + 1


def at_the_start(raw: bytes) -> Container:
    """Read a copy, and say of whatever is wrong that it is the first byte."""
    try:
        return parse_container(raw)
    except LayoutError as error:
        raise LayoutError("copy", offset=0, expected=error.expected, got=error.got) from None

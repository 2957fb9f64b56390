"""Twelve programs that are right and not ours in shape, with or without planted defects.

Each is a factory of this module: `--build tests.laws.strangers:SHAPE`, or `SHAPE__DEFECT` with a
defect of the catalogue, its hyphens as underscores.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from typing_extensions import override

from card_protocol.card.memory_card import ATR_HEADER
from meter_emu.defects import Defect, catalogue, fit
from meter_emu.domain import Contents, Result
from meter_emu.firmware.dialogues.base import CardDialogue
from meter_emu.firmware.dialogues.budget import BudgetDialogue
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.layouts import Factory, RtcBase, State
from meter_emu.firmware.memory import Memory
from meter_emu.firmware.parts import assemble
from meter_emu.firmware.program import Program
from meter_emu.firmware.trust import ClockState, ClockTrust, Now, TrustBounds
from meter_emu.ports import SECONDS_A_DAY, Ports, Sleep
from meter_emu.world.meter.build import dialogues
from meter_emu.world.meter.clock_chips import CLOCK_CHIPS
from meter_emu.world.meter.covers import Covers
from meter_emu.zones import BELGIAN

HALF_MINUTE_S: Final = 30


@dataclass(frozen=True, kw_only=True)
class Shape:
    """In which our program is another's; `on` are the ports as it sees them."""

    chip: str = "pcf8563"
    swaps: tuple[type, ...] = ()
    on: Callable[[Ports], Any] = lambda ports: ports
    cards: tuple[type[CardDialogue], ...] | None = None
    program: type[Program] = Program
    hints: Callable[[Sleep | None], Sleep | None] = lambda hint: hint


class Stranger:
    """A program of a shape, with defects."""

    def __init__(self, shape: Shape, defects: tuple[Defect, ...], ports: Ports) -> None:
        def fitted(part: Any) -> Any:
            made = fit(part, defects)
            own = next((swap for swap in shape.swaps if issubclass(swap, part)), None)
            return made if own is None else type(own.__name__, (own, made), {"__slots__": ()})

        parts = assemble(fitted, CLOCK_CHIPS[shape.chip].driver, BELGIAN.rule)
        known = dialogues() if shape.cards is None else shape.cards
        self._hints = shape.hints
        self._program = shape.program(shape.on(ports), parts, known)

    def poll(self) -> Sleep | None:
        return self._hints(self._program.poll())


class On:
    """The ports, but for what a shape does with them."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ports, name)


class OtherWords(On):
    _WORDS: Final = {
        "CREDIT": "SOLDE", "OFF: CUT AS OF": "COUPE LE", "EXECUTED": "OK", "CARD": "CARTE",
        "PRESS RED TO RECONNECT": "APPUYEZ SUR ROUGE", "CLOCK": "HEURE", "T1": "DEBUT", "T2": "FIN",
    }  # fmt: skip

    def display(self, text: str) -> None:
        for ours, theirs in self._WORDS.items():
            text = text.replace(ours, theirs)
        self.ports.display(text)


class NoMemoryCards(On):
    def card_power(self, on: bool) -> bytes:
        atr: bytes = self.ports.card_power(on)
        return b"" if atr.endswith(ATR_HEADER) else atr


class ReadTwice(On):
    """Reads the clock until two readings are the same."""

    def rtc_read(self, at: int, count: int) -> bytes | None:
        was: bytes | None = self.ports.rtc_read(at, count)
        for _ in range(3):
            now: bytes | None = self.ports.rtc_read(at, count)
            if now == was:
                break
            was = now
        return was


class SavesTwice(Program):
    """Saves each change in both copies at once."""

    __slots__ = ()

    def __init__(self, ports: Ports, parts: Any, known: Any) -> None:
        super().__init__(ports, parts, known)
        self._memory = _SavedTwice(ports, parts.ends.possible)


class _SavedTwice(Memory):
    @override
    def save(self, state: State) -> None:
        super().save(state)
        super().save(state)


class RoundedUp(ClockTrust):
    """Reckons the uncertainty to four whole seconds."""

    @override
    def uncertainty_s(self, utc_s: int, state: ClockState, factory: TrustBounds) -> int:
        return -(-super().uncertainty_s(utc_s, state, factory) // 4) * 4


class ThreeSecondsLater(EndStore):
    """Acts on an end three seconds after it may."""

    @override
    def due(self, end: bytes, now: Now) -> bool:
        return super().due(end, now._replace(utc_s=now.utc_s - 3))

    @override
    def wait_s(self, end: bytes, now: Now) -> int:
        return super().wait_s(end, now._replace(utc_s=now.utc_s - 3))


class Generation1(BudgetDialogue):
    """Knows cards of the first generation."""

    @override
    def _read(self, challenge: bytes) -> Contents | Result:
        return super()._read(challenge) if self._generation == 1 else Result.BAD_FORMAT


class _Configured(Program):
    """Works only in a meter of which `may_run` holds."""

    __slots__ = ()

    @override
    def poll(self) -> Sleep | None:
        factory = self._memory.factory()
        if factory is None or not self.may_run(factory):
            return self._out_of_order("NOT CONFIGURED")
        return super().poll()

    def may_run(self, factory: Factory) -> bool:
        raise NotImplementedError


class InUtc(_Configured):
    __slots__ = ()

    @override
    def may_run(self, factory: Factory) -> bool:
        return factory.rtc_base == RtcBase.UTC


class OfElectricity(_Configured):
    __slots__ = ()

    @override
    def may_run(self, factory: Factory) -> bool:
        return factory.tightness_s == 0


class EveryHalfMinute(Program):
    """Asks to be polled at each half minute of its clock."""

    __slots__ = ()

    @override
    def poll(self) -> Sleep | None:
        if super().poll() is None:
            return None
        reading = self._parts.rtc.read(self._ports)
        second = (reading.hour * 60 + reading.minute) * 60 + reading.second
        return Sleep(min(SECONDS_A_DAY, (second // HALF_MINUTE_S + 1) * HALF_MINUTE_S))


SHAPES: Final = {
    "every_half_minute": Shape(program=EveryHalfMinute),
    "no_hint": Shape(hints=lambda _: None),
    "saved_twice": Shape(program=SavesTwice, chip="ds3231"),
    "clock_read_twice": Shape(on=ReadTwice),
    "other_words": Shape(on=OtherWords),
    "rounded_up": Shape(swaps=(RoundedUp,), chip="ds3231"),
    "later_inside_the_window": Shape(swaps=(ThreeSecondsLater,)),
    "one_chip": Shape(chip="ds1307"),
    "one_generation": Shape(cards=(Generation1, *dialogues()[1:])),
    "one_time_base": Shape(program=InUtc),
    "one_carrier": Shape(on=NoMemoryCards),
    "electricity_only": Shape(program=OfElectricity),
}


def __getattr__(name: str) -> Callable[[Ports], Stranger]:
    shape, _, defect = name.partition("__")
    if shape not in SHAPES:
        raise AttributeError(name)
    defects = (catalogue()[defect.replace("_", "-")],) if defect else ()
    factory = partial(Stranger, SHAPES[shape], defects)
    # The registers of a DS3231 and a DS1307 are the same but for signs of doubt: a program for one
    # obeys cards on the other, and does not notice. It has to say so.
    if SHAPES[shape].chip != "pcf8563":
        factory.covers = Covers(chips={SHAPES[shape].chip})  # type: ignore[attr-defined]
    return factory

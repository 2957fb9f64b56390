"""What people do at a meter besides its cards: each act is a row, and everybody reads the table.

A row is a class. It has the words that are typed at a live meter, the keys of a campaign file, the
words of a trace, what the act does to a bench, and the event that it leaves. An act is a value of
its class, equal to the same act. So bench, trace, replay, campaign file, rehearsal, live meter,
fixtures, stories, exploration and fuzzers take any act, and know none by its name.

The program's behaviour follows from the meter's state, from what people did and when, and from the
cards' answers. The first is the origin of a trace; the others are its rows.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Annotated, ClassVar, Final, NamedTuple, Protocol, Self, TypeAlias, final

from msgspec import Meta
from typing_extensions import override

from card_protocol.link.recorded import RecordedCard
from card_protocol.trace import ClockText, Recorder
from meter_emu.errors import CommandError
from meter_emu.hardware.panel import ENTRY_DIGITS_MAX
from meter_emu.ports import Button, ButtonName
from meter_emu.units import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from meter_emu.world.meter.board import NEVER_US, Board, SlotCard
from meter_emu.world.meter.events import What
from meter_emu.world.meter.times import END_US

HOLD_MS: Final = 4_000  # 3 to 5 s, as the texts say (domain: synonyme-du-mot.com)
HELD_MS_MAX: Final = 60_000
DURATION: Final = re.compile(r"(\d{1,5}d)?(\d{1,6}h)?(\d{1,7}m)?(\d{1,9}s)?", re.ASCII)
_UNITS_US: Final = (DAY_US, HOUR_US, MINUTE_US, SECOND_US)
_TYPED: Final = re.compile(rf"[0-9]{{1,{ENTRY_DIGITS_MAX}}}", re.ASCII)
# As a campaign file has them.
TypedDigits: TypeAlias = Annotated[str, Meta(pattern=f"^{_TYPED.pattern}$")]
_SECONDS: Final = re.compile(r"\d{1,2}(\.\d{1,3})?", re.ASCII)


class Hands(Protocol):
    """What acts need of a bench."""

    board: Board

    def wake(self) -> None:
        """Run the program at once, if it has power."""
        ...

    def lose_supply(self) -> None:
        """Take the supply away until somebody restores it."""
        ...

    def regain_supply(self) -> None:
        """Give the supply back."""
        ...

    def load_changed(self) -> None:
        """Notice that the load is another one now."""
        ...


class ActWord(NamedTuple):
    """A word that can be typed at a live meter, and the single keys that stand for it.

    `keys` has for each key what it gives after the word.
    """

    takes: str
    help: str
    keys: Mapping[str, str]


class FileKey(NamedTuple):
    """A key of a visit in a campaign file: what it can hold, and what it means."""

    kind: object
    means: str


class Act(ABC):
    """What somebody does at a meter. A subclass is a row of `ACTS`.

    `WORDS`, `TRACED` and `KEYS` are the words of a live meter, of a trace, and of a campaign file;
    an act of a row without keys cannot be a visit.
    """

    __slots__ = ()
    WORDS: ClassVar[Mapping[str, ActWord]]
    TRACED: ClassVar[tuple[str, ...]]
    KEYS: ClassVar[Mapping[str, FileKey]] = {}

    @classmethod
    @abstractmethod
    def typed(cls, word: str, argument: str, board: Board) -> Self:
        """Return the act of a typed word; raise `CommandError` for an argument that is none."""

    @classmethod
    @abstractmethod
    def recorded(cls, what: str, value: int) -> Self:
        """Return the act of one of the words `TRACED` with its amount, 0 for none."""

    @classmethod
    def in_file(cls, key: str, said: str) -> "Act":
        """Return the act of one of `KEYS`."""
        raise AssertionError(f"{cls.__name__} has no key {key}: it holds {said}")

    @classmethod
    def drawn(cls) -> tuple["Act", ...]:
        """Return acts that a fuzzer's household may do at any time: laws hold whatever it does."""
        return ()

    @property
    @abstractmethod
    def trace(self) -> tuple[str, int | None]:
        """One of `TRACED`, and the amount."""

    @property
    def file(self) -> tuple[str, str] | None:
        """One of `KEYS` and what it holds, `None` for an act that is no visit."""
        return None

    @property
    def event(self) -> tuple[What, str] | None:
        """The event it leaves, with its detail, `None` if the meter is seen to change anyway."""
        return None

    @property
    def lasts(self) -> bool:
        """Whether the program may be busy with it for minutes: it is reported as it begins."""
        return False

    @property
    def in_story(self) -> str:
        """Its words in the course of a story."""
        return " ".join(self.file or ())

    def possible(self, _bench: Hands) -> bool:
        """Whether it can be done now; if not, nothing happens."""
        return True

    @abstractmethod
    def does(self, bench: Hands) -> None:
        """Do it now."""


_BUTTONS: Final = {str(button.name).lower(): button for button in Button}


@final
@dataclass(frozen=True, slots=True)
class Press(Act):
    """A button is pressed and let go of, after `held_ms`."""

    button: Button
    held_ms: int = 0

    WORDS: ClassVar[Mapping[str, ActWord]] = {
        name: ActWord(
            "[SECONDS]",
            f"press the {name} button, or hold it",
            {name[0]: "", name[0].upper(): "4"},
        )
        for name in _BUTTONS
    }
    TRACED: ClassVar[tuple[str, ...]] = tuple(f"{name} button" for name in _BUTTONS)
    KEYS: ClassVar[Mapping[str, FileKey]] = {
        "press": FileKey(ButtonName, "a button that is pressed"),
        "hold": FileKey(ButtonName, f"a button that is held for {HOLD_MS // 1_000} s"),
    }

    @classmethod
    @override
    def typed(cls, word: str, argument: str, board: Board) -> Self:
        return cls(_BUTTONS[word], held_ms(argument))

    @classmethod
    @override
    def recorded(cls, what: str, value: int) -> Self:
        return cls(_BUTTONS[what.removesuffix(" button")], value)

    @classmethod
    @override
    def in_file(cls, key: str, said: str) -> Self:
        return cls(_BUTTONS[said], HOLD_MS if key == "hold" else 0)

    @classmethod
    @override
    def drawn(cls) -> tuple[Act, ...]:
        return tuple(cls(button) for button in Button)

    @property
    def name(self) -> str:
        """The button's name."""
        return str(self.button.name).lower()

    @property
    @override
    def trace(self) -> tuple[str, int | None]:
        return f"{self.name} button", self.held_ms

    @property
    @override
    def file(self) -> tuple[str, str] | None:
        return "hold" if self.held_ms else "press", self.name

    @property
    @override
    def event(self) -> tuple[What, str] | None:
        return What.KEY_HELD if self.held_ms else What.KEY_PRESSED, self.name

    @property
    @override
    def lasts(self) -> bool:
        return self.held_ms > 0

    @property
    @override
    def in_story(self) -> str:
        return "the button"

    @override
    def does(self, bench: Hands) -> None:
        if bench.board.powered:
            bench.board.panel.press(self.button, self.held_ms)
        bench.wake()


@final
@dataclass(frozen=True, slots=True)
class Power(Act):
    """Somebody takes the meter's supply away, or gives it back."""

    on: bool

    WORDS: ClassVar[Mapping[str, ActWord]] = {
        "power": ActWord("[on/off]", "take the supply away, or give it back", {"p": ""})
    }
    TRACED: ClassVar[tuple[str, ...]] = ("supply on", "supply off")

    @classmethod
    @override
    def typed(cls, word: str, argument: str, board: Board) -> Self:
        return cls(_either(argument, "on", "off", other=not board.powered))

    @classmethod
    @override
    def recorded(cls, what: str, value: int) -> Self:
        return cls(what == "supply on")

    @property
    @override
    def trace(self) -> tuple[str, int | None]:
        return "supply on" if self.on else "supply off", None

    @override
    def possible(self, bench: Hands) -> bool:
        board = bench.board
        return board.powered != self.on and (self.on or board.fails_at_us > board.now_us)

    @override
    def does(self, bench: Hands) -> None:
        if self.on:
            bench.regain_supply()
        else:
            bench.lose_supply()


@final
@dataclass(frozen=True, slots=True)
class Appliances(Act):
    """Whatever uses energy is shut, for good or until a true instant, or lit again."""

    lit: bool
    until_us: int | None = None

    WORDS: ClassVar[Mapping[str, ActWord]] = {
        "appliances": ActWord("[lit/shut [3h]]", "light or shut what uses energy", {"a": ""})
    }
    TRACED: ClassVar[tuple[str, ...]] = ("appliances shut", "appliances lit")

    @classmethod
    @override
    def typed(cls, word: str, argument: str, board: Board) -> Self:
        said, _, span = argument.partition(" ")
        lit = _either(said, "lit", "shut", other=not board.metrology.lit(board.now_us))
        if lit and span:
            raise CommandError("appliances are lit until they are shut")
        return cls(lit, board.now_us + duration_us(span.strip()) if span else None)

    @classmethod
    @override
    def recorded(cls, what: str, value: int) -> Self:
        return cls(what == "appliances lit", value or None)

    @classmethod
    @override
    def drawn(cls) -> tuple[Act, ...]:
        return cls(lit=False), cls(lit=True)

    @property
    @override
    def trace(self) -> tuple[str, int | None]:
        return "appliances lit" if self.lit else "appliances shut", self.until_us

    @property
    @override
    def event(self) -> tuple[What, str] | None:
        return What.LIT if self.lit else What.SHUT, ""

    @override
    def does(self, bench: Hands) -> None:
        if self.lit:
            bench.board.open_appliances()
        else:
            bench.board.shut_appliances(NEVER_US if self.until_us is None else self.until_us)
        bench.load_changed()


@final
@dataclass(frozen=True, slots=True)
class Type(Act):
    """Digits are keyed in and entered, as a token is."""

    digits: str

    WORDS: ClassVar[Mapping[str, ActWord]] = {
        "type": ActWord("DIGITS", "key digits in and enter them, as a token is", {})
    }
    TRACED: ClassVar[tuple[str, ...]] = ("digits typed",)
    KEYS: ClassVar[Mapping[str, FileKey]] = {
        "type": FileKey(TypedDigits, "digits that are keyed in and entered")
    }

    @classmethod
    @override
    def typed(cls, word: str, argument: str, board: Board) -> Self:
        digits = argument.replace(" ", "")
        if not _TYPED.fullmatch(digits):
            raise CommandError(f"expected 1 to {ENTRY_DIGITS_MAX} digits, got {argument[:40]!r}")
        return cls(digits)

    @classmethod
    @override
    def recorded(cls, what: str, value: int) -> Self:
        return cls(str(value)[1:] or "0")

    @classmethod
    @override
    def in_file(cls, key: str, said: str) -> Self:
        return cls(said)

    @property
    @override
    def trace(self) -> tuple[str, int | None]:
        # A trace holds a number: the digits after a 1, so that none in front is lost.
        return "digits typed", int(f"1{self.digits}")

    @property
    @override
    def file(self) -> tuple[str, str] | None:
        return "type", self.digits

    @property
    @override
    def event(self) -> tuple[What, str] | None:
        return What.TYPED, self.digits

    @property
    @override
    def in_story(self) -> str:
        return "the keypad"

    @override
    def does(self, bench: Hands) -> None:
        if bench.board.powered:
            bench.board.panel.enter(self.digits.encode("ascii"))
        bench.wake()


ACTS: Final[tuple[type[Act], ...]] = (Press, Power, Appliances, Type)
OF_WORD: Final = {word: act for act in ACTS for word in act.WORDS}
OF_KEY: Final = {key: act for act in ACTS for key in act.KEYS}
OF_TRACE: Final = {what: act for act in ACTS for what in act.TRACED}
# What single keys stand for, in every shell that has keys.
KEY_WORDS: Final = {
    key: f"{word} {argument}".rstrip()
    for act in ACTS
    for word, said in act.WORDS.items()
    for key, argument in said.keys.items()
}
DRAWN: Final = tuple(chain.from_iterable(act.drawn() for act in ACTS))


def held_ms(text: str) -> int:
    """Return for how long a button is held, from `0` to `60` seconds; nothing is a short press."""
    if not text:
        return 0
    held = int(Decimal(text) * 1_000) if _SECONDS.fullmatch(text) else HELD_MS_MAX + 1
    if held > HELD_MS_MAX:
        raise CommandError(f"expected seconds from 0 to {HELD_MS_MAX // 1_000}, got {text!r}")
    return held


def duration_us(text: str) -> int:
    """Return a time span such as `3h` or `1d12h` in µs; at least a second, less than the years."""
    found = DURATION.fullmatch(text)
    counts = [int((count or "0d")[:-1]) for count in found.groups()] if found else []
    span_us = sum(count * unit_us for count, unit_us in zip(counts, _UNITS_US, strict=False))
    if not 0 < span_us < END_US:
        raise CommandError(f"expected a time span such as 90s, 3h or 1d12h, got {text!r}")
    return span_us


def _either(word: str, yes: str, no: str, *, other: bool) -> bool:
    """Return whether `yes` was said; nothing said is the other of what is now."""
    if word not in {"", yes, no}:
        raise CommandError(f"expected {yes} or {no}, got {word[:40]!r}")
    return word == yes if word else other


class ActListener(Protocol):
    """Hears every act at a bench, just before it takes effect."""

    def inserted(self, card: SlotCard, name: str) -> SlotCard:
        """A card is put in; return what to put into the slot for it."""
        ...

    def removed(self) -> None:
        """The card is pulled out."""
        ...

    def did(self, act: Act) -> None:
        """Somebody does something else."""
        ...


ListenerOf: TypeAlias = Callable[[Board], ActListener]


@final
class MeterTrace:
    """Records everything at one meter in a trace. `clock` is what the meter's chip shows."""

    def __init__(self, recorder: Recorder, board: Board, clock: ClockText) -> None:
        self._recorder: Final = recorder
        self._board: Final = board
        self._clock: Final = clock

    def inserted(self, card: SlotCard, name: str) -> SlotCard:
        """Record a card and its answers from now on."""
        self._recorder.inserted(name, clock=self._clock, us=self._board.now_us)
        return RecordedCard(card, self._recorder, self._clock)

    def removed(self) -> None:
        """Record a removal."""
        self._recorder.removed(clock=self._clock, us=self._board.now_us)

    def did(self, act: Act) -> None:
        """Record another act."""
        what, value = act.trace
        self._recorder.done(what, value, clock=self._clock, us=self._board.now_us)

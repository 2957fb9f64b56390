"""The meter on the bench: what a person in front of it can do and see, and its bytes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, final

from meter_emu.domain import Result
from meter_emu.errors import CommandError, ConfigError
from meter_emu.ports import Button, Lamp
from meter_emu.testing.card import Card
from meter_emu.testing.when import When, length_us, when_us
from meter_emu.units import UEUR_PER_CENT
from meter_emu.world.judge.knowledge import latest_us
from meter_emu.world.meter.acts import HOLD_MS, OF_WORD, Appliances, Press
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.live import LiveMeter
from meter_emu.world.meter.model import MeterModel
from meter_emu.world.meter.times import us_to_legal
from meter_emu.world.rehearsal.rig import Rig

_WHO: Final = "meter"


@final
class Meter:
    """The fixture `meter`: one running meter with the build of the run.

    Args:
        rig: The board with its chips.
        live: The meter while it runs.
        events: What was seen of it so far; it grows.
    """

    def __init__(self, rig: Rig, live: LiveMeter, events: Sequence[Event]) -> None:
        self._rig = rig
        self._live = live
        self._board = rig.board
        self._events = events
        self._inside: Card | None = None

    @property
    def id(self) -> int:
        """The meter's number."""
        return self._rig.meter_id

    @property
    def model(self) -> MeterModel:
        """Every number of the meter that is not its program."""
        return self._rig.household.model

    # What people do ------------------------------------------------------------------------------

    def insert(self, card: Card, *, pulled_after: int | None = None) -> Result:
        """Put `card` in, let the meter serve it, and return the display's message about its order.

        `NONE` is a display without a message about a card, as without power. With `pulled_after`
        the card is pulled out when the meter has had so many answers from it; otherwise it stays in
        until `remove`.

        Raises:
            ConfigError: Another card is in, or this one is elsewhere.
        """
        if self._inside is not None:
            raise ConfigError("meter.insert", "card", "there is one in: meter.remove() comes first")
        slot = card.in_slot(_WHO, pulled_after=pulled_after)
        self._inside, card.in_meter = card, True
        result = self._live.insert(slot, card.name)
        if card.sets_clock and result is Result.EXECUTED:
            self._live.note(What.CLOCK_SET, card.name)
        if pulled_after is not None:
            self.remove()
        return result

    def remove(self) -> None:
        """Take the card out; harmless when there is none."""
        self._live.remove()
        if self._inside is not None:
            self._inside.in_meter = False
        self._inside = None

    def press(self, key: str | Button) -> None:
        """Press a button; `key` is `"red"` or `"blue"`.

        Raises:
            ConfigError: There is no such button.
        """
        self._live.do(Press(_key(key, "meter.press")))

    def hold(self, key: str | Button, ms: int = HOLD_MS) -> None:
        """Hold the button `key` for `ms` milliseconds, as gas requires, and let go.

        Raises:
            ConfigError: There is no such button.
        """
        self._live.do(Press(_key(key, "meter.hold"), ms))

    def type(self, digits: str) -> None:
        """Key `digits` in on the keypad and enter them; blanks between them are none.

        Raises:
            ConfigError: The meter has no keypad, or it is not 1 to 32 digits.
        """
        self.do("type", digits)

    def shut_appliances(self) -> None:
        """Shut everything that uses energy, as gas requires before its valve is tested."""
        self._live.do(Appliances(lit=False))

    def open_appliances(self) -> None:
        """Let the household use energy as before."""
        self._live.do(Appliances(lit=True))

    def do(self, word: str, argument: str = "") -> None:
        """Do any act at the meter by its word, as it is typed at a live one: `do("power", "off")`.

        Cards have methods of their own. `word` is that of the act, `argument` what is typed behind
        it.

        Raises:
            ConfigError: There is no such act, or it takes no such argument.
        """
        if word not in OF_WORD:
            raise ConfigError(
                "meter.do", "word", f"expected one of {', '.join(OF_WORD)}, got {word!r}"
            )
        try:
            act = OF_WORD[word].typed(word, argument, self._board)
        except CommandError as error:
            raise ConfigError("meter.do", word, str(error)) from None
        self._live.do(act)

    def power_cut(
        self, *, days: int = 0, hours: int = 0, minutes: int = 0, seconds: int = 0
    ) -> None:
        """Cut the power in the street from now on, and wait until it is back.

        Args:
            days: How long: days of 24 hours.
            hours: Hours besides.
            minutes: Minutes besides.
            seconds: Seconds besides.

        Raises:
            ConfigError: The sum is not above 0, or a planned power cut is in its way.
        """
        rest_us = length_us(
            "meter.power_cut", days=days, hours=hours, minutes=minutes, seconds=seconds
        )
        now_us = self._board.now_us
        self._plan(now_us, now_us + rest_us, "meter.power_cut")
        self._live.bench.run_until(now_us + rest_us)

    def plan_power_cut(self, at: When, until: When) -> None:
        """Plan a power cut between two future times, `at` and `until`.

        Raises:
            ConfigError: A time has passed or names no single instant, or another cut is in the way.
        """
        path = "meter.plan_power_cut"
        self._plan(
            when_us(at, self._rig.zone, path=path, key="at"),
            when_us(until, self._rig.zone, path=path, key="until"),
            path,
        )

    # What people see -----------------------------------------------------------------------------

    @property
    def powered(self) -> bool:
        """Whether the street has power."""
        return self._board.powered

    @property
    def supply_on(self) -> bool:
        """Whether energy can be used: the switch's actual position, and power in the street."""
        switch = self._board.switch
        return switch.on and (self._board.powered or not switch.needs_mains)

    @property
    def display(self) -> str:
        """What the display shows; nothing without power."""
        return self._board.panel.text

    @property
    def lamps(self) -> Lamp:
        """Which lamps are on."""
        return self._board.panel.lamps

    @property
    def clock_trusted(self) -> bool:
        """Whether the meter believes its clock, by its lamp."""
        return Lamp.CLOCK_DOUBTED not in self.lamps

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything that could be seen so far, in time order."""
        return tuple(sorted(self._events, key=lambda event: event.at_us))

    @property
    def opened_at(self) -> list[datetime]:
        """When the supply went off, in legal time."""
        return self._times(What.OPENED)

    @property
    def closed_at(self) -> list[datetime]:
        """When the supply came back on, in legal time."""
        return self._times(What.CLOSED)

    def latest_cut(self, at: When) -> datetime:
        """Return by when a meter with power has cut that is to cut `at`.

        It waits until its clock, less all it may be wrong by, has reached the moment; before it the
        meter must not cut, after this it is late.

        Raises:
            ConfigError: The time names no single instant.
        """
        at_us = when_us(at, self._rig.zone, path="meter.latest_cut", key="at")
        last_us = latest_us(self._rig.household, self._events, at_us)
        return us_to_legal(last_us, self._rig.zone)

    # What is in it -------------------------------------------------------------------------------

    @property
    def balance_ueur(self) -> int | None:
        """The balance in micro-euro, used energy taken off; `None` where memory is unreadable."""
        return self._live.balance_ueur()

    @property
    def balance_cents(self) -> int | None:
        """The same in whole cents, rounded down."""
        balance_ueur = self.balance_ueur
        return None if balance_ueur is None else balance_ueur // UEUR_PER_CENT

    @property
    def image(self) -> bytes:
        """Every byte the meter holds, as `meter-emu image show` explains them."""
        return self._live.image()

    # Inside --------------------------------------------------------------------------------------

    def _times(self, what: What) -> list[datetime]:
        zone = self._rig.zone
        return [us_to_legal(event.at_us, zone) for event in self.events if event.what is what]

    def _plan(self, lost_us: int, back_us: int, path: str) -> None:
        try:
            self._live.bench.plan_outage(lost_us, back_us)
        except ValueError as error:
            raise ConfigError(path, "", str(error)) from None


def _key(key: str | Button, path: str) -> Button:
    names = {str(one.name).lower(): one for one in Button}
    if isinstance(key, Button):
        return key
    if key not in names:
        raise ConfigError(path, "key", f"expected one of {', '.join(names)}, got {key!r}")
    return names[key]

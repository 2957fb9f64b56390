"""Everything one test has on its bench, made once for it."""

from typing import Final, final

from card_protocol.card.virtual import AnyImage
from meter_emu.testing.card import Card
from meter_emu.testing.circumstances import Circumstances, household_of
from meter_emu.testing.desk import Desk
from meter_emu.testing.dialogue import Dialogue
from meter_emu.testing.links import Reach
from meter_emu.testing.meter import Meter
from meter_emu.testing.world import World
from meter_emu.world.meter.acts import Power
from meter_emu.world.meter.events import Event
from meter_emu.world.rehearsal.rig import Rig


@final
class MeterSetup:
    """A world with one meter in it, the office that serves it, and its household's card.

    `world`, `meter` and `desk` are what the fixtures of these names give. `rig` is the board with
    its chips, `dialogue` the last steps, for a test that fails.

    Args:
        setting: Model, balance, load, clock: what the marker `meter` sets.
        build: The program: `reference`, with defects behind a `+`, or a program of yours.
        seed: Where chance comes from; the same seed, the same world.
        reach: The way to cards: `Direct()` has them in this process.

    Raises:
        ConfigError: The setting or the build cannot be.
    """

    def __init__(self, setting: Circumstances, *, build: str, seed: int, reach: Reach) -> None:
        household, start_us = household_of(setting, build, reach.carrier)
        self.seed = seed
        self.rig = Rig.seeded(household, start_us=start_us, seed=seed)
        events: list[Event] = []
        self._live: Final = self.rig.live(events.append)
        self._live.begin()
        self.dialogue = Dialogue(lambda: self.rig.board.now_us)
        self.world = World(self.rig, self._live.bench, seed)
        self.meter = Meter(self.rig, self._live, events)
        self.desk = Desk(self.rig, self._card, self._live.note)
        self._reach = reach
        self._household_card: Card | None = None
        self._cards = 0

    @property
    def card(self) -> Card:
        """The household's card, issued when it is first asked for.

        Raises:
            ConfigError: The way to cards is not there, or does not go to such a card.
            DeskError: The office cannot open an account with this setting.
        """
        if self._household_card is None:
            self._household_card = self._card(self.rig.first_card().image)
        return self._household_card

    def close(self) -> None:
        """Leave no card in the meter, and no power: a program in C has a process until then.

        How a card is reached is for the next test to use.
        """
        self.meter.remove()
        self._live.do(Power(on=False))

    def _card(self, image: AnyImage, *, sets_clock: bool = False) -> Card:
        self._cards += 1
        name = f"{'clock card' if sets_clock else 'card'} {self._cards}"
        return Card(name, image, self.rig, self._reach, self.dialogue, sets_clock=sets_clock)

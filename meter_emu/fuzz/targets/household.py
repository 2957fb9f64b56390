"""A household at play, its events drawn from a fuzzer's bytes, any of them in any order."""

from collections.abc import Callable, Sequence
from typing import Final, final

from card_protocol.card.virtual import VirtualCard
from meter_emu.desk.pricing import Pricing
from meter_emu.fuzz.at_play import (
    ANSWERS_MAX,
    KEY_STATES,
    LEADS_US,
    MODELS,
    OUTAGES_US,
    WAITS_US,
    HouseholdAtPlay,
)
from meter_emu.fuzz.reach import note_all
from meter_emu.fuzz.target import Target, drawn_seeds
from meter_emu.stories.chooser import Chooser, FromBytes
from meter_emu.world.households.household import DeskOrder
from meter_emu.world.meter.acts import DRAWN

_STEPS_MAX: Final = 24
_SIZE_MAX: Final = 128
_PRICE_UEUR_PER_WH: Final = 37  # ours: of a new tariff, as often as its number says
# All states and laws, twice: `python -m tests.fuzz.seeds household` finds them when draws change.
_SEEDS: Final = (38, 17, 162, 292, 4)


@final
class DrawnHousehold:
    """A household that does what a chooser says."""

    def __init__(self, chooser: Chooser, build: str) -> None:
        self._chooser: Final = chooser
        self.rig: Final = HouseholdAtPlay(chooser.below(len(MODELS)), build)
        self._replaced: Final[list[VirtualCard]] = []
        self._copy: VirtualCard = self.rig.newest

    def live(self) -> None:
        """Take steps until the choices are over; ask the laws after each."""
        rig, chooser = self.rig, self._chooser
        deeds: Sequence[Callable[[], object]] = (
            self._visit, self._wait_for_end, self._visit, rig.press, self._visit, self._wait,
            self._wait_for_end, self._replace, self._act, self._outage, self._pull, self._insert,
            self._older, self._technician, self._replace, self._office,
        )  # fmt: skip
        for _ in range(1 + chooser.below(_STEPS_MAX)):
            chooser.of(deeds)()
            rig.ask()

    def _act(self) -> None:
        self.rig.act(self._chooser.of(DRAWN))

    def _wait(self) -> None:
        self.rig.wait(self._chooser.of(WAITS_US) * (1 + self._chooser.below(3)))

    def _wait_for_end(self) -> None:
        self.rig.wait_for_end(past=self._chooser.below(3) > 0)

    def _office(self) -> None:
        """Have the office write one thing, and somebody copy the card before."""
        chooser = self._chooser
        self._copy = self.rig.copy()
        kind = chooser.of(("arm", "arm", "arm", "reactivate", "load", "limiter", "prepayment"))
        if kind == "arm":
            order = self.rig.arming(chooser.of(LEADS_US))
        elif kind == "reactivate":
            order = DeskOrder(reactivate=True)
        elif kind == "load":
            many = 1 + chooser.below(20)
            day = _PRICE_UEUR_PER_WH * many
            tariff = Pricing.of(many, day, day if many % 8 else day // 2) if many % 4 == 0 else None
            order = DeskOrder(load_cents=500 * many, tariff=tariff)
        elif kind == "limiter":
            order = DeskOrder(limiter=chooser.below(3) > 0)
        else:
            order = DeskOrder(prepayment=chooser.below(2) > 0)
        self.rig.write(order)

    def _visit(self) -> None:
        self._office()
        self._insert()

    def _insert(self) -> None:
        self.rig.insert(self.rig.newest)
        if not self.rig.lit and self._chooser.below(2):
            self.rig.ask()
            self.rig.press()

    def _replace(self) -> None:
        """Have the office issue a new card; most people put it in, and keep the old one."""
        self._replaced.append(self.rig.newest)
        self.rig.replace()
        if self._chooser.below(3):
            self._insert()

    def _older(self) -> None:
        """Put in a card that was replaced, or a copy made before the office wrote last."""
        self.rig.insert(self._chooser.of((*self._replaced, self._copy)))

    def _pull(self) -> None:
        self.rig.pull(self.rig.newest, 1 + self._chooser.below(ANSWERS_MAX))

    def _outage(self) -> None:
        self.rig.outage(self._chooser.of(OUTAGES_US))

    def _technician(self) -> None:
        self.rig.technician(self._chooser.around(self.rig.error_s_max))


def at_play(chooser: Chooser, build: str) -> HouseholdAtPlay:
    """Return a household after the chosen events."""
    household = DrawnHousehold(chooser, build)
    household.live()
    return household.rig


def _check(data: bytes, build: str) -> None:
    note_all("a household", *at_play(FromBytes(data), build).reached)


TARGETS: Final = (
    Target(
        id="household",
        our_memory=True,
        asks="what office, people, street and technician do with one meter and its cards",
        oracles="never early, never late; orders and cards only grow; money is conserved; "
        "who is protected is supplied and charged nothing",
        reaches=KEY_STATES,
        size_max=_SIZE_MAX,
        check=_check,
        drawn=True,
        seeds=lambda: drawn_seeds(_SIZE_MAX, _SEEDS),
        events=True,
    ),
)

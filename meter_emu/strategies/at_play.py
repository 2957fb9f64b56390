"""A household at play as a state machine of Hypothesis: the same events, drawn by its rules.

Any event in any order, on one meter and all its cards and copies; after each, the laws of one
household are checked. A failure is shrunk to the shortest list of events. As a test of a program:

class Mine(HouseholdMachine):
    build = "mine:program"

TestMine = Mine.TestCase
"""

from dataclasses import replace
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from card_protocol.card.virtual import VirtualCard
from meter_emu.fuzz.at_play import (
    ANSWERS_MAX,
    LEADS_US,
    MODELS,
    OUTAGES_US,
    WAITS_US,
    HouseholdAtPlay,
)
from meter_emu.world.households.household import DeskOrder
from meter_emu.world.meter.acts import DRAWN, Act

_ORDERS = st.sampled_from(
    (
        DeskOrder(limiter=True),
        DeskOrder(reactivate=True),
        DeskOrder(load_cents=500),
        DeskOrder(load_cents=10_000),
        DeskOrder(prepayment=False),
        DeskOrder(prepayment=True),
        DeskOrder(limiter=False),
    )
)


class HouseholdMachine(RuleBasedStateMachine):
    """The rules; a subclass names another `build`. `household.reached` has its decisive states.

    `cards` is Hypothesis's bundle of the cards that were issued, `household` the one at play.
    """

    build: ClassVar[str] = "reference"
    cards: Bundle[VirtualCard] = Bundle("cards")
    household: HouseholdAtPlay

    @initialize(target=cards, model=st.sampled_from(MODELS))
    def begin(self, model: int) -> VirtualCard:
        """Install a meter of the built-in `model`; return its household's first card.

        Raises:
            ConfigError: The build does not exist.
            DeskError: The office cannot open the account.
        """
        self.household = HouseholdAtPlay(model, self.build)
        return self.household.newest

    @rule(
        lead_us=st.sampled_from(LEADS_US),
        limiter=st.sampled_from((None, None, True)),
        brought=st.booleans(),
    )
    def arm(self, lead_us: int, *, limiter: bool | None, brought: bool) -> None:
        """The office arms, or extends.

        Args:
            lead_us: How long before T2 it is, in µs.
            limiter: Grant the 10 A limiter, withdraw it, or `None` for no word of it.
            brought: The card goes into the meter at once.
        """
        self.office(replace(self.household.arming(lead_us), limiter=limiter), brought=brought)

    @rule(order=_ORDERS, brought=st.booleans())
    def office(self, order: DeskOrder, *, brought: bool) -> None:
        """The office writes an `order` on the newest card, perhaps `brought` to the meter."""
        self.household.write(order)
        if brought:
            self.household.insert(self.household.newest)

    @precondition(lambda self: not self.household.lit)
    @rule(brought=st.booleans())
    def reactivate(self, *, brought: bool) -> None:
        """Somebody without supply goes to the office, and presses the button afterwards.

        The card is perhaps `brought` to the meter in between.
        """
        self.office(DeskOrder(reactivate=True), brought=brought)
        self.household.press()

    @rule(target=cards)
    def copy(self) -> VirtualCard:
        """Somebody copies the newest card; return the copy."""
        return self.household.copy()

    @rule(target=cards)
    def reissue(self) -> VirtualCard:
        """The office issues a new card; return it. The old one is not taken away."""
        return self.household.replace()

    @rule(card=cards)
    def insert(self, card: VirtualCard) -> None:
        """Any `card` of the household goes in."""
        self.household.insert(card)

    @rule(card=cards, answers=st.integers(1, ANSWERS_MAX))
    def pull(self, card: VirtualCard, answers: int) -> None:
        """Any `card` goes in, and is pulled out after so many `answers`, too early."""
        self.household.pull(card, answers)

    @rule(past=st.booleans())
    def wait_for_end(self, *, past: bool) -> None:
        """Time passes until just before T2, or just `past` it."""
        self.household.wait_for_end(past=past)

    @rule(rest_us=st.sampled_from(WAITS_US))
    def wait(self, rest_us: int) -> None:
        """Time passes: `rest_us` microseconds."""
        self.household.wait(rest_us)

    @rule()
    def press(self) -> None:
        """Somebody presses the button."""
        self.household.press()

    @rule(act=st.sampled_from(DRAWN))
    def act(self, act: Act) -> None:
        """Somebody does something else at the meter: `act`."""
        self.household.act(act)

    @rule(long_us=st.sampled_from(OUTAGES_US))
    def outage(self, long_us: int) -> None:
        """The power in the street fails for `long_us` microseconds."""
        self.household.outage(long_us)

    @rule(side=st.sampled_from((0, -1, 1)))
    def technician(self, side: int) -> None:
        """A technician sets the clock, wrong by as much as is allowed: `side` -1, 0 or 1 of it."""
        self.household.technician(side * self.household.error_s_max)

    @invariant()
    def the_laws_hold(self) -> None:
        """After each step."""
        self.household.ask()

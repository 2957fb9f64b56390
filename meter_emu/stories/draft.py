"""A household while it is drawn: its meter and cards, and people's visits, in any order.

It keeps a story valid: cards carry only what an office may write.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, final

from card_protocol.card.image import CardKind
from card_protocol.timestamp import Civil
from card_protocol.tokens.openpaygo.counter import PaygoKind
from meter_emu.desk.pricing import Pricing
from meter_emu.hardware.rtc.calendar_chip import Registers
from meter_emu.ports import Button
from meter_emu.stories.ages import aged
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.times import Timing
from meter_emu.units import EPOCH_2000_US, HOUR_S, MINUTE_S, SECOND_US
from meter_emu.world.households.campaign import METER_ID_FIRST
from meter_emu.world.households.household import (
    DeskOrder,
    NewCard,
    Visit,
    VisitKind,
)
from meter_emu.world.households.ledger import (
    NO_TYPO,
    Sale,
    TypedToken,
    Typo,
    sold_to,
)
from meter_emu.world.households.ledger_token import LedgerToken
from meter_emu.world.households.sts_ledger import StsSale, vended
from meter_emu.world.meter.acts import HOLD_MS, Act, Press
from meter_emu.world.meter.age import Age
from meter_emu.world.meter.devices import DEVICES
from meter_emu.world.meter.model import MeterModel
from meter_emu.world.meter.times import us_to_civil, us_to_legal

# A household's load, W; of another energy a share of it (`Energy.drawn_one_in`).
USES: Final = (500, 500, 250, 1_000, 2_000, 4_000, 100, 0)
_TOO_BRIEFLY_S: Final = 5  # ours: so long before it is held as it must be
# How long after the office the card is put into the meter.
_ON_THE_WAY_S: Final = (30 * MINUTE_S, 30 * MINUTE_S, 5 * MINUTE_S, 2 * HOUR_S, 20 * HOUR_S)


@final
@dataclass(slots=True, kw_only=True)
class Draft:
    """A household as drawn so far; instants in seconds since 1970-01-01 UTC."""

    chooser: Chooser
    model: MeterModel
    model_name: str
    rtc_base: str | None  # if other than the model file's
    generation: int
    carrier: CardKind
    timing: Timing
    first_s: int  # the earliest start of the story
    kind: str = ""
    credit_ends_s: int | None = None  # about when the credit is used up, without further loads
    ends_after_cents: int = 0  # and what was loaded by then
    short: bool = False  # some hours
    clock_cards: bool = True  # whether a technician has cards that this meter obeys
    fast: bool = False  # whether the clock is at its fastest
    ample_credit: bool = False  # whether it never is
    earlier: bool = (
        False  # whether of a repeated time the first is meant: generation 2 can express it
    )
    rates: Sequence[int] = USES  # of which it uses one
    flat: bool = False  # whether it is the same at all hours
    limiter: bool = False
    prepayment: bool = True
    first_card: NewCard = field(default_factory=NewCard)
    visits: list[Visit] = field(default_factory=list)
    outages: list[tuple[int, int]] = field(default_factory=list)
    rtc_found: dict[int, Registers] = field(default_factory=dict)  # each at the end of an outage
    age: Age | None = None  # until it is drawn
    sales: list[Sale] = field(default_factory=list)  # of tokens, in the order of sale
    energy_sales: list[StsSale] = field(default_factory=list)  # of an STS meter, likewise
    entries: list[tuple[int, int, Typo]] = field(default_factory=list)  # when which sale, and how

    def sell(self, at_s: int, kind: PaygoKind, value: int | None = None) -> int:
        """The office sells a token, no earlier than the one before; return which sale it is."""
        before_us = self.sales[-1][1] if self.sales else 0
        number = len(self.sales)
        at_us = max(at_s * SECOND_US, before_us)
        self.sales.append((f"token-{number + 1}", at_us, kind, value))
        return number

    def key_in(self, at_s: int, sale: int, typo: Typo = NO_TYPO) -> None:
        """Somebody keys a sold token in."""
        self.entries.append((at_s, sale, typo))

    def ledger(self, household: str) -> tuple[LedgerToken, ...]:
        """Return what the office has sold them, with the counts that follow the device's last."""
        if self.energy_sales:
            sold = (replace(sale, household=household) for sale in self.energy_sales)
            return tuple(vended(sold, self.model))
        if not self.sales:
            return ()
        return tuple(sold_to(household, self.sales, self.grown_old().token_count))

    def visited(self, ledger: Sequence[LedgerToken]) -> tuple[Visit, ...]:
        """Return all visits in their order, with what the office did not refuse to sell."""
        keyed_in = (
            Visit(
                at_us=at_s * SECOND_US,
                kind=VisitKind.KEYED_IN,
                token=TypedToken(token=ledger[sale], typo=typo),
            )
            for at_s, sale, typo in self.entries
            if not ledger[sale].refused
        )
        return tuple(sorted([*self.visits, *keyed_in], key=lambda visit: visit.at_us))

    def office(self, at_s: int, order: DeskOrder) -> None:
        """The office writes the card."""
        self._visit(Visit(at_us=at_s * SECOND_US, kind=VisitKind.DESK, desk=order))

    def insert(self, at_s: int) -> None:
        """Somebody puts the card into the meter."""
        self._visit(Visit(at_us=at_s * SECOND_US, kind=VisitKind.INSERT))

    def bring(self, at_s: int, order: DeskOrder) -> None:
        """The office writes an order some time before; the card is put into the meter at `at_s`."""
        self.office(max(self.first_s, at_s - self.chooser.of(_ON_THE_WAY_S)), order)
        self.insert(at_s)

    def insert_copy(
        self, at_s: int, number: int, records: tuple[str, ...] = (), flipped: int | None = None
    ) -> None:
        """Somebody puts in a copy, made when the card had left the office `number` times.

        Or the newest card with only these of its records as they were then, and a bit turned over.
        """
        at_us = at_s * SECOND_US
        self._visit(
            Visit(
                at_us=at_us,
                kind=VisitKind.COPY,
                copy_number=number,
                records=records,
                flipped=flipped,
            )
        )

    def insert_old(self, at_s: int, number: int) -> None:
        """Somebody puts in the card with a number, from 1, that has been replaced."""
        self._visit(Visit(at_us=at_s * SECOND_US, kind=VisitKind.OLD_CARD, card_number=number))

    def scroll(self, at_s: int) -> None:
        """Somebody presses the button that only scrolls, which wakes the program at once."""
        self.act(at_s, Press(Button.RED if self.model.rearm.key == "blue" else Button.BLUE))

    def ask_supply(self, at_s: int) -> None:
        """Somebody asks for supply by this model's button; one to be held too briefly at first."""
        rearm = self.model.rearm
        button = Button[rearm.key.upper()]
        if rearm.hold_ms:
            self.act(at_s - _TOO_BRIEFLY_S, Press(button))
        self.act(at_s, Press(button, HOLD_MS if rearm.hold_ms else 0))

    def ask_clock(self, at_s: int) -> None:
        """Somebody presses blue, which first shows the clock after each start of the program."""
        self.act(at_s, Press(Button.BLUE))

    def act(self, at_s: int, act: Act) -> None:
        """Somebody does this at the meter."""
        self._visit(Visit(at_us=at_s * SECOND_US, kind=VisitKind.ACT, act=act))

    def tool_error_s(self) -> int:
        """Draw how far off a technician's tool is: any error that it may have, or the largest."""
        most_s = self.model.clock.set_error_s - 1
        any_s = self.chooser.around(most_s)
        return (any_s, any_s, most_s, -most_s)[self.chooser.below(4)]

    def technician(self, at_s: int, error_s: int) -> None:
        """A technician sets the clock, with an error, if the meter obeys his cards."""
        if not self.clock_cards:
            return
        self._visit(Visit(at_us=at_s * SECOND_US, kind=VisitKind.CLOCK_CARD, clock_error_s=error_s))

    def clock_card(
        self,
        at_s: int,
        *,
        error_s: int,
        made_s: int | None = None,
        others: int = 0,
        lost: bool = False,
    ) -> None:
        """Somebody puts in a clock card that was made at `made_s`, or is another meter's.

        `others` is that meter's number less this one's. If it is `lost` the chip takes nothing.
        """
        self._visit(
            Visit(
                at_us=at_s * SECOND_US,
                kind=VisitKind.CLOCK_CARD,
                clock_error_s=error_s,
                made_us=None if made_s is None else max(made_s * SECOND_US, EPOCH_2000_US),
                for_meter=METER_ID_FIRST + others if others else None,
                lost=lost,
            )
        )

    def upset_now(self, at_s: int, found: Registers) -> None:
        """The clock chip's registers hold these values from now on, under a running program."""
        self._visit(Visit(at_us=at_s * SECOND_US, kind=VisitKind.UPSET, registers=found))

    def upset(self, lost_s: int, back_s: int, found: Registers) -> None:
        """The power fails; afterwards the clock chip's registers hold these values."""
        self.outages.append((lost_s, back_s))
        self.rtc_found[back_s] = found

    def lose_power(self, lost_s: Sequence[int], long_s: int) -> None:
        """The power fails at these ascending instants, for so long each; later if still off."""
        free_s = self.first_s + MINUTE_S
        for at_s in lost_s:
            from_s = max(at_s, free_s)
            self.outages.append((from_s, from_s + long_s))
            free_s = from_s + long_s + 1

    def arming(self, defer_s: int, cut_s: int) -> DeskOrder:
        """Return the order that defers until T1 and cuts at T2, no earlier."""
        defer_until, defer_us = self.minute(min(defer_s, cut_s))
        cut_at, cut_us = self.minute(cut_s)
        if defer_us > cut_us:
            defer_until, defer_us = cut_at, cut_us
        return DeskOrder(defer_until=defer_until, cut_at=cut_at, defer_us=defer_us, cut_us=cut_us)

    def minute(self, at_s: int) -> tuple[Civil, int]:
        """Return a time as a card carries it, and its instant in µs; of two the one meant."""
        at_us = at_s // MINUTE_S * MINUTE_S * SECOND_US
        zone = self.model.zone
        if self.earlier:
            return us_to_civil(at_us, zone), at_us
        legal = us_to_legal(at_us, zone)
        later = legal.replace(fold=1).utcoffset()
        before = legal.utcoffset()
        assert later is not None, "legal time has an offset"
        assert before is not None, "legal time has an offset"
        at_us += (before - later).seconds * SECOND_US
        return us_to_civil(at_us, zone), at_us

    def new_card(self, expires_s: int | None) -> NewCard:
        """Return a new card, temporary or not."""
        return NewCard() if expires_s is None else NewCard(*self.minute(expires_s))

    def tariff(self) -> Pricing:
        """Draw another tariff that this meter takes."""
        day = 1 + self.chooser.below(400)
        night = 1 + self.chooser.below(day) if self.model.night is not None else None
        return Pricing.of(2, day, night)

    def worth_of_a_unit(self) -> int | None:
        """Draw the energy of a unit by another tariff; `None` if it stays as it is."""
        if not self.model.measures.varies or self.chooser.below(4) == 3:
            return None
        return self.model.credit.mwh_per_unit + self.chooser.around(2_000)

    def grown_old(self) -> Age:
        """Return the age of meter and card; draw it when first asked."""
        if self.age is None:
            self.age = aged(self.chooser, self.carrier, keypad=DEVICES[self.model.device].keypad)
        return self.age

    def _visit(self, visit: Visit) -> None:
        self.visits.append(visit)

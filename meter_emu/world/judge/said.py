"""What a meter says of its ends, its supply and its balance, also next to what it said before.

A program may forget an end that has come, and then it stays forgotten. A balance falls by what was
charged since the last look at it, however wide the account has become by then.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, final

from card_protocol.formats.budget.compact import UEUR_PER_STEP
from card_protocol.timestamp import Civil
from meter_emu.units import SECOND_US, UEUR_PER_CENT, euro, euro_apart
from meter_emu.world.households.household import Household
from meter_emu.world.judge.account import UEUR, Books
from meter_emu.world.judge.forks import Forks
from meter_emu.world.judge.outcome import WORK_US
from meter_emu.world.judge.promise import Promise
from meter_emu.world.judge.verdicts import FindingKind
from meter_emu.world.meter.display import SupplySaid, credit_said, ends_said, supply_said
from meter_emu.world.meter.events import Event, What, beginning_of
from meter_emu.world.meter.times import us_to_civil

# At these a program has just looked, and its display says how things are.
LOOKED: Final = (What.CARD_SERVED, What.CARD_REFUSED, What.KEY_PRESSED, What.KEY_HELD)
_SWITCH: Final = (What.OPENED, What.CLOSED)
_LIMITER: Final = (What.LIMITED, What.UNLIMITED)
_POWER: Final = (What.POWER_LOST, What.POWER_BACK)


@final
class Statement(NamedTuple):
    """One statement on one subject, and what is wrong with it, `None` if nothing is.

    `stated_cut` is the T2 of a wrong display: (None,) for no cut.
    """

    at_us: int
    kind: FindingKind
    subject: str
    wrong: str | None
    stated_cut: tuple[Civil | None] | None = None


@final
class MeterSaid(Forks):
    """What one meter has said so far; events are given in time order, each to every method."""

    def __init__(self, household: Household, events: Sequence[Event]) -> None:
        self._household: Final = household
        begins = beginning_of(events)
        self._on, self._limited = begins.supply_on, bool(begins.limiter_a)
        self._settled_us = begins.at_us  # from when on the display has followed the last move
        self._look_us: Final = household.model.poll_s * SECOND_US + WORK_US
        self._lost_us: int | None = None  # since when there is no power
        self._forgotten = set[tuple[str, int]]()  # ends, by their instant
        self._balance: tuple[int, Books] | None = None
        self.go_on(events)

    def go_on(self, events: Sequence[Event]) -> None:
        """Take in that there are more events, of all from the beginning on."""
        # Before the switch moves the display may say already that it will.
        moved = _SWITCH + _LIMITER
        self._moves_us = [e.at_us for e in reversed(events) if e.what in moved]

    def ends(self, event: Event, promise: Promise) -> Iterator[Statement]:
        """Compare T1 and T2 on a write-back and on the display with those announced.

        The display is read at every event, as by somebody who looks each evening.
        """
        # Less than a look after an order it may be of before it, but where somebody looks.
        if event.what not in LOOKED and event.at_us < promise.from_us + self._look_us:
            return
        stated = list(ends_said(event.shown).items())
        if event.what is What.CARD_SERVED and event.understood is not None:
            stated = [*zip(("T1", "T2"), event.understood, strict=True), *stated]
        announced = {"T1": promise.defer_us, "T2": promise.cut_us}
        for name, civil in stated:
            us = announced[name]
            want = None if us is None else us_to_civil(us, self._household.model.zone)
            words = None
            if us is not None and us <= event.at_us and civil is None:
                self._forgotten.add((name, us))  # it has come
            elif us is not None and (name, us) in self._forgotten:
                words = f"{name} had come, and the meter stated none, and then {_date(civil)}"
            elif civil != want:
                words = f"announced {name} {_date(want)}, and the meter stated {_date(civil)}"
            stated_cut = None if name == "T1" or words is None else (civil,)
            yield Statement(event.at_us, FindingKind.WRONG_DISPLAY, name, words, stated_cut)

    def supply(self, event: Event) -> Iterator[Statement]:
        """Compare what the display says of the supply with switch and limiter, and power."""
        what, at_us = event.what, event.at_us
        while self._moves_us and self._moves_us[-1] < at_us:
            self._moves_us.pop()
        if what in _SWITCH:
            self._on = what is What.CLOSED
            # One that was moving when power failed comes to rest.
            moves = self._lost_us is None or at_us <= self._lost_us + WORK_US
            words = None if moves else "the switch moved, and the meter had no power"
            yield Statement(at_us, FindingKind.SUPPLY_MISSTATED, "switch", words)
        elif what in _LIMITER:
            self._limited = what is What.LIMITED
        elif what in _POWER:
            self._lost_us = at_us if what is What.POWER_LOST else None
        if what in _SWITCH + _LIMITER + _POWER:
            started_us = self._household.model.boot_ms * 1_000 * (what is What.POWER_BACK)
            self._settled_us = at_us + self._look_us + started_us
            return
        moves = bool(self._moves_us) and self._moves_us[-1] <= at_us + WORK_US
        said = supply_said(event.shown)
        if at_us < self._settled_us or moves or said is None:
            return
        wrong = None
        if self._on and said is SupplySaid.OFF:
            wrong = f"the display says {event.shown}, and the supply is on"
        elif self._on and not self._limited and said is SupplySaid.LIMITED:
            wrong = f"the display says {event.shown}, and nothing is limited"
        yield Statement(at_us, FindingKind.SUPPLY_MISSTATED, "display", wrong)

    def balance(
        self, event: Event, promise: Promise, books: Books, *, known: bool, priced: bool
    ) -> Iterator[Statement]:
        """Compare the balance in the memory with the account, and with the one before it.

        `known` is whether the account is that of the meter from its beginning on, `priced` whether
        its prices are.
        """
        if event.balance_ueur is None or not priced:
            return
        if event.what in _SWITCH:
            # Dated when it happened, and seen by the observer after the poll: it is only compared
            # with what comes later.
            self._balance = (event.balance_ueur, books)
            return
        if not known and event.what in LOOKED:
            self._balance = None  # what a load repays, or a press takes, nobody here knows
        work = WORK_US * max(self._household.load) * promise.mwh_per_unit
        wrong = None
        if known:
            wrong = wrong_balance(event.balance_ueur, promise, books, work, 1)
        wrong = wrong or self._contradicted(event, promise, books, work)
        if wrong is None and self._balance is not None:
            wrong = _wrong_fall(self._balance, (event.balance_ueur, books), promise, work)
        # What was wrong is no measure for what comes after it.
        self._balance = (event.balance_ueur, books) if wrong is None else None
        said = None if wrong is None else self._household.model.measures.said(wrong)
        yield Statement(event.at_us, FindingKind.WRONG_MONEY, "memory", said)

    def _contradicted(self, event: Event, promise: Promise, books: Books, work: int) -> str | None:
        """Compare the balance in the memory with those on the card and the display."""
        assert event.balance_ueur is not None, "it is compared"
        shown_cents = credit_said(event.shown) if event.what in LOOKED else None
        stated = [] if shown_cents is None else [("display", shown_cents, UEUR_PER_CENT)]
        if event.what is What.CARD_SERVED and event.written is not None:
            stated.append(("card", event.written.balance_ueur // UEUR_PER_STEP, UEUR_PER_STEP))
        used_ueur = -(-(work * promise.pricing.price_ueur_per_wh + books.carried) // UEUR)
        for where, steps, step in stated:
            if abs(steps * step - event.balance_ueur) > step + used_ueur:
                memory = euro(event.balance_ueur)
                return f"balance {memory} in the memory, and {euro(steps * step)} on the {where}"
        return None


def wrong_balance(
    stated_ueur: int, promise: Promise, books: Books, work: int, step: int
) -> str | None:
    """Return what is wrong with a balance; `work` is the energy used in a session."""
    low = (books.low - work * promise.pricing.price_ueur_per_wh) // UEUR // step * step
    high = -(-books.high // UEUR)
    if low <= stated_ueur <= high:
        return None
    return "balance {}, expected {} to {}".format(*euro_apart(stated_ueur, low, high))


def _wrong_fall(
    before: tuple[int, Books], balance: tuple[int, Books], promise: Promise, work: int
) -> str | None:
    (before_ueur, then), (now_ueur, books) = before, balance
    slack = max(then.carried, books.carried) + work * promise.pricing.price_ueur_per_wh + UEUR
    low = before_ueur + (then.fell_most - books.fell_most - slack) // UEUR
    high = before_ueur - (books.fell_least - then.fell_least - slack) // UEUR
    if low <= now_ueur <= high:
        return None
    now, from_, to = euro_apart(now_ueur, low, high)
    return f"balance {now} after {euro(before_ueur)}, expected {from_} to {to}"


def _date(when: Civil | None) -> str:
    return "none" if when is None else str(when)

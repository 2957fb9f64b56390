"""A play, lived: what was used and when, what is due on paper, and what it is worth.

It is measured at the register, by true time and by what the office sold; the meter's own books are
asked only for what they left out. `python -m tests.reliability.lives [BUILD]...` prints what the
plays that are `KNOWN` yield, for `plain` and `reference` if no build is named.
"""

import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Final, NamedTuple

from meter_emu.errors import MeterEmuError, PollsSpentError, ProgramError
from meter_emu.firmware.layouts import EnergyAccount
from meter_emu.hardware.metrology import REGISTER_UNITS, UNIT
from meter_emu.units import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from meter_emu.world.households.household import DeskOrder, Visit, VisitKind
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.model import uncertainty_s
from meter_emu.world.meter.observer import state_in
from meter_emu.world.meter.times import to_us, us_to_legal
from meter_emu.world.rehearsal.engine import HouseholdStory
from meter_emu.zones import BELGIAN
from tests.reliability.plays import (
    BEGINS,
    DAY_MIN,
    EUR,
    HOUR_MIN,
    Deed,
    Failing,
    Harm,
    Play,
    home_of,
)

LIMITED_W: Final = 2_300  # 10 A at 230 V
STARTS_US: Final = 2 * SECOND_US  # of each power-up, before the program has looked
SHELTER_WH: Final = 671_600  # docs/decisions/doubt.md, as is the next
NIGHT_WH: Final = 200_000

# What is due --------------------------------------------------------------------------------------


class Orders(NamedTuple):
    """What a card says, as the office wrote it."""

    number: int = 0
    defer_us: int | None = None
    cut_us: int | None = None
    limiter: bool = False
    card: int = 1


def _later(us: int | None) -> int | None:
    """Return the later of the instants that a legal time names: that is the one promised."""
    if us is None:
        return None
    legal = us_to_legal(us, BELGIAN).replace(fold=1)
    return to_us(legal)


class Paper:
    """What office and meter know, on paper: the orders on each card, and those that were heard."""

    def __init__(self, play: Play) -> None:
        self.card = self.heard = Orders(limiter=play.limiter)
        self.writings: list[Orders] = []
        self.old: list[Orders] = []
        self.sold_cents = 0
        self.limited, self.deferrals = play.limiter, 0  # whether, and how often, in all its life
        self.ahead_s = 0  # the most that an office was ahead

    def write(self, desk: DeskOrder) -> None:
        """Have the office write."""
        if desk.new_card is not None:
            self.old.append(self.card)
            self.card = self.card._replace(card=self.card.card + 1)
        self.sold_cents += desk.load_cents
        self.ahead_s = max(self.ahead_s, desk.office_error_s)
        if desk.orders:
            card = self.card._replace(number=self.card.number + 1)
            if desk.reactivate:
                card = card._replace(defer_us=None, cut_us=None)
            if desk.defer_us is not None:
                card = card._replace(defer_us=_later(desk.defer_us))
            if desk.cut_us is not None:
                card = card._replace(cut_us=_later(desk.cut_us))
            if desk.limiter is not None:
                card = card._replace(limiter=desk.limiter)
            self.card = card
        self.writings.append(self.card)

    def put_in(self, visit: Visit) -> None:
        """Have the meter hear a card; an older one than it knows says nothing."""
        card = self.card
        if visit.kind is VisitKind.OLD_CARD:
            card = self.old[(visit.card_number or 1) - 1]
        elif visit.kind is VisitKind.COPY:
            card = self.writings[(visit.copy_number or 1) - 1]
        if card.card < self.heard.card:
            return
        if card.number > self.heard.number:
            self.heard = card
            self.limited |= card.limiter
            self.deferrals += card.defer_us is not None
        else:
            self.heard = self.heard._replace(card=card.card)


_HEARS: Final = (VisitKind.INSERT, VisitKind.OLD_CARD, VisitKind.COPY)


# Its life -----------------------------------------------------------------------------------------


class Life:
    """A play, lived on a build: what was used and when, and what is due."""

    def __init__(self, play: Play, build: str = "reference") -> None:
        self.play = play
        self.household, self.campaign = home_of(play, build)
        self.events: list[Event] = []
        self.story = HouseholdStory(self.household, self.campaign, self.events.append)
        self.board = self.story.rig.board
        self.paper = Paper(play)
        self.due_ueur = self.after_cut_ueur = 0.0  # of what was used, by true time
        self.early_min, self.unsure = 0.0, False
        self.ended_us = self.campaign.end_us
        self._seen = self.board.metrology.amount_at(self.board.now_us)
        self._seen_us = self.board.now_us
        self._moves = 0
        self._live()

    def _live(self) -> None:
        looks = sorted({*self._edges(), self.campaign.end_us})
        todo = list(reversed(looks))
        try:
            for number, visit in enumerate(self.household.visits):
                while todo and todo[-1] <= visit.at_us:
                    self._look(todo.pop())
                self._look(visit.at_us)
                self._receive(visit, number)
            while todo:
                self._look(todo.pop())
        except PollsSpentError as error:
            self.ended_us = self.board.now_us
            self._account(self.board.now_us)
            self.story.fail(error)
        else:
            self.story.end(self.campaign.end_us)
        self.events.sort(key=lambda event: event.at_us)

    def _receive(self, visit: Visit, number: int) -> None:
        spans = self.household.outages
        until_us = visit.at_us + 2 * MINUTE_US
        failing = any(lost < until_us and back > visit.at_us - MINUTE_US for lost, back in spans)
        before = len(self.events)
        self.story.receive(visit, number)
        if visit.desk is not None:
            self.paper.write(visit.desk)
        elif visit.kind in _HEARS:
            served = any(event.what is What.CARD_SERVED for event in self.events[before:])
            if served or not failing:
                self.paper.put_in(visit)
            else:  # heard at one of the power-ups, or never: what is due is not known
                self.unsure = True

    def _edges(self) -> Iterator[int]:
        """Yield the instants at which what is due changes."""
        start_us, end_us = self.campaign.start_us, self.campaign.end_us
        for visit in self.household.visits:
            desk = visit.desk
            for us in () if desk is None else (desk.defer_us, desk.cut_us):
                if us is not None:
                    later_us = _later(us) or us
                    yield from (later_us, self._over_us(later_us))
        night = self.household.model.night
        if self._two_prices and night is not None:
            for number in range(self.play.days + 1):
                day = BEGINS[self.play.begins] + timedelta(days=number)
                for minute in (0, night.end_minute, night.start_minute):
                    at = (day + timedelta(minutes=minute)).replace(tzinfo=BELGIAN.info)
                    if start_us < to_us(at) < end_us:
                        yield to_us(at)

    @property
    def _two_prices(self) -> bool:
        return self.household.model.credit.pricing.bi_hourly

    def u_us(self, at_us: int) -> int:
        """Return *u* at an instant, with an hour for each change that power may have failed at."""
        u_s = uncertainty_s(self.household.model, self.household.clock_set_us, at_us) + 60
        legal = self.household.model.rtc_base == "legal" and bool(self.household.outages)
        return (u_s + 2 * 3_600 * legal) * SECOND_US

    def _over_us(self, end_us: int) -> int:
        """Return from when on an end must have come."""
        return end_us + 2 * self.u_us(end_us) + 2 * MINUTE_US

    def _look(self, at_us: int) -> None:
        if at_us >= self.campaign.end_us:
            at_us = self.campaign.end_us
        self.story.live_until(at_us)
        self._account(at_us)

    def _account(self, at_us: int) -> None:
        """Take what was used since the last look, at the price and under the orders of then."""
        board, heard = self.board, self.paper.heard
        amount = board.metrology.amount_at(max(board.now_us, at_us))
        used_wh = (amount - self._seen) % (REGISTER_UNITS * UNIT) / UNIT
        since_us, self._seen, self._seen_us = self._seen_us, amount, max(board.now_us, at_us)
        ueur = used_wh * self._price_ueur(since_us)
        if heard.defer_us is None or since_us >= heard.defer_us:
            self.due_ueur += ueur
        cut_us = None if heard.limiter else heard.cut_us  # who has a limiter has 10 A after it
        if cut_us is not None and since_us >= self._over_us(cut_us):
            self.after_cut_ueur += ueur
        for moved_us, on in board.moves[self._moves :]:
            if not on:
                self._opened(moved_us, heard)
        self._moves = len(board.moves)

    def _opened(self, at_us: int, heard: Orders) -> None:
        """Take a switch that went off, which before T1, or with credit before T2, is early."""
        ends_us = [heard.defer_us] if heard.defer_us is not None else []
        if heard.cut_us is not None and self._has_credit:
            ends_us.append(heard.cut_us)
        ahead_us = max(ends_us, default=at_us) - at_us
        self.early_min = max(self.early_min, ahead_us / MINUTE_US)

    @property
    def _has_credit(self) -> bool:
        paid_ueur = self.play.balance_cents * 10_000
        return paid_ueur - self.due_ueur > EUR

    def _price_ueur(self, at_us: int) -> int:
        credit, night = self.household.model.credit, self.household.model.night
        prices = credit.pricing
        if not self._two_prices or night is None:
            return prices.price_ueur_per_wh
        legal = us_to_legal(at_us, BELGIAN)
        minute = legal.hour * 60 + legal.minute
        by_day = night.end_minute <= minute < night.start_minute and legal.weekday() < 5
        return prices.price_ueur_per_wh if by_day else prices.night_price_ueur_per_wh

    # What it is worth -----------------------------------------------------------------------------

    def harms(self) -> dict[str, Harm]:
        """Return what was had of each kind, EUR or minutes, and the most that is promised of it."""
        if self.unsure:
            return {}
        parts = parse_build(self.household.build).parts(self.household.model)
        state = state_in(self.board, parts)
        assert state is not None, "the memory is whole"
        register = self.board.metrology.read_units(self.board.now_us)
        pending_wh, _ = parts.ledger.pending(state, register)
        charged_ueur = state.charged_ueur
        if state.account == EnergyAccount.CHARGED:
            charged_ueur += pending_wh * parts.ledger.price_ueur_per_wh(state)
        paid_ueur = (self.play.balance_cents + self.paper.sold_cents) * 10_000
        limited = self.paper.limited
        hidden = (self.due_ueur - charged_ueur) / EUR
        booked_ueur = state.charged_ueur + state.balance_ueur - state.emergency_debt_ueur
        kind, hidden_most = self._hidden()
        late = self._late_eur()
        owed = "owed behind a limiter" if limited else "owed"
        found = {
            owed: Harm((self.due_ueur - paid_ueur) / EUR, self._owed_most(hidden_most)),
            kind: Harm(hidden, hidden_most),
            "used after T2": Harm(self.after_cut_ueur / EUR, late),
            "counted and not sold": Harm((booked_ueur - paid_ueur) / EUR, 0.0),
            "cut early": Harm(self.early_min, self._early_most()),
        }
        return {kind: harm for kind, harm in found.items() if harm.found > 0}

    @property
    def _eur_an_hour(self) -> float:
        return self.play.load_w * self.household.model.credit.price_ueur_per_wh / EUR

    @property
    def _dark_us(self) -> int:
        ended_us = self.ended_us
        spans = self.household.outages
        return sum(min(back, ended_us) - lost for lost, back in spans if lost < ended_us)

    @property
    def _clock_was_lost(self) -> bool:
        """Whether the clock may have been: an empty reserve, or a setting that is too old."""
        clock = self.household.model.clock
        too_old = self.play.set_days + self.play.days >= clock.trust_max_days
        return too_old or self._dark_us >= clock.backup_days * DAY_US * 9 // 10

    def _late_eur(self) -> float:
        """Return what the time that a lost clock may be late is worth."""
        if not self._clock_was_lost:
            return 0.0
        late_us = self._dark_us + (1 + self._cards) * DAY_US
        late_us += len(self.household.outages) * 15 * MINUTE_US
        return late_us / HOUR_US * self._eur_an_hour

    def _hidden(self) -> tuple[str, float]:
        """Return of which kind it is what the books have not, and the most of it."""
        kind, most_eur, prices = "used and not charged", 0.001, self.household.model.credit.pricing
        u_h = 2 * self.u_us(self.ended_us) / HOUR_US + 0.1  # at each edge, with a look
        if self._two_prices:
            kind = "at the night price by day"
            days = (self.ended_us - self.campaign.start_us) / DAY_US
            wh = NIGHT_WH * (1 + self._cards) + 2 * u_h * self.play.load_w * (days + 1)
            most_eur += wh * (prices.price_ueur_per_wh - prices.night_price_ueur_per_wh) / EUR
        if self.paper.deferrals:
            kind = "deferred after T1"
            most_eur += self.paper.deferrals * u_h * self._eur_an_hour + self._late_eur()
        return kind, most_eur

    @property
    def _cards(self) -> int:
        return sum(visit.kind is VisitKind.CLOCK_CARD for visit in self.household.visits)

    def _owed_most(self, hidden: float) -> float:
        price = self.household.model.credit.price_ueur_per_wh / EUR
        most = SHELTER_WH * price * (1 + self.paper.deferrals) + hidden  # each begins it anew
        hours = (self.ended_us - self.campaign.start_us) / HOUR_US
        if self.paper.limited:
            most += min(LIMITED_W, self.play.load_w) * hours * price
        return most + (len(self.household.outages) + 60) * STARTS_US / HOUR_US * self._eur_an_hour

    def _early_most(self) -> float:
        """Return by how much a wrong office may cut a home whose clock was lost."""
        return self.paper.ahead_s / 60 if self._clock_was_lost else 0.0


def lived(play: Play, build: str = "reference") -> Life | None:
    """Return the life of a play, `None` if the office refuses it or the program fails in it."""
    try:
        return Life(play, build)
    except (MeterEmuError, ProgramError):
        return None


# Those that are known: docs/decisions/doubt.md ------------------------------------------------

_AT_NINE: Final = 9 * HOUR_MIN
_TEN: Final = 10 * HOUR_MIN
_LOST: Final = Failing(DAY_MIN + _TEN, 41 * DAY_US // 1_000)
KNOWN: Final = {
    "cuts the meter's power for 41 days": (Play(supply=(_LOST,)), "EUR"),
    "loads once at an office": (
        Play(deeds=(Deed(_AT_NINE, "load, the office ahead", 1_200, then_min=1),)),
        "EUR",
    ),
    "loses the clock while a deferral holds": (
        Play(
            balance_cents=200_000,
            supply=(_LOST._replace(at_min=3 * DAY_MIN + _TEN),),
            deeds=(
                Deed(_AT_NINE, "defer", 4 * DAY_MIN + 14 * HOUR_MIN + 1, then_min=1),
                Deed(365 * DAY_MIN + 23 * HOUR_MIN, "insert"),
            ),
        ),
        "kWh",
    ),
    "cuts the power from 07:55 to 16:05": (
        Play(days=105, load_w=2_000, without_power=(7 * 60 + 55, 16 * 60 + 5)),
        "EUR",
    ),
    "has a limiter": (Play(load_w=5_000, limiter=True), "EUR"),
}


def yields(name: str, build: str) -> str:
    """Return what one of `KNOWN` has had by the end, in words."""
    play, unit = KNOWN[name]
    events = Life(play, build).events
    if unit == "kWh":
        *_, written = (event.written for event in events if event.written is not None)
        return f"{written.deferred_wh / 1_000:.2f} {unit}"
    last = events[-1].balance_ueur
    assert last is not None, "our program's memory is read"
    return f"{-last / EUR:.2f} {unit}"


if __name__ == "__main__":
    for its in sys.argv[1:] or ("plain", "reference"):
        for known in KNOWN:
            print(f"{its:<12} {known:<42} {yields(known, its)}")  # noqa: T201

"""A household, its office and its street: what may happen to one meter and several cards.

What is owed here is a third account, on purpose: it follows the orders that it wrote itself, and
shares with judge and program nothing but how late a cut may be. A mistake that both of those make
alike is a failure here. It is coarser than the judge: it asks what holds in any order of events.

Each event is a method, and after each the laws are checked (`ask`). Who draws the events
is no matter of this module: a fuzzer's bytes (`targets/household.py`) or the rules of Hypothesis
(`meter_emu/strategies/at_play.py`).
"""

from typing import Any, Final, NamedTuple, final

from card_protocol.card.virtual import VirtualCard, card_of
from card_protocol.errors import CardProtocolError
from card_protocol.timestamp import Civil
from meter_emu.desk.pricing import Pricing
from meter_emu.desk.switches import switched
from meter_emu.domain import Result
from meter_emu.errors import MeterEmuError
from meter_emu.firmware.layouts import State, StateFlags
from meter_emu.fuzz.bench import FUZZED_MODELS, LOAD_W, FuzzedMeter
from meter_emu.fuzz.reach import must
from meter_emu.ports import Button, Lamp
from meter_emu.units import DAY_US, HOUR_US, MINUTE_US, SECOND_US, UEUR_PER_CENT
from meter_emu.world.households.household import DeskOrder, NewCard
from meter_emu.world.judge.knowledge import latest_us
from meter_emu.world.meter.acts import Act, Press
from meter_emu.world.meter.board import SlotCard
from meter_emu.world.meter.events import What
from meter_emu.world.meter.pulled import PulledCard
from meter_emu.world.meter.times import us_to_legal

# Each with ample credit; those of electricity also with little, and a load: where gas flows while
# its tightness is tested the valve shuts, whatever the credit is.
MODELS: Final = range(2 * len(FUZZED_MODELS) - 1)
ANSWERS_MAX: Final = 14  # ours: a session asks 9 to 12 times
LEADS_US: Final = (DAY_US, 2 * DAY_US, 10 * HOUR_US, 11 * DAY_US, 30 * MINUTE_US, 40 * DAY_US)
WAITS_US: Final = (HOUR_US, DAY_US, MINUTE_US, 10 * DAY_US, 6 * HOUR_US, 30 * DAY_US)
OUTAGES_US: Final = (10 * MINUTE_US, SECOND_US, DAY_US, 6 * HOUR_US, 45 * DAY_US)
# Ours: T2 is a whole minute, and a look then hides what is early. A gas meter looks once an hour.
_PHASES_US: Final = tuple(SECOND_US * one for one in (41, 29, 0, 17, 53))
_AMPLE_UEUR: Final = 50 * 100 * UEUR_PER_CENT  # ours: more than anybody here uses in a day
# No supply without credit on weekdays from 8 to 16, as the model says; a clock may be a minute off.
_OPENS_MIN, _SHUTS_MIN, _SATURDAY, _OFF_MIN = 8 * 60, 16 * 60, 5, 15
_KEYS: Final = frozenset({What.KEY_PRESSED, What.KEY_HELD})
# After these nobody here knows how much of the longest shelter is left.
_UNKNOWN_SHELTER: Final = frozenset({"clock doubted", "clock set", "limited"})
_LOOKS_US: Final = 3 * MINUTE_US  # ours: until a look has seen it, with its clock a minute off
_DOUBTS: Final = frozenset({What.CLOCK_DOUBTED, What.POWER_LOST, What.CLOCK_SET})

KEY_STATES: Final = (
    "armed", "cut at T2", "reactivated", "fed again", "extended", "shown again",
    "older order refused", "older card refused", "pulled out", "clock doubted", "clock set",
    "limited", "prepayment off",
    "power cut", "loaded", "out of credit", "emergency credit", "repaid",
)  # fmt: skip


class _Terms(NamedTuple):
    """What an order says next to its dates, and every order after it until another says it anew."""

    prepayment: bool = True
    limiter: bool = False
    tariff: Pricing | None = None  # `None` as the meter came


@final
class HouseholdAtPlay:
    """One household and all that happens to it; `reached` are the decisive states it has been in.

    The office writes on `newest`, the card it issued last. What goes into the meter may be that, a
    card that it replaced, or a copy of either.
    """

    def __init__(self, model: int, build: str) -> None:
        self._poor: Final = model >= len(FUZZED_MODELS)
        self.meter: Final = FuzzedMeter(model, build, poor=self._poor, phase_us=_PHASES_US[model])
        self.reached: Final[set[str]] = set()
        self._rig: Final = self.meter.rig
        self._board: Final = self._rig.board
        self.wait(MINUTE_US)  # until it has looked once
        self.newest = self.meter.card
        self._numbers: Final[dict[VirtualCard, int]] = {self.newest: 1}
        self._obeyed = 0  # the highest number of a card that was
        self._ends: dict[int, int | None] = {0: None}  # order number to T2
        self._terms: dict[int, _Terms] = {0: _Terms()}  # likewise
        self._issued_cents = 0
        self._in_force = 0
        self._since_us = self._board.now_us
        self._heard = 0
        self._latched = False  # T2 has passed: cut, or limited until the limiter is taken back
        first = self.meter.state()
        assert first is not None, "a new meter's memory can be read"
        self._first_ueur = first.balance_ueur
        self._before, self._charged_wh, self._charged_us = first, first.charged_wh, self._since_us
        self._unused_mwh: Final = self._booked_mwh(first)  # what the register had before
        if self._poor:  # it begins with its credit used up, and asks for some
            self.wait(2 * DAY_US)
            self.ask()
            self.press()
            self.ask()

    # Time and people ------------------------------------------------------------------------------

    def wait(self, rest_us: int) -> None:
        """Let time pass."""
        self.meter.live.bench.run_until(self._board.now_us + max(0, rest_us))

    def wait_for_end(self, *, past: bool) -> None:
        """Wait until a little before T2, or until it must be over; an hour where none is ahead."""
        end_us = self._ends[self._in_force]
        now_us = self._board.now_us
        if end_us is None or end_us < now_us:
            self.wait(HOUR_US)
        elif past:
            self.wait(self._late_us(end_us) + HOUR_US - now_us)
        else:
            self.wait(end_us - MINUTE_US - now_us)

    def press(self) -> None:
        """Press the button that restores the supply, and wait for the result."""
        rearm, off = self._rig.household.model.rearm, not self._board.switch.on
        self.meter.live.do(Press(Button[rearm.key.upper()], rearm.hold_ms))
        self.wait((rearm.tightness_s + 60) * SECOND_US)
        if self._board.powered and not rearm.tightness_s:  # in whose test an appliance may be open
            self._ask_pressed(off=off)

    def act(self, act: Act) -> None:
        """Have somebody do something at the meter, and let an hour pass."""
        self.meter.live.do(act)
        self.wait(HOUR_US)

    def outage(self, long_us: int) -> None:
        """Have the street without power for so long."""
        back_us = self._board.now_us + long_us
        self.meter.live.bench.plan_outage(self._board.now_us + 1, back_us)
        self.meter.live.bench.run_until(back_us + MINUTE_US)
        self.reached.add("power cut")

    def technician(self, error_s: int) -> None:
        """Have a technician set the clock, so many seconds off, at most `error_s_max`."""
        if self.meter.insert(self._rig.clock_card(error_s)) is Result.EXECUTED:
            self.meter.live.note(What.CLOCK_SET, "clock card")
            self._latched = False  # it outranks every clock before it, and may undo an end
            self.reached.add("clock set")
            self._since_us = self._board.now_us

    @property
    def lit(self) -> bool:
        """Whether the household is supplied, or was before the street lost its power."""
        return self._board.switch.on

    @property
    def error_s_max(self) -> int:
        """The most that a technician's clock may be off, seconds."""
        return self._rig.household.model.clock.set_error_s - 1

    # The office -----------------------------------------------------------------------------------

    def arming(self, lead_us: int) -> DeskOrder:
        """Return the order that protects until an instant so far ahead, and cuts there."""
        end_us = self._minute_us(self._board.now_us + lead_us)
        civil = Civil(*us_to_legal(end_us, self._rig.zone).timetuple()[:5])
        return DeskOrder(defer_until=civil, cut_at=civil, cut_us=end_us)

    def write(self, order: DeskOrder) -> None:
        """Have the office write on the newest card; what it refuses is not on it."""
        try:
            self._rig.write(self.newest, order)
        except (MeterEmuError, CardProtocolError):
            return
        account = self.meter.account(self.newest)
        number, self._issued_cents = account.desk.order_number, account.desk.loaded_cents
        # An order is one state: what it does not name stays as under the number before it. A load
        # alone has the number of the order on the card, so what a number first meant stands.
        ends = order.reactivate or order.cut_us is not None
        self._ends.setdefault(number, order.cut_us if ends else self._ends.get(number - 1))
        known = self._terms[max(one for one in self._terms if one <= number)]
        said: dict[str, Any] = {switch.name: on for switch, on in switched(order)}
        said |= {} if order.tariff is None else {"tariff": order.tariff}
        self._terms.setdefault(number, known._replace(**said))

    def copy(self) -> VirtualCard:
        """Return a copy of the newest card as it is now: it is no card of the office."""
        copied = card_of(self.newest.image, self._rig.challenge)
        self._numbers[copied] = self._numbers[self.newest]
        return copied

    def replace(self) -> VirtualCard:
        """Have the office issue a new card in place of the newest, and return it."""
        number = self._numbers[self.newest] + 1
        self.newest = self._rig.replacement(self.newest, NewCard(), office_error_s=0)
        self._numbers[self.newest] = number
        return self.newest

    # Cards in the meter ---------------------------------------------------------------------------

    def pull(self, card: VirtualCard, answers: int) -> None:
        """Put a card in, and pull it out when it has answered so often."""
        self._serve(card, PulledCard(card, answers))
        self.reached.add("pulled out")

    def insert(self, card: VirtualCard) -> None:
        """Put a card in until it is served."""
        self._serve(card, card)

    def _serve(self, card: VirtualCard, slot_card: SlotCard) -> None:
        before, number = self._in_force, self._numbers[card]
        result = self.meter.insert(slot_card)
        must(
            result.refused or number >= self._obeyed,
            "a card that was replaced is not obeyed once its successor was",
            f"card {number} after card {self._obeyed}",
            moved=self._obeyed > 1,
        )
        if not result.refused:
            self._obeyed = max(self._obeyed, number)
        state = self._state()
        moved = state.order_number != before
        must(
            state.order_number >= before, "an order is never older than the one before", moved=moved
        )
        must(state.order_number in self._ends, "no order is obeyed that was never written")
        self._ask_terms(state)
        self._in_force = state.order_number
        if self._in_force != before:
            self._since_us = self._board.now_us
        self._note(result, before, state)

    def _note(self, result: Result, before: int, state: State) -> None:
        was, now = self._ends[before], self._ends[self._in_force]
        lifts = self._rig.household.model.later_cut == "reconnect"
        if was is not None and (now is None or (lifts and now > was)):
            self._latched = False
        for name, held in (
            ("armed", was is None and now is not None),
            ("extended", was is not None and now is not None and was != now),
            ("reactivated", was is not None and now is None),
            ("shown again", result is Result.ALREADY_EXECUTED),
            ("older order refused", result is Result.STALE_ORDER),
            ("older card refused", result is Result.CARD_REPLACED),
            ("loaded", state.accepted_cents > 0),
            ("prepayment off", not state.flags & StateFlags.PREPAYMENT_ON),
        ):
            if held:
                self.reached.add(name)

    # What must hold -------------------------------------------------------------------------------

    def ask(self) -> None:
        """Check the laws for one household; raise `OracleError` where one does not hold."""
        state = self._state()
        used_up = state.charged_ueur - self._before.charged_ueur >= self._before.balance_ueur
        cut = self._latched
        for event in self.meter.events[self._heard :]:
            self._hear(event.what, event.at_us, used_up=used_up)
        self._ask_deferred(state)
        self._ask_accounts(state)
        self._ask_credit(state)
        self._heard = len(self.meter.events)
        self._ask_money(state, cut=cut)
        must(not self._board.powered or bool(self._board.panel.text), "a display says something")
        self._ask_late()
        self._before = state

    def _ask_terms(self, state: State) -> None:
        """Ask that the meter keeps what its order says next to the dates, and the card's number."""
        said, flags = self._terms[state.order_number], state.flags
        kept = (bool(flags & StateFlags.PREPAYMENT_ON), bool(flags & StateFlags.LIMITER_GRANTED))
        must(kept == said[:2], "prepayment and limiter are as the order says",
             f"{kept}, expected {said}", moved=said[:2] != (True, False))  # fmt: skip
        prices = state.price_ueur_per_wh, state.night_price_ueur_per_wh
        priced = (state.tariff_number, *prices)
        must(said.tariff is None or priced == said.tariff, "a tariff is as the order says",
             f"{priced}, expected {said.tariff}", moved=said.tariff is not None)  # fmt: skip
        must(state.card_number >= self._before.card_number, "a card is never older than the last")

    def _ask_accounts(self, state: State) -> None:
        """Ask that energy goes into no account that the order in the meter does not name."""
        before = self._before
        if state.order_number != before.order_number:
            return
        prepaid = self._terms[state.order_number].prepayment
        others = ["charged_wh"] if not prepaid else ["postpaid_wh"]
        others += ["deferred_wh"] if not prepaid or self._ends[state.order_number] is None else []
        moved = [name for name in others if getattr(state, name) != getattr(before, name)]
        must(not moved, "energy is booked as the order says", str(moved),
             moved=state.booked_units != before.booked_units)  # fmt: skip

    def _ask_credit(self, state: State) -> None:
        """Ask that who has no credit is off in the hours in which nothing but an order protects."""
        said, end_us = self._terms[self._in_force], self._ends[self._in_force]
        doubted = Lamp.CLOCK_DOUBTED in self._board.panel.lamps
        if (
            self._poor and self._board.powered and not doubted and end_us is None
            and said.prepayment and not said.limiter
            and (state.emergency_debt_ueur > 0 or self._is_office(self._board.now_us, -_OFF_MIN))
        ):  # fmt: skip
            must(state.balance_ueur > 0 or not self._board.switch.on,
                 "who has no credit is not supplied in the hours of the office, or was lent some",
                 moved=state.balance_ueur <= 0)  # fmt: skip

    def _is_office(self, at_us: int, more_min: int) -> bool:
        """Whether the hours of the office are on, from so much before to so much after them."""
        legal = us_to_legal(at_us, self._rig.zone)
        minute = 60 * legal.hour + legal.minute
        within = _OPENS_MIN - more_min < minute < _SHUTS_MIN + more_min
        return legal.weekday() < _SATURDAY and within

    def _ask_pressed(self, *, off: bool) -> None:
        """Ask that who has pressed the button is supplied, where nothing speaks against it."""
        state, end_us = self._state(), self._ends[self._in_force]
        ample = end_us is None and state.balance_ueur > _AMPLE_UEUR
        protected = end_us is not None and self._board.now_us < end_us - HOUR_US
        if ample or (protected and not self._latched):
            must(self._board.switch.on, "who has credit or is protected is supplied at a press",
                 moved=self._in_force > 0)  # fmt: skip
        before, said = self._before, self._terms[self._in_force]
        paid_before = said.prepayment and not said.limiter
        if (
            off
            and paid_before
            and not self._latched
            and end_us is None
            and before.balance_ueur <= 0
        ):
            owed = before.emergency_debt_ueur > 0
            must(state.emergency_debt_ueur > 0, "who has no credit is lent some at a press",
                 moved=not owed)  # fmt: skip
            # Who owed more than is lent, behind a limiter, is not supplied by it.
            enough = state.balance_ueur > 0 and not owed
            must(self._board.switch.on == enough, "and is supplied, once", moved=enough)

    def _ask_deferred(self, state: State) -> None:
        """Ask that nothing that flows while an order protects is charged, then or afterwards."""
        before, end_us = self._before, self._ends[self._in_force]
        if state.order_number != before.order_number or end_us is None:
            # An order is obeyed once all is booked.
            self._charged_wh, self._charged_us = state.charged_wh, self._board.now_us
        elif self._board.now_us < end_us:
            unmoved = state.charged_wh == before.charged_wh
            must(unmoved, "nothing is charged while an order protects",
                 f"{before.charged_wh} Wh, then {state.charged_wh}",
                 moved=state.deferred_wh != before.deferred_wh)  # fmt: skip
        else:
            over_us = self._board.now_us - max(end_us, self._charged_us) + _LOOKS_US
            most_wh, charged_wh = LOAD_W * over_us // HOUR_US + 1, state.charged_wh
            must(charged_wh - self._charged_wh <= most_wh, "nor is it charged once it does no more",
                 f"{charged_wh - self._charged_wh} Wh of {most_wh}",
                 moved=state.deferred_wh != before.deferred_wh)  # fmt: skip

    def _ask_money(self, state: State, *, cut: bool) -> None:
        """Ask for each term of the account: what was loaded, lent, repaid, used."""
        before, credit = self._before, self._rig.household.model.credit
        stands_ueur = state.balance_ueur - state.emergency_debt_ueur + state.charged_ueur
        owed_ueur = self._first_ueur + state.accepted_cents * UEUR_PER_CENT
        must(stands_ueur == owed_ueur, "money is conserved", f"{stands_ueur} is not {owed_ueur}",
             moved=stands_ueur != self._first_ueur)  # fmt: skip
        must(state.accepted_cents <= self._issued_cents, "no more is booked than was issued",
             moved=state.accepted_cents > 0)  # fmt: skip
        lent_ueur, loaded = state.emergency_debt_ueur, state.accepted_cents - before.accepted_cents
        left_ueur = max(0, before.emergency_debt_ueur - loaded * UEUR_PER_CENT)
        if lent_ueur > left_ueur:
            lends = (before.emergency_debt_ueur, lent_ueur)
            must(lends == (0, credit.emergency_cents * UEUR_PER_CENT),
                 "emergency credit is lent whole, to who owes none", str(lends))  # fmt: skip
            must(not cut, "nobody is lent credit that brings no supply")
            self.reached.add("emergency credit")
        else:
            must(lent_ueur == left_ueur, "a load repays first what was lent", moved=lent_ueur > 0)
            if lent_ueur < before.emergency_debt_ueur:
                self.reached.add("repaid")
        charged_wh = state.charged_wh - before.charged_wh
        night_wh = state.charged_night_wh - before.charged_night_wh
        costs = [night_wh * most(one.night_price_ueur_per_wh for one in (before, state))
                 + (charged_wh - night_wh) * most(one.price_ueur_per_wh for one in (before, state))
                 for most in (min, max)]  # fmt: skip
        must(costs[0] <= state.charged_ueur - before.charged_ueur <= costs[1],
             "what is charged is its price", str(costs), moved=charged_wh > 0)  # fmt: skip
        wh = state.charged_wh + state.deferred_wh + state.postpaid_wh
        used_mwh = self._booked_mwh(state) - self._unused_mwh
        must(1_000 * wh == used_mwh, "what is used is in one account, and once",
             f"{wh} Wh of {used_mwh} mWh", moved=wh > 0)  # fmt: skip

    def _booked_mwh(self, state: State) -> int:
        per_unit = self._rig.household.model.credit.mwh_per_unit
        return state.booked_units * per_unit - state.remainder_mwh

    def _state(self) -> State:
        state = self.meter.state()
        must(state is not None, "the memory can be read")
        assert state is not None, "it was just said"
        return state

    def _hear(self, what: What, at_us: int, *, used_up: bool) -> None:
        end_us = self._ends[self._in_force]
        if what is What.OPENED and used_up:
            protected = end_us is not None and self._since_us <= at_us < end_us
            must(not protected, "who is protected keeps the supply without credit too")
            sheltered = end_us is None and not self._before.emergency_debt_ueur
            if sheltered and not self.reached & _UNKNOWN_SHELTER:
                must(self._is_office(at_us, _OFF_MIN), "nobody runs out of credit in the hours")
            self.reached.add("out of credit")
        elif what is What.OPENED and not self._latched:
            must(end_us is not None, "a household with credit that is not armed keeps its supply")
            assert end_us is not None, "it was just said"
            must(at_us >= end_us, "no cut comes early", f"{at_us} is before {end_us}")
            self.reached.add("cut at T2")
            self._latched = True
        elif what is What.CLOSED:
            limited = self._board.switch.limiter_a > 0
            must(any(one.what in _KEYS for one in self.meter.events[self._heard :]),
                 "a supply comes back by somebody's hand")  # fmt: skip
            must(not self._latched or limited, "who was cut is fed again when the order is lifted",
                 moved=end_us is None)  # fmt: skip
            self.reached.add("fed again")
        elif what is What.LIMITED:
            self.reached.add("limited")
            self._latched |= end_us is not None and at_us >= end_us  # else it is for lack of credit
        elif what is What.CLOCK_DOUBTED:
            self.reached.add("clock doubted")

    def _ask_late(self) -> None:
        """Ask for the cut that is due, where nothing has cast doubt on the clock since."""
        end_us = self._ends[self._in_force]
        doubted = Lamp.CLOCK_DOUBTED in self._board.panel.lamps
        limited = self._board.switch.limiter_a
        if end_us is None or not self._board.powered or limited or doubted:
            return
        since = (e.what for e in self.meter.events if e.at_us >= self._since_us)
        if any(what in _DOUBTS for what in since):
            return
        if self._board.now_us > max(self._late_us(end_us), self._late_us(self._since_us)):
            must(not self._board.switch.on, "a cut that is due has come")

    def _late_us(self, at_us: int) -> int:
        return latest_us(self._rig.household, self.meter.events, at_us)

    def _minute_us(self, us: int) -> int:
        """Return a whole minute from `us` on that the legal day has once."""
        minute_us = -(-us // MINUTE_US) * MINUTE_US
        legal = us_to_legal(minute_us, self._rig.zone)
        twice = legal.replace(fold=0).utcoffset() != legal.replace(fold=1).utcoffset()
        return minute_us + (2 * HOUR_US if twice else 0)

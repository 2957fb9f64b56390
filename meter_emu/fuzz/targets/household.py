"""A household, its office and its street: events in any order on one meter and several cards.

Each step is drawn from the bytes: the office writes, a card goes in and is perhaps pulled out, a
button, the power, a technician, time. After each the laws of one home are asked anew.
"""

from collections.abc import Callable, Sequence
from typing import Final, final

from card_protocol.card.make import VirtualCard, card_of
from card_protocol.errors import CardProtocolError, LinkError, LinkErrorKind
from card_protocol.timestamp import Civil
from meter_emu.domain import Result
from meter_emu.errors import MeterEmuError
from meter_emu.firmware.layouts import State, StateFlags
from meter_emu.fuzz.bench import FUZZED_MODELS, FuzzedMeter
from meter_emu.fuzz.target import Target, must
from meter_emu.ports import Button, Lamp
from meter_emu.stories.chooser import Chooser, FromBytes
from meter_emu.units import DAY_US, HOUR_US, MINUTE_US, SECOND_US, UEUR_PER_CENT
from meter_emu.world.meter.board import SlotCard
from meter_emu.world.meter.events import What
from meter_emu.world.meter.times import us_to_legal
from meter_emu.world.rehearsal.household import DeskOrder, NewCard
from meter_emu.world.rehearsal.knowledge import latest_us

_STEPS_MAX: Final = 24
_SIZE_MAX: Final = 128
_DOUBTS: Final = frozenset({What.CLOCK_DOUBTED, What.POWER_LOST, What.CLOCK_SET})
_LEADS_US: Final = (DAY_US, 2 * DAY_US, 10 * HOUR_US, 11 * DAY_US, 30 * MINUTE_US, 40 * DAY_US)
_WAITS_US: Final = (HOUR_US, DAY_US, MINUTE_US, 10 * DAY_US, 6 * HOUR_US, 30 * DAY_US)
_CUTS_US: Final = (10 * MINUTE_US, SECOND_US, DAY_US, 6 * HOUR_US, 45 * DAY_US)

KEY_STATES: Final = (
    "armed", "cut at T2", "reactivated", "fed again", "extended", "shown again",
    "older order refused", "older card refused", "pulled out", "clock doubted", "clock set",
    "limited", "prepayment off",
    "power cut", "loaded",
)  # fmt: skip


@final
class HouseholdAtPlay:
    """One home and all that happens to it; `reached` are the key states it has been in."""

    def __init__(self, chooser: Chooser, build: str) -> None:
        self._chooser = chooser
        self.meter = FuzzedMeter(chooser.below(len(FUZZED_MODELS)), build)
        self.reached: set[str] = set()
        self._home = self.meter.home
        self._board = self._home.board
        self._cards = [self._home.first_card()]
        self._copy = self._cards[0]
        self._ends: dict[int, int | None] = {0: None}  # order number to T2
        self._issued_cents = 0
        self._in_force = 0
        self._since_us = self._board.now_us
        self._heard = 0
        self._latched = False  # T2 has passed: cut, or limited until the limiter is taken back
        first = self.meter.state()
        assert first is not None, "a new meter's memory can be read"
        self._first_ueur = first.balance_ueur

    def live(self) -> None:
        """Take steps until the choices are over; ask the laws after each."""
        deeds: Sequence[Callable[[], None]] = (
            self._visit, self._wait_for_end, self._visit, self._press, self._visit, self._wait,
            self._wait_for_end, self._visit, self._press, self._power_cut, self._pull, self._insert,
            self._older, self._technician, self._replace, self._office,
        )  # fmt: skip
        for _ in range(1 + self._chooser.below(_STEPS_MAX)):
            deeds[self._chooser.below(len(deeds))]()
            self._ask()

    # What happens --------------------------------------------------------------------------------

    def _wait(self) -> None:
        self._pass(self._chooser.of(_WAITS_US) * (1 + self._chooser.below(3)))

    def _wait_for_end(self) -> None:
        """Wait until a little before T2, or until it must be over."""
        end_us = self._ends[self._in_force]
        if end_us is None or end_us < self._board.now_us:
            self._pass(self._chooser.of(_WAITS_US))
            return
        if self._chooser.below(3) == 0:
            self._pass(end_us - MINUTE_US - self._board.now_us)
        else:
            self._pass(self._late_us(end_us) + HOUR_US - self._board.now_us)

    def _pass(self, rest_us: int) -> None:
        self.meter.live.bench.run_until(self._board.now_us + max(0, rest_us))

    def _office(self) -> None:
        """Have the office write one thing on the newest card."""
        card, chooser = self._cards[-1], self._chooser
        self._copy = card_of(card.image, self._home.chance.randbytes)
        kind = chooser.of(("arm", "arm", "arm", "reactivate", "load", "limiter", "prepayment"))
        end_us: int | None = None
        if kind == "arm":
            end_us = self._minute_us(self._board.now_us + chooser.of(_LEADS_US))
            civil = Civil(*us_to_legal(end_us, self._home.zone).timetuple()[:5])
            order = DeskOrder(defer_until=civil, cut_at=civil, cut_us=end_us)
        elif kind == "reactivate":
            order = DeskOrder(reactivate=True)
        elif kind == "load":
            order = DeskOrder(load_cents=500 * (1 + chooser.below(20)))
        elif kind == "limiter":
            order = DeskOrder(limiter=chooser.below(3) > 0)
        else:
            order = DeskOrder(prepayment=chooser.below(2) > 0)
        try:
            self._home.write(card, order)
        except (MeterEmuError, CardProtocolError):
            return  # what the office refuses to write is not on the card
        account = self._account(card)
        self._issued_cents = account[1]
        before = self._ends.get(account[0] - 1)
        self._ends.setdefault(account[0], end_us if kind in {"arm", "reactivate"} else before)

    def _visit(self) -> None:
        self._office()
        self._insert()

    def _insert(self) -> None:
        self._served(self._cards[-1])

    def _older(self) -> None:
        """Put in the first card there was, or a copy made before the office wrote last."""
        copies = (self._cards[0], self._copy)
        self._served(copies[self._chooser.below(2)])

    def _pull(self) -> None:
        self._served(_Pulled(self._cards[-1], 1 + self._chooser.below(14)))
        self.reached.add("pulled out")

    def _served(self, card: SlotCard) -> None:
        before = self._in_force
        result = self.meter.insert(card)
        state = self.meter.state()
        must(state is not None, "the memory can be read")
        assert state is not None, "it was just said"
        must(state.order_number >= before, "an order is never older than the one before")
        must(state.order_number in self._ends, "no order is obeyed that was never written")
        self._in_force = state.order_number
        if self._in_force != before:
            self._since_us = self._board.now_us
        self._note(result, before, state)

    def _note(self, result: Result, before: int, state: State) -> None:
        was, now = self._ends[before], self._ends[self._in_force]
        if was is not None and now is None:
            self._latched = False  # only a reactivation lifts it, a later T2 does not
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

    def _press(self) -> None:
        rearm = self._home.household.model.rearm
        self.meter.live.press(Button[rearm.key.upper()], rearm.hold_ms)
        self._pass((rearm.tightness_s + 60) * SECOND_US)

    def _power_cut(self) -> None:
        now_us = self._board.now_us
        back_us = now_us + self._chooser.of(_CUTS_US)
        self.meter.live.bench.plan_outage(now_us + 1, back_us)
        self.meter.live.bench.run_until(back_us + MINUTE_US)
        self.reached.add("power cut")

    def _technician(self) -> None:
        error_s = self._chooser.around(self._home.household.model.clock.set_error_s - 1)
        if self.meter.insert(self._home.clock_card(error_s)) is Result.EXECUTED:
            self.meter.live.note(What.CLOCK_SET, "clock card")
            self.reached.add("clock set")
            self._since_us = self._board.now_us

    def _replace(self) -> None:
        self._cards.append(self._home.replacement(self._cards[-1], NewCard(), office_error_s=0))

    # What must hold ------------------------------------------------------------------------------

    def _ask(self) -> None:
        for event in self.meter.events[self._heard :]:
            self._hear(event.what, event.at_us)
        self._heard = len(self.meter.events)
        state = self.meter.state()
        must(state is not None, "the memory can be read")
        assert state is not None, "it was just said"
        stands_ueur = state.balance_ueur - state.emergency_debt_ueur + state.charged_ueur
        owed_ueur = self._first_ueur + state.accepted_cents * UEUR_PER_CENT
        must(stands_ueur == owed_ueur, f"money is conserved: {stands_ueur} is not {owed_ueur}")
        must(state.accepted_cents <= self._issued_cents, "no more is booked than was issued")
        must(not self._board.powered or bool(self._board.panel.text), "a display says something")
        self._ask_late()

    def _hear(self, what: What, at_us: int) -> None:
        if what is What.OPENED and not self._latched:
            end_us = self._ends[self._in_force]
            must(end_us is not None, "a home with credit that is not armed keeps its supply")
            assert end_us is not None, "it was just said"
            must(at_us >= end_us, f"no cut comes early: {at_us} is before {end_us}")
            self.reached.add("cut at T2")
            self._latched = True
        elif what is What.CLOSED:
            self.reached.add("fed again")
        elif what is What.LIMITED:
            self.reached.add("limited")
            self._latched = True
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
        return latest_us(self._home.household, self._home.zone, self.meter.events, at_us)

    # Small things --------------------------------------------------------------------------------

    def _minute_us(self, us: int) -> int:
        """Return a whole minute from `us` on that the legal day has once."""
        minute_us = -(-us // MINUTE_US) * MINUTE_US
        legal = us_to_legal(minute_us, self._home.zone)
        twice = legal.replace(fold=0).utcoffset() != legal.replace(fold=1).utcoffset()
        return minute_us + (2 * HOUR_US if twice else 0)

    def _account(self, card: VirtualCard) -> tuple[int, int]:
        """Return order number and cents loaded, as the office has them on a card."""
        card.power_on()
        try:
            account = self._home.desk.account(card.transmit)
        finally:
            card.power_off()
        return account.order.number, account.wallet.loaded_cents


@final
class _Pulled:
    """A card that is pulled out after so many answers."""

    def __init__(self, card: SlotCard, answers: int) -> None:
        self._card = card
        self._left = answers

    def power_on(self) -> bytes:
        return self._card.power_on()

    def power_off(self) -> None:
        self._card.power_off()

    def writing_us(self, command: bytes) -> int:
        return self._card.writing_us(command)

    def tear(self, command: bytes, fate: Callable[[], int]) -> None:
        self._card.tear(command, fate)

    def transmit(self, command: bytes) -> bytes:
        if self._left <= 0:
            self._card.power_off()
            raise LinkError(LinkErrorKind.CARD_GONE)
        self._left -= 1
        return self._card.transmit(command)


def at_play(chooser: Chooser, build: str) -> HouseholdAtPlay:
    """Return a household that has lived through what was chosen."""
    household = HouseholdAtPlay(chooser, build)
    household.live()
    return household


def _check(data: bytes, build: str) -> None:
    at_play(FromBytes(data), build)


def _in_words(data: bytes, build: str) -> Sequence[str]:
    """Return what was seen, up to where it fails."""
    household = HouseholdAtPlay(FromBytes(data), build)
    zone = household.meter.home.zone
    try:
        household.live()
    except AssertionError as error:
        last = f"then: {error}"
    else:
        last = "then nothing more"
    told = (
        f"{us_to_legal(event.at_us, zone):%d %b %Y %H:%M:%S}  {event.what.value} {event.detail}"
        for event in household.meter.events
    )
    return (*told, last)


TARGETS: Final = (
    Target(
        id="household",
        asks="what office, people, street and technician do with one meter and its cards",
        oracles="never early, never late, orders only grow, money is conserved, after every step",
        size_max=_SIZE_MAX,
        check=_check,
        seeds=lambda: (bytes(_SIZE_MAX), bytes(range(_SIZE_MAX)), bytes(range(255, 127, -1))),
        in_words=_in_words,
    ),
)

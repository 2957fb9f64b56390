"""What a household's supply must be, span by span, from the start of a rehearsal to its end.

The ideal meter takes in what people did and what was seen; at each moment the first rule of `RULES`
with an answer decides. Where a meter may decide by its own clock the answer is `EITHER`. After
that, one switch movement in the direction of the reason is accepted. `docs/campaign-file.md` has
the same table.
"""

# Theory
# ======
#
# Two readers need this: the judge, who compares each span with what the switch did, and the person
# who asks *why* supply was to be off at 23:04. A function that returned a verdict would serve the
# first only. So the row is explicit: spans without a gap, each with what must be, the reason in
# words, and the name of the one rule that said so.
#
# Rules are asked in order and the first answer counts. So a rule need not say what it does not
# know: "deferral" answers ON without checking whether T2 has come, since "cut" comes before it. The
# order is the order of strength in the law, from what no meter can help (no power) to the ordinary
# (credit):
#
#     nobody can say      no power, start-up, countdown, just before
#     an order cuts       cut
#     off, as it was      asked, dark
#     an order may cut    clock doubted, cut allowed, limiter
#     no cut for credit   prepayment off, deferral, period
#     credit decides      no credit, credit
#
# A rule says of itself whether it may open a switch (`opens`), and whether it follows what is seen
# in a way of its own (`as_seen`). A new rule goes into the table of docs/campaign-file.md as well.
#
# EITHER is not "anything"
# ------------------------
#
# It is the price of a clock with an error, and every span of it is a place where a wrong program
# can hide. Two things keep it small. It begins at the exact instant and ends at the latest one that
# the model's own numbers explain. And once the switch has moved in it, the ideal meter's switch has
# moved with it, so the row is ON or OFF again: a contactor that chatters within L is found at its
# second move.
#
# Doubts
# ------
#
# "just before" is a patch on the order of things. A look takes time, so a meter may act for a
# moment by a rule that has just ended, and no rule of its own knows which came before. `_next` sees
# the change and grants the moment, next to what the rules below allow by then. It would be cleaner
# if each rule said how it ends; three of them would then need to know of cards, and the table would
# no longer read as law.
#
# A card ends no rule in the middle of a look: it is put in between two, and one look hears it and
# moves the switch. So what moves after it moves by the new order.

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, unique
from operator import is_
from typing import Final, TypeAlias, final

from meter_emu.languages.speech import marked
from meter_emu.units import SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.judge.account import Books
from meter_emu.world.judge.forks import Forks
from meter_emu.world.judge.ideal import Due, Ideal, Sure
from meter_emu.world.judge.knowledge import Vouched
from meter_emu.world.judge.outcome import WORK_US
from meter_emu.world.judge.promise import Promise
from meter_emu.world.judge.unsure import JustBefore
from meter_emu.world.meter.events import Event, What


@final
@unique
class Must(Enum):
    """What the supply must be. `LIMITED` is never off: supplied in full or through the limiter."""

    ON = marked("on")
    OFF = marked("off")
    EITHER = marked("either")
    LIMITED = marked("10 A or full")


@final
@dataclass(frozen=True, slots=True)
class Span:
    """From one true instant to before another: what must be, why, and by which rule.

    `invites` is whether the meter must also ask for a press of the button.
    """

    from_us: int
    to_us: int
    must: Must
    why: str
    rule: str
    invites: bool = False


Answer: TypeAlias = tuple[Must, str] | None


@final
@dataclass(frozen=True, slots=True)
class SpanRule:
    """A rule: its name, its words in the documentation, and its answer.

    Under one that `opens` a switch that is on may open, or be limited; one that goes `as_seen` has
    its own way of following what is seen.
    """

    name: str
    says: str
    answer: Callable[[Ideal], Answer]
    opens: bool = False
    as_seen: bool = False


@final
@dataclass(frozen=True, slots=True)
class PromiseRow:
    """The row of one household, what was announced when, and the cuts that came due.

    After each event, `books` is the account, and `vouched` how far a clock may be off that must be
    right.
    `doubts` are doubts of the clock without a cause, each and its end. `unpaid` is when a supplied
    household should have been cut for lack of credit, and when that was over.
    """

    spans: tuple[Span, ...]
    orders: tuple[Promise, ...]
    dues: tuple[Due, ...]
    books: tuple[Books, ...]
    vouched: tuple[Vouched | None, ...]
    doubts: tuple[tuple[int, str | None], ...]
    unpaid: tuple[tuple[int, str | None], ...]


def obligations(
    household: Household, campaign: Campaign, events: Sequence[Event]
) -> tuple[Span, ...]:
    """Return the row of obligations, gapless from the campaign's start to the end of the story."""
    return row_of(household, campaign, events).spans


def row_of(
    household: Household,
    campaign: Campaign,
    events: Sequence[Event],
    rules: "Sequence[SpanRule] | None" = None,
) -> PromiseRow:
    """Return the row of obligations and the facts behind it; `events` are in time order."""
    return Walk(household, campaign, events, RULES if rules is None else rules).row(campaign.end_us)


class Walk(Forks):
    """Takes the ideal meter through its events and writes down each answer."""

    def __init__(
        self,
        household: Household,
        campaign: Campaign,
        events: Sequence[Event],
        rules: Sequence[SpanRule],
    ) -> None:
        self.ideal: Final = Ideal(household, campaign, events)
        self.spans: Final[list[Span]] = []
        self.books: Final[list[Books]] = []
        self.vouched: Final[list[Vouched | None]] = []
        self._events = events
        self._taken = 0  # how many of them
        self._rules: Final = rules
        self._look_us: Final = household.model.poll_s * SECOND_US + WORK_US

    def follows(self, events: Sequence[Event]) -> bool:
        """Whether what was taken in so far is how these events begin."""
        taken, now_us = self._taken, self.ideal.now_us
        begun = taken <= len(events) and all(map(is_, self._events[:taken], events))
        return begun and (taken == len(events) or events[taken].at_us >= now_us)

    def go_on(self, household: Household, events: Sequence[Event]) -> None:
        """Take in what has happened since: the household, and all events from the beginning on."""
        if any(event.visit is not None for event in events[self._taken :]):
            self.ideal.show(household, events)
        self.ideal.knowledge.go_on(household)
        self._events = events

    def row(self, end_us: int) -> PromiseRow:
        """Go to the end of the story, at the latest to `end_us`, and return its row."""
        ended_us = next((e.at_us for e in self._events if e.what is What.ENDED), end_us)
        self.until(min(ended_us, end_us))
        ideal = self.ideal
        ideal.end(called_off=False)
        return PromiseRow(
            tuple(self.spans),
            tuple(ideal.orders),
            tuple(ideal.dues),
            tuple(self.books),
            tuple(self.vouched),
            tuple(ideal.doubts),
            tuple(ideal.overdue.found),
        )

    def ahead(self, until_us: int) -> tuple[Span, ...]:
        """Return how the row goes on from here until later if nothing more happens."""
        from_us = self.ideal.now_us
        self.until(until_us)
        return tuple(span for span in self.spans if span.to_us > from_us)

    def until(self, end_us: int) -> None:
        """Go on to an instant."""
        ideal, index = self.ideal, self._taken
        events = self._events
        rule, must, why = self._answer()
        while True:
            # Events that share an instant are taken one at a time, with an answer after each: a
            # card and the cut it calls off may have the same microsecond, and their order in the
            # list is what happened. What was seen up to now comes first, each event with the answer
            # that follows from it.
            while index < len(events) and events[index].at_us <= ideal.now_us:
                event = events[index]
                index += 1
                ideal.take(event, either=must is Must.EITHER)
                self.books.append(ideal.account.books)
                self.vouched.append(ideal.knowledge.vouched(event.at_us))
                rule, must, why = self._next(rule, must, by_card=event.visit is not None)
            self._taken = index
            if ideal.now_us >= end_us:
                return
            # Then one span: up to the next event, or to what the ideal meter does by itself.
            ahead_us = min(end_us, events[index].at_us) if index < len(events) else end_us
            from_us, to_us = ideal.now_us, ideal.next_us(ahead_us)
            # Without supply the meter must ask for the button once it had the time to, unless
            # asked.
            invites = ideal.ready_us is not None and from_us >= ideal.ready_us + WORK_US
            invites = invites and must is Must.OFF and ideal.unsure.asked is None
            self._write(Span(from_us, to_us, must, why, rule.name, invites))
            ideal.pass_to(to_us)
            rule, must, why = self._next(rule, must, by_card=False)

    def _write(self, span: Span) -> None:
        """Add a span, or extend the last one if it has the same answer."""
        last = self.spans[-1] if self.spans else None
        says = (span.must, span.why, span.rule, span.invites)
        if last is not None and says == (last.must, last.why, last.rule, last.invites):
            self.spans[-1] = Span(last.from_us, span.to_us, *says)
        else:
            self.spans.append(span)

    def _answer(self) -> tuple[SpanRule, Must, str]:
        limited: tuple[SpanRule, Must, str] | None = None
        for rule in self._rules:
            answer = rule.answer(self.ideal)
            if answer is None:
                continue
            if rule.name == BEFORE and answer[0] is Must.LIMITED and limited is None:
                limited = (rule, *answer)  # as well as what holds now
                continue
            return limited if limited is not None and answer[0] is Must.ON else (rule, *answer)
        # "credit" has no condition, so that the row has no gap by construction and not by luck.
        raise AssertionError("the last rule always answers")

    def _next(self, before: SpanRule, must: Must, *, by_card: bool) -> tuple[SpanRule, Must, str]:
        """Return the answer now; an earlier look may still move the switch."""
        ideal = self.ideal
        rule, now, why = self._answer()
        # A rule that allowed supply to be off has ended. A meter that looked just before may act by
        # it for as long as a look takes: the rule "just before" answers for that time. Of a card it
        # is only what the session itself takes: a limiter is still there, a cut not yet made.
        ends = before.opens and not (rule.opens or rule.as_seen) and ideal.on
        held = now is Must.OFF or ideal.limited if by_card else now is Must.ON
        if ends and held:
            slow = must is Must.LIMITED and not by_card
            until_us = ideal.now_us + (self._look_us if slow else WORK_US)
            limited = now is Must.ON and (by_card or must is Must.LIMITED)
            ideal.unsure.before = JustBefore(until_us, limited=limited)
            rule, now, why = self._answer()
        # If the switch may now be in either position, off is lawful from here on, whatever made it.
        if rule.opens and now is Must.EITHER and ideal.on and not ideal.closed:
            ideal.on = False
            return self._answer()
        return rule, now, why


_LOOKED: Final = marked("the meter may have looked just before")
_CUT_OR_LATER: Final = marked(
    "T2 has come: only a reactivation or a later T2 gives the supply back"
)
_CUT_FOR_GOOD: Final = marked("T2 has come: only a reactivation gives the supply back")
_JUST_ASKED: Final = marked("somebody has just asked for supply")
_PRESS: Final = marked("supply is to be had: somebody has to press the button")
_STAYS_OFF: Final = marked("the supply is off, and stays off until somebody asks for it")
_BLIND: Final = marked("T2 has come, and the meter cannot know the time")
_UNNOTICED: Final = marked("nothing shows whether the older T2 was noticed before the new date")
_BEHIND: Final = marked("T2 has come, and the meter's clock may still be behind")
_LIMITED: Final = marked("a limiter is granted: 10 A in place of a cut")
_NOT_PREPAID: Final = marked("prepayment is off: nothing is cut for it")
_BEFORE_T1: Final = marked("T1 is still to come: no cut for lack of credit")
_PERIOD: Final = marked("the non-disconnection period runs: no cut for lack of credit")
_MAY_CUT: Final = marked("the credit is used up: the ordinary rules allow the cut")
_NO_POWER: Final = marked("no power in the street")
_FAILED: Final = marked("power failed while the switch might move")
_COUNTDOWN: Final = marked("the tightness countdown runs")
_CREDIT: Final = marked("there is credit")
USED_UP: Final = marked("the credit is used up: no supply until the household loads")

# The rules ----------------------------------------------------------------------------------------


def _grace(ideal: Ideal) -> Answer:
    # Only of a switch that is on: a look that has just ended may cut, but none may reconnect.
    before = ideal.unsure.before
    if before is None or not ideal.on:
        return None
    why = _LOOKED
    return (Must.LIMITED, why) if before.limited else (Must.EITHER, why)


def _cut(ideal: Ideal) -> Answer:
    # Above every shield: 23:01 on a Friday lies in the non-disconnection period, and T2 cuts then
    # all the same. Only a limiter replaces the cut, by 10 A.
    if ideal.programmed() is not Sure.SURE or ideal.limiter:
        return None
    if ideal.model.later_cut == "reconnect":
        return Must.OFF, _CUT_OR_LATER
    return Must.OFF, _CUT_FOR_GOOD


def _asked(ideal: Ideal) -> Answer:
    if ideal.on or ideal.unsure.asked is None:
        return None
    return Must.EITHER, _JUST_ASKED


def _dark(ideal: Ideal) -> Answer:
    if ideal.on:
        return None
    # OFF even where supply is available: no meter may close its switch unasked. The three texts
    # tell the reader what is missing; the promise is the same.
    if ideal.ready_us is not None:
        return Must.OFF, _PRESS
    if ideal.feedable() is Sure.NO:
        return Must.OFF, USED_UP
    return Must.OFF, _STAYS_OFF


def _doubted(ideal: Ideal) -> Answer:
    # A meter that cannot know the time keeps its switch as it is: off and on are both lawful. One
    # that has merely lit its lamp without a cause is not blind, and falls through to "cut allowed".
    if not ideal.blind or ideal.programmed() is not Sure.MAY or ideal.limiter:
        return None
    return Must.EITHER, _BLIND


def _cut_allowed(ideal: Ideal) -> Answer:
    if ideal.blind or ideal.programmed() is not Sure.MAY or ideal.limiter:
        return None
    if ideal.now_us < ideal.due_us:
        return (
            Must.EITHER,
            _UNNOTICED,
        )
    return Must.EITHER, _BEHIND


def _limiter(ideal: Ideal) -> Answer:
    if not ideal.limiter:
        return None
    # The limit was forgotten without power, and may be set again.
    starting = ideal.now_us < ideal.unsure.starting.until_us
    # Where nothing allows a cut the limiter is not there either: full supply, by the rules below.
    if not starting and ideal.programmed() is Sure.NO and not ideal.credit_open():
        return None
    return Must.LIMITED, _LIMITED


def _prepayment_off(ideal: Ideal) -> Answer:
    return None if ideal.promise.prepayment else (Must.ON, _NOT_PREPAID)


def _deferral(ideal: Ideal) -> Answer:
    if ideal.deferral() is not Sure.SURE:
        return None
    return Must.ON, _BEFORE_T1


def _period(ideal: Ideal) -> Answer:
    # With credit the last rule answers the same, and says the better reason.
    if not ideal.used_up() or not ideal.sheltered():
        return None
    return Must.ON, _PERIOD


def _no_credit(ideal: Ideal) -> Answer:
    if not ideal.used_up():
        return None
    return Must.EITHER, _MAY_CUT


BEFORE: Final = "just before"
DARK: Final = "without supply"
LIMITER: Final = "limiter"
NO_CREDIT: Final = "no credit"
START_UP: Final = "start-up"
RULES: Final = (
    SpanRule(
        "no power",
        "either, while the street has no power (gas: while the battery is out); a switch that "
        "moves in it follows no rule",
        lambda ideal: None if ideal.powered else (Must.EITHER, _NO_POWER),
        as_seen=True,
    ),
    SpanRule(
        START_UP,
        "either, until the meter has started, where power failed while the switch might move",
        lambda ideal: (Must.EITHER, _FAILED)
        if ideal.unsure.starting.moving and ideal.now_us < ideal.unsure.starting.until_us
        else None,
        as_seen=True,
    ),
    SpanRule(
        "countdown",
        "either, while the valve is on in the tightness countdown; a minute after two units have "
        "flowed, or without power in it, off again and waiting for a person",
        lambda ideal: None
        if ideal.unsure.testing is None
        else (Must.EITHER, _COUNTDOWN),
        as_seen=True,
    ),
    SpanRule(
        BEFORE,
        "either for the work time after a new hour, or another instant, that ends what the meter "
        "might have acted on; a limiter may stay for a look more, and for the work time after a "
        "card",
        _grace,
        as_seen=True,
    ),
    SpanRule(
        "cut",
        "off from T2 + L on, or from the insertion + L of an order that came after its T2, until a "
        "reactivation, or a later T2 where the model's `later_cut` is `reconnect`",
        _cut,
    ),
    SpanRule(
        "asked",
        "either for the work time after somebody asked for supply as this model wants it and may "
        "have it; then on, where it was to be had for certain",
        _asked,
    ),
    SpanRule(
        DARK,
        "off while an earlier rule holds: until somebody asks for supply, and can have it. The "
        "meter asks for the button within the work time where that is all that is missing",
        _dark,
    ),
    SpanRule(
        "clock doubted",
        "either from T2 on while the meter says that it does not know the time, and has a cause; "
        "then off from max(T2, setting) + L",
        _doubted,
        opens=True,
    ),
    SpanRule(
        "cut allowed",
        "either in [T2, T2 + L]. Reactivated in it: as seen, fed is on, off is off until asked. "
        "Extended in it: fed is on until the new T2, cut is off; off or limited for another "
        "reason is either until a reactivation, for nothing shows which",
        _cut_allowed,
        opens=True,
    ),
    SpanRule(
        LIMITER,
        "10 A or full, never off, where a limiter is granted and a cut is allowed, and during the "
        "start-up after a power failure",
        _limiter,
        opens=True,
    ),
    SpanRule("prepayment off", "on, whatever the credit; T2 still cuts", _prepayment_off),
    SpanRule("deferral", "on until T1, whatever the credit", _deferral),
    SpanRule(
        "period",
        "on in the non-disconnection period, unless emergency credit is unpaid or the shelter "
        "may be over",
        _period,
    ),
    SpanRule(
        NO_CREDIT,
        "either from the exact exhaustion on; once off, off until a load",
        _no_credit,
        opens=True,
    ),
    SpanRule(
        "credit",
        "on",
        lambda _ideal: (Must.ON, _CREDIT),
    ),
)  # fmt: skip

"""Each sentence over a household against what was seen of it: the switch, lamps, keys, statements.

A sentence that is not in these tables is denied too, so a new one has to be thought of here. What
was seen is read from the events alone, once more, and not by the judge's own reading.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from meter_emu.units import euro
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.judge.outcome import Breach, HouseholdFinding, Outcome
from meter_emu.world.judge.verdicts import FindingKind, Verdict
from meter_emu.world.meter.display import credit_said
from meter_emu.world.meter.events import Event, What, beginning_of
from tests.world.judge.naive import WORK, Naive

KEYS: Final = (What.KEY_PRESSED, What.KEY_HELD)
SERVED: Final = (What.CARD_SERVED, What.CARD_REFUSED)


def sentences(outcome: Outcome) -> list[str]:
    """Return what is said over a household."""
    return [
        outcome.verdict.value,
        *(breach.in_words for breach in outcome.breaches),
        *(finding.words for finding in outcome.findings),
        *("without supply for lack of credit" for _ in outcome.unfed),
    ]


class Trace:
    """What was seen of one home, asked of one instant at a time."""

    def __init__(self, household: Household, events: Sequence[Event], campaign: Campaign) -> None:
        self.household, self.events, self.campaign = household, events, campaign
        self.naive = Naive(household, campaign, events)
        self.begins = beginning_of(events)
        self.desks = [visit.desk for visit in household.visits if visit.desk is not None]

    def powered(self, us: int) -> bool:
        return self.naive.powered(us)

    def closed(self, us: int) -> bool:
        return not self.naive.dark(us)

    def limited(self, us: int) -> bool:
        last = self.naive.last((What.LIMITED, What.UNLIMITED), us)
        return bool(self.begins.limiter_a) if last is None else last.what is What.LIMITED

    def invited(self, us: int) -> bool:
        last = self.naive.last((What.INVITED, What.UNINVITED), us)
        if last is None:
            return "reconnect" in self.begins.lit
        return last.what is What.INVITED

    def had(self, us: int) -> str:
        if not self.powered(us):
            return "no power in the street"
        if not self.closed(us):
            return "off"
        return "limited" if self.limited(us) else "on"

    def at(self, us: int, *kinds: What) -> list[Event]:
        return [e for e in self.events if e.at_us == us and (not kinds or e.what in kinds)]

    def asked(self, us: int) -> bool:
        return any(e.what in KEYS and us - WORK <= e.at_us <= us for e in self.events)

    def changed(self, us: int) -> bool:
        return self.had(us) != self.had(us - 1)


def _new(said: str, *, asked: bool | None) -> Callable[[Trace, Breach], bool]:
    """Say whether a supply is there since just then, and whether somebody had asked."""

    def is_so(trace: Trace, breach: Breach) -> bool:
        us = breach.from_us
        right = asked is None or trace.asked(us) is asked
        return trace.had(us) == said and trace.changed(us) and right

    return is_so


def _old(said: str, *, asked: bool | None) -> Callable[[Trace, Breach], bool]:
    """Say whether a supply was there before as well."""

    def is_so(trace: Trace, breach: Breach) -> bool:
        us = breach.from_us
        right = asked is None or trace.asked(us) is asked
        return trace.had(us) == said == trace.had(max(us - 1, trace.campaign.start_us)) and right

    return is_so


HAPPENED: Final[dict[str, Callable[[Trace, Breach], bool]]] = {
    "the meter took it away": _new("off", asked=None),
    "the meter took it away when somebody asked for it": _new("off", asked=True),
    "the household stayed without supply": _old("off", asked=None),
    "the household asked for it, and stayed without supply": _old("off", asked=True),
    "the meter limited it": _new("limited", asked=None),
    "the meter limited it when somebody asked for it": _new("limited", asked=True),
    "the household stayed limited": _old("limited", asked=None),
    "the household asked for it, and stayed limited": _old("limited", asked=True),
    "the meter switched the supply on, and nobody had asked": _new("on", asked=False),
    "the meter switched the supply on when somebody asked": _new("on", asked=True),
    "the household kept its supply": _old("on", asked=None),
    "the meter gave a limited supply, and nobody had asked": _new("limited", asked=False),
    "the meter gave a limited supply when somebody asked": _new("limited", asked=True),
    "the household kept a limited supply": _old("limited", asked=None),
    "the meter cut the household only later": lambda trace, breach: (
        trace.had(breach.to_us) == "off"
    ),
    "it asked nobody": lambda trace, breach: not trace.invited(breach.from_us),
}
PROMISED: Final = {
    "supply": {"off", "limited"},
    "no supply": {"on", "limited"},
    "supply, 10 A or full": {"off"},
    "that the meter asks for the button": {"off"},
}
WHY: Final[dict[str, Callable[[Trace, int], bool]]] = {
    "T1 is still to come": lambda t, us: any((d.defer_us or 0) > us for d in t.desks),
    "T2 has come": lambda t, us: any((d.cut_us or us + 1) <= us for d in t.desks),
    "prepayment is off": lambda t, _: (
        not t.household.prepayment or any(d.prepayment is False for d in t.desks)
    ),
    "the non-disconnection period runs": lambda t, us: t.naive.sheltered(us),
    "a limiter is granted": lambda t, _: t.household.limiter or any(d.limiter for d in t.desks),
    "there is credit": lambda t, us: _credit(t, us, least=True),
    "the credit is used up": lambda t, us: _credit(t, us, least=False),
    "supply is to be had": lambda t, us: not t.closed(us) or t.changed(us) or t.closed(us - 1),
    "the supply is off": lambda t, us: not t.closed(us - 1) or _left_on(t, us),
    "the meter may have looked just before": lambda _t, _us: True,
}


def _left_on(trace: Trace, us: int) -> bool:
    """Whether the switch was on against the promise from before."""
    return trace.closed(us)


def _credit(trace: Trace, us: int, *, least: bool) -> bool:
    """Whether there may be credit; with `least` false, whether there may be none."""
    orders = trace.naive.orders(us)
    if orders is None:
        return True
    low, high = trace.naive.balance_cents(us, orders)
    emergency = trace.household.model.credit.emergency_cents
    return high > -emergency - 60 if least else low < 60


def denied(
    outcome: Outcome, household: Household, events: Sequence[Event], campaign: Campaign
) -> list[str]:
    """Return what is said of a household that contradicts what was seen."""
    trace = Trace(household, events, campaign)
    wrong = list(_verdict(trace, outcome))
    turned_us = {to_us for _, to_us in outcome.disconnected}  # it was off already, and stays so
    for from_us, to_us in outcome.unfed:
        wrong += _unfed(trace, from_us, to_us, turned=from_us in turned_us)
    for breach in outcome.breaches:
        wrong += (f"{breach.in_words}: {why}" for why in _breach(trace, breach))
    for finding in outcome.findings:
        wrong += (f"{finding.words}: {why}" for why in _finding(trace, finding))
    return wrong


def _unfed(trace: Trace, from_us: int, to_us: int, *, turned: bool) -> Iterator[str]:
    us = [from_us, *(e.at_us for e in trace.events if from_us <= e.at_us < to_us)]
    if any(trace.had(at) in {"on", "limited"} for at in us):
        yield "no supply for lack of credit, but there was supply"
    opened = trace.at(from_us, What.OPENED)
    if turned:
        if trace.had(from_us - 1) != "off":
            yield "without credit instead of disconnected, but there was supply before"
    elif not opened:
        yield "no supply for lack of credit, but no switch moved"
    elif trace.household.build == "reference" and (opened[0].balance_ueur or 0) > 0:
        yield "no credit, but the balance was above zero"


def _breach(trace: Trace, breach: Breach) -> Iterator[str]:
    from_us, to_us = breach.from_us, breach.to_us
    had = {trace.had(us) for us in (from_us, (from_us + to_us) // 2, to_us - 1)}
    if had != {breach.had.value}:
        yield f"the household had {had}"
    if breach.had.value not in PROMISED[breach.promised]:
        yield "that is what was promised"
    happened = breach.happened.removesuffix(" before T2")
    if happened not in HAPPENED or not HAPPENED[happened](trace, breach):
        yield "that did not happen"
    if happened != breach.happened and not from_us < (breach.ordered_us or 0):
        yield "it was not before T2"
    if breach.verdict is Verdict.EARLY and breach.happened == happened:
        yield "it was before T2, and nothing says so"
    why = [is_so for words, is_so in WHY.items() if breach.why.startswith(words)]
    if not why or not why[0](trace, from_us):
        yield "that is no reason"
    if breach.cut_us is not None:
        off = trace.had(breach.cut_us) == ("limited" if breach.had.value == "limited" else "off")
        if not (off or breach.verdict is Verdict.LATE):
            yield "nothing was cut or limited then"


def _verdict(trace: Trace, outcome: Outcome) -> Iterator[str]:
    verdict, t2_us = outcome.verdict, outcome.ordered_us
    broken = {breach.verdict for breach in outcome.breaches}
    if verdict in {Verdict.ON_TIME, Verdict.KEPT, Verdict.HELD, Verdict.NOT_SEEN}:
        if broken:
            yield f"{verdict.value}, but a promise was broken"
    elif outcome.failure is not None:
        if trace.events[-1].failure is None:
            yield f"{verdict.value}, and the program did not fail"
    elif verdict not in broken:
        yield f"{verdict.value}, and nothing of that kind happened"
    yield from _on_time(trace, outcome) if verdict is Verdict.ON_TIME else ()
    if verdict is Verdict.HELD:
        held = (What.CLOCK_DOUBTED, What.POWER_LOST)
        if not any(e.what in held or not e.clock_trusted for e in trace.events):
            yield "held, but the clock was believed and there was power"
        if t2_us is None or not trace.closed(t2_us):
            yield "held, but there was no supply to hold"


def _on_time(trace: Trace, outcome: Outcome) -> Iterator[str]:
    cut_us, t2_us = outcome.cut_us, outcome.ordered_us
    if cut_us is not None:
        right = t2_us is not None and cut_us >= t2_us
        if not right or trace.had(cut_us) not in {"off", "limited"}:
            yield "on time, but it was not cut then"
    elif t2_us is not None:
        later = [e for e in trace.events if e.at_us >= t2_us]
        if all(trace.closed(e.at_us) and trace.powered(e.at_us) for e in later):
            yield "on time, but it was never off"


def _finding(trace: Trace, finding: HouseholdFinding) -> Iterator[str]:
    us, kind, words = finding.from_us, finding.kind, finding.words
    if not finding.times >= 1 or finding.lasted_us > finding.until_us - us:
        yield "it cannot have lasted so long"
    said = FINDINGS[kind]
    if not said(trace, us, words):
        yield f"nothing like that was seen ({kind.value})"


def _stated(trace: Trace, us: int, words: str) -> bool:
    """Whether an end or a balance that a finding quotes was stated then."""
    quoted = words.removesuffix(" on the card").rpartition("stated ")[2]
    for event in trace.at(us):
        ends = [*(event.understood or ())]
        if quoted in {"none" if end is None else str(end) for end in ends}:
            return True
        if quoted in event.shown or (quoted == "none" and "NONE" in event.shown):
            return True
    return False


def _money(trace: Trace, us: int, words: str) -> bool:
    if "is not cut for it" in words:
        return trace.had(us) == "on"
    if "is not limited" in words:
        return trace.had(us) == "on" and not trace.limited(us)
    amounts = set()
    for event in trace.at(us):
        cents = credit_said(event.shown)
        amounts |= {euro(event.balance_ueur)} if event.balance_ueur is not None else set()
        amounts |= {euro(cents * 10_000)} if cents is not None else set()
        if event.written is not None:
            wrote = trace.household.age.since(event.written)
            amounts |= {euro(wrote.balance_ueur)}
            counted = (wrote.charged_wh or 0) + wrote.deferred_wh + (wrote.postpaid_wh or 0)
            numbers = (wrote.charged_wh, wrote.deferred_wh, wrote.postpaid_wh, wrote.night_wh,
                       counted, wrote.accepted_cents, wrote.accepted_count)  # fmt: skip
            amounts |= {str(number) for number in numbers}
    of_money = re.search(r"\bbalance\b|\baccepted\b|\bWh\b|\bm³|\bcharged\b|\bcounted\b", words)
    # An amount is written with more places than cents where only they show what is wrong.
    quoted = re.findall(r"-?\d+(?:\.\d\d)?", re.sub(r"(\.\d\d)\d+", r"\1", words))
    return of_money is not None and bool(amounts & set(quoted))


FINDINGS: Final[dict[FindingKind, Callable[[Trace, int, str], bool]]] = {
    FindingKind.WRONG_DISPLAY: _stated,
    FindingKind.WRONG_MONEY: _money,
    FindingKind.GROUNDLESS_DOUBT: lambda t, us, _: (
        bool(t.at(us, What.CLOCK_DOUBTED)) or "clock doubted" in t.begins.lit
    ),
    FindingKind.SILENT_ORDER: lambda t, us, words: any(
        e.written is not None and words.endswith(f"order {e.written.order_number}")
        for e in t.at(us, What.CARD_SERVED)
    ),
    FindingKind.WRONG_CLOCK: lambda t, us, words: any(
        e.written is not None and (str(e.written.clock) in words or "no date" in words)
        for e in t.at(us, *SERVED)
    ),
    FindingKind.GROUNDLESS_REFUSAL: lambda t, us, _: bool(t.at(us, What.CARD_REFUSED)),
    FindingKind.OBEYED_UNLAWFULLY: lambda t, us, _: bool(t.at(us, What.CARD_SERVED)),
    FindingKind.SUPPLY_MISSTATED: lambda t, us, words: (
        any(e.shown and e.shown in words for e in t.at(us))
        or (not t.powered(us) and bool(t.at(us, What.OPENED, What.CLOSED)))
    ),
}

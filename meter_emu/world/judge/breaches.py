"""Compares the observed supply of a household with its row: where they contradict."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, final

from meter_emu.languages.speech import marked
from meter_emu.ports import Lamp
from meter_emu.world.households.household import Household
from meter_emu.world.judge.obligations import DARK, Must, PromiseRow, Span
from meter_emu.world.judge.outcome import WORK_US, Breach, Supplied
from meter_emu.world.judge.promise import promise_at
from meter_emu.world.judge.verdicts import Verdict
from meter_emu.world.meter.events import Event, What, beginning_of

# Events that change what is seen; tuples, for members are found in them without a hash.
_SWITCH: Final = (What.OPENED, What.CLOSED)
_LIMITER: Final = (What.LIMITED, What.UNLIMITED)
_POWER: Final = (What.POWER_LOST, What.POWER_BACK)
_INVITED: Final = (What.INVITED, What.UNINVITED)
_FED: Final = frozenset({Supplied.ON, Supplied.LIMITED})
_CONTRADICTS: Final = {
    Must.ON: frozenset({Supplied.OFF, Supplied.LIMITED}),
    Must.OFF: _FED,
    Must.EITHER: frozenset[Supplied](),
    Must.LIMITED: frozenset({Supplied.OFF}),
}
_PROMISED: Final = {
    Must.ON: marked("supply"),
    Must.OFF: marked("no supply"),
    Must.LIMITED: marked("supply, 10 A or full"),
}
LOST_WORDS: Final = {  # by the supply, whether it had just changed, whether somebody had just asked
    (Supplied.OFF, True, False): marked("the meter took it away"),
    (Supplied.OFF, True, True): marked("the meter took it away when somebody asked for it"),
    (Supplied.OFF, False, False): marked("the household stayed without supply"),
    (Supplied.OFF, False, True): marked("the household asked for it, and stayed without supply"),
    (Supplied.LIMITED, True, False): marked("the meter limited it"),
    (Supplied.LIMITED, True, True): marked("the meter limited it when somebody asked for it"),
    (Supplied.LIMITED, False, False): marked("the household stayed limited"),
    (Supplied.LIMITED, False, True): marked("the household asked for it, and stayed limited"),
}
FED_WORDS: Final = {  # likewise, where there must be none
    (Supplied.ON, True, False): marked("the meter switched the supply on, and nobody had asked"),
    (Supplied.ON, True, True): marked("the meter switched the supply on when somebody asked"),
    (Supplied.ON, False, False): marked("the household kept its supply"),
    (Supplied.ON, False, True): marked("the household kept its supply"),
    (Supplied.LIMITED, True, False): marked(
        "the meter gave a limited supply, and nobody had asked"
    ),
    (Supplied.LIMITED, True, True): marked("the meter gave a limited supply when somebody asked"),
    (Supplied.LIMITED, False, False): marked("the household kept a limited supply"),
    (Supplied.LIMITED, False, True): marked("the household kept a limited supply"),
}

_ASKS: Final = marked("that the meter asks for the button")
_ONLY_LATER: Final = marked("the meter cut the household only later")
_NOBODY: Final = marked("it asked nobody")
_BEFORE_T2: Final = {  # what is early
    "the meter took it away": marked("the meter took it away before T2"),
    "the meter took it away when somebody asked for it": marked(
        "the meter took it away when somebody asked for it before T2"
    ),
    "the meter limited it": marked("the meter limited it before T2"),
    "the meter limited it when somebody asked for it": marked(
        "the meter limited it when somebody asked for it before T2"
    ),
}


@final
@dataclass(frozen=True, slots=True)
class SupplySpan:
    """The observed supply up to before `to_us`; `invited` is the meter's lamp."""

    from_us: int
    to_us: int
    had: Supplied
    invited: bool


def supply_of(events: Sequence[Event], start_us: int, end_us: int) -> Iterator[SupplySpan]:
    """Yield the observed supply without a gap, from the events of the meter."""
    begins = beginning_of(events)
    closed, limited = begins.supply_on, bool(begins.limiter_a)
    powered, invited, from_us = True, Lamp.RECONNECT in begins.lamps, start_us
    had = _had(powered=powered, closed=closed, limited=limited)
    for event in events:
        before = (had, invited)
        if event.what in _SWITCH:
            closed = event.what is What.CLOSED
        elif event.what in _LIMITER:
            limited = event.what is What.LIMITED
        elif event.what in _POWER:
            powered = event.what is What.POWER_BACK
        elif event.what in _INVITED:
            invited = event.what is What.INVITED
        else:
            continue
        had = _had(powered=powered, closed=closed, limited=limited)
        if (had, invited) != before:
            at_us = min(max(event.at_us, start_us), end_us)
            if at_us > from_us:
                yield SupplySpan(from_us, at_us, *before)
            from_us = at_us
    if end_us > from_us:
        yield SupplySpan(from_us, end_us, had, invited)


def _had(*, powered: bool, closed: bool, limited: bool) -> Supplied:
    if not powered:
        return Supplied.NO_POWER
    if not closed:
        return Supplied.OFF
    return Supplied.LIMITED if limited else Supplied.ON


def supply_judged(row: PromiseRow, events: Sequence[Event]) -> tuple[SupplySpan, ...]:
    """Return the observed supply of the time that a row is about."""
    if not row.spans:
        return ()
    return tuple(supply_of(events, row.spans[0].from_us, row.spans[-1].to_us))


def breaches_of(
    household: Household, row: PromiseRow, events: Sequence[Event], seen: Sequence[SupplySpan]
) -> Iterator[Breach]:
    """Yield each breach of a household's promise by the supply that was seen, in time order."""
    last: tuple[Span, SupplySpan] | None = None
    for span, had in _side_by_side(row.spans, seen):
        same = (
            last is not None
            and last[1].to_us == had.from_us
            and (last[0].must, last[0].invites, last[1].had) == (span.must, span.invites, had.had)
        )
        if last is not None and same:
            last = (last[0], replace(last[1], to_us=had.to_us))
            continue
        if last is not None:
            yield _breach(household, row, events, seen, *last)
        last = (span, had)
    if last is not None:
        yield _breach(household, row, events, seen, *last)


def _side_by_side(
    spans: Sequence[Span], seen: Sequence[SupplySpan]
) -> Iterator[tuple[Span, SupplySpan]]:
    """Yield each stretch in which row and supply contradict, with its span of the row."""
    index = 0
    for span in spans:
        while index < len(seen) and seen[index].to_us <= span.from_us:
            index += 1
        at = index
        while at < len(seen) and seen[at].from_us < span.to_us:
            had = seen[at]
            uninvited = span.invites and had.had is Supplied.OFF and not had.invited
            if had.had in _CONTRADICTS[span.must] or uninvited:
                from_us, to_us = max(span.from_us, had.from_us), min(span.to_us, had.to_us)
                yield span, replace(had, from_us=from_us, to_us=to_us)
            at += 1


def _breach(
    household: Household,
    row: PromiseRow,
    events: Sequence[Event],
    seen: Sequence[SupplySpan],
    span: Span,
    had: SupplySpan,
) -> Breach:
    from_us, to_us = had.from_us, had.to_us
    moved = any(one.from_us == from_us and one.had is had.had for one in seen[1:])
    asked = _asked_before(household, events, from_us)
    promise, cut_us = promise_at(row.orders, from_us), None
    uninvited = span.invites and had.had is Supplied.OFF
    if uninvited:
        verdict = Verdict.NOT_RESTORED
    elif span.must is not Must.OFF:
        early = promise.cut_us is not None and from_us < promise.cut_us
        verdict = Verdict.EARLY if early else Verdict.WRONGLY_CUT
        verdict = verdict if moved else Verdict.NOT_RESTORED
        cut_us = from_us if moved else None
    elif moved:
        verdict = Verdict.NEVER if asked and span.rule == "cut" else Verdict.FED_UNASKED
    elif span.rule == DARK:  # it is on where it had to go back
        verdict = Verdict.FED_UNASKED
    else:
        opened = any(one.from_us == to_us and one.had is Supplied.OFF for one in seen)
        verdict = Verdict.LATE if opened else Verdict.NEVER
        cut_us = to_us if opened else None
    if verdict is Verdict.NOT_RESTORED:
        dark = [one.from_us for one in seen if one.had is had.had and one.from_us <= from_us]
        cut_us = dark[-1]
        promise = promise_at(row.orders, cut_us)
    promised = _ASKS if uninvited else _PROMISED[span.must]
    happened = (FED_WORDS if span.must is Must.OFF and not uninvited else LOST_WORDS)[
        had.had, moved, asked
    ]
    if verdict is Verdict.LATE:
        happened = _ONLY_LATER
    elif verdict is Verdict.EARLY:
        happened = _BEFORE_T2[happened]
    return Breach(
        from_us=from_us,
        to_us=to_us,
        verdict=verdict,
        promised=promised,
        happened=_NOBODY if uninvited else happened,
        why=span.why,
        had=had.had,
        ordered_us=promise.cut_us,
        cut_us=cut_us,
    )


def _asked_before(household: Household, events: Sequence[Event], us: int) -> bool:
    """Whether somebody asked for supply just before."""
    rearm = household.model.rearm
    asks = {What.KEY_HELD} if rearm.hold_ms else {What.KEY_HELD, What.KEY_PRESSED}
    return any(
        e.what in asks and e.detail == rearm.key and us - WORK_US <= e.at_us <= us for e in events
    )

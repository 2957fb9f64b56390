"""Hazards of a device that is paid for by the day: a clock that is moved, counts at their bound.

Each has its draw and its `Law`.
"""

from datetime import timedelta
from functools import partial
from typing import Final

from card_protocol.tokens.openpaygo.counter import COUNT_MAX, PaygoKind
from meter_emu.laws.judged import breached, hazard
from meter_emu.laws.law import Aside, Broken, Finding, Trial
from meter_emu.laws.tokens.entries import sold
from meter_emu.stories import buyers
from meter_emu.stories.ages import aged_by_tokens
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.draft import Draft
from meter_emu.stories.paid import begin_paid, finish_paid
from meter_emu.stories.registers import other_time
from meter_emu.stories.story import Among, models
from meter_emu.stories.times import FIRST_S, Timing, legal
from meter_emu.units import DAY_S, HOUR_S, HOUR_US, MINUTE_S, SECOND_US
from meter_emu.world.judge.verdicts import Verdict
from meter_emu.world.meter.events import Event, What

light_hazard: Final = partial(hazard, device="openpaygo", begins=begin_paid, finishes=finish_paid)

# Over ---------------------------------------------------------------------------------------------
#
# The paid time is over, and the clock is set back to where it was not.


@light_hazard(
    id="over-stays-over",
    says="paid time that is over ends once: no clock that is set back gives it again",
    properties=("P6", "P10"),
    check=lambda trial: breached(trial, Verdict.FED_UNASKED, Verdict.LATE, Verdict.NEVER),
    one_in=10,
)
def over_again(draft: Draft, chooser: Chooser) -> None:
    """Draw a token that has ended, and a clock that shows a day before that from then on."""
    buyers.buy(draft, ("one token",))
    end_s, model = draft.timing.end_s, draft.model
    for _ in range(1 + chooser.below(3)):
        at_s = end_s + (2 + chooser.below(48)) * HOUR_S
        behind = timedelta(seconds=at_s - end_s, days=1 + chooser.below(200))
        when = legal(at_s, model.zone).replace(tzinfo=None) - behind
        if when.year < 2000:
            continue
        found = other_time(model, when, doubted=chooser.below(4) == 3)
        if chooser.below(2):
            draft.upset_now(at_s, found)
        else:
            draft.upset(at_s, at_s + (1 + chooser.below(30)) * MINUTE_S, found)
        end_s = at_s
    draft.outages.sort()


# The backup capacitor is pulled ------------------------------------------------------------------
#
# Somebody takes power and reserve away again and again, a little less than an hour after each
# start: what the journal has not is counted by nobody.

_STARTS: Final = 80
_FORGIVEN_US: Final = 25 * HOUR_US  # docs/token-meters.md: 24 starts that cost nothing, and a look
_POWERED_S: Final = (55 * MINUTE_S, 59 * MINUTE_S, 40 * MINUTE_S)


def _not_for_good(trial: Trial) -> Finding:
    household = trial.household
    keyed_us, last_us = household.visits[0].at_us, household.outages[-1][1]
    units = sold(household)[0].value or 0
    paid_us = buyers.length_s(household.model, units) * SECOND_US
    supplied_us = _supplied_us(trial.run.events, keyed_us, last_us)
    if last_us - keyed_us <= paid_us + _FORGIVEN_US:
        return Aside("the failures end before the paid time must be over")
    if supplied_us <= paid_us + _FORGIVEN_US:
        return None
    return Broken(
        f"{units} units were paid for, and the supply was on for {supplied_us // HOUR_US} h "
        "by a reserve that was pulled again and again"
    )


@light_hazard(
    id="reserve-pulled",
    says="who pulls power and reserve every hour is not supplied for good",
    properties=("P6", "P8"),
    presumes="24 starts that cost nothing, and a journal of an hour",
    check=_not_for_good,
    one_in=20,
)
def reserve_pulled(draft: Draft, chooser: Chooser) -> None:
    """Draw a token of a day, and as many failures of all power as would double it thrice."""
    draft.kind, draft.rates, draft.short = "reserve pulled", buyers.LOADS_W, True
    draft.timing = Timing(draft.timing.end_s - DAY_S, draft.timing.end_s)
    buyers.first_token(draft)
    at_s, powered_s = draft.timing.armed_s + MINUTE_S, chooser.of(_POWERED_S)
    dark_s, twentieth_s = 1 + chooser.below(20), chooser.of((powered_s, 61 * MINUTE_S))
    began = legal(946_684_800, draft.model.zone).replace(tzinfo=None)
    for n in range(_STARTS):
        at_s += twentieth_s if n % 20 == 19 else powered_s  # longer than its journal waits
        draft.upset(at_s, at_s + dark_s, other_time(draft.model, began, doubted=True))
        at_s += dark_s


def _supplied_us(events: list[Event], from_us: int, to_us: int) -> int:
    """Return how long supply was on with power in a span."""
    on, powered, since_us, total_us = False, True, from_us, 0
    for event in events:
        at_us = min(max(event.at_us, from_us), to_us)
        if on and powered:
            total_us += at_us - since_us
        since_us = at_us
        if event.what in (What.OPENED, What.CLOSED):
            on = event.what is What.CLOSED
        elif event.what in (What.POWER_LOST, What.POWER_BACK):
            powered = event.what is What.POWER_BACK
    return total_us + (to_us - since_us if on and powered else 0)


# Counts -------------------------------------------------------------------------------------------

_BOUNDS: Final = (1 << 8, 1 << 15, 1 << 16)


@light_hazard(
    id="counter-edge",
    says="tokens are taken once up to the last count that there is",
    properties=("P10",),
    presumes="counts of 16 bits",
)
def counter_edge(draft: Draft, chooser: Chooser) -> None:
    """Draw a few tokens of a device whose counts come to a bound, the last of all among them."""
    draft.kind, draft.rates = "counts at their bound", buyers.LOADS_W
    draft.age = aged_by_tokens(chooser, chooser.of(_BOUNDS))
    buyers.first_token(draft)
    at_s, room = draft.timing.armed_s, (COUNT_MAX - draft.age.token_count) // 2 - 1
    for _ in range(min(2, room)):
        at_s += MINUTE_S
        draft.key_in(at_s, draft.sell(at_s - HOUR_S, PaygoKind.ADD_TIME, buyers.days(draft)))
    draft.key_in(at_s + HOUR_S, 0)


@light_hazard(
    id="many-tokens",
    says="of many tokens in any order each is taken once, and what is too old not at all",
    properties=("P10", "P13"),
    one_in=10,
)
def many_tokens(draft: Draft, chooser: Chooser) -> None:
    """Draw some twenty tokens on paper, keyed in in any order, with many of them again."""
    draft.kind, draft.rates = "many tokens", buyers.LOADS_W
    draft.timing = Timing(draft.timing.end_s - 2 * DAY_S, draft.timing.end_s)
    buyers.first_token(draft)
    at_s = draft.timing.armed_s
    value = buyers.units_of(draft.model, DAY_S)
    paper = [draft.sell(at_s - HOUR_S, PaygoKind.ADD_TIME, value) for _ in range(20)]
    reach = 0  # how far the household has come: mostly the next, often one of the last
    for _ in range(30):
        at_s += MINUTE_S
        back = chooser.of((0, 0, 0, 1, 3, 7, 9, 16, 17))
        draft.key_in(at_s, paper[max(0, min(reach, len(paper) - 1) - back)])
        reach += chooser.of((1, 0, 1, 2)) if not back else 0


def _in_parts(among: Among) -> Among:
    kits = among or models("openpaygo")
    return [kit for kit in kits if buyers.length_s(kit.model, 1) < DAY_S] or kits


@light_hazard(
    id="parts-of-a-day",
    says="a token of many units ends at their whole length, however a day is divided",
    properties=("P1", "P2", "P4"),
    presumes="the divider of office and device is the same",
    one_in=10,
    kits=_in_parts,
)
def parts_of_a_day(draft: Draft, chooser: Chooser) -> None:
    """Draw a token of very many units, on a device whose unit is part of a day if there is one."""
    draft.kind, draft.rates = "many units", buyers.LOADS_W
    length_s = buyers.length_s(draft.model, 995 - chooser.below(500))
    length_s = min(length_s, (100 + chooser.below(60)) * DAY_S)  # a season of whole days
    end_s = max(draft.timing.end_s, FIRST_S + length_s + DAY_S)
    draft.timing = Timing(end_s - length_s, end_s)
    draft.first_s = draft.timing.armed_s - DAY_S
    buyers.first_token(draft)

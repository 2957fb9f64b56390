"""Power comes back, and the clock chip holds an impossible date, or one that cannot be now.

The meter must notice, and show the reason if its display names it. A technician sets the clock; a
card from the office brings a lower bound, which is never ahead of the truth and never behind what
the meter knew.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from typing import Final

from meter_emu.hardware.rtc.calendar_chip import Registers
from meter_emu.laws.judged import hazard, promises
from meter_emu.laws.law import Broken, Finding, Trial, campaign_of
from meter_emu.stories import people
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.draft import Draft
from meter_emu.stories.registers import upset, wrong_fields
from meter_emu.stories.times import Timing
from meter_emu.units import DAY_S, HOUR_S, HOUR_US, MINUTE_S, MINUTE_US, SECOND_US
from meter_emu.world.households.household import DeskOrder, Household
from meter_emu.world.meter.clock_chips import clock_chip
from meter_emu.world.meter.display import ClockSaid, clock_said
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.model import MeterModel, uncertainty_s
from meter_emu.world.meter.times import us_to_legal

_OFF_S: Final = 5 * MINUTE_S
_MENDED: Final = frozenset({What.CLOCK_SET, What.CARD_SERVED, What.CARD_REFUSED, What.POWER_LOST})


def _check(trial: Trial) -> Finding:
    """Return the fault, in a story in which the clock is upset once if possible."""
    found = _broken(trial)
    if isinstance(found, Broken) and len(trial.household.rtc_found) > 1:
        for nth in range(len(trial.household.rtc_found)):
            alone = Trial(campaign_of(trial.campaign, _once(trial.household, nth)), trial.build)
            again = _broken(alone)
            if isinstance(again, Broken):
                return Broken(again.words, alone.campaign)
    return found


@hazard(
    id="no-such-time",
    says="a time that no calendar has is seen in the clock, shown, and mended by a technician",
    properties=("P3", "P8"),
    presumes="a blue button that shows the clock first, where the reason is looked at",
    check=_check,
)
def no_such_time(draft: Draft, chooser: Chooser) -> None:
    """Draw a story with some outages before T, after each of which the clock chip is upset.

    Somebody looks at the clock; then mostly a technician sets it, or an office card brings a lower
    bound. After the last upset there may be neither.
    """
    count = 1 + chooser.below(12)
    end_s = draft.timing.end_s
    from_s = end_s - count * HOUR_S - chooser.below(3) * chooser.below(120) * MINUTE_S
    armed_s = min(draft.timing.armed_s, from_s - 2 * HOUR_S)
    draft.timing = Timing(armed_s, end_s)
    draft.first_s = armed_s - DAY_S
    draft.ample_credit = True
    draft.fast = chooser.below(3) == 2
    people.live(draft, people.NEVER)
    draft.outages.append((from_s - MINUTE_S, from_s))  # at its end the meter knows the time
    for nth in range(count):
        lost_s = from_s + nth * HOUR_S + MINUTE_S * (2 + chooser.below(8))
        back_s = lost_s + _OFF_S
        draft.upset(lost_s, back_s, upset(chooser, draft.model, back_s))
        mend = chooser.below(6)
        if mend >= 4:
            wrote_s = (lost_s, from_s)[chooser.below(2)] - MINUTE_S * (1 + chooser.below(50))
            draft.office(wrote_s, DeskOrder(prepayment=True))
            draft.insert(back_s + 2 * MINUTE_S)
            draft.ask_clock(back_s + 4 * MINUTE_S)
        else:
            draft.ask_clock(back_s + MINUTE_S)
        if mend < 4 and (nth < count - 1 or mend):
            error_s = draft.tool_error_s()
            draft.technician(back_s + (5 + chooser.below(20)) * MINUTE_S, error_s)


def _once(household: Household, nth: int) -> Household:
    """Return the story with one upset of its clock alone, and the visits up to the next."""
    back_us, _ = household.rtc_found[nth]
    lost_us = next(lost_us for lost_us, to_us in household.outages if to_us == back_us)
    later = (at_us for at_us, _ in household.rtc_found if at_us > back_us)
    until_us = min(later, default=back_us + HOUR_US) - _OFF_S * SECOND_US
    first_us = household.outages[0][0]
    return replace(
        household,
        outages=tuple(
            one for one in household.outages if one[1] in {household.outages[0][1], back_us}
        ),
        rtc_found=(household.rtc_found[nth],),
        visits=tuple(
            visit
            for visit in household.visits
            if visit.at_us < first_us
            or lost_us < visit.at_us < until_us
            or (visit.desk is not None and lost_us - HOUR_US < visit.at_us < until_us)
        ),
    )


def _broken(trial: Trial) -> Finding:
    found = promises(trial)
    if isinstance(found, Broken):
        return found
    events = trial.run.events
    wrong = [_unseen(trial.household, events, *upset) for upset in trial.household.rtc_found]
    wrong += _unmended(events)
    return next((Broken(words) for words in wrong if words is not None), found)


def _unseen(household: Household, events: list[Event], at_us: int, found: Registers) -> str | None:
    """Check the clock's reported status after one upset; return the fault, or None."""
    look, card = _looks(events, at_us)
    if look is None:
        return None
    said = clock_said(look.shown)
    if card is not None:
        return None if said is None else _wrong_bound(household, events, look, card, said)
    owed = _doubt(household.model, found)
    if owed is None:
        return None
    if look.clock_trusted:
        return "no calendar has the time in its clock, and the meter believes it"
    if said is None or _doubted_before(events, at_us):
        return None
    # Of a bound that goes on without a word why, nothing is known.
    named = said.lost_by or said.health
    if named not in {owed, "LOWER_BOUND"}:
        return f"the display says {named}, and it is {owed} that stands in the clock"
    return None


def _doubted_before(events: list[Event], at_us: int) -> bool:
    """Whether a doubt of before stands still: nobody has mended it, and it has its own reason."""
    before = [event for event in events if event.at_us < at_us]
    doubted = max((e.at_us for e in before if e.what is What.POWER_BACK), default=at_us)
    mended = any(e.what in {What.CLOCK_SET, What.CARD_SERVED} for e in before if e.at_us > doubted)
    return bool(before) and not before[-1].clock_trusted and not mended


def _looks(events: list[Event], at_us: int) -> tuple[Event | None, Event | None]:
    """Return the first look at the clock after an upset, and the office card before it."""
    card = None
    for event in events:
        if event.at_us <= at_us:
            continue
        if event.what is What.KEY_PRESSED:
            return event, card
        if event.what is What.CARD_SERVED:
            card = event
        elif event.what in _MENDED:
            break
    return None, None


def _doubt(model: MeterModel, found: Registers) -> str | None:
    """Return the doubt that registers alone must cause; `None` if the meter may trust them."""
    chip, held = clock_chip(model).chip, dict(found)
    at = chip.DOUBT.register
    if at in held and chip.DOUBT.given(held[at]):
        return "LOW_VOLTAGE"
    if wrong_fields(model, found):
        return "IMPOSSIBLE_DATE"
    if chip.YEAR not in held:
        return None
    year, month, day = (int(f"{held[at]:x}") for at in (chip.YEAR, chip.MONTH, chip.DAY))
    if day > monthrange(2000 + year, month)[1]:
        return "IMPOSSIBLE_DATE"
    return None


def _wrong_bound(
    household: Household, events: list[Event], look: Event, heard: Event, said: ClockSaid
) -> str | None:
    """Return the fault of a lower bound: ahead of the truth, or behind what was known.

    The display shows whole minutes. At a change of clocks it may mean either hour.
    """
    zone = household.model.zone
    around = {us_to_legal(look.at_us + by, zone).utcoffset() for by in (-6 * HOUR_US, 6 * HOUR_US)}
    if said.health != "LOWER_BOUND" or said.legal is None or len(around) > 1:
        return None
    (offset,) = around
    assert offset is not None, "legal time has an offset"
    shown, at = f"{said.legal:%Y-%m-%d %H:%M}", said.legal.replace(tzinfo=UTC) - offset
    at_us = int(at.timestamp()) * SECOND_US
    if at_us > look.at_us:
        return f"its clock is a lower bound and shows {shown}, which is still to come"
    known_us = max(_known_us(household, events, heard))
    if at_us + MINUTE_US < known_us:
        return f"its clock shows {shown}, and the meter knew that it is later"
    return None


def _known_us(household: Household, events: list[Event], heard: Event) -> Iterator[int]:
    """Yield the lower bounds that the meter knew after it had heard a card."""
    written = [v.at_us for v in household.visits if v.desk is not None and v.at_us < heard.at_us]
    yield written[-1] // MINUTE_US * MINUTE_US
    upset = dict(household.rtc_found)
    for event in events:
        back = event.what is What.POWER_BACK and event.at_us not in upset
        if back and event.at_us < heard.at_us and event.clock_trusted:
            within_s = uncertainty_s(household.model, household.clock_set_us, event.at_us)
            yield event.at_us - 2 * within_s * SECOND_US


def _unmended(events: list[Event]) -> Iterator[str]:
    """Yield each technician's card that the meter did not obey."""
    for event in events:
        if event.what is What.CARD_REFUSED and event.detail == "clock card":
            yield "a technician's card does not mend the clock"

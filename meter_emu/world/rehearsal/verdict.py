"""How a household fared: what was seen of its meter against what it was told.

Two questions, in this order. Was there a disconnection that no promise allows? Its kind is
`wrongly_cut`, or `early` when it only came before its time. If not: was a cut due, and when did it
come? A cut is due at T2 of an armed home, or at the insertion that armed it after T2; it may come
late by what the clock's uncertainty explains, and after a power failure within the start-up.
`docs/campaign-file.md` says what holds for homes that are dark, limited or without power at T2.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import final

from card_protocol.timestamp import Civil
from meter_emu.units import SECOND_US
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.times import us_to_civil
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.household import Household
from meter_emu.world.rehearsal.outcome import WORK_US, Outcome
from meter_emu.world.rehearsal.promise import Promise, Told, ToldKind, known_within_us, latest_us
from meter_emu.world.rehearsal.verdicts import GOOD, Verdict


@final
@dataclass(frozen=True, slots=True)
class _Due:
    """A cut that was promised: from `from_us`, at the latest at `until_us`.

    `over_us` is when it was called off, or the end of the rehearsal.
    """

    cut_us: int
    from_us: int
    until_us: int
    over_us: int


def judge(household: Household, campaign: Campaign, events: Sequence[Event]) -> Outcome:
    """Return the verdict over one household; `events` are in time order."""
    promise = Promise(household, campaign, events)
    due = _due(promise, household, campaign, events)
    cut_us, verdict = _forbidden(promise, household, events)
    if cut_us is not None:
        announced_us = promise.in_force_at(cut_us).cut_us
    elif due is not None:
        announced_us = due.cut_us
    else:
        announced_us = promise.in_force_at(campaign.end_us).cut_us
    if verdict is None:
        cut_us, verdict = (None, Verdict.KEPT) if due is None else _programmed(due, events)
    return Outcome(
        id=household.id,
        kind=household.kind,
        energy=household.model.energy,
        model=household.model_name,
        build=household.build,
        announced_us=announced_us,
        cut_us=cut_us,
        verdict=verdict,
        wrong_display=_wrong_display(promise, campaign, events),
    )


def expected(outcome: Outcome, household: Household) -> bool:
    """Whether verdict and cut are what the campaign's author expects: good if he says nothing."""
    if household.expect_cut_us is not None:
        from_us, to_us = household.expect_cut_us
        if outcome.cut_us is None or not from_us <= outcome.cut_us <= to_us:
            return False
    if household.expect is None:
        return outcome.verdict in GOOD
    return outcome.verdict.value in household.expect


def cut_before_announced(outcome: Outcome, household: Household) -> bool:
    """Whether the home's own order has it cut before the moment it was announced.

    It is judged by its own: an announcement reaches a meter only by its card.
    """
    told_us = None if household.announced is None else household.announced.cut_us
    if told_us is None or outcome.announced_us is None:
        return False
    return outcome.announced_us < told_us


def clock_within_bound(household: Household, campaign: Campaign) -> bool:
    """Whether the true error of the RTC, left alone, is all along what the model promises.

    A clock beyond its bound is a fault and outside the promise. Error and bound grow evenly, so the
    two ends of the rehearsal speak for all between.
    """
    return all(_within_bound(household, us) for us in (campaign.start_us, campaign.end_us))


def _within_bound(household: Household, at_us: int) -> bool:
    drifted_us = household.drift_ppb * (at_us - household.clock_set_us) // 1_000_000_000
    error_us = household.clock_error_s * SECOND_US + drifted_us
    return abs(error_us) <= known_within_us(household, (), at_us)


def _forbidden(
    promise: Promise, household: Household, events: Sequence[Event]
) -> tuple[int | None, Verdict | None]:
    """Return the first disconnection that no promise allows, and the worst that such ones were."""
    poll_us = household.model.poll_s * SECOND_US + WORK_US
    found: list[tuple[int, Verdict]] = []
    for event in _disconnections(events, household.model.rearm.tightness_s * SECOND_US):
        told = promise.in_force_at(event.at_us)
        limited_instead = told.limiter and event.what is What.OPENED
        programmed = told.cut_us is not None and event.at_us >= told.cut_us
        if not limited_instead and (programmed or promise.credit_cut_lawful(event.at_us, poll_us)):
            continue
        before_its_time = told.cut_us is not None and not programmed
        found.append((event.at_us, Verdict.EARLY if before_its_time else Verdict.WRONGLY_CUT))
    if not found:
        return None, None
    verdicts = {verdict for _, verdict in found}
    worst = Verdict.WRONGLY_CUT if Verdict.WRONGLY_CUT in verdicts else Verdict.EARLY
    return found[0][0], worst


def _disconnections(events: Sequence[Event], test_us: int) -> Iterator[Event]:
    """Yield each opening and each start of the 10 A limit; a restart that restores it is none.

    Nor is a gas valve that goes back within the tightness test, appliances open: something flowed.
    """
    limited, shut, test_until_us = False, False, 0
    for event in events:
        if event.what is What.CLOSED:
            test_until_us = event.at_us + test_us + WORK_US if test_us else 0
        if event.what in {What.SHUT, What.LIT}:
            shut = event.what is What.SHUT
        leaked = not shut and event.at_us < test_until_us
        opened = event.what is What.OPENED and not leaked
        if opened or (event.what is What.LIMITED and not limited):
            yield event
        if event.what in {What.LIMITED, What.UNLIMITED}:
            limited = event.what is What.LIMITED


def _due(
    promise: Promise, household: Household, campaign: Campaign, events: Sequence[Event]
) -> _Due | None:
    """Return the first cut that came due within the rehearsal, or `None`."""
    orders = promise.orders
    for index, told in enumerate(orders):
        if told.cut_us is None or told.limiter:
            continue
        called_off = (later.from_us for later in orders[index + 1 :] if _differs(later, told))
        over_us = next(called_off, campaign.end_us)
        from_us = max(told.cut_us, told.from_us)
        if over_us < from_us or from_us >= campaign.end_us:
            continue
        until_us = latest_us(household, events, from_us)
        for lost_us, back_us in household.outages:
            if lost_us <= until_us and back_us > from_us:
                until_us = max(until_us, back_us + household.model.boot_ms * 1000 + WORK_US)
        return _Due(told.cut_us, from_us, until_us, over_us)
    return None


def _differs(later: Told, told: Told) -> bool:
    return later.cut_us != told.cut_us or later.limiter


def _programmed(due: _Due, events: Sequence[Event]) -> tuple[int | None, Verdict]:
    """Return when the promised cut came, if it came, and what to say of it."""
    closed = True
    for event in events:
        if event.at_us >= due.over_us:
            break
        if event.what is What.CLOSED:
            closed = True
        elif event.what is What.OPENED:
            closed = False
            if event.at_us >= due.from_us:
                return event.at_us, Verdict.LATE if event.at_us > due.until_us else Verdict.ON_TIME
    if not closed:
        return None, Verdict.ON_TIME  # dark already, lawfully, and it stayed so
    if _could_not_know(due, events):
        return None, Verdict.HELD
    # Over while the meter could not yet be sure that T2 had come: both answers keep the promise.
    return None, Verdict.KEPT if due.over_us <= due.until_us else Verdict.NEVER


def _could_not_know(due: _Due, events: Sequence[Event]) -> bool:
    """Whether the meter had no power at the end, or did not trust its clock when last heard of."""
    powered, trusted = True, True
    for event in events:
        if event.at_us >= due.over_us:
            break
        if event.what in {What.POWER_LOST, What.POWER_BACK}:
            powered = event.what is What.POWER_BACK
        trusted = event.clock_trusted
    return not powered or not trusted


def _wrong_display(
    promise: Promise, campaign: Campaign, events: Sequence[Event]
) -> tuple[int, Civil | None] | None:
    """Return since when, and what, the meter stated as T2 where the household was told another."""
    for event in events:
        told = promise.in_force_at(event.at_us)
        past = (
            told.kind is ToldKind.ARMED and told.cut_us is not None and told.cut_us <= event.at_us
        )
        if event.understood is None or past:
            continue
        want = None if told.cut_us is None else us_to_civil(told.cut_us, campaign.zone)
        if event.understood[1] != want:
            return event.at_us, event.understood[1]
    return None

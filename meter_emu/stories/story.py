"""A story: one household, from before it is armed until after T, as a campaign.

`story(chooser)` draws one, valid and runnable; the same choices give the same story. Any source of
choices works:

story(seeded(7))                       # a plain seed
story(Replayed(chooser.tape))          # what another chooser chose, or part of it
story(Drawn(randoms))                  # Hypothesis' st.randoms(use_true_random=False)
story(FromBytes(data))                 # a fuzzer's bytes

`lived(campaign)` runs and judges one. The program is `reference` unless `on_build` changes it.
Clocks stay within their models' bounds; beyond them it is a hazard, not a story.
"""

from collections.abc import Container, Sequence
from dataclasses import replace
from functools import cache
from typing import Final, NamedTuple, TypeAlias, get_args, get_type_hints

import msgspec

from card_protocol.card.image import CardKind
from meter_emu.domain import BUDGET, DeviceName
from meter_emu.resources import built_in
from meter_emu.stories import people
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.crossed import CROSSED_ROWS, cross, takes, themes_of
from meter_emu.stories.draft import Draft
from meter_emu.stories.themes import TAKES_CLOCK_CARDS, TAKES_LIMITER
from meter_emu.stories.times import Timing, timing
from meter_emu.units import DAY_S, HOUR_S, HOURS_A_DAY, MINUTE_S, SECOND_US
from meter_emu.world.households.campaign import METER_ID_FIRST, Campaign
from meter_emu.world.households.household import Entry, Household, Households
from meter_emu.world.judge.verdict import judge
from meter_emu.world.meter.build import REFERENCE
from meter_emu.world.meter.devices import DEVICES
from meter_emu.world.meter.model import MeterModel, load_model, uncertainty_s
from meter_emu.world.rehearsal.engine import run_meter
from meter_emu.world.rehearsal.fleet import Run

_ANY: Final = ((1, CardKind.SECURE), (2, CardKind.SECURE), (1, CardKind.PLAIN),
               (2, CardKind.PLAIN), (1, CardKind.MEMORY))  # fmt: skip
_NONE: Final = (
    (1, CardKind.SECURE),
)  # what a household of a device without a slot is said to have
_AGES_D: Final = (0, 0, 1, 30, 170, 365, 899)
_OUTAGES: Final = (*("none",) * 19, *("short", "at T") * 4, *("at arming", "several") * 2, "dark")
_TECHNICIANS: Final = ("none",) * 6 + ("before T", "after T")
_JUST_BEFORE_MIN: Final = (0, 0, 10)  # T comes so soon after a technician, or any time after him
_TAILS_S: Final = (
    3 * HOUR_S,
    3 * HOUR_S,
    DAY_S,
    2 * DAY_S,
)  # how long the meter is watched after T
_CROSSED: Final = 3  # ours: every third story: the 114 rows within 342, for a tenth of the time
_ID: Final = "home"
_AMPLE_CENTS: Final = 1_000_000
FAST_D: Final = 899  # ours: since when a clock at its fastest was set
_PROFILES: Final = (0, 0, 0, 1, 2)


class ModelAndCards(NamedTuple):
    """A meter model by its file's name, and the cards it may meet: generation and carrier.

    `clock_cards` is whether a technician may bring one.
    """

    model_name: str
    model: MeterModel
    cards: Sequence[tuple[int, CardKind]] = _ANY
    clock_cards: bool = True


Among: TypeAlias = Sequence[ModelAndCards]


@cache
def models(device: DeviceName = BUDGET) -> tuple[ModelAndCards, ...]:
    """Return every built-in model in each time base, by its file's name; its own base first.

    A clock that only durations are read from has one base.
    """
    bases: tuple[str, ...] = get_args(get_type_hints(MeterModel)["rtc_base"])
    others = [
        ModelAndCards(name, msgspec.structs.replace(model, rtc_base=base))
        for name, model, _, _ in own_models(device)
        for base in (bases if device == BUDGET else ())
        if base != model.rtc_base
    ]
    return (*own_models(device), *others)


@cache
def own_models(device: DeviceName = BUDGET) -> tuple[ModelAndCards, ...]:
    """Return every built-in model of a device as in its file, by the file's name."""
    files = [*built_in("meters").items(), *sorted(built_in("devices").items())]
    found = ((name, load_model(path)) for name, path in files)
    cards = _ANY if DEVICES[device].slot else _NONE
    return tuple(
        ModelAndCards(name, model, cards, DEVICES[device].slot)
        for name, model in found
        if model.device == device
    )


@cache
def _own(device: DeviceName) -> tuple[tuple[str, MeterModel], ...]:
    return tuple((kit.model_name, kit.model) for kit in own_models(device))


def story(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a story on one of these kits, or on any built-in model in any base.

    Every third is a crossing: the row of themes is dealt, on a kit that can have them.
    """
    row, nth = divmod(chooser.dealt(_CROSSED * CROSSED_ROWS), _CROSSED)
    if nth != 1:
        seed, draft = begin(chooser, among)
        return inhabited(draft, seed)
    kept = [chooser.kept() for _ in themes_of(row)]
    seed, draft = begin(chooser, _able(among or models(), takes(row)))
    cross(draft, row, kept)
    return finish(draft, seed)


def _able(among: Among, takes: Container[str]) -> Among:
    """Return the kits that have what a row takes, or all of them if there is none."""
    return [
        kit
        for kit in among
        if (TAKES_LIMITER not in takes or kit.model.limiter_a)
        and (TAKES_CLOCK_CARDS not in takes or kit.clock_cards)
    ] or among


def inhabited(draft: Draft, seed: int) -> Campaign:
    """Draw the rest of a story whose meter and T are drawn."""
    people.live(draft)
    lose_power(draft)
    _technician(draft)
    return finish(draft, seed)


def armed_household(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a household with ample credit that is armed and cut at T, and nothing else.

    Laws compare when two of these are cut.
    """
    seed, draft = begin(chooser, among)
    people.live(draft, people.ARMED)
    return finish(draft, seed, ample_credit=True)


def armed_at(draft: Draft, timing: Timing) -> None:
    """Let a household with ample credit be armed and cut at these times, no more."""
    draft.timing, draft.first_s = timing, timing.armed_s - DAY_S
    draft.ample_credit = True
    people.live(draft, people.NEVER)


def begin(chooser: Chooser, among: Among, kind: str = "") -> tuple[int, Draft]:
    """Draw seed, meter, cards and T: every story begins with these. `kind` is its subject."""
    seed = chooser.below(1 << 16)
    model_name, model, cards, clock_cards = chooser.of(among or models())
    generation, carrier = chooser.of(cards)
    when = timing(chooser, model.zone)
    return seed, Draft(
        kind=kind,
        chooser=chooser,
        model=model,
        model_name=model_name,
        rtc_base=None if (model_name, model) in _own(model.device) else model.rtc_base,
        generation=generation,
        carrier=carrier,
        clock_cards=clock_cards,
        timing=when,
        first_s=when.armed_s - 3 * DAY_S,  # nothing is drawn before this
    )


def with_clock_cards(among: Among) -> Among:
    """Return the kits whose meters obey a technician's card, or all of them if there is none."""
    return [kit for kit in among or models() if kit.clock_cards] or among


def on_build(campaign: Campaign, build: str) -> Campaign:
    """Return the same story with meters that run another program."""
    if all(entry.first.build == build for entry in campaign.households.entries):
        return campaign
    entries = (
        replace(entry, first=replace(entry.first, build=build))
        for entry in campaign.households.entries
    )
    return replace(campaign, households=Households(tuple(entries), campaign.seed))


def lived(campaign: Campaign) -> list[Run]:
    """Run every household of a story and judge it, in this process; keep all events."""
    return [lived_by(household, campaign) for household in campaign.households]


def lived_by(household: Household, campaign: Campaign) -> Run:
    """Run one household of a story and judge it."""
    events = run_meter(household, campaign)
    return Run(household, judge(household, campaign, events), events)


def lose_power(draft: Draft) -> None:
    """Draw the power failures of a story, most have none."""
    chooser, (armed_s, end_s) = draft.chooser, draft.timing
    name = chooser.of(_OUTAGES)
    if name == "none":
        return
    long_s = (1 + chooser.below(300)) * MINUTE_S
    if name == "short":
        lost_s = [armed_s + chooser.below(max(1, end_s - armed_s))]
    elif name == "at T":
        lost_s = [end_s - chooser.below(long_s)]
    elif name == "at arming":
        lost_s = [armed_s - chooser.below(long_s)]
    elif name == "several":
        lost_s = sorted(end_s + chooser.around(600) * MINUTE_S for _ in range(3))
    else:  # longer than any reserve of a clock
        lost_s, long_s = [end_s - chooser.below(5 * DAY_S)], (41 + chooser.below(15)) * DAY_S
    draft.lose_power(lost_s, long_s)


def _technician(draft: Draft) -> None:
    chooser, (armed_s, end_s) = draft.chooser, draft.timing
    name = chooser.of(_TECHNICIANS)
    if name == "none":
        return
    error_s = draft.tool_error_s()
    if name == "before T":
        at_s = armed_s + chooser.below(max(1, end_s - armed_s))
        within_min = chooser.of(_JUST_BEFORE_MIN)
        if within_min:
            at_s = max(armed_s, end_s - 1 - chooser.below(within_min * MINUTE_S))
        draft.technician(at_s, error_s)
    else:
        after_s = max([end_s, *(back_s for _, back_s in draft.outages)])
        draft.technician(after_s + chooser.below(200) * MINUTE_S, error_s)


def finish(draft: Draft, seed: int, *, ample_credit: bool = False) -> Campaign:
    """Complete a draft: draw clock, load and credit, and set start and end."""
    chooser, clock = draft.chooser, draft.model.clock
    draft.ample_credit |= ample_credit
    ledger = draft.ledger(_ID)
    visits = draft.visited(ledger)
    moments_s = [*draft.timing, *(visit.at_us // SECOND_US for visit in visits)]
    moments_s += (token.sold_us // SECOND_US for token in ledger)
    moments_s += (at_s for outage in draft.outages for at_s in outage)
    start_s = min(moments_s) // HOUR_S * HOUR_S - HOUR_S
    age_d = chooser.of(_AGES_D[:4] if draft.short else _AGES_D)
    if draft.fast:
        age_d = FAST_D
    set_s = max(start_s - age_d * DAY_S, 946_684_800 + 2 * DAY_S)
    ends_us = [visit.desk.cut_us for visit in visits if visit.desk and visit.desk.cut_us]
    last_s = max([*moments_s, *(us // SECOND_US for us in ends_us[-1:])])
    u_s = uncertainty_s(draft.model, set_s * SECOND_US, last_s * SECOND_US)
    tail_s = HOUR_S if draft.short else chooser.of(_TAILS_S)
    if any(back_s - lost_s > clock.backup_days * DAY_S for lost_s, back_s in draft.outages):
        tail_s = HOUR_S  # a meter without the time gives no hint, and each poll is run
    end_s = last_s + 2 * u_s + draft.model.poll_s + tail_s
    load = _load(draft)
    household = Household(
        id=_ID,
        kind=draft.kind,
        model=draft.model,
        model_name=draft.model_name,
        rtc_base=draft.rtc_base,
        build=REFERENCE,
        balance_cents=_balance_cents(draft, load, start_s),
        load=load,
        clock_error_s=(4 if draft.fast else chooser.around(4)) * (clock.set_error_s - 1) // 4,
        drift_ppb=(4 if draft.fast else chooser.around(4)) * clock.drift_bound_ppb // 4,
        clock_set_us=set_s * SECOND_US,
        limiter=draft.limiter,
        prepayment=draft.prepayment,
        careless=draft.model.measures.countdown and chooser.below(4) == 3,
        card_generation=draft.generation,
        first_card=draft.first_card,
        outages=tuple((lost * SECOND_US, back * SECOND_US) for lost, back in draft.outages),
        visits=visits,
        meter_id=METER_ID_FIRST,
        carrier=draft.carrier,
        rtc_found=tuple((back * SECOND_US, found) for back, found in draft.rtc_found.items()),
        age=draft.grown_old(),
        tokens=ledger,
    )
    return Campaign(
        name="a story",
        zone=draft.model.zone,
        start_us=start_s * SECOND_US,
        end_us=end_s // MINUTE_S * MINUTE_S * SECOND_US,
        seed=seed,
        announced=(),
        households=Households((Entry(first=household, count=1),), seed),
    )


def _load(draft: Draft) -> tuple[int, ...]:
    """Draw the load by hour of the day."""
    rate = draft.chooser.of(draft.rates) // draft.model.measures.drawn_one_in
    profile = draft.chooser.of(_PROFILES)
    if profile == 0 or draft.flat:
        return (rate,) * HOURS_A_DAY
    if profile == 1:  # nothing at night
        return tuple(rate * (6 <= hour < 22) for hour in range(HOURS_A_DAY))
    return tuple(rate * (1 + hour * 7 % 5) // 3 for hour in range(HOURS_A_DAY))


def _balance_cents(draft: Draft, load: tuple[int, ...], start_s: int) -> int:
    """Draw the credit: enough to last to its chosen end, or any; none where no money is taken."""
    if DEVICES[draft.model.device].sells != "money":
        return 0
    if draft.ample_credit:
        return _AMPLE_CENTS
    ends_s = draft.credit_ends_s
    if ends_s is None:
        return (2_000, 2_000, 10_000, 100, 0, -300)[draft.chooser.below(6)]
    price, mwh = draft.model.credit.price_ueur_per_wh, draft.model.credit.mwh_per_unit
    hours, rest_s = divmod(max(0, ends_s - start_s), HOUR_S)
    first = start_s // HOUR_S % HOURS_A_DAY
    units = sum(load) * (hours // HOURS_A_DAY)
    units += sum(load[(first + hour) % HOURS_A_DAY] for hour in range(hours % HOURS_A_DAY))
    units += load[(first + hours) % HOURS_A_DAY] * rest_s // HOUR_S
    return max(0, units * mwh * price // 10_000_000 - draft.ends_after_cents)

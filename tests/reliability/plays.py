"""What a household can play against its meter: supply, clock, cards, offices and buttons."""

from datetime import datetime, timedelta
from functools import cache
from typing import Final, NamedTuple

from card_protocol.card.image import CardKind
from meter_emu.ports import Button
from meter_emu.resources import find
from meter_emu.units import DAY_US, MINUTE_US
from meter_emu.world.households.campaign import METER_ID_FIRST, Campaign
from meter_emu.world.households.household import (
    DeskOrder,
    Entry,
    Household,
    Households,
    NewCard,
    Visit,
    VisitKind,
)
from meter_emu.world.meter.acts import Press
from meter_emu.world.meter.age import Age
from meter_emu.world.meter.model import MeterModel, load_model
from meter_emu.world.meter.times import to_us, us_to_civil
from meter_emu.world.rehearsal.engine import POLLS_MAX
from meter_emu.zones import BELGIAN

# On what: one meter for each base of its clock, and one with two prices.
MODELS: Final = ("electricity-pcf8563-utc", "electricity-legal-time", "electricity-bi-hourly")
BEGINS: Final = (  # at midnight; three of them two days before a change of clocks
    datetime(2020, 1, 6),  # noqa: DTZ001  a Monday, made legal time below
    datetime(2020, 3, 27),  # noqa: DTZ001
    datetime(2020, 10, 23),  # noqa: DTZ001
    datetime(2021, 3, 26),  # noqa: DTZ001
)
EUR: Final = 1_000_000  # micro-euro

HOUR_MIN: Final = 60
DAY_MIN: Final = 1_440


class Failing(NamedTuple):
    """The supply fails so often: first at `at_min`, then after `on_ms`, for `off_ms` each time."""

    at_min: int
    off_ms: int
    times: int = 1
    on_ms: int = 0


class Deed(NamedTuple):
    """What somebody does, minutes after the beginning; `times` in all, `every_min`.

    `what` is a key of `DEEDS`. What the office writes is put in `then_min` later, 0 for never.
    """

    at_min: int
    what: str
    value: int = 0
    then_min: int = 0
    every_min: int = 0
    times: int = 1


class Play(NamedTuple):
    """One household's play; a clock that was set `set_days` ago, `ppb` fast since then."""

    model: str = MODELS[0]
    begins: int = 0
    days: int = 366
    load_w: int = 500
    balance_cents: int = 1_500
    limiter: bool = False
    set_days: int = 0
    ppb: int = 0
    sessions: int = 0
    carrier: CardKind = CardKind.SECURE
    without_power: tuple[int, int] = (0, 0)  # minutes of each weekday
    supply: tuple[Failing, ...] = ()
    deeds: tuple[Deed, ...] = ()


class Harm(NamedTuple):
    """How much of a kind a play had, and the most that is promised of it."""

    found: float
    bound: float


@cache
def model_of(name: str) -> MeterModel:
    return load_model(find("meters", name))


def begins_us(play: Play) -> int:
    return to_us(BEGINS[play.begins].replace(tzinfo=BELGIAN.info))


def ends_us(play: Play) -> int:
    """Return the midnight of legal time at which it ends."""
    last = BEGINS[play.begins] + timedelta(days=play.days)
    return to_us(last.replace(tzinfo=BELGIAN.info))


# What it is made of -------------------------------------------------------------------------------


def outages(play: Play) -> tuple[tuple[int, int], ...]:
    """Return when there is no power, apart and in order, within the life."""
    start_us = begins_us(play)
    end_us = ends_us(play)
    spans = []
    for one in play.supply:
        at_us = start_us + one.at_min * MINUTE_US
        for _ in range(one.times):
            spans.append((at_us, at_us + one.off_ms * 1_000))
            at_us += (one.on_ms + one.off_ms) * 1_000
    first, last = play.without_power
    if first < last:
        for number in range(play.days):
            day = BEGINS[play.begins] + timedelta(days=number)
            if day.weekday() < 5:
                at = [
                    to_us((day + timedelta(minutes=m)).replace(tzinfo=BELGIAN.info))
                    for m in play.without_power
                ]
                spans.append((at[0], at[1]))
    apart: list[tuple[int, int]] = []
    for lost_us, back_us in sorted(spans):
        if apart and lost_us <= apart[-1][1] + 1_000:
            apart[-1] = apart[-1][0], max(back_us, apart[-1][1])
        elif lost_us < end_us:
            apart.append((lost_us, back_us))
    return tuple(apart)


def _written(deed: Deed, at_us: int) -> DeskOrder:
    """Return what the office writes."""
    end_us = (at_us // MINUTE_US + deed.value) * MINUTE_US
    civil = us_to_civil(end_us, BELGIAN)
    what = deed.what
    if what == "load":
        return DeskOrder(load_cents=deed.value)
    if what == "load, the office ahead":
        return DeskOrder(load_cents=500, office_error_s=deed.value)
    if what == "defer":
        return DeskOrder(defer_until=civil, defer_us=end_us)
    if what == "cut":
        return DeskOrder(cut_at=civil, cut_us=end_us)
    if what == "defer and cut":
        return DeskOrder(defer_until=civil, defer_us=end_us, cut_at=civil, cut_us=end_us)
    if what == "new card":
        return DeskOrder(new_card=NewCard())
    assert what in {"limiter", "no limiter", "reactivate"}
    return DeskOrder(
        reactivate=what == "reactivate", limiter=None if what[0] == "r" else what == "limiter"
    )


AT_THE_OFFICE: Final = (
    "load", "load, the office ahead", "defer", "cut", "defer and cut", "new card", "limiter",
    "no limiter", "reactivate",
)  # fmt: skip
AT_THE_METER: Final = ("insert", "old card", "copy", "another's", "press", "clock card")
DEEDS: Final = (*AT_THE_OFFICE, *AT_THE_METER)


def visits(play: Play, others: Household) -> list[Visit]:
    """Return what is done, in order; of a card that does not exist yet nothing."""
    start_us = begins_us(play)
    found = []
    for deed in play.deeds:
        for number in range(deed.times):
            at_us = start_us + (deed.at_min + number * deed.every_min) * MINUTE_US
            if deed.what in AT_THE_OFFICE:
                kind = VisitKind.DESK
                found.append(Visit(at_us=at_us, kind=kind, desk=_written(deed, at_us)))
                if deed.then_min:
                    then_us = at_us + deed.then_min * MINUTE_US
                    found.append(Visit(at_us=then_us, kind=VisitKind.INSERT))
            else:
                found.append(_done(deed, at_us, others))
    last_us = ends_us(play)
    found.sort(key=lambda visit: visit.at_us)
    writings = cards = 0
    kept = []
    for visit in found:
        if visit.at_us >= last_us:
            break
        if (visit.copy_number or 0) > writings or (visit.card_number or 0) > cards:
            continue
        if visit.desk is not None:
            writings += 1
            cards += visit.desk.new_card is not None
        kept.append(visit)
    return kept


def _done(deed: Deed, at_us: int, others: Household) -> Visit:
    if deed.what == "press":
        return Visit(at_us=at_us, kind=VisitKind.ACT, act=Press(Button.RED))
    if deed.what == "clock card":
        return Visit(at_us=at_us, kind=VisitKind.CLOCK_CARD, clock_error_s=deed.value % 121 - 60)
    nth = 1 + deed.value % 4
    if deed.what == "old card":
        return Visit(at_us=at_us, kind=VisitKind.OLD_CARD, card_number=nth)
    if deed.what == "copy":
        return Visit(at_us=at_us, kind=VisitKind.COPY, copy_number=nth)
    if deed.what == "another's":
        return Visit(at_us=at_us, kind=VisitKind.OTHERS_CARD, other=others)
    assert deed.what == "insert"
    return Visit(at_us=at_us, kind=VisitKind.INSERT)


def home_of(play: Play, build: str) -> tuple[Household, Campaign]:
    """Return the household and its campaign."""
    start_us = begins_us(play)
    model = model_of(play.model)
    others = Household(
        id="others", kind="another", model=model, model_name=play.model, build=build,
        load=(0,) * 24, balance_cents=1_500, clock_set_us=start_us, meter_id=METER_ID_FIRST + 1,
    )  # fmt: skip
    household = Household(
        id="home",
        kind="plays",
        model=model,
        model_name=play.model,
        build=build,
        load=(play.load_w,) * 24,
        balance_cents=play.balance_cents,
        clock_set_us=start_us - play.set_days * DAY_US,
        meter_id=METER_ID_FIRST,
        drift_ppb=play.ppb,
        limiter=play.limiter,
        age=Age(session_count=play.sessions),
        carrier=play.carrier,
        outages=outages(play),
        visits=tuple(visits(play, others)),
    )
    campaign = Campaign(
        name="adversary",
        zone=BELGIAN,
        start_us=start_us,
        end_us=ends_us(play),
        seed=1,
        announced=(),
        households=Households((Entry(first=household, count=1),), 1),
        polls_max=POLLS_MAX,
    )
    return household, campaign

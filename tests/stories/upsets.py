"""What is in the stories of hazards in which a clock chip is found upset, or in 12-hour mode."""

from datetime import timedelta, timezone
from typing import Protocol

from meter_emu.laws.hazards.twelve_hours import in_either_mode
from meter_emu.laws.law import Trial
from meter_emu.stories.story import models
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household, VisitKind
from meter_emu.world.meter.clock_chips import clock_chip
from tests.stories.rates import at, credit_end


def credit_without_time(campaign: Campaign, household: Household) -> set[str]:
    """What the clock will say when the credit ends, and what time it is by then."""
    ((back_us, found),) = household.rtc_found
    end = credit_end(household, campaign.start_us)
    assert end is not None, "something is used"
    protected = end.weekday() >= 5 or not 8 <= end.hour < 16
    if not protected or end <= at(back_us):
        return set()
    written = [at(visit.at_us) for visit in household.visits if visit.desk is not None]
    if written:
        return {"by a card of the morning"} if 8 <= written[0].hour < 14 else set()
    hours = dict(found)[clock_chip(household.model).chip.HOURS]
    return {"by a wrong clock"} if 0x08 <= hours <= 0x14 else set()


def no_such_time(campaign: Campaign, household: Household) -> set[str]:
    chip = clock_chip(household.model).chip
    facts = {household.model.rtc}
    fields = {chip.MINUTES: (0x7F, 0, 59), chip.HOURS: (0x3F, 0, 23), chip.DAY: (0x3F, 1, 31),
              chip.MONTH: (0x1F, 1, 12), chip.YEAR: (0xFF, 0, 99)}  # fmt: skip
    names = dict(zip(fields, ("minute", "hour", "day", "month", "year"), strict=True))
    for at_us, found in household.rtc_found:
        held = dict(found)
        if chip.DOUBT.register in held and chip.DOUBT.given(held[chip.DOUBT.register]):
            facts.add("the chip's own doubt")
        if held.get(chip.MONTH, 0) & chip.CENTURY:
            facts.add("the next century")
        for register, (mask, low, high) in fields.items():
            text = f"{held.get(register, low) & mask:x}"
            if not text.isdecimal() or not low <= int(text) <= high:
                facts.add(names[register])
        if {chip.DAY, chip.MONTH} <= held.keys() and int(f"{held[chip.DAY]:x}") > 28:
            facts.add("a late day")
        after = (visit for visit in household.visits if visit.at_us > at_us)
        kinds = [visit.kind for visit in after if visit.kind is not VisitKind.DESK]
        facts |= {kind.value for kind in kinds[:2]} if kinds[-1:] else set()
        facts |= {"nobody mends it"} if kinds == [VisitKind.ACT] else set()
    return facts


def off_over_step(campaign: Campaign, household: Household) -> set[str]:
    """What a clock that was not stepped shows when power is back."""
    if household.model.rtc_base != "legal":
        return set()
    ((lost_us, back_us),) = household.outages
    lost, back = at(lost_us), at(back_us)
    if lost.utcoffset() == back.utcoffset():
        return set()
    shown = back.astimezone(timezone(lost.utcoffset() or timedelta()))
    late = {"at an hour's end"} if shown.minute == 59 and shown.second >= 48 else set()
    season = "in spring" if back.month < 7 else "in autumn"
    return late | ({f"about midnight {season}"} if shown.hour in {23, 0} else set())


class Seen(Protocol):
    """Accesses to a clock chip: which, when, and the second of its day before and after."""

    seen: list[tuple[str, int, int | None, int | None]]


def in_twelve_hours(trial: Trial) -> Household | None:
    households = in_either_mode(trial)
    return households and households[1]


def twelve(household: Household, seen: Seen) -> set[str]:
    """In which hours the clock is read, in 12-hour mode."""
    ((back_us, ((_, code),)),) = household.rtc_found
    shown = {s // 3_600 for _, us, s, _ in seen.seen if s is not None and us > back_us}
    hours = {f"read at {hour}" for hour in (0, 1, 12, 13) if hour in shown}
    return hours if code & 0x40 else set()


UPSETS = {
    "credit-without-time": (
        credit_without_time,
        {"by a card of the morning", "by a wrong clock"},
    ),
    "off-over-step": (
        off_over_step,
        {"about midnight in spring", "about midnight in autumn", "at an hour's end"},
    ),
    "no-such-time": (
        no_such_time,
        {
            *(kit.model.rtc for kit in models()),
            *("minute", "hour", "day", "month", "year"),
            *("the chip's own doubt", "the next century", "a late day"),
            *("card put in", "clock card", "act", "nobody mends it"),
        },
    ),
}
TWELVE = (in_twelve_hours, twelve, {"read at 0", "read at 1", "read at 12", "read at 13"})

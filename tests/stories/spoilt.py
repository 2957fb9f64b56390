"""What is in the hazards of a spoilt clock, and of cards that the office did not write last."""

from collections.abc import Callable

from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household, Visit, VisitKind

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
Facts = Callable[[Campaign, Household], set[str]]


def t_of(household: Household) -> int:
    return max(visit.desk.cut_us or 0 for visit in household.visits if visit.desk)


def only(household: Household, kind: VisitKind) -> Visit:
    found = [visit for visit in household.visits if visit.kind is kind]
    return found[0]


def clock_upset(_: Campaign, household: Household) -> set[str]:
    upset = only(household, VisitKind.UPSET)
    off = any(lost_us <= upset.at_us < back_us for lost_us, back_us in household.outages)
    if off or not 0 < t_of(household) - upset.at_us <= 601 * 60 * SECOND_US:
        return set()
    mended = any(visit.kind is VisitKind.CLOCK_CARD for visit in household.visits)
    one = {"one register"} if len(upset.registers) == 1 else {"several registers"}
    soon = {"within five minutes"} if t_of(household) - upset.at_us < 310 * SECOND_US else set()
    return {"while powered", "mended" if mended else "left"} | one | soon


def lost_setting(_: Campaign, household: Household) -> set[str]:
    cards = [visit for visit in household.visits if visit.kind is VisitKind.CLOCK_CARD]
    if not cards[0].lost or cards[0].at_us >= t_of(household):
        return set()
    return {"lost before T"} | ({"set again"} if len(cards) > 1 else set())


def old_clock_card(_: Campaign, household: Household) -> set[str]:
    cards = [visit for visit in household.visits if visit.kind is VisitKind.CLOCK_CARD]
    last = cards[-1]
    if last.for_meter is not None:
        low = (last.for_meter - household.meter_id) % (1 << 16) == 0
        return {"another meter's"} | ({"of the same low bits"} if low else set())
    if len(cards) == 2 and last.made_us == cards[0].at_us:
        return {"twice"}
    made_us = last.made_us or last.at_us
    return {"of a day before"} if last.at_us - made_us >= DAY_US else set()


def record_put_back(_: Campaign, household: Household) -> set[str]:
    last = household.visits[-1]
    if last.kind is not VisitKind.COPY or len(last.records) != 1:
        return set()
    newest = sum(visit.kind is VisitKind.DESK for visit in household.visits)
    if last.flipped is not None:
        return {"a changed bit"} if last.copy_number == newest else set()
    return {f"the {last.records[0]}"} | (
        {"before T"} if last.at_us < t_of(household) else {"after T"}
    )


def replaced_card(_: Campaign, household: Household) -> set[str]:
    olds = [visit.at_us for visit in household.visits if visit.kind is VisitKind.OLD_CARD]
    new = next(v.at_us for v in household.visits if v.desk and v.desk.new_card)
    heard = [v.at_us for v in household.visits if v.kind is VisitKind.INSERT and v.at_us > new]
    written = sum(visit.kind is VisitKind.DESK for visit in household.visits)
    found = {"after its successor"} if olds and heard and min(olds) > heard[0] else set()
    return found | ({"with an order nobody heard"} if written > 2 else set())


def torn_visit(_: Campaign, household: Household) -> set[str]:
    desks = [v.desk for v in household.visits if v.desk]
    torn = [order for order in desks if order.torn]
    if len(torn) != 1 or desks[-1].torn:
        return set()
    between = sum(visit.kind is VisitKind.INSERT for visit in household.visits) == 3
    return {"torn"} | ({"put in between"} if between else set())


def two_offices(_: Campaign, household: Household) -> set[str]:
    off_s = {visit.desk.office_error_s for visit in household.visits if visit.desk}
    found = {"two of them"} if len(off_s) == 2 else set()
    found |= {"one ahead"} if max(off_s) > 0 else set()
    return found | ({"one days behind"} if min(off_s) <= -86_400 else set())


def shelter(_: Campaign, household: Household) -> set[str]:
    offs = household.outages
    reserve_us = household.model.clock.backup_days * DAY_US
    found = {"the backup capacitor lost"} if any(b - a > reserve_us for a, b in offs) else set()
    days = {lost_us // DAY_US for lost_us, _ in offs}
    found |= {"off in office hours for days"} if len(days) > 4 else set()
    found |= {"flicker"} if len(offs) > 40 else set()
    ahead = any(v.desk.office_error_s >= 1_200 for v in household.visits if v.desk)
    return found | ({"an office ahead"} if ahead else set())


def doubt(_: Campaign, household: Household) -> set[str]:
    (lost_us, back_us), *others = household.outages
    order = next(v.desk for v in household.visits if v.desk)
    end_us = order.cut_us or order.defer_us or 0
    reserve_us = household.model.clock.backup_days * DAY_US
    if lost_us >= end_us or back_us - lost_us <= reserve_us:
        return set()
    found = {"a deferral alone"} if order.cut_us is None else {"a cut"}
    return found | ({"lost once more"} if others else set())


SPOILT: dict[str, tuple[Facts, set[str]]] = {
    "clock-upset": (
        clock_upset,
        {
            "while powered",
            "mended",
            "left",
            "one register",
            "several registers",
            "within five minutes",
        },
    ),
    "lost-setting": (lost_setting, {"lost before T", "set again"}),
    "old-clock-card": (
        old_clock_card,
        {"another meter's", "of the same low bits", "twice", "of a day before"},
    ),
    "record-put-back": (
        record_put_back,
        {
            *("the wallet", "the order", "the tariff"),
            *("a changed bit", "before T", "after T"),
        },
    ),
    "replaced-card": (replaced_card, {"after its successor", "with an order nobody heard"}),
    "torn-visit": (torn_visit, {"torn", "put in between"}),
    "shelter-has-an-end": (
        shelter,
        {"the backup capacitor lost", "off in office hours for days", "flicker", "an office ahead"},
    ),
    "doubt-has-an-end": (doubt, {"a cut", "a deferral alone", "lost once more"}),
    "two-offices": (two_offices, {"two of them", "one ahead", "one days behind"}),
}

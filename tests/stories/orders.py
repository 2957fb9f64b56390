"""What is in the hazards of orders: bits that nobody has defined, bytes at an edge, parts."""

from meter_emu.units import DAY_US, HOUR_US, MINUTE_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household, VisitKind
from tests.stories.spoilt import Facts


def unknown_bits(_: Campaign, household: Household) -> set[str]:
    (fields,) = (
        visit.desk.fields for visit in household.visits if visit.desk and visit.desk.fields
    )
    if fields.reserved is not None:
        return {"reserved bytes"} if set(fields.reserved) != {0xFF} else set()
    return {"a flag"} if (fields.flags or 0) & ~0x83 else set()


def edge_bytes(_: Campaign, household: Household) -> set[str]:
    return {
        "a token" if any(v.desk and v.desk.reactivate for v in household.visits) else "a record"
    }


def in_parts(_: Campaign, household: Household) -> set[str]:
    found: set[str] = set()
    ends: set[str] = set()
    orders = [visit for visit in household.visits if visit.kind is not VisitKind.INSERT]
    for visit in orders:
        assert visit.desk is not None
        armed = {"T1"} if visit.desk.defer_us else {"T2"} if visit.desk.cut_us else set()
        found |= {f"{one} alone" for one in armed}
        found |= {f"{one} upon a {other}" for one in armed for other in ends - armed}
        ends = set() if visit.desk.reactivate else ends | armed
        found |= set() if visit.desk.prepayment is None else {"a switch"}
    fetched = sum(visit.kind is VisitKind.INSERT for visit in household.visits)
    return found | ({"not fetched"} if fetched < len(orders) else set())


def later_cut(_: Campaign, household: Household) -> set[str]:
    first, then = (v.desk.cut_us for v in household.visits if v.desk and v.desk.cut_us)
    brought = [v.at_us for v in household.visits if v.kind is VisitKind.INSERT][-1]
    (set_us,) = (v.at_us for v in household.visits if v.kind is VisitKind.CLOCK_CARD)
    if not (first or 0) < brought < set_us < (then or 0):
        return set()
    within = (then or 0) - brought
    return {
        "within an hour"
        if within < 2 * HOUR_US
        else "a day on"
        if within < 2 * DAY_US
        else "a month on"
    }


def in_countdown(_: Campaign, household: Household) -> set[str]:
    brought_us = [v.at_us for v in household.visits if v.kind is VisitKind.INSERT][-1]
    ((lost_us, _back_us),) = household.outages
    return {"soon after the card" if lost_us - brought_us < 4 * MINUTE_US else "minutes after it"}


IN_ORDERS: dict[str, tuple[Facts, set[str]]] = {
    "unknown-bits": (unknown_bits, {"a flag", "reserved bytes"}),
    "edge-bytes": (edge_bytes, {"a token", "a record"}),
    "cut-in-countdown": (in_countdown, {"soon after the card", "minutes after it"}),
    "later-cut": (later_cut, {"within an hour", "a day on", "a month on"}),
    "in-parts": (in_parts, {"T1 alone", "T2 upon a T1", "T1 upon a T2", "not fetched", "a switch"}),
}

"""What the author of a campaign may not have meant: it can be rehearsed, so it is only remarked."""

from collections.abc import Iterator

from meter_emu.energies import ENERGIES
from meter_emu.world.meter.times import us_to_written
from meter_emu.world.rehearsal.campaign_file import RawHousehold
from meter_emu.world.rehearsal.household import Household, VisitKind
from meter_emu.world.rehearsal.reading import FilePlace


def remarks(raw: RawHousehold, home: Household, place: FilePlace, end_us: int) -> Iterator[str]:
    """Yield a line for each thing, with file, household and visit."""
    energy = home.model.measures
    if raw.rearm is not None and not energy.countdown:
        tested = " and ".join(one.name for one in ENERGIES.values() if one.countdown)
        why = f"is for {tested}, and has no effect on {energy.name}"
        yield f"{place.path}: {place.key('rearm')}: {why}"
    card, written, unread = home.first_card, False, ""
    writes = any(visit.kind is VisitKind.DESK for visit in home.visits)
    for visit in home.visits:
        at = f"{place.path}: {place.at(f'visit {visit.in_file}').words}"
        if visit.kind is VisitKind.INSERT:
            unread = ""
            if writes and not written:
                yield f"{at}: the card is put in before anything is written on it"
        if visit.desk is None:
            continue
        card, written = visit.desk.new_card or card, True
        unread = f"{at}: what is written here never gets into the meter"
        if card.expires_us is not None and card.expires_us <= visit.at_us:
            until = us_to_written(card.expires_us, place.zone)
            yield f"{at}: the card that is written on expired on {until}"
        if visit.desk.cut_us is not None and visit.desk.cut_us >= end_us:
            cut, end = (us_to_written(us, place.zone) for us in (visit.desk.cut_us, end_us))
            yield f"{at}: T2 {cut} is not before end {end}: no cut will be seen"
    if unread:
        yield unread

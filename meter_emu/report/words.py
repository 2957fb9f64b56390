"""The words of the report: events, dates, spans, amounts, and the advice to who must decide.

They are for people who never saw the program. Language is plain on purpose: a manager decides by
this page whether cards are handed out.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from meter_emu.languages.speech import (
    marked,
    said,
    said_of,
    written_decimal,
    written_share,
    written_short_day,
)
from meter_emu.report.facts import Collector
from meter_emu.units import DAY_US, SECOND_US, euro
from meter_emu.world.judge.phrases import duration, households
from meter_emu.world.judge.verdicts import PLAIN, PLAIN_FINDING, FindingKind, RepairName, Verdict
from meter_emu.world.meter.events import What
from meter_emu.world.meter.times import us_to_legal
from meter_emu.zones import TimeZone

_KEEP: Final = "\u00a0"  # a space at which no line breaks
_WRITTEN: Final = re.compile(r"\b(\d{4}-\d\d-\d\d) (\d\d:\d\d(?::\d\d)?)\b")


HAPPENED: Final = MappingProxyType({
    What.BEGINS: marked("The rehearsal begins"),
    What.DESK: marked("Office wrote on the card"),
    What.DESK_FAILED: marked("Office could not write the card"),
    What.CARD_SERVED: marked("Card put in, meter obeyed"),
    What.CARD_REFUSED: marked("Card put in, meter refused it"),
    What.CARD_UNSEEN: marked("Card put in, meter without power"),
    What.KEY_PRESSED: marked("Button pressed"),
    What.KEY_HELD: marked("Button held"),
    What.TYPED: marked("Token keyed in"),
    What.SHUT: marked("Household shut all gas appliances"),
    What.LIT: marked("Household can light them again"),
    What.OPENED: marked("Supply off"),
    What.CLOSED: marked("Supply on"),
    What.LIMITED: marked("Supply limited"),
    What.UNLIMITED: marked("Limit lifted"),
    What.INVITED: marked("Meter asks for the button"),
    What.UNINVITED: marked("Meter no longer asks for the button"),
    What.CLOCK_SET: marked("Clock set by a technician's card"),
    What.CLOCK_DOUBTED: marked("Meter no longer trusts its clock"),
    What.CLOCK_TRUSTED: marked("Meter trusts its clock again"),
    What.POWER_LOST: marked("Power failed in the street"),
    What.POWER_BACK: marked("Power back in the street"),
    What.CRASHED: marked("The meter's program failed"),
    What.HUNG: marked("The meter's program did not come back"),
    What.UNSEEN: marked("Not seen from here on"),
    What.UNSTEADY: marked("The meter's program did otherwise when run again"),
    What.OUTSIDE: marked("Not covered by the meter's program"),
    What.ENDED: marked("End of the rehearsal"),
})  # fmt: skip


def shares(counts: Sequence[int]) -> list[str]:
    """Return each part of the whole in percent: they add up to 100, by largest remainders.

    None is 0 % of some nor 100 % of not all.
    """
    total = sum(counts)
    assert total > 0, "there is a whole"
    whole = [count * 100 // total for count in counts]
    by_rest = sorted(range(len(counts)), key=lambda place: -(counts[place] * 100 % total))
    for place in by_rest[: 100 - sum(whole)]:
        whole[place] += 1
    return [
        said("under {percent}", percent=written_share(0.01)) if count and not percent
        else said("over {percent}", percent=written_share(0.99))
        if percent == 100 and count < total
        else written_share(percent / 100)
        for count, percent in zip(counts, whole, strict=True)
    ]  # fmt: skip


def full_moment(us: int, zone: TimeZone) -> str:
    """Return an instant with its year: `Fri 3 Jul 2020 23:01`."""
    legal = us_to_legal(us, zone)
    return f"{_unbroken_day(legal, year=True)} {legal:%H:%M}"


def short(us: int, zone: TimeZone) -> str:
    """Return an instant in short: `Fri 3 Jul 23:01`; a line breaks before the hour only."""
    legal = us_to_legal(us, zone)
    return f"{_unbroken_day(legal)} {legal:%H:%M}"


def _unbroken_day(day: date, *, year: bool = False) -> str:
    """Return a day with its weekday, in which no line breaks."""
    return written_short_day(day, weekday=True, year=year).replace(" ", _KEEP)


def plain(us: int, zone: TimeZone) -> str:
    """Return an instant in short, in which a line may break anywhere."""
    return short(us, zone).replace(_KEEP, " ")


def stamp(us: int, zone: TimeZone) -> str:
    """Return an instant for a log: `Fri 3 Jul 23:01:00`; a line may break in it."""
    return f"{plain(us, zone)}{us_to_legal(us, zone)::%S}"


def euros(ueur: int) -> str:
    """Return an amount of money: `12.50 €`."""
    return f"{written_decimal(euro(ueur))} €"


def one_style(text: str) -> str:
    """Return a text with its dates and times as they are written everywhere on the page.

    A day that no calendar has stays as it stands: that it is none is what there is to see.
    """
    return _WRITTEN.sub(_restyled, text)


def _restyled(found: re.Match[str]) -> str:
    try:
        day = datetime.strptime(found[1], "%Y-%m-%d")  # noqa: DTZ007  a day on a wall has no zone
    except ValueError:
        return found[0]
    return f"{_unbroken_day(day, year=True)} {found[2]}"


def offset(us: int) -> str:
    """Return how far an instant lies from the announced one, in words."""
    if abs(us) < SECOND_US:
        return said("at the announced moment")
    if us > 0:
        return said("{duration} after the announced moment", duration=duration(us))
    return said("{duration} before the announced moment", duration=duration(us))


_ADVICE: Final = MappingProxyType(
    {
        RepairName.CARD: (
            marked("The card, and not the meter: {households}"),
            marked(
                "Their cards were refused or had expired, so what they had asked for never "
                "reached the meter. Hand out new cards, and have them put in before the announced "
                "moment."
            ),
        ),
        RepairName.OFFICE: (
            marked("The office, and not the meter: {households}"),
            marked(
                "What the office wrote is not what was announced: compare the dates on the cards "
                "with the announcement, and ask these households to come again."
            ),
        ),
        RepairName.PLAN: (
            marked("The plan, and not the meter: {households}"),
            marked(
                "The words changed, or promised what no visit brings: an announcement reaches a "
                "meter only by its card. Ask these households to come, or announce what their "
                "cards say."
            ),
        ),
        RepairName.HOUSEHOLD: (
            marked("The household, and not the meter: {households}"),
            marked(
                "They came later than they heard, or asked for less than was announced. Say at the "
                "counter, and in the announcement, what a visit is for and until when."
            ),
        ),
        RepairName.CLOCK: (
            marked("The meter's clock: {households}"),
            marked(
                "A meter acts by its own clock. Have a technician set these, or exchange the "
                "meters, before the announced moment."
            ),
        ),
        RepairName.SUPPLY: (
            marked("The street without power: {households}"),
            marked(
                "Power was away for longer than these meters keep the time, or while somebody was "
                "at them. Say what holds after a failure, and send a technician where one was long."
            ),
        ),
    }
)
BY_ITS_DATE_US: Final = 7 * DAY_US  # ours: a cut further from T2 has nothing to do with its date


def first_broken_cut(seen: Collector) -> str | None:
    """Return when the first household is cut against its promise; `None` when none is."""
    first = seen.first_broken
    if first is None or first.outcome.cut_us is None:
        return None
    outcome, cut_us = first.outcome, first.outcome.cut_us
    when = full_moment(cut_us, seen.campaign.zone)
    text = said("The first against its promise: {name}, on {when}", name=outcome.id, when=when)
    far = outcome.ordered_us is not None and outcome.ordered_us - cut_us > BY_ITS_DATE_US
    if far:
        (breach, *_) = (one for one in outcome.breaches if one.cut_us == cut_us)
        return said(
            "{text}: promised {promised}, for {why}.",
            text=text,
            promised=said(breach.promised),
            why=said(breach.why),
        )
    if outcome.ordered_us is not None and outcome.ordered_us > cut_us:
        early = duration(outcome.ordered_us - cut_us)
        return said("{text}, {early} before its ordered cut.", text=text, early=early)
    if outcome.ordered_us is None:
        return said("{text}; no cut was due for it at all.", text=text)
    return said("{text}.", text=text)


def to_do(seen: Collector) -> Iterator[tuple[str, str]]:
    """Yield what to do, most urgent first: a heading and a text each."""
    for verdict in Verdict:
        if seen.broken_verdicts[verdict]:
            plain = PLAIN[verdict]
            yield with_count(plain.heading, seen.broken_verdicts[verdict]), said(plain.advice)
    for kind in FindingKind:
        if seen.found[kind]:
            found = PLAIN_FINDING[kind]
            yield (
                with_count(found.heading, seen.found[kind]),
                f"{said(found.meaning)} {said(found.advice)}",
            )
    if seen.displays:
        yield said("Look at a display before anybody is cut"), _look_at_a_display(seen)
    for name, (heading, advice) in _ADVICE.items():
        count = seen.households.harmed[name]
        if not count:
            continue
        yield said(heading, households=households(count)), said(advice)
    end = seen.households.supply.at_end
    if end.disconnected:
        yield (
            said(
                "Disconnected by order at the end: {households}",
                households=households(end.disconnected),
            ),
            said(
                "Only a reactivation at an office, and the card in the meter, bring their supply "
                "back. Say where that is done, and have it open on the day after the cut."
            ),
        )
    if end.without_credit:
        yield (
            said(
                "Without credit at the end: {households}", households=households(end.without_credit)
            ),
            said(
                "No order is behind it: they need a load, or the emergency credit. Say where cards "
                "are loaded outside the hours of the offices."
            ),
        )
    held = seen.counts[Verdict.HELD] - seen.broken[Verdict.HELD]
    if held:
        yield with_count(PLAIN[Verdict.HELD].heading, held), said(PLAIN[Verdict.HELD].advice)
    if not seen.broken.total():
        yield (
            said("Keep this page with the campaign file"),
            said(
                "The same file, seed and program give the same page. Rehearse again when a date, a "
                "meter model or a program changes: a rehearsal speaks only of what it ran."
            ),
        )


def with_count(heading: str, count: int) -> str:
    """Return a heading with how many households it is about."""
    return said("{heading}: {households}", heading=said(heading), households=households(count))


def _look_at_a_display(seen: Collector) -> str:
    zone = seen.campaign.zone
    from_us = min(row.from_us for row in seen.displays)
    text = said_of(
        "The display of {count} household would have shown another moment than the ordered one, "
        "from {when}",
        "The displays of {count} households would have shown another moment than the ordered one, "
        "the first from {when}",
        sum(row.count for row in seen.displays),
        when=full_moment(from_us, zone),
    )
    first = seen.first_broken
    days = 0
    if first is not None and first.outcome.cut_us is not None:
        days = (first.outcome.cut_us - from_us) // DAY_US
    if days > 0:
        text = said_of(
            "{text}, {count} day before the first wrong cut",
            "{text}, {count} days before the first wrong cut",
            days,
            text=text,
        )
    return said(
        "{text}. After the first card sessions, press the blue button on a few meters and compare "
        "T2 with the announcement. The office can read the same from a card that the meter has "
        "written back.",
        text=text,
    )

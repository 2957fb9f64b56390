"""The words of the report: events, dates, spans, amounts, and the advice to who must decide.

They are for people who never saw the program. Language is plain on purpose: a manager decides by
this page whether cards are handed out.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

from meter_emu.report.facts import Collector
from meter_emu.units import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from meter_emu.world.judge.phrases import households
from meter_emu.world.judge.verdicts import PLAIN, PLAIN_FINDING, WHOSE, FindingKind, Verdict, Who
from meter_emu.world.meter.events import What
from meter_emu.world.meter.times import us_to_legal
from meter_emu.zones import TimeZone

_KEEP: Final = "\u00a0"  # a space at which no line breaks
_WRITTEN: Final = re.compile(r"\b(\d{4}-\d\d-\d\d) (\d\d:\d\d(?::\d\d)?)\b")


HAPPENED: Final = MappingProxyType({
    What.BEGINS: "The rehearsal begins",
    What.DESK: "Office wrote on the card",
    What.DESK_FAILED: "Office could not write the card",
    What.CARD_SERVED: "Card put in, meter obeyed",
    What.CARD_REFUSED: "Card put in, meter refused it",
    What.CARD_UNSEEN: "Card put in, meter without power",
    What.KEY_PRESSED: "Button pressed",
    What.KEY_HELD: "Button held",
    What.TYPED: "Token keyed in",
    What.SHUT: "Household shut all gas appliances",
    What.LIT: "Household can light them again",
    What.OPENED: "Supply off",
    What.CLOSED: "Supply on",
    What.LIMITED: "Supply limited",
    What.UNLIMITED: "Limit lifted",
    What.INVITED: "Meter asks for the button",
    What.UNINVITED: "Meter no longer asks for the button",
    What.CLOCK_SET: "Clock set by a technician's card",
    What.CLOCK_DOUBTED: "Meter no longer trusts its clock",
    What.CLOCK_TRUSTED: "Meter trusts its clock again",
    What.POWER_LOST: "Power failed in the street",
    What.POWER_BACK: "Power back in the street",
    What.CRASHED: "The meter's program failed",
    What.HUNG: "The meter's program did not come back",
    What.UNSEEN: "Not seen from here on",
    What.UNSTEADY: "The meter's program did otherwise when run again",
    What.OUTSIDE: "Not covered by the meter's program",
    What.ENDED: "End of the rehearsal",
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
        "under 1 %" if count and not percent
        else "over 99 %" if percent == 100 and count < total
        else f"{percent} %"
        for count, percent in zip(counts, whole, strict=True)
    ]  # fmt: skip


def full_moment(us: int, zone: TimeZone) -> str:
    """Return an instant with its year: `Fri 3 Jul 2020 23:01`."""
    legal = us_to_legal(us, zone)
    return f"{legal:%a}{_KEEP}{legal.day}{_KEEP}{legal:%b}{_KEEP}{legal:%Y %H:%M}"


def short(us: int, zone: TimeZone) -> str:
    """Return an instant in short: `Fri 3 Jul 23:01`; a line breaks before the hour only."""
    legal = us_to_legal(us, zone)
    return f"{legal:%a}{_KEEP}{legal.day}{_KEEP}{legal:%b %H:%M}"


def stamp(us: int, zone: TimeZone) -> str:
    """Return an instant for a log: `Fri 3 Jul 23:01:00`; a line may break in it."""
    return f"{short(us, zone).replace(_KEEP, ' ')}{us_to_legal(us, zone)::%S}"


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
    return f"{day:%a}{_KEEP}{day.day}{_KEEP}{day:%b}{_KEEP}{day:%Y} {found[2]}"


def duration(us: int) -> str:
    """Return a length of time in its two largest units, the rest cut off: `23 h 51 min`."""
    left = abs(us)
    parts: list[str] = []
    for unit, size_us in (("d", DAY_US), ("h", HOUR_US), ("min", MINUTE_US), ("s", SECOND_US)):
        count, left = divmod(left, size_us)
        if count or parts:
            parts.append(f"{count} {unit}")
    return " ".join(part for part in parts[:2] if not part.startswith("0 ")) or "0 s"


def offset(us: int) -> str:
    """Return how far an instant lies from the announced one, in words."""
    if abs(us) < SECOND_US:
        return "at the announced moment"
    return f"{duration(us)} {'after' if us > 0 else 'before'} the announced moment"


_WHO_ADVICE: Final = MappingProxyType({
    Who.CARD: "Their cards were refused or had expired, so what they had asked for never reached "
    "the meter. Hand out new cards, and have them put in before the announced moment.",
    Who.OFFICE: "What the office wrote is not what was announced: compare the dates on the cards "
    "with the announcement, and ask these households to come again.",
    Who.PLAN: "The words changed, or promised what no visit brings: an announcement reaches a "
    "meter only by its card. Ask these households to come, or announce what their cards say.",
    Who.HOUSEHOLD: "They asked for something else than was announced. Say at the counter what a "
    "visit is for.",
})  # fmt: skip
BY_ITS_DATE_US: Final = 7 * DAY_US  # ours: a cut further from T2 has nothing to do with its date


def first_broken_cut(seen: Collector) -> str | None:
    """Return when the first household is cut against its promise; `None` when none is."""
    first = seen.first_broken
    if first is None or first.outcome.cut_us is None:
        return None
    outcome, cut_us = first.outcome, first.outcome.cut_us
    when = full_moment(cut_us, seen.campaign.zone)
    text = f"The first against its promise: {outcome.id}, on {when}"
    far = outcome.ordered_us is not None and outcome.ordered_us - cut_us > BY_ITS_DATE_US
    if far:
        (breach, *_) = (one for one in outcome.breaches if one.cut_us == cut_us)
        return f"{text}: promised {breach.promised}, for {breach.why}."
    if outcome.ordered_us is not None and outcome.ordered_us > cut_us:
        return f"{text}, {duration(outcome.ordered_us - cut_us)} before its ordered cut."
    if outcome.ordered_us is None:
        return f"{text}; no cut was due for it at all."
    return f"{text}."


def to_do(seen: Collector) -> Iterator[tuple[str, str]]:
    """Yield what to do, most urgent first: a heading and a text each."""
    for verdict in Verdict:
        if seen.broken_verdicts[verdict]:
            plain = PLAIN[verdict]
            yield f"{plain.heading}: {households(seen.broken_verdicts[verdict])}", plain.advice
    for kind in FindingKind:
        if seen.found[kind]:
            plain = PLAIN_FINDING[kind]
            yield (
                f"{plain.heading}: {households(seen.found[kind])}",
                f"{plain.meaning} {plain.advice}",
            )
    if seen.displays:
        yield "Look at a display before anybody is cut", _look_at_a_display(seen)
    for who, count in seen.households.harmed.items():
        yield f"{WHOSE[who].capitalize()}, and not the meter: {households(count)}", _WHO_ADVICE[who]
    held = seen.counts[Verdict.HELD] - seen.broken[Verdict.HELD]
    if held:
        yield f"{PLAIN[Verdict.HELD].heading}: {households(held)}", PLAIN[Verdict.HELD].advice
    if not seen.broken.total():
        yield (
            "Keep this page with the campaign file",
            (
                "The same file, seed and program give the same page. Rehearse again when a date, a "
                "meter model or a program changes: a rehearsal speaks only of what it ran."
            ),
        )


def _look_at_a_display(seen: Collector) -> str:
    zone = seen.campaign.zone
    count = sum(row.count for row in seen.displays)
    from_us = min(row.from_us for row in seen.displays)
    text = (
        f"The displays of {households(count)} would have shown another moment than the ordered "
        f"one, the first from {full_moment(from_us, zone)}"
    )
    first = seen.first_broken
    if first is not None and first.outcome.cut_us is not None:
        days = (first.outcome.cut_us - from_us) // DAY_US
        if days > 0:
            text += f", {days} days before the first wrong cut"
    return (
        f"{text}. After the first card sessions, press the blue button on a few meters and "
        "compare T2 with the announcement. The office can read the same from a card that the "
        "meter has written back."
    )

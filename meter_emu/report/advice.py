"""What the rehearsal means for anyone who decides: the one sentence at the top, and what to do."""

from collections.abc import Iterator

from meter_emu.report.collect import Collector
from meter_emu.report.words import duration, full_moment
from meter_emu.units import DAY_US
from meter_emu.world.rehearsal.answer import homes
from meter_emu.world.rehearsal.verdicts import PLAIN, PLAIN_FINDING, FindingKind, Verdict


def headline(seen: Collector) -> str:
    """Return what to do, and the answer."""
    first = "Do not start this campaign as it is" if seen.homes.broken else "Every promise is kept"
    return f"{first}. {seen.homes.sentence}"


def first_dark(seen: Collector) -> str | None:
    """Return when the first home goes dark against its promise; `None` when none does."""
    first = seen.first_broken
    if first is None or first.outcome.cut_us is None:
        return None
    outcome, cut_us = first.outcome, first.outcome.cut_us
    when = full_moment(cut_us, seen.campaign.zone)
    text = f"The first against its promise: {outcome.id}, on {when}"
    if outcome.announced_us is not None and outcome.announced_us > cut_us:
        return f"{text}, {duration(outcome.announced_us - cut_us)} before the cut in force for it."
    if outcome.announced_us is None:
        return f"{text}; no cut was due for it at all."
    return f"{text}."


def to_do(seen: Collector) -> Iterator[tuple[str, str]]:
    """Yield what to do, most urgent first: a heading and a text each."""
    for verdict in Verdict:
        if seen.broken_verdicts[verdict]:
            plain = PLAIN[verdict]
            yield f"{plain.heading}: {homes(seen.broken_verdicts[verdict])}", plain.advice
    for kind in FindingKind:
        if seen.found[kind]:
            plain = PLAIN_FINDING[kind]
            yield f"{plain.heading}: {homes(seen.found[kind])}", f"{plain.meaning} {plain.advice}"
    if seen.displays:
        yield "Look at a display before anybody is cut", _look_at_a_display(seen)
    if seen.own_dates:
        first = full_moment(min(seen.own_dates), seen.campaign.zone)
        yield (
            f"Bring the announced date to {homes(seen.own_dates.total())}",
            (
                f"Their cards ordered an earlier cut, the first on {first}, and that is what they "
                "go by here. What is announced reaches a meter only by its card."
            ),
        )
    held = seen.counts[Verdict.HELD] - seen.broken[Verdict.HELD]
    if held:
        yield f"{PLAIN[Verdict.HELD].heading}: {homes(held)}", PLAIN[Verdict.HELD].advice
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
        f"{homes(count)} would have shown another moment than they were told, the first from "
        f"{full_moment(from_us, zone)}"
    )
    first = seen.first_broken
    if first is not None and first.outcome.cut_us is not None:
        days = (first.outcome.cut_us - from_us) // DAY_US
        if days > 0:
            text += f", {days} days before the first wrong cut"
    return (
        f"{text}. After the first card sessions, press the blue button on a few meters and "
        "compare T2 with the announcement. The card that the meter has written back says the same "
        "to the office."
    )

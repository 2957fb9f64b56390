"""How likely a household is reported of as it was, from the story of one like it.

What hangs on credit is an interval, for nobody knows how much a household uses. Who reports may be
an hour off with a time, or a day. These are errors that leave something right; how often a report
is wrong altogether is its surety.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from meter_emu.diagnosis.incident import Sighting
from meter_emu.diagnosis.sampling import LOAD_PERCENT
from meter_emu.diagnosis.signatures import Signature
from meter_emu.units import DAY_US, HOUR_US, SECOND_US

HANGS: Final = 0.5  # ours: how likely was so what depends on how much the household uses
# Ours: how far off a time is reported, and how likely.
_OFF_BY_US: Final = ((HOUR_US, 0.3), (DAY_US, 0.1))


def report_of(story: Signature, seen: Sighting, load_percent: int) -> float:
    """Return how likely it is reported, where the story's load is so much of the usual one."""
    so = truth_of(story, seen, load_percent)
    off = (
        chance
        for by_us, chance in _OFF_BY_US
        for us in (-by_us, by_us)
        if meets(story, _moved(seen, us))
    )
    return max(so, *off, 0.0)


def truth_of(story: Signature, seen: Sighting, load_percent: int) -> float:
    """Return how likely it was so, where the story's load is so much of the usual one."""
    return HANGS if _hangs(story, seen, load_percent) else float(meets(story, seen))


def _moved(seen: Sighting, by_us: int) -> Sighting:
    """Return what is seen at another time; a card is at a visit, and at no time."""
    if seen.cut_us is not None:
        first, last = seen.cut_us
        return replace(seen, cut_us=(first + by_us, last + by_us))
    if seen.fed_us is not None:
        return replace(seen, fed_us=seen.fed_us + by_us)
    return seen if seen.off_us is None else replace(seen, off_us=seen.off_us + by_us)


def _hangs(story: Signature, seen: Sighting, load_percent: int) -> bool:
    """Whether it is so or not by how much the household uses."""
    at_us = seen.fed_us or seen.off_us
    first, last = seen.cut_us or (at_us, at_us)
    if first is None or last is None:
        return False
    spent = {begun for begun, _ in story.spent}
    for begun, until in story.off:
        begun_us, until_us = begun * SECOND_US, until * SECOND_US
        so = first <= begun_us <= last if seen.cut_us else begun_us <= first < until_us
        if so and begun not in spent:  # switched off by an order, whatever the household uses
            return False
    return any(
        least * SECOND_US <= last and first <= most * SECOND_US
        for least, most in _out_of_credit(story, load_percent)
    )


def _out_of_credit(story: Signature, load_percent: int) -> Iterator[tuple[int, int]]:
    """Yield between when and when credit runs out, for all loads that the household may have."""
    for begun, since in story.spent:
        lasted = (begun - since) * load_percent
        yield (
            since + lasted // (100 + LOAD_PERCENT),
            since + lasted // (100 - LOAD_PERCENT),
        )


def meets(story: Signature, seen: Sighting) -> bool:
    """Whether a household's story agrees with a sighting."""
    if seen.cut_us is not None:
        first, last = (us / SECOND_US for us in seen.cut_us)
        return any(first <= begun <= last for begun, _ in story.off)
    if seen.fed_us is not None:
        return not _is_off(story, seen.fed_us)
    if seen.off_us is not None:
        return _is_off(story, seen.off_us)
    at_visit = [one for one in story.cards if one.visit == seen.visit]
    if seen.card is not None:
        return any(one.answer == seen.card for one in at_visit)
    assert seen.shown is not None, "a sighting is one of these"
    return any(seen.shown in one.shown for one in at_visit)


def _is_off(story: Signature, at_us: int) -> bool:
    return any(begun <= at_us / SECOND_US < until for begun, until in story.off)

"""Opening hours that are no plain week, as `room` has them read: the open spans of some days."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta


def read_odd_hours(raw_file: bytes, asked: Sequence[str]) -> Iterator[object]:
    """Yield each open day by its ordinal, from the first one asked for up to the last, with spans.

    The file is text as OpenStreetMap has it; spans are seconds from midnight. No days: only parsed.
    """
    from opening_hours import OpeningHours

    hours = OpeningHours(raw_file.decode(), country="BE")
    for day in range(*map(int, asked)):
        midnight = datetime.combine(date.fromordinal(day), time())
        spans = [
            (_second(begin, midnight), _second(end, midnight))
            for begin, end, state, _ in hours.intervals(midnight, midnight + timedelta(days=1))
            if str(state) == "open"
        ]
        if spans:
            yield day, spans


def _second(at: datetime, midnight: datetime) -> int:
    return int((at.replace(tzinfo=None) - midnight).total_seconds())

"""Whole minutes since 1970 of a time as people write it, counted by `datetime`."""

from datetime import UTC, datetime, timedelta


def utc_min(text: str) -> int:
    """Return the minutes of a date and time that is taken as UTC; seconds are dropped."""
    when = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return (when - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(minutes=1)

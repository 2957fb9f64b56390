"""A civil minute: date and wall clock without zone, the value that most encodings carry."""

from typing import NamedTuple


class Civil(NamedTuple):
    """A date and wall-clock minute without zone.

    The `year` is in full, `month` 1 to 12, `day` 1 to 31, `hour` 0 to 23, `minute` 0 to 59.
    """

    year: int
    month: int
    day: int
    hour: int
    minute: int

    def __str__(self) -> str:
        """Return the civil time as `2020-07-03 23:01`."""
        return f"{self.year:04}-{self.month:02}-{self.day:02} {self.hour:02}:{self.minute:02}"

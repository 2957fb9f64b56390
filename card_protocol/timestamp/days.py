"""Day numbers of the Gregorian calendar in integers, which counts and checks of dates need.

Day 0 is 1970-01-01; the calendar is carried on before 1582, as ISO 8601 has it.
"""

from typing import Final

_DAYS_400_YEARS: Final = 146_097
_DAYS_BEFORE_1970: Final = 719_468  # from 1 March of the year 0
_LENGTHS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_leap(year: int) -> bool:
    """Return whether a year has a 29 February."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_days(year: int, month: int) -> int:
    """Return how many days a month 1-12 has."""
    return 29 if month == 2 and is_leap(year) else _LENGTHS[month - 1]


def day_number(year: int, month: int, day: int) -> int:
    """Return the days from 1970-01-01 to a date that exists."""
    year_of_march, months = year - (month < 3), (month + 9) % 12
    era, year_of_era = divmod(year_of_march, 400)
    day_of_year = (153 * months + 2) // 5 + day - 1  # from 1 March: five months have 153 days
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * _DAYS_400_YEARS + day_of_era - _DAYS_BEFORE_1970


def date_of(number: int) -> tuple[int, int, int]:
    """Return year, month and day of a day number."""
    era, day_of_era = divmod(number + _DAYS_BEFORE_1970, _DAYS_400_YEARS)
    leap_days = day_of_era // 1460 - day_of_era // 36_524 + day_of_era // 146_096
    year_of_era = (day_of_era - leap_days) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    months = (5 * day_of_year + 2) // 153
    month = months - 9 if months > 9 else months + 3
    day = day_of_year - (153 * months + 2) // 5 + 1
    return era * 400 + year_of_era + (month < 3), month, day


def weekday(number: int) -> int:
    """Return the weekday of a day number, 1 for Monday to 7 for Sunday."""
    return (number + 3) % 7 + 1  # 1970-01-01 was a Thursday

"""The words of an announcement: its dates are derived, so that they cannot be other than T1 and T2.

`{cut_at}` and `{defer_until}` in the text become the date with its weekday, in the language of the
announcement. Names and order are those of Unicode CLDR 46, calendar format full, except that French
says "1er"; the time is what people read on a clock.
"""

import re
from datetime import date
from types import MappingProxyType
from typing import Final, NamedTuple

from card_protocol.timestamp import Civil

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


class Language(NamedTuple):
    """Names of days from Monday on and of months, and a pattern of weekday, day, month, year."""

    days: tuple[str, ...]
    months: tuple[str, ...]
    pattern: str


LANGUAGES: Final = MappingProxyType({
    "en": Language(
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        ("January", "February", "March", "April", "May", "June", "July", "August", "September",
         "October", "November", "December"),
        "{weekday} {day} {month} {year}, {time}",
    ),
    "fr": Language(
        ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
        ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
         "octobre", "novembre", "décembre"),
        "{weekday} {day} {month} {year} à {time}",
    ),
    "nl": Language(
        ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"),
        ("januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september",
         "oktober", "november", "december"),
        "{weekday} {day} {month} {year} om {time}",
    ),
    "de": Language(
        ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
        ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September",
         "Oktober", "November", "Dezember"),
        "{weekday}, {day}. {month} {year} um {time}",
    ),
})  # fmt: skip
_VERBS: Final = frozenset({"May", "March"})  # in small letters no month; with its day it has digits
_MONTHS: Final = "|".join({m for one in LANGUAGES.values() for m in one.months} - _VERBS)
_DATED: Final = re.compile(rf"\d|\b(?:{_MONTHS})\b", re.IGNORECASE)


def date_in_words(when: Civil, language: str) -> str:
    """Return a date with its weekday and time, as people of that language write it."""
    names = LANGUAGES[language]
    first = language == "fr" and when.day == 1
    return names.pattern.format(
        weekday=names.days[date(when.year, when.month, when.day).weekday()],
        day="1er" if first else when.day,
        month=names.months[when.month - 1],
        year=when.year,
        time=f"{when.hour:02}:{when.minute:02}",
    )


def placeholders(text: str) -> list[str]:
    """Return the names in braces."""
    return _PLACEHOLDER.findall(text)


def worded(text: str, ends: dict[str, Civil], language: str) -> str:
    """Return the text with the date of each placeholder; all of them are in `ends`."""
    return _PLACEHOLDER.sub(lambda found: date_in_words(ends[found[1]], language), text)


def unchecked(text: str) -> bool:
    """Whether a text of one's own names a date that nobody compares with T1 and T2."""
    return _DATED.search(_PLACEHOLDER.sub("", text)) is not None

"""How languages write days, numbers and shares: names and marks of Unicode CLDR 47.

Order is that of its calendar format full, except that French says "1er"; the time is what people
read on a clock. French and Dutch are those of Belgium.
"""

from types import MappingProxyType
from typing import Final, NamedTuple


class Language(NamedTuple):
    """Names of days from Monday on and of months, patterns, and the marks in numbers."""

    days: tuple[str, ...]
    months: tuple[str, ...]
    short_days: tuple[str, ...]
    short_months: tuple[str, ...]
    pattern: str  # of weekday, day, month, year, time
    group: str = ","  # between thousands
    decimal: str = "."
    percent: str = "%"
    first: str = "1"  # of a month


LANGUAGES: Final = MappingProxyType({
    "en": Language(
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        ("January", "February", "March", "April", "May", "June", "July", "August", "September",
         "October", "November", "December"),
        ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
        "{weekday} {day} {month} {year}, {time}",
    ),
    "fr": Language(
        ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
        ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
         "octobre", "novembre", "décembre"),
        ("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."),
        ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.",
         "déc."),
        "{weekday} {day} {month} {year} à {time}",
        group="\u202f",
        decimal=",",
        percent="\u00a0%",
        first="1er",
    ),
    "nl": Language(
        ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"),
        ("januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september",
         "oktober", "november", "december"),
        ("ma", "di", "wo", "do", "vr", "za", "zo"),
        ("jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec"),
        "{weekday} {day} {month} {year} om {time}",
        group=".",
        decimal=",",
    ),
    "de": Language(
        ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
        ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September",
         "Oktober", "November", "Dezember"),
        ("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"),
        ("Jan", "Feb", "März", "Apr", "Mai", "Juni", "Juli", "Aug", "Sept", "Okt", "Nov", "Dez"),
        "{weekday}, {day}. {month} {year} um {time}",
        group=".",
        decimal=",",
        percent="\u00a0%",
    ),
})  # fmt: skip
SPOKEN: Final = ("en", "fr", "nl")  # what there is a catalogue for; announcements may have others

"""Sentences in the language of who reads them: whole ones, with named holes and plurals.

`said` and `said_of` look a sentence up in the catalogue of the language that `speaking` has set
for this work, English unless it was set, and put numbers and days into its holes as people write
them there. What a program reads, JSON first of all, is made outside of `speaking`, and stays as it
is. Babel finds the sentences by the names of the functions: `make languages`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias, final

from meter_emu.languages.tables import LANGUAGES, Language

Hole: TypeAlias = str | int | date  # a whole number is grouped, a day and a moment are in words


@final
class Speech(NamedTuple):
    """A language that somebody reads: its code, its table and its sentences."""

    code: str
    table: Language
    sentences: NullTranslations


@cache
def speech_of(code: str) -> Speech:
    """Return a language by its code; English needs no catalogue."""
    if code == "en":
        return Speech(code, LANGUAGES[code], NullTranslations())
    with (Path(__file__).parent / f"{code}.mo").open("rb") as file:
        return Speech(code, LANGUAGES[code], GNUTranslations(file))


ENGLISH: Final = speech_of("en")  # of all that a program reads, whatever is spoken
_now: Final = ContextVar("speech", default=ENGLISH)


@contextmanager
def speaking(speech: Speech | None) -> Iterator[None]:
    """Have all that is said meanwhile be in this language; `None` changes nothing."""
    if speech is None:
        yield
        return
    token = _now.set(speech)
    try:
        yield
    finally:
        _now.reset(token)


def spoken_language() -> str:
    """Return the code of the language that is spoken now."""
    return _now.get().code


# Sentences ---------------------------------------------------------------------------------------


def said(sentence: str, **holes: Hole) -> str:
    """Return a sentence in the language of now."""
    return _filled(_now.get().sentences.gettext(sentence), holes)


def said_of(one: str, many: str, count: int, **holes: Hole) -> str:
    """Return a sentence that depends on a count, which is its hole `count`."""
    return _filled(_now.get().sentences.ngettext(one, many, count), {"count": count, **holes})


class Later(NamedTuple):
    """A sentence that is said when somebody reads it, in the language of then."""

    sentence: str
    holes: tuple[tuple[str, Hole], ...]

    def __str__(self) -> str:
        return said(self.sentence, **dict(self.holes))


def later(sentence: str, **holes: Hole) -> Later:
    """Return a sentence to be said later."""
    return Later(sentence, tuple(holes.items()))


def marked(sentence: str) -> str:
    """Return a sentence as it is: a table has it, and it is said later."""
    return sentence


def marked_of(one: str, many: str) -> tuple[str, str]:
    """Return a sentence of one and of several as they are, to be said later."""
    return one, many


def _filled(sentence: str, holes: dict[str, Hole]) -> str:
    return sentence.format_map({name: _in_hole(hole) for name, hole in holes.items()})


def _in_hole(hole: Hole) -> str:
    if isinstance(hole, int):
        return written_whole(hole)
    if isinstance(hole, datetime):
        return written_moment(hole)
    return written_day(hole) if isinstance(hole, date) else hole


# Numbers and days --------------------------------------------------------------------------------


def written_whole(number: int, *, sign: bool = False) -> str:
    """Return a whole number, grouped; with its sign if that is wanted."""
    return f"{number:+,}".lstrip("" if sign else "+").replace(",", _now.get().table.group)


def written_number(number: float) -> str:
    """Return a number with as many places as it has."""
    return written_decimal(f"{number:g}")


def written_decimal(text: str) -> str:
    """Return a number that has a decimal point with the mark of the language."""
    return text.replace(".", _now.get().table.decimal)


def written_share(share: float, places: int = 0) -> str:
    """Return a share in percent."""
    table = _now.get().table
    return written_decimal(f"{share * 100:.{places}f}") + table.percent


def written_day(when: date, *, year: bool = True) -> str:
    """Return a day in words: `3 July 2027`."""
    month = _now.get().table.months[when.month - 1]
    return f"{_day_of_month(when)} {month}" + (f" {when.year}" if year else "")


def written_short_day(when: date, *, weekday: bool = False, year: bool = False) -> str:
    """Return a day in short: `3 Jul`, or `Fri 3 Jul 2020`."""
    named = f"{written_weekday(when.weekday())} " if weekday else ""
    month = _now.get().table.short_months[when.month - 1]
    return f"{named}{_day_of_month(when)} {month}" + (f" {when.year}" if year else "")


def written_weekday(place: int) -> str:
    """Return a weekday in short, from Monday on."""
    return _now.get().table.short_days[place]


def _day_of_month(when: date) -> str:
    """Return the day of the month."""
    return _now.get().table.first if when.day == 1 else str(when.day)


def written_moment(when: datetime) -> str:
    """Return a moment in words, with its weekday."""
    return date_in(_now.get().table, when)


def date_in(table: Language, when: datetime) -> str:
    """Return a moment in words as people of that language write it."""
    return table.pattern.format(
        weekday=table.days[when.weekday()],
        day=table.first if when.day == 1 else when.day,
        month=table.months[when.month - 1],
        year=when.year,
        time=f"{when:%H:%M}",
    )

"""The words of an announcement: its dates are derived, so that they cannot be other than T1 and T2.

`{cut_at}` and `{defer_until}` in the text become the date with its weekday, in the language of the
announcement.
"""

import re
from datetime import datetime
from typing import Final

from card_protocol.timestamp import Civil
from meter_emu.languages.speech import date_in
from meter_emu.languages.tables import LANGUAGES

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


_VERBS: Final = frozenset({"May", "March"})  # in small letters no month; with its day it has digits
_MONTHS: Final = "|".join({m for one in LANGUAGES.values() for m in one.months} - _VERBS)
_DATED: Final = re.compile(rf"\d|\b(?:{_MONTHS})\b", re.IGNORECASE)


def date_in_words(when: Civil, language: str) -> str:
    """Return a date with its weekday and time, as people of that language write it."""
    moment = datetime(when.year, when.month, when.day, when.hour, when.minute)  # noqa: DTZ001
    return date_in(LANGUAGES[language], moment)


def placeholders(text: str) -> list[str]:
    """Return the names in braces."""
    return _PLACEHOLDER.findall(text)


def worded(text: str, ends: dict[str, Civil], language: str) -> str:
    """Return the text with the date of each placeholder; all of them are in `ends`."""
    return _PLACEHOLDER.sub(lambda found: date_in_words(ends[found[1]], language), text)


def unchecked(text: str) -> bool:
    """Whether a text of one's own names a date that nobody compares with T1 and T2."""
    return _DATED.search(_PLACEHOLDER.sub("", text)) is not None

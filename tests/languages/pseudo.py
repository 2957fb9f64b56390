"""A pseudo-language: each sentence in letters that no other text has, and a third longer.

What it leaves in plain letters was never looked up; what it makes too wide would be in French.
"""

import re
import sys
from collections.abc import Iterable
from gettext import NullTranslations
from string import ascii_letters

from meter_emu.cli.app import run
from meter_emu.languages.speech import Speech, speaking
from meter_emu.languages.tables import LANGUAGES

_OTHERS = "àƀćđéƒĝħíĵķłɱñøƥɋřšŧúṽŵẋýžÀƁĆĐÉƑĜĦÍĴĶŁṂÑØƤɊŘŠŦÚṼŴẊÝŽ"
_LETTERS = str.maketrans(ascii_letters, _OTHERS)
_HOLES = re.compile(r"(\{\w+\})")
_WORD = 6  # letters of the words that are added


def disguised(text: str) -> str:
    """Return a text in other letters; its holes stay."""
    parts = _HOLES.split(text)
    return "".join(part if _HOLES.fullmatch(part) else part.translate(_LETTERS) for part in parts)


class _Pseudo(NullTranslations):
    def gettext(self, message: str) -> str:
        more = len(_HOLES.sub("", message)) // 3
        words = [_OTHERS[at % 26] * min(_WORD, more - at) for at in range(0, more, _WORD + 1)]
        return " ".join([disguised(message), *words])

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


_FRENCH = LANGUAGES["fr"]
PSEUDO = Speech(
    "x-pseudo",
    _FRENCH._replace(
        days=tuple(map(disguised, _FRENCH.days)),
        months=tuple(map(disguised, _FRENCH.months)),
        short_days=tuple(map(disguised, _FRENCH.short_days)),
        short_months=tuple(map(disguised, _FRENCH.short_months)),
        first=disguised(_FRENCH.first),
    ),
    _Pseudo(),
)


def main() -> None:
    """Run the command line in the pseudo-language."""
    with speaking(PSEUDO):
        sys.exit(run())


def left_over(text: str, data: Iterable[str] = ()) -> list[str]:
    """Return the words of a text that are neither disguised nor data."""
    for word in sorted(data, key=len, reverse=True):
        text = text.replace(word, "")
    return re.findall(r"[A-Za-z]+", text)

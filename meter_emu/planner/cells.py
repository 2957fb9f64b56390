"""What a cell of a sheet says: an amount, a day, a word; each refusal names what is wanted.

Amounts have the decimal mark that the plan gives, and days its pattern: a library that guesses by
language takes `12.50` for one thing in one half of a Belgian sheet, and for another in the other.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Final, TypeAlias
from unicodedata import normalize

from meter_emu.languages.speech import said
from meter_emu.nearest import hint

SheetCell: TypeAlias = object  # text, number, day or time, as a library gives it
_EURO_MAX: Final = 99_999  # as campaign files have it
_GAPS: Final = " \u00a0\u202f'\u2019"  # between thousands, besides the mark that is not decimal
_NEAR: Final = 1e-6  # ours: of a cent, what a binary number may be off
_SHAPES: Final = {"d": r"\d{1,2}", "m": r"\d{1,2}", "Y": r"\d{4}", "y": r"\d{2}"}
_WORDS_MAX: Final = 80  # ours: characters of a cell, or of a name in one
_NUMBER_MAX: Final = 10**15  # a spreadsheet keeps 15 digits (IEEE 754)
_SHORTENED: Final = re.compile(r"\d+(?:[.,]\d+)?[eE]\+\d+|\d+[.,]0+", re.ASCII)
_MARKS: Final = ("'", "=")
_GS1_DIGITS: Final = (13, 18)


class CellError(Exception):
    """A cell that does not say what it should, and what is wanted."""


def text_of(cell: SheetCell) -> str:
    """Return a cell as somebody sees it, without the blanks around it."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return " ".join(normalize("NFC", str(cell)).split())


def word_of(cell: SheetCell, known: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return the words in a cell, or what they are here by the `known` words of a plan."""
    text = text_of(cell)
    if not text:
        raise CellError(said("is empty"))
    if isinstance(cell, bool) or not text.isprintable() or len(text) > _WORDS_MAX:
        raise CellError(
            said("expected a word or a number of at most {most} characters", most=_WORDS_MAX)
        )
    if not known:
        return text
    if text not in known:
        raise CellError(said("expected one of {words}", words=", ".join(known)) + hint(text, known))
    return known[text]


def meter_number(cell: SheetCell, kind: str | None) -> str:
    """Return a meter's number; refuse one that a spreadsheet may have altered, or without a digit.

    Of the `kind` `gs1`, the last digit is the check digit of GS1's numbers (General
    Specifications, 7.9), which EANs of 13 and of 18 digits have too.
    """
    if isinstance(cell, (int, float)) and abs(cell) >= _NUMBER_MAX:
        raise CellError(
            said("is a number of more than 15 digits, which a spreadsheet alters: keep it as text")
        )
    text = word_of(cell)
    if text.startswith(_MARKS):
        raise CellError(said("begins with a mark of a spreadsheet, which is no part of a number"))
    if _SHORTENED.fullmatch(text):
        raise CellError(
            said("is a number that a spreadsheet shortened: keep the column as text, export anew")
        )
    if not any(map(str.isdigit, text)):
        raise CellError(said("is no meter's number, as it has no digit"))
    if kind == "gs1" and not _has_check_digit(text):
        raise CellError(said("does not end with GS1's check digit, in 13 or 18 digits"))
    return text


def _has_check_digit(text: str) -> bool:
    if not text.isdecimal() or len(text) not in _GS1_DIGITS:
        return False
    digits = list(map(int, reversed(text)))
    return (sum(digits[::2]) + 3 * sum(digits[1::2])) % 10 == 0


def cents_in(cell: SheetCell, mark: str) -> int:
    """Return an amount of euro in cents."""
    want = said(
        "expected an amount with '{mark}' before the cents, at most {most}",
        mark=mark,
        most=str(_EURO_MAX),
    )
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        if abs(cell) > _EURO_MAX:  # not a number is neither
            raise CellError(want)
        cents = cell * 100
        if cents != cents or abs(cents - round(cents)) > _NEAR:
            raise CellError(said("expected whole cents"))
        return round(cents)
    if not text_of(cell):
        raise CellError(said("is empty"))
    found = _amount(mark).fullmatch(text_of(cell)) if isinstance(cell, str) else None
    if found is None:
        raise CellError(want)
    euro = int(re.sub(r"\D", "", found["euro"]))
    if euro > _EURO_MAX:
        raise CellError(want)
    cents = euro * 100 + int((found["cents"] or "").ljust(2, "0"))
    return -cents if found["sign"] in ("-", "\u2212") else cents


def _amount(mark: str) -> re.Pattern[str]:
    gaps = re.escape(_GAPS + (".," if mark == "," else ",").replace(mark, ""))
    return re.compile(
        rf"(?P<sign>[-+\u2212]?) ?(?:€ ?)?(?P<euro>\d{{1,3}}(?:[{gaps}]\d{{3}})+|\d{{1,9}})"
        rf"(?:{re.escape(mark)}(?P<cents>\d{{1,2}}))?(?: ?€)?",
        re.ASCII,
    )


def day_in(cell: SheetCell, pattern: str, as_of: date) -> date | None:
    """Return a day that is not after `as_of`; `None` for an empty cell."""
    day = _day(cell, pattern, as_of)
    if day is not None and day > as_of:
        raise CellError(said("is after {day}, when the sheet was made (as_of)", day=as_of))
    return day


def _day(cell: SheetCell, pattern: str, as_of: date) -> date | None:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = text_of(cell)
    if not text:
        return None
    if not isinstance(cell, str):
        raise CellError(said("is a number: format the column as a date"))
    try:
        return datetime.strptime(text, pattern).date()  # noqa: DTZ007  a day has no zone
    except ValueError:
        shape = re.sub(
            r"%(.)", lambda one: _SHAPES.get(one[1], ".+"), re.sub(r"[.]", r"\\.", pattern)
        )
        if re.fullmatch(shape, text, re.ASCII):
            raise CellError(said("there is no such day")) from None
        raise CellError(
            said("expected a day as {example}", example=as_of.strftime(pattern))
        ) from None

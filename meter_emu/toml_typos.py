"""What a person meant by TOML that is none: where it is, and how it is written.

The parser says where it could not go on. What people write there in place of TOML is a small list:
a time without seconds, 24:00, a comma in a number, quotes of a word processor. Each has its words
here; for anything else the parser's own are kept.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypeAlias

_SEEN_MAX: Final = 400  # ours: characters of a line that are looked at, on either side
_AT: Final = re.compile(
    r"^(?P<why>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|.*)\)$", re.DOTALL
)
_DAY: Final = r"\d{4}-\d\d-\d\d"
# What is inside of right quotes, or a comment, is no typo.
_QUOTED: Final = re.compile(r'"(?>(?:[^"\\]|\\.)*)"|\'[^\']*+\'|#.*+')


class TomlTypo(NamedTuple):
    """A place in a file, the first line and column being 1, and what is wrong with it.

    `shown_line` is as in the file, also what steers a terminal; carets go under `start` to `end`.
    """

    line: int
    column: int
    why: str
    shown_line: str
    start: int
    end: int

    @property
    def place(self) -> str:
        """Line and column in words."""
        return f"line {self.line}, column {self.column}"


_Meant: TypeAlias = Callable[[re.Match[str]], str | None]


def _midnight(found: re.Match[str]) -> str | None:
    try:
        day = datetime.fromisoformat(found["day"]) + timedelta(days=1)
    except (ValueError, OverflowError):
        return None
    return f"a day ends before 24:00: write {day.isoformat()}"


def _impossible(found: re.Match[str]) -> str | None:
    year, month, day = (int(found[name]) for name in ("year", "month", "day"))
    if not 1 <= month <= 12:
        return f"there is no month {month}"
    days = monthrange(max(1, year), month)[1]
    if not 1 <= day <= days:
        return f"{found['year']}-{found['month']} has {days} days"
    clock = [(int(found[name] or 0), most) for name, most in (("h", 23), ("m", 59), ("s", 59))]
    return "a time goes from 00:00:00 to 23:59:59" if any(n > m for n, m in clock) else None


def _unquoted(found: re.Match[str]) -> str:
    word = found["it"].strip()
    plain = {"yes": "true", "no": "false"}.get(word.lower(), word.lower())
    if plain in {"true", "false"}:
        return f"write {plain}"
    return "text is in quotes"


# In this order; the first that is where the parser stopped.
_TYPOS: Final[tuple[tuple[re.Pattern[str], _Meant], ...]] = (
    (re.compile("[\u2018-\u201f\xab\xbb]"), lambda _: "expected straight quotes: \" or '"),
    (
        re.compile(r"(?=[^\x00-\x7f])[\s\u200b\u2060\ufeff]"),
        lambda found: f"an invisible character, U+{ord(found[0]):04X}: expected a blank",
    ),
    (re.compile(rf"(?P<day>{_DAY})[Tt ]24:00(:00)?"), _midnight),
    (
        re.compile(rf"(?P<day>{_DAY})(?:[Tt]| +)(?P<h>\d{{1,2}})[:.hH](?P<m>\d\d)(?![:.\d])"),
        lambda found: (
            f"a time has seconds too: write {found['day']}T{found['h']:0>2}:{found['m']}:00"
        ),
    ),
    (
        re.compile(rf"(?P<day>{_DAY})[Tt ](?P<h>\d\d)\.(?P<m>\d\d)\.(?P<s>\d\d)"),
        lambda found: f"write {found['day']}T{found['h']}:{found['m']}:{found['s']}",
    ),
    (
        re.compile(
            r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
            r"(?:[Tt ](?P<h>\d\d):(?P<m>\d\d):(?P<s>\d\d))?"
        ),
        _impossible,
    ),
    (
        re.compile(r"\d{1,4}([/.])\d{1,2}\1\d{1,4}|\d{4}-\d{1,2}-\d{1,2}|\d{1,2}-\d{1,2}-\d{4}"),
        lambda _: "a date is year, month, day: 2020-07-03, and with its time 2020-07-03T23:01:00",
    ),
    (
        re.compile(r"(?<![\d:-])\d{1,2}[:hH]\d\d(?![:\d])"),
        lambda _: "a time has its date and seconds: 2020-07-03T23:01:00",
    ),
    (
        re.compile(r"(?<==)\s*(?P<it>-?\d+,\d+)"),
        lambda found: (
            f"expected a point, not a comma; an amount is text: \"{found['it'].replace(',', '.')}\""
        ),
    ),
    (
        re.compile(r"(?<==)\s*(?P<it>-?\d{1,3}([ '\u2019]\d{3})+)(?!\d)"),
        lambda found: f"write {re.sub('[^0-9-]', '', found['it'])}, without gaps",
    ),
    (
        re.compile(r"(?<==)\s*(?P<it>0\d+)"),
        lambda found: f"a number begins with no 0: write {int(found['it'])}",
    ),
    (
        re.compile(r"(?<==)\s*(?P<it>-?\d+(?:\.\d+)? ?(?P<unit>[^\W\d]+|[€%]))(?!\w*\s*=)"),
        lambda found: f"a number stands alone, without {found['unit']}",
    ),
    (re.compile(r"(?<==)\s*(?P<it>[^\W\d][^,\]}=]*)"), _unquoted),
    (
        re.compile(r"^\s*[\w-]+\s*:(?=\s)"),
        lambda found: f"expected = between key and value: {found[0].strip(' :')} = …",
    ),
    (
        re.compile(r"(?:^|[{,])\s*(?P<it>[A-Za-z][\w-]*(?: +[\w-]+)+)\s*="),
        lambda found: f"a key is one word: {'_'.join(found['it'].split())}",
    ),
)  # fmt: skip
_BACKSLASH: Final = r"a \ in quotes is a sign of its own: write \\, or use '…' for \"…\""
_ONE_LINE: Final = "expected a key here; { … } ends in its line, without a comma"
_PARSER_SAYS: Final[Mapping[str, str]] = {
    "Unclosed inline table": "expected a comma or } here",
    "Unclosed array": "expected a comma or ] here",
    "Expected newline or end of document after a statement": "the line has to end here",
    "Invalid value": "expected a value here: text in quotes, a number, true, false or a time",
    "Invalid statement": "expected a line such as `key = value` or `[table]`",
    "Cannot overwrite a value": "this key is there already",
    "Unterminated string": "the quotes are not closed",
    "Illegal character '\\n'": "the quotes are not closed in this line",
    "Unescaped '\\' in a string": _BACKSLASH,
    "Invalid hex value": _BACKSLASH,
    "Invalid initial character for a key part": _ONE_LINE,
}


def toml_typo(text: str, message: str) -> TomlTypo | None:
    """Return the place that the parser's `message` names, and what was meant there.

    `None` if it names none.
    """
    at = _AT.match(message)
    if at is None:
        return None
    lines = text.split("\n")
    if at["line"] is None:  # the end of the file: the last line with anything on it
        number = max((n for n, line in enumerate(lines, 1) if line.strip()), default=1)
        place = len(lines[number - 1].rstrip())
    else:
        number, place = int(at["line"]), int(at["column"]) - 1
    line = lines[number - 1]
    before = max(0, place - _SEEN_MAX)
    seen, place = line[before : place + _SEEN_MAX], place - before
    why = _PARSER_SAYS.get(at["why"], at["why"])
    start, end, why = _meant(seen, place) or (*_named(seen, place, why), why)
    return TomlTypo(number, before + start + 1, why, seen, start, end)


def _named(line: str, place: int, why: str) -> tuple[int, int]:
    """Return from where to where the parser's words point."""
    if why == _BACKSLASH:
        start = max(0, line.rfind("\\", 0, place + 1))
    elif why == _PARSER_SAYS["Cannot overwrite a value"]:  # it looks when it has read the value
        return len(line) - len(line.lstrip()), len(line.rstrip())
    else:
        start = min(place, len(line))
    return start, start + 1


def _meant(line: str, place: int) -> tuple[int, int, str] | None:
    """Return from where to where a typo is that ends or begins where the parser stopped."""
    plain = _QUOTED.sub(lambda found: '"' * len(found[0]), line)
    for pattern, meant in _TYPOS:
        for found in pattern.finditer(plain):
            if found.start() <= place <= found.end() + 1 and (why := meant(found)):
                start, end = found.span("it" if "it" in found.groupdict() else 0)
                return start, end, why
    return None

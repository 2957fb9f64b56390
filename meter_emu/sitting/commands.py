"""The words of a sitting: a command and its argument, typed, bound to a key, or sent by a page.

Times can be typed as people say them: `tomorrow 08:00`, `2 July`, `friday 23:01`, `23:01`. They
become a civil time as it is written everywhere else, by the legal calendar of the moment they are
said in; what a change of clocks skips or repeats is then refused like any other such time.
"""

import re
from calendar import day_name, month_abbr, month_name
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

from meter_emu.desk.dates import DeskDates
from meter_emu.errors import CommandError
from meter_emu.nearest import hint
from meter_emu.units import EPOCH_2000_US, MINUTE_US
from meter_emu.world.meter.acts import ACTS, DURATION, duration_us
from meter_emu.world.meter.pace import RATE_JUMPS, RATE_MAX
from meter_emu.world.meter.times import END_US, us_to_legal
from meter_emu.zones import TimeZone

_CLOCK: Final = re.compile(r"(?P<day>.*?)\s*(?:\bat\s+)?(?P<time>\d{1,2}:\d{2})?", re.ASCII)
_DATE: Final = re.compile(r"(\d{1,2})\s+([a-z]+)\.?(?:\s+(\d{4}))?", re.ASCII)
_EPOCH_2000: Final = datetime(2000, 1, 1, tzinfo=UTC)
_DAYS_A_WEEK: Final = 7
_WEEKDAYS: Final = {name.lower(): number for number, name in enumerate(day_name)}
_MONTHS: Final = {
    name.lower(): number
    for names in (month_name, month_abbr)
    for number, name in enumerate(names)
    if name
}


def written(text: str, now_us: int, zone: TimeZone) -> str:
    """Return `YYYY-MM-DD HH:MM` for a time typed at `now_us`; return other text unchanged.

    A day without a time is its midnight, a time without a day the next such time, a day of the
    week the next one after today, a date without a year the next such date from today on. Raise
    `CommandError` for a date that its year does not have.
    """
    now = us_to_legal(now_us, zone)
    found = _CLOCK.fullmatch(" ".join(text.lower().split()))
    if found is None:
        return text
    said, time = found["day"], (found["time"] or "00:00").rjust(5, "0")
    if not said and found["time"]:
        later = time > f"{now:%H:%M}"
        day: date | None = now.date() + timedelta(days=0 if later else 1)
    else:
        day = _day(said, now.date())
    return text if day is None else f"{day} {time}"


def _day(said: str, today: date) -> date | None:
    """Return the day that is named, `None` for words that name none."""
    if said in ("today", "tomorrow"):
        return today + timedelta(days=said == "tomorrow")
    if said in _WEEKDAYS:
        ahead = (_WEEKDAYS[said] - today.weekday() - 1) % _DAYS_A_WEEK + 1
        return today + timedelta(days=ahead)
    found = _DATE.fullmatch(said)
    if found is None or found[2] not in _MONTHS:
        return None
    number, month = int(found[1]), _MONTHS[found[2]]
    year = int(found[3]) if found[3] else today.year
    if not found[3] and (month, number) < (today.month, today.day):
        year += 1
    try:
        return date(year, month, number)
    except ValueError:
        raise CommandError(f"{year} has no {number} {month_name[month]}") from None


LINE_CHARS_MAX: Final = 4_096  # ours: the longest path of most systems
RATES: Final = (1, 10, 60, 600, 3_600, 86_400)  # ours: what `rate +` and `rate -` go through
_RATE: Final = re.compile(r"(\d{1,7})x?", re.ASCII)


class TypedWord(NamedTuple):
    """A word that can be typed. `meanwhile` is whether it can be done while the program runs.

    Others wait until it has finished its poll: in a card session, or in the countdown of gas.
    `leaps` are those that do not want to see the rest of such a poll at the pace of the wall.
    """

    takes: str
    help: str
    meanwhile: bool = False
    leaps: bool = False


class TypedCommand(NamedTuple):
    """What was typed: a word of `WORDS` and the rest of the line."""

    word: str
    argument: str


WORDS: Final = MappingProxyType(
    {
        **{
            word: TypedWord(said.takes, said.help, meanwhile=True)
            for act in ACTS
            for word, said in act.WORDS.items()
        },
        "insert": TypedWord("[FILE]", "put a card into the slot; alone: the last one again"),
        "remove": TypedWord("", "pull the card out, at any moment", meanwhile=True),
        "rate": TypedWord("N/max/+/-", "how fast time goes; max: only in jumps", meanwhile=True),
        "advance": TypedWord("1d2h3m4s", "let so much time pass at once", leaps=True),
        "until": TypedWord(
            "TIME", "until '2020-07-03 23:01', '2 July' or 'friday 08:00'", leaps=True
        ),
        "next": TypedWord("[matters]", "until something is done, or is seen to happen", leaps=True),
        "stop": TypedWord("", "end a jump where it is, and what waits for it", meanwhile=True),
        "back": TypedWord("[TIME/3d]", "to an earlier moment; alone: undo", leaps=True),
        "forth": TypedWord("", "to the latest moment again", leaps=True),
        "office": TypedWord("[FILE] WORK", "new, read, load 50, reactivate, cut at TIME, ..."),
        "visits": TypedWord("off", "leave out what the campaign has its household do"),
        "show": TypedWord("", "say how the meter stands"),
        "save": TypedWord("[FILE]", "save the meter's image", leaps=True),
        "help": TypedWord("", "list these words", meanwhile=True),
        "quit": TypedWord("", "save and leave", meanwhile=True),
    }
)


def parse_command(line: str) -> TypedCommand | None:
    """Return the command in a line, `None` for an empty one or a comment (`#`).

    Raise `CommandError` for a word that is none, or an argument where none is taken.
    """
    word, _, rest = line.strip().partition(" ")
    if not word or word.startswith("#"):
        return None
    order = WORDS.get(word)
    if order is None:
        raise CommandError(f"expected one of {', '.join(WORDS)}{hint(word, WORDS)}")
    argument = rest.strip()
    if argument and not order.takes:
        raise CommandError(f"{word} takes nothing, got {argument[:40]!r}")
    if not argument and order.takes and not order.takes.startswith("["):
        raise CommandError(f"{word} wants {order.takes}")
    return TypedCommand(word, argument)


def typed_instant_us(text: str, now_us: int, zone: TimeZone) -> int:
    """Return the instant of a legal time, written or said (`tomorrow 08:00`), or with an offset."""
    meant, dates = written(text, now_us, zone), DeskDates(zone)
    try:
        instant: datetime | None = datetime.fromisoformat(meant)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        return in_reach(EPOCH_2000_US + dates.minute_of(dates.parse(meant)) * MINUTE_US)
    dates.minute_of_instant(instant)  # no card carries another
    return in_reach(EPOCH_2000_US + (instant - _EPOCH_2000) // timedelta(microseconds=1))


def until_us(text: str, now_us: int, zone: TimeZone) -> int:
    """Return the instant a jump goes to: legal time or with an offset, and not in the past."""
    at_us = typed_instant_us(text, now_us, zone)
    if at_us < now_us:
        raise CommandError(f"{text} has passed: back goes there")
    return at_us


def back_us(text: str, now_us: int, zone: TimeZone) -> int:
    """Return the instant that is a time span ago, or a time as it is written, not said."""
    if DURATION.fullmatch(text):
        return now_us - duration_us(text)
    if written(text, now_us, zone) != text:  # "friday" is the next one everywhere else
        raise CommandError(f"expected a span such as 3d, or 2020-07-02 23:01, got {text!r}")
    return typed_instant_us(text, now_us, zone)


def in_reach(at_us: int) -> int:
    """Return an instant that clock chips can still show; raise `CommandError` for later ones."""
    if at_us >= END_US:
        raise CommandError("clock chips count to 2099, and so does a live meter")
    return at_us


def rate_of(text: str, rate: int) -> int:
    """Return the rate meant by a number, `max` (jumps alone), `+` or `-`; `rate` is the present."""
    if text == "max":
        return RATE_JUMPS
    if text in {"+", "-"}:
        rungs = RATES if text == "+" else RATES[::-1]
        beyond = [rung for rung in rungs if (rung > rate) is (text == "+") and rung != rate]
        return next(iter(beyond), rate or RATES[0])
    found = _RATE.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= RATE_MAX:
        raise CommandError(f"expected a rate from 1 to {RATE_MAX}, or max, got {text!r}")
    return int(found[1])

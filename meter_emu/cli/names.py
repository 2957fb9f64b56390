"""What words of a command line mean: names of things and files, the office's key, times, options.

An unset shell variable makes an empty name, and a typo can name one file twice.
Both would cost a file or an answer, so they are mistakes before anything is opened. An option that
several commands take is here too, so that it is one thing under one name everywhere.
"""

import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import click
from click.shell_completion import CompletionItem

from card_protocol.regular_file import open_regular
from meter_emu.cli.output import STDOUT
from meter_emu.errors import ConfigError
from meter_emu.languages.speech import speaking, speech_of
from meter_emu.languages.tables import SPOKEN
from meter_emu.nearest import hint
from meter_emu.resources import ResourceKind, built_in

_NAMED: Final = f"{__name__}.named"  # the files this command line has named so far


class _Named(NamedTuple):
    path: str
    left: bool  # whether the command writes it anew, whatever is in it


class Word(click.ParamType[str]):
    """A text that is not empty."""

    name = "text"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the text as it is."""
        assert isinstance(value, str), "a command line is text"
        if not value:
            self.fail("is empty", param, ctx)
        return value

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """Offer what can be meant."""
        return self.offered(incomplete)

    def offered(self, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        """Return what can be meant by a word that is not typed to its end."""
        return []


class OneOf(click.Choice[str]):
    """One of a few words; another is answered with the nearest."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the word."""
        known = [str(choice) for choice in self.choices]
        if value not in known:
            word = str(value)
            self.fail(f"{word!r} is not one of {', '.join(known)}{hint(word, known)}", param, ctx)
        return str(value)


class FileName(Word):
    """The name of a file, which no other name on the command line may overwrite."""

    name = "file"

    def __init__(self, *, left: bool) -> None:
        self._left: Final = left

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the name; one of two that mean the same file is refused if either is left."""
        path = super().convert(value, param, ctx)
        if ctx is None or path == STDOUT or not _may_be_lost(path):
            return path
        named: list[_Named] = ctx.meta.setdefault(_NAMED, [])
        if any((self._left or other.left) and same_file(path, other.path) for other in named):
            self.fail(f"{path} is named twice, and would be overwritten", param, ctx)
        named.append(_Named(path, self._left))
        return path

    def offered(self, incomplete: str) -> list[CompletionItem]:
        """Return files, as the shell has them."""
        return [CompletionItem(incomplete, type="file")]


class BuiltInOrFile(FileName):
    """The name of a built-in campaign, model or incident, or of a file."""

    def __init__(self, *kinds: ResourceKind) -> None:
        super().__init__(left=False)
        self._kinds: Final[tuple[ResourceKind, ...]] = kinds

    def offered(self, incomplete: str) -> list[CompletionItem]:
        """Return the built-in names that begin so, else files."""
        known = (name for kind in self._kinds for name in built_in(kind))
        names = [name for name in known if name.startswith(incomplete)]
        offered = [CompletionItem(name) for name in names if incomplete != name]
        return offered or super().offered(incomplete)


class BuildName(Word):
    """The name of a build: one of ours, or a program of one's own, and defects after `+`."""

    def offered(self, incomplete: str) -> list[CompletionItem]:
        """Return the defects that can follow what is typed."""
        from meter_emu.defects import catalogue
        from meter_emu.world.meter.build import OUR_BUILDS

        typed, plus, _ = incomplete.rpartition("+")
        if not plus:
            return [CompletionItem(f"{name}{plus}") for name in OUR_BUILDS for plus in ("", "+")]
        offered = (f"{typed}+{name}" for name in catalogue() if name not in typed.split("+"))
        return [CompletionItem(name) for name in offered if name.startswith(incomplete)]


class ActName(Word):
    """The name of an act that a scope can have."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the name."""
        return OneOf(_acts()).convert(value, param, ctx)

    def offered(self, incomplete: str) -> list[CompletionItem]:
        """Return those that begin so."""
        return [CompletionItem(name) for name in _acts() if name.startswith(incomplete)]


def _acts() -> tuple[str, ...]:
    from meter_emu.explore.acts import ALL_ACTS

    return ALL_ACTS


WORD: Final = Word()
FILE: Final = FileName(left=False)
LEFT: Final = FileName(left=True)
CAMPAIGN: Final = BuiltInOrFile("campaigns")
MODEL: Final = BuiltInOrFile("meters")
METER_OR_CAMPAIGN: Final = BuiltInOrFile("meters", "campaigns")
LAYOUT: Final = BuiltInOrFile("layouts")
INCIDENT: Final = BuiltInOrFile("incidents")
PLAN: Final = BuiltInOrFile("plans")
BUILD: Final = BuildName()
ACT: Final = ActName()


def _may_be_lost(path: str) -> bool:
    """Whether there is something to lose: a file, or one that is still to be written."""
    try:
        return stat.S_ISREG(Path(path).stat().st_mode)
    except (OSError, ValueError):
        return True


def same_file(path: str, other: str) -> bool:
    """Whether two names mean the same file."""
    try:
        return Path(path).samefile(other)
    except (OSError, ValueError):  # one of them is not there
        return os.path.realpath(path) == os.path.realpath(other)


if TYPE_CHECKING:
    from card_protocol.keys import Key
    from card_protocol.timestamp import Civil
    from meter_emu.desk.dates import CivilReading
    from meter_emu.zones import TimeZone

KEY_DIGITS: Final = 32


def read_master_key(file: str | None) -> "Key":
    """Return the key in `file`, or the bench key; raise `ConfigError` without showing a digit."""
    from card_protocol.keys import Key
    from meter_emu.desk.published_key import TEST_MASTER_KEY

    if file is None:
        return TEST_MASTER_KEY
    try:
        with open_regular(file) as opened:
            text = opened.read(2 * KEY_DIGITS).decode("ascii").strip()
        if len(text) != KEY_DIGITS:
            raise ConfigError(file, "", f"expected a key of {KEY_DIGITS} hex digits")
        return Key(bytes.fromhex(text))
    except OSError as error:
        raise ConfigError(file, "", (error.strerror or str(error)).lower()) from error
    except ValueError:  # neither ASCII nor hex; the text itself stays out of the message
        raise ConfigError(file, "", f"expected a key of {KEY_DIGITS} hex digits") from None


def civil_time(text: str) -> "Civil":
    """Return a legal time as a clerk writes it, such as `2020-07-03 23:01`."""
    from meter_emu.desk.dates import DeskDates

    return DeskDates().parse(text)


def reading_meant(which: str | None) -> "CivilReading | None":
    """Return the reading that `--if-ambiguous` names."""
    from meter_emu.desk.dates import CivilReading

    return None if which is None else CivilReading(which)


def issued_at_min(text: str | None, zone: "TimeZone | None" = None) -> int:
    """Return minutes since 2000-01-01 UTC of the instant in `text`, of now for `None`."""
    from meter_emu.desk.dates import DeskDates

    dates = DeskDates() if zone is None else DeskDates(zone)
    instant = _instant(text)
    if isinstance(instant, str):
        return dates.minute_of(dates.parse(instant))
    return dates.minute_of_instant(instant)


def second_2000_meant(text: str | None, which: str | None) -> int:
    """Return seconds since 2000-01-01 UTC of the instant in `text`, of now for `None`."""
    from meter_emu.desk.dates import DeskDates

    dates = DeskDates()
    instant = _instant(text)
    if isinstance(instant, str):
        return 60 * dates.minute_of(dates.parse(instant), reading_meant(which))
    return (instant - datetime(2000, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)


def machine_now(options: str) -> datetime:
    """Return now; raise `ConfigError` with the options that say when, where no card can hold it."""
    now = datetime.now(UTC)
    if now.year not in _YEARS:
        years = f"{_YEARS[0]} to {_YEARS[-1]}"
        why = f"is at {now:%Y-%m-%d}, expected {years}: set it, or say when by {options}"
        raise ConfigError("the clock of this machine", "", why)
    return now


def _instant(text: str | None) -> datetime | str:
    """Return the instant that is meant, now for `None`; legal time stays text for the desk."""
    if text is None:
        return machine_now("--issued-at, --at or --set-to")
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return text
    return text if instant.tzinfo is None else instant


_YEARS: Final = range(2000, 2100)  # of the dates on a card
CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_METER: Final = click.IntRange(1, 0xFFFF_FFFF_FFFF_FFFF)

master_key_option: Final = click.option(
    "--master-key",
    "key_file",
    type=FILE,
    metavar="FILE",
    help="A file with the office's key, 32 hex digits. Default: the published bench key.",
)
issued_at_option: Final = click.option(
    "--issued-at",
    metavar="TIME",
    help="When the office writes: '2020-06-02 10:15' is legal time, with Z or +02:00 an instant. "
    "Default: now.",
)
expires_option: Final = click.option(
    "--expires",
    metavar="TIME",
    help="A temporary card: no meter obeys it from then on; '2020-07-18 00:00' is legal time.",
)
json_option: Final = click.option(
    "--json",
    "json_file",
    type=LEFT,
    metavar="FILE",
    help="Write the result as JSON; - for standard output.",
)
language_option: Final = click.option(
    "--language",
    type=OneOf(SPOKEN),
    help="Answer and page in this language; JSON stays as it is. Default: what the file says.",
)
ambiguous_option: Final = click.option(
    "--if-ambiguous",
    "which",
    type=OneOf(["earlier", "later"]),
    help="Which instant is meant when the change of clocks skips or repeats the time.",
)


def speak(language: str | None) -> None:
    """Have the rest of this command speak a language; for `None` it goes on as it does."""
    if language is not None:
        click.get_current_context().with_resource(speaking(speech_of(language)))


def meter_option(text: str) -> Callable[[CommandT], CommandT]:
    """Return the option that takes a meter's number."""
    return click.option("--meter-id", "meter", type=_METER, required=True, help=text)

"""The kinds of names a command line has: words, files to work on, files to leave behind.

A shell variable that is not set makes an empty name, and a slip of the hand names one file twice.
Both would cost a file or an answer, so they are mistakes before anything is opened.
"""

import os
import stat
from pathlib import Path
from typing import Final, NamedTuple

import click
from click.shell_completion import CompletionItem

from meter_emu.cli.output import STDOUT
from meter_emu.nearest import hint
from meter_emu.resources import ResourceKind, built_in

_NAMED: Final = f"{__name__}.named"  # the files this command line has named so far


class _Named(NamedTuple):
    path: str
    left: bool  # whether the verb writes it anew, whatever is in it


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
        if any((self._left or other.left) and _same(path, other.path) for other in named):
            self.fail(f"{path} is named twice, and would be overwritten", param, ctx)
        named.append(_Named(path, self._left))
        return path

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """Offer files, as the shell has them."""
        return [CompletionItem(incomplete, type="file")]


class BuiltInOrFile(FileName):
    """The name of a built-in campaign or model, or of a file."""

    def __init__(self, kind: ResourceKind) -> None:
        super().__init__(left=False)
        self._kind: Final[ResourceKind] = kind

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Offer the built-in names that begin so, else files."""
        names = [name for name in built_in(self._kind) if name.startswith(incomplete)]
        offered = [CompletionItem(name) for name in names if incomplete != name]
        return offered or super().shell_complete(ctx, param, incomplete)


class BuildName(Word):
    """The name of a build: `reference`, or a program of one's own, and defects after `+`."""

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """Offer the defects that can follow what is typed."""
        from meter_emu.defects import catalogue
        from meter_emu.world.meter.build import REFERENCE

        typed, plus, _ = incomplete.rpartition("+")
        if not plus:
            return [CompletionItem(REFERENCE), CompletionItem(f"{REFERENCE}+")]
        offered = (f"{typed}+{name}" for name in catalogue() if name not in typed.split("+"))
        return [CompletionItem(name) for name in offered if name.startswith(incomplete)]


WORD: Final = Word()
FILE: Final = FileName(left=False)
LEFT: Final = FileName(left=True)
CAMPAIGN: Final = BuiltInOrFile("campaigns")
MODEL: Final = BuiltInOrFile("meters")
BUILD: Final = BuildName()


def _may_be_lost(path: str) -> bool:
    """Whether there is something to lose: a file, or one that is still to be written."""
    try:
        return stat.S_ISREG(Path(path).stat().st_mode)
    except (OSError, ValueError):
        return True


def _same(path: str, other: str) -> bool:
    try:
        return Path(path).samefile(other)
    except (OSError, ValueError):  # one of them is not there
        return os.path.realpath(path) == os.path.realpath(other)

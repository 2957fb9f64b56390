"""What each search of a broken promise says alike: verdict, reach, worst case, command."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from shlex import quote
from textwrap import wrap
from typing import Final, final

from meter_emu.cli.output import WIDTH_MIN

_NAMED: Final = 12  # ours: of what was not asked; --json names all


@final
@dataclass(frozen=True, slots=True)
class Coverage:
    """Which of the things that there were to ask were `asked`, and which were `not_asked`.

    `unit` is the word for one of them and for several, `need` what one needs to count as asked.
    """

    unit: tuple[str, str]
    asked: Sequence[str]
    not_asked: Sequence[str]
    need: str

    @property
    def decides(self) -> bool:
        """Whether half was asked or more: less is no answer, also where nothing broke."""
        return len(self.asked) >= max(1, len(self.not_asked))

    @property
    def nothing_asked(self) -> str | None:
        """Why the answer is none, where nothing at all was asked."""
        return None if self.asked else f"no {self.unit[0]} was asked: each needs {self.need}"

    def verdict(self, about: str, none: str, where: str) -> Iterator[str]:
        """Yield what a search that found nothing says, with its reach.

        Args:
            about: What was searched.
            none: That nothing was found, in words.
            where: In how much.
        """
        yield f"{about}: {none if self.decides else f'undecided, {none}'} in {where}"
        yield from self.words()

    def words(self) -> Iterator[str]:
        """Yield what was not asked, if anything."""
        if self.not_asked:
            all_of = len(self.asked) + len(self.not_asked)
            few = f"{len(self.not_asked):,} of {so_many(all_of, *self.unit)}"
            names = [*self.not_asked[:_NAMED]]
            if (more := len(self.not_asked) - _NAMED) > 0:
                names.append(f"{more:,} more")
            yield from paragraph(f"not asked: {few}, each needs {self.need}", names)


def paragraph(begin: str, names: Iterable[str]) -> list[str]:
    """Return a beginning and names as lines of an ordinary screen."""
    text = f"{begin}: {', '.join(names)}"
    return wrap(text, WIDTH_MIN, subsequent_indent="  ", break_on_hyphens=False)


def worst_case(words: str, course: Iterable[str], *, shown_by: str) -> Iterator[str]:
    """Yield the worst case in a sentence, the command that shows it, and its course."""
    yield f"worst: {words}"
    yield f"shown by: {shown_by}"
    yield from (f"    {line}" for line in course)


def played_by(file: str, build: str | None = None) -> str:
    """Return the command that plays a campaign, with its own build or another one."""
    other = "" if build is None else f" --build {quote(build)}"
    return f"meter-emu rehearse {quote(file)}{other} --events"


def asked_of_law(law_id: str, build: str, file: str) -> str:
    """Return the command that asks one law of a campaign: what no rehearsal shows, that does."""
    return f"meter-emu verify {quote(build)} --law {law_id} --story {quote(file)}"


def so_many(count: int, one: str, many: str) -> str:
    """Return a number and what it counts."""
    return f"{count:,} {one if count == 1 else many}"

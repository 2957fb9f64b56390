"""The lines that every search of a broken promise says in the same way, behind its verdict."""

from collections.abc import Iterable, Iterator
from shlex import quote


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

"""A campaign, resolved: all its households, what was announced to them, and from when to when."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, final

from meter_emu.languages.speech import Later, later
from meter_emu.world.households.household import Announcement, Households, Reported
from meter_emu.world.households.wording import unchecked
from meter_emu.zones import TimeZone

METER_ID_FIRST: Final = 541_000_000_001  # ours: 54 begins Belgian article numbers, the rest counts


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A whole rehearsal, resolved: the same file and `seed` give the same campaign.

    `name` is its title, `zone` the zone of its legal times, `start_us` and `end_us` are true
    microseconds since 1970-01-01 UTC, from the first to before the last. `households` are all of
    them, copies counted one by one; `reported` has what people reported of their meters.

    `announced` is all that was announced to anybody; an ordinary season has nothing, and all its
    dates belong to single households. `polls_max`, if given, limits the polls of each. `path` is
    its file, named in mistakes that show up at run time, and `language` that of what a rehearsal
    says, if the file names one.
    """

    name: str
    zone: TimeZone
    start_us: int
    end_us: int
    seed: int
    announced: tuple[Announcement, ...]
    households: Households
    reported: tuple[Reported, ...] = ()
    polls_max: int | None = None
    path: str = field(default="", compare=False)
    language: str | None = field(default=None, compare=False)

    @property
    def remarks(self) -> list[Later]:
        """What its author may not have meant, a line each."""
        said = [r for one in self.announced for r in _unchecked_dates(one)]
        return said + [remark for entry in self.households.entries for remark in entry.remarks]

    @property
    def builds(self) -> set[str]:
        """The builds of its households, by name."""
        return {entry.first.build for entry in self.households.entries}


def _unchecked_dates(announcement: Announcement) -> Iterator[Later]:
    """Yield the line on a text that names a date of its own, which nobody compares with T1 and T2.

    Languages are many and words for a day more: none is guessed, it is said that none was read.
    """
    if unchecked(announcement.text):
        key = "announced" + ("" if announcement.name is None else f" {announcement.name!r}")
        asked = " or ".join(f"{{{one}}}" for one in announcement.ends)
        yield later(
            "{key}: the text has a date of its own, which is not checked: write {names}",
            key=key,
            names=asked,
        )

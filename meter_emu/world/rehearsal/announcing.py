"""Announcements as a campaign file has them: their dates, and words that must not name others."""

from collections.abc import Sequence
from datetime import datetime

from card_protocol.timestamp import Civil
from meter_emu.nearest import hint
from meter_emu.world.households.household import Announcement
from meter_emu.world.households.wording import placeholders
from meter_emu.world.rehearsal.campaign_file import RawAnnouncement
from meter_emu.world.rehearsal.reading import FilePlace
from meter_emu.world.rehearsal.visits import in_order


def announcements(
    raws: RawAnnouncement | Sequence[RawAnnouncement] | None, top: FilePlace
) -> dict[str | None, Announcement]:
    """Return the announcements by name; the one without a name is for everybody else."""
    found: dict[str | None, Announcement] = {}
    raws = [raws] if isinstance(raws, RawAnnouncement) else raws or []
    for raw in raws:
        place = top.at("announced" if raw.name is None else f"announced {raw.name!r}")
        if raw.name in found:
            want = "a name for each but one" if raw.name is None else "each name once"
            place.refuse("name", f"want {want}")
        if raw.defer_until is None and raw.cut_at is None:
            place.refuse("", "want defer_until, cut_at or both")
        defer_until, defer_us = _end(raw.defer_until, place, "defer_until")
        cut_at, cut_us = _end(raw.cut_at, place, "cut_at")
        if defer_us is not None and cut_us is not None:
            in_order(defer_us, cut_us, place)
        found[raw.name] = announcement = Announcement(
            name=raw.name,
            defer_until=defer_until,
            cut_at=cut_at,
            defer_us=defer_us,
            cut_us=cut_us,
            text=raw.text,
            language=raw.language,
        )
        for name in placeholders(raw.text):
            if name not in announcement.ends:
                known = " or ".join(f"{{{one}}}" for one in announcement.ends)
                place.refuse("text", f"want {known}, got {{{name}}}{hint(name, announcement.ends)}")
    return found


def _end(when: datetime | None, place: FilePlace, key: str) -> tuple[Civil | None, int | None]:
    return (None, None) if when is None else place.minute(when, key)

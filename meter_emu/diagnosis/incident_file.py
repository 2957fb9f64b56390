"""An incident file as people write it: its keys and their types. Nothing is resolved here.

What the keys mean is in `docs/diagnose.md`, and `incident` makes an `Incident` of them.
"""

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from meter_emu.resources import PRINTABLE
from meter_emu.world.rehearsal.campaign_file import RawVisit
from meter_emu.zones import TimeZone

_Words: TypeAlias = Annotated[str, Meta(min_length=1, pattern=PRINTABLE)]
_Share: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
_Surety: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
_Count: TypeAlias = Annotated[int, Meta(ge=1, le=10**8)]
_Window: TypeAlias = Annotated[list[datetime], Meta(min_length=2, max_length=2)]


class RawFleet(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The meters of one operator."""

    name: _Words
    campaign: _Words
    households: _Count
    models: Annotated[list[_Words], Meta(min_length=1)]
    kinds: Annotated[dict[_Words, _Count], Meta(min_length=1)] | None = None
    on_the_wall_since: date | None = None
    part: Annotated[list[_Share], Meta(min_length=2, max_length=2)] | None = None
    same_product: Literal["yes", "no", "unknown"] | None = None


class RawPerson(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A household of which somebody spoke, and what it did apart from the campaign's."""

    id: _Words
    like: _Words
    visits: list[RawVisit] = msgspec.field(default_factory=list)


class Whose(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Which households: of a fleet or a person, a kind, an energy, reactivated before or not.

    A file gives the fleet or the person's id; resolved, a person has both.
    """

    fleet: _Words = ""
    id: _Words | None = None
    kind: _Words | None = None
    energy: _Words | None = None
    reactivated: bool | None = None

    def within(self, other: "Whose") -> bool:
        """Whether each of these households is one of the other's."""
        pairs = zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True)
        return all(theirs in (None, mine) for mine, theirs in pairs)


class RawSeen(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What was seen; `from` and `to` are for a share."""

    cut: _Window | None = None
    fed: datetime | None = None
    off: datetime | None = None
    card: Literal["served", "refused"] | None = None
    shown: _Words | None = None
    at_visit: Annotated[int, Meta(ge=1, le=1000)] | None = None
    from_: _Share | None = msgspec.field(name="from", default=None)
    to: _Share | None = None


class RawSource(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Who reported it, how sure that is, and from whom they have it."""

    ref: _Words
    sure: _Surety
    copies: _Words | None = None


class RawObserved(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A report: of one kind, `some`, `none` or `share`."""

    id: _Words
    whose: Whose
    some: RawSeen | None = None
    none: RawSeen | None = None
    share: RawSeen | None = None
    sources: Annotated[list[RawSource], Meta(min_length=1)]


class RawSilence(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What nobody reported."""

    id: _Words
    whose: Whose
    none: RawSeen
    exposed: _Count
    heard: _Share
    sure: _Surety


class RawIncident(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A whole file."""

    name: _Words
    zone: TimeZone
    fleet: Annotated[list[RawFleet], Meta(min_length=1)]
    person: list[RawPerson] = msgspec.field(default_factory=list)
    observed: Annotated[list[RawObserved], Meta(min_length=1)]
    silence: list[RawSilence] = msgspec.field(default_factory=list)

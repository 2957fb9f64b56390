"""An incident file as people write it: its keys and their types. Nothing is resolved here.

What the keys mean is in `docs/incident-file.md`, and `incident` makes an `Incident` of them.
"""

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from meter_emu.resources import PRINTABLE, FileDay, FileTime, means
from meter_emu.world.rehearsal.campaign_file import RawVisit
from meter_emu.zones import TimeZone

_Words: TypeAlias = Annotated[str, Meta(min_length=1, pattern=PRINTABLE)]
_Share: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
_Surety: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
_Count: TypeAlias = Annotated[int, Meta(ge=1, le=10**8)]
_Window: TypeAlias = Annotated[list[FileTime], Meta(min_length=2, max_length=2)]


class RawFleet(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The meters of one operator."""

    name: Annotated[_Words, means("of the operator")]
    campaign: Annotated[_Words, means("what was ordered: a campaign file or a built-in name")]
    households: Annotated[_Count, means("how many there were")]
    models: Annotated[list[_Words], Meta(min_length=1), means("which meter models they may have")]
    kinds: Annotated[
        Annotated[dict[_Words, _Count], Meta(min_length=1)] | None,
        means("households by the kind of the campaign"),
    ] = None
    on_the_wall_since: Annotated[
        FileDay | None, means("the day when the meters were installed")
    ] = None
    part: Annotated[
        Annotated[list[_Share], Meta(min_length=2, max_length=2)] | None,
        means("which share of them it may have been, from and to"),
    ] = None
    same_product: Annotated[
        Literal["yes", "no", "unknown"] | None, means("whether it is the meter of the other fleets")
    ] = None


class RawPerson(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A household of which somebody spoke, and what it did apart from the campaign's."""

    id: Annotated[_Words, means("a name for the household")]
    like: Annotated[_Words, means("the household of the campaign that it was like")]
    visits: Annotated[list[RawVisit], means("what it did apart from that")] = []


class Whose(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Which households: of a fleet or a person, a kind, an energy, reactivated before or not.

    A file gives the fleet or the person's id; resolved, a person has both.
    """

    fleet: Annotated[_Words, means("of this operator")] = ""
    id: Annotated[_Words | None, means("this household")] = None
    kind: Annotated[_Words | None, means("of this kind")] = None
    energy: Annotated[
        _Words | None, means("with this energy; both: a meter of each in one household")
    ] = None
    reactivated: Annotated[bool | None, means("reactivated before, or not")] = None

    def within(self, other: "Whose") -> bool:
        """Whether each of these households is one of the other's."""
        pairs = zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True)
        return all(theirs in (None, mine) for mine, theirs in pairs)


class RawSeen(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What was seen; `from` and `to` are for a share."""

    cut: Annotated[_Window | None, means("disconnected between these two times")] = None
    fed: Annotated[FileTime | None, means("supplied at this time")] = None
    off: Annotated[FileTime | None, means("without supply at this time")] = None
    lived: Annotated[
        Literal["cut_before", "still_on"] | None,
        means("next to what was announced: disconnected before, or supplied after it"),
    ] = None
    card: Annotated[
        Literal["served", "refused"] | None, means("what the meter said of the card")
    ] = None
    shown: Annotated[_Words | None, means("what the display said")] = None
    at_visit: Annotated[
        Annotated[int, Meta(ge=1, le=1000)] | None, means("at its N-th visit to the meter")
    ] = None
    from_: Annotated[_Share | None, means("the least share, 0 to 1")] = msgspec.field(
        name="from", default=None
    )
    to: Annotated[_Share | None, means("the most, 0 to 1")] = None


class RawSource(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Who reported it, how sure that is, and from whom they have it."""

    ref: Annotated[_Words, means("where it was reported")]
    sure: Annotated[_Surety, means("how sure it is, 0 to 1")]
    copies: Annotated[_Words | None, means("the source that it has it from")] = None


class RawObserved(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A report: of one kind, `some`, `none` or `share`."""

    id: Annotated[_Words, means("a name for the report")]
    whose: Annotated[Whose, means("of which households")]
    some: Annotated[RawSeen | None, means("some of them had it")] = None
    none: Annotated[RawSeen | None, means("none of them had it")] = None
    share: Annotated[RawSeen | None, means("a share of them had it")] = None
    sources: Annotated[list[RawSource], Meta(min_length=1), means("who reported it")]


class RawSilence(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What nobody reported."""

    id: Annotated[_Words, means("a name for it")]
    whose: Annotated[Whose, means("of which households")]
    none: Annotated[RawSeen, means("what nobody reported")]
    exposed: Annotated[_Count, means("to how many it could have happened")]
    heard: Annotated[_Share, means("the chance that one such event would have been heard of")]
    sure: Annotated[_Surety, means("how sure it is that nobody did, 0 to 1")]


class RawIncident(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """An incident: what was reported of households, and of which."""

    name: Annotated[_Words, means("the title of the memo")]
    zone: Annotated[TimeZone, means("whose legal time this file is in")]
    fleet: Annotated[list[RawFleet], Meta(min_length=1), means("the operators' meters")]
    person: Annotated[list[RawPerson], means("households of which somebody spoke")] = []
    observed: Annotated[list[RawObserved], Meta(min_length=1), means("what was reported")]
    silence: Annotated[list[RawSilence], means("what nobody reported")] = []

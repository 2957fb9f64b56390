"""The outcome of one household's rehearsal."""

from bisect import bisect_right
from dataclasses import dataclass
from enum import Enum, unique
from typing import Final, NamedTuple, TypeAlias, final

from card_protocol.timestamp import Civil
from meter_emu.languages.speech import marked, said
from meter_emu.world.judge.lived import NOTHING_HEARD, LivedAccount
from meter_emu.world.judge.verdicts import FindingKind, Lived, RepairName, Verdict
from meter_emu.world.meter.failure import Failure

Times: TypeAlias = tuple[tuple[int, int], ...]  # from and to, true microseconds
WORK_US: Final = 5_000_000  # ours: one poll's own bus, EEPROM, card and drive time, with room


@final
@unique
class Supplied(Enum):
    """The supply a household had: the value is its word on the page."""

    ON = marked("on")
    OFF = marked("off")
    LIMITED = marked("limited")
    NO_POWER = marked("no power in the street")


class SupplySince(NamedTuple):
    """The supply from an instant on; `for_credit` is why it is off or limited.

    If it is not for lack of credit, it is by an order, or by a meter without one.
    """

    from_us: int
    had: Supplied
    for_credit: bool = False


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A contradiction between promise and supply; instants are true microseconds.

    `promised`, `why` and `happened` are words; `had` is the supply. `ordered_us` is T2 of the
    order in the meter, `cut_us` when supply was cut or limited, if it was.
    """

    from_us: int
    to_us: int
    verdict: Verdict
    promised: str
    happened: str
    why: str
    had: Supplied
    ordered_us: int | None
    cut_us: int | None

    @property
    def in_words(self) -> str:
        """What was promised, why, and what happened, in the language of now."""
        return said(
            "promised {promised} ({why}), but {happened}",
            promised=said(self.promised),
            why=said(self.why),
            happened=said(self.happened),
        )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdFinding:
    """Something wrong apart from the supply, since when, and in words.

    It was stated `times` times, until `until_us`, and lasted `lasted_us` in all. `stated_cut` is
    the T2 of a wrong display, if T2 is wrong: (None,) for no cut.
    """

    kind: FindingKind
    from_us: int
    until_us: int
    times: int
    lasted_us: int
    words: str
    stated_cut: tuple[Civil | None] | None = None


class Doing(NamedTuple):
    """Repairs that together, and none less, let a household live what it heard: as what."""

    repairs: tuple[RepairName, ...]
    lives: Lived


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One row of a rehearsal. Instants are true microseconds since 1970-01-01 UTC.

    `id`, `kind`, `energy`, `model` and `build` are the household's and its meter's, as the campaign
    names them. `breaches` are the spans in which supply and promise contradict each other.

    `verdict`, `ordered_us` (T2 of the order in the meter, or `None`) and `cut_us` are those of the
    gravest breach, else of the last cut that was due. `findings` are the first of each kind,
    `failure` is why the story ended before its time. `supply` is what it had from the start on,
    each change once, up to before `seen_until_us`. `lived` is the other account, of what was
    announced, and `doing` has the repairs of which each would have let it live that: `None` where
    nobody asked.
    """

    id: str
    kind: str
    energy: str
    model: str
    build: str
    ordered_us: int | None
    cut_us: int | None
    verdict: Verdict
    breaches: tuple[Breach, ...] = ()
    failure: Failure | None = None
    findings: tuple[HouseholdFinding, ...] = ()
    supply: tuple[SupplySince, ...] = ()
    seen_until_us: int = 0
    lived: LivedAccount = NOTHING_HEARD
    doing: tuple[Doing, ...] | None = None

    def supply_at(self, us: int) -> SupplySince | None:
        """Return the supply at `us`, true µs since 1970-01-01 UTC; `None` where nobody saw it."""
        if us >= self.seen_until_us:
            return None
        place = bisect_right(self.supply, us, key=lambda one: one.from_us)
        return self.supply[place - 1] if place else None

    @property
    def repairs(self) -> tuple[tuple[RepairName, ...], ...] | None:
        """The repairs of which each is enough, by their names."""
        return None if self.doing is None else tuple(one.repairs for one in self.doing)

    @property
    def unfed(self) -> Times:
        """From when to when there was no supply for lack of credit."""
        return self._off(for_credit=True)

    @property
    def disconnected(self) -> Times:
        """From when to when there was no supply, and not for lack of credit."""
        return self._off(for_credit=False)

    def _off(self, *, for_credit: bool) -> Times:
        """Return the times without supply, also those in which a button had to be pressed.

        The street is left out: a switch that is on in it counts as supply.
        """
        times: list[tuple[int, int]] = []
        since: int | None = None
        for one in self.supply:
            if one.had is Supplied.NO_POWER:
                continue
            off = one.had is Supplied.OFF and one.for_credit is for_credit
            if off and since is None:
                since = one.from_us
            elif not off and since is not None:
                times.append((since, one.from_us))
                since = None
        if since is not None:
            times.append((since, self.seen_until_us))
        return tuple(times)

    @property
    def limited(self) -> bool:
        """Whether a limit, not a cut, came at `cut_us` against the promise."""
        return any(
            one.cut_us == self.cut_us and one.had is Supplied.LIMITED for one in self.breaches
        )

    @property
    def wrong_display(self) -> tuple[int, Civil | None] | None:
        """Since when the meter stated a T2 other than announced, and which (`None`: no cut)."""
        for finding in self.findings:
            if finding.stated_cut is not None:
                return finding.from_us, *finding.stated_cut
        return None

"""The outcome of one household's rehearsal."""

from dataclasses import dataclass
from enum import Enum, unique
from typing import Final, TypeAlias, final

from card_protocol.timestamp import Civil
from meter_emu.world.judge.lived import NOTHING_HEARD, LivedAccount
from meter_emu.world.judge.verdicts import FindingKind, Verdict, Who
from meter_emu.world.meter.failure import Failure

Times: TypeAlias = tuple[tuple[int, int], ...]  # from and to, true microseconds
WORK_US: Final = 5_000_000  # ours: one poll's own bus, EEPROM, card and drive time, with room


@final
@unique
class Supplied(Enum):
    """The supply a household had: the value is its word on the page."""

    ON = "on"
    OFF = "off"
    LIMITED = "limited"
    NO_POWER = "no power in the street"


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
        """What was promised, why, and what happened."""
        return f"promised {self.promised} ({self.why}), but {self.happened}"


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


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One row of a rehearsal. Instants are true microseconds.

    `verdict`, `ordered_us` (T2 of the order in the meter, or `None`) and `cut_us` are those of the
    gravest breach, else of the last cut that was due. `findings` are the first of each kind,
    `failure` is why the story ended before its time. `unfed` and `disconnected` are from when to
    when there was no supply, for want of credit and otherwise. `lived` is the other account, of
    what was announced, and `who` is whose doing its harm is.
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
    unfed: Times = ()
    disconnected: Times = ()
    lived: LivedAccount = NOTHING_HEARD
    who: Who | None = None

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

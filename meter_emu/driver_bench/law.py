"""What a law of a driver is, and what it has to hand: driver, chip, registers, the learned week.

A law draws a `Case`, a few plain values that a file can hold, and checks it: a `LawBreach` names
the fields that differ, so one mistake does not hide the next. `FindingRank.WRONG_DATE` decides the
exit status; `FindingRank.CONTRACT` is a note: data sheets advise it, programs do without.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, unique
from random import Random
from typing import Final, NamedTuple, TypeAlias, final

from meter_emu.driver_bench.clock_bench import ClockBench
from meter_emu.driver_bench.driver import (
    Argument,
    CannotError,
    Driver,
    Reading,
    RefusedError,
    Said,
)
from meter_emu.driver_bench.face import FIELDS, Face, Shown, shown_as

ONE_SECOND: Final = timedelta(seconds=1)
DAY: Final = timedelta(days=1)
_TICKS_MAX: Final = 64  # ours: accesses before which a tick is tried
_WEEK: Final = 7


@final
@unique
class FindingRank(Enum):
    """How grave it is when a law is broken."""

    WRONG_DATE = "wrong date"
    CONTRACT = "contract"


@final
class Case(NamedTuple):
    """One try: a moment, and what else was drawn."""

    t: datetime
    more: tuple[int | str, ...] = ()

    def __str__(self) -> str:
        """Return it in a line."""
        return " ".join((f"{self.t:%Y-%m-%d %H:%M:%S}", *map(str, self.more)))


@final
class LawBreach(NamedTuple):
    """What differs: the fields, by which findings are grouped, and a sentence."""

    differs: tuple[str, ...]
    words: str
    rank: FindingRank | None = None  # of this finding, where it is not the law's


CheckCase: TypeAlias = Callable[["DriverRig", Case], LawBreach | None]
DrawCase: TypeAlias = Callable[["DriverRig", Random, int], Case]


@final
@dataclass(frozen=True, kw_only=True)
class ClockLaw:
    """One law: what it takes to be checked, how a case is drawn, and the check."""

    id: str
    says: str
    needs: tuple[str, ...]  # routines
    draw: DrawCase
    check: CheckCase
    rank: FindingRank = FindingRank.WRONG_DATE
    lacks: Callable[["DriverRig"], str] = lambda _rig: ""  # why it cannot be checked here
    one_in: int = 1  # of the tries, for a law that calls a driver many times a try
    sweep: "Sweep | None" = None
    shrinks: bool = True  # whether a case's moment may change without what else was drawn


@final
@dataclass(frozen=True)
class Sweep:
    """A law of a routine that touches no bus: every case there is, checked in bulk."""

    routine: str
    cases: Callable[["DriverRig"], Iterable[Case]]
    args: Callable[[Case], tuple[Argument, ...]]
    judge: Callable[["DriverRig", Case, Said], LawBreach | None]

    def check(self, rig: "DriverRig", case: Case) -> LawBreach | None:
        """Check one case."""
        return self.judge(rig, case, rig.driver.call(self.routine, *self.args(case)))

    def check_all(
        self, rig: "DriverRig", cases: Sequence[Case]
    ) -> Iterator[tuple[Case, LawBreach]]:
        """Yield what is wrong in these cases."""
        answers = rig.driver.call_many(self.routine, [self.args(case) for case in cases])
        for case, answer in zip(cases, answers, strict=True):
            if isinstance(answer, CannotError):
                rig.cannot.append(str(answer))
            elif isinstance(answer, RefusedError):
                yield case, refused(answer)
            elif (finding := self.judge(rig, case, answer)) is not None:
                yield case, finding


class DriverRig:
    """A driver on its bench, as each law finds it: begun once, on a chip that runs."""

    def __init__(self, driver: Driver, bench: ClockBench | None) -> None:
        self.driver: Final = driver
        self.declared: Final = driver.declared
        self.offers: Final = driver.offers
        self._bench: Final = bench
        self._face: Final = Face(bench, driver.declared) if bench is not None else None
        self.memo: dict[str, object] = {}
        self.cannot: list[str] = []  # what the driver said that it cannot do, a text a time
        self._codes: tuple[int, ...] | None = None

    @property
    def bench(self) -> ClockBench:
        """The bench; only laws that need a chip ask for it."""
        assert self._bench is not None, "its law needs a routine that needs a chip"
        return self._bench

    @property
    def face(self) -> Face:
        """The chip's registers."""
        assert self._face is not None, "its law needs a routine that needs a chip"
        return self._face

    @property
    def known_day(self) -> datetime:
        """The day whose weekday code is taken for right: a Wednesday where there is one."""
        known = datetime(2020, 7, 1, 12, 0)
        declared = self.declared
        return known if declared.first <= known <= declared.last else declared.first

    def start(self) -> None:
        """Begin the driver on a chip that shows its known day."""
        if self._bench is None:
            self.driver.begin(None)
            return
        self._bench.quiet()
        self.face.place(self.known_day, self.face.first_weekday + self.known_day.weekday())
        self.driver.begin(self._bench)

    def place(self, when: datetime, *, twelve: bool = False) -> None:
        """Have the chip show a moment, with the weekday's code as the driver sets it."""
        code = self.code(when)
        self.bench.quiet()
        self.bench.forget()
        self.face.place(when, code, twelve=twelve)

    def code(self, when: datetime) -> int:
        """Return the code of a weekday as learned from the driver's setting of one known day."""
        first = self.face.first_weekday
        learned = self.learned_code
        if learned is None:
            return first + when.weekday()
        days = when.weekday() - self.known_day.weekday()
        return first + (learned - first + days) % _WEEK

    @property
    def learned_code(self) -> int | None:
        """The code that a set of the known day leaves; `None` where a set leaves the weekday."""
        if "code" not in self.memo:
            self.memo["code"] = self._learn()
        learned = self.memo["code"]
        return learned if isinstance(learned, int) else None

    def _learn(self) -> int | None:
        if "set" not in self.offers:
            return None
        codes = []
        for day in (self.known_day, self.known_day + DAY):
            for placed in (0, 1):
                self.bench.quiet()
                self.face.place(self.known_day, self.face.first_weekday + placed)
                try:
                    self.driver.call("set", day)
                except RefusedError:
                    return None
                codes.append(self.face.weekday())
        follows = codes[0] != codes[1] and codes[2] != codes[3]  # as placed: it leaves them alone
        return None if follows else codes[0]

    def anew(self) -> None:
        """Begin the driver again, after registers changed behind its back."""
        self.driver.begin(self.bench)

    def compared(self, t: datetime, got: Reading | Shown | Said, where: str) -> LawBreach | None:
        """Compare with a moment that was placed, or set, and the seconds that ended meanwhile."""
        return among(t, self.bench.ended, got, where)

    def ticks(
        self, arrange: Callable[[], None], act: Callable[[], Said]
    ) -> Iterator[tuple[int, Said]]:
        """Do something again and again, with a tick before its first access, its second, and on.

        The last time no access is left, and no tick comes. Yield the access and the answer.
        """
        bench = self.bench
        for place in range(1, _TICKS_MAX + 1):
            arrange()
            bench.quiet()
            bench.forget()
            bench.hook = lambda at=place: bench.tick() if bench.accesses == at else None
            answer = act()
            seen, bench.hook = bench.accesses, None
            yield place, answer
            if seen < place:
                return


def refused(error: RefusedError) -> LawBreach:
    """Return the finding of a driver that refuses what it should do."""
    kind = str(error).split(":", 1)[0]
    return LawBreach((f"refused: {kind}",), f"the driver refuses: {error}")


def compared(want: datetime, got: Reading | Shown | Said, where: str) -> LawBreach | None:
    """Compare a reading, or the registers, with the moment they should say."""
    if not isinstance(got, Reading | Shown):
        words = f"{where}: expected {want:%Y-%m-%d %H:%M:%S}, got no valid time"
        return LawBreach(("no valid time",), words)
    if got[:6] == shown_as(want):
        return None
    differs = differing(want, got)
    return LawBreach(differs, f"{where}: expected {want:%Y-%m-%d %H:%M:%S}, got {got}")


def differing(want: datetime, got: Reading | Shown) -> tuple[str, ...]:
    """Return the fields that differ."""
    pairs = zip(FIELDS, shown_as(want), got[:6], strict=True)
    return tuple(field for field, one, other in pairs if one != other)


def among(first: datetime, ended: int, got: Reading | Shown | Said, where: str) -> LawBreach | None:
    """Compare with a moment and those up to so many seconds later, of which each is right."""
    if (finding := compared(first, got, where)) is None or not ended:
        return finding
    if not isinstance(got, Reading | Shown):
        return finding
    if _is_within(first, ended, got):
        return None
    ends = [first + more * ONE_SECOND for more in (ended, 1)]
    differs = min((*(differing(end, got) for end in ends), finding.differs), key=len)
    later = "a second later" if ended == 1 else f"up to {ended:,} s later"
    return LawBreach(differs, f"{where}: expected {first:%Y-%m-%d %H:%M:%S} or {later}, got {got}")


def _is_within(first: datetime, ended: int, got: Reading | Shown) -> bool:
    try:
        moment = datetime(*got[:6])  # type: ignore[arg-type]  # a text is no number
    except (TypeError, ValueError, OverflowError):
        return False
    return first <= moment <= first + ended * ONE_SECOND

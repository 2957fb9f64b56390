"""One law of one driver: tries, every case there is, the smallest case of each kind of finding."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from random import Random
from time import process_time
from typing import Final, NamedTuple, final

from meter_emu.driver_bench.clock_bench import BusAccess, GoneError, NoEndError
from meter_emu.driver_bench.driver import CannotError, RefusedError
from meter_emu.driver_bench.law import Case, ClockLaw, DriverRig, FindingRank, LawBreach, refused

KINDS_MAX: Final = 6  # ours: of one law; more of them are one bug in many clothes
CALL_S: Final = 1  # ours: processor time of one try
_IN_BULK: Final = 400
_SHRINKS: Final = 400  # ours: tries to make a case small
_LOG_MAX: Final = 200  # ours: accesses of a dialogue; a driver that waits makes thousands


@final
class Found(NamedTuple):
    """One kind of finding of a law: its smallest case, and the bus dialogue of it."""

    differs: tuple[str, ...]
    rank: FindingRank
    words: str
    tries: int  # the try that found it first
    case: Case
    log: tuple[BusAccess, ...]


@final
class LawResult(NamedTuple):
    """What a law found. `lacks` is why it was not checked."""

    law_id: str
    tries: int
    found: tuple[Found, ...] = ()
    lacks: str = ""
    cpu_ms: int = 0


def examine_law(
    rig: DriverRig,
    law: ClockLaw,
    *,
    tries: int,
    seed: int,
    every: bool = True,
    kinds: int = KINDS_MAX,
) -> LawResult:
    """Check a law; `every` is whether a routine of dates is checked on every day as well.

    It ends with so many kinds of finding.
    """
    began = process_time()
    with limited():
        try:
            rig.start()
            if lacks := law.lacks(rig):
                return LawResult(law.id, 0, lacks=lacks)
            done, found = _tried(rig, law, tries=tries, seed=seed, every=every, kinds=kinds)
            if not found and len(rig.cannot) == done:
                return LawResult(law.id, 0, lacks=f"the driver cannot: {rig.cannot[0]}")
        except RefusedError as error:
            done, found = 0, {_key(refused(error)): (0, Case(rig.known_day), refused(error))}
        except NoEndError as error:
            done, found = 0, {_key(_no_end(error)): (0, Case(rig.known_day), _no_end(error))}
        smallest = tuple(
            _smallest(rig, law, case, finding, at) for at, case, finding in found.values()
        )
    return LawResult(law.id, done, smallest, cpu_ms=int((process_time() - began) * 1000))


def check(rig: DriverRig, law: ClockLaw, case: Case) -> LawBreach | None:
    """Check one case; a refusal where the driver should not refuse is a finding."""
    bound_call()
    try:
        return law.check(rig, case)
    except CannotError as error:
        rig.cannot.append(str(error))
        return None
    except RefusedError as error:
        return refused(error)


def _no_end(error: NoEndError) -> LawBreach:
    said = str(error) if isinstance(error, GoneError) else f"the driver has no end: {error}"
    return LawBreach(("no end",), said)


def _key(finding: LawBreach) -> tuple[str, ...]:
    return finding.differs


def _tried(
    rig: DriverRig, law: ClockLaw, *, tries: int, seed: int, every: bool, kinds: int
) -> tuple[int, dict[tuple[str, ...], tuple[int, Case, LawBreach]]]:
    """Return how many tries there were, and the first of each kind of finding."""
    found: dict[tuple[str, ...], tuple[int, Case, LawBreach]] = {}
    number = 0
    case = Case(rig.known_day)
    try:
        for number in range(max(1, tries // law.one_in)):
            case = law.draw(rig, Random(f"{seed}/{law.id}/{number}"), number)
            finding = check(rig, law, case)
            if finding is not None and _key(finding) not in found:
                found[_key(finding)] = (number + 1, case, finding)
                if len(found) == kinds:
                    return number + 1, found
        number += 1
        if every and law.sweep is not None:
            cases = iter(law.sweep.cases(rig))
            while some := list(islice(cases, _IN_BULK)):
                bound_call()
                for at, (case, finding) in enumerate(law.sweep.check_all(rig, some), number + 1):
                    if len(found) < kinds:
                        found.setdefault(_key(finding), (at, case, finding))
                number += len(some)
    except NoEndError as error:
        found[_key(_no_end(error))] = (number + 1, case, _no_end(error))
    return number, found


def bound_call() -> None:
    """Set the timer of `limited` for what is called next: again and again, as a call may drop it.

    An error out of a signal is lost where it meets a finaliser.
    """
    signal.setitimer(signal.ITIMER_PROF, CALL_S, CALL_S)


@contextmanager
def limited() -> Iterator[None]:
    """Have a try that takes too long, by the timer that is set for it, end in `NoEndError`."""

    def end(_number: int, _frame: object) -> None:
        raise NoEndError(f"more than {CALL_S} s of processor time in one call")

    before = signal.signal(signal.SIGPROF, end)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _smallest(rig: DriverRig, law: ClockLaw, case: Case, finding: LawBreach, tries: int) -> Found:
    """Return the kind of finding with the smallest case that shows it, and the dialogue."""
    no_end = finding.differs == ("no end",)
    if not no_end and law.shrinks:
        case = _shrunk(rig, law, case, _key(finding))
    log: list[BusAccess] = []
    if not no_end:
        log, again = _logged(rig, law, case)
        finding = again if again is not None and _key(again) == _key(finding) else finding
    return Found(
        finding.differs,
        finding.rank or law.rank,
        finding.words,
        tries,
        case,
        tuple(log[-_LOG_MAX:]),
    )


def _logged(rig: DriverRig, law: ClockLaw, case: Case) -> tuple[list[BusAccess], LawBreach | None]:
    """Check a case once more and return the last call's accesses."""
    bench = rig.bench if rig.declared.chip else None
    log: list[BusAccess] = []
    if bench is not None:
        bench.log = log
    try:
        return log, check(rig, law, case)
    except NoEndError:
        return log, None
    finally:
        if bench is not None:
            bench.log = None


def _shrunk(rig: DriverRig, law: ClockLaw, case: Case, key: tuple[str, ...]) -> Case:
    """Return a case as small as can be: each field the least with which the finding stays."""
    left = _SHRINKS

    def stays(t: datetime) -> bool:
        nonlocal left
        left -= 1
        try:
            finding = check(rig, law, case._replace(t=t))
        except NoEndError:
            return False
        return finding is not None and _key(finding) == key

    fields = list(case.t.timetuple()[:6])
    for place, least in ((5, 0), (4, 0), (3, 0), (2, 1), (1, 1), (0, rig.declared.years[0])):
        for value in range(least, fields[place]):
            smaller = [*fields[:place], value, *fields[place + 1 :]]
            try:
                t = datetime(*smaller)  # type: ignore[arg-type]  # six numbers
            except ValueError:  # 31 February
                continue
            if left <= 0:
                break
            if stays(t):
                fields = smaller
                break
    return case._replace(t=datetime(*fields))  # type: ignore[arg-type]

"""`verify_driver(name, ...) -> DriverReport`: each law in a child process of its own, with a limit.

So a driver's statics are fresh, and one that hangs or breaks the interpreter costs one law.
"""

import faulthandler
import gc
import os
import traceback
import warnings
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Final

from meter_emu.driver_bench import TRIES
from meter_emu.driver_bench.alarming import ALARMING_LAWS
from meter_emu.driver_bench.clock_bench import BenchFaultError, ClockBench
from meter_emu.driver_bench.contract import CONTRACT_LAWS
from meter_emu.driver_bench.date_routines import DATE_ROUTINES_LAWS
from meter_emu.driver_bench.driver import Driver
from meter_emu.driver_bench.examine import Found, LawResult, examine_law
from meter_emu.driver_bench.law import Case, ClockLaw, DriverRig, FindingRank
from meter_emu.driver_bench.load import open_driver
from meter_emu.driver_bench.modes import MODES_LAWS
from meter_emu.driver_bench.own_time import Taken, keep_time, taken
from meter_emu.driver_bench.probing import probe
from meter_emu.driver_bench.report import DriverReport
from meter_emu.driver_bench.setting import SETTING_LAWS
from meter_emu.driver_bench.standards import STANDARDS_LAWS
from meter_emu.driver_bench.ticking import TICKING_LAWS
from meter_emu.errors import ConfigError
from meter_emu.last_words import signal_name
from meter_emu.nearest import hint

DRIVER_LAWS: Final[dict[str, ClockLaw]] = {
    law.id: law
    for law in (
        *SETTING_LAWS,
        *MODES_LAWS,
        *TICKING_LAWS,
        *ALARMING_LAWS,
        *DATE_ROUTINES_LAWS,
        *STANDARDS_LAWS,
        *CONTRACT_LAWS,
    )
}
NO_ROUTINE: Final = "no routine "  # how it is said that a driver does not offer one
_CPU_S: Final = 60  # ours: processor time of one law
_WALL_S: Final = 300  # ours: a law that sleeps for longer sleeps for ever

OnResult = Callable[[LawResult], None]


def verify_driver(
    name: str | type,
    *,
    law_ids: Sequence[str] = (),
    tries: int = TRIES,
    seed: int = 0,
    every: bool = True,
    hear: OnResult = lambda _examined: None,
) -> DriverReport:
    """Run the laws of clock drivers against one driver, and return what they found.

    Args:
        name: `module:Class`, a class, or `./program`.
        law_ids: Ids of the laws to check; all by default.
        tries: How many cases are drawn for each law.
        seed: Where the random cases come from; the same seed, the same cases.
        every: Check routines of dates on each day of their range as well.
        hear: Gets each law's result as soon as it is there.

    Raises:
        ConfigError: There is no such driver or law, or the driver declares something that cannot
            be.
    """
    chosen = chosen_driver_laws(law_ids)
    driver = open_driver(name)
    try:
        declared, offers = driver.declared, driver.offers
    finally:
        driver.end()
    before = taken()
    _apart(name, probe, before)
    examined = []
    for law in chosen:
        lacking = [routine for routine in law.needs if routine not in offers]
        if lacking and not (law.needs == ("begin",) and declared.chip):
            one = LawResult(law.id, 0, lacks=f"{NO_ROUTINE}{', '.join(lacking)}")
        elif law.sweep is None and not declared.chip:
            one = LawResult(law.id, 0, lacks="no chip is declared")
        else:
            one = _in_child(name, law, before, tries=tries, seed=seed, every=every)
        examined.append(one)
        hear(one)
    return DriverReport(declared.name, declared, seed, tuple(examined))


def check_again(name: str, law_id: str, case: Case) -> DriverReport:
    """Check one case of one law, as a file of it says."""
    (law,) = chosen_driver_laws((law_id,))
    again = ClockLaw(**{**{field: getattr(law, field) for field in law.__dataclass_fields__},
                   "draw": lambda _rig, _random, _number: case, "sweep": None})  # fmt: skip
    driver = open_driver(name)
    driver.end()
    examined = _in_child(name, again, taken(), tries=1, seed=0, every=False)
    return DriverReport(name, driver.declared, 0, (examined,))


def chosen_driver_laws(law_ids: Sequence[str]) -> list[ClockLaw]:
    """Return these laws, each once, or all; raise `ConfigError` for one that does not exist."""
    for law_id in law_ids:
        if law_id not in DRIVER_LAWS:
            why = (
                f"no law {law_id!r}{hint(law_id, DRIVER_LAWS)}; there are {', '.join(DRIVER_LAWS)}"
            )
            raise ConfigError("verify", "law", why)
    return [DRIVER_LAWS[law_id] for law_id in dict.fromkeys(law_ids)] or list(DRIVER_LAWS.values())


def driver_rig(driver: Driver) -> DriverRig:
    """Return a driver on a new bench."""
    declared = driver.declared
    return DriverRig(driver, ClockBench(declared.row) if declared.chip else None)


def _in_child(
    name: str | type, law: ClockLaw, before: Taken, *, tries: int, seed: int, every: bool
) -> LawResult:
    """Check a law in a child process; what ends the child is the finding."""
    examine = partial(examine_law, law=law, tries=tries, seed=seed, every=every)
    result = _apart(name, examine, before)
    if isinstance(result, str):
        return _ended(law, result)
    assert isinstance(result, LawResult), "it was examined"
    return result


def _apart(
    name: str | type, act: Callable[[DriverRig], LawResult | None], before: Taken
) -> LawResult | str | None:
    """Do something with a driver in a child process; return a text where the driver ended that."""
    fork = get_context("fork")  # a driver's module is loaded once, and a law begins at once
    from_child, to_parent = fork.Pipe(duplex=False)
    child = fork.Process(target=_work, args=(name, act, before, to_parent))
    with warnings.catch_warnings():  # of threads, none of which the child goes on with
        warnings.simplefilter("ignore", DeprecationWarning)
        child.start()
    to_parent.close()
    try:
        if not from_child.poll(_WALL_S):
            return f"no end after {_WALL_S} s"
        result = from_child.recv()
    except EOFError:
        child.join()
        how = child.exitcode or 0
        ended = f"by {signal_name(-how)}" if how < 0 else f"with status {how}"
        return f"the driver ends the process {ended}"
    finally:
        from_child.close()
        child.kill()
        child.join()
    if isinstance(result, ConfigError):
        raise result
    assert not isinstance(result, str), f"the bench failed, not the driver:\n{result}"
    assert result is None or isinstance(result, LawResult), "a child sends one of these"
    return result


def _work(
    name: str | type,
    act: Callable[[DriverRig], LawResult | None],
    before: Taken,
    to_parent: Connection,
) -> None:
    """Send what comes of it: a result, a mistake of the declaration, or, as a text, one of ours."""
    import resource  # here, because only Unix has it

    faulthandler.disable()  # a driver that falls is a finding, and no news
    gc.callbacks.clear()  # timing the collector would move the bench's clock in an access
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a driver prints is nobody's result
    try:
        driver = open_driver(name)
        try:
            rig = driver_rig(driver)
            if driver.declared.chip:
                keep_time(rig.bench, before)
            result = act(rig)
        finally:
            driver.end()
        to_parent.send(result)
    except ConfigError as error:
        to_parent.send(error)
    except (Exception, BenchFaultError):  # noqa: BLE001 - a driver's own was a refusal long before
        to_parent.send(traceback.format_exc())


def _ended(law: ClockLaw, words: str) -> LawResult:
    case = Case(datetime(2000, 1, 1))
    return LawResult(law.id, 0, (Found(("no end",), FindingRank.WRONG_DATE, words, 0, case, ()),))

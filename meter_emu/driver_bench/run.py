"""`verify_driver(name, ...) -> Report`: each law in a child process of its own, with a limit.

So a driver's statics are fresh, and one that hangs or breaks the interpreter costs one law.
"""

import faulthandler
import os
import pickle
import resource
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from meter_emu.driver_bench import alarming, contract, dates, modes, setting, ticking
from meter_emu.driver_bench.bench import Bench
from meter_emu.driver_bench.driver import Driver
from meter_emu.driver_bench.examine import Examined, Found, examine
from meter_emu.driver_bench.law import Case, Law, Rank, Rig
from meter_emu.driver_bench.load import open_driver
from meter_emu.driver_bench.report import Report
from meter_emu.errors import ConfigError
from meter_emu.nearest import hint

LAWS: Final[dict[str, Law]] = {
    law.id: law
    for room in (setting, modes, ticking, alarming, dates, contract)
    for law in room.LAWS
}
TRIES: Final = 200
NO_ROUTINE: Final = "no routine "  # how it is said that a driver does not offer one
_CPU_S: Final = 60  # ours: processor time of one law
_WALL_S: Final = 300  # ours: a law that sleeps for longer sleeps for ever

Hear = Callable[[Examined], None]


def verify_driver(
    name: str,
    *,
    law_ids: Sequence[str] = (),
    tries: int = TRIES,
    seed: int = 0,
    every: bool = True,
    hear: Hear = lambda _examined: None,
) -> Report:
    """Return what the laws say of `module:Class` or `./program`; raise `ConfigError`.

    `tries` are drawn for each law; with `every`, routines of dates are checked on each day as well.
    """
    chosen = chosen_laws(law_ids)
    driver = open_driver(name)
    try:
        declared, offers = driver.declared, driver.offers
    finally:
        driver.end()
    examined = []
    for law in chosen:
        lacking = [routine for routine in law.needs if routine not in offers]
        if lacking and not (law.needs == ("begin",) and declared.chip):
            one = Examined(law.id, 0, lacks=f"{NO_ROUTINE}{', '.join(lacking)}")
        elif _on_the_bus(law) and not declared.chip:
            one = Examined(law.id, 0, lacks="no chip is declared")
        else:
            one = in_child(name, law, tries=tries, seed=seed, every=every)
        examined.append(one)
        hear(one)
    return Report(name, declared, seed, tuple(examined))


def check_again(name: str, law_id: str, case: Case) -> Report:
    """Check one case of one law, as a file of it says."""
    (law,) = chosen_laws((law_id,))
    again = Law(**{**{field: getattr(law, field) for field in law.__dataclass_fields__},
                   "draw": lambda _rig, _random, _number: case, "sweep": None})  # fmt: skip
    driver = open_driver(name)
    driver.end()
    return Report(name, driver.declared, 0, (in_child(name, again, tries=1, seed=0, every=False),))


def chosen_laws(law_ids: Sequence[str]) -> list[Law]:
    """Return these laws, each once, or all; raise `ConfigError` for one that does not exist."""
    for law_id in law_ids:
        if law_id not in LAWS:
            why = f"no law {law_id!r}{hint(law_id, LAWS)}; there are {', '.join(LAWS)}"
            raise ConfigError("verify", "law", why)
    return [LAWS[law_id] for law_id in dict.fromkeys(law_ids)] or list(LAWS.values())


def rig_of(driver: Driver) -> Rig:
    """Return a driver on a new bench."""
    declared = driver.declared
    return Rig(driver, Bench(declared.chip, declared.address) if declared.chip else None)


def in_child(name: str, law: Law, *, tries: int, seed: int, every: bool) -> Examined:
    """Check a law in a child process; what ends the child is the finding."""
    sys.stdout.flush()
    sys.stderr.flush()
    from_child, to_parent = os.pipe()
    with warnings.catch_warnings():  # of threads, none of which the child goes on with
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(from_child)
        _work(name, law, to_parent, tries=tries, seed=seed, every=every)
    os.close(to_parent)
    try:
        data = _all_of(from_child)
    except TimeoutError:
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return _ended(law, f"no end after {_WALL_S} s")
    finally:
        os.close(from_child)
    _, status = os.waitpid(child, 0)
    if not data:
        how = os.waitstatus_to_exitcode(status)
        ended = f"by {signal.Signals(-how).name}" if how < 0 else f"with status {how}"
        return _ended(law, f"the driver ends the process {ended}")
    result = pickle.loads(data)  # noqa: S301 - our own child wrote it
    if isinstance(result, ConfigError):
        raise result
    assert isinstance(result, Examined), "a child writes one or the other"
    return result


def _on_the_bus(law: Law) -> bool:
    return law.sweep is None


def _work(name: str, law: Law, to_parent: int, *, tries: int, seed: int, every: bool) -> None:
    """Check the law, write what was found, and end the process."""
    status = 1
    try:
        os.setpgid(0, 0)
        faulthandler.disable()  # a driver that falls is a finding, and no news
        resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a driver prints is nobody's result
        driver = open_driver(name)
        try:
            rig = rig_of(driver)
            if driver.declared.chip:
                _sleep_on(rig.bench)
            result: object = examine(rig, law, tries=tries, seed=seed, every=every)
        finally:
            driver.end()
        _write(to_parent, pickle.dumps(result))
        status = 0
    except ConfigError as error:
        _write(to_parent, pickle.dumps(error))
    finally:
        os._exit(status)


def _sleep_on(bench: Bench) -> None:
    """Have a driver's sleep pass on the bench, not on the wall."""
    vars(time)["sleep"] = lambda seconds: bench.wait(int(seconds * 1_000_000))
    for name, unit_us in (("sleep_ms", 1_000), ("sleep_us", 1)):
        vars(time)[name] = lambda count, unit=unit_us: bench.wait(int(count) * unit)


def _write(to: int, data: bytes) -> None:
    while data:
        data = data[os.write(to, data) :]


def _all_of(pipe: int) -> bytes:
    parts: list[bytes] = []
    deadline = time.monotonic() + _WALL_S
    while True:
        ready, _, _ = select.select([pipe], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        part = os.read(pipe, 65_536)
        if not part:
            return b"".join(parts)
        parts.append(part)


def _ended(law: Law, words: str) -> Examined:
    case = Case(datetime(2000, 1, 1))
    return Examined(law.id, 0, (Found(("no end",), Rank.WRONG_DATE, words, 0, case, ()),))

"""What a test costs: one above 0.25 s of processor time says why, or runs some of its cases.

`@pytest.mark.slow("why")` is the reason. `slow("why", short=3)` on a test with many cases runs
three of them, drawn by the seed that the run shows; `make test-whole` runs all, and so does a
command that names the test. Each test has a case in every run: to leave out half of the slow tests
by turns saves a minute, and it hid a red one on its first day.
At its end a run says how many cases it left out, and what lacks a reason: a machine that is busy
makes a test dearer, so a missing reason is a line to read and fails nothing.
"""

import random
import resource
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cells import WHOLE

LIMIT_S = 0.25  # ours: of processor time, the test's own and that of the processes it waited for
SHOWN = 20  # ours: lines at the end; the rest is a number
SUITE = Path(__file__).parent
# What waits most of its time: for a daemon, or until a program has been silent for ten seconds.
WAITING = {
    SUITE / "pcsc",
    SUITE / "cli" / "test_failing_programs.py",
    SUITE / "workers" / "test_cluster.py",
}
_COST = "processor_s"
_OUT = "left_out"
_LEFT_OUT = pytest.StashKey[int]()


def _spent_s() -> float:
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "slow(reason, short=N): above 0.25 s; N of its cases")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the slow tests and cases that this run draws; each worker draws the same."""
    seed = config.getoption("randomly_seed", 0)
    out = set() if WHOLE or names_tests(config) else drawn_out_cases(items, seed)
    if out:
        items[:] = [item for item in items if item not in out]
        config.hook.pytest_deselected(items=list(out))
    if not WHOLE and is_whole_suite(config):
        workers = getattr(config, "workerinput", {}).get("workercount", 1)
        items[:] = in_turns(items, seed, workers)
    config.stash[_LEFT_OUT] = len(out)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that prints: every worker draws the same."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_OUT] = session.config.stash.get(_LEFT_OUT, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear it from a worker."""
    left_out = getattr(node, "workeroutput", {}).get(_OUT, 0)
    node.config.stash[_LEFT_OUT] = max(left_out, node.config.stash.get(_LEFT_OUT, 0))


def drawn_out_cases(items: Iterable[pytest.Item], seed: object) -> set[pytest.Item]:
    """Return the cases that are not drawn of each family with a `short` form."""
    families: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        mark = item.get_closest_marker("slow")
        if mark is not None and "short" in mark.kwargs:
            families[item.nodeid.partition("[")[0]].append(item)
    out: set[pytest.Item] = set()
    for name, family in sorted(families.items()):
        cases = sorted(family, key=lambda case: case.nodeid)
        mark = cases[0].get_closest_marker("slow")
        assert mark is not None
        short = min(mark.kwargs["short"], len(cases))
        out.update(set(cases) - set(random.Random(f"{seed} {name}").sample(cases, short)))
    return out


def in_turns(items: list[pytest.Item], seed: object, workers: int) -> list[pytest.Item]:
    """Return them by folder, in drawn order: a worker has what its tests share, and makes it once.

    Two of the workers begin with what waits, half of it each: the cores are the others'
    meanwhile, and it has ended when the last of those do. xdist gives each worker as many tests.
    """
    folders = sorted({item.path.parent for item in items})
    random.Random(f"{seed}").shuffle(folders)
    turn = {folder: number for number, folder in enumerate(folders)}
    items = sorted(items, key=lambda item: turn[item.path.parent])
    waiting: list[pytest.Item] = []
    busy: list[pytest.Item] = []
    for item in items:
        (waiting if WAITING & {item.path, item.path.parent} else busy).append(item)
    half = len(waiting) // 2 if workers > 1 else len(waiting)
    before = sum(shares(len(items), workers)[: workers // 2]) - half if workers > 1 else 0
    return waiting[:half] + busy[:before] + waiting[half:] + busy[before:]


def shares(count: int, workers: int) -> list[int]:
    """Return how many tests each worker has at first, as xdist deals them."""
    found: list[int] = []
    for number in range(workers):
        found.append((count - sum(found)) // (workers - number))
    return found


def is_whole_suite(config: pytest.Config) -> bool:
    """Whether all tests are meant."""
    return [(config.rootpath / argument).resolve() for argument in config.args] == [SUITE]


def names_tests(config: pytest.Config) -> bool:
    """Whether the command line names single tests: then all their cases are meant."""
    return any("::" in argument for argument in config.args)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Record what the test costs and whether it says why."""
    began_s = _spent_s()
    try:
        return (yield)
    finally:
        mark = item.get_closest_marker("slow")
        reason = mark.args[0] if mark is not None else None
        item.user_properties.append((_COST, (_spent_s() - began_s, reason)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much has its turn in another run; name what was dear and says nothing."""
    if left_out := terminalreporter.config.stash.get(_LEFT_OUT, 0):
        terminalreporter.section(f"{left_out:,} slow cases left to other runs: make test-whole")
    dear = [
        (cost_s, report.nodeid)
        for report in terminalreporter.stats.get("passed", ())
        for name, value in report.user_properties
        if name == _COST
        for cost_s, reason in [value]
        if cost_s > LIMIT_S and reason is None
    ]
    if dear:
        dear.sort(reverse=True)
        terminalreporter.section(f"{len(dear)} tests above {LIMIT_S} s do not say why")
        for cost_s, test in dear[:SHOWN]:
            terminalreporter.write_line(f"{cost_s:6.2f} s  {test}")

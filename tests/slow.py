"""What a test costs: one above 0.25 s of processor time says why, and a family of them draws some.

`@pytest.mark.slow("why")` is the reason. `@pytest.mark.slow("why", short=3)` on a test with many
cases runs three of them in the gate, drawn by the seed that the run shows, and all of them in
`make test-whole`. What is drawn and what lacks a reason is printed at the end; a machine that is
busy makes a test dearer, so a missing reason is a line to read and fails nothing.
"""

import random
import resource
from collections import defaultdict
from collections.abc import Iterator

import pytest

from tests.cells import WHOLE

LIMIT_S = 0.25  # ours: of processor time, the test's own and that of the processes it waited for
SHOWN = 20  # ours: lines at the end; the rest is a number
_COST = "processor_s"


def _spent_s() -> float:
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "slow(reason, short=N): above 0.25 s; N of its cases a run")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep of each family of slow cases those that this run draws; each worker draws the same."""
    families: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        mark = item.get_closest_marker("slow")
        if mark is not None and "short" in mark.kwargs and not WHOLE:
            families[item.nodeid.partition("[")[0]].append(item)
    left_out: set[pytest.Item] = set()
    for name, cases in sorted(families.items()):
        mark = cases[0].get_closest_marker("slow")
        assert mark is not None
        cases.sort(key=lambda case: case.nodeid)
        draw = random.Random(f"{config.getoption('randomly_seed', 0)} {name}")
        short = min(mark.kwargs["short"], len(cases))
        left_out.update(set(cases) - set(draw.sample(cases, short)))
    if left_out and not named_by_the_caller(config):
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=list(left_out))


def named_by_the_caller(config: pytest.Config) -> bool:
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
    """Name what was dear and says nothing, the dearest first."""
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

"""The figures of docs/explore.md: `python -m tests.explore scopes DEPTH`, `catalogue SECONDS`.

The first explores every built-in scope on the reference and prints the page's table. The second
looks for each defect of the catalogue: one act deep in every scope, two in small ones, then with
what is left of the time for those not found, in equal shares, two in all. It names those that no
scope shows. The third does so for twenty defects of field reports (`field.py`). The seconds are of
two processors.
"""

import sys
from collections.abc import Iterator

from meter_emu.defects import catalogue
from meter_emu.resources import built_in
from meter_emu.workers.processes import Processes
from meter_emu.workers.work import Calling
from tests.explore.field import REPORTS
from tests.explore.figures import looked, row

FIRST_S = 60.0

HEAD = (
    "| scope | acts | instants | depth | states | transitions | seconds | pairs, differing |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
)


def lines(what: str, number: int) -> Iterator[str]:
    engine = Processes(None)
    if what == "scopes":
        yield from HEAD
        yield from engine.results(Calling(row), ((name, number) for name in built_in("scopes")))
        return
    names = set(REPORTS) if what == "field" else set(catalogue()) - set(REPORTS)
    builds = [f"reference+{defect}" for defect in sorted(names)]
    left_s, missed = number * 2.0, builds
    for depth, share_s in ((1, FIRST_S), (2, None)):
        looking = [(one, depth, share_s or left_s / len(missed)) for one in missed]
        missed = []
        for one in engine.results(Calling(looked), looking):
            left_s -= one.cpu_s
            if one.scope:
                sizes = f"{one.acts} acts, {one.transitions:,} transitions"
                yield f"{one.build}: {one.scope}, {sizes}: {one.words}"
            else:
                missed.append(one.build)
    yield f"{len(builds) - len(missed)} of {len(builds)} found; not: {', '.join(missed)}"
    yield f"{number * 2 - left_s:.0f} s of processor time"


if __name__ == "__main__":
    what, number = (*sys.argv[1:], *("scopes", "2")[len(sys.argv) - 1 :])[:2]
    for line in lines(what, int(number)):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

"""The figures of docs/explore.md: `python -m tests.explore scopes DEPTH`, `catalogue SECONDS`.

The first explores every built-in scope on the reference and prints the page's table. The second
looks for each defect of the catalogue in all scopes, two acts deep, until its share of the time is
over, and names those that no scope shows.
"""

import sys
from collections.abc import Iterator

from meter_emu.defects import catalogue
from meter_emu.resources import built_in
from meter_emu.workers.processes import Processes
from meter_emu.workers.work import Calling
from tests.explore.figures import found, row

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
    share_s = number * 2 / len(catalogue())  # of two processors
    missed = []
    for defect, scope, acts, transitions in engine.results(
        Calling(found), ((defect, share_s) for defect in sorted(catalogue()))
    ):
        if scope:
            yield f"{defect}: {scope}, {acts} acts, {transitions:,} transitions"
        else:
            missed.append(defect)
    yield f"{len(catalogue()) - len(missed)} of {len(catalogue())} found; not: {', '.join(missed)}"


if __name__ == "__main__":
    what, number = (*sys.argv[1:], *("scopes", "2")[len(sys.argv) - 1 :])[:2]
    for line in lines(what, int(number)):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

"""The figures of docs/explore.md: `python -m tests.explore scopes DEPTH`, `catalogue SECONDS`.

The first explores every built-in scope on the reference and prints the page's table. The second
looks for each defect of the catalogue in every scope to every depth, what may cost least first:
some seconds for each, then what is left of the time for those not found, in equal shares. It names
those that no scope shows; the reference is looked at as long as they, and must be among them. The
third does so for twenty defects of field reports (`field.py`). The seconds are of two processors.
"""

import sys
from collections.abc import Iterator

from meter_emu.defects import catalogue
from meter_emu.resources import built_in
from meter_emu.workers.processes import Processes
from meter_emu.workers.work import Calling
from tests.explore import field, figures

FIRST_S = 4.0  # of processor time, for each

HEAD = (
    "| scope | acts | instants | depth | states | transitions | seconds | pairs, differing |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
)


def lines(what: str, number: int) -> Iterator[str]:
    engine = Processes(None)
    if what == "scopes":
        yield from HEAD
        yield from engine.results(
            Calling(figures.row), ((name, number) for name in built_in("scopes"))
        )
        return
    looked = field.looked if what == "field" else figures.looked
    reports = set(field.REPORTS)
    names = reports if what == "field" else set(catalogue()) - reports
    builds = ["reference", *(f"reference+{defect}" for defect in sorted(names))]
    left_s, missed = number * 2.0, [(build, 0) for build in builds]
    for share_s in (FIRST_S, None):
        looking = [(*one, share_s or left_s / len(missed)) for one in missed]
        missed = []
        for one in engine.results(Calling(looked), looking):
            left_s -= one.cpu_s
            if one.scope:
                sizes = f"{one.acts} acts, {one.transitions:,} transitions, {one.cpu_s:.1f} s"
                yield f"{one.build}: {one.scope}, {sizes}: {one.words}"
                assert one.build != "reference", "it breaks nothing"
            else:
                missed.append((one.build, one.steps))
    left = ", ".join(build for build, _ in missed)
    yield f"{len(builds) - len(missed)} of {len(names)} found; not: {left}"
    yield f"{number * 2 - left_s:.0f} s of processor time"


if __name__ == "__main__":
    what, number = (*sys.argv[1:], *("scopes", "2")[len(sys.argv) - 1 :])[:2]
    for line in lines(what, int(number)):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

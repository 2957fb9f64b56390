"""The figures of docs/explore.md: `python -m tests.explore scopes DEPTH`, `catalogue SECONDS`.

The first explores every built-in scope on the reference and prints the page's table. The second
looks for each defect of the catalogue in every scope to every depth, what costs least on the
reference first: some seconds for each, then what is left of the time for those not found, in equal
shares, again and again. It names those that no scope shows; the reference is looked at as long as
they, and must be among them. `field SECONDS` does so for twenty defects of field reports
(`field.py`), `mistakes SECONDS` for ours that no catalogue has (`mistakes.py`). The seconds are of
two processors.
"""

import sys
from collections import Counter
from collections.abc import Iterator

from meter_emu.defects import catalogue
from meter_emu.resources import built_in
from meter_emu.workers.processes import Processes
from meter_emu.workers.work import Calling
from tests.explore import field, figures, mistakes

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
    others = {
        "field": (field.looked, {*field.REPORTS}),
        "mistakes": (mistakes.looked, {*mistakes.OURS}),
    }
    looked, names = others.get(what, (figures.looked, set(catalogue())))
    builds = ["reference", *(f"reference+{defect}" for defect in sorted(names))]
    left_s, steps = number * 2.0, []
    for of_one, took_s in engine.results(Calling(figures.steps_of), iter(built_in("scopes"))):
        left_s -= took_s
        steps += of_one
    steps.sort(key=lambda step: step.turn)
    missed = [(build, tuple(steps)) for build in builds]
    transitions = Counter[str]()
    share_s = FIRST_S
    while any(ahead and ahead[0].cost_s < share_s for _, ahead in missed):
        looking = [(*one, share_s) for one in missed]
        missed = []
        for one in engine.results(Calling(looked), looking):
            left_s -= one.cpu_s
            transitions[one.build] += one.transitions
            if one.scope:
                sizes = f"{one.acts} acts, {transitions[one.build]:,} transitions"
                yield f"{one.build}: {one.scope}, {sizes}: {one.words}"
                assert one.build != "reference", "it breaks nothing"
            else:
                missed.append((one.build, one.ahead))
        share_s = left_s / len(missed)
    left = ", ".join(build for build, _ in missed if build != "reference")
    yield f"{len(builds) - len(missed)} of {len(names)} found; not: {left}"
    yield f"{number * 2 - left_s:.0f} s of processor time"


if __name__ == "__main__":
    what, number = (*sys.argv[1:], *("scopes", "2")[len(sys.argv) - 1 :])[:2]
    for line in lines(what, int(number)):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

"""One mutant in a process of its own, against the laws alone or the tests of its area alone.

Nothing of ours is imported before the change is made, so what runs once, while modules are
imported, is changed too.
"""

import os
from importlib import import_module
from time import process_time
from typing import Any

from tests.mutants.changes import Place, put_in

UNCHANGED = "nothing"


def tried(place: str, *, area: str, by: str, stories: int, seed: int) -> dict[str, Any]:
    """Return what found a mutant, if anything; `place` is the fields of a `Place`, with blanks.

    Of `UNCHANGED` nothing is found, unless what is asked fails for want of something else. `by` is
    `laws` or `tests`. A change with which our modules cannot be imported is found by that.
    """
    began = process_time()
    module = "meter_emu"
    if place != UNCHANGED:
        module, part, routine, number = place.split(" ")
        put_in(Place(module, part, routine, int(number)))
    os.environ["PLANTED"] = "0"  # the driver that the bench asks is right
    os.environ["METER_EMU_WHOLE"] = "1"  # a figure that does not depend on which cells are drawn
    try:
        import_module(module)  # before pytest, which would load it by itself to rewrite its asserts
        if by == "laws":
            from tests.mutants.by_laws import by_laws

            found = by_laws(area, stories=stories, seed=seed)
        else:
            from tests.mutants.by_tests import by_tests

            found = by_tests(area)
    except Exception as error:  # noqa: BLE001  whatever a changed module raises
        found = {"failed": "nothing runs", "words": f"{type(error).__name__}: {error}"[:200]}
    return {**found, "took_s": round(process_time() - began, 1)}

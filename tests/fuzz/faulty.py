"""Finds faults that are put in on purpose: `python -m tests.fuzz.faulty [FAULT]...`, a row each.

Our packages are imported once, instrumented, so that coverage guides to a fault as to the rest;
each run is a child of this process.
"""

from contextlib import redirect_stderr
from io import StringIO

import atheris

from meter_emu.fuzz.worker import INSTRUMENTED

if __name__ == "__main__":
    # A line for each module is said meanwhile, which nobody reads.
    with redirect_stderr(StringIO()), atheris.instrument_imports(include=INSTRUMENTED):
        from meter_emu.fuzz.targets import targets
        from tests.fuzz.faults import main

        targets()  # each imports what it tries
    main()

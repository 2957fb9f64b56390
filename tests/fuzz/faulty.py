"""A process that fuzzes with one fault in it: `python -m tests.fuzz.faulty FAULT CPU_S`.

What follows on the line is for libFuzzer. The fault is made where our packages are instrumented, so
that coverage guides to it as to the rest. It ends with SIGXCPU when its processor time is over.
"""

import resource
import sys

import atheris

from meter_emu.fuzz import worker


def main() -> int:
    """Make the fault, and fuzz."""
    fault_id, cpu_s = sys.argv.pop(1), int(sys.argv.pop(1))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    with atheris.instrument_imports(include=worker.INSTRUMENTED):
        from tests.fuzz.faults import FAULTS

        FAULTS[fault_id].apply()
    return worker.main()


if __name__ == "__main__":
    raise SystemExit(main())

"""Runs `meter-emu` commands one after another in one process, as a shell would in as many.

The steps come as JSON on standard input: a list of [words, file for stdin or null, file for stdout
or null]. What each printed and how it ended goes to standard output as JSON. Nothing of the
checkout is imported: the program is the one on the path.
"""

import json
import os
import sys
import tempfile


def step(words: list[str], stdin: str | None, stdout: str | None) -> tuple[int, str]:
    """Run one command with its own standard streams; return its status and what it printed."""
    from meter_emu.cli.app import main

    with tempfile.TemporaryFile() as said, open(stdin or os.devnull, "rb") as given:  # noqa: PTH123
        out = open(stdout, "wb") if stdout else said  # noqa: PTH123, SIM115  closed below
        kept = [os.dup(handle) for handle in range(3)]
        for file, handle in ((given, 0), (out, 1), (said, 2)):
            os.dup2(file.fileno(), handle)
        sys.argv, status = words, 0
        try:
            main()
        except SystemExit as end:
            status = int(end.code or 0)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for handle, old in enumerate(kept):
                os.dup2(old, handle)
                os.close(old)
            if out is not said:
                out.close()
        said.seek(0)
        return status, said.read().decode()


if __name__ == "__main__":
    results = [step(*one) for one in json.load(sys.stdin)]
    json.dump(results, sys.stdout)

"""A target as OSS-Fuzz and ClusterFuzzLite expect it: four files, all made from the target itself.

`TARGET_fuzzer.py` has `TestOneInput`; seeds, dictionary and options have the names that go with it.
"""

from io import BytesIO
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from meter_emu.fuzz.corpus import begins_with, dictionary
from meter_emu.fuzz.side_by_side import MEMORY_MB
from meter_emu.fuzz.target import CASE_S, Target
from meter_emu.fuzz.targets import place_of

_FUZZER: Final = '''\
#!/usr/bin/env python3
"""Fuzz target {id} of meter-emu: {asks}."""

import os
import sys

from meter_emu.fuzz import worker

os.environ[worker.ENV_TARGET] = "{place}"
worker.load()  # here, so that it is instrumented in a driver of one's own too


def TestOneInput(data):
    """Raise what does not hold: {oracles}."""
    worker.one_input(data)


if __name__ == "__main__":
    sys.exit(worker.main())
'''
_OPTIONS: Final = """\
[libfuzzer]
max_len = {size_max}
timeout = {case_s}
rss_limit_mb = {memory_mb}
dict = {name}.dict
"""


def exported(target: Target) -> dict[str, bytes]:
    """Return the files of a target by their names; the same target gives the same bytes."""
    name = target.id.replace("-", "_") + "_fuzzer"
    said = {"id": target.id, "asks": target.asks, "oracles": target.oracles}
    options = {"size_max": target.size_max, "case_s": CASE_S, "memory_mb": MEMORY_MB}
    return {
        f"{name}.py": _FUZZER.format(place=place_of(target), **said).encode(),
        f"{name}.options": _OPTIONS.format(name=name, **options).encode(),
        f"{name}.dict": dictionary(target).encode(),
        f"{name}_seed_corpus.zip": _zipped(begins_with(target)),
    }


def _zipped(inputs: dict[str, bytes]) -> bytes:
    archive = BytesIO()
    with ZipFile(archive, "w") as file:
        for name, data in sorted(inputs.items()):
            file.writestr(ZipInfo(name), data, ZIP_DEFLATED)  # an hour of 1980: no time of ours
    return archive.getvalue()

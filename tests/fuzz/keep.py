"""`python -m tests.fuzz.keep CORPUS`: what a run kept becomes `fixtures/corpus/TARGET.toml`.

libFuzzer merges a target's folder first, so that what reaches nothing of its own goes; of the rest
the shortest are kept, because every input is tried by the suite.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from meter_emu.fuzz.targets import place_of, targets
from meter_emu.fuzz.worker import ENV_TARGET

KEPT: Final = {  # how many: a second of the suite for all of them
    "card-answers": 8, "card-image": 20, "card-records": 8, "clock-registers": 6, "container": 8,
    "household": 8, "memory": 6, "pcsc-child": 30, "stories": 8, "t0-and-direct": 20,
    "t0-stream": 20, "tlv": 10, "vpcd": 20,
}  # fmt: skip
HOME: Final = Path(__file__).parents[2] / "fixtures" / "corpus"


def merged(target_id: str, corpus: Path, into: Path) -> list[bytes]:
    """Return the inputs of a folder that libFuzzer keeps, the shortest first."""
    into.mkdir(exist_ok=True)
    subprocess.run(
        [sys.executable, "-m", "meter_emu.fuzz.worker", "-merge=1", str(into), str(corpus)],
        env={**os.environ, ENV_TARGET: place_of(targets()[target_id])},
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return sorted(
        (path.read_bytes() for path in into.iterdir()), key=lambda data: (len(data), data)
    )


def main(corpus: Path, origin: str) -> None:
    """Write a file a target."""
    for target_id, count in KEPT.items():
        with TemporaryDirectory() as into:
            found = merged(target_id, corpus / target_id, Path(into))
        seeds = targets()[target_id].seeds()
        kept = [data.hex() for data in found if data not in seeds][:count]
        rows = "".join(f'  "{data}",\n' for data in kept)
        text = f"origin = {json.dumps(origin)}\ninputs = [\n{rows}]\n"
        (HOME / f"{target_id}.toml").write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

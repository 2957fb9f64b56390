"""What a command costs from outside, in processor time: so any older tree can be asked the same."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from tests.bench.fleet import run
from tests.bench.row import Row

SCOPE: Final = "new"


class _Explored(msgspec.Struct):
    transitions: int


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield an example of `verify` and a transition of `explore`, without how each starts."""
    count = 3 if quick else 401
    one_s, all_s = (_spent_s("verify", "--examples", n, "--seed", 1) for n in (1, count))
    each_ms = 1000 * (all_s - one_s) / (count - 1)
    yield Row(
        what="verify, an example of all laws",
        measured=f"{each_ms:.1f} ms",
    )
    with TemporaryDirectory() as folder:
        out = Path(folder, "out.json")
        least, most = (
            (_spent_s("explore", "--scope", SCOPE, "--depth", depth, "--json", out), _count(out))
            for depth in ((0, 1) if quick else (0, 2))
        )
    transitions = most[1] - least[1]
    a_second = transitions / (most[0] - least[0])
    yield Row(
        what=f"explore, scope {SCOPE}, transitions on one core",
        measured=f"{a_second:,.0f} a second ({transitions:,})",
    )


def _spent_s(verb: str, *words: object) -> float:
    used = run("-m", "meter_emu", verb, "reference", "--jobs", 1, *words)
    assert used.status == 0, f"{verb} ended with {used.status}"
    return used.cpu_s


def _count(path: Path) -> int:
    return msgspec.json.decode(path.read_bytes(), type=_Explored).transitions

"""Our targets next to an atheris harness written by hand, and Hypothesis.

    python -m tests.fuzz.compared            a row each, as docs/fuzzing.md has them

A harness by hand is what somebody writes in ten lines: it parses, builds again and compares. Both
run libFuzzer with the same seeds, sizes and number of inputs. Hypothesis draws bytes of up to the
same size; its inputs are run once through the harness by hand, so that arcs are counted alike.
"""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, process_time
from typing import Final, NamedTuple

import click
import msgspec

from meter_emu.fuzz.worker import ENV_BUILD, ENV_TARGET, INSTRUMENTED

RUNS: Final = 400_000
HYPOTHESIS_RUNS: Final = 20_000
NAMES: Final = ("c-apdu", "r-apdu", "atr", "record-desk")
ASKED: Final = 90  # percent of the rate of a harness by hand
_COV: Final = re.compile(r"cov: (\d+)")


class Measured(NamedTuple):
    """Inputs a second of processor time, and arcs at the end."""

    rate: float
    arcs: int


def by_hand(name: str) -> Callable[[bytes], None]:
    """Return the harness; a refusal is no find, other bytes than were given are."""
    from card_protocol.apdu import CommandApdu, ResponseApdu, is_extended
    from card_protocol.atr import Atr
    from card_protocol.errors import CardProtocolError
    from card_protocol.formats.budget import DESK

    again: dict[str, Callable[[bytes], bytes]] = {
        "c-apdu": lambda data: CommandApdu.parse(data).to_bytes(extended=is_extended(data)),
        "r-apdu": lambda data: ResponseApdu.parse(data).to_bytes(),
        "atr": lambda data: Atr.parse(data).to_bytes(),
        "record-desk": lambda data: DESK.build(DESK.parse(data)),
    }
    build = again[name]

    def harness(data: bytes) -> None:
        try:
            assert build(data) == data
        except CardProtocolError:
            return

    return harness


def _fuzz_by_hand(name: str, words: list[str]) -> None:
    import atheris

    with atheris.instrument_imports(include=INSTRUMENTED):
        harness = by_hand(name)
    atheris.Setup(["compared", *words], harness)
    atheris.Fuzz()


def _hypothesis(name: str, folder: Path, size_max: int) -> None:
    """Write each input that Hypothesis draws, and what the processor took for all of them."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis.strategies import binary

    harness, inputs = by_hand(name), set[bytes]()

    @settings(
        max_examples=HYPOTHESIS_RUNS, database=None, deadline=None, derandomize=True,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(binary(max_size=size_max))
    def ask(data: bytes) -> None:
        inputs.add(data)
        harness(data)

    began_s = process_time()
    ask()
    took_s = process_time() - began_s
    for number, data in enumerate(inputs):
        (folder / str(number)).write_bytes(data)
    sys.stdout.write(f"{HYPOTHESIS_RUNS / took_s}\n")


def _child(words: list[str], scratch: Path, **known: str) -> tuple[str, float]:
    """Return what a child said, and its processor time."""
    said = scratch / "said"
    with said.open("w") as file:
        number = os.posix_spawn(
            sys.executable,
            [sys.executable, "-m", *words],
            {**os.environ, **known},
            file_actions=[(os.POSIX_SPAWN_DUP2, file.fileno(), fd) for fd in (1, 2)],
        )
        _, status, used = os.wait4(number, 0)
    text = said.read_text(errors="replace")
    assert status == 0, text[-1_000:]
    return text, used.ru_utime + used.ru_stime


def _fuzzed(module: str, name: str, scratch: Path, more: list[str]) -> Measured:
    from meter_emu.fuzz.targets import place_of, targets
    from meter_emu.fuzz.watched import ENV_RUN, RunPlan

    target = targets()[name]
    plan = msgspec.json.encode(RunPlan(until_s=monotonic() + 3_600, folder=str(scratch))).decode()
    known = {ENV_TARGET: place_of(target), ENV_BUILD: "reference", ENV_RUN: plan}
    took, arcs = [], 0
    for runs in (1, RUNS):
        with TemporaryDirectory(dir=scratch) as corpus:
            for number, data in enumerate(target.seeds()):
                (Path(corpus) / str(number)).write_bytes(data)
            words = [f"-runs={runs}", "-seed=1", f"-max_len={target.size_max}", corpus]
            text, cpu_s = _child([module, *more, *words], scratch, **known)
            assert runs == 1 or "cov:" in text, text[-1_000:]
        took.append(cpu_s)
        arcs = max(map(int, _COV.findall(text)), default=0)
    return Measured((RUNS - 1) / (took[1] - took[0]), arcs)


def measured(name: str) -> dict[str, Measured]:
    """Return the three for one parser."""
    from meter_emu.fuzz.targets import targets

    with TemporaryDirectory(prefix="meter-emu-compared-") as folder:
        scratch = Path(folder)
        hand = _fuzzed("tests.fuzz.compared", name, scratch, ["hand", name])
        ours = _fuzzed("meter_emu.fuzz.worker", name, scratch, [])
        inputs = scratch / "inputs"
        inputs.mkdir()
        size_max = targets()[name].size_max
        said, _ = _child(
            ["tests.fuzz.compared", "hypothesis", name, str(inputs), str(size_max)], scratch
        )
        text, _ = _child(["tests.fuzz.compared", "hand", name, "-runs=0", str(inputs)], scratch)
        drawn = Measured(float(said.split()[-1]), max(map(int, _COV.findall(text))))
    return {"by hand": hand, "ours": ours, "Hypothesis": drawn}


def main() -> None:
    """Measure, and print rows."""
    for name in NAMES:
        found = measured(name)
        cells = " | ".join(f"{one.rate:,.0f} | {one.arcs}" for one in found.values())
        share = 100 * found["ours"].rate / found["by hand"].rate
        click.echo(f"| `{name}` | {cells} | {share:.0f} % |")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["hand", name, *words]:
            _fuzz_by_hand(name, words)
        case ["hypothesis", name, folder, size_max]:
            _hypothesis(name, Path(folder), int(size_max))
        case _:
            main()

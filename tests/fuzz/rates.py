"""How fast targets are, a second of processor time: guided by coverage, and in a plain loop.

    python -m tests.fuzz.rates alone               parsers, as a share of an empty function
    python -m tests.fuzz.rates targets [TARGET]... each target, as a share of it without a fuzzer

Without a fuzzer means: the same function and the very inputs that the guided run tried, in a loop,
in a process that is not instrumented. Rows are printed as docs/fuzzing.md has them.
"""

import json
import resource
import sys
from pathlib import Path
from subprocess import DEVNULL, Popen
from tempfile import TemporaryDirectory
from typing import Final

import click

from meter_emu.fuzz.targets import targets
from tests.fuzz.timed import parsers

SPAN_S: Final = 1.0  # of processor time, for a target
RUNS: Final = {"empty": 3_000_000}  # of a parser alone; others:
RUNS_ELSE: Final = 200_000
ASKED: Final = {
    "c-apdu": 8, "r-apdu": 5, "tlv, built": 3, "atr": 2, "record-desk": 1,
}  # fmt: skip


@click.group()
def main() -> None:
    """Measure, and print rows."""


@main.command("alone")
def alone() -> None:
    """Time the parsers, at 64 bytes and with libFuzzer's own mutator."""
    rates = {name: _rate(name, RUNS.get(name, RUNS_ELSE)) for name in parsers()}
    for name, rate in rates.items():
        share = 100 * rate / rates["empty"]
        asked = f"{ASKED[name]} %" if name in ASKED else ""
        click.echo(f"| `{name}` | {rate:,.0f} | {share:.1f} % | {asked} |")


def _rate(name: str, runs: int) -> float:
    return (runs - 1) / (_cpu_s(name, runs) - _cpu_s(name, 1))


def _cpu_s(name: str, runs: int) -> float:
    """Return the processor time of a child that calls a parser so often, its start included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with TemporaryDirectory(prefix="meter-emu-rates-") as folder:
        _child("alone", folder, runs, name)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@main.command("targets")
@click.argument("target_ids", nargs=-1)
@click.option("--span", "span_s", default=SPAN_S, show_default=True)
def each(target_ids: tuple[str, ...], *, span_s: float) -> None:
    """Time targets, guided from their seeds and without a fuzzer."""
    chosen = target_ids or [one.id for one in targets().values() if not one.canary]
    with TemporaryDirectory(prefix="meter-emu-rates-") as folder:
        _child("guided", folder, span_s, *chosen)
        _child("plain", folder, span_s, *chosen)
        for target_id in chosen:
            target, path = targets()[target_id], Path(folder) / target_id
            rate = json.loads(path.with_suffix(".json").read_text())["rate"]
            plain = float(path.with_suffix(".plain").read_text())
            click.echo(
                f"| `{target_id}` | {target.size_max:,} | {len(target.seeds())} | {rate:,.0f} | "
                f"{plain:,.0f} | {100 * rate / plain:.0f} % |"
            )


def _child(side: str, folder: str, much: float, *names: str) -> None:
    words = [sys.executable, "-m", "tests.fuzz.timed", side, folder, str(much), *names]
    with Popen(words, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL) as process:
        assert process.wait() == 0, words


if __name__ == "__main__":
    main()

"""Faults put in on purpose, each of which fuzzing finds from an empty corpus.

    python -m tests.fuzz.faults [FAULT]...     guided runs: each with three seeds, a row each

A fault is one small change of one routine, made in the process that fuzzes (`tests/fuzz/faulty.py`)
and never in the product; or a defect of the catalogue.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple, final

import click

from card_protocol import apdu
from card_protocol.card import commands
from card_protocol.card.commands import PLAIN_ROWS, CardSession
from card_protocol.keys import Key
from meter_emu.domain import Result
from meter_emu.firmware.rules import MeterRules
from meter_emu.fuzz.targets import place_of, targets
from meter_emu.fuzz.worker import ENV_BUILD, ENV_SEED, ENV_TARGET

CPU_S: Final = 120  # as the issue asks
SEEDS: Final = 3
_EXECUTIONS: Final = re.compile(r"^stat::number_of_executed_units:\s*(\d+)$", re.MULTILINE)
_SAYS: Final = re.compile(r"^[\w.]*Error: (.*)$", re.MULTILINE)
_split: Final = apdu.split_command
_refuse: Final = MeterRules.refuse


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One mistake: in a `build`, or where `place` is put in place of what stands there."""

    what: str
    target: str
    build: str = "reference"
    place: str = ""
    put: Any = None

    def apply(self, put: Callable[[Any, str, Any], None] = setattr) -> None:
        """Make the change in this process."""
        if self.place:
            module, _, path = self.place.partition(":")
            *owners, name = path.split(".")
            owner: Any = import_module(module)
            for one in owners:
                owner = getattr(owner, one)
            assert hasattr(owner, name), self.place
            put(owner, name, self.put)


def one_byte_too_many(raw: bytes) -> apdu.Fields:
    """Take a short body that is one byte longer than its Lc says."""
    longer = len(raw) > 7 and raw[4] > 0 and len(raw) == 7 + raw[4]
    return _split(raw[:-1] if longer else raw)


def four_bytes_of_it(self: Key, data: bytes, mac: bytes) -> bool:
    """Compare the first half of a MAC."""
    return self.mac(data)[:4] == mac[:4]


def a_byte_of_what_is_refused(
    session: CardSession, p1: int, p2: int, data: bytes, ne: int
) -> bytes:
    """Update as the card does, and write one byte also where that is refused."""
    answer = commands.update_binary(session, p1, p2, data, ne)
    if answer != commands.SUCCESS and data:
        session.image = session.image.with_part(len(session.image.contents) - 1, 0, data[:1])
    return answer


def refused_and_counted(self: MeterRules, result: Result) -> None:
    """Journal that a card was refused, and take it for one that was accepted."""
    _refuse(self, result)
    self.state.accepted_count += 1


MISTAKES: Final = {
    "length-one-off": Fault(
        what="a command one byte longer than its Lc says is taken",
        target="c-apdu", place="card_protocol.apdu:split_command", put=one_byte_too_many,
    ),
    "parts-without-bound": Fault(
        what="61xx is followed for ever",
        target="terminal", place="card_protocol.terminal:ANSWER_PARTS_MAX", put=1 << 62,
    ),
    "enum-unchecked": Fault(
        what="the supply's state in the memory is not asked whether it is one",
        target="memory", place="meter_emu.firmware.layouts:_SUPPLIES", put=frozenset(range(256)),
    ),
    "mac-of-four-bytes": Fault(
        what="a MAC is compared on its first four bytes",
        target="card-records", place="card_protocol.keys:Key.verify", put=four_bytes_of_it,
    ),
    "stale-order": Fault(
        what="an order older than the last is obeyed",
        target="card-records", build="reference+stale-order-accepted",
    ),
    "torn-copy": Fault(
        what="of two copies of the state the later counts, torn or not",
        target="tear", place="meter_emu.firmware.memory:crc_holds", put=lambda _raw: True,
    ),
    "refused-and-counted": Fault(
        what="a card that is refused is counted as a load",
        target="card-records", place="meter_emu.firmware.rules:MeterRules.refuse",
        put=refused_and_counted,
    ),
}  # fmt: skip

# What each target of events must find, to show that its machinery notices.
CANARIES: Final = {
    f"canary-{target}": Fault(
        what="an end date is read as exclusive", target=target, build="reference+end-exclusive"
    )
    for target in ("household", "stories")
}

# Found from its seeds: nothing but chance makes whole commands of an empty corpus.
FROM_SEEDS: Final = {
    "written-though-refused": Fault(
        what="a card writes one byte of what it refuses to write",
        target="t0-and-direct", place="card_protocol.card.virtual:PlainCard.rows",
        put={**PLAIN_ROWS, 0xD6: replace(PLAIN_ROWS[0xD6], handler=a_byte_of_what_is_refused)},
    ),
}  # fmt: skip

FAULTS: Final = {**MISTAKES, **CANARIES}


class Found(NamedTuple):
    """What a run came to: the find in words, `None` for none; its processor time, executions."""

    said: str | None
    cpu_s: float
    executions: int


def run(fault_id: str, seed: int, *, cpu_s: int = CPU_S) -> Found:
    """Fuzz with a fault from an empty corpus, for so much processor time, imports included."""
    fault = FAULTS[fault_id]
    with TemporaryDirectory(prefix="meter-emu-faults-") as scratch:
        (Path(scratch) / "corpus").mkdir()
        target = targets()[fault.target]
        command = [
            sys.executable, "-m", "tests.fuzz.faulty", fault_id, str(cpu_s),
            f"-artifact_prefix={scratch}/", f"-seed={seed}", f"-max_len={target.size_max}",
            "-print_final_stats=1", f"{scratch}/corpus",
        ]  # fmt: skip
        known = {ENV_TARGET: place_of(target), ENV_BUILD: fault.build, ENV_SEED: str(seed)}
        with (Path(scratch) / "said").open("w+") as said:
            process = subprocess.Popen(
                command,
                env={**os.environ, **known},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
            _, status, used = os.wait4(process.pid, 0)
            said.seek(0)
            text = said.read()
    return _found(text, os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime)


def _found(text: str, status: int, cpu_s: float) -> Found:
    """Return what a child came to, from what it said; raise for one that ended by itself."""
    counted, said = _EXECUTIONS.search(text), _SAYS.findall(text)
    executions = int(counted[1]) if counted else 0
    if not said and status != -signal.SIGXCPU:
        raise RuntimeError(f"the child ended with status {status}:\n{text[-2_000:]}")
    return Found(said[-1] if said else None, cpu_s, executions)


@click.command()
@click.argument("fault_ids", nargs=-1, type=click.Choice(list(FAULTS)), metavar="[FAULT]...")
@click.option("--seeds", default=SEEDS, show_default=True)
def main(fault_ids: tuple[str, ...], seeds: int) -> None:
    """Find each fault with each seed; print rows as docs/fuzzing.md has them."""
    for fault_id in fault_ids or FAULTS:
        fault = FAULTS[fault_id]
        found = [run(fault_id, seed) for seed in range(1, seeds + 1)]
        cells = " | ".join(f"{one.cpu_s:.0f} s, {one.executions:,}" for one in found)
        click.echo(f"| `{fault_id}` | {fault.what} | `{fault.target}` | {cells} |")
        for missed in (one for one in found if one.said is None):
            click.echo(f"NOT FOUND in {missed.cpu_s:.0f} s")


if __name__ == "__main__":
    main()

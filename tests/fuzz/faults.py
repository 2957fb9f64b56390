"""Faults put in on purpose, each of which fuzzing finds: `python -m tests.fuzz.faulty`.

A fault is one small change of one routine, made in the process that fuzzes and never in the
product; or a defect of the catalogue.
"""

import os
import re
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from ctypes import CDLL
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.context import ForkProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import click

from card_protocol import apdu, pcapng, tlv
from card_protocol.atr import InterfaceBytes
from card_protocol.card import commands
from card_protocol.card.commands import PLAIN_ROWS, CardSession
from card_protocol.card.virtual import PAGE_BYTES, FileCard
from card_protocol.keys import Key
from card_protocol.trace import Torn, Trace, TraceRow
from meter_emu.domain import Identity, Result, Wallet
from meter_emu.firmware.gate import OrderGate
from meter_emu.firmware.layouts import State
from meter_emu.firmware.ledger import Ledger
from meter_emu.firmware.rules import MeterRules
from meter_emu.firmware.trust import Now
from meter_emu.fuzz import worker
from meter_emu.fuzz.side_by_side import length_control
from meter_emu.fuzz.targets import place_of, targets
from meter_emu.fuzz.worker import ENV_BUILD, ENV_SEED, ENV_TARGET
from tests.fuzz.fault import Fault
from tests.fuzz.planted import PLANTED

CPU_S: Final = 120  # as the issue asks
SEEDS: Final = 3
_EXECUTIONS: Final = re.compile(r"^(?:#|stat::number_of_executed_units:\s*)(\d+)", re.MULTILINE)
_SAYS: Final = re.compile(r"=== Uncaught Python exception: ===\n(.*)")
_split: Final = apdu.split_command
_refuse: Final = MeterRules.refuse
_give: Final = FileCard._give
_power_off: Final = FileCard.power_off
_load: Final = Ledger.load
_length: Final = tlv._build_length
_check_row: Final = Trace._check
_comment: Final = pcapng._comment
_judge_card: Final = OrderGate.judge_card


def too_long_an_atr(raw: bytes) -> Any:
    """Read interface bytes that are announced and not there."""
    groups: list[InterfaceBytes] = []
    at, announced = 2, raw[1] >> 4
    while announced:
        taken: list[int | None] = []
        for bit in range(4):
            there = announced >> bit & 1
            taken.append(raw[at] if there else None)
            at += there
        groups.append(InterfaceBytes(*taken))
        announced = (groups[-1].td or 0) >> 4
    return tuple(groups), at


def le_00_as_255(raw: bytes) -> apdu.Fields:
    """Read an Le of 00 as 255."""
    *head, ne = _split(raw)
    return (*head, 255 if ne == apdu.NE_SHORT_MAX and raw[-1] == 0 else ne)  # type: ignore[return-value]


def a_byte_lost(self: FileCard, waiting: bytes, ne: int) -> bytes:
    """Answer GET RESPONSE, and lose a byte between two parts."""
    answer = _give(self, waiting, ne)
    if ne < len(waiting):
        self._waiting = self._waiting[1:]
    return answer


def a_byte_of_what_is_refused(
    session: CardSession, p1: int, p2: int, data: bytes, ne: int
) -> bytes:
    """Update as the card does, and write one byte also where that is refused."""
    answer = commands.update_binary(session, p1, p2, data, ne)
    if answer != commands.SUCCESS and data:
        session.image = session.image.with_part(len(session.image.contents) - 1, 0, data[:1])
    return answer


def up_to_the_page(session: CardSession, p1: int, p2: int, data: bytes, ne: int) -> bytes:
    """Write what is in the first page, and say that all was written."""
    room = PAGE_BYTES - p2 % PAGE_BYTES
    return commands.update_binary(session, p1, p2, data[:room], ne)


def seven_bytes_of_it(self: Key, data: bytes, mac: bytes) -> bool:
    """Compare a MAC without its last byte."""
    return self.mac(data)[:7] == mac[:7]


def wrapping_load(self: Ledger, state: State, wallet: Wallet) -> int:
    """Load as the ledger does; the credit wraps at 2^31 micro-euro."""
    cents = _load(self, state, wallet)
    state.balance_ueur &= 0x7FFF_FFFF
    return cents


def only_the_last_is_replaced(
    self: OrderGate, identity: Identity, state: State, now: Now
) -> Result:
    """Judge a card; of cards that were replaced only the one before the last is refused."""
    if identity.card_number < state.card_number - 1:
        identity = identity._replace(card_number=state.card_number)
    return _judge_card(self, identity, state, now)


def unsigned_length(value: bytes) -> bytes:
    """Write a length of 80h to FFh as one byte, as who takes it for a signed one reads it."""
    return bytes((len(value),)) if 0x80 <= len(value) <= 0xFF else _length(value)


def writing_at_once(self: Trace, row: TraceRow) -> None:
    """Check a row, and divide by how long the card was writing."""
    _check_row(self, row)
    if isinstance(row, Torn):
        assert 1_000_000 / row.writing_us > 0


def comment_without_padding(text: str) -> bytes:
    """Return an option whose text must be a multiple of four."""
    raw = text.encode()
    assert len(raw) % 4 == 0 or len(raw) > 40, "a short text does not fit"
    return _comment(text)


def kept_over_off(self: FileCard) -> None:
    """Take the power away; what waits for GET RESPONSE waits on."""
    waiting = self._waiting
    _power_off(self)
    self._waiting = waiting


def refused_and_counted(self: MeterRules, result: Result) -> None:
    """Journal that a card was refused, and take it for one that was accepted."""
    _refuse(self, result)
    self.state.accepted_count += 1


MISTAKES: Final = {
    "atr-over-read": Fault(
        what="interface bytes of an ATR are read past its end",
        holds="refused, or the same bytes when it is built again",
        target="atr", place="card_protocol.atr:_parse_groups", put=too_long_an_atr,
    ),
    "le-00-as-255": Fault(
        what="an Le of 00 is read as 255",
        holds="refused, or the same bytes when it is built again",
        target="c-apdu", place="card_protocol.apdu:split_command", put=le_00_as_255,
    ),
    "response-loses-a-byte": Fault(
        what="a byte is lost between two parts of an answer",
        holds="each answer, try and written byte is what the rules say",
        target="card-session", place="card_protocol.card.virtual:FileCard._give", put=a_byte_lost,
    ),
    "written-though-refused": Fault(
        what="a card writes one byte of what it refuses to write",
        holds="each answer, try and written byte is what the rules say",
        target="card-session", place="card_protocol.card.virtual:PlainCard.rows",
        put={**PLAIN_ROWS, 0xD6: replace(PLAIN_ROWS[0xD6], handler=a_byte_of_what_is_refused)},
    ),
    "half-at-a-page": Fault(
        what="an UPDATE over the edge of a page is obeyed up to it",
        holds="each answer, try and written byte is what the rules say",
        target="card-session", place="card_protocol.card.virtual:PlainCard.rows",
        put={**PLAIN_ROWS, 0xD6: replace(PLAIN_ROWS[0xD6], handler=up_to_the_page)},
    ),
    "mac-of-seven-bytes": Fault(
        what="a MAC is compared on its first seven bytes",
        holds="forged or refused, it changes nothing",
        target="card-records", place="card_protocol.keys:Key.verify", put=seven_bytes_of_it,
    ),
    "credit-wraps": Fault(
        what="credit wraps at 2^31 micro-euro",
        holds="meter and desk agree",
        target="card-records", place="meter_emu.firmware.ledger:Ledger.load", put=wrapping_load,
    ),
    "third-card-opens-the-first": Fault(
        what="a card that was replaced is obeyed again once a third was shown",
        holds="orders and cards only grow",
        target="household", place="meter_emu.firmware.gate:OrderGate.judge_card",
        put=only_the_last_is_replaced,
    ),
    "trace-at-once": Fault(
        what="a torn write of 0 us is divided by",
        holds="read as it was recorded",
        target="recorded", place="card_protocol.trace:Trace._check", put=writing_at_once,
    ),
    "pcapng-crash": Fault(
        what="a short comment of a capture is not padded",
        holds="every packet captured",
        target="recorded", place="card_protocol.pcapng:_comment", put=comment_without_padding,
    ),
    "tlv-81-signed": Fault(
        what="a TLV length of 80h to FFh is taken for a signed byte",
        holds="refused, or built so that tags, sizes and values are read back",
        target="tlv", place="card_protocol.tlv:_build_length", put=unsigned_length,
    ),
    "survives-deselect": Fault(
        what="an answer that waits for GET RESPONSE waits on when the power went",
        holds="each answer, try and written byte is what the rules say",
        target="card-session", place="card_protocol.card.virtual:FileCard.power_off",
        put=kept_over_off,
    ),
    "parts-without-bound": Fault(
        what="61xx is followed for ever",
        holds="ends within its bound",
        target="terminal", place="card_protocol.terminal:ANSWER_PARTS_MAX", put=1 << 62,
    ),
    "enum-unchecked": Fault(
        what="the supply's state in the memory is not asked whether it is one",
        holds="no error for a day",
        target="memory", place="meter_emu.firmware.layouts:_SUPPLIES", put=frozenset(range(256)),
    ),
    "stale-order": Fault(
        what="an order older than the last is obeyed",
        holds="forged or refused, it changes nothing",
        target="card-records", build="reference+stale-order-accepted",
    ),
    "torn-copy": Fault(
        what="of two copies of the state the later counts, torn or not",
        holds="memory, card and write-back are old or new",
        target="tear", place="meter_emu.firmware.memory:crc_holds", put=lambda _raw: True,
    ),
    "refused-and-counted": Fault(
        what="a card that is refused is counted as a load",
        holds="forged or refused, it changes nothing",
        target="card-records", place="meter_emu.firmware.rules:MeterRules.refuse",
        put=refused_and_counted,
    ),
}  # fmt: skip

_EXCLUSIVE: Final = "an end date is read as exclusive", "reference+end-exclusive"
# What each target of events must find, to show that its machinery notices.
CANARIES: Final = {
    f"canary-{target}": Fault(what=what, target=target, holds=holds, build=build)
    for target, holds, (what, build) in (
        ("household", "never early, never late", _EXCLUSIVE),
        ("keypad", "supplied as long as was paid",
         ("the end of the paid time is kept as a date", "reference+paid-until-midnight")),
        ("stories", "the laws that look at one run", _EXCLUSIVE),
    )
}  # fmt: skip

FAULTS: Final = {**MISTAKES, **PLANTED, **CANARIES}


class Found(NamedTuple):
    """What a run came to: the find in words, `None` for none; its processor time, executions."""

    said: str | None
    cpu_s: float
    executions: int


def run(fault_id: str, seed: int, *, cpu_s: int = CPU_S) -> Found:
    """Fuzz with a fault for so much processor time, in a child of this process."""
    fault = FAULTS[fault_id]
    with TemporaryDirectory(prefix="meter-emu-faults-") as scratch:
        corpus, said = Path(scratch) / "corpus", Path(scratch) / "said"
        corpus.mkdir()
        if fault.seeded:  # in a child of its own: it may keep what a fault would have changed
            assert _child(_write_seeds, fault.target, corpus).exitcode == 0, fault_id
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        child = _child(_fuzz, fault, seed, cpu_s, corpus, said)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        took_s = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
        return _found(said.read_text(), child.exitcode or 0, took_s)


def _child(do: Callable[..., None], *rest: object) -> ForkProcess:
    """Run something in a child that has what this process has imported, to its end."""
    child = get_context("fork").Process(target=do, args=rest)
    child.start()
    child.join()
    return child


def _write_seeds(target_id: str, corpus: Path) -> None:
    for number, data in enumerate(targets()[target_id].seeds()):
        (corpus / str(number)).write_bytes(data)


def _fuzz(fault: Fault, seed: int, cpu_s: int, corpus: Path, said: Path) -> None:
    """Make the fault, and fuzz; it ends with SIGXCPU when its processor time is over."""
    with said.open("w") as out:
        os.dup2(out.fileno(), sys.stdout.fileno())
        os.dup2(out.fileno(), sys.stderr.fileno())
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 10))  # SIGXCPU, and not yet SIGKILL
    fault.apply()
    target = targets()[fault.target]
    os.environ |= {ENV_TARGET: place_of(target), ENV_BUILD: fault.build, ENV_SEED: str(seed)}
    sys.argv[1:] = [
        f"-artifact_prefix={corpus.parent}/", length_control(target), f"-seed={seed}",
        f"-max_len={target.size_max}", "-print_final_stats=1", str(corpus),
    ]  # fmt: skip
    with suppress(SystemExit):
        worker.main()
    CDLL(None).exit(worker.FOUND)  # a whole process's end, at which libFuzzer says its figures


def _found(text: str, status: int, cpu_s: float) -> Found:
    """Return what a child came to, from what it said; raise for one that ended by itself."""
    counted, said = _EXECUTIONS.findall(text), _SAYS.findall(text)
    executions = int(counted[-1]) if counted else 0
    if not executions or (not said and status != -signal.SIGXCPU):
        raise RuntimeError(f"the child ended with status {status}:\n{text[-2_000:]}")
    return Found(said[-1] if said else None, cpu_s, executions)


@click.command()
@click.argument("fault_ids", nargs=-1, type=click.Choice(list(FAULTS)), metavar="[FAULT]...")
@click.option("--seeds", default=SEEDS, show_default=True)
def main(fault_ids: tuple[str, ...], seeds: int) -> None:
    """Find each fault with each seed; print rows as docs/fuzzing.md has them."""
    missed = 0
    for fault_id in fault_ids or FAULTS:
        fault = FAULTS[fault_id]
        found = [run(fault_id, seed) for seed in range(1, seeds + 1)]
        cells = " | ".join(
            f"NOT FOUND in {one.cpu_s:.0f} s" if one.said is None
            else f"{one.cpu_s:.0f} s, {one.executions:,}"
            for one in found
        )  # fmt: skip
        click.echo(f"| `{fault_id}` | {fault.what} | `{fault.target}` | {cells} |")
        missed += sum(one.said is None for one in found)
    raise SystemExit(missed > 0)

"""The card in process: single commands against their peers, and one whole session at a meter."""

import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import count
from random import Random
from time import perf_counter
from typing import Any, Final

from card_protocol.card.image import CardKind
from card_protocol.card.virtual import card_of
from card_protocol.formats.budget import DF_ELECTRICITY, Sfi
from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Desk, Work
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.units import EPOCH_2000_US, MINUTE_US, SECOND_US
from tests.bench import vicc
from tests.bench.row import Row, rate
from tests.bench.vicc import vicc_absent
from tests.rigs import rig_of

METER: Final = 541_000_000_001
JUNE_2020_US: Final = 1_591_092_000 * SECOND_US  # 2 June 2020, 10:00 UTC
GET_CHALLENGE: Final = bytes.fromhex("0084000008")
READ_16: Final = bytes((0x00, 0xB0, 0x80 | Sfi.IDENTITY, 0x00, 0x10))
SELECT_DF: Final = bytes.fromhex("00a4000c02") + DF_ELECTRICITY.to_bytes(2, "big")
PEER: Final = "virtualsmartcard"  # the module of the packaged `vicc` emulator
PEER_RATIO_MIN: Final = 5
# Where the targets were set, the peer did this many a second.
STATED: Final = {GET_CHALLENGE: 41_500, READ_16: 39_500}


@dataclass(frozen=True)
class Command:
    """What bare dispatch takes apart: a header in a frozen dataclass."""

    cla: int
    ins: int
    p1: int
    p2: int
    le: int


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield the card's rows."""
    times = 300 if quick else 20_000
    rounds = 1 if quick else 5
    bare = rate(_bare(), count=times, rounds=rounds)
    yield Row(
        what="bare dispatch through a frozen dataclass", measured=f"{bare:,.0f}/s", target="peer"
    )
    card = card_of(_desk().issue(METER, issued_at_min=_minute(0)), Random(1).randbytes)
    card.power_on()
    assert card.transmit(SELECT_DF) == b"\x90\x00"
    peer = _peer()
    for name, command in (("GET CHALLENGE", GET_CHALLENGE), ("READ BINARY 16", READ_16)):
        assert card.transmit(command)[-2:] == b"\x90\x00"
        ours = rate(lambda command=command: card.transmit(command), count=times, rounds=rounds)  # type: ignore[misc]
        yield Row(what=f"{name} in process", measured=f"{ours:,.0f}/s = {ours / bare:.0%} of bare")
        yield _against_peer(name, command, ours, peer, times, rounds)
    for kind in CardKind:
        yield _session(kind, 5 if quick else 100)


def _against_peer(
    name: str, command: bytes, ours: float, peer: Any, times: int, rounds: int
) -> Row:
    what, target = f"  {name}: ours / packaged vicc", f">= {PEER_RATIO_MIN}"
    if peer is None:
        stated = STATED[command]
        measured = f"{ours / stated:.1f} x its stated {stated:,}/s; {vicc_absent()}"
        return Row(what=what, measured=measured, target=target)
    theirs = rate(lambda: peer.execute(command), count=times, rounds=rounds)
    ratio = ours / theirs
    return Row(
        what=what,
        measured=f"{ratio:.1f} ({theirs:,.0f}/s)",
        target=target,
        met=ratio >= PEER_RATIO_MIN,
    )


def _bare() -> Callable[[], object]:
    def challenge(command: Command) -> bytes:
        return b"\0" * command.le + b"\x90\x00"

    handlers = {0x84: challenge}

    def call() -> bytes:
        command = Command(*GET_CHALLENGE)
        return handlers[command.ins](command)

    return call


def _peer() -> Any:
    """Return the packaged emulator with one file of 64 bytes, `None` when it cannot be run."""
    if vicc_absent():
        return None
    sys.path.append(vicc.MODULES)
    generator = import_module(f"{PEER}.CardGenerator").CardGenerator("iso7816")
    files = import_module(f"{PEER}.SmartcardFilesystem")
    system = import_module(f"{PEER}.VirtualSmartcard").Iso7816OS
    logging.disable(logging.CRITICAL)  # it warns of its default PIN
    generator.generateCard()
    master_file, access = generator.getCard()
    logging.disable(logging.NOTSET)
    file = files.TransparentStructureEF(
        parent=master_file, fid=0xEF01, shortfid=int(Sfi.IDENTITY), data=bytes(64)
    )
    master_file.append(file)
    peer = system(master_file, access)
    for command, size in ((GET_CHALLENGE, 8), (READ_16, 16)):
        assert len(peer.execute(command)) == size + 2, "the peer answers what we ask it"
    return peer


def _session(kind: CardKind, times: int) -> Row:
    """Measure insert, authenticate, order, credit, write-back, at a meter that obeys all of it."""
    rig = rig_of(start_us=JUNE_2020_US, load=300, carrier=kind)
    board, card = rig.board, rig.first_card()
    program = rig.build.program(rig.household.model)(board)
    shown = Civil(2020, 7, 3, 23, 1)
    spent_s = []
    for number in count(1):
        rig.serve(card, Work(load_cents=500, defer_until=shown, cut_at=shown), _minute(number))
        board.now_us += MINUTE_US
        began = perf_counter()
        board.insert(card)
        program.poll()
        spent_s.append(perf_counter() - began)
        assert "EXECUTED" in board.panel.text, board.panel.text
        board.remove()
        if number == times:
            break
    each_ms = 1000 * sorted(spent_s)[len(spent_s) // 2]
    return Row(
        what=f"whole card session in process, {kind.name.lower()} card, median",
        measured=f"{each_ms:.2f} ms",
    )


def _desk() -> Desk:
    return Desk(TEST_MASTER_KEY, challenge=Random(3).randbytes)


def _minute(number: int) -> int:
    return (JUNE_2020_US - EPOCH_2000_US) // MINUTE_US + number

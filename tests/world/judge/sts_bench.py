"""An STS meter alone on a bench, with any state, whose answers are read off its display."""

from collections.abc import Callable
from random import Random
from typing import Any, Final

import msgspec

from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.firmware.layouts import with_crc
from meter_emu.firmware.token.sts import StsEffects, StsProgram, TidMemory
from meter_emu.firmware.token.sts_layouts import STS
from meter_emu.ports import Firmware, Ports
from meter_emu.units import SECOND_US
from meter_emu.world.meter.acts import Type
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.board import Board
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.install import Installation, install
from meter_emu.world.meter.model import MeterModel
from tests.world.judge.sts_homes import METER_ID, model_of

BUILD: Final = parse_build("reference")
START_US: Final = 1_800_000_000_000_000


def sts_model(name: str = "sts", **changes: Any) -> MeterModel:
    """Return a built-in model with some of its numbers changed."""
    model = model_of(name)
    assert model.sts is not None
    return msgspec.structs.replace(model, sts=msgspec.structs.replace(model.sts, **changes))


def sts_program(
    program: type[StsProgram] = StsProgram,
    tids: type[TidMemory] = TidMemory,
    effects: type[StsEffects] = StsEffects,
) -> Callable[[Ports], Firmware]:
    """Return the factory of a program with parts of its own."""
    return lambda ports: program(ports, tids=tids(), effects=effects())


def board_of(model: MeterModel, *, load_w: int = 0, settles: int = 0, **changes: Any) -> Board:
    """Return the board of a meter whose state has these fields."""
    inst = Installation(
        meter_id=METER_ID,
        balance_cents=0,
        load=(load_w,) * 24,
        clock_error_us=0,
        drift_ppb=0,
        clock_set_us=START_US,
    )
    board = install(
        model, BUILD, inst, master=TEST_MASTER_KEY, now_us=START_US, fate=Random(settles)
    )
    board.settles = settles
    at, size = STS.state_at[0], STS.state.size_bytes
    state = STS.state.parse(bytes(board.eeprom.cells[at : at + size]))
    for name, value in changes.items():
        setattr(state, name, value)
    board.eeprom.cells[at : at + size] = with_crc(STS.state.build(state))
    return board


def bench_of(board: Board, program: Callable[[Ports], Firmware] | None = None) -> Bench:
    """Return a bench with it, after its first look."""
    bench = Bench(board, program or sts_program(), poll_us=60 * SECOND_US, boot_us=1_500_000)
    bench.run_until(board.now_us + 61 * SECOND_US)
    return bench


def answer(bench: Bench, digits: str) -> int:
    """Key digits in, and return the number that the meter answers."""
    bench.do(Type(digits))
    return int(bench.board.panel.text.split(" | ")[1].split()[0])


def shown_kwh(bench: Bench) -> int:
    """Return the whole kWh that the meter shows."""
    word = bench.board.panel.text.split()[0]
    return int(word) if word.isdigit() else 0


def state_of(board: Board) -> Any:
    """Return the newer state in a board's memory."""
    found = []
    for at in STS.state_at:
        raw = bytes(board.eeprom.cells[at : at + STS.state.size_bytes])
        if raw == with_crc(raw):
            found.append(STS.state.parse(raw))
    return max(found, key=lambda one: one.sequence)

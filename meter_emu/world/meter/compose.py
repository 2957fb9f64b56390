"""Puts a meter together: board, bench and watch. The one way for all who run meters."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from random import Random
from typing import TypeAlias

from meter_emu.errors import ImageError
from meter_emu.resources import read_file
from meter_emu.units import SECOND_US
from meter_emu.world.meter.acts import ActListener
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.board import Board
from meter_emu.world.meter.build import Build
from meter_emu.world.meter.call_log import Alarm, CallLog
from meter_emu.world.meter.events import Event
from meter_emu.world.meter.image import board_of, meter_id_in
from meter_emu.world.meter.model import MeterModel
from meter_emu.world.meter.observer import Observer

ListenerOf: TypeAlias = Callable[[Board], ActListener]


def watched_bench(
    board: Board,
    model: MeterModel,
    build: Build,
    take: Callable[[Event], None],
    *,
    phase_us: int = 0,
    outages: Sequence[tuple[int, int]] = (),
    rtc_found: Iterable[tuple[int, Sequence[tuple[int, int]]]] = (),
    witness: ActListener | None = None,
    log: CallLog | None = None,
    polls_max: int | None = None,
) -> tuple[Bench, Observer]:
    """Return the bench that runs `build` on a board of `model`, and the watch that calls `take`.

    `rtc_found` is what registers of its clock chip hold when power is back at some instants.
    `witness` records what people do at it. A program that is not ours is never without a `log`.
    """
    if log is None and build.factory is not None:
        log = CallLog(board, Alarm())
    watch = Observer(board, build.parts(model), take)

    found = dict(rtc_found)

    def power(up: bool) -> None:
        if up:
            board.rtc.upset(found.get(board.now_us, ()))
        watch.power(up)

    bench = Bench(
        board,
        build.program(model),
        poll_us=model.poll_s * SECOND_US,
        phase_us=phase_us,
        boot_us=model.boot_ms * 1_000,
        outages=outages,
        on_poll=watch.look,
        on_power=power,
        witness=witness,
        log=log,
        polls_max=polls_max,
    )
    return bench, watch


def board_of_file(
    path: Path,
    model: MeterModel,
    build: Build,
    load: tuple[int, ...],
    *,
    drift_ppb: int,
    now_us: int,
    fate: Random,
) -> tuple[Board, int | None]:
    """Return the meter in an image file, powered up at `now_us`, and its number if it has one.

    Its clock goes on from what it shows. Raise `ImageError` for a file that cannot be read, or is
    no whole image of this model.
    """
    try:
        raw = read_file(path)
    except OSError as error:
        raise ImageError(str(path), f"cannot be read: {error.strerror}") from None
    board = board_of(
        raw,
        model,
        build,
        load,
        drift_ppb=drift_ppb,
        now_us=now_us,
        fate=fate,
        path=str(path),
    )
    return board, meter_id_in(raw, model)

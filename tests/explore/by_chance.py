"""A program of ours that fails once in its process: run again, it does otherwise."""

from itertools import count
from typing import Final

from meter_emu.firmware.program import Program
from meter_emu.ports import Ports, Sleep
from meter_emu.resources import built_in
from meter_emu.world.meter.build import dialogues, parse_build
from meter_emu.world.meter.model import load_model

MADE = count(1)
FAILS: Final = 9  # the number of the start that fails


class _Once(Program):
    __slots__ = ()

    def poll(self) -> Sleep | None:
        raise ValueError("a fault that comes and goes")


def fails_once(ports: Ports) -> Program:
    model = load_model(built_in("meters")["electricity-ds3231-utc"])
    parts = parse_build("reference").parts(model)
    made = _Once if next(MADE) == FAILS else Program
    return made(ports, parts, dialogues())

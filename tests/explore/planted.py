"""A program of ours but for its memory, which survives any power cut, and not two of them."""

from meter_emu.firmware.journal import PAGE_SIZE_BYTES, read_cells, write_record
from meter_emu.firmware.layouts import STATE, STATE_AT, State
from meter_emu.firmware.memory import Memory, valid_state
from meter_emu.firmware.program import Program
from meter_emu.ports import Ports
from meter_emu.resources import built_in
from meter_emu.world.meter.build import dialogues, parse_build
from meter_emu.world.meter.model import load_model


class Repairing(Memory):
    """A start that finds one copy of the state broken writes the good one anew, in its place."""

    __slots__ = ()

    def state(self, *, powered_on: bool = False) -> State | None:
        state = super().state(powered_on=powered_on)
        if powered_on and state is not None:
            good = STATE_AT[self._newest]
            other = read_cells(self._ports, STATE_AT[1 - self._newest], STATE.size_bytes)
            broken = valid_state(other, self._possible_end) is None
            if broken and other != b"\xff" * len(other):
                raw = read_cells(self._ports, good, STATE.size_bytes)
                for offset in range(0, len(raw), PAGE_SIZE_BYTES):
                    write_record(self._ports, good + offset, raw[offset : offset + PAGE_SIZE_BYTES])
        return state


def repairing(ports: Ports) -> Program:
    model = load_model(built_in("meters")["electricity-ds3231-utc"])
    parts = parse_build("reference").parts(model)
    return Program(ports, parts, dialogues(), memory=Repairing)

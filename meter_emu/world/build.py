"""Which program runs in a meter, on which chips, served by which desk: a *build*, by its name.

`reference` is our program; `reference+DEFECT[+DEFECT...]` is the same with parts swapped, each
defect at its own site (chip, firmware, or that meter's visits to the desk).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final, final

from meter_emu.defects import Defect, PartT, catalogue, fit
from meter_emu.desk.codec import DeskCodec
from meter_emu.desk.dates import DeskDates
from meter_emu.errors import ConfigError
from meter_emu.firmware.parts import Parts, assemble
from meter_emu.firmware.program import Program
from meter_emu.hardware.oscillator import Oscillator
from meter_emu.hardware.rtc.pcf8563 import Pcf8563
from meter_emu.hardware.rtc.registers import ChipCalendar
from meter_emu.ports import Firmware, Ports
from meter_emu.world.model import MeterModel

REFERENCE: Final = "reference"


@final
@dataclass(frozen=True, slots=True)
class Build:
    """A named program with its parts; equal names give the same object."""

    name: str
    defects: tuple[Defect, ...]
    parts: Parts

    def program(self, ports: Ports) -> Firmware:
        """Return the firmware on a board, as after a reset."""
        return Program(ports, self.parts)

    def fitted(self, part: type[PartT]) -> type[PartT]:
        """Return the class of a chip's or the desk's part in this build."""
        return fit(part, self.defects)

    def rtc(self, model: MeterModel, drift_ppb: int, now_us: int) -> Pcf8563:
        """Return the clock chip a model names; raise `ConfigError` for one we do not have."""
        if model.rtc not in _CHIPS:
            raise ConfigError(
                model.name, "rtc", f"want one of {', '.join(_CHIPS)}, got {model.rtc}"
            )
        return _CHIPS[model.rtc](self, drift_ppb, now_us)

    def desk_parts(self) -> tuple[DeskDates, DeskCodec]:
        """Return the parts of the desk that serves this meter."""
        return self.fitted(DeskDates)(), self.fitted(DeskCodec)()


def _pcf8563(build: Build, drift_ppb: int, now_us: int) -> Pcf8563:
    oscillator = build.fitted(Oscillator)(drift_ppb, at_us=now_us)
    return build.fitted(Pcf8563)(build.fitted(ChipCalendar)(), oscillator)


# The chips a model file may name. A new chip is a new file in hardware/rtc and one in firmware/rtc.
_CHIPS: Final[dict[str, Callable[[Build, int, int], Pcf8563]]] = {"pcf8563": _pcf8563}


@cache
def parse_build(name: str) -> Build:
    """Return the build of a name; raise `ConfigError` saying which names there are."""
    program, *defect_ids = name.split("+")
    if program != REFERENCE:
        raise ConfigError(name, "build", f"want {REFERENCE}[+DEFECT...], got program {program!r}")
    known = catalogue()
    for defect_id in defect_ids:
        if defect_id not in known:
            raise ConfigError(
                name, "build", f"want a defect of {', '.join(known)}, got {defect_id!r}"
            )
    if len(set(defect_ids)) != len(defect_ids):
        raise ConfigError(name, "build", "a defect is named twice")
    defects = tuple(known[defect_id] for defect_id in defect_ids)

    def fitted(part: type[PartT], /) -> type[PartT]:
        return fit(part, defects)

    return Build(name, defects, assemble(fitted))

"""A *firmware build* by its name: which program runs in a meter, on which chips, with which desk.

`reference` is our program; `reference+DEFECT[+DEFECT...]` is the same with parts swapped, each
defect at its own site (chip, firmware, or desk). `plain` is ours without bounds on its favours and
without the guards of its clock; it takes defects alike. `MODULE:FACTORY` is somebody else's program
on the ports, and so is `./PROGRAM`, an executable linked with `meter_host.c`; they take the defects
of chips and desk.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import TracebackType
from typing import Final, final

from meter_emu import families
from meter_emu.defects import Defect, PartT, catalogue, fit
from meter_emu.desk.dates import DeskCodec, DeskDates
from meter_emu.desk.desk import Desk
from meter_emu.domain import BUDGET
from meter_emu.errors import ConfigError
from meter_emu.firmware.dialogues.base import CardDialogue
from meter_emu.firmware.parts import Parts, assemble
from meter_emu.firmware.plain import PLAIN as PLAIN_PARTS
from meter_emu.firmware.rtc.driver import RtcDriver
from meter_emu.hardware.oscillator import Oscillator
from meter_emu.hardware.rtc.calendar_chip import CalendarChip, ChipCalendar
from meter_emu.nearest import hint
from meter_emu.ports import Firmware, Ports
from meter_emu.world.meter.clock_chips import clock_chip
from meter_emu.world.meter.covers import Covers
from meter_emu.world.meter.devices import DEVICES
from meter_emu.world.meter.host.hosted import HostedProgram, hosted
from meter_emu.world.meter.install import FirstMemory
from meter_emu.world.meter.model import MeterModel
from meter_emu.zones import TimeZone

REFERENCE: Final = "reference"
PLAIN: Final = "plain"
OUR_BUILDS: Final = {
    REFERENCE: "our own program, without a defect",
    PLAIN: "the same without bounds on its favours, and without the guards of its clock",
}
_FACTORY: Final = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*)", re.ASCII)
_DESK: Final = (Desk, DeskDates, DeskCodec)
_OUR_PROGRAM: Final = "meter_emu.firmware."  # the sites in our program, and in no other's


@final
@dataclass(frozen=True, slots=True)
class Build:
    """A named program; equal names give the same object. `factory` is `None` for our own."""

    name: str
    defects: tuple[Defect, ...]
    factory: Callable[[Ports], Firmware] | None = None
    plain: bool = False

    @property
    def hosted(self) -> bool:
        """Whether its program runs in processes of its own, which bound it."""
        return isinstance(self.factory, HostedProgram)

    @property
    def covers(self) -> Covers | None:
        """The program's declaration of what it covers; `None` for ours or without one."""
        declared: Covers | None = getattr(self.factory, "covers", None)
        return declared

    def program(self, model: MeterModel) -> Callable[[Ports], Firmware]:
        """Return the factory of a model's firmware on a board, as after a reset."""
        if self.factory is not None:
            return self.factory
        return DEVICES[model.device].program(self, model)

    @property
    def dialogues(self) -> tuple[type[CardDialogue], ...]:
        """The dialogues of our program, one for each family of cards."""
        return tuple(map(self.fitted, dialogues()))

    def parts(self, model: MeterModel) -> Parts:
        """Return our program's parts for a model's board, also used to read another's memory."""
        return _parts(self, clock_chip(model).driver, model.zone)

    def readable(self, model: MeterModel) -> Parts | None:
        """Return the parts by which its account can be read: of ours in a budget meter alone."""
        ours = self.factory is None and model.device == BUDGET
        return self.parts(model) if ours else None

    def first_memory(self, model: MeterModel) -> FirstMemory:
        """Return what yields the first contents of a new meter's memory."""
        return DEVICES[model.device].first_memory

    def fitted(self, part: type[PartT], /) -> type[PartT]:
        """Return this build's class for a part."""
        swapped: type[PartT] = PLAIN_PARTS.get(part, part) if self.plain else part
        return fit(swapped, self.defects)

    def rtc(self, model: MeterModel, drift_ppb: int, now_us: int) -> CalendarChip:
        """Return the clock chip of a model; raise `ConfigError` for an unknown one."""
        oscillator = self.fitted(Oscillator)(drift_ppb, at_us=now_us)
        return self.fitted(clock_chip(model).chip)(self.fitted(ChipCalendar)(), oscillator)

    @property
    def desk_has_defects(self) -> bool:
        """Whether the office's own program may fail."""
        return any(map(_of_desk, self.defects))

    def named(self, *, desk: bool, meter: bool) -> str:
        """Return the build's name with the defects of its desk, and those of its meter, or without.

        A meter without its defects has our own program.
        """
        left = [one.id for one in self.defects if (desk if _of_desk(one) else meter)]
        program = self.name.partition("+")[0] if meter else REFERENCE
        return "+".join([program, *left])

    def desk_parts(self, zone: TimeZone) -> tuple[type[Desk], DeskDates, DeskCodec]:
        """Return the desk that serves this meter, and its parts."""
        return self.fitted(Desk), self.fitted(DeskDates)(zone), self.fitted(DeskCodec)(zone)


def _of_desk(defect: Defect) -> bool:
    return any(issubclass(part, defect.part) for part in _DESK)


def dialogues() -> tuple[type[CardDialogue], ...]:
    """Return our program's dialogues, one for each family of cards."""
    return tuple(family.dialogue for family in families.FAMILIES)


@cache
def _parts(build: Build, driver: type[RtcDriver], zone: TimeZone) -> Parts:
    return assemble(build.fitted, driver, zone.rule)


@cache
def parse_build(name: str) -> Build:
    """Return the build of a name; raise `ConfigError` listing the known ones."""
    program, *defect_ids = name.split("+")
    factory: Callable[[Ports], Firmware] | None = None
    if "/" in program or "\\" in program:
        factory = hosted(program)
    elif program not in OUR_BUILDS:
        factory = _factory(name, program)
    known = catalogue() if defect_ids else {}
    for defect_id in defect_ids:
        if defect_id not in known:
            near = hint(defect_id, known)
            raise ConfigError(
                name, "build", f"expected a defect of the catalogue, got {defect_id!r}{near}"
            )
    if len(set(defect_ids)) != len(defect_ids):
        raise ConfigError(name, "build", "a defect is named twice")
    defects = tuple(known[defect_id] for defect_id in defect_ids)
    for defect in defects:
        if factory is not None and defect.part.__module__.startswith(_OUR_PROGRAM):
            why = f"{defect.id} is a defect of our own program, and {program} is another"
            raise ConfigError(name, "build", why)
        fit(defect.part, defects)  # two that swap the same routine are refused here
    return Build(name, defects, factory, plain=program == PLAIN)


@final
class _Importing:
    """Turns whatever an imported module raises into one line."""

    def __init__(self, build: str, module_name: str) -> None:
        self._build: Final = build
        self._module_name: Final = module_name

    def __enter__(self) -> None:
        """Enter."""

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Raise `ConfigError` in place of what it raised."""
        if isinstance(error, Exception | SystemExit):
            said = str(error) if isinstance(error, ImportError) else repr(error)
            why = f"cannot import {self._module_name}: {said}"
            raise ConfigError(self._build, "build", why) from None


def _factory(name: str, program: str) -> Callable[[Ports], Firmware]:
    """Return what `MODULE:FACTORY` names: a callable from ports to a `Firmware`."""
    found = _FACTORY.fullmatch(program)
    if found is None:
        why = (
            f"expected {' or '.join(OUR_BUILDS)}, MODULE:FACTORY or ./PROGRAM, then [+DEFECT...], "
        )
        why += f"got {program!r}" + hint(program, list(OUR_BUILDS))
        raise ConfigError(name, "build", why)
    module_name, attribute = found.groups()
    with _Importing(name, module_name):
        factory = getattr(import_module(module_name), attribute, None)
    if not callable(factory):
        why = f"{module_name} has no {attribute} to call"
        raise ConfigError(name, "build", why)
    declared = getattr(factory, "covers", None)
    if declared is not None:
        if not isinstance(declared, Covers):
            why = f"its covers, a {type(declared).__name__}, is no Covers"
            raise ConfigError(name, "build", why)
        declared.check(name)
    made: Callable[[Ports], Firmware] = factory
    return made

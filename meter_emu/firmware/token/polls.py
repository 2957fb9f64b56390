"""What the programs of devices with a keypad have in common: their memory, and the switch."""

from abc import ABC, abstractmethod
from typing import Final, Generic

from meter_emu.firmware.journal import Journal, JournalledT, read_cells, read_firmly, record_in
from meter_emu.firmware.token.kept_records import FactoryT, Records
from meter_emu.ports import Lamp, Ports, Sleep

TOKEN_BEEP_MS: Final = 200  # ours


class TokenProgram(ABC, Generic[FactoryT, JournalledT]):
    """A program that loads both records in each poll, and then looks what is to be done."""

    __slots__ = ("_journal", "_ports", "_records")

    def __init__(self, ports: Ports, records: Records[FactoryT, JournalledT]) -> None:
        self._ports = ports
        self._records = records
        self._journal = Journal(
            ports,
            records.state,
            records.state_at,
            version=records.version,
            possible=records.possible_state,
        )

    def poll(self) -> Sleep | None:
        """Run once. See `meter_emu.ports.Firmware`."""
        ports = self._ports
        powered_on = ports.reset_cause() != 0
        factory = self._factory(powered_on=powered_on)
        state = self._journal.load(powered_on=powered_on) if factory else None
        if factory is None or state is None:
            ports.display("NOT CONFIGURED" if factory is None else "MEMORY FAULT")
            ports.lamps(Lamp.FAULT)
            return None
        return self._look(factory, state, powered_on=powered_on)

    @abstractmethod
    def _look(self, factory: FactoryT, state: JournalledT, *, powered_on: bool) -> Sleep | None:
        """Do what is to be done; return until when that is nothing."""

    def _factory(self, *, powered_on: bool) -> FactoryT | None:
        records, read = self._records, read_firmly if powered_on else read_cells
        raw = read(self._ports, records.factory_at, records.factory.size_bytes)
        found = record_in(raw, records.factory, records.version)
        return found if found is not None and records.possible_factory(found) else None

    def _entry_done(self) -> None:
        self._ports.keys_done()
        self._ports.beep(TOKEN_BEEP_MS)

    def _switched(self, *, wanted: bool) -> bool:
        """Move the switch if it is not as wanted; return whether it is then."""
        ports = self._ports
        if ports.switch_on() != wanted:
            ports.switch_drive(wanted)
        return ports.switch_on() == wanted

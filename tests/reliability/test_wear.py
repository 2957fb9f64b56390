"""A memory at its end: pages that were written more often than they endure."""

from typing import Final

import msgspec
import pytest

from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Work
from meter_emu.ports import Lamp
from tests.firmware.meters import START_US, Rig
from tests.properties.trials import METERS
from tests.rigs import MODEL

ENDURES: Final = 1_000
DAY_S: Final = 86_400
T2: Final = Civil(2020, 7, 11, 12, 0)  # noon in Brussels, ten days after the start
T2_US: Final = START_US + 10 * DAY_S * 1_000_000


def worn(left: int, model: str = "electricity-pcf8563-utc") -> Rig:
    """Return a meter with T2 in its memory, whose pages endure `left` more writes."""
    rig = Rig(model=msgspec.structs.replace(METERS[model], eeprom_endurance_cycles=ENDURES))
    rig.write(Work(cut_at=T2))
    assert rig.insert().endswith("CARD 01 EXECUTED")
    rig.board.eeprom.wear[:] = [ENDURES - left] * len(rig.board.eeprom.wear)
    return rig


@pytest.mark.slow("lives twelve days on a memory at its end", short=5)
@pytest.mark.parametrize("left", [*range(12), 200])
def test_a_memory_at_its_end_says_so_and_cuts_nobody_early(left):
    rig = worn(left)
    rig.run(9 * DAY_S)
    rig.run(3 * DAY_S)
    early = [at for at, on in rig.board.moves if not on and at < T2_US]
    assert not early
    fault = "MEMORY FAULT" in rig.board.panel.text
    assert fault or left >= 5
    assert not (fault and left == 200), "long before its end it cuts as any other"
    if fault:
        assert rig.board.panel.lamps == Lamp.FAULT
    else:
        assert rig.board.moves


def test_what_was_paid_is_not_said_to_be_booked_where_it_is_not_kept():
    """Once the fault is there a card is refused; its sums wait on it for the next meter."""
    rig = worn(0)
    rig.run(3 * DAY_S)
    rig.write(Work(load_cents=5_000))
    assert rig.insert() == "MEMORY FAULT | CARD 1D METER_NOT_CONFIGURED"
    back = rig.write_back()
    assert back is None or back.accepted_cents == 0


def test_what_is_written_within_the_endurance_is_read():
    assert MODEL.eeprom_endurance_cycles == 1_000_000

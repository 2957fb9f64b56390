"""A new key is saved, and then the memory of TIDs."""

from meter_emu.defects import Defect, Effect, energy_bought
from meter_emu.defects.in_turn import saved_in_turn
from meter_emu.firmware.token.sts import StsProgram
from meter_emu.firmware.token.sts_layouts import StsState

_TYPED = {10: "1-1", 11: "1-2", 30: "1-1", 31: "1-2", 32: "2"}


@Defect(
    mechanism="a key that is saved before the memory that goes with it: power fails, all is old",
    effect=Effect.NOT_CREDITED,
    law="cut-in-entry",
    shown=energy_bought(
        "2024-11-12 18:00",
        start="2024-11-12 09:00",
        model="sts",
        sold=("2024-11-12 09:00 key 2014 2 rollover", "2024-11-12 09:10 wh 3000"),
        visits=tuple(f"2024-11-12 10:{at} token {one}" for at, one in _TYPED.items()),
        credit_wh=2000,
        lost="2024-11-12 10:11:00.048898",
    ),
    blind="power that holds while an entry is served",
    seen="a block that is marked as valid before its data are written (gh:fabriziop/EEWL#2)",
    avoid="save all that a change brings in one record",
)
class KeyBeforeMemory(StsProgram):
    def keep(self, state: StsState) -> None:
        fields = "key", "key_type", "ken", "revision", "tariff_index", "waiting"
        saved_in_turn(self._journal, state, *fields)

"""A roll-over that leaves the memory of TIDs as it is."""

from meter_emu.defects import Defect, Effect, energy_bought
from meter_emu.firmware.token.sts import StsEffects
from meter_emu.firmware.token.sts_layouts import StsState


@Defect(
    mechanism="a roll-over that brings the key, and keeps the TIDs of the old base date",
    effect=Effect.NOT_CREDITED,
    law="energy-once",
    shown=energy_bought(
        "2024-11-12 18:00",
        start="2024-11-12 09:00",
        model="sts",
        sold=("2024-11-12 09:00 key 2014 2 rollover", "2024-11-12 09:10 wh 3000"),
        visits=tuple(f"2024-11-12 09:2{n} token {one}" for n, one in enumerate(("1-1", "1-2", 2))),
        credit_wh=2000,
    ),
    blind="meters that are never rolled over",
    seen="meters of before 2012 that had to be replaced for the night of 24 November 2024 "
    "(i-switch.co.za, esi-africa.com); that this is why is inferred",
    avoid="try a roll-over with a memory that is full of TIDs of the old base date",
)
class RolloverBitIgnored(StsEffects):
    def rolled_over(self, state: StsState) -> None:
        return

"""The next look is planned by the clock, and not by the register."""

from meter_emu.defects import Defect, Effect, unannounced
from meter_emu.firmware.rules import MeterRules, Standing
from meter_emu.ports import Sleep


@Defect(
    mechanism="sleep that forgets when the credit is used up",
    effect=Effect.WRONG_MONEY,
    law="account",
    shown=unannounced("2020-02-03 06:00", "2020-02-03 20:00", load_w=500, balance_eur=1),
    blind="credit that ends in the protected hours, or never",
    seen="timers of one kind that wait for the timers of another "
    "(gh:HelTecAutomation/CubeCell-Arduino#257, gh:chenxiaolong/BasicSync#84)",
    avoid="wake at the first of all that may be due",
)
class WokenByTheClockAlone(MeterRules):
    def sleep(self, standing: Standing, *, at_most_s: int) -> Sleep | None:
        hint = super().sleep(standing, at_most_s=at_most_s)
        return None if hint is None else Sleep(hint.until_second, None)

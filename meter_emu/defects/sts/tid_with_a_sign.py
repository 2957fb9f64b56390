"""TIDs are read with a sign: the upper half is before the lower one."""

from meter_emu.defects import Defect, Effect, energy_bought
from meter_emu.firmware.token.sts import StsAnswer, TidMemory


def _signed(tid: int) -> int:
    return tid - (1 << 24) if tid >> 23 else tid


@Defect(
    mechanism="minutes of 24 bits widened with their sign: all are old from 13 December 2029 on",
    effect=Effect.NOT_CREDITED,
    law="energy-once",
    shown=energy_bought(
        "2029-12-13 18:00",
        start="2029-12-13 09:00",
        sold=("2029-12-13 10:08 wh 3000",),
        visits=("2029-12-13 10:10 token 1",),
        credit_wh=2000,
    ),
    blind="base date 2014 up to the middle of its 32 years; base date 1993 since 13 December 2008",
    seen="a byte shifted by 24 that is widened with its sign, in times after 2038 "
    "(gh:boostorg/iostreams#193); of a meter inferred",
    avoid="mask to 24 bits after widening; key in a token of either half",
)
class TidWithASign(TidMemory):
    def judged(self, tids: tuple[int, ...], tid: int) -> StsAnswer:
        return super().judged(tuple(map(_signed, tids)), _signed(tid))

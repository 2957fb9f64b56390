"""A key ends as its last number begins."""

from meter_emu.defects import Defect, Effect, energy_bought
from meter_emu.firmware.token.sts import TidMemory


@Defect(
    mechanism="an expiry number compared by >=, and 255 taken for a number like any other",
    effect=Effect.NOT_CREDITED,
    law="energy-once",
    shown=energy_bought(
        "2045-10-10 18:00",
        start="2045-10-10 08:00",
        sold=("2045-10-10 09:00 wh 3000",),
        visits=("2045-10-10 09:10 token 1",),
        credit_wh=2000,
    ),
    blind="keys of whose expiry number no minute has come yet",
    seen="a licence that has expired as its last day begins (gh:owncloud/core#39735)",
    avoid="say whether the last number is inside, and try its first and last minute",
)
class ExpiredAtItsNumber(TidMemory):
    def expired(self, tid: int, ken: int) -> bool:
        return tid >> 16 >= ken

"""A key ends by TID > KEN * 65,535."""

from meter_emu.defects import Defect, Effect, energy_bought
from meter_emu.firmware.token.sts import TidMemory


@Defect(
    mechanism="an expiry number multiplied by 65,535: 255, for ever, ends 45 days early",
    effect=Effect.NOT_CREDITED,
    law="energy-once",
    shown=energy_bought(
        "2045-10-10 18:00",
        start="2045-10-10 05:00",
        sold=("2045-10-10 06:00 wh 3000",),
        visits=("2045-10-10 06:10 token 1",),
        credit_wh=2000,
    ),
    blind="any day but the last 45 of a base date, and the first 255 minutes of each number",
    seen="a public library of tokens (gh:NectarAPI/tokens-service)",
    avoid="compare the upper 8 bits of the TID, and leave 255 out",
)
class ExpiryTimes65535(TidMemory):
    def expired(self, tid: int, ken: int) -> bool:
        return tid > ken * 65_535

"""Time and date are read in two accesses, and midnight may come between."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.firmware.rtc.driver import RtcDriver, RtcPorts, RtcReading


@Defect(
    mechanism="time and date read apart over midnight",
    effect=Effect.EARLY,
    law="tick-inside",
    shown=july(
        keys=(
            "outages = [{ from = 2020-07-02T22:00:00, to = 2020-07-03T01:59:58 }]",
            "drift_ppb = 1391",
        )
    ),
    blind="all but a millisecond of each day, so most meters for years",
    seen="stm32duino/STM32RTC#115, Lora-net/LoRaMac-node#743 and #1588, "
    "tianocore/edk2#10048, Linux spear (commit a87a07a1)",
    avoid="read all registers in one access, or read again until two readings agree",
)
class TornRead(RtcDriver):
    """Reads the time first: at midnight it is 23:59:59 of the day that begins."""

    def read(self, ports: RtcPorts) -> RtcReading:
        time = self.decode(self.registers(ports))
        date = super().read(ports)
        return time._replace(year=date.year, month=date.month, day=date.day)

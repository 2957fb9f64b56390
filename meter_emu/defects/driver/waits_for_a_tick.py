"""The driver reads until the second changes, to read no torn time."""

from meter_emu.defects import Defect, Effect, unannounced
from meter_emu.firmware.rtc.driver import RtcDriver, RtcPorts, RtcReading


@Defect(
    mechanism="a wait for a tick without a bound",
    effect=Effect.HANGS,
    law="answers",
    needs=("clock chip ds1307",),
    shown=unannounced(
        "2020-01-06 09:00",
        "2020-02-18 12:00",
        load_w=50,
        model="electricity-ds1307-cet",
        off=("2020-01-07 10:00", 984),
    ),
    blind="clocks that run",
    seen="a wait for the end of an update that has no end: tianocore/edk2#12870",
    avoid="give every wait a bound, and say what happens at it",
)
class WaitsForATick(RtcDriver):
    """Waits for ever when the clock stands."""

    def read(self, ports: RtcPorts) -> RtcReading:
        first = super().read(ports)
        while (reading := super().read(ports)) == first:
            pass
        return reading

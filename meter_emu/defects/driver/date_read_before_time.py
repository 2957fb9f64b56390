"""The date is read in an access before the time: at midnight it is 00:00 of the day before."""

from meter_emu.defects import Defect, Effect, july
from meter_emu.firmware.rtc.driver import RtcDriver, RtcPorts, RtcReading


@Defect(
    mechanism="date and time read apart, the date first",
    effect=Effect.LATE,
    law="tick-inside",
    shown=july(keys=("poll_phase_us = 59981500",)),
    blind="all but a millisecond of each day, so most meters for years",
    seen="MarkusLange/RTCDue#10, tianocore/edk2#12870",
    avoid="read all registers in one access, or read again until two readings agree",
)
class DateReadBeforeTime(RtcDriver):
    """Falls back a day where the other order leaps one."""

    def read(self, ports: RtcPorts) -> RtcReading:
        date = self.decode(self.registers(ports))
        return super().read(ports)._replace(year=date.year, month=date.month, day=date.day)

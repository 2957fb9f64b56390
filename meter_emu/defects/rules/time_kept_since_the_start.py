"""The time is journalled at the start alone."""

from meter_emu.defects import Defect, Effect, armed
from meter_emu.firmware.rules import MeterRules


@Defect(
    mechanism="the time journalled at the start alone: ticks wrap after 49.7 days",
    effect=Effect.DOUBTS,
    law="doubts",
    shown=armed("2020-05-09 12:00", on="2020-03-20 10:00", end="2020-05-09 20:00"),
    blind="meters that start anew within 49 days",
    seen="a time base that goes on from its start and is never compared again: yesterday"
    " until a restart (gh:team-reflect/reflect-open#1032, "
    "gh:rajatkulkarni95/octarine-feedback#198)",
    avoid="journal the time once a day",
)
class TimeKeptSinceTheStart(MeterRules):
    def keep_time(self, *, powered_on: bool) -> bool:
        if powered_on or self.state.health != self.now.health:
            return super().keep_time(powered_on=powered_on)
        return False

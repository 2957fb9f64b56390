"""The hours of the day are compared with UTC."""

from meter_emu.defects import Defect, Effect, unannounced
from meter_emu.firmware.ends import LegalHours


@Defect(
    mechanism="hours of the legal day compared with UTC",
    effect=Effect.CUT_WRONGLY,
    law="no-wrong-cut",
    shown=unannounced("2020-07-14 13:00", "2020-07-16 12:00", load_w=1000),
    blind="the hours far from an edge: all but one or two at each",
    seen="British meters from 29 March 2020 (community.bulb.co.uk), Economy 7 meters "
    "(conversation.which.co.uk)",
    avoid="convert once, and say in the name which time a number is",
)
class HoursInUtc(LegalHours):
    """Does not convert."""

    def legal_min(self, at_s: int) -> int:
        return at_s // 60

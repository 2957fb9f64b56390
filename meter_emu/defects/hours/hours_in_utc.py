"""The hours of the day are compared with UTC."""

from typing import Final

from typing_extensions import override

from meter_emu.defects import Defect, Effect
from meter_emu.defects.showing import Showing
from meter_emu.firmware.hours import LegalHours


class HoursInUtc(LegalHours):
    """Does not convert."""

    __slots__ = ()

    @override
    def legal_min(self, at_s: int) -> int:
        return at_s // 60


DEFECT: Final = Defect(
    id="hours-in-utc",
    mechanism="hours of the legal day compared with UTC",
    part=LegalHours,
    swap=HoursInUtc,
    effect=Effect.CUT_WRONGLY,
    shown=Showing(
        start="2020-07-14 13:00",
        end="2020-07-16 12:00",
        balance_eur=1,
        load_w=1000,
        visits=(),
    ),
    blind="the hours far from an edge: all but one or two at each",
    seen="British meters from 29 March 2020 (community.bulb.co.uk), Economy 7 meters "
    "(conversation.which.co.uk)",
    avoid="convert once, and say in the name which time a number is",
)

"""The non-disconnection period: weekdays 16:00 to 08:00 and whole weekends, in legal time.

Weekday public holidays are not in it (energieinfowallonie.be).
"""

from typing_extensions import override

from meter_emu.firmware.hours import Hours, LegalHours
from meter_emu.firmware.layouts import Factory, FactoryFlags


class Windows(LegalHours):
    """In which legal minutes a lack of credit does not cut. A part."""

    __slots__ = ()

    @override
    def hours(self, factory: Factory) -> Hours | None:
        if not factory.flags & FactoryFlags.WINDOW_ON:
            return None
        weekend = bool(factory.flags & FactoryFlags.WINDOW_WEEKEND)
        return Hours(factory.window_start_minute, factory.window_end_minute, weekend)

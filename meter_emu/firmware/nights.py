"""The night hours of a bi-hourly tariff: 21, 22, 22:30 or 23 o'clock to nine hours later, weekends.

Each network operator has its own; weekday public holidays are weekdays. The lower price is theirs,
so a meter that does not know the time to the minute charges it a little longer, never shorter.
"""

from typing_extensions import override

from meter_emu.firmware.hours import Hours, LegalHours
from meter_emu.firmware.layouts import Factory, FactoryFlags


class Nights(LegalHours):
    """In which legal minutes energy costs the night price. A part."""

    __slots__ = ()

    @override
    def hours(self, factory: Factory) -> Hours | None:
        if not factory.flags & FactoryFlags.NIGHT_ON:
            return None
        weekend = bool(factory.flags & FactoryFlags.NIGHT_WEEKEND)
        return Hours(factory.night_start_minute, factory.night_end_minute, weekend)

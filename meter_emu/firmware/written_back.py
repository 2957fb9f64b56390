"""What a meter says of itself on a card, for the office: its state as it understands it."""

from typing import Final

from card_protocol.layout import filled
from meter_emu.domain import Result, WriteBack
from meter_emu.firmware.layouts import EVENT_SIZE_BYTES, EVENTS_IN_WRITE_BACK
from meter_emu.firmware.rules import MeterRules
from meter_emu.firmware.trust import LAST_TRUSTED_YEAR

_FIRST_YEAR: Final = 2000  # of the two digits on a card
_U16_MAX: Final = 0xFFFF


def written_back(meter: MeterRules, result: Result, challenge: bytes) -> WriteBack:
    """Return the write-back for the office: the meter's state as it understands it.

    `challenge` is what the card got in this session.
    """
    state, now, ends, codec = meter.state, meter.now, meter.parts.ends, meter.parts.codec
    legal = meter.parts.zone.to_legal(now.utc_s // 60) if now.utc_s else None
    # The card says the clock as the meter understands it, right or not: that is how an office
    # finds a meter whose date is wrong months before the night in which it matters. A chip that
    # begins anew in 2000 is in 1999 by UTC, where its registers count legal time.
    written = legal is not None and _FIRST_YEAR <= legal.year <= LAST_TRUSTED_YEAR
    favours, units = meter.parts.favours, meter.register_units
    shelter = favours.shelter_left(state, meter.factory, units)
    return filled(
        WriteBack,
        state,
        result=result,
        meter_id=meter.factory.meter_id,
        challenge=challenge,
        clock=codec.write(legal if written else None),
        clock_health=now.health,
        uncertainty_s=min(now.uncertainty_s, _U16_MAX),
        register_units=meter.register_units,
        blocks=meter.standing().blocks,
        shields=meter.shields(),
        defer_until=codec.write(ends.understood(state.defer_end)),
        cut_at=codec.write(ends.understood(state.cut_end)),
        shelter_left_min=shelter.minutes,
        shelter_left_wh=shelter.wh,
        night_left_wh=favours.night_left_wh(state, units),
        events=state.events[: EVENT_SIZE_BYTES * EVENTS_IN_WRITE_BACK],
    )

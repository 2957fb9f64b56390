"""What a meter says of itself on a card, for the office: its state as it understands it."""

from typing import Final

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
    return WriteBack(
        result=result,
        meter_id=meter.factory.meter_id,
        session_count=state.session_count,
        challenge=challenge,
        clock=codec.write(legal if written else None),
        clock_health=now.health,
        uncertainty_s=min(now.uncertainty_s, _U16_MAX),
        register_units=meter.register_units,
        charged_wh=state.charged_wh,
        deferred_wh=state.deferred_wh,
        postpaid_wh=state.postpaid_wh,
        balance_ueur=state.balance_ueur,
        charged_ueur=state.charged_ueur,
        emergency_debt_ueur=state.emergency_debt_ueur,
        accepted_cents=state.accepted_cents,
        accepted_count=state.accepted_count,
        order_number=state.order_number,
        order_mac=state.order_mac,
        order_result=state.order_result,
        supply=state.supply,
        blocks=meter.standing().blocks,
        shields=meter.shields(),
        defer_until=codec.write(ends.understood(state.defer_end)),
        cut_at=codec.write(ends.understood(state.cut_end)),
        tariff_number=state.tariff_number,
        night_wh=state.night_wh,
        charged_night_wh=state.charged_night_wh,
        shelter_left_min=shelter.minutes,
        shelter_left_wh=shelter.wh,
        night_left_wh=favours.night_left_wh(state, units),
        events=state.events[: EVENT_SIZE_BYTES * EVENTS_IN_WRITE_BACK],
    )

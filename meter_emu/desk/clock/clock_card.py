"""The technician's tool: a clock card made at the meter, moments before it is put in."""

from typing import Final

from card_protocol.card.image import CardImage
from card_protocol.formats.clock import seal_clock_order
from card_protocol.formats.clock.making import personalise_clock_card
from card_protocol.keys import Key, Purpose, derive
from meter_emu.desk.desk import PIN_NOT_USED
from meter_emu.domain import SET_ERROR_S_MAX
from meter_emu.errors import DeskError

SET_TO_S_COUNT: Final = 36_525 * 86_400  # the seconds of 2000 to 2099: no clock chip goes further


def issue_clock_card(master: Key, meter_id: int, *, set_to_s: int, set_error_s: int) -> CardImage:
    """Return a card that sets the clock of one meter to `set_to_s`, seconds since 2000 UTC.

    `set_error_s`, 1 to 3600, is how far off the tool and the way from tool to meter may be. Raise
    `DeskError` for another, and for a time that is not of 2000 to 2099.
    """
    if not 0 <= set_to_s < SET_TO_S_COUNT:
        raise DeskError("a clock is set to a time of the years 2000 to 2099, UTC")
    if not 1 <= set_error_s <= SET_ERROR_S_MAX:
        raise DeskError(f"a clock card is good to 1 to {SET_ERROR_S_MAX} s, got {set_error_s}")
    key = derive(master, Purpose.DESK_RECORD, meter_id)
    record = seal_clock_order(key, meter_id=meter_id, set_to_s=set_to_s, set_error_s=set_error_s)
    return personalise_clock_card(master, meter_id, record, pin=PIN_NOT_USED)

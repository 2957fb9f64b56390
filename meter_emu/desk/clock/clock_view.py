"""A clock card explained to a person: its one record, field by field."""

from collections.abc import Mapping
from typing import Final

from card_protocol.card.sle4442 import MemoryImage
from card_protocol.card.virtual import AnyImage
from card_protocol.errors import LayoutError, MacError
from card_protocol.formats.clock import CLOCK, CLOCK_GENERATION, SFI_CLOCK, open_clock_order
from card_protocol.formats.clock.making import CLOCK_FILE
from card_protocol.keys import Key, Purpose, derive
from meter_emu.desk.card_image import RecordView, Seal, files_in, part_of
from meter_emu.desk.clock.clock_card import SET_TO_S_COUNT
from meter_emu.domain import SET_ERROR_S_MAX
from meter_emu.rows import (
    Meaning,
    MeaningOf,
    Part,
    named,
    rows_of,
    second_2000,
    text,
    unused,
    zero,
)


def explain_clock_card(image: AnyImage, master: Key) -> tuple[RecordView, ...] | None:
    """Return the one record of a clock card explained; `None` for a card without its file."""
    found = [explain_clock_order(raw, master) for raw, _ in _orders_on(image)]
    return tuple(found) or None


def clock_parts(image: AnyImage, master: Key) -> tuple[Part, ...]:
    """Return the parts of an image that belong to a clock card, explained."""
    return tuple(part_of(explain_clock_order(raw, master), at) for raw, at in _orders_on(image))


def _orders_on(image: AnyImage) -> list[tuple[bytes, int]]:
    """Return the clock order on a card and its offset in the image; none on another card."""
    if isinstance(image, MemoryImage):
        return []
    return [(raw, at) for spec, raw, at in files_in(image) if spec == CLOCK_FILE]


def explain_clock_order(raw: bytes, master: Key) -> RecordView:
    """Return the record of a clock card explained; it names its own meter."""
    seal, wrong = Seal.OK, ""
    try:
        meter_id = CLOCK.parse(raw).meter_id
        open_clock_order(raw, derive(master, Purpose.DESK_RECORD, meter_id))
    except MacError as error:
        seal, wrong = Seal.WRONG, str(error)
    except LayoutError as error:
        seal, wrong = Seal.UNCHECKED, str(error)
    rows = rows_of(CLOCK, raw, _CLOCK_TELLS)
    return RecordView(
        CLOCK.name, f"file {SFI_CLOCK}", len(raw), seal, rows, (wrong,) if wrong else ()
    )


def _set_to(value: int) -> Meaning:
    known = value < SET_TO_S_COUNT
    return Meaning(second_2000(value).note, "" if known else "expected a time of 2000 to 2099")


def _set_error(value: int) -> Meaning:
    known = 1 <= value <= SET_ERROR_S_MAX
    return Meaning(
        "how far off tool and way are", "" if known else f"expected 1 to {SET_ERROR_S_MAX}"
    )


# A clock order has a generation of its own, and a time in place of the records' minutes.
_CLOCK_TELLS: Final[Mapping[str, MeaningOf]] = {
    "magic": text,
    "generation": named({CLOCK_GENERATION: "the only one"}),
    "pad": zero,
    "set_to_s": _set_to,
    "set_error_s": _set_error,
    "reserved": unused,
}

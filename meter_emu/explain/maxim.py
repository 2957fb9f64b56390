"""What is to be known of Maxim's clock chips alike: their hours, and the names of their days."""

from typing import Final

from meter_emu.explain.clocks import Counter, counter_meaning, within
from meter_emu.hardware.rtc import maxim
from meter_emu.rows import Meaning

# Which day is 1 is the user's choice; ours is Monday.
WEEKDAYS: Final = (
    "-", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)  # fmt: skip
_HOURS_12: Final = Counter(1, 12, "hour")
_HOURS_24: Final = Counter(0, 23, "hour")


def hours_meaning(byte: int) -> Meaning:
    """Explain the hours, whose bit 5 is PM or a tens digit as the bit next to it says."""
    if not byte & maxim.TWELVE_HOUR:
        return counter_meaning(_HOURS_24, byte & 0x3F)
    meaning = counter_meaning(_HOURS_12, byte & 0x1F)
    return Meaning(f"{meaning.note} {'PM' if byte & maxim.PM else 'AM'}", meaning.wrong)


def hour_of(byte: int) -> int | None:
    """Return 0 to 23 from the hours register in its mode, `None` when it holds no hour."""
    if not byte & maxim.TWELVE_HOUR:
        return within(_HOURS_24, byte & 0x3F)
    hour = within(_HOURS_12, byte & 0x1F)
    return None if hour is None else hour % 12 + (12 if byte & maxim.PM else 0)

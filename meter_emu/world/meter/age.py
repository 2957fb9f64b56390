"""The age of a meter and its cards: what they have counted when their story begins."""

from dataclasses import dataclass, fields, replace
from typing import Final, final

from meter_emu.world.meter.events import WrittenBack

_U32_MAX: Final = 0xFFFFFFFF


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Age:
    """What was counted before the story, each 32 bits wide; a new meter has counted nothing.

    The card holds the numbers of its order, loads and of itself, the meter those that it has heard
    of them. `card_writes` is how often the office has written the first card, which a plain and a
    memory card count, and of `session_count` the office has seen the last. The others are the
    meter's: sessions, saves of its state, its register, and the energy of each account in Wh.
    `token_count` is the last count of a device that takes OpenPAYGO tokens, `credit_wh` the energy
    that an STS meter has left.
    """

    card_number: int = 1
    order_number: int = 0
    load_count: int = 0
    loaded_cents: int = 0
    session_count: int = 0
    save_count: int = 1
    card_writes: int = 1
    register_units: int = 0
    charged_wh: int = 0
    deferred_wh: int = 0
    postpaid_wh: int = 0
    night_wh: int = 0
    charged_night_wh: int = 0
    token_count: int = 1
    credit_wh: int = 0

    @property
    def said(self) -> dict[str, int]:
        """What differs from a new meter, by name."""
        return {
            field.name: value
            for field in fields(self)
            if (value := getattr(self, field.name)) != field.default
        }

    @property
    def on_memory_card(self) -> bool:
        """Whether a memory card has room for its numbers, of 16 bits."""
        counts = (self.card_number, self.order_number, self.load_count, self.card_writes)
        return max(counts) < _MEMORY_ROOM

    def since(self, written: WrittenBack) -> WrittenBack:
        """Return a write-back with the energy of this story alone; sums wrap at 32 bits."""
        if self is NEW:
            return written
        return replace(
            written,
            charged_wh=_since(written.charged_wh, self.charged_wh),
            deferred_wh=(written.deferred_wh - self.deferred_wh) & _U32_MAX,
            postpaid_wh=_since(written.postpaid_wh, self.postpaid_wh),
            night_wh=_since(written.night_wh, self.night_wh),
            charged_night_wh=_since(written.charged_night_wh, self.charged_night_wh),
        )


_MEMORY_ROOM: Final = (1 << 16) - 64  # ours: what a story writes has room as well


def _since(wh: int | None, before_wh: int) -> int | None:
    return None if wh is None else (wh - before_wh) & _U32_MAX


NEW: Final = Age()

"""A byte-level emulator of the chip-card prepayment meter.

Rehearse a campaign on emulated meters before the first card is handed out. `docs/` explains the
source layout; `meter_emu.ports` is the interface between a meter's program and its hardware.
"""

from card_protocol import __version__

__all__ = ["__version__"]

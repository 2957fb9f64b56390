"""A byte-level emulator of the chip-card prepayment meter.

Rehearse a campaign on emulated meters before the first card is handed out. `docs/` explains the
rooms; `meter_emu.ports` is the border between a meter's program and its hardware.
"""

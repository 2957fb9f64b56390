"""The dialogue between a chip card and the device it is plugged into.

Knows nothing of meters: ISO/IEC 7816-3/-4 vocabulary, card formats, the card's own side and the
terminal's side of the dialogue. `meter_emu` builds on it, never the other way round.
"""

__version__ = "0.1.0"

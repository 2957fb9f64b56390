"""Drivers, one file a chip. A driver shares no constant with the chip it drives."""

"""Mistakes in the meter's calendar."""

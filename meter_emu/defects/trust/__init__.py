"""Mistakes in whether the clock is believed."""

"""Mistakes in the driver of the clock chip."""

"""Mistakes in the clock chip itself."""

"""Mistakes in the rule of summer time."""

"""Mistakes in the hours of the week."""

"""Mistakes in what is read from a card and written on it."""

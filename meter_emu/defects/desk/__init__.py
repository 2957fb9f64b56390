"""Mistakes in the office."""
